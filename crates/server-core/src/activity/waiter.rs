//! Calls that wait for news of an activity that a client has started.

use perpetua_proto::workflowservice::{
    DescribeActivityExecutionRequest, DescribeActivityExecutionResponse, PollActivityExecutionResponse,
};

use super::Activity;
use crate::refusal::Refusal;
use crate::token::{self, ChangeToken};
use crate::world::{CallId, Reply};

/// A call that waits for news.
#[derive(Clone, Debug)]
pub(crate) struct ActivityWaiter {
    pub(crate) call: CallId,
    /// The run id of the activity.
    pub(crate) key: String,
    /// Its id.
    pub(crate) id: String,
    pub(crate) wanted: Wanted,
}

/// What it waits for.
#[derive(Clone, Debug)]
pub(crate) enum Wanted {
    /// The end.
    Outcome,
    /// Anything, after so many changes.
    Change { after: i64, request: Box<DescribeActivityExecutionRequest> },
}

impl ActivityWaiter {
    /// The answer, if there is one now.
    pub(crate) fn news(&self, activity: &Activity) -> Option<Reply> {
        match &self.wanted {
            Wanted::Outcome if activity.is_open() => None,
            Wanted::Outcome => Some(Reply::ActivityOutcome(Box::new(PollActivityExecutionResponse {
                run_id: activity.run_id.clone(),
                outcome: activity.outcome.clone(),
            }))),
            Wanted::Change { after, request } => {
                let is_new = activity.transitions > *after;
                is_new.then(|| Reply::Activity(Box::new(description(activity, request))))
            }
        }
    }

    /// The answer that says that nothing has happened.
    pub(crate) fn nothing(&self) -> Reply {
        match self.wanted {
            Wanted::Outcome => Reply::ActivityOutcome(Box::default()),
            Wanted::Change { .. } => Reply::Activity(Box::default()),
        }
    }

    /// The answer when the activity is no more.
    pub(crate) fn gone(&self) -> Refusal {
        missing(&self.id)
    }
}

/// There is no activity of this id.
pub(crate) fn missing(id: &str) -> Refusal {
    Refusal::not_found(format!("activity not found for ID: {id}"))
}

/// What is known of an activity, as far as was asked.
fn description(activity: &Activity, request: &DescribeActivityExecutionRequest) -> DescribeActivityExecutionResponse {
    let seen = ChangeToken { run_id: activity.run_id.clone(), transitions: activity.transitions };
    DescribeActivityExecutionResponse {
        run_id: activity.run_id.clone(),
        info: Some(activity.info(request.include_heartbeat_details, request.include_last_failure)),
        input: activity.input.clone().filter(|_| request.include_input),
        outcome: activity.outcome.clone().filter(|_| request.include_outcome),
        long_poll_token: token::write(&seen),
        callbacks: activity.callback_infos(),
    }
}
