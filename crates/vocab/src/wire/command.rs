//! Commands.
//!
//! Written as our workers mean them. Read, which only a server does, as strictly as they can be kept: what a command says
//! and we have no word for is malformed, so that nothing a workflow asked for is passed over in silence.

mod activity;
mod child_workflow;
mod external_workflow;
mod note;
mod workflow;

use perpetua_proto::{command as wire, enums::CommandType, enums::TaskQueueKind, taskqueue};
use wire::command::Attributes;

use super::{
    payload::{encode_payloads, encode_user_metadata, payloads, user_metadata},
    text::required,
    time::{encode_duration, required_duration},
};
use crate::{Command, CommandKind, EventId, Malformed, StartTimer, TaskQueue};

impl TryFrom<wire::Command> for Command {
    type Error = Malformed;

    fn try_from(wire: wire::Command) -> Result<Self, Malformed> {
        let wire::Command { command_type, user_metadata: metadata, event_group_markers, attributes } = wire;
        unsaid("Command.event_group_markers", &event_group_markers)?;
        let attributes = attributes.ok_or_else(|| Malformed::missing("Command.attributes"))?;
        if command_type != i32::from(command_type_of(&attributes)) {
            let problem = format!("is {command_type}, while the attributes are of {:?}", command_type_of(&attributes));
            return Err(Malformed::new("Command.command_type", problem));
        }
        Ok(Self { kind: kind(attributes)?, metadata: user_metadata(metadata.map(|boxed| *boxed)) })
    }
}

impl From<Command> for wire::Command {
    fn from(command: Command) -> Self {
        let Command { kind, metadata } = command;
        let attributes = encode_kind(kind);
        Self {
            command_type: command_type_of(&attributes).into(),
            user_metadata: encode_user_metadata(metadata).map(Box::new),
            event_group_markers: Vec::new(),
            attributes: Some(attributes),
        }
    }
}

fn kind(attributes: Attributes) -> Result<CommandKind, Malformed> {
    use Attributes as A;
    Ok(match attributes {
        A::ScheduleActivityTaskCommandAttributes(wire) => {
            let eagerly = wire.request_eager_execution;
            let start = Box::new(activity::start_activity(*wire)?);
            if eagerly { CommandKind::StartActivityEagerly(start) } else { CommandKind::StartActivity(start) }
        }
        A::RequestCancelActivityTaskCommandAttributes(wire) => {
            let wire::RequestCancelActivityTaskCommandAttributes { scheduled_event_id } = *wire;
            let scheduled = EventId::parse("RequestCancelActivityTask.scheduled_event_id", scheduled_event_id)?;
            CommandKind::RequestCancelActivity { scheduled }
        }
        A::StartTimerCommandAttributes(wire) => {
            let wire::StartTimerCommandAttributes { timer_id, start_to_fire_timeout } = *wire;
            CommandKind::StartTimer(StartTimer {
                timer: required("StartTimer.timer_id", timer_id)?,
                after: required_duration("StartTimer.start_to_fire_timeout", start_to_fire_timeout)?,
            })
        }
        A::CancelTimerCommandAttributes(wire) => {
            let wire::CancelTimerCommandAttributes { timer_id } = *wire;
            CommandKind::CancelTimer { timer: required("CancelTimer.timer_id", timer_id)? }
        }
        A::ProtocolMessageCommandAttributes(wire) => {
            let wire::ProtocolMessageCommandAttributes { message_id } = *wire;
            CommandKind::Message { message: required("ProtocolMessage.message_id", message_id)? }
        }
        A::CompleteWorkflowExecutionCommandAttributes(wire) => {
            let wire::CompleteWorkflowExecutionCommandAttributes { result } = *wire;
            CommandKind::CompleteWorkflow { result: result.map(payloads) }
        }
        A::FailWorkflowExecutionCommandAttributes(wire) => {
            let wire::FailWorkflowExecutionCommandAttributes { failure } = *wire;
            let failure = failure.ok_or_else(|| Malformed::missing("FailWorkflowExecution.failure"))?;
            CommandKind::FailWorkflow { failure: Box::new(failure.try_into()?) }
        }
        A::CancelWorkflowExecutionCommandAttributes(wire) => {
            let wire::CancelWorkflowExecutionCommandAttributes { details } = *wire;
            CommandKind::CancelWorkflow { details: details.map(payloads) }
        }
        A::ContinueAsNewWorkflowExecutionCommandAttributes(wire) => {
            CommandKind::ContinueAsNew(Box::new(workflow::continue_as_new(*wire)?))
        }
        A::StartChildWorkflowExecutionCommandAttributes(wire) => {
            CommandKind::StartChildWorkflow(Box::new(child_workflow::start(*wire)?))
        }
        A::SignalExternalWorkflowExecutionCommandAttributes(wire) => {
            CommandKind::SignalExternalWorkflow(Box::new(external_workflow::signal(*wire)?))
        }
        A::RequestCancelExternalWorkflowExecutionCommandAttributes(wire) => {
            CommandKind::RequestCancelExternalWorkflow(Box::new(external_workflow::cancel(*wire)?))
        }
        A::RecordMarkerCommandAttributes(wire) => CommandKind::RecordMarker(Box::new(note::marker(*wire)?)),
        A::UpsertWorkflowSearchAttributesCommandAttributes(wire) => {
            CommandKind::UpsertSearchAttributes { search_attributes: note::upsert(*wire)? }
        }
        A::ModifyWorkflowPropertiesCommandAttributes(wire) => {
            CommandKind::ModifyProperties { memo: note::modify(*wire)? }
        }
        A::ScheduleNexusOperationCommandAttributes(_) | A::RequestCancelNexusOperationCommandAttributes(_) => {
            let name = command_type_of(&attributes).as_str_name();
            return Err(Malformed::new("Command.attributes", format!("are of {name}, which cannot be represented")));
        }
    })
}

fn encode_kind(kind: CommandKind) -> Attributes {
    use Attributes as A;
    match kind {
        CommandKind::StartActivity(start) => {
            A::ScheduleActivityTaskCommandAttributes(Box::new(activity::encode_start_activity(*start, false)))
        }
        CommandKind::StartActivityEagerly(start) => {
            A::ScheduleActivityTaskCommandAttributes(Box::new(activity::encode_start_activity(*start, true)))
        }
        CommandKind::RequestCancelActivity { scheduled } => {
            A::RequestCancelActivityTaskCommandAttributes(Box::new(wire::RequestCancelActivityTaskCommandAttributes {
                scheduled_event_id: scheduled.to_wire(),
            }))
        }
        CommandKind::StartTimer(StartTimer { timer, after }) => {
            A::StartTimerCommandAttributes(Box::new(wire::StartTimerCommandAttributes {
                timer_id: timer.into_string(),
                start_to_fire_timeout: Some(encode_duration(after)),
            }))
        }
        CommandKind::CancelTimer { timer } => {
            A::CancelTimerCommandAttributes(Box::new(wire::CancelTimerCommandAttributes {
                timer_id: timer.into_string(),
            }))
        }
        CommandKind::Message { message } => {
            A::ProtocolMessageCommandAttributes(Box::new(wire::ProtocolMessageCommandAttributes {
                message_id: message.into_string(),
            }))
        }
        CommandKind::CompleteWorkflow { result } => {
            A::CompleteWorkflowExecutionCommandAttributes(Box::new(wire::CompleteWorkflowExecutionCommandAttributes {
                result: result.map(encode_payloads),
            }))
        }
        CommandKind::FailWorkflow { failure } => {
            A::FailWorkflowExecutionCommandAttributes(Box::new(wire::FailWorkflowExecutionCommandAttributes {
                failure: Some((*failure).into()),
            }))
        }
        CommandKind::CancelWorkflow { details } => {
            A::CancelWorkflowExecutionCommandAttributes(Box::new(wire::CancelWorkflowExecutionCommandAttributes {
                details: details.map(encode_payloads),
            }))
        }
        CommandKind::ContinueAsNew(next) => {
            A::ContinueAsNewWorkflowExecutionCommandAttributes(Box::new(workflow::encode_continue_as_new(*next)))
        }
        CommandKind::StartChildWorkflow(start) => {
            A::StartChildWorkflowExecutionCommandAttributes(Box::new(child_workflow::encode_start(*start)))
        }
        CommandKind::SignalExternalWorkflow(signal) => {
            A::SignalExternalWorkflowExecutionCommandAttributes(Box::new(external_workflow::encode_signal(*signal)))
        }
        CommandKind::RequestCancelExternalWorkflow(cancel) => {
            let wire = external_workflow::encode_cancel(*cancel);
            A::RequestCancelExternalWorkflowExecutionCommandAttributes(Box::new(wire))
        }
        CommandKind::RecordMarker(marker) => A::RecordMarkerCommandAttributes(Box::new(note::encode_marker(*marker))),
        CommandKind::UpsertSearchAttributes { search_attributes } => {
            A::UpsertWorkflowSearchAttributesCommandAttributes(Box::new(note::encode_upsert(search_attributes)))
        }
        CommandKind::ModifyProperties { memo } => {
            A::ModifyWorkflowPropertiesCommandAttributes(Box::new(note::encode_modify(memo)))
        }
    }
}

/// A part that we have no word for, which is fine as long as nothing is said there.
fn unsaid<T: Default + PartialEq>(field: &'static str, value: &T) -> Result<(), Malformed> {
    if *value == T::default() { Ok(()) } else { Err(Malformed::new(field, "cannot be represented")) }
}

/// A queue that workflows may name; empty if there is none.
fn normal_queue(field: &'static str, wire: Option<taskqueue::TaskQueue>) -> Result<TaskQueue, Malformed> {
    let taskqueue::TaskQueue { name, kind, normal_name } = wire.unwrap_or_default();
    match TaskQueueKind::try_from(kind) {
        Ok(TaskQueueKind::Unspecified | TaskQueueKind::Normal) if normal_name.is_empty() => Ok(name.into()),
        _ => Err(Malformed::new(field, "is no normal queue")),
    }
}

fn encode_queue_unless_empty(queue: TaskQueue) -> Option<taskqueue::TaskQueue> {
    if queue.is_empty() { None } else { Some(queue.into()) }
}

fn command_type_of(attributes: &Attributes) -> CommandType {
    use Attributes as A;
    match attributes {
        A::ScheduleActivityTaskCommandAttributes(_) => CommandType::ScheduleActivityTask,
        A::StartTimerCommandAttributes(_) => CommandType::StartTimer,
        A::CompleteWorkflowExecutionCommandAttributes(_) => CommandType::CompleteWorkflowExecution,
        A::FailWorkflowExecutionCommandAttributes(_) => CommandType::FailWorkflowExecution,
        A::RequestCancelActivityTaskCommandAttributes(_) => CommandType::RequestCancelActivityTask,
        A::CancelTimerCommandAttributes(_) => CommandType::CancelTimer,
        A::CancelWorkflowExecutionCommandAttributes(_) => CommandType::CancelWorkflowExecution,
        A::RequestCancelExternalWorkflowExecutionCommandAttributes(_) => {
            CommandType::RequestCancelExternalWorkflowExecution
        }
        A::RecordMarkerCommandAttributes(_) => CommandType::RecordMarker,
        A::ContinueAsNewWorkflowExecutionCommandAttributes(_) => CommandType::ContinueAsNewWorkflowExecution,
        A::StartChildWorkflowExecutionCommandAttributes(_) => CommandType::StartChildWorkflowExecution,
        A::SignalExternalWorkflowExecutionCommandAttributes(_) => CommandType::SignalExternalWorkflowExecution,
        A::UpsertWorkflowSearchAttributesCommandAttributes(_) => CommandType::UpsertWorkflowSearchAttributes,
        A::ProtocolMessageCommandAttributes(_) => CommandType::ProtocolMessage,
        A::ModifyWorkflowPropertiesCommandAttributes(_) => CommandType::ModifyWorkflowProperties,
        A::ScheduleNexusOperationCommandAttributes(_) => CommandType::ScheduleNexusOperation,
        A::RequestCancelNexusOperationCommandAttributes(_) => CommandType::RequestCancelNexusOperation,
    }
}
