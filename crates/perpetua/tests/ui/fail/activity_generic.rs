//! Generic activities.

use perpetua::prelude::*;

#[activity]
async fn echo<T: Clone, const N: usize>(value: [T; N]) -> Result<[T; N], ActivityError> {
    Ok(value)
}

#[activity]
async fn greet<'a>(name: &'a str) -> Result<String, ActivityError> {
    Ok(name.to_owned())
}

fn main() {}
