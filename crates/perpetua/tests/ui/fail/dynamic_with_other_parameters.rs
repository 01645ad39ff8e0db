//! What is dynamic takes the name, where it is a message, and the arguments as they are.

use perpetua::prelude::*;
use perpetua::{RawArguments, RawValue};

#[derive(Default)]
struct Desk;

#[workflow]
impl Desk {
    #[run]
    async fn run(&self, _ctx: Ctx) -> WorkflowResult<()> {
        Ok(())
    }

    #[signal(dynamic)]
    fn without_a_name(&self, arguments: RawArguments) {
        drop(arguments);
    }

    #[query(dynamic)]
    fn by_number(&self, name: u32, _arguments: RawArguments) -> u32 {
        name
    }

    #[update(dynamic)]
    fn with_values(&self, _name: String, arguments: Vec<String>) -> Result<usize, AnyError> {
        Ok(arguments.len())
    }
}

#[workflow(dynamic)]
async fn with_two(_ctx: Ctx, _first: RawArguments, _second: String) -> WorkflowResult<()> {
    Ok(())
}

#[activity(dynamic)]
async fn without() -> Result<RawValue, ActivityError> {
    Ok(RawValue::default())
}

fn main() {}
