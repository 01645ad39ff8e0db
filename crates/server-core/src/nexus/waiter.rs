//! Calls that wait for news of an operation that a client has started.

use perpetua_proto::enums::NexusOperationWaitStage as Stage;
use perpetua_proto::workflowservice::{
    DescribeNexusOperationExecutionRequest, DescribeNexusOperationExecutionResponse,
    PollNexusOperationExecutionResponse, describe_nexus_operation_execution_response as described,
    poll_nexus_operation_execution_response as polled,
};

use super::Standalone;
use crate::refusal::Refusal;
use crate::time::Time;
use crate::token::{self, ChangeToken};
use crate::world::{CallId, Reply};

/// A call that waits for news.
#[derive(Clone, Debug)]
pub(crate) struct OperationWaiter {
    pub(crate) call: CallId,
    pub(crate) key: String,
    pub(crate) wanted: Wanted,
}

/// What it waits for.
#[derive(Clone, Debug)]
pub(crate) enum Wanted {
    /// That it runs, or that it is over.
    Stage(Stage),
    /// Anything, after so many changes.
    Change { after: i64, request: Box<DescribeNexusOperationExecutionRequest> },
}

impl OperationWaiter {
    /// The answer, if there is one now.
    pub(crate) fn news(&self, operation: &Standalone, now: Time) -> Option<Reply> {
        match &self.wanted {
            Wanted::Stage(stage) => reached(operation, *stage).map(|it| Reply::PolledOperation(Box::new(it))),
            Wanted::Change { after, request } if operation.transitions > *after => {
                Some(Reply::Operation(Box::new(description(operation, request, now))))
            }
            Wanted::Change { .. } => None,
        }
    }

    /// The answer that says that nothing has happened.
    pub(crate) fn nothing(&self) -> Reply {
        match self.wanted {
            Wanted::Stage(_) => Reply::PolledOperation(Box::default()),
            Wanted::Change { .. } => Reply::Operation(Box::default()),
        }
    }

    /// The answer when the operation is no more.
    pub(crate) fn gone() -> Refusal {
        Refusal::not_found("operation not found")
    }
}

/// How far an operation is, if it is as far as is wanted.
fn reached(operation: &Standalone, wanted: Stage) -> Option<PollNexusOperationExecutionResponse> {
    let response = PollNexusOperationExecutionResponse {
        run_id: operation.run_id.clone(),
        operation_token: operation.state.token.clone(),
        ..PollNexusOperationExecutionResponse::default()
    };
    if !operation.is_open() {
        let failure = operation.failure.clone().map(polled::Outcome::Failure);
        let outcome = failure.or_else(|| operation.result.clone().map(polled::Outcome::Result));
        return Some(PollNexusOperationExecutionResponse { wait_stage: Stage::Closed.into(), outcome, ..response });
    }
    (wanted == Stage::Started && operation.state.is_running())
        .then(|| PollNexusOperationExecutionResponse { wait_stage: Stage::Started.into(), ..response })
}

/// What is known of an operation, as far as was asked.
pub(crate) fn description(
    operation: &Standalone,
    request: &DescribeNexusOperationExecutionRequest,
    now: Time,
) -> DescribeNexusOperationExecutionResponse {
    let failure = operation.failure.clone().map(described::Outcome::Failure);
    let outcome = failure.or_else(|| operation.result.clone().map(described::Outcome::Result));
    let seen = ChangeToken { run_id: operation.run_id.clone(), transitions: operation.transitions };
    DescribeNexusOperationExecutionResponse {
        run_id: operation.run_id.clone(),
        info: Some(operation.info(now)),
        input: operation.asked.input.clone().filter(|_| request.include_input),
        outcome: outcome.filter(|_| request.include_outcome),
        long_poll_token: token::write(&seen),
        completion_callbacks: operation.callback_infos(),
    }
}
