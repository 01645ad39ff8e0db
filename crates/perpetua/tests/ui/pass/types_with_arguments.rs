//! Types behind paths, and with arguments.

#![deny(warnings)]

use perpetua::prelude::*;

mod bank {
    pub struct Bank<S> {
        pub store: S,
    }

    #[derive(Default)]
    pub struct Approval<T> {
        pub value: T,
    }
}

struct Memory;

#[activities]
impl bank::Bank<Memory> {
    #[activity]
    async fn withdraw(&self, cents: u64) -> Result<u64, ActivityError> {
        let Memory = self.store;
        Ok(cents)
    }
}

#[workflow]
impl bank::Approval<u64> {
    #[run]
    async fn run(&self, _ctx: Ctx) -> WorkflowResult<u64> {
        Ok(self.value)
    }

    #[signal]
    fn approve(&self, _by: String) {}
}

fn main() {
    assert_eq!(bank::Approval::run().name(), "Approval");
    let _ = |client: &Client| {
        Worker::builder(client, "q").workflow(bank::Approval::run).activities(bank::Bank { store: Memory })
    };
}
