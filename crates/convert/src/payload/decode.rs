//! Reading: the payload says by its metadata what it is.

use std::cell::Cell;
use std::error::Error;

use perpetua_vocab::Payload;
use serde::de::value::{Error as PlainError, SeqDeserializer};
use serde::de::{DeserializeSeed, Deserializer, Error as _, Visitor};
use serde::forward_to_deserialize_any;

use super::{JSON, NULL, PLAIN};
use crate::raw;

/// Why a payload could not be read.
pub(super) enum Unread {
    UnknownEncoding,
    Refused(Box<dyn Error + Send + Sync>),
}

impl<E: Error + Send + Sync + 'static> From<E> for Unread {
    fn from(error: E) -> Self {
        Self::Refused(Box::new(error))
    }
}

/// The deserializer of an encoding, with what every encoding has in common: options and newtypes are what they wrap, and
/// whoever asks for the payload itself gets it.
struct Top<'t, D> {
    inner: D,
    around: Around<'t>,
}

#[derive(Clone, Copy)]
struct Around<'t> {
    payload: &'t Payload,
    is_null: bool,
    /// Set when the payload itself was asked for; what is in it was then not looked at.
    taken_whole: &'t Cell<bool>,
}

pub(super) fn read<'de, S: DeserializeSeed<'de>>(payload: &'de Payload, seed: S) -> Result<S::Value, Unread> {
    let taken_whole = &Cell::new(false);
    let around = Around { payload, is_null: false, taken_whole };
    match payload.encoding() {
        Some(NULL) => Ok(seed.deserialize(Top { inner: Simple::Null, around: Around { is_null: true, ..around } })?),
        Some(PLAIN) => Ok(seed.deserialize(Top { inner: Simple::Bytes(&payload.data), around })?),
        Some(JSON) => {
            let mut json = serde_json::Deserializer::from_slice(&payload.data);
            let is_null = payload.data.trim_ascii() == b"null";
            let value = seed.deserialize(Top { inner: &mut json, around: Around { is_null, ..around } })?;
            if !taken_whole.get() {
                json.end()?;
            }
            Ok(value)
        }
        #[cfg(feature = "bincode")]
        Some(super::BINCODE) => {
            let seed = AtTop { seed, around };
            let (value, length) = bincode::serde::seed_decode_from_slice(seed, &payload.data, super::bincode_config())?;
            if length < payload.data.len() && !taken_whole.get() {
                return Err(PlainError::custom("there are bytes after the value").into());
            }
            Ok(value)
        }
        _ => seed.deserialize(Top { inner: Simple::Unknown, around }).map_err(|_| Unread::UnknownEncoding),
    }
}

/// Puts [`Top`] around a deserializer that only its own crate can make.
#[cfg(feature = "bincode")]
struct AtTop<'t, S> {
    seed: S,
    around: Around<'t>,
}

#[cfg(feature = "bincode")]
impl<'de, S: DeserializeSeed<'de>> DeserializeSeed<'de> for AtTop<'_, S> {
    type Value = S::Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<S::Value, D::Error> {
        self.seed.deserialize(Top { inner: deserializer, around: self.around })
    }
}

macro_rules! forward {
    ($($method:ident($($argument:ident: $kind:ty),*);)+) => {$(
        fn $method<V: Visitor<'de>>(self, $($argument: $kind,)* visitor: V) -> Result<V::Value, D::Error> {
            self.inner.$method($($argument,)* visitor)
        }
    )+};
}

impl<'de, D: Deserializer<'de>> Deserializer<'de> for Top<'_, D> {
    type Error = D::Error;

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        if self.around.is_null { self.inner.deserialize_option(visitor) } else { visitor.visit_some(self) }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, name: &'static str, visitor: V) -> Result<V::Value, D::Error> {
        if name != raw::NAME {
            return visitor.visit_newtype_struct(self);
        }
        self.around.taken_whole.set(true);
        raw::hand_over(self.around.payload, || visitor.visit_newtype_struct(self.inner))
    }

    forward! {
        deserialize_any();
        deserialize_bool();
        deserialize_i8();
        deserialize_i16();
        deserialize_i32();
        deserialize_i64();
        deserialize_i128();
        deserialize_u8();
        deserialize_u16();
        deserialize_u32();
        deserialize_u64();
        deserialize_u128();
        deserialize_f32();
        deserialize_f64();
        deserialize_char();
        deserialize_str();
        deserialize_string();
        deserialize_bytes();
        deserialize_byte_buf();
        deserialize_unit();
        deserialize_unit_struct(name: &'static str);
        deserialize_seq();
        deserialize_tuple(length: usize);
        deserialize_tuple_struct(name: &'static str, length: usize);
        deserialize_map();
        deserialize_struct(name: &'static str, fields: &'static [&'static str]);
        deserialize_enum(name: &'static str, variants: &'static [&'static str]);
        deserialize_identifier();
        deserialize_ignored_any();
    }

    fn is_human_readable(&self) -> bool {
        self.inner.is_human_readable()
    }
}

/// The encodings that need no format.
#[derive(Clone, Copy)]
enum Simple<'de> {
    Null,
    Bytes(&'de [u8]),
    Unknown,
}

impl<'de> Deserializer<'de> for Simple<'de> {
    type Error = PlainError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, PlainError> {
        match self {
            Self::Null => visitor.visit_unit(),
            Self::Bytes(bytes) => visitor.visit_byte_buf(bytes.to_vec()),
            Self::Unknown => Err(PlainError::custom("unknown encoding")),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, PlainError> {
        match self {
            Self::Null => visitor.visit_none(),
            Self::Bytes(_) | Self::Unknown => visitor.visit_some(self),
        }
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, PlainError> {
        match self {
            Self::Bytes(bytes) => {
                let mut numbers = SeqDeserializer::new(bytes.iter().copied());
                let value = visitor.visit_seq(&mut numbers)?;
                numbers.end()?;
                Ok(value)
            }
            Self::Null | Self::Unknown => self.deserialize_any(visitor),
        }
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, _length: usize, visitor: V) -> Result<V::Value, PlainError> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, PlainError> {
        match self {
            Self::Bytes(_) => visitor.visit_unit(),
            Self::Null | Self::Unknown => self.deserialize_any(visitor),
        }
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct
        newtype_struct tuple_struct map struct enum identifier
    }
}
