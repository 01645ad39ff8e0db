//! Nexus operations.

use perpetua_proto::command::{RequestCancelNexusOperationCommandAttributes, ScheduleNexusOperationCommandAttributes};
use perpetua_proto::enums::{EventType, WorkflowTaskFailedCause as Cause};
use perpetua_proto::history::history_event::Attributes;
use perpetua_proto::history::{NexusOperationCancelRequestedEventAttributes, NexusOperationScheduledEventAttributes};
use perpetua_proto::sdk::UserMetadata;
use prost::Message;

use super::{Bad, Step, append};
use crate::limits;
use crate::nexus::operation::cap_timeouts;
use crate::nexus::{CancelState, OperationState, header, system};
use crate::run::Run;
use crate::time::duration;
use crate::world::Cx;

pub(super) fn schedule(
    run: &mut Run,
    cx: &mut Cx<'_>,
    step: &Step,
    asked: ScheduleNexusOperationCommandAttributes,
    metadata: Option<Box<UserMetadata>>,
) -> Result<(), Bad> {
    let bad = |message: String| Bad::new(Cause::BadScheduleNexusOperationAttributes, message);
    let mut attributes =
        check(asked).map_err(|problem| bad(format!("ScheduleNexusOperationCommandAttributes.{problem}")))?;
    let NexusOperationScheduledEventAttributes { endpoint, service, operation, input, .. } = &attributes;
    let endpoint_id = if endpoint == system::ENDPOINT {
        system::read(&run.state.namespace, service, operation, input.as_ref()).map_err(bad)?;
        String::new()
    } else {
        cx.endpoint_id(endpoint).ok_or_else(|| bad(format!("endpoint {endpoint:?} not found")))?
    };
    if run.state.operations.len() >= limits::PENDING_OPERATIONS {
        let message = format!(
            "workflow has reached the pending nexus operation limit of {} for this namespace",
            limits::PENDING_OPERATIONS
        );
        return Err(Bad::new(Cause::PendingNexusOperationsLimitExceeded, message));
    }
    cap_timeouts(&mut attributes, duration(run.started().workflow_run_timeout.as_ref()));
    attributes.endpoint_id = endpoint_id;
    attributes.request_id = cx.uuid();
    attributes.workflow_task_completed_event_id = step.completed;
    let attributes = Attributes::NexusOperationScheduledEventAttributes(Box::new(attributes));
    let scheduled = append(run, cx, EventType::NexusOperationScheduled, attributes, metadata);
    run.state.operations.insert(scheduled, OperationState::new(cx.now));
    run.send_operation(cx, scheduled, false);
    Ok(())
}

/// What the event will say, if there is nothing wrong with it in itself.
fn check(asked: ScheduleNexusOperationCommandAttributes) -> Result<NexusOperationScheduledEventAttributes, String> {
    for (name, value) in [("Service", &asked.service), ("Operation", &asked.operation)] {
        if value.len() > limits::ID_LENGTH {
            return Err(format!("{name} exceeds length limit of {}", limits::ID_LENGTH));
        }
    }
    for (name, limit) in [
        ("ScheduleToCloseTimeout", &asked.schedule_to_close_timeout),
        ("ScheduleToStartTimeout", &asked.schedule_to_start_timeout),
        ("StartToCloseTimeout", &asked.start_to_close_timeout),
    ] {
        if limit.as_ref().is_some_and(|limit| limit.seconds < 0 || limit.nanos < 0) {
            return Err(format!("{name} is invalid: negative duration"));
        }
    }
    if asked.input.as_ref().is_some_and(|input| input.encoded_len() > limits::BLOB_BYTES) {
        return Err("Input exceeds size limit".to_owned());
    }
    if header::is_too_long(&asked.nexus_header) {
        return Err("NexusHeader exceeds size limit".to_owned());
    }
    let nexus_header = header::lowered(&asked.nexus_header);
    if let Some(name) = header::reserved(&nexus_header) {
        return Err(format!("NexusHeader contains a disallowed header key: {name:?}"));
    }
    Ok(NexusOperationScheduledEventAttributes {
        endpoint: asked.endpoint,
        service: asked.service,
        operation: asked.operation,
        input: asked.input,
        schedule_to_close_timeout: asked.schedule_to_close_timeout,
        nexus_header,
        schedule_to_start_timeout: asked.schedule_to_start_timeout,
        start_to_close_timeout: asked.start_to_close_timeout,
        ..NexusOperationScheduledEventAttributes::default()
    })
}

pub(super) fn cancel(
    run: &mut Run,
    cx: &mut Cx<'_>,
    step: &Step,
    asked: &RequestCancelNexusOperationCommandAttributes,
    metadata: Option<Box<UserMetadata>>,
) -> Result<(), Bad> {
    let bad = |message: String| Err(Bad::new(Cause::BadRequestCancelNexusOperationAttributes, message));
    let scheduled_event_id = asked.scheduled_event_id;
    match run.state.operations.get(&scheduled_event_id) {
        // The worker does not know yet that it is over.
        None if run.has_buffered_end(scheduled_event_id) => {}
        None => {
            return bad(format!(
                "requested cancelation for a non-existing or already completed operation with scheduled event ID of \
                 {scheduled_event_id}"
            ));
        }
        Some(operation) if operation.cancel.is_some() => {
            return bad(format!(
                "cancelation was already requested for an operation with scheduled event ID {scheduled_event_id}"
            ));
        }
        Some(_) => {}
    }
    let attributes = NexusOperationCancelRequestedEventAttributes {
        scheduled_event_id,
        workflow_task_completed_event_id: step.completed,
    };
    let attributes = Attributes::NexusOperationCancelRequestedEventAttributes(Box::new(attributes));
    let requested = append(run, cx, EventType::NexusOperationCancelRequested, attributes, metadata);
    let request = CancelState { requested, ..CancelState::default() };
    let operation = run.state.operations.get_mut(&scheduled_event_id);
    if operation.is_some_and(|operation| operation.request_cancel(request)) {
        run.send_operation(cx, scheduled_event_id, true);
    }
    Ok(())
}
