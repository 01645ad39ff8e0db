//! A workflow's error is wrapped, so that `?` works on its operations.

use perpetua::prelude::*;
use std::fmt;

#[workflow]
async fn nothing(_ctx: Ctx) {}

#[workflow]
async fn greeting(_ctx: Ctx) -> Result<String, fmt::Error> {
    Ok(String::new())
}

#[workflow]
async fn number(_ctx: Ctx) -> u8 {
    1
}

fn main() {}
