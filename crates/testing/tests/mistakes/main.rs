//! Mistakes that people make in workflows, each as small as it can be, and what finds it: the default mode of a test.
//!
//! `docs/mistakes.md` lists them; a test holds the list against these files.

mod changed;
mod endless;
mod listed;
mod lost;
mod outside;
mod repeated;

use perpetua::prelude::*;
use perpetua::testing::Check;

/// Asserts that the test has found this, and nothing else, and said these words.
#[track_caller]
fn assert_found(env: &TestEnv, check: Check, words: &str) {
    let findings = env.take_findings();
    let found = findings.iter().any(|finding| finding.check == check && finding.message.contains(words));
    assert!(found, "no finding of {check:?} has {words:?}: {findings:#?}");
    assert!(findings.iter().all(|finding| finding.check == check), "something else was found, too: {findings:#?}");
}

/// Ends the world and asserts that the checks have found this, and said these words.
async fn assert_found_at_the_end(env: TestEnv, check: Check, words: &str) {
    let findings = env.finish().await.expect_err("the checks find the mistake");
    let found = findings.all().iter().any(|finding| finding.check == check && finding.message.contains(words));
    assert!(found, "no finding of {check:?} has {words:?}: {findings}");
    assert!(findings.all().iter().all(|finding| finding.check == check), "something else was found, too: {findings}");
}

/// Something to do.
#[activity]
async fn note(text: String) -> Result<String, ActivityError> {
    Ok(text)
}
