//! What events about children and other workflows mean.

use perpetua_vocab::{
    ChildWorkflow, ChildWorkflowCanceled, ChildWorkflowCompleted, ChildWorkflowFailed, ChildWorkflowStarted,
    ChildWorkflowTerminated, ChildWorkflowTimedOut, EventId, EventKind, Failure, FailureInfo, Identity, RetryState,
    TimeoutKind,
};

use super::{Planned, nothing_pending, settled};
use crate::ops::{OnStarted, canceled_cause, ended};
use crate::run::operations::{Machine, Operations};
use crate::{Fault, Outcome};

/// What an event means to the child, the signal or the request to stop that it speaks of; to others, nothing.
pub(super) fn resolution(id: EventId, kind: EventKind, operations: &mut Operations) -> Result<Vec<Planned>, Fault> {
    match kind {
        EventKind::ChildWorkflowStarted(started) => child_started(id, *started, operations),
        EventKind::StartChildWorkflowFailed(failed) => {
            let field = "StartChildWorkflowExecutionFailed.initiated_event_id";
            let unknown = || nothing_pending(id, field, failed.initiated);
            let (ticket, machine) = operations.conclude(failed.initiated).ok_or_else(unknown)?;
            let Machine::Child(child) = machine else { return Err(unknown()) };
            let Some((start, outcome)) = child.on_start_failed(failed.initiated, failed.cause) else {
                operations.release(ticket);
                return Ok(Vec::new());
            };
            operations.take_machine(start);
            Ok(vec![Planned::Settle(start, outcome.clone()), Planned::Settle(ticket, outcome)])
        }
        EventKind::ChildWorkflowCompleted(completed) => {
            let ChildWorkflowCompleted { child, result, rest: _ } = *completed;
            let field = "ChildWorkflowExecutionCompleted.initiated_event_id";
            child_ended(id, field, child.initiated, Outcome::Child(Ok(result)), operations)
        }
        EventKind::ChildWorkflowFailed(failed) => {
            let ChildWorkflowFailed { child, failure, retry_state, rest: _ } = *failed;
            let end = End { message: "child workflow failed", retry_state, cause: failure };
            end.of(id, "ChildWorkflowExecutionFailed.initiated_event_id", child, operations)
        }
        EventKind::ChildWorkflowCanceled(canceled) => {
            let ChildWorkflowCanceled { child, details, rest: _ } = *canceled;
            let cause = Some(canceled_cause(details, Identity::default()));
            let end = End { message: "child workflow canceled", retry_state: RetryState::CancelRequested, cause };
            end.of(id, "ChildWorkflowExecutionCanceled.initiated_event_id", child, operations)
        }
        EventKind::ChildWorkflowTimedOut(timed_out) => {
            let ChildWorkflowTimedOut { child, retry_state, rest: _ } = *timed_out;
            let info = FailureInfo::Timeout { kind: TimeoutKind::StartToClose, last_heartbeat: None };
            let end = End { message: "child workflow timed out", retry_state, cause: because("timed out", info) };
            end.of(id, "ChildWorkflowExecutionTimedOut.initiated_event_id", child, operations)
        }
        EventKind::ChildWorkflowTerminated(terminated) => {
            let ChildWorkflowTerminated { child, rest: _ } = *terminated;
            let cause = because("terminated", FailureInfo::Terminated { identity: Identity::default() });
            let retry_state = RetryState::NonRetryableFailure;
            let end = End { message: "child workflow terminated", retry_state, cause };
            end.of(id, "ChildWorkflowExecutionTerminated.initiated_event_id", child, operations)
        }
        EventKind::ExternalWorkflowSignaled(signaled) => {
            let field = "ExternalWorkflowExecutionSignaled.initiated_event_id";
            signal_ended(id, field, signaled.initiated, Outcome::Delivered, operations)
        }
        EventKind::SignalExternalWorkflowFailed(failed) => {
            let field = "SignalExternalWorkflowExecutionFailed.initiated_event_id";
            signal_ended(id, field, failed.initiated, Outcome::SignalFailed(failed.cause), operations)
        }
        EventKind::ExternalWorkflowCancelRequested(requested) => {
            let field = "ExternalWorkflowExecutionCancelRequested.initiated_event_id";
            cancel_ended(id, field, requested.initiated, Outcome::Delivered, operations)
        }
        EventKind::RequestCancelExternalWorkflowFailed(failed) => {
            let field = "RequestCancelExternalWorkflowExecutionFailed.initiated_event_id";
            cancel_ended(id, field, failed.initiated, Outcome::CancelFailed(failed.cause), operations)
        }
        _ => Ok(Vec::new()),
    }
}

fn child_started(
    id: EventId,
    started: ChildWorkflowStarted,
    operations: &mut Operations,
) -> Result<Vec<Planned>, Fault> {
    let field = "ChildWorkflowExecutionStarted.initiated_event_id";
    let ChildWorkflowStarted { namespace: _, execution, workflow_type: _, initiated, rest: _ } = started;
    let (ticket, child) = operations.take_child(initiated).ok_or_else(|| nothing_pending(id, field, initiated))?;
    let OnStarted { machine, started, ask } = child.on_started(initiated, execution.run_id.clone());
    operations.put_child(ticket, Box::new(machine));
    let mut planned = Vec::new();
    if let Some(start) = started {
        operations.take_machine(start);
        planned.push(Planned::Settle(start, Outcome::ChildStarted(execution.run_id)));
    }
    planned.extend(ask.map(|request| Planned::AskToStop(initiated, request)));
    Ok(planned)
}

/// How a child ended without a value.
struct End {
    message: &'static str,
    retry_state: RetryState,
    cause: Option<Failure>,
}

impl End {
    fn of(
        self,
        id: EventId,
        field: &'static str,
        child: ChildWorkflow,
        operations: &mut Operations,
    ) -> Result<Vec<Planned>, Fault> {
        let initiated = child.initiated;
        child_ended(id, field, initiated, ended(self.message, child, self.retry_state, self.cause), operations)
    }
}

fn because(message: &str, info: FailureInfo) -> Option<Failure> {
    Some(Failure { message: message.to_owned(), info, ..Failure::default() })
}

fn child_ended(
    id: EventId,
    field: &'static str,
    initiated: EventId,
    outcome: Outcome,
    operations: &mut Operations,
) -> Result<Vec<Planned>, Fault> {
    match operations.conclude(initiated) {
        Some((ticket, Machine::Child(child))) => Ok(settled(operations, ticket, child.on_closed(outcome))),
        _ => Err(nothing_pending(id, field, initiated)),
    }
}

fn signal_ended(
    id: EventId,
    field: &'static str,
    initiated: EventId,
    outcome: Outcome,
    operations: &mut Operations,
) -> Result<Vec<Planned>, Fault> {
    match operations.conclude(initiated) {
        Some((ticket, Machine::SignalExternal(_))) => Ok(vec![Planned::Settle(ticket, outcome)]),
        _ => Err(nothing_pending(id, field, initiated)),
    }
}

fn cancel_ended(
    id: EventId,
    field: &'static str,
    initiated: EventId,
    outcome: Outcome,
    operations: &mut Operations,
) -> Result<Vec<Planned>, Fault> {
    let Some((ticket, Machine::CancelExternal(cancel))) = operations.conclude(initiated) else {
        return Err(nothing_pending(id, field, initiated));
    };
    let Some(child) = cancel.known().child else { return Ok(vec![Planned::Settle(ticket, outcome)]) };
    operations.release(ticket);
    // A child that could not be asked is at its end, which history will say, or has said.
    if outcome != Outcome::Delivered {
        return Ok(Vec::new());
    }
    let Some((ticket, child)) = operations.take_child(child) else { return Ok(Vec::new()) };
    let (child, outcome) = child.on_cancel_requested();
    operations.put_child(ticket, Box::new(child));
    // If nobody wants it, its place may be free before the outcome's turn comes.
    let outcome = outcome.filter(|_| operations.is_wanted(ticket));
    Ok(outcome.map(|outcome| Planned::Settle(ticket, outcome)).into_iter().collect())
}
