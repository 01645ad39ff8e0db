//! From the bytes of a message to JSON, field by field, without a tree between them.

use std::fmt::Write as _;

use perpetua_proto::schema::{ENUMS, Field, Format, HISTORY, Kind, Message, Shape};
use prost::bytes::Buf;
use prost::encoding::{WireType, decode_key, decode_varint};

use super::read::message;
use super::{base64, enums, time};

/// Writes the JSON of a history.
pub(super) fn from_bytes(bytes: &[u8]) -> String {
    let mut writer = Writer { out: String::with_capacity(bytes.len() * 3), depth: 0 };
    writer.object(message(HISTORY), bytes);
    writer.out.push('\n');
    writer.out
}

struct Writer {
    out: String,
    depth: usize,
}

/// The value of one field, as it is on the wire.
#[derive(Clone, Copy)]
enum Value<'a> {
    Number(u64),
    Bytes(&'a [u8]),
}

/// The next field, if these are fields that we wrote.
fn next<'a>(bytes: &mut &'a [u8]) -> Option<(u32, Value<'a>)> {
    let (number, wire_type) = decode_key(bytes).ok()?;
    let value = match wire_type {
        WireType::Varint => Value::Number(decode_varint(bytes).ok()?),
        WireType::SixtyFourBit => Value::Number(bytes.try_get_u64_le().ok()?),
        WireType::ThirtyTwoBit => Value::Number(bytes.try_get_u32_le().ok()?.into()),
        WireType::LengthDelimited => {
            let length = usize::try_from(decode_varint(bytes).ok()?).ok()?;
            let (value, rest) = bytes.split_at_checked(length)?;
            *bytes = rest;
            Value::Bytes(value)
        }
        WireType::StartGroup | WireType::EndGroup => return None,
    };
    Some((number, value))
}

impl Writer {
    fn line(&mut self) {
        self.out.push('\n');
        self.out.extend(std::iter::repeat_n("  ", self.depth));
    }

    /// Opens the next entry of an object or a list.
    fn entry(&mut self, is_first: &mut bool) {
        if !std::mem::take(is_first) {
            self.out.push(',');
        }
        self.line();
    }

    fn open(&mut self, bracket: char) {
        self.out.push(bracket);
        self.depth += 1;
    }

    fn close(&mut self, bracket: char, is_empty: bool) {
        self.depth -= 1;
        if !is_empty {
            self.line();
        }
        self.out.push(bracket);
    }

    fn object(&mut self, message: &'static Message, mut bytes: &[u8]) {
        self.open('{');
        let mut is_first = true;
        if message.format == Format::Payload && !bytes.starts_with(&[0x0a]) {
            // Without metadata it would read as a value that stands for itself.
            self.entry(&mut is_first);
            self.out.push_str("\"metadata\": {}");
        }
        let mut upcoming = next(&mut bytes);
        while let Some((number, value)) = upcoming {
            upcoming = next(&mut bytes);
            let Some(field) = message.fields.iter().find(|field| field.number == number) else { continue };
            self.entry(&mut is_first);
            self.text(field.json);
            self.out.push_str(": ");
            if field.shape == Shape::One {
                self.value(field, value);
                continue;
            }
            // All values of a field are in one place.
            let (open, close) = if field.shape == Shape::Map { ('{', '}') } else { ('[', ']') };
            self.open(open);
            let mut is_first_value = true;
            let mut same = Some(value);
            while let Some(value) = same {
                self.values(field, value, &mut is_first_value);
                same = match upcoming {
                    Some((next_number, value)) if next_number == number => {
                        upcoming = next(&mut bytes);
                        Some(value)
                    }
                    _ => None,
                };
            }
            self.close(close, is_first_value);
        }
        self.close('}', is_first);
    }

    /// One value of several; or several numbers that are packed into one.
    fn values(&mut self, field: &'static Field, value: Value<'_>, is_first: &mut bool) {
        let Value::Bytes(mut bytes) = value else {
            self.entry(is_first);
            return self.value(field, value);
        };
        match field.kind {
            Kind::Message(place) if field.shape == Shape::Map => {
                self.entry(is_first);
                self.map_entry(message(place), bytes);
            }
            Kind::Message(_) | Kind::String | Kind::Bytes => {
                self.entry(is_first);
                self.value(field, value);
            }
            kind => {
                while !bytes.is_empty() {
                    let number = match kind {
                        Kind::Double | Kind::Fixed64 | Kind::Sfixed64 => bytes.try_get_u64_le().ok(),
                        Kind::Float | Kind::Fixed32 | Kind::Sfixed32 => bytes.try_get_u32_le().ok().map(u64::from),
                        _ => decode_varint(&mut bytes).ok(),
                    };
                    let Some(number) = number else { return };
                    self.entry(is_first);
                    self.value(field, Value::Number(number));
                }
            }
        }
    }

    fn map_entry(&mut self, entry: &'static Message, mut bytes: &[u8]) {
        let [key_field, value_field] = entry.fields else { return };
        let (mut key, mut value) = (None, None);
        while let Some((number, found)) = next(&mut bytes) {
            *(if number == key_field.number { &mut key } else { &mut value }) = Some(found);
        }
        let key_start = self.out.len();
        self.value(key_field, key.unwrap_or_else(|| default(key_field)));
        if !self.out[key_start..].starts_with('"') {
            self.out.insert(key_start, '"');
            self.out.push('"');
        }
        self.out.push_str(": ");
        self.value(value_field, value.unwrap_or_else(|| default(value_field)));
    }

    #[allow(clippy::cast_possible_truncation, reason = "a number on the wire is as wide as its field, or extended")]
    fn value(&mut self, field: &'static Field, value: Value<'_>) {
        let out = &mut self.out;
        // Writing to a text does not fail.
        let _ = match (field.kind, value) {
            (Kind::Message(place), Value::Bytes(bytes)) => {
                let write = match message(place).format {
                    Format::Duration => time::write_duration,
                    Format::Timestamp => time::write_timestamp,
                    Format::Object | Format::Payload | Format::Payloads => return self.object(message(place), bytes),
                };
                out.push('"');
                write(parts(bytes), out);
                out.push('"');
                Ok(())
            }
            (Kind::String, Value::Bytes(bytes)) => {
                self.text(&String::from_utf8_lossy(bytes));
                Ok(())
            }
            (Kind::Bytes, Value::Bytes(bytes)) => {
                out.push('"');
                base64::write(bytes, out);
                out.push('"');
                Ok(())
            }
            (Kind::Enum(place), Value::Number(number)) => {
                match enums::name(&ENUMS[usize::from(place)], number as i32) {
                    Some(name) => write!(out, "{name:?}"),
                    None => write!(out, "{}", number as i32),
                }
            }
            (Kind::Bool, Value::Number(number)) => write!(out, "{}", number != 0),
            (Kind::Int32 | Kind::Sfixed32, Value::Number(number)) => write!(out, "{}", number as i32),
            (Kind::Uint32 | Kind::Fixed32, Value::Number(number)) => write!(out, "{}", number as u32),
            (Kind::Sint32, Value::Number(number)) => write!(out, "{}", unzigzag(number) as i32),
            // JSON has no whole numbers of 64 bits.
            (Kind::Int64 | Kind::Sfixed64, Value::Number(number)) => write!(out, "\"{}\"", number.cast_signed()),
            (Kind::Uint64 | Kind::Fixed64, Value::Number(number)) => write!(out, "\"{number}\""),
            (Kind::Sint64, Value::Number(number)) => write!(out, "\"{}\"", unzigzag(number)),
            (Kind::Double, Value::Number(number)) => write_float(f64::from_bits(number), out),
            (Kind::Float, Value::Number(number)) => write_float(f32::from_bits(number as u32).into(), out),
            (_, Value::Number(_) | Value::Bytes(_)) => write!(out, "null"),
        };
    }

    fn text(&mut self, text: &str) {
        self.out.push_str(&serde_json::Value::from(text).to_string());
    }
}

/// The value of a field that is not there.
fn default(field: &Field) -> Value<'static> {
    match field.kind {
        Kind::String | Kind::Bytes | Kind::Message(_) => Value::Bytes(&[]),
        _ => Value::Number(0),
    }
}

/// The seconds and nanoseconds of a time.
#[allow(clippy::cast_possible_truncation, reason = "a number on the wire is as wide as its field, or extended")]
fn parts(mut bytes: &[u8]) -> time::Parts {
    let mut parts = (0, 0);
    while let Some((number, Value::Number(value))) = next(&mut bytes) {
        match number {
            1 => parts.0 = value.cast_signed(),
            _ => parts.1 = value as i32,
        }
    }
    parts
}

fn unzigzag(number: u64) -> i64 {
    (number >> 1).cast_signed() ^ -((number & 1).cast_signed())
}

fn write_float(number: f64, out: &mut String) -> std::fmt::Result {
    if number.is_nan() {
        write!(out, "\"NaN\"")
    } else if number.is_infinite() {
        write!(out, "\"{}Infinity\"", if number < 0.0 { "-" } else { "" })
    } else {
        write!(out, "{number:?}")
    }
}
