//! A message is not a workflow.

use perpetua::prelude::*;

#[derive(Default)]
struct Approval;

#[workflow]
impl Approval {
    #[run]
    async fn run(&self, _ctx: Ctx) -> WorkflowResult<()> {
        Ok(())
    }

    #[signal]
    fn approve(&self, by: String) {
        let _ = by;
    }
}

fn worker(client: &Client) {
    let _ = Worker::builder(client, "approvals").workflow(Approval::approve);
}

fn main() {}
