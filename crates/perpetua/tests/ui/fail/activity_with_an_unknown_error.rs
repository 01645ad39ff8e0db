//! An error type that cannot travel.

use perpetua::prelude::*;

#[derive(Debug)]
struct BankError;

#[activity]
async fn greet(name: String) -> Result<String, BankError> {
    Ok(name)
}

fn main() {}
