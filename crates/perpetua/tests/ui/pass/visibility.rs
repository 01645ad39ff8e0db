//! Stubs and handles are as visible as what they stand for.

#![deny(warnings)]

use perpetua::prelude::*;

mod inner {
    use perpetua::prelude::*;

    #[activity]
    pub(crate) async fn greet(name: String) -> Result<String, ActivityError> {
        Ok(name)
    }

    #[activity]
    pub(super) async fn wave() -> Result<(), ActivityError> {
        Ok(())
    }

    #[derive(Default)]
    pub(crate) struct Approval;

    #[derive(serde::Serialize, serde::Deserialize)]
    struct Private;

    #[workflow]
    impl Approval {
        #[run]
        pub(crate) async fn run(&self, _ctx: Ctx) -> WorkflowResult<()> {
            Ok(())
        }

        #[signal]
        pub(in crate::inner) fn approve(&self, _by: String) {}

        #[query]
        fn private(&self) -> Private {
            Private
        }
    }

    struct PrivateBank;

    #[derive(Debug, thiserror::Error, ApplicationError)]
    #[error("closed")]
    struct PrivateError;

    #[activities]
    impl PrivateBank {
        #[activity]
        pub async fn withdraw(&self, cents: u64) -> Result<u64, PrivateError> {
            if cents == 0 { Err(PrivateError) } else { Ok(cents) }
        }
    }

    pub(crate) fn worker(client: &Client) -> perpetua::WorkerBuilder {
        let handle = client.handle::<Approval>("a");
        let _ = || (Approval::private(), Approval::approve("Ann".to_owned()), PrivateBank::withdraw(1));
        let _ = handle;
        Worker::builder(client, "q").activities(PrivateBank).workflow(Approval::run)
    }
}

pub struct Bank;

#[activities]
impl Bank {
    #[activity]
    pub async fn withdraw(&self, cents: u64) -> Result<u64, ActivityError> {
        Ok(cents)
    }
}

fn main() {
    let _ = |client: &Client| inner::worker(client).activity(inner::greet).activity(inner::wave).activities(Bank);
}
