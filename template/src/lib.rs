//! Greets people, after a polite pause.

use perpetua::prelude::*;
use serde::{Deserialize, Serialize};

/// The queue that the worker polls and the starter uses.
pub const TASK_QUEUE: &str = "{{project-name}}";

/// Who is greeted, and how.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Guest {
    pub name: String,
    pub pause_seconds: u64,
}

/// Why somebody is not greeted. Callers can match on it, on the other side of the network.
#[derive(Debug, thiserror::Error, ApplicationError, PartialEq)]
pub enum GreetError {
    #[error("a guest needs a name")]
    #[application(non_retryable)]
    Nameless,
}

/// Makes the greeting. An activity may do anything: call services, read files, fail and be tried again.
#[activity]
pub async fn compose(name: String) -> Result<String, GreetError> {
    if name.trim().is_empty() {
        return Err(GreetError::Nameless);
    }
    Ok(format!("Hello, {name}!"))
}

/// Greets a guest. A workflow only decides; what it decided survives the process it ran in.
#[derive(Default)]
pub struct Greeting {
    hurry: State<bool>,
}

#[workflow]
impl Greeting {
    #[run]
    pub async fn run(&self, ctx: Ctx, guest: Guest) -> WorkflowResult<String, GreetError> {
        select! {
            hurried = ctx.wait_until(|| self.hurry.get()) => hurried?,
            paused = ctx.sleep(seconds(guest.pause_seconds)) => paused?,
        }
        Ok(ctx.activity(compose(guest.name)).start_to_close(seconds(10)).await?)
    }

    /// Skips the pause.
    #[signal]
    pub fn hurry(&self) {
        self.hurry.set(true);
    }

    /// Whether somebody is in a hurry.
    #[query]
    pub fn is_hurried(&self) -> bool {
        self.hurry.get()
    }
}
