//! A function without an attribute.

use perpetua::prelude::*;

async fn greet(name: String) -> Result<String, ActivityError> {
    Ok(name)
}

fn worker(client: &Client) {
    let _ = Worker::builder(client, "hello").activity(greet);
    let _ = Worker::builder(client, "hello").workflow(greet);
}

fn main() {}
