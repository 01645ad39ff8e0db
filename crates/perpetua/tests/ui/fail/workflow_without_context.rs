//! Workflows that do not take the context first.

use perpetua::prelude::*;

#[workflow]
async fn nothing() -> WorkflowResult<()> {
    Ok(())
}

#[workflow]
async fn greeting(name: String) -> WorkflowResult<String> {
    Ok(name)
}

#[derive(Default)]
struct Approval;

#[workflow]
impl Approval {
    #[run]
    async fn run(&self) -> WorkflowResult<()> {
        Ok(())
    }
}

fn main() {}
