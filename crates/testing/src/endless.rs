//! Notices what would go on for ever: an activity that never succeeds, a history that only grows.
//!
//! In skipped time both take all the time there is, so they are looked for while the test runs.

use perpetua_client::WorkflowDescription;
use perpetua_contract::NamedWorkflow;

use crate::env::Inner;
use crate::runs::{self, Listed};
use crate::{Check, Finding};

/// How many attempts of an activity are a storm.
const MOST_ATTEMPTS: u32 = 1_000;
/// How many events of an open run are too many. A server suggests to continue as new at 4,096, and ends a run at 51,200.
const MOST_EVENTS: u64 = 10_000;

/// Looks at all open runs, and ends those that would go on for ever.
pub(crate) async fn survey(world: &Inner) {
    let (storms, histories) = (world.checks(Check::RetryStorms), world.checks(Check::EndlessHistories));
    if !storms && !histories {
        return;
    }
    // A server that cannot be asked fails the test in other ways.
    let Ok(open) = runs::list(world, true).await else { return };
    for run in open {
        let handle = world.observer.handle::<NamedWorkflow>(&run.execution.workflow_id).at_run(&run.execution.run_id);
        let Ok(description) = handle.describe().await else { continue };
        if let Some(problem) = storm(&description).filter(|_| storms) {
            end(world, &run, Check::RetryStorms, problem).await;
        } else if let Some(problem) = endless(&description).filter(|_| histories) {
            end(world, &run, Check::EndlessHistories, problem).await;
        }
    }
}

fn storm(description: &WorkflowDescription) -> Option<String> {
    let activity = description.pending_activities.iter().find(|activity| activity.attempt > MOST_ATTEMPTS)?;
    let last = activity.last_failure.as_ref().map(|failure| format!("; the last failed with: {failure}"));
    Some(format!(
        "activity `{}` is at its attempt {}{}. By default an activity is tried for ever: limit it with `.retry(..)` and \
         a policy of so many attempts, or with `.schedule_to_close(..)`; an error that no retry mends is \
         `#[application(non_retryable)]`",
        activity.activity_type,
        activity.attempt,
        last.unwrap_or_default(),
    ))
}

fn endless(description: &WorkflowDescription) -> Option<String> {
    let events = description.history_length;
    (events > MOST_EVENTS).then(|| {
        format!(
            "the history has {events} events and grows. A server ends a run whose history is too long, and each replay \
             reads all of it: begin a new run with `ctx.continue_as_new(..)` when `ctx.info()` suggests it"
        )
    })
}

async fn end(world: &Inner, run: &Listed, check: Check, problem: String) {
    runs::terminate(world, &run.execution, &format!("{}: {problem}", check.name())).await;
    world.add(Finding::new(check, problem).of(&run.workflow_type, &run.execution));
}
