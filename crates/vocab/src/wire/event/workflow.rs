//! The run itself: how it begins, how it ends, and what reaches it from outside.

use std::mem::take;

use perpetua_proto::history::{
    WorkflowExecutionCancelRequestedEventAttributes, WorkflowExecutionCanceledEventAttributes,
    WorkflowExecutionCompletedEventAttributes, WorkflowExecutionContinuedAsNewEventAttributes,
    WorkflowExecutionFailedEventAttributes, WorkflowExecutionSignaledEventAttributes,
    WorkflowExecutionStartedEventAttributes, WorkflowExecutionTerminatedEventAttributes,
    WorkflowExecutionTimedOutEventAttributes, history_event::Attributes,
};

use crate::{
    EventId, EventKind, Failure, Identity, Malformed, Opaque, Payloads, RetryPolicy, RetryState, RunId, Signaled,
    WorkflowCancelRequested, WorkflowClosed, WorkflowContinuedAsNew, WorkflowFailed, WorkflowStarted,
    wire::{
        payload::{
            encode_header, encode_memo, encode_payloads, encode_search_attributes, header, memo, payloads,
            search_attributes,
        },
        text::{optional, put_task_queue, required, take_task_queue, workflow_type},
        time::{encode_duration, optional_duration},
    },
};

pub(super) fn started(mut wire: Box<WorkflowExecutionStartedEventAttributes>) -> Result<EventKind, Malformed> {
    super::started::check(&wire)?;
    let attempt = take(&mut wire.attempt);
    let execution_timeout = "WorkflowExecutionStarted.workflow_execution_timeout";
    let run_timeout = "WorkflowExecutionStarted.workflow_run_timeout";
    let task_timeout = "WorkflowExecutionStarted.workflow_task_timeout";
    Ok(EventKind::WorkflowStarted(Box::new(WorkflowStarted {
        // Servers of old left out the ids of the workflow and of the first run.
        workflow_id: take(&mut wire.workflow_id).into(),
        workflow_type: workflow_type("WorkflowExecutionStarted.workflow_type", wire.workflow_type.take())?,
        task_queue: take_task_queue(&mut wire.task_queue),
        input: wire.input.take().map(payloads),
        first_run: take(&mut wire.first_execution_run_id).into(),
        original_run: take(&mut wire.original_execution_run_id).into(),
        continued_run: optional(take(&mut wire.continued_execution_run_id)),
        attempt: u32::try_from(attempt)
            .map_err(|_| Malformed::new("WorkflowExecutionStarted.attempt", format!("is negative: {attempt}")))?
            .max(1),
        execution_timeout: optional_duration(execution_timeout, wire.workflow_execution_timeout.take())?,
        run_timeout: optional_duration(run_timeout, wire.workflow_run_timeout.take())?,
        task_timeout: optional_duration(task_timeout, wire.workflow_task_timeout.take())?,
        retry_policy: wire.retry_policy.take().map(RetryPolicy::try_from).transpose()?,
        cron_schedule: take(&mut wire.cron_schedule),
        continued_failure: wire.continued_failure.take().map(Failure::try_from).transpose()?.map(Box::new),
        last_completion_result: wire.last_completion_result.take().map(payloads),
        memo: wire.memo.take().map(memo),
        search_attributes: wire.search_attributes.take().map(search_attributes),
        header: wire.header.take().map(header),
        identity: take(&mut wire.identity).into(),
        rest: Opaque::new(wire),
    })))
}

pub(super) fn encode_started(started: WorkflowStarted) -> Attributes {
    let WorkflowStarted {
        workflow_id,
        workflow_type,
        task_queue,
        input,
        first_run,
        original_run,
        continued_run,
        attempt,
        execution_timeout,
        run_timeout,
        task_timeout,
        retry_policy,
        cron_schedule,
        continued_failure,
        last_completion_result,
        memo,
        search_attributes,
        header,
        identity,
        rest,
    } = started;
    let mut wire = rest.into_inner();
    wire.workflow_id = workflow_id.into_string();
    wire.workflow_type = Some(workflow_type.into());
    put_task_queue(&mut wire.task_queue, task_queue);
    wire.input = input.map(encode_payloads);
    wire.first_execution_run_id = first_run.into_string();
    wire.original_execution_run_id = original_run.into_string();
    wire.continued_execution_run_id = continued_run.unwrap_or_default().into_string();
    wire.attempt = i32::try_from(attempt).unwrap_or(i32::MAX);
    wire.workflow_execution_timeout = execution_timeout.map(encode_duration);
    wire.workflow_run_timeout = run_timeout.map(encode_duration);
    wire.workflow_task_timeout = task_timeout.map(encode_duration);
    wire.retry_policy = retry_policy.map(Into::into);
    wire.cron_schedule = cron_schedule;
    wire.continued_failure = continued_failure.map(|failure| (*failure).into());
    wire.last_completion_result = last_completion_result.map(encode_payloads);
    wire.memo = memo.map(encode_memo);
    wire.search_attributes = search_attributes.map(encode_search_attributes);
    wire.header = header.map(encode_header);
    wire.identity = identity.into_string();
    Attributes::WorkflowExecutionStartedEventAttributes(wire)
}

pub(super) fn completed(wire: WorkflowExecutionCompletedEventAttributes) -> Result<EventKind, Malformed> {
    let WorkflowExecutionCompletedEventAttributes { result, workflow_task_completed_event_id, new_execution_run_id } =
        wire;
    let task_completed = "WorkflowExecutionCompleted.workflow_task_completed_event_id";
    Ok(EventKind::WorkflowCompleted(Box::new(WorkflowClosed {
        result: result.map(payloads),
        task_completed: EventId::parse(task_completed, workflow_task_completed_event_id)?,
        new_run: optional(new_execution_run_id),
    })))
}

pub(super) fn encode_completed(closed: WorkflowClosed) -> Attributes {
    let WorkflowClosed { result, task_completed, new_run } = closed;
    Attributes::WorkflowExecutionCompletedEventAttributes(Box::new(WorkflowExecutionCompletedEventAttributes {
        result: result.map(encode_payloads),
        workflow_task_completed_event_id: task_completed.to_wire(),
        new_execution_run_id: new_run.unwrap_or_default().into_string(),
    }))
}

pub(super) fn failed(wire: WorkflowExecutionFailedEventAttributes) -> Result<EventKind, Malformed> {
    let WorkflowExecutionFailedEventAttributes {
        failure,
        retry_state,
        workflow_task_completed_event_id,
        new_execution_run_id,
    } = wire;
    let task_completed = "WorkflowExecutionFailed.workflow_task_completed_event_id";
    Ok(EventKind::WorkflowFailed(Box::new(WorkflowFailed {
        failure: failure.map(Failure::try_from).transpose()?,
        retry_state: retry_state.into(),
        task_completed: EventId::parse(task_completed, workflow_task_completed_event_id)?,
        new_run: optional(new_execution_run_id),
    })))
}

pub(super) fn encode_failed(failed: WorkflowFailed) -> Attributes {
    let WorkflowFailed { failure, retry_state, task_completed, new_run } = failed;
    Attributes::WorkflowExecutionFailedEventAttributes(Box::new(WorkflowExecutionFailedEventAttributes {
        failure: failure.map(Into::into),
        retry_state: retry_state.into(),
        workflow_task_completed_event_id: task_completed.to_wire(),
        new_execution_run_id: new_run.unwrap_or_default().into_string(),
    }))
}

pub(super) fn timed_out(wire: WorkflowExecutionTimedOutEventAttributes) -> EventKind {
    let WorkflowExecutionTimedOutEventAttributes { retry_state, new_execution_run_id } = wire;
    EventKind::WorkflowTimedOut { retry_state: retry_state.into(), new_run: optional(new_execution_run_id) }
}

pub(super) fn encode_timed_out(retry_state: RetryState, new_run: Option<RunId>) -> Attributes {
    Attributes::WorkflowExecutionTimedOutEventAttributes(Box::new(WorkflowExecutionTimedOutEventAttributes {
        retry_state: retry_state.into(),
        new_execution_run_id: new_run.unwrap_or_default().into_string(),
    }))
}

pub(super) fn canceled(wire: WorkflowExecutionCanceledEventAttributes) -> Result<EventKind, Malformed> {
    let WorkflowExecutionCanceledEventAttributes { workflow_task_completed_event_id, details } = wire;
    let task_completed = "WorkflowExecutionCanceled.workflow_task_completed_event_id";
    Ok(EventKind::WorkflowCanceled {
        task_completed: EventId::parse(task_completed, workflow_task_completed_event_id)?,
        details: details.map(payloads),
    })
}

pub(super) fn encode_canceled(task_completed: EventId, details: Option<Payloads>) -> Attributes {
    Attributes::WorkflowExecutionCanceledEventAttributes(Box::new(WorkflowExecutionCanceledEventAttributes {
        workflow_task_completed_event_id: task_completed.to_wire(),
        details: details.map(encode_payloads),
    }))
}

pub(super) fn terminated(wire: WorkflowExecutionTerminatedEventAttributes) -> EventKind {
    let WorkflowExecutionTerminatedEventAttributes { reason, details, identity } = wire;
    EventKind::WorkflowTerminated { reason, details: details.map(payloads), identity: identity.into() }
}

pub(super) fn encode_terminated(reason: String, details: Option<Payloads>, identity: Identity) -> Attributes {
    Attributes::WorkflowExecutionTerminatedEventAttributes(Box::new(WorkflowExecutionTerminatedEventAttributes {
        reason,
        details: details.map(encode_payloads),
        identity: identity.into_string(),
    }))
}

pub(super) fn continued_as_new(
    mut wire: Box<WorkflowExecutionContinuedAsNewEventAttributes>,
) -> Result<EventKind, Malformed> {
    let new_run = "WorkflowExecutionContinuedAsNew.new_execution_run_id";
    let task_completed = "WorkflowExecutionContinuedAsNew.workflow_task_completed_event_id";
    let task_completed_id = take(&mut wire.workflow_task_completed_event_id);
    Ok(EventKind::WorkflowContinuedAsNew(Box::new(WorkflowContinuedAsNew {
        new_run: required(new_run, take(&mut wire.new_execution_run_id))?,
        workflow_type: workflow_type("WorkflowExecutionContinuedAsNew.workflow_type", wire.workflow_type.take())?,
        input: wire.input.take().map(payloads),
        task_completed: EventId::parse_optional(task_completed, task_completed_id)?,
        rest: Opaque::new(wire),
    })))
}

pub(super) fn encode_continued_as_new(continued: WorkflowContinuedAsNew) -> Attributes {
    let WorkflowContinuedAsNew { new_run, workflow_type, input, task_completed, rest } = continued;
    let mut wire = rest.into_inner();
    wire.new_execution_run_id = new_run.into_string();
    wire.workflow_type = Some(workflow_type.into());
    wire.input = input.map(encode_payloads);
    wire.workflow_task_completed_event_id = EventId::optional_to_wire(task_completed);
    Attributes::WorkflowExecutionContinuedAsNewEventAttributes(wire)
}

pub(super) fn cancel_requested(mut wire: Box<WorkflowExecutionCancelRequestedEventAttributes>) -> EventKind {
    EventKind::WorkflowCancelRequested(Box::new(WorkflowCancelRequested {
        reason: take(&mut wire.cause),
        identity: take(&mut wire.identity).into(),
        rest: Opaque::new(wire),
    }))
}

pub(super) fn encode_cancel_requested(requested: WorkflowCancelRequested) -> Attributes {
    let WorkflowCancelRequested { reason, identity, rest } = requested;
    let mut wire = rest.into_inner();
    wire.cause = reason;
    wire.identity = identity.into_string();
    Attributes::WorkflowExecutionCancelRequestedEventAttributes(wire)
}

pub(super) fn signaled(mut wire: Box<WorkflowExecutionSignaledEventAttributes>) -> EventKind {
    EventKind::Signaled(Box::new(Signaled {
        name: take(&mut wire.signal_name).into(),
        input: wire.input.take().map(payloads),
        identity: take(&mut wire.identity).into(),
        header: wire.header.take().map(header),
        rest: Opaque::new(wire),
    }))
}

pub(super) fn encode_signaled(signaled: Signaled) -> Attributes {
    let Signaled { name, input, identity, header, rest } = signaled;
    let mut wire = rest.into_inner();
    wire.signal_name = name.into_string();
    wire.input = input.map(encode_payloads);
    wire.identity = identity.into_string();
    wire.header = header.map(encode_header);
    Attributes::WorkflowExecutionSignaledEventAttributes(wire)
}
