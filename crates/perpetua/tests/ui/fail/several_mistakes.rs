//! All mistakes are reported at once.

use perpetua::prelude::*;

#[workflow(name = 1, colour = "red")]
impl Approval {
    #[run(fast)]
    fn run(&mut self, ctx: Ctx, order: &str) {}

    #[signal]
    #[update]
    async fn approve() {}

    #[query]
    async fn approved<T>(&self) -> impl Sized {
        true
    }
}

struct Approval;

fn main() {}
