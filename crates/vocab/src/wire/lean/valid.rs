//! Whether bytes that nobody reads are what prost would take.

use perpetua_proto::schema::{Field, Kind, MESSAGES, Message, Shape};

use super::cursor::{Cursor, Value};

/// So deep messages may be in each other; prost takes more.
const DEEPEST: u32 = 40;

/// The field of this number, if the message knows it.
pub(super) fn known(message: &'static Message, number: u32) -> Option<&'static Field> {
    let fields = message.fields;
    // Most messages count theirs without a gap, so that a field is where its number says, or not far before.
    if let Some(field) = fields.get((number as usize).wrapping_sub(1))
        && field.number == number
    {
        return Some(field);
    }
    let from = (number as usize).min(fields.len());
    fields[..from].iter().rev().chain(&fields[from..]).find(|field| field.number == number)
}

/// Whether the message knows a field of this number.
pub(super) fn is_known(message: &'static Message, number: u32) -> bool {
    known(message, number).is_some()
}

/// Looks at all fields of a message.
pub(super) fn message(message: &'static Message, bytes: &[u8]) -> Option<()> {
    deep_message(message, bytes, DEEPEST)
}

/// Looks at one field of a message.
pub(super) fn field(message: &'static Message, number: u32, value: Value<'_>) -> Option<()> {
    deep_field(message, number, value, DEEPEST)
}

fn deep_message(message: &'static Message, bytes: &[u8], depth: u32) -> Option<()> {
    let mut cursor = Cursor::new(bytes);
    while let Some((number, value)) = cursor.next()? {
        deep_field(message, number, value, depth)?;
    }
    Some(())
}

fn deep_field(message: &'static Message, number: u32, value: Value<'_>, depth: u32) -> Option<()> {
    // One of a newer protocol is passed over.
    let Some(field) = known(message, number) else { return Some(()) };
    match (field.kind, value) {
        (Kind::Message(place), Value::Delimited(bytes)) => {
            deep_message(&MESSAGES[usize::from(place)], bytes, depth.checked_sub(1)?)
        }
        (Kind::String, Value::Delimited(bytes)) => std::str::from_utf8(bytes).ok().map(|_| ()),
        (Kind::Bytes, Value::Delimited(_))
        | (Kind::Double | Kind::Fixed64 | Kind::Sfixed64, Value::Fixed64)
        | (Kind::Float | Kind::Fixed32 | Kind::Sfixed32, Value::Fixed32) => Some(()),
        (kind, Value::Varint(_)) if is_varint(kind) => Some(()),
        (kind, Value::Delimited(packed)) if is_varint(kind) && field.shape == Shape::List => {
            let mut packed = Cursor::new(packed);
            while !packed.is_empty() {
                packed.varint()?;
            }
            Some(())
        }
        _ => None,
    }
}

fn is_varint(kind: Kind) -> bool {
    match kind {
        Kind::Int32
        | Kind::Int64
        | Kind::Uint32
        | Kind::Uint64
        | Kind::Sint32
        | Kind::Sint64
        | Kind::Bool
        | Kind::Enum(_) => true,
        Kind::Double
        | Kind::Float
        | Kind::Fixed32
        | Kind::Fixed64
        | Kind::Sfixed32
        | Kind::Sfixed64
        | Kind::String
        | Kind::Bytes
        | Kind::Message(_) => false,
    }
}
