//! `?` does not turn one application error into another.

use perpetua::prelude::*;

#[derive(Debug, thiserror::Error, ApplicationError)]
#[error("declined")]
struct Declined;

#[derive(Debug, thiserror::Error, ApplicationError)]
#[error("unknown")]
struct Unknown;

fn look_up() -> Result<(), Unknown> {
    Err(Unknown)
}

#[workflow]
async fn greeting(_ctx: Ctx) -> WorkflowResult<(), Declined> {
    look_up()?;
    Ok(())
}

fn main() {}
