//! Definitions inside a function body.

#![deny(warnings)]

use perpetua::prelude::*;

fn main() {
    #[derive(serde::Serialize, serde::Deserialize)]
    struct Local(u8);

    #[derive(Debug, thiserror::Error, ApplicationError)]
    #[error("local")]
    struct LocalError;

    #[activity]
    async fn greet(local: Local) -> Result<Local, LocalError> {
        if local.0 == 0 { Err(LocalError) } else { Ok(local) }
    }

    #[workflow]
    async fn greeting(ctx: Ctx, local: Local) -> WorkflowResult<Local> {
        Ok(ctx.activity(greet(local)).start_to_close(seconds(1)).await?)
    }

    struct Bank;

    #[activities]
    impl Bank {
        #[activity]
        async fn withdraw(&self, local: Local) -> Result<Local, ActivityError> {
            Ok(local)
        }
    }

    #[derive(Default)]
    struct Approval {
        approved: State<bool>,
    }

    #[workflow]
    impl Approval {
        #[run]
        async fn run(&self, ctx: Ctx) -> WorkflowResult<()> {
            ctx.wait_until(|| self.approved.get()).await?;
            Ok(())
        }

        #[signal]
        fn approve(&self, _local: Local) {
            self.approved.set(true);
        }
    }

    #[activities]
    trait Payments {
        #[activity]
        async fn charge(local: Local) -> Result<u64, LocalError>;
    }

    #[workflow]
    trait Order {
        #[run]
        async fn run(local: Local) -> Result<(), LocalError>;

        #[query]
        fn status() -> Local;
    }

    let _ = |client: &Client| {
        let _ = client.start(Order::run(Local(1)));
        let _ = Payments::charge(Local(1));
        Worker::builder(client, "q").workflow(greeting).workflow(Approval::run).activity(greet).activities(Bank)
    };
}
