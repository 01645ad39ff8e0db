//! The example, run as a user runs it.
#![expect(clippy::disallowed_methods, reason = "a test may start a process")]

use std::process::Command;

#[test]
fn it_prints_the_greeting_that_came_through_the_server() {
    let output = Command::new(env!("CARGO_BIN_EXE_hello")).output().expect("the example starts");
    let printed = String::from_utf8_lossy(&output.stdout);
    let complaints = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{complaints}");
    assert_eq!(printed, "Hello, World!\n", "{complaints}");
}
