//! The tasks of this workspace: codegen, tidy, test, ci.
fn main() {}
