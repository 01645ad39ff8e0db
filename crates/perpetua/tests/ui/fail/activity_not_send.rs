//! An activity that keeps something on its thread while it waits.

use perpetua::prelude::*;
use std::rc::Rc;

#[activity]
async fn greet(name: String) -> Result<String, ActivityError> {
    let name = Rc::new(name);
    std::future::ready(()).await;
    Ok(name.to_string())
}

fn main() {}
