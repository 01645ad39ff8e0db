//! Messages of any type, made by dice: fields that matter are mostly there, values are mostly some that may mean something.

use std::collections::{BTreeMap, HashMap, VecDeque};

use bytes::Bytes;
use prost::Message as _;
use prost_reflect::{
    DescriptorPool, DynamicMessage, EnumDescriptor, FieldDescriptor, Kind, MapKey, MessageDescriptor, ReflectMessage,
    Value,
};

use crate::Dice;

/// How much is remembered of each kind.
const REMEMBERED: usize = 40;
/// How deep messages are nested.
const DEEPEST: u32 = 7;

/// What answers have contained.
#[derive(Clone, Debug, Default)]
pub(super) struct Known {
    /// Values of fields whose names end in `token`.
    tokens: VecDeque<Bytes>,
    /// Values of fields whose names end in `id`.
    ids: VecDeque<String>,
    /// What has just handed out a task.
    pub(super) task: Option<&'static str>,
    /// How often each method has done what it was asked.
    pub(super) done: BTreeMap<String, usize>,
}

impl Known {
    /// Takes in what an answer contains.
    pub(super) fn learn(&mut self, answer: &DynamicMessage) {
        for (field, value) in answer.fields() {
            self.learn_value(field.name(), value);
        }
    }

    fn learn_value(&mut self, name: &str, value: &Value) {
        match value {
            Value::Message(message) => self.learn(message),
            Value::List(values) => values.iter().for_each(|value| self.learn_value(name, value)),
            Value::Bytes(token) if name.ends_with("token") && !token.is_empty() => {
                remember(&mut self.tokens, token.clone());
            }
            Value::String(id) if name.ends_with("id") && !id.is_empty() => remember(&mut self.ids, id.clone()),
            _ => {}
        }
    }
}

fn remember<T: PartialEq>(known: &mut VecDeque<T>, value: T) {
    if !known.contains(&value) {
        known.push_back(value);
    }
    if known.len() > REMEMBERED {
        known.pop_front();
    }
}

/// A message of this type.
pub(super) fn message(
    pool: &DescriptorPool,
    dice: &mut Dice,
    kind: &MessageDescriptor,
    known: &Known,
    depth: u32,
) -> DynamicMessage {
    let mut made = DynamicMessage::new(kind.clone());
    // Of what a workflow asks for, activities come more often.
    let command = kind.get_field_by_name("schedule_activity_task_command_attributes");
    if let Some(field) = command.filter(|_| dice.one_in(3)) {
        let value = field_value(pool, dice, &field, known, depth);
        made.set_field(&field, value);
        name_command(&mut made);
        return made;
    }
    match kind.full_name() {
        "google.protobuf.Any" => fill_any(pool, dice, &mut made, known, depth),
        "google.protobuf.Duration" | "google.protobuf.Timestamp" => fill_time(dice, &mut made),
        _ => {
            for field in kind.fields() {
                let is_wanted = match field.containing_oneof().filter(|oneof| !oneof.is_synthetic()) {
                    // One of them, mostly.
                    Some(oneof) => {
                        let fields: Vec<_> = oneof.fields().collect();
                        let is_set = fields.iter().any(|other| made.has_field(other));
                        let is_last = fields.last().is_some_and(|last| last.number() == field.number());
                        !is_set && (is_last || dice.one_in(fields.len() as u64))
                    }
                    None => wants(dice, field.name()),
                };
                if is_wanted && depth < DEEPEST {
                    let value = field_value(pool, dice, &field, known, depth);
                    made.set_field(&field, value);
                }
            }
            if !dice.one_in(10) {
                name_command(&mut made);
            }
        }
    }
    made
}

/// Lets a command say that it is of the kind that its attributes are.
fn name_command(command: &mut DynamicMessage) {
    let Some(field) = command.descriptor().get_field_by_name("command_type") else { return };
    let Kind::Enum(kinds) = field.kind() else { return };
    let attributes = command.fields().find_map(|(field, _)| {
        let name = field.name().strip_suffix("_command_attributes")?.to_uppercase();
        kinds.get_value_by_name(&format!("COMMAND_TYPE_{name}"))
    });
    if let Some(kind) = attributes {
        command.set_field(&field, Value::EnumNumber(kind.number()));
    }
}

/// Whether a field is filled in.
fn wants(dice: &mut Dice, name: &str) -> bool {
    const NEEDED: [&str; 32] = [
        "namespace",
        "workflow_id",
        "workflow_type",
        "name",
        "task_queue",
        "execution",
        "workflow_execution",
        "task_token",
        "activity_type",
        "activity_id",
        "request",
        "input",
        "query",
        "meta",
        "update_ref",
        "update_id",
        "schedule_id",
        "schedule",
        "spec",
        "action",
        "signal_name",
        "start_to_close_timeout",
        "schedule_to_close_timeout",
        "timer_id",
        "start_to_fire_timeout",
        "message_id",
        "identity",
        "endpoint",
        "service",
        "operation",
        "policies",
        "body",
    ];
    if NEEDED.contains(&name) { !dice.one_in(25) } else { dice.one_in(6) }
}

fn field_value(pool: &DescriptorPool, dice: &mut Dice, field: &FieldDescriptor, known: &Known, depth: u32) -> Value {
    if field.is_map() {
        let Kind::Message(entry) = field.kind() else { return Value::Map(HashMap::new()) };
        let (key, value) = (entry.map_entry_key_field(), entry.map_entry_value_field());
        let pairs = (0..dice.below(3)).filter_map(|_| {
            let key = match single(pool, dice, &key, known, depth) {
                Value::String(key) => MapKey::String(key),
                Value::I32(key) => MapKey::I32(key),
                Value::I64(key) => MapKey::I64(key),
                _ => return None,
            };
            Some((key, single(pool, dice, &value, known, depth)))
        });
        return Value::Map(pairs.collect());
    }
    if field.is_list() {
        let count = if dice.one_in(200) { 300 } else { 1 + dice.below(2) };
        return Value::List((0..count).map(|_| single(pool, dice, field, known, depth)).collect());
    }
    single(pool, dice, field, known, depth)
}

fn single(pool: &DescriptorPool, dice: &mut Dice, field: &FieldDescriptor, known: &Known, depth: u32) -> Value {
    match field.kind() {
        Kind::Message(kind) => Value::Message(message(pool, dice, &kind, known, depth + 1)),
        Kind::Enum(kind) => Value::EnumNumber(enum_number(dice, &kind)),
        Kind::String => Value::String(text(dice, field.name(), known)),
        Kind::Bytes => Value::Bytes(bytes(dice, field.name(), known)),
        Kind::Bool => Value::Bool(dice.one_in(2)),
        Kind::Double => Value::F64([0.0, 1.0, 2.0, -1.0, 0.5, f64::NAN, f64::INFINITY, 1e300][dice.place(8)]),
        Kind::Float => Value::F32([0.0, 1.0, 50.0, -1.0, 100.0, f32::NAN, f32::INFINITY, 1e30][dice.place(8)]),
        Kind::Int32 | Kind::Sint32 | Kind::Sfixed32 => {
            Value::I32([0, 1, 2, 3, 5, 10, -1, 1000, i32::MAX, i32::MIN][dice.place(10)])
        }
        Kind::Int64 | Kind::Sint64 | Kind::Sfixed64 => {
            Value::I64([0, 1, 2, 3, 4, 7, -1, 1000, i64::MAX, i64::MIN][dice.place(10)])
        }
        Kind::Uint32 | Kind::Fixed32 => Value::U32([0, 1, 2, u32::MAX][dice.place(4)]),
        Kind::Uint64 | Kind::Fixed64 => Value::U64([0, 1, 2, u64::MAX][dice.place(4)]),
    }
}

fn enum_number(dice: &mut Dice, kind: &EnumDescriptor) -> i32 {
    if dice.one_in(40) {
        return [-1, 99, i32::MAX][dice.place(3)];
    }
    let values: Vec<_> = kind.values().collect();
    values[dice.place(values.len())].number()
}

fn text(dice: &mut Dice, name: &str, known: &Known) -> String {
    if dice.one_in(60) {
        let odd = ["", "\0", "ü%s\n", "/_sys/x/1", "__temporal_x", "not a uuid"];
        return if dice.one_in(4) { "x".repeat(1 << dice.below(22)) } else { odd[dice.place(odd.len())].to_owned() };
    }
    let usual: &[&str] = match name {
        "namespace" | "workflow_namespace" if !dice.one_in(12) => &["default"],
        "namespace" | "workflow_namespace" => &["other", ""],
        "run_id" | "first_execution_run_id" => &["", "", "", "01010101-0101-7101-8101-010101010101"],
        "workflow_id" => &["w1", "w2", "w3"],
        "query" => &[
            "",
            "WorkflowId = 'w1'",
            "ExecutionStatus = 'Running' AND StartTime > '2020-01-01T00:00:00Z'",
            "Color IN ('red', 'blue') OR NOT (Color IS NULL)",
            "WorkflowType STARTS_WITH 'a' GROUP BY ExecutionStatus",
            "(((((((",
        ],
        "cron_schedule" | "cron_string" | "cron_expression" => {
            &["", "* * * * *", "@every 1s", "0 0 31 2 *", "nonsense"]
        }
        "timezone_name" | "timezone" => &["", "UTC", "Europe/Berlin", "Nowhere/Never"],
        "name" | "id" | "workflow_type" | "normal_name" if !dice.one_in(6) => &["a"],
        "name" | "id" | "workflow_type" => &["b", "Color"],
        _ if name.ends_with("id") => &["", "1", "2", "3", "w1"],
        _ => &["", "a", "b", "1"],
    };
    let is_id = name.ends_with("id") && !matches!(name, "workflow_id" | "update_id");
    if is_id && !known.ids.is_empty() && dice.one_in(2) {
        return known.ids[dice.place(known.ids.len())].clone();
    }
    usual[dice.place(usual.len())].to_owned()
}

fn bytes(dice: &mut Dice, name: &str, known: &Known) -> Bytes {
    if name.ends_with("token") && !known.tokens.is_empty() && !dice.one_in(10) {
        // The newest, mostly: what is old is refused.
        let far = if dice.one_in(3) { known.tokens.len() } else { known.tokens.len().min(3) };
        let back = dice.place(far);
        let mut token = known.tokens[known.tokens.len() - 1 - back].to_vec();
        if dice.one_in(20) {
            let at = dice.place(token.len());
            token[at] ^= 1 << dice.below(8);
        }
        return token.into();
    }
    match dice.below(8) {
        0 => Bytes::new(),
        1 => vec![7; 1 << dice.below(22)].into(),
        2 => b"\"2020-01-01T00:00:00Z\"".to_vec().into(),
        3 => b"[1, \"a\"]".to_vec().into(),
        4 => vec![0xff; 9].into(),
        _ => b"\"red\"".to_vec().into(),
    }
}

/// A body of the update protocol, mostly.
fn fill_any(pool: &DescriptorPool, dice: &mut Dice, made: &mut DynamicMessage, known: &Known, depth: u32) {
    const BODIES: [&str; 4] = ["Acceptance", "Rejection", "Response", "Request"];
    let name = format!("temporal.api.update.v1.{}", BODIES[dice.place(BODIES.len())]);
    let Some(kind) = pool.get_message_by_name(&name) else { return };
    let body = message(pool, dice, &kind, known, depth + 1);
    made.set_field_by_name("type_url", Value::String(format!("type.googleapis.com/{}", body.descriptor().full_name())));
    made.set_field_by_name("value", Value::Bytes(body.encode_to_vec().into()));
}

/// A duration or a point in time: short, long, none, or what cannot be.
fn fill_time(dice: &mut Dice, made: &mut DynamicMessage) {
    if !dice.one_in(4) {
        return made.set_field_by_name("seconds", Value::I64([1, 2, 10, 60][dice.place(4)]));
    }
    let seconds = [0, 1, 2, 10, 60, 86_400, 1_000_000_000, 1_700_000_000, -1, i64::MAX, i64::MIN][dice.place(11)];
    let nanos = [0, 0, 0, 1_000_000, 999_999_999, -1, i32::MAX, i32::MIN][dice.place(8)];
    made.set_field_by_name("seconds", Value::I64(seconds));
    made.set_field_by_name("nanos", Value::I32(nanos));
}
