//! Payloads, which some tools write as the values they hold.
//!
//! | JSON                                                     | is                                                  |
//! |----------------------------------------------------------|-----------------------------------------------------|
//! | an object of `metadata`, texts in base64, and `data`     | the payload itself                                  |
//! | an object with `_protoMessageType`                       | `json/protobuf`, of that message                    |
//! | `null`, in a list or an object of payloads               | `binary/null`                                       |
//! | anything else                                            | `json/plain`                                        |

use std::borrow::Cow;

use perpetua_proto::schema::{Message, Shape};
use serde::de::{Deserialize, DeserializeSeed, Deserializer, Error};
use serde_json::value::RawValue;

use super::base64;
use super::read::{MessageSeed, Sink};

/// The name under which the short form of a protobuf message has its type.
const MESSAGE_TYPE: &str = "_protoMessageType";

/// Reads a payload, in whichever form it is.
pub(super) fn read<'de, D: Deserializer<'de>>(
    deserializer: D,
    sink: &mut Sink,
    number: u32,
    message: &'static Message,
    shape: Shape,
) -> Result<(), D::Error> {
    let raw = <&RawValue>::deserialize(deserializer)?.get();
    match raw.as_bytes().first() {
        Some(b'n') if shape == Shape::One && number != MAP_VALUE => Ok(()),
        Some(b'n') => short(sink, number, &[("encoding", "binary/null")], ""),
        Some(b'{') => match Form::of(raw) {
            Form::Whole => sink.delimited(number, |sink| {
                let mut deserializer = serde_json::Deserializer::from_str(raw);
                MessageSeed { sink, message }.deserialize(&mut deserializer).map_err(D::Error::custom)
            }),
            Form::Protobuf { message_type, data } => {
                short(sink, number, &[("encoding", "json/protobuf"), ("messageType", &message_type)], &data)
            }
            Form::Plain => short(sink, number, PLAIN, &compact(raw)),
        },
        _ => short(sink, number, PLAIN, &compact(raw)),
    }
}

const PLAIN: &[(&str, &str)] = &[("encoding", "json/plain")];

/// The number of the value in the entry of an object.
const MAP_VALUE: u32 = 2;

/// Writes a payload that was short.
fn short<E>(sink: &mut Sink, number: u32, metadata: &[(&str, &str)], data: &str) -> Result<(), E> {
    let text = |sink: &mut Sink, number: u32, text: &str| {
        sink.delimited(number, |sink| {
            sink.bytes.extend(text.as_bytes());
            Ok(())
        })
    };
    sink.delimited(number, |sink| {
        for (name, value) in metadata {
            sink.delimited(1, |sink| {
                text(sink, 1, name)?;
                text(sink, 2, value)
            })?;
        }
        if data.is_empty() { Ok(()) } else { text(sink, 2, data) }
    })
}

/// Which form an object is in.
enum Form {
    Whole,
    Protobuf { message_type: String, data: String },
    Plain,
}

/// The members of an object, in order.
struct Members<'a>(Vec<(Cow<'a, str>, &'a RawValue)>);

impl Form {
    fn of(raw: &str) -> Self {
        let Ok(Members(members)) = serde_json::from_str(raw) else { return Self::Plain };
        let get = |name: &str| members.iter().find(|(known, _)| known == name).map(|(_, value)| value.get());
        if let Some(message_type) = get(MESSAGE_TYPE)
            && let Ok(message_type) = serde_json::from_str(message_type)
        {
            let others: Vec<_> = members
                .iter()
                .filter(|(name, _)| name != MESSAGE_TYPE)
                .map(|(name, value)| format!("{}:{}", serde_json::Value::from(name.as_ref()), compact(value.get())))
                .collect();
            return Self::Protobuf { message_type, data: format!("{{{}}}", others.join(",")) };
        }
        let is_known = |name: &str| ["metadata", "data", "externalPayloads", "external_payloads"].contains(&name);
        let is_whole = members.iter().all(|(name, _)| is_known(name))
            && get("metadata").is_some_and(are_bytes)
            && get("data").is_none_or(is_bytes);
        if is_whole { Self::Whole } else { Self::Plain }
    }
}

/// Whether all members are bytes.
fn are_bytes(raw: &str) -> bool {
    serde_json::from_str(raw).is_ok_and(|Members(members)| members.iter().all(|(_, value)| is_bytes(value.get())))
}

fn is_bytes(raw: &str) -> bool {
    serde_json::from_str::<Cow<'_, str>>(raw).is_ok_and(|text| base64::is_readable(&text))
}

/// Leaves out the space between words.
fn compact(raw: &str) -> String {
    let mut out = String::with_capacity(raw.len());
    let (mut quoted, mut escaped) = (false, false);
    for letter in raw.chars() {
        if quoted {
            quoted = escaped || letter != '"';
            escaped = !escaped && letter == '\\';
        } else if letter.is_ascii_whitespace() {
            continue;
        } else {
            quoted = letter == '"';
        }
        out.push(letter);
    }
    out
}

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;

        impl<'de> serde::de::Visitor<'de> for Visitor {
            type Value = Members<'de>;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: serde::de::MapAccess<'de>>(self, mut map: A) -> Result<Members<'de>, A::Error> {
                let mut members = Vec::new();
                while let Some(name) = map.next_key_seed(super::read::Text)? {
                    members.push((name, map.next_value()?));
                }
                Ok(Members(members))
            }
        }

        deserializer.deserialize_map(Visitor)
    }
}
