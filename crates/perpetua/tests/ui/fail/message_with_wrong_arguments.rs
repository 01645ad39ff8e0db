//! Stubs of messages, and methods of handles, take what the handlers take.

use perpetua::prelude::*;

#[derive(Default)]
struct Approval;

#[workflow]
impl Approval {
    #[run]
    async fn run(&self, _ctx: Ctx, _order: String) -> WorkflowResult<u64> {
        Ok(1)
    }

    #[signal]
    fn approve(&self, _by: String, _times: u8) {}

    #[query]
    fn approver(&self) -> Option<String> {
        None
    }
}

#[derive(Default)]
struct Other;

#[workflow]
impl Other {
    #[run]
    async fn run(&self, _ctx: Ctx) -> WorkflowResult<()> {
        Ok(())
    }

    #[signal]
    fn approve(&self) {}
}

async fn client(client: &Client) -> Result<(), Box<dyn std::error::Error>> {
    let handle = client.start(Approval::run(7)).with_signal(Other::approve()).await?;
    handle.approve("Ann".to_owned()).await?;
    let approver: String = handle.approver().await?;
    let result: String = handle.result().await?;
    handle.reject().await?;
    drop((approver, result));
    Ok(())
}

fn main() {}
