//! The context, the arguments and the result may be called anything.

#![deny(warnings)]

use perpetua::prelude::*;
use perpetua::{ActivityContext as Attempt, Ctx as Context};

type Flow = Context;
type Answer<T> = WorkflowResult<T>;
type Done = Result<String, ActivityError>;
type Nothing = ();
type Maybe = Result<u64, AnyError>;

#[activity]
async fn greet(ctx: Attempt, name: String) -> Done {
    ctx.heartbeat(());
    Ok(name)
}

#[workflow]
async fn greeting(workflow: Flow, name: String) -> Answer<String> {
    Ok(workflow.activity(greet(name)).start_to_close(seconds(10)).await?)
}

#[derive(Default)]
struct Approval {
    total: State<u64>,
}

#[workflow]
impl Approval {
    #[run]
    async fn run(&self, context: Flow) -> Answer<u64> {
        context.wait_until(|| self.total.get() > 3).await?;
        Ok(self.total.get())
    }

    #[signal]
    fn add(&self, amount: u64) -> Nothing {
        self.total.set(self.total.get() + amount);
    }

    #[signal]
    async fn add_later(&self, c: Context, amount: u64) -> Answer<()> {
        c.sleep(seconds(amount)).await?;
        self.add(amount);
        Ok(())
    }

    #[update]
    fn take(&self, amount: u64) -> Maybe {
        Ok(amount)
    }

    #[query(fallible)]
    fn total(&self) -> Maybe {
        Ok(self.total.get())
    }
}

fn main() {
    let _ = |client: &Client| Worker::builder(client, "q").workflow(greeting).workflow(Approval::run).activity(greet);
}
