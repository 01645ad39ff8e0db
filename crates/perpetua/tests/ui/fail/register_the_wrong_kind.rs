//! A workflow is not an activity, and the other way round.

use perpetua::prelude::*;

#[activity]
async fn greet(name: String) -> Result<String, ActivityError> {
    Ok(name)
}

#[workflow]
async fn greeting(_ctx: Ctx, name: String) -> WorkflowResult<String> {
    Ok(name)
}

fn worker(client: &Client) {
    let _ = Worker::builder(client, "hello").workflow(greet);
    let _ = Worker::builder(client, "hello").activity(greeting);
}

fn main() {}
