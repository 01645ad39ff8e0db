//! An argument and a result without serde's derives.

use perpetua::prelude::*;

struct Order;

#[workflow]
async fn process(_ctx: Ctx, order: Order) -> WorkflowResult<Order> {
    Ok(order)
}

fn main() {}
