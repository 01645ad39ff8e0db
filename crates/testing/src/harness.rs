//! What `#[perpetua::test]` makes of a test.

use std::any::Any;
use std::fmt;
use std::future::Future;
use std::panic::{AssertUnwindSafe, resume_unwind};

use futures_util::FutureExt;
use tokio::runtime::{Builder, Runtime};
use tokio::time::timeout;

use crate::{Findings, TestEnv, TestEnvBuilder};

/// What a test returns.
#[diagnostic::on_unimplemented(
    message = "a test returns nothing, or a `Result<(), E>` whose error can be shown, not `{Self}`",
    label = "not the outcome of a test"
)]
pub trait Outcome {
    /// What went wrong, in words.
    fn problem(self) -> Option<String>;
}

impl Outcome for () {
    fn problem(self) -> Option<String> {
        None
    }
}

impl<E: fmt::Debug> Outcome for Result<(), E> {
    fn problem(self) -> Option<String> {
        self.err().map(|error| format!("{error:?}"))
    }
}

/// How a test's body ended.
enum Ended {
    Well,
    Failed(String),
    Panicked(Box<dyn Any + Send>),
}

/// Runs a test in a world of its own, and finishes the world.
///
/// # Panics
/// When the test fails, when it takes too long, and when something is found in its world.
#[track_caller]
pub fn run<F, Fut>(builder: TestEnvBuilder, body: F)
where
    F: FnOnce(TestEnv) -> Fut,
    Fut: Future<Output: Outcome>,
{
    let runtime = runtime();
    let (ended, found) = runtime.block_on(play(builder, body));
    // Activities that a test leaves behind are of no interest to anybody.
    runtime.shutdown_background();
    match (ended, found) {
        (Ended::Well, Ok(())) => {}
        (Ended::Well, Err(findings)) => panic!("{findings}"),
        (Ended::Failed(problem), Ok(())) => panic!("{problem}"),
        (Ended::Failed(problem), Err(findings)) => panic!("{findings}\n\nand the test itself failed: {problem}"),
        (Ended::Panicked(panic), found) => {
            if let Err(findings) = found {
                eprintln!("{findings}");
            }
            resume_unwind(panic)
        }
    }
}

fn runtime() -> Runtime {
    match Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => panic!("there is no runtime for the test: {error}"),
    }
}

async fn play<F, Fut>(builder: TestEnvBuilder, body: F) -> (Ended, Result<(), Findings>)
where
    F: FnOnce(TestEnv) -> Fut,
    Fut: Future<Output: Outcome>,
{
    let env = match builder.start().await {
        Ok(env) => env,
        Err(error) => return (Ended::Failed(format!("there is no world for the test: {error}")), Ok(())),
    };
    let limit = env.inner.time_limit;
    let body = AssertUnwindSafe(async { body(env.clone()).await.problem() });
    let ended = match timeout(limit, body.catch_unwind()).await {
        Ok(Ok(None)) => Ended::Well,
        Ok(Ok(Some(problem))) => Ended::Failed(problem),
        Ok(Err(panic)) => Ended::Panicked(panic),
        Err(_) => {
            Ended::Failed(env.stuck(&format!("the test took longer than its limit of {limit:?}")).await.to_string())
        }
    };
    if let (Ended::Failed(_) | Ended::Panicked(_), Some(keeper)) = (&ended, env.inner.keeper.get()) {
        keeper.give_up();
    }
    (ended, env.finish().await)
}
