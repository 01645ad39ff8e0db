//! From JSON to the bytes of a message, field by field, without a tree between them.

use std::borrow::Cow;
use std::fmt;

use perpetua_proto::schema::{ENUMS, Field, Format, HISTORY, Kind, MESSAGES, Message, Shape};
use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::{base64, enums, payload, time};
use crate::Malformed;

/// Reads the JSON of a history.
pub(super) fn to_bytes(json: &str) -> Result<Vec<u8>, Malformed> {
    let mut sink = Sink::default();
    let mut deserializer = serde_json::Deserializer::from_str(json);
    let read = HistorySeed(&mut sink).deserialize(&mut deserializer).and_then(|()| deserializer.end());
    match read {
        Ok(()) => Ok(sink.bytes),
        Err(error) => Err(sink.blame(&error)),
    }
}

/// What was read so far, and where the reading is.
#[derive(Debug, Default)]
pub(super) struct Sink {
    pub(super) bytes: Vec<u8>,
    place: Vec<Step>,
}

/// One step into a message.
#[derive(Debug)]
enum Step {
    Field(&'static str),
    Index(usize),
    Key(String),
}

impl Sink {
    /// Reads something further down; the way there is kept if that fails.
    fn within<T, E>(&mut self, step: Step, read: impl FnOnce(&mut Self) -> Result<T, E>) -> Result<T, E> {
        self.place.push(step);
        let value = read(self)?;
        self.place.pop();
        Ok(value)
    }

    /// Says where it happened.
    fn blame(self, error: &serde_json::Error) -> Malformed {
        let malformed = Malformed::new("JSON", format!("cannot be read: {error}"));
        let (event, rest) = match self.place.as_slice() {
            [Step::Field("events"), Step::Index(index), rest @ ..] => (Some(index + 1), rest),
            rest => (None, rest),
        };
        let mut path = String::new();
        for step in rest {
            match step {
                Step::Field(name) if path.is_empty() => path.push_str(name),
                Step::Field(name) => path.extend([".", name]),
                Step::Index(index) => path.push_str(&format!("[{index}]")),
                Step::Key(key) => path.push_str(&format!("[{key:?}]")),
            }
        }
        let malformed = if path.is_empty() { malformed } else { malformed.within(path) };
        match event {
            Some(number) => malformed.within(format!("event {number}")),
            None => malformed,
        }
    }

    /// Writes the tag of a field.
    fn tag(&mut self, number: u32, wire_type: u64) {
        self.varint(u64::from(number) << 3 | wire_type);
    }

    pub(super) fn varint(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.bytes.push(u8::try_from(value & 0x7f).expect("seven bits") | 0x80);
            value >>= 7;
        }
        self.bytes.push(u8::try_from(value).expect("below 128"));
    }

    /// Puts the length before what was written since.
    fn close(&mut self, start: usize) {
        let end = self.bytes.len();
        self.varint((end - start) as u64);
        self.bytes[start..].rotate_left(end - start);
    }

    /// Writes a field that has a length.
    pub(super) fn delimited<E>(
        &mut self,
        number: u32,
        write: impl FnOnce(&mut Self) -> Result<(), E>,
    ) -> Result<(), E> {
        self.tag(number, DELIMITED);
        let start = self.bytes.len();
        write(self)?;
        self.close(start);
        Ok(())
    }
}

const VARINT: u64 = 0;
const FIXED_64: u64 = 1;
pub(super) const DELIMITED: u64 = 2;
const FIXED_32: u64 = 5;

/// A history, as an object, as a list of events, or inside the answer that a server gives over HTTP.
struct HistorySeed<'a>(&'a mut Sink);

impl<'de> DeserializeSeed<'de> for HistorySeed<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for HistorySeed<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a history: an object with `events`, or a list of events")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let mut found = false;
        while let Some(name) = map.next_key_seed(Text)? {
            match name.as_ref() {
                "events" => {
                    found = true;
                    map.next_value_seed(FieldSeed { sink: &mut *self.0, field: events() })?;
                }
                "history" => {
                    found = true;
                    map.next_value_seed(HistorySeed(&mut *self.0))?;
                }
                _ => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        if found { Ok(()) } else { Err(A::Error::custom("there are no `events` in it; is it a history?")) }
    }

    fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<(), A::Error> {
        FieldVisitor { sink: self.0, field: events() }.list(seq)
    }
}

/// The one field of a history.
fn events() -> &'static Field {
    &message(HISTORY).fields[0]
}

pub(super) fn message(place: u16) -> &'static Message {
    &MESSAGES[usize::from(place)]
}

/// The fields of a message, from an object.
pub(super) struct MessageSeed<'a> {
    pub(super) sink: &'a mut Sink,
    pub(super) message: &'static Message,
}

impl<'de> DeserializeSeed<'de> for MessageSeed<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for MessageSeed<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "an object, the fields of `{}`", self.message.name)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let fields = self.message.fields;
        let mut next = 0;
        while let Some(name) = map.next_key_seed(Text)? {
            // Most often fields come in their own order.
            let is_named = |field: &Field| field.json == name || field.name == name;
            let (after, before) =
                (fields[next..].iter().position(is_named), || fields[..next].iter().position(is_named));
            let Some(at) = after.map(|at| at + next).or_else(before) else {
                map.next_value::<IgnoredAny>()?;
                continue;
            };
            next = at;
            let field = &fields[at];
            self.sink.within(Step::Field(field.json), |sink| map.next_value_seed(FieldSeed { sink, field }))?;
        }
        Ok(())
    }
}

/// The value of a field.
struct FieldSeed<'a> {
    sink: &'a mut Sink,
    field: &'static Field,
}

impl<'de> DeserializeSeed<'de> for FieldSeed<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        let Self { sink, field } = self;
        match field.shape {
            Shape::One => ElementSeed { sink, field }.deserialize(deserializer),
            Shape::List | Shape::Map => deserializer.deserialize_any(FieldVisitor { sink, field }),
        }
    }
}

/// The values of a field that has several.
struct FieldVisitor<'a> {
    sink: &'a mut Sink,
    field: &'static Field,
}

impl FieldVisitor<'_> {
    fn list<'de, A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        let Self { sink, field } = self;
        // The steps of a history itself are not named by a field around it.
        let step = if sink.place.is_empty() { Some(Step::Field(field.json)) } else { None };
        let is_outermost = step.is_some();
        sink.place.extend(step);
        for index in 0.. {
            let next = sink.within(Step::Index(index), |sink| seq.next_element_seed(ElementSeed { sink, field }))?;
            if next.is_none() {
                break;
            }
        }
        if is_outermost {
            sink.place.pop();
        }
        Ok(())
    }
}

impl<'de> Visitor<'de> for FieldVisitor<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.field.shape == Shape::Map { "an object" } else { "a list" })
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<(), A::Error> {
        match self.field.shape {
            Shape::List => self.list(seq),
            _ => Err(A::Error::invalid_type(serde::de::Unexpected::Seq, &self)),
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let (Shape::Map, Kind::Message(entry)) = (self.field.shape, self.field.kind) else {
            return Err(A::Error::invalid_type(serde::de::Unexpected::Map, &self));
        };
        let [key_field, value_field] = message(entry).fields else {
            return Err(A::Error::custom("the entries of this field are of an unknown form"));
        };
        let sink = self.sink;
        while let Some(key) = map.next_key_seed(Text)? {
            let key = key.into_owned();
            let step = Step::Key(key.clone());
            sink.within(step, |sink| {
                sink.delimited(self.field.number, |sink| {
                    scalar_from_text(sink, key_field, &key).map_err(A::Error::custom)?;
                    map.next_value_seed(ElementSeed { sink, field: value_field })
                })
            })?;
        }
        Ok(())
    }
}

/// One value of a field.
struct ElementSeed<'a> {
    sink: &'a mut Sink,
    field: &'static Field,
}

impl<'de> DeserializeSeed<'de> for ElementSeed<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        match self.field.kind {
            Kind::Message(place) if message(place).format == Format::Payload => {
                let Self { sink, field } = self;
                payload::read(deserializer, sink, field.number, message(place), field.shape)
            }
            _ => deserializer.deserialize_any(self),
        }
    }
}

impl ElementSeed<'_> {
    fn integer<E: Error>(self, value: i128) -> Result<(), E> {
        write_integer(self.sink, self.field, value).map_err(E::custom)
    }

    fn float<E: Error>(self, value: f64) -> Result<(), E> {
        let Self { sink, field } = self;
        match field.kind {
            Kind::Double => {
                sink.tag(field.number, FIXED_64);
                sink.bytes.extend(value.to_le_bytes());
            }
            Kind::Float => {
                sink.tag(field.number, FIXED_32);
                #[allow(clippy::cast_possible_truncation, reason = "the field holds no more")]
                sink.bytes.extend((value as f32).to_le_bytes());
            }
            // A whole number may be written as one with a fraction, or with an exponent.
            #[allow(clippy::cast_possible_truncation, reason = "looked at before")]
            _ if value.fract() == 0.0 && value.abs() < 1e18 => {
                return write_integer(sink, field, value as i128).map_err(E::custom);
            }
            _ => return Err(E::custom(format!("{value} is not {}", wanted(field)))),
        }
        Ok(())
    }
}

impl<'de> Visitor<'de> for ElementSeed<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&wanted(self.field))
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<(), E> {
        match self.field.kind {
            Kind::Bool => {
                self.sink.tag(self.field.number, VARINT);
                self.sink.bytes.push(u8::from(value));
                Ok(())
            }
            _ => Err(E::invalid_type(serde::de::Unexpected::Bool(value), &self)),
        }
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<(), E> {
        self.integer(value.into())
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<(), E> {
        self.integer(value.into())
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<(), E> {
        self.float(value)
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<(), E> {
        let Self { sink, field } = self;
        match field.kind {
            Kind::Message(place) => {
                let (parts, wanted) = match message(place).format {
                    Format::Duration => (time::read_duration(value), "a duration such as `1.5s`"),
                    Format::Timestamp => (time::read_timestamp(value), "a time such as `2026-11-22T20:30:00Z`"),
                    _ => (None, "an object"),
                };
                let Some((seconds, nanos)) = parts else { return Err(E::custom(format!("{value:?} is not {wanted}"))) };
                sink.delimited(field.number, |sink| {
                    for (part, value) in message(place).fields.iter().zip([seconds, nanos.into()]) {
                        write_integer(sink, part, value.into()).map_err(E::custom)?;
                    }
                    Ok(())
                })
            }
            _ => scalar_from_text(sink, field, value).map_err(E::custom),
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<(), A::Error> {
        let Kind::Message(place) = self.field.kind else {
            return Err(A::Error::invalid_type(serde::de::Unexpected::Map, &self));
        };
        let message = message(place);
        self.sink.delimited(self.field.number, |sink| MessageSeed { sink, message }.visit_map(map))
    }

    /// Several payloads may be a list.
    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        let payloads = match self.field.kind {
            Kind::Message(place) if message(place).format == Format::Payloads => message(place).fields.first(),
            _ => None,
        };
        let Some(field) = payloads else { return Err(A::Error::invalid_type(serde::de::Unexpected::Seq, &self)) };
        self.sink.delimited(self.field.number, |sink| {
            for index in 0.. {
                let next =
                    sink.within(Step::Index(index), |sink| seq.next_element_seed(ElementSeed { sink, field }))?;
                if next.is_none() {
                    break;
                }
            }
            Ok(())
        })
    }
}

/// What a field wants, in words.
fn wanted(field: &Field) -> String {
    match field.kind {
        Kind::Bool => "true or false".to_owned(),
        Kind::String => "a text".to_owned(),
        Kind::Bytes => "bytes in base64".to_owned(),
        Kind::Enum(place) => format!("a name or a number of `{}`", ENUMS[usize::from(place)].name),
        Kind::Message(place) => format!("an object, the fields of `{}`", message(place).name),
        Kind::Double | Kind::Float => "a number".to_owned(),
        _ => "a whole number".to_owned(),
    }
}

/// Writes a value that is a text in JSON, or may be one.
fn scalar_from_text(sink: &mut Sink, field: &'static Field, text: &str) -> Result<(), String> {
    match field.kind {
        Kind::String => {
            sink.tag(field.number, DELIMITED);
            sink.varint(text.len() as u64);
            sink.bytes.extend(text.as_bytes());
            Ok(())
        }
        Kind::Bytes => sink.delimited(field.number, |sink| {
            base64::read(text, &mut sink.bytes).ok_or_else(|| "these are not bytes in base64".to_owned())
        }),
        Kind::Enum(place) => match enums::number(&ENUMS[usize::from(place)], text) {
            Some(number) => write_integer(sink, field, number.into()),
            // Newer servers know more; what an event is must be known.
            None if field.name != "event_type" => Ok(()),
            None => Err(format!("events of the type {text:?} are not known to this version; use a newer one")),
        },
        Kind::Bool => match text {
            "true" | "false" => write_integer(sink, field, i128::from(text == "true")),
            _ => Err(format!("{text:?} is not {}", wanted(field))),
        },
        Kind::Double | Kind::Float => {
            let number = text.parse::<f64>().map_err(|_| format!("{text:?} is not {}", wanted(field)))?;
            ElementSeed { sink, field }.float::<serde::de::value::Error>(number).map_err(|error| error.to_string())
        }
        _ => match text.parse::<i128>() {
            Ok(number) => write_integer(sink, field, number),
            Err(_) => Err(format!("{text:?} is not {}", wanted(field))),
        },
    }
}

/// Writes a whole number.
fn write_integer(sink: &mut Sink, field: &'static Field, value: i128) -> Result<(), String> {
    let out_of_range = |_| format!("{value} is out of range");
    let number = field.number;
    match field.kind {
        Kind::Int32 | Kind::Sint32 | Kind::Enum(_) | Kind::Sfixed32 => {
            let value = i32::try_from(value).map_err(out_of_range)?;
            match field.kind {
                Kind::Sfixed32 => {
                    sink.tag(number, FIXED_32);
                    sink.bytes.extend(value.to_le_bytes());
                }
                Kind::Sint32 => {
                    sink.tag(number, VARINT);
                    sink.varint((i64::from(value) << 1 ^ i64::from(value) >> 63).cast_unsigned());
                }
                _ => {
                    sink.tag(number, VARINT);
                    sink.varint(i64::from(value).cast_unsigned());
                }
            }
        }
        Kind::Int64 | Kind::Sint64 | Kind::Sfixed64 => {
            let value = i64::try_from(value).map_err(out_of_range)?;
            match field.kind {
                Kind::Sfixed64 => {
                    sink.tag(number, FIXED_64);
                    sink.bytes.extend(value.to_le_bytes());
                }
                Kind::Sint64 => {
                    sink.tag(number, VARINT);
                    sink.varint((value << 1 ^ value >> 63).cast_unsigned());
                }
                _ => {
                    sink.tag(number, VARINT);
                    sink.varint(value.cast_unsigned());
                }
            }
        }
        Kind::Uint32 | Kind::Fixed32 => {
            let value = u32::try_from(value).map_err(out_of_range)?;
            if field.kind == Kind::Fixed32 {
                sink.tag(number, FIXED_32);
                sink.bytes.extend(value.to_le_bytes());
            } else {
                sink.tag(number, VARINT);
                sink.varint(value.into());
            }
        }
        Kind::Uint64 | Kind::Fixed64 => {
            let value = u64::try_from(value).map_err(out_of_range)?;
            if field.kind == Kind::Fixed64 {
                sink.tag(number, FIXED_64);
                sink.bytes.extend(value.to_le_bytes());
            } else {
                sink.tag(number, VARINT);
                sink.varint(value);
            }
        }
        Kind::Bool if (0..=1).contains(&value) => {
            sink.tag(number, VARINT);
            sink.bytes.push(u8::from(value == 1));
        }
        #[allow(clippy::cast_precision_loss, reason = "as JSON has it")]
        Kind::Double => {
            sink.tag(number, FIXED_64);
            sink.bytes.extend((value as f64).to_le_bytes());
        }
        #[allow(clippy::cast_precision_loss, reason = "as JSON has it")]
        Kind::Float => {
            sink.tag(number, FIXED_32);
            sink.bytes.extend((value as f32).to_le_bytes());
        }
        Kind::Bool | Kind::String | Kind::Bytes | Kind::Message(_) => {
            return Err(format!("{value} is not {}", wanted(field)));
        }
    }
    Ok(())
}

/// A text, borrowed where it can be.
pub(super) struct Text;

impl<'de> DeserializeSeed<'de> for Text {
    type Value = Cow<'de, str>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'de> Visitor<'de> for Text {
    type Value = Cow<'de, str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text")
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(text.into())
    }

    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok(text.to_owned().into())
    }
}
