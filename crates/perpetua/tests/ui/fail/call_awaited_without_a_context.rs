//! A call outside of a workflow.

use perpetua::prelude::*;

#[activity]
async fn greet(name: String) -> Result<String, ActivityError> {
    Ok(name)
}

#[activity]
async fn greet_twice(name: String) -> Result<String, ActivityError> {
    greet(name).await?;
    Ok(String::new())
}

fn main() {}
