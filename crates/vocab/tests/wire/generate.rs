//! Random messages of any type that `proto/` defines.

use std::sync::LazyLock;

use perpetua_proto::{enums::EventType, history::HistoryEvent};
use prost::Message as _;
use prost_reflect::{
    DescriptorPool, DynamicMessage, FieldDescriptor, Kind, MapKey, MessageDescriptor, OneofDescriptor, ReflectMessage,
    Value,
};

/// How a message is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mood {
    /// With all that is required and nothing that is out of range.
    Valid,
    /// With anything that can be encoded.
    Wild,
}

/// Fields that a valid message has, not empty.
const REQUIRED: &[&str] = &[
    "history.v1.HistoryEvent.event_id",
    "history.v1.HistoryEvent.event_time",
    "history.v1.WorkflowExecutionStartedEventAttributes.workflow_type",
    "history.v1.WorkflowExecutionStartedEventAttributes.attempt",
    "history.v1.WorkflowExecutionCompletedEventAttributes.workflow_task_completed_event_id",
    "history.v1.WorkflowExecutionFailedEventAttributes.workflow_task_completed_event_id",
    "history.v1.WorkflowExecutionCanceledEventAttributes.workflow_task_completed_event_id",
    "history.v1.WorkflowExecutionContinuedAsNewEventAttributes.new_execution_run_id",
    "history.v1.WorkflowExecutionContinuedAsNewEventAttributes.workflow_type",
    "history.v1.WorkflowTaskStartedEventAttributes.scheduled_event_id",
    "history.v1.WorkflowTaskCompletedEventAttributes.scheduled_event_id",
    "history.v1.ActivityTaskScheduledEventAttributes.activity_id",
    "history.v1.ActivityTaskScheduledEventAttributes.activity_type",
    "history.v1.ActivityTaskScheduledEventAttributes.workflow_task_completed_event_id",
    "history.v1.ActivityTaskStartedEventAttributes.scheduled_event_id",
    "history.v1.ActivityTaskCompletedEventAttributes.scheduled_event_id",
    "history.v1.ActivityTaskFailedEventAttributes.scheduled_event_id",
    "history.v1.ActivityTaskTimedOutEventAttributes.scheduled_event_id",
    "history.v1.ActivityTaskCanceledEventAttributes.scheduled_event_id",
    "history.v1.ActivityTaskCancelRequestedEventAttributes.scheduled_event_id",
    "history.v1.ActivityTaskCancelRequestedEventAttributes.workflow_task_completed_event_id",
    "history.v1.TimerStartedEventAttributes.timer_id",
    "history.v1.TimerStartedEventAttributes.start_to_fire_timeout",
    "history.v1.TimerStartedEventAttributes.workflow_task_completed_event_id",
    "history.v1.TimerFiredEventAttributes.timer_id",
    "history.v1.TimerFiredEventAttributes.started_event_id",
    "history.v1.TimerCanceledEventAttributes.timer_id",
    "history.v1.TimerCanceledEventAttributes.started_event_id",
    "history.v1.TimerCanceledEventAttributes.workflow_task_completed_event_id",
    "history.v1.WorkflowExecutionUpdateAdmittedEventAttributes.request",
    "history.v1.WorkflowExecutionUpdateAcceptedEventAttributes.protocol_instance_id",
    "history.v1.WorkflowExecutionUpdateCompletedEventAttributes.meta",
    "history.v1.WorkflowExecutionUpdateRejectedEventAttributes.protocol_instance_id",
    "history.v1.StartChildWorkflowExecutionInitiatedEventAttributes.workflow_id",
    "history.v1.StartChildWorkflowExecutionInitiatedEventAttributes.workflow_type",
    "history.v1.StartChildWorkflowExecutionInitiatedEventAttributes.workflow_task_completed_event_id",
    "history.v1.StartChildWorkflowExecutionFailedEventAttributes.workflow_id",
    "history.v1.StartChildWorkflowExecutionFailedEventAttributes.workflow_type",
    "history.v1.StartChildWorkflowExecutionFailedEventAttributes.initiated_event_id",
    "history.v1.ChildWorkflowExecutionStartedEventAttributes.workflow_execution",
    "history.v1.ChildWorkflowExecutionStartedEventAttributes.workflow_type",
    "history.v1.ChildWorkflowExecutionStartedEventAttributes.initiated_event_id",
    "history.v1.ChildWorkflowExecutionCompletedEventAttributes.workflow_execution",
    "history.v1.ChildWorkflowExecutionCompletedEventAttributes.workflow_type",
    "history.v1.ChildWorkflowExecutionCompletedEventAttributes.initiated_event_id",
    "history.v1.ChildWorkflowExecutionFailedEventAttributes.workflow_execution",
    "history.v1.ChildWorkflowExecutionFailedEventAttributes.workflow_type",
    "history.v1.ChildWorkflowExecutionFailedEventAttributes.initiated_event_id",
    "history.v1.ChildWorkflowExecutionCanceledEventAttributes.workflow_execution",
    "history.v1.ChildWorkflowExecutionCanceledEventAttributes.workflow_type",
    "history.v1.ChildWorkflowExecutionCanceledEventAttributes.initiated_event_id",
    "history.v1.ChildWorkflowExecutionTimedOutEventAttributes.workflow_execution",
    "history.v1.ChildWorkflowExecutionTimedOutEventAttributes.workflow_type",
    "history.v1.ChildWorkflowExecutionTimedOutEventAttributes.initiated_event_id",
    "history.v1.ChildWorkflowExecutionTerminatedEventAttributes.workflow_execution",
    "history.v1.ChildWorkflowExecutionTerminatedEventAttributes.workflow_type",
    "history.v1.ChildWorkflowExecutionTerminatedEventAttributes.initiated_event_id",
    "history.v1.SignalExternalWorkflowExecutionInitiatedEventAttributes.workflow_execution",
    "history.v1.SignalExternalWorkflowExecutionInitiatedEventAttributes.workflow_task_completed_event_id",
    "history.v1.SignalExternalWorkflowExecutionFailedEventAttributes.workflow_execution",
    "history.v1.SignalExternalWorkflowExecutionFailedEventAttributes.initiated_event_id",
    "history.v1.ExternalWorkflowExecutionSignaledEventAttributes.workflow_execution",
    "history.v1.ExternalWorkflowExecutionSignaledEventAttributes.initiated_event_id",
    "history.v1.RequestCancelExternalWorkflowExecutionInitiatedEventAttributes.workflow_execution",
    "history.v1.RequestCancelExternalWorkflowExecutionInitiatedEventAttributes.workflow_task_completed_event_id",
    "history.v1.RequestCancelExternalWorkflowExecutionFailedEventAttributes.workflow_execution",
    "history.v1.RequestCancelExternalWorkflowExecutionFailedEventAttributes.initiated_event_id",
    "history.v1.ExternalWorkflowExecutionCancelRequestedEventAttributes.workflow_execution",
    "history.v1.ExternalWorkflowExecutionCancelRequestedEventAttributes.initiated_event_id",
    "history.v1.MarkerRecordedEventAttributes.workflow_task_completed_event_id",
    "history.v1.UpsertWorkflowSearchAttributesEventAttributes.workflow_task_completed_event_id",
    "history.v1.WorkflowPropertiesModifiedEventAttributes.workflow_task_completed_event_id",
    "common.v1.WorkflowType.name",
    "common.v1.ActivityType.name",
    "update.v1.Meta.update_id",
    "update.v1.Request.meta",
    "update.v1.Request.input",
    "update.v1.Outcome.value",
    "update.v1.Acceptance.accepted_request",
    "update.v1.Rejection.rejected_request",
    "update.v1.Rejection.failure",
    "update.v1.Response.meta",
    "update.v1.Response.outcome",
    "command.v1.ScheduleActivityTaskCommandAttributes.activity_id",
    "command.v1.ScheduleActivityTaskCommandAttributes.activity_type",
    "command.v1.RequestCancelActivityTaskCommandAttributes.scheduled_event_id",
    "command.v1.StartTimerCommandAttributes.timer_id",
    "command.v1.StartTimerCommandAttributes.start_to_fire_timeout",
    "command.v1.CancelTimerCommandAttributes.timer_id",
    "command.v1.ProtocolMessageCommandAttributes.message_id",
    "command.v1.FailWorkflowExecutionCommandAttributes.failure",
    "command.v1.ContinueAsNewWorkflowExecutionCommandAttributes.workflow_type",
    "command.v1.StartChildWorkflowExecutionCommandAttributes.workflow_id",
    "command.v1.StartChildWorkflowExecutionCommandAttributes.workflow_type",
    "command.v1.SignalExternalWorkflowExecutionCommandAttributes.execution",
    "command.v1.SignalExternalWorkflowExecutionCommandAttributes.signal_name",
    "command.v1.RequestCancelExternalWorkflowExecutionCommandAttributes.workflow_id",
    "command.v1.RecordMarkerCommandAttributes.marker_name",
    "command.v1.UpsertWorkflowSearchAttributesCommandAttributes.search_attributes",
    "command.v1.ModifyWorkflowPropertiesCommandAttributes.upserted_memo",
    "workflowservice.v1.PollWorkflowTaskQueueResponse.task_token",
    "workflowservice.v1.PollWorkflowTaskQueueResponse.workflow_execution",
    "workflowservice.v1.PollWorkflowTaskQueueResponse.workflow_type",
    "workflowservice.v1.PollActivityTaskQueueResponse.task_token",
    "workflowservice.v1.PollActivityTaskQueueResponse.activity_id",
    "workflowservice.v1.PollActivityTaskQueueResponse.activity_type",
];

/// Fields besides event ids that count something and are never negative in a valid message.
const COUNTS: &[&str] = &[
    "history.v1.WorkflowExecutionStartedEventAttributes.attempt",
    "history.v1.WorkflowTaskStartedEventAttributes.history_size_bytes",
    "common.v1.RetryPolicy.maximum_attempts",
];

/// Messages of other messages stop here.
const DEEPEST: u32 = 9;

/// A source of chance that is the same for the same seed, everywhere and always.
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn seeded(seed: u64) -> Self {
        Self(seed)
    }

    // SplitMix64.
    fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    pub(crate) fn below(&mut self, limit: u64) -> u64 {
        self.roll() % limit
    }

    pub(crate) fn chance(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }

    fn text(&mut self) -> String {
        let letters = ['a', 'b', 'z', 'Z', '0', '-', '_', ' ', '/', '"', 'ä', '語', '🦀'];
        (0..=self.below(8)).map(|_| letters[usize::try_from(self.below(13)).unwrap_or(0)]).collect()
    }
}

/// The messages of `proto/`.
pub(crate) fn descriptor(name: &str) -> MessageDescriptor {
    static POOL: LazyLock<DescriptorPool> = LazyLock::new(|| {
        let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../../proto");
        let files = ["temporal/api/workflowservice/v1/request_response.proto"];
        let set = protox::compile(files, [root]).expect("proto/ compiles");
        DescriptorPool::from_file_descriptor_set(set).expect("proto/ is complete")
    });
    POOL.get_message_by_name(&format!("temporal.api.{name}")).expect("proto/ defines it")
}

/// A random message of this type.
pub(crate) fn random<T: prost::Message + Default>(name: &str, dice: &mut Dice, mood: Mood) -> T {
    typed(&fill(&descriptor(name), dice, mood, 0))
}

/// The message that this text describes.
pub(crate) fn parse<T: prost::Message + Default>(name: &str, text: &str) -> T {
    let message = DynamicMessage::parse_text_format(descriptor(name), text);
    typed(&message.unwrap_or_else(|error| panic!("{error}: {text}")))
}

/// The message that these bytes are, by reflection.
pub(crate) fn reflected(name: &str, bytes: &[u8]) -> DynamicMessage {
    DynamicMessage::decode(descriptor(name), bytes).expect("what prost encodes, reflection decodes")
}

/// The same message as the generated type.
pub(crate) fn typed<T: prost::Message + Default>(message: &DynamicMessage) -> T {
    T::decode(message.encode_to_vec().as_slice()).expect("what reflection encodes, prost decodes")
}

/// The variants of the oneof that says what an event, or a command, is.
pub(crate) fn variants(name: &str) -> Vec<FieldDescriptor> {
    let message = descriptor(name);
    let attributes = message.oneofs().find(|oneof| oneof.name() == "attributes").expect("it has attributes");
    attributes.fields().collect()
}

/// A random event with these attributes; its type agrees with them.
pub(crate) fn random_event(variant: &FieldDescriptor, dice: &mut Dice, mood: Mood) -> DynamicMessage {
    let mut event = fill(variant.parent_message(), dice, mood, 0);
    let Kind::Message(attributes) = variant.kind() else { unreachable!("attributes are messages") };
    event.set_field(variant, Value::Message(fill(&attributes, dice, mood, 1)));
    event.set_field_by_name("event_type", Value::EnumNumber(event_type(variant).into()));
    event
}

/// The event type that belongs to these attributes, found by name and not by the table under test.
pub(crate) fn event_type(variant: &FieldDescriptor) -> EventType {
    let stem = variant.name().strip_suffix("_event_attributes").expect("the names of events end so");
    EventType::from_str_name(&format!("EVENT_TYPE_{}", stem.to_uppercase())).expect("each kind has a type")
}

/// The same event as the generated type.
pub(crate) fn typed_event(event: &DynamicMessage) -> HistoryEvent {
    typed(event)
}

pub(crate) fn fill(message: &MessageDescriptor, dice: &mut Dice, mood: Mood, depth: u32) -> DynamicMessage {
    match message.full_name() {
        "google.protobuf.Duration" => return instant(message, dice, mood, 0, 315_576_000_000),
        "google.protobuf.Timestamp" => return instant(message, dice, mood, -62_135_596_800, 253_402_300_799),
        _ => {}
    }
    let mut filled = DynamicMessage::new(message.clone());
    for field in message.fields().filter(|field| field.containing_oneof().is_none()) {
        let required = mood == Mood::Valid && is_listed(REQUIRED, field.full_name());
        if let Some(value) = field_value(&field, required, dice, mood, depth) {
            filled.set_field(&field, value);
        }
    }
    for oneof in message.oneofs() {
        let required = mood == Mood::Valid && is_listed(REQUIRED, oneof.full_name());
        if let Some((field, value)) = oneof_value(&oneof, required, dice, mood, depth) {
            filled.set_field(&field, value);
        }
    }
    filled
}

fn is_listed(list: &[&str], full_name: &str) -> bool {
    full_name.strip_prefix("temporal.api.").is_some_and(|name| list.contains(&name))
}

fn oneof_value(
    oneof: &OneofDescriptor,
    required: bool,
    dice: &mut Dice,
    mood: Mood,
    depth: u32,
) -> Option<(FieldDescriptor, Value)> {
    // The attributes are chosen by the tests, so that none is left out.
    if oneof.name() == "attributes" || !(required || dice.chance(70)) {
        return None;
    }
    let choice = usize::try_from(dice.below(oneof.fields().len() as u64)).unwrap_or(0);
    let field = oneof.fields().nth(choice).expect("it is below the count");
    let value = one(&field, true, dice, mood, depth)?;
    Some((field, value))
}

fn field_value(field: &FieldDescriptor, required: bool, dice: &mut Dice, mood: Mood, depth: u32) -> Option<Value> {
    if !required && !dice.chance(65) {
        return None;
    }
    let many = if depth < 3 { dice.below(3) } else { dice.below(2) };
    if let (true, Kind::Message(entry)) = (field.is_map(), field.kind()) {
        let value = entry.map_entry_value_field();
        let pairs = (0..many).filter_map(|_| {
            let key = MapKey::String(dice.text());
            Some((key, one(&value, false, dice, mood, depth)?))
        });
        return Some(Value::Map(pairs.collect()));
    }
    if field.is_list() {
        return Some(Value::List((0..many).filter_map(|_| one(field, false, dice, mood, depth)).collect()));
    }
    one(field, required, dice, mood, depth)
}

/// One value; one that is not the default if `required`.
fn one(field: &FieldDescriptor, required: bool, dice: &mut Dice, mood: Mood, depth: u32) -> Option<Value> {
    Some(match field.kind() {
        // Its content is for the tests of messages to choose.
        Kind::Message(message) if message.full_name() == "google.protobuf.Any" => return None,
        Kind::Message(_) if depth >= DEEPEST && !required => return None,
        Kind::Message(message) => Value::Message(fill(&message, dice, mood, depth + 1)),
        Kind::Enum(_) if dice.chance(10) => Value::EnumNumber(1000),
        Kind::Enum(named) => {
            let choice = usize::try_from(dice.below(named.values().len() as u64)).unwrap_or(0);
            Value::EnumNumber(named.values().nth(choice).expect("it is below the count").number())
        }
        Kind::Int64 => Value::I64(number(field, required, dice, mood)),
        Kind::Int32 => Value::I32(narrow(number(field, required, dice, mood))),
        Kind::Uint32 => Value::U32(narrow(number(field, required, dice, mood)).cast_unsigned()),
        Kind::Bool => Value::Bool(dice.chance(50)),
        Kind::Double => Value::F64(f64::from(narrow(number(field, required, dice, mood))) / 8.0),
        Kind::Float => Value::F32(dice.below(1 << 20) as f32 / 8.0),
        Kind::String if !required && dice.chance(10) => Value::String(String::new()),
        Kind::String => Value::String(dice.text()),
        Kind::Bytes => Value::Bytes(dice.text().into_bytes().into()),
        kind => unreachable!("{} is {kind:?}, which the protocol has not used so far", field.full_name()),
    })
}

fn narrow(number: i64) -> i32 {
    i32::try_from(number).unwrap_or(if number < 0 { i32::MIN } else { i32::MAX })
}

fn number(field: &FieldDescriptor, required: bool, dice: &mut Dice, mood: Mood) -> i64 {
    let positive = dice.below(1000).cast_signed() + 1;
    let extreme = [0, -1, i64::MAX, i64::MIN, 1 << 40][usize::try_from(dice.below(5)).unwrap_or(0)];
    let counts = field.name().ends_with("event_id") || is_listed(COUNTS, field.full_name());
    match (mood, dice.chance(20)) {
        (Mood::Valid, _) if required => positive,
        (Mood::Valid, true) if counts => 0,
        (Mood::Valid, false) if counts => positive,
        (Mood::Valid, _) => extreme,
        // Seldom, so that many wild messages are good by luck.
        (Mood::Wild, true) if dice.chance(30) => extreme,
        (Mood::Wild, _) => positive,
    }
}

fn instant(message: &MessageDescriptor, dice: &mut Dice, mood: Mood, first: i64, last: i64) -> DynamicMessage {
    let span = (last - first).cast_unsigned() + 1;
    let (mut seconds, mut nanos) = match dice.below(4) {
        0 => (first, 0),
        1 => (last, 999_999_999),
        _ => (first + dice.below(span).cast_signed(), i32::try_from(dice.below(1_000_000_000)).unwrap_or(0)),
    };
    if mood == Mood::Wild {
        match dice.below(60) {
            0 => seconds = first - 1,
            1 => seconds = last + 1,
            2 => nanos = -1,
            3 => nanos = 1_000_000_000,
            4 => seconds = i64::MIN,
            _ => {}
        }
    }
    let mut instant = DynamicMessage::new(message.clone());
    instant.set_field_by_name("seconds", Value::I64(seconds));
    instant.set_field_by_name("nanos", Value::I32(nanos));
    instant
}

/// The fields that are set, at the top of the message.
pub(crate) fn fields_set(message: &DynamicMessage) -> Vec<String> {
    let descriptor = message.descriptor();
    descriptor.fields().filter(|field| message.has_field(field)).map(|field| field.full_name().to_owned()).collect()
}
