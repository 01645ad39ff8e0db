//! What takes every name has none, and there is one of it.

use perpetua::RawArguments;
use perpetua::prelude::*;

#[derive(Default)]
struct Desk;

#[workflow(name = "Table", dynamic)]
impl Desk {
    #[run]
    async fn run(&self, _ctx: Ctx, _arguments: RawArguments) -> WorkflowResult<()> {
        Ok(())
    }

    #[signal(dynamic, name = "other")]
    fn other(&self, _name: String, _arguments: RawArguments) {}

    #[query(dynamic)]
    fn look(&self, name: String, _arguments: RawArguments) -> String {
        name
    }

    #[query(dynamic)]
    fn look_again(&self, name: String, _arguments: RawArguments) -> String {
        name
    }
}

struct Bank;

#[activities]
impl Bank {
    #[activity(dynamic)]
    async fn any(&self, _arguments: RawArguments) -> Result<(), ActivityError> {
        Ok(())
    }

    #[activity(dynamic)]
    async fn all(&self, _arguments: RawArguments) -> Result<(), ActivityError> {
        Ok(())
    }
}

#[workflow(dynamic)]
trait Anything {
    #[run]
    async fn run(arguments: String) -> Result<(), AnyError>;
}

#[activities]
trait Things {
    #[activity(dynamic)]
    async fn any(arguments: RawArguments) -> Result<(), ActivityError>;
}

fn main() {}
