//! What the compiler says: every mistake that we can think of is a file in `ui/fail`, named for the mistake, with what the
//! user reads beside it; every odd but valid form is in `ui/pass`.
//!
//! `TRYBUILD=overwrite cargo test -p perpetua --test ui` writes the messages again; read the difference.

#[test]
fn ui() {
    let cases = trybuild::TestCases::new();
    cases.compile_fail("tests/ui/fail/*.rs");
    cases.pass("tests/ui/pass/*.rs");
}
