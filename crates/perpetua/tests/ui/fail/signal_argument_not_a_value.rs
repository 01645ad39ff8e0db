//! Arguments of messages without serde's derives.

use perpetua::prelude::*;

struct Note;

#[derive(Default)]
struct Approval;

#[workflow]
impl Approval {
    #[run]
    async fn run(&self, _ctx: Ctx) -> WorkflowResult<()> {
        Ok(())
    }

    #[signal]
    fn approve(&self, note: Note) {
        let Note = note;
    }
}

fn main() {}
