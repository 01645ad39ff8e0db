//! The event that a server writes for what a workflow asks.

use std::collections::BTreeMap;

use perpetua_vocab::{
    ActivityScheduled, CommandKind, EventId, EventKind, MarkerRecorded, Message, MessageBody, MessageId, Opaque,
    PropertiesModified, RequestCancelExternalWorkflowInitiated, RetryState, RunId, SearchAttributesUpserted,
    SignalExternalWorkflowInitiated, StartChildWorkflowInitiated, TimerId, TimerStarted, UpdateAccepted,
    UpdateCompleted, UpdateId, WorkflowClosed, WorkflowContinuedAsNew, WorkflowFailed,
};

/// What the server knows that the command does not say.
pub(super) struct Known<'a> {
    /// The task whose answer it is.
    pub(super) task_completed: EventId,
    /// The events that set the timers that run.
    pub(super) timers: &'a BTreeMap<TimerId, EventId>,
    /// The events that accepted updates.
    pub(super) accepted: &'a BTreeMap<UpdateId, EventId>,
    /// The messages of the answer.
    pub(super) messages: &'a BTreeMap<MessageId, Message>,
    /// The id of a run that follows.
    pub(super) next_run: &'a RunId,
}

/// The event that echoes a command; none for what leaves no trace.
///
/// # Errors
/// What is wrong with it, in words.
pub(super) fn echo(command: CommandKind, known: &Known<'_>) -> Result<Option<EventKind>, String> {
    use {CommandKind as C, EventKind as E};
    let task_completed = known.task_completed;
    Ok(Some(match command {
        C::StartActivity(start) | C::StartActivityEagerly(start) => E::ActivityScheduled(Box::new(ActivityScheduled {
            activity: start.activity,
            activity_type: start.activity_type,
            input: Some(start.input),
            task_completed,
            rest: Opaque::default(),
        })),
        C::RequestCancelActivity { scheduled } => E::ActivityCancelRequested { scheduled, task_completed },
        C::StartTimer(start) => {
            E::TimerStarted(TimerStarted { timer: start.timer, after: start.after, task_completed })
        }
        C::CancelTimer { timer } => {
            let started = known.timers.get(&timer).copied();
            let started = started.ok_or_else(|| format!("takes back timer {timer}, which does not run"))?;
            E::TimerCanceled { timer, started, task_completed, identity: super::WORKER.into() }
        }
        C::Message { message } => {
            let found = known.messages.get(&message);
            let found = found.ok_or_else(|| format!("puts message {} in place, which it does not send", message))?;
            return of_message(found, known.accepted);
        }
        C::CompleteWorkflow { result } => {
            E::WorkflowCompleted(Box::new(WorkflowClosed { result, task_completed, new_run: None }))
        }
        C::FailWorkflow { failure } => E::WorkflowFailed(Box::new(WorkflowFailed {
            failure: Some(*failure),
            retry_state: RetryState::RetryPolicyNotSet,
            task_completed,
            new_run: None,
        })),
        C::CancelWorkflow { details } => E::WorkflowCanceled { task_completed, details },
        C::ContinueAsNew(next) => E::WorkflowContinuedAsNew(Box::new(WorkflowContinuedAsNew {
            new_run: known.next_run.clone(),
            workflow_type: next.workflow_type,
            input: Some(next.input),
            task_completed: Some(task_completed),
            rest: Opaque::default(),
        })),
        C::StartChildWorkflow(start) => E::StartChildWorkflowInitiated(Box::new(StartChildWorkflowInitiated {
            namespace: start.namespace,
            workflow_id: start.workflow_id,
            workflow_type: start.workflow_type,
            input: Some(start.input),
            parent_close_policy: start.parent_close_policy,
            task_completed,
            rest: Opaque::default(),
        })),
        C::SignalExternalWorkflow(signal) => {
            E::SignalExternalWorkflowInitiated(Box::new(SignalExternalWorkflowInitiated {
                namespace: signal.namespace,
                execution: signal.execution,
                name: signal.name,
                input: Some(signal.input),
                child_workflow_only: signal.child_workflow_only,
                header: Some(signal.header),
                task_completed,
                rest: Opaque::default(),
            }))
        }
        C::RequestCancelExternalWorkflow(request) => {
            E::RequestCancelExternalWorkflowInitiated(Box::new(RequestCancelExternalWorkflowInitiated {
                namespace: request.namespace,
                execution: request.execution,
                child_workflow_only: request.child_workflow_only,
                reason: request.reason,
                task_completed,
                rest: Opaque::default(),
            }))
        }
        C::RecordMarker(marker) => E::MarkerRecorded(Box::new(MarkerRecorded {
            name: marker.name,
            details: marker.details,
            failure: marker.failure,
            header: Some(marker.header),
            task_completed,
        })),
        C::UpsertSearchAttributes { search_attributes } => {
            let search_attributes = Some(search_attributes);
            E::SearchAttributesUpserted(Box::new(SearchAttributesUpserted { search_attributes, task_completed }))
        }
        C::ModifyProperties { memo } => {
            E::PropertiesModified(Box::new(PropertiesModified { memo: Some(memo), task_completed }))
        }
        other => return Err(format!("asks for {}, which a driven workflow cannot be given", other.name())),
    }))
}

/// The event of an answer to an update; none for a refusal, which leaves no trace.
///
/// # Errors
/// What is wrong with it, in words.
pub(super) fn of_message(
    message: &Message,
    accepted: &BTreeMap<UpdateId, EventId>,
) -> Result<Option<EventKind>, String> {
    let update = message.update.clone();
    Ok(Some(match &message.body {
        MessageBody::Accept { request_message, request_sequencing, request } => {
            EventKind::UpdateAccepted(Box::new(UpdateAccepted {
                update,
                message: request_message.clone(),
                sequencing: *request_sequencing,
                request: Some((**request).clone()),
            }))
        }
        MessageBody::Respond { identity, outcome } => {
            let accepted = accepted.get(&update).copied();
            let accepted = accepted.ok_or_else(|| format!("answers update {update}, which it did not accept"))?;
            let (identity, outcome) = (identity.clone(), Some(outcome.clone()));
            EventKind::UpdateCompleted(Box::new(UpdateCompleted {
                update,
                identity,
                accepted: Some(accepted),
                outcome,
            }))
        }
        MessageBody::Reject { .. } => return Ok(None),
        other => return Err(format!("sends a message that is no answer to an update: {other:?}")),
    }))
}
