//! The smallest programs.

#![deny(warnings)]

use perpetua::prelude::*;

#[activity]
async fn greet(name: String) -> Result<String, ActivityError> {
    Ok(format!("Hello, {name}!"))
}

#[activity(blocking)]
fn wave() -> Result<(), ActivityError> {
    Ok(())
}

#[workflow]
async fn greeting(ctx: Ctx, name: String) -> WorkflowResult<String> {
    ctx.activity(wave()).start_to_close(seconds(10)).await?;
    Ok(ctx.activity(greet(name)).start_to_close(seconds(10)).await?)
}

fn worker(client: &Client) -> perpetua::WorkerBuilder {
    Worker::builder(client, "hello").workflow(greeting).activity(greet).activity(wave)
}

fn main() {
    let _ = worker;
    let _ = greet::call("Ann".to_owned());
    assert_eq!(greet("Ann".to_owned()).name(), "greet");
    assert_eq!(greeting("Ann".to_owned()).input(), &("Ann".to_owned(),));
}
