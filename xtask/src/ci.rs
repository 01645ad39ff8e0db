//! Everything that CI checks, cheapest first; the first failure ends it.

use std::time::Instant;

use crate::{Outcome, cargo, succeed, test, tidy};

type Step = (&'static str, fn() -> Outcome<()>);

/// Tests come last, so that their summary is what one reads first.
const STEPS: [Step; 8] = [
    ("format", format),
    ("tidy", tidy::tidy),
    ("lints", lints),
    ("docs", docs),
    ("scenarios on the embedded server, in memory", || test::embedded("embedded")),
    ("scenarios on the embedded server, on a file", || test::embedded("embedded-file")),
    ("scenarios on the embedded server, in skipped time", || test::embedded("embedded-skipping")),
    ("tests", tests),
];

/// Runs all steps.
pub(crate) fn ci() -> Outcome<()> {
    run(&STEPS)
}

fn run(steps: &[Step]) -> Outcome<()> {
    for (name, step) in steps {
        println!("ci: {name} ...");
        let begun = Instant::now();
        let outcome = step();
        let seconds = begun.elapsed().as_secs_f32();
        match outcome {
            Ok(()) => println!("ci: {name} passed in {seconds:.1} s"),
            Err(error) => return Err(format!("ci: {name} failed after {seconds:.1} s: {error}").into()),
        }
    }
    println!("ci: all {} steps passed", steps.len());
    Ok(())
}

fn format() -> Outcome<()> {
    succeed(&mut cargo(&["fmt", "--all", "--check"]))
}

fn lints() -> Outcome<()> {
    succeed(&mut cargo(&["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"]))
}

fn docs() -> Outcome<()> {
    succeed(cargo(&["doc", "--workspace", "--no-deps"]).env("RUSTDOCFLAGS", "-D warnings"))
}

fn tests() -> Outcome<()> {
    test::test(&[])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_failure_ends_the_run_and_is_named() {
        let steps: [Step; 3] = [
            ("first", || Ok(())),
            ("second", || Err("no luck".into())),
            ("third", || panic!("a step ran after a failure")),
        ];
        let error = run(&steps).expect_err("the second step fails").to_string();
        assert!(error.starts_with("ci: second failed after") && error.ends_with("no luck"), "{error}");
    }
}
