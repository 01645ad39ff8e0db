//! State that depends on the input.

#![deny(warnings)]

use perpetua::prelude::*;

struct Order {
    customer: String,
    left: State<u64>,
}

#[workflow]
impl Order {
    #[init]
    fn new(ctx: &Ctx, customer: &str, count: &u64, _notes: &Vec<String>) -> Self {
        ctx.log();
        Self { customer: customer.to_owned(), left: State::new(*count) }
    }

    #[run]
    async fn run(&self, _ctx: Ctx, _customer: String, _count: u64, _notes: Vec<String>) -> WorkflowResult<String> {
        Ok(format!("{}: {}", self.customer, self.left.get()))
    }
}

struct Tick;

#[workflow]
impl Tick {
    #[init]
    fn begin(_: &Ctx) -> Tick {
        Tick
    }

    #[run]
    async fn run(&self, _ctx: Ctx) -> WorkflowResult<()> {
        Ok(())
    }
}

fn main() {
    let _ = |client: &Client| Worker::builder(client, "q").workflow(Order::run).workflow(Tick::run);
}
