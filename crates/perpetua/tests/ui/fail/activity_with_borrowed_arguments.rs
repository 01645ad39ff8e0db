//! Arguments and results that are borrowed.

use perpetua::prelude::*;
use std::borrow::Cow;

#[activity]
async fn greet(name: &str, titles: &[String], surname: Cow<'_, str>) -> Result<&'static str, ActivityError> {
    let _ = (name, titles, surname);
    Ok("hello")
}

fn main() {}
