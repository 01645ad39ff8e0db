//! `#[workflow]` on a generic type.

use perpetua::prelude::*;

#[derive(Default)]
struct Approval<T>(T);

#[workflow]
impl<T> Approval<T>
where
    T: Default + 'static,
{
    #[run]
    async fn run(&self, _ctx: Ctx) -> WorkflowResult<()> {
        Ok(())
    }

    #[signal]
    fn approve(&self) {}
}

fn main() {}
