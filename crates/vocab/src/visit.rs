//! A visit of every payload that a codec must see.

use crate::{
    ActivityTask, Command, CommandKind, Event, EventKind, Failure, FailureInfo, Fields, LocalActivityMarker,
    MarkerName, Message, MessageBody, Named, Opaque, Outcome, Payload, Payloads, Query, QueryAnswer, UpdateRequest,
    WorkflowTask, wire::VisitInside,
};

/// Something with payloads in it.
///
/// Codecs encrypt, compress or move payloads elsewhere. Where they work asynchronously, visit twice: once to take the
/// payloads out, once to put what became of them back in. The order is the same every time: inputs, results, details,
/// failures (each with its details, its encoded attributes, its last heartbeat, then its cause), memos, and last what
/// people read. Parts that travel opaquely are visited too.
///
/// Not visited, because codecs leave them alone: headers, search attributes (the server indexes them), what callbacks
/// carry from server to server, what SDKs note for themselves in markers, and the nulls that take fields out of a memo (the
/// server must see them).
pub trait VisitPayloads {
    /// Calls `visit` with every payload that a codec must see, in the fixed order.
    fn visit_payloads(&mut self, visit: &mut dyn FnMut(&mut Payload));
}

impl VisitPayloads for Payload {
    fn visit_payloads(&mut self, visit: &mut dyn FnMut(&mut Payload)) {
        visit(self);
    }
}

impl<T: VisitPayloads> VisitPayloads for Option<T> {
    fn visit_payloads(&mut self, visit: &mut dyn FnMut(&mut Payload)) {
        if let Some(inner) = self {
            inner.visit_payloads(visit);
        }
    }
}

impl<T: VisitPayloads> VisitPayloads for Vec<T> {
    fn visit_payloads(&mut self, visit: &mut dyn FnMut(&mut Payload)) {
        for inner in self {
            inner.visit_payloads(visit);
        }
    }
}

impl<T: VisitPayloads + ?Sized> VisitPayloads for Box<T> {
    fn visit_payloads(&mut self, visit: &mut dyn FnMut(&mut Payload)) {
        self.as_mut().visit_payloads(visit);
    }
}

/// Not a trait implementation, because headers and search attributes have the same type and must not be visited.
fn visit_memo(memo: &mut Option<Fields>, visit: &mut dyn FnMut(&mut Payload)) {
    if let Some(memo) = memo {
        memo.values_mut().for_each(visit);
    }
}

/// A change of a memo: what takes a field away is no value.
fn visit_memo_changes(memo: &mut Fields, visit: &mut dyn FnMut(&mut Payload)) {
    memo.values_mut().filter(|payload| !payload.is_null()).for_each(visit);
}

/// What an SDK notes for itself beside the values of users is read by other SDKs before any codec runs.
fn visit_details(marker: &MarkerName, details: &mut Named<Payloads>, visit: &mut dyn FnMut(&mut Payload)) {
    let is_note = |detail: &str| {
        *marker == PATCH_MARKER || (*marker == LocalActivityMarker::NAME && detail == LocalActivityMarker::DATA)
    };
    for (_, payloads) in details.iter_mut().filter(|(detail, _)| !is_note(detail)) {
        payloads.visit_payloads(visit);
    }
}

/// The name of the marker of a patch, all of which is for SDKs.
const PATCH_MARKER: &str = "core_patch";

impl VisitPayloads for Failure {
    fn visit_payloads(&mut self, visit: &mut dyn FnMut(&mut Payload)) {
        let mut next = Some(self);
        while let Some(failure) = next {
            let (details, last_heartbeat) = match &mut failure.info {
                FailureInfo::Application(application) => (application.details.as_mut(), None),
                FailureInfo::Canceled { details, identity: _ } => (details.as_mut(), None),
                FailureInfo::Timeout { kind: _, last_heartbeat } | FailureInfo::ResetWorkflow { last_heartbeat } => {
                    (None, last_heartbeat.as_mut())
                }
                FailureInfo::None
                | FailureInfo::Terminated { .. }
                | FailureInfo::Server { .. }
                | FailureInfo::Activity(_)
                | FailureInfo::ChildWorkflow(_)
                | FailureInfo::NexusOperation(_)
                | FailureInfo::NexusHandler(_) => (None, None),
            };
            if let Some(details) = details {
                details.visit_payloads(visit);
            }
            failure.encoded_attributes.visit_payloads(visit);
            if let Some(last_heartbeat) = last_heartbeat {
                last_heartbeat.visit_payloads(visit);
            }
            next = failure.cause.as_deref_mut();
        }
    }
}

impl VisitPayloads for Outcome {
    fn visit_payloads(&mut self, visit: &mut dyn FnMut(&mut Payload)) {
        match self {
            Self::Success(value) => value.visit_payloads(visit),
            Self::Failure(failure) => failure.visit_payloads(visit),
        }
    }
}

impl VisitPayloads for UpdateRequest {
    fn visit_payloads(&mut self, visit: &mut dyn FnMut(&mut Payload)) {
        self.input.visit_payloads(visit);
    }
}

impl VisitPayloads for Message {
    fn visit_payloads(&mut self, visit: &mut dyn FnMut(&mut Payload)) {
        match &mut self.body {
            MessageBody::Request(request) => request.visit_payloads(visit),
            MessageBody::Accept { request, .. } => request.visit_payloads(visit),
            MessageBody::Reject { request, failure, .. } => {
                request.visit_payloads(visit);
                failure.visit_payloads(visit);
            }
            MessageBody::Respond { outcome, .. } => outcome.visit_payloads(visit),
        }
    }
}

impl VisitPayloads for Query {
    fn visit_payloads(&mut self, visit: &mut dyn FnMut(&mut Payload)) {
        self.arguments.visit_payloads(visit);
    }
}

impl VisitPayloads for QueryAnswer {
    fn visit_payloads(&mut self, visit: &mut dyn FnMut(&mut Payload)) {
        match self {
            Self::Answered(values) => values.visit_payloads(visit),
            Self::Failed(failure) => failure.visit_payloads(visit),
        }
    }
}

impl VisitPayloads for Command {
    fn visit_payloads(&mut self, visit: &mut dyn FnMut(&mut Payload)) {
        match &mut self.kind {
            CommandKind::StartActivity(start) | CommandKind::StartActivityEagerly(start) => {
                start.input.visit_payloads(visit);
            }
            CommandKind::CompleteWorkflow { result } => result.visit_payloads(visit),
            CommandKind::FailWorkflow { failure } => failure.visit_payloads(visit),
            CommandKind::CancelWorkflow { details } => details.visit_payloads(visit),
            CommandKind::ContinueAsNew(next) => {
                next.input.visit_payloads(visit);
                visit_memo(&mut next.memo, visit);
            }
            CommandKind::StartChildWorkflow(start) => {
                start.input.visit_payloads(visit);
                visit_memo(&mut start.memo, visit);
            }
            CommandKind::SignalExternalWorkflow(signal) => signal.input.visit_payloads(visit),
            CommandKind::RecordMarker(marker) => {
                visit_details(&marker.name, &mut marker.details, visit);
                marker.failure.visit_payloads(visit);
            }
            CommandKind::ModifyProperties { memo } => visit_memo_changes(memo, visit),
            CommandKind::RequestCancelActivity { .. }
            | CommandKind::StartTimer(_)
            | CommandKind::CancelTimer { .. }
            | CommandKind::Message { .. }
            | CommandKind::RequestCancelExternalWorkflow(_)
            | CommandKind::UpsertSearchAttributes { .. } => {}
        }
        self.metadata.summary.visit_payloads(visit);
        self.metadata.details.visit_payloads(visit);
    }
}

impl VisitPayloads for ActivityTask {
    fn visit_payloads(&mut self, visit: &mut dyn FnMut(&mut Payload)) {
        self.input.visit_payloads(visit);
        self.heartbeat_details.visit_payloads(visit);
    }
}

impl VisitPayloads for WorkflowTask {
    fn visit_payloads(&mut self, visit: &mut dyn FnMut(&mut Payload)) {
        self.history.visit_payloads(visit);
        self.query.visit_payloads(visit);
        for query in self.queries.values_mut() {
            query.visit_payloads(visit);
        }
        self.messages.visit_payloads(visit);
    }
}

impl VisitPayloads for Event {
    fn visit_payloads(&mut self, visit: &mut dyn FnMut(&mut Payload)) {
        self.kind.visit_payloads(visit);
        if let Some(extra) = self.extra.as_mut().and_then(Opaque::get_mut) {
            extra.visit_inside(visit);
        }
    }
}

impl VisitPayloads for EventKind {
    fn visit_payloads(&mut self, visit: &mut dyn FnMut(&mut Payload)) {
        match self {
            Self::WorkflowStarted(started) => {
                started.input.visit_payloads(visit);
                started.last_completion_result.visit_payloads(visit);
                started.continued_failure.visit_payloads(visit);
                visit_memo(&mut started.memo, visit);
            }
            Self::WorkflowCompleted(closed) => closed.result.visit_payloads(visit),
            Self::WorkflowFailed(failed) => failed.failure.visit_payloads(visit),
            Self::WorkflowCanceled { details, .. } | Self::WorkflowTerminated { details, .. } => {
                details.visit_payloads(visit);
            }
            Self::WorkflowContinuedAsNew(continued) => {
                continued.input.visit_payloads(visit);
                if let Some(rest) = continued.rest.get_mut() {
                    rest.last_completion_result.visit_inside(visit);
                    #[expect(deprecated, reason = "old histories have it")]
                    rest.failure.visit_inside(visit);
                    rest.memo.visit_inside(visit);
                }
            }
            Self::Signaled(signaled) => signaled.input.visit_payloads(visit),
            Self::WorkflowTaskFailed(failed) => failed.failure.visit_payloads(visit),
            Self::ActivityScheduled(scheduled) => scheduled.input.visit_payloads(visit),
            Self::ActivityStarted { rest, .. } => {
                if let Some(rest) = rest.get_mut() {
                    rest.last_failure.visit_inside(visit);
                }
            }
            Self::ActivityCompleted(closed) => closed.result.visit_payloads(visit),
            Self::ActivityFailed(failed) | Self::ActivityTimedOut(failed) => failed.failure.visit_payloads(visit),
            Self::ActivityCanceled(canceled) => canceled.details.visit_payloads(visit),
            Self::UpdateAdmitted(admitted) => admitted.request.visit_payloads(visit),
            Self::UpdateAccepted(accepted) => accepted.request.visit_payloads(visit),
            Self::UpdateCompleted(completed) => completed.outcome.visit_payloads(visit),
            Self::UpdateRejected(rejected) => {
                if let Some(rest) = rejected.rest.get_mut() {
                    rest.rejected_request.visit_inside(visit);
                    rest.failure.visit_inside(visit);
                }
            }
            Self::StartChildWorkflowInitiated(initiated) => {
                initiated.input.visit_payloads(visit);
                if let Some(rest) = initiated.rest.get_mut() {
                    rest.memo.visit_inside(visit);
                }
            }
            Self::ChildWorkflowCompleted(completed) => completed.result.visit_payloads(visit),
            Self::ChildWorkflowFailed(failed) => failed.failure.visit_payloads(visit),
            Self::ChildWorkflowCanceled(canceled) => canceled.details.visit_payloads(visit),
            Self::SignalExternalWorkflowInitiated(initiated) => initiated.input.visit_payloads(visit),
            Self::MarkerRecorded(marker) => {
                visit_details(&marker.name, &mut marker.details, visit);
                marker.failure.visit_payloads(visit);
            }
            Self::PropertiesModified(modified) => {
                if let Some(memo) = &mut modified.memo {
                    visit_memo_changes(memo, visit);
                }
            }
            Self::Other(other) => {
                if let Some(event) = other.attributes.get_mut() {
                    event.attributes.visit_inside(visit);
                }
            }
            Self::WorkflowTimedOut { .. }
            | Self::WorkflowCancelRequested(_)
            | Self::WorkflowTaskScheduled(_)
            | Self::WorkflowTaskStarted(_)
            | Self::WorkflowTaskCompleted(_)
            | Self::WorkflowTaskTimedOut(_)
            | Self::ActivityCancelRequested { .. }
            | Self::TimerStarted(_)
            | Self::TimerFired { .. }
            | Self::TimerCanceled { .. }
            | Self::StartChildWorkflowFailed(_)
            | Self::ChildWorkflowStarted(_)
            | Self::ChildWorkflowTimedOut(_)
            | Self::ChildWorkflowTerminated(_)
            | Self::SignalExternalWorkflowFailed(_)
            | Self::ExternalWorkflowSignaled(_)
            | Self::RequestCancelExternalWorkflowInitiated(_)
            | Self::RequestCancelExternalWorkflowFailed(_)
            | Self::ExternalWorkflowCancelRequested(_)
            | Self::SearchAttributesUpserted(_) => {}
        }
    }
}
