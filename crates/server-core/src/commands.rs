//! Commands of workers: one file for each kind of thing they speak of.

mod activity;
mod child;
mod external;
mod finish;
mod nexus;
mod note;
pub(crate) mod order;
mod size;
mod timer;

use std::collections::BTreeMap;

use perpetua_proto::command::Command;
use perpetua_proto::command::command::Attributes;
use perpetua_proto::enums::{CommandType, EventType, WorkflowTaskFailedCause};
use perpetua_proto::failure::failure::FailureInfo;
use perpetua_proto::failure::{Failure, ServerFailureInfo};
use perpetua_proto::history::history_event::Attributes as EventAttributes;
use perpetua_proto::protocol::Message;
use perpetua_proto::sdk::{EventGroupMarker, UserMetadata};

pub(crate) use external::or_own;
pub(crate) use note::merge;

use crate::run::{Closing, Run, event};
use crate::world::Cx;

/// The answer to one task, while its commands are done.
#[derive(Debug, Default)]
pub(crate) struct Step {
    /// The event that says that the task is completed.
    pub(crate) completed: i64,
    pub(crate) identity: String,
    /// Messages that no command has placed yet, by id.
    pub(crate) messages: BTreeMap<String, Message>,
    /// Their order.
    pub(crate) order: Vec<String>,
    /// Whether something is new that the workflow must see.
    pub(crate) needs_task: bool,
    /// How many events this answer itself has caused that are held back until it is done.
    pub(crate) caused: usize,
    /// Activities that this worker would like to run itself, by scheduled event.
    pub(crate) eager: Vec<i64>,
    /// How the run ends, when everything else is done.
    pub(crate) closing: Option<Closing>,
    /// To which groups the event belongs by which the run ends.
    pub(crate) closing_groups: Vec<EventGroupMarker>,
}

/// A command that cannot be done.
#[derive(Debug)]
pub(crate) struct Bad {
    pub(crate) cause: WorkflowTaskFailedCause,
    pub(crate) message: String,
    /// Whether another try is of no use, so that the run ends.
    pub(crate) for_good: bool,
}

impl Bad {
    pub(crate) fn new(cause: WorkflowTaskFailedCause, message: impl Into<String>) -> Self {
        Self { cause, message: message.into(), for_good: false }
    }

    /// The same, but with it the run is over.
    fn for_good(self) -> Self {
        Self { for_good: true, ..self }
    }

    /// As history has it.
    pub(crate) fn failure(&self) -> Failure {
        let failure_info = Some(FailureInfo::ServerFailureInfo(ServerFailureInfo::default()));
        Failure { message: self.words(), failure_info, ..Failure::default() }
    }

    /// As workers are told.
    pub(crate) fn words(&self) -> String {
        let words = camel(self.cause.as_str_name().trim_start_matches("WORKFLOW_TASK_FAILED_CAUSE_"));
        if self.message.is_empty() { words } else { format!("{words}: {}", self.message) }
    }
}

/// A name such as `START_TIMER` in the form `StartTimer`.
pub(crate) fn camel(name: &str) -> String {
    let mut words = String::new();
    for part in name.split('_') {
        let (first, rest) = part.split_at(part.len().min(1));
        words.push_str(first);
        words.push_str(&rest.to_ascii_lowercase());
    }
    words
}

/// The cause that is given when a command is bad as a whole.
fn cause_of(kind: CommandType) -> WorkflowTaskFailedCause {
    use WorkflowTaskFailedCause as C;
    match kind {
        CommandType::ScheduleActivityTask => C::BadScheduleActivityAttributes,
        CommandType::RequestCancelActivityTask => C::BadRequestCancelActivityAttributes,
        CommandType::StartTimer => C::BadStartTimerAttributes,
        CommandType::CancelTimer => C::BadCancelTimerAttributes,
        CommandType::StartChildWorkflowExecution => C::BadStartChildExecutionAttributes,
        CommandType::SignalExternalWorkflowExecution => C::BadSignalWorkflowExecutionAttributes,
        CommandType::RequestCancelExternalWorkflowExecution => C::BadRequestCancelExternalWorkflowExecutionAttributes,
        CommandType::RecordMarker => C::BadRecordMarkerAttributes,
        CommandType::UpsertWorkflowSearchAttributes => C::BadSearchAttributes,
        CommandType::ModifyWorkflowProperties => C::BadModifyWorkflowPropertiesAttributes,
        CommandType::ProtocolMessage => C::BadUpdateWorkflowExecutionMessage,
        CommandType::CompleteWorkflowExecution => C::BadCompleteWorkflowExecutionAttributes,
        CommandType::FailWorkflowExecution => C::BadFailWorkflowExecutionAttributes,
        CommandType::CancelWorkflowExecution => C::BadCancelWorkflowExecutionAttributes,
        CommandType::ContinueAsNewWorkflowExecution => C::BadContinueAsNewAttributes,
        CommandType::ScheduleNexusOperation => C::BadScheduleNexusOperationAttributes,
        CommandType::RequestCancelNexusOperation => C::BadRequestCancelNexusOperationAttributes,
        CommandType::Unspecified => C::Unspecified,
    }
}

/// Does what a command says.
pub(crate) fn apply(run: &mut Run, cx: &mut Cx<'_>, step: &mut Step, command: Command) -> Result<(), Bad> {
    use Attributes as A;
    let (metadata, groups) = (command.user_metadata, command.event_group_markers);
    let before = run.history.len();
    let kind = CommandType::try_from(command.command_type).unwrap_or_default();
    let Some(attributes) = command.attributes.filter(|attributes| order::kind_of(attributes) == kind) else {
        return Err(Bad::new(cause_of(kind), order::missing(kind)));
    };
    size::check(&attributes, cx.settings.blob_bytes)?;
    let done = match attributes {
        A::ScheduleActivityTaskCommandAttributes(asked) => activity::schedule(run, cx, step, *asked, metadata),
        A::RequestCancelActivityTaskCommandAttributes(asked) => activity::cancel(run, cx, step, &asked),
        A::StartTimerCommandAttributes(asked) => timer::start(run, cx, step, *asked, metadata),
        A::CancelTimerCommandAttributes(asked) => timer::cancel(run, cx, step, *asked),
        A::StartChildWorkflowExecutionCommandAttributes(asked) => child::start(run, cx, step, *asked, metadata),
        A::SignalExternalWorkflowExecutionCommandAttributes(asked) => external::signal(run, cx, step, *asked, metadata),
        A::RequestCancelExternalWorkflowExecutionCommandAttributes(asked) => {
            external::cancel(run, cx, step, *asked, metadata)
        }
        A::RecordMarkerCommandAttributes(asked) => note::marker(run, cx, step, *asked, metadata),
        A::UpsertWorkflowSearchAttributesCommandAttributes(asked) => {
            note::search_attributes(run, cx, step, *asked, metadata)
        }
        A::ModifyWorkflowPropertiesCommandAttributes(asked) => note::memo(run, cx, step, *asked, metadata),
        A::ProtocolMessageCommandAttributes(asked) => place(run, cx, step, &asked.message_id),
        A::CompleteWorkflowExecutionCommandAttributes(asked) => finish::complete(run, step, *asked),
        A::FailWorkflowExecutionCommandAttributes(asked) => finish::fail(run, step, *asked),
        A::CancelWorkflowExecutionCommandAttributes(asked) => finish::cancel(run, step, *asked),
        A::ContinueAsNewWorkflowExecutionCommandAttributes(asked) => finish::continue_as_new(run, cx, step, *asked),
        A::ScheduleNexusOperationCommandAttributes(asked) => nexus::schedule(run, cx, step, *asked, metadata),
        A::RequestCancelNexusOperationCommandAttributes(asked) => nexus::cancel(run, cx, step, &asked, metadata),
    };
    if !groups.is_empty() {
        run.history.group(before, &groups);
    }
    if step.closing.is_some() {
        step.closing_groups = groups;
    }
    done
}

/// Does what a message says, at the place that a command gives it.
fn place(run: &mut Run, cx: &mut Cx<'_>, step: &mut Step, id: &str) -> Result<(), Bad> {
    let Some(message) = step.messages.remove(id) else {
        let message = match id {
            "" => "MessageID is not set on ProtocolMessageCommand.".to_owned(),
            id => format!("ProtocolMessageCommand referenced absent message ID {id}"),
        };
        return Err(Bad::new(WorkflowTaskFailedCause::BadUpdateWorkflowExecutionMessage, message));
    };
    take(run, cx, &message)
}

/// Does what a message says.
pub(crate) fn take(run: &mut Run, cx: &mut Cx<'_>, message: &Message) -> Result<(), Bad> {
    run.take_message(cx, message)
        .map_err(|problem| Bad::new(WorkflowTaskFailedCause::BadUpdateWorkflowExecutionMessage, problem))
}

/// Stores the event that a command makes; its id.
fn append(
    run: &mut Run,
    cx: &Cx<'_>,
    kind: EventType,
    attributes: EventAttributes,
    metadata: Option<Box<UserMetadata>>,
) -> i64 {
    let mut event = event(kind, cx.now, attributes);
    event.user_metadata = metadata;
    run.append(event)
}
