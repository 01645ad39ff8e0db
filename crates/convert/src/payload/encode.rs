//! Writing: the value says by its first call to the serializer what it is.

use std::cell::RefCell;
use std::error::Error;

use bytes::Bytes;
use perpetua_vocab::Payload;
use serde::{Serialize, Serializer};

use super::{JSON, PLAIN, null};
use crate::raw;

type Written = Result<Payload, Box<dyn Error + Send + Sync>>;

pub(super) fn json<T: Serialize + ?Sized>(value: &T) -> Written {
    let top = Top::new(value);
    let data = serde_json::to_vec(&top)?;
    Ok(top.settled().unwrap_or_else(|| Payload::encoded(JSON, data)))
}

#[cfg(feature = "bincode")]
pub(super) fn bincode<T: Serialize + ?Sized>(value: &T) -> Written {
    let top = Top::new(value);
    let data = bincode::serde::encode_to_vec(&top, super::bincode_config())?;
    Ok(top.settled().unwrap_or_else(|| Payload::encoded(super::BINCODE, data)))
}

/// A value on its way to a serializer. If the value is one that has an encoding of its own, the payload is put aside and
/// the serializer is given a unit.
struct Top<'v, T: ?Sized> {
    value: &'v T,
    settled: RefCell<Option<Payload>>,
}

impl<'v, T: ?Sized> Top<'v, T> {
    fn new(value: &'v T) -> Self {
        Self { value, settled: RefCell::new(None) }
    }

    fn settled(self) -> Option<Payload> {
        self.settled.into_inner()
    }
}

impl<T: Serialize + ?Sized> Serialize for Top<'_, T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.value.serialize(TopSerializer { inner: serializer, settled: &self.settled })
    }
}

struct TopSerializer<'t, S> {
    inner: S,
    settled: &'t RefCell<Option<Payload>>,
}

impl<S: Serializer> TopSerializer<'_, S> {
    fn settle(self, payload: Payload) -> Result<S::Ok, S::Error> {
        self.settled.replace(Some(payload));
        self.inner.serialize_unit()
    }
}

macro_rules! forward {
    ($($method:ident($($argument:ident: $kind:ty),*) -> $result:ty;)+) => {$(
        fn $method(self, $($argument: $kind),*) -> Result<$result, S::Error> {
            self.inner.$method($($argument),*)
        }
    )+};
}

impl<S: Serializer> Serializer for TopSerializer<'_, S> {
    type Ok = S::Ok;
    type Error = S::Error;
    type SerializeSeq = S::SerializeSeq;
    type SerializeTuple = S::SerializeTuple;
    type SerializeTupleStruct = S::SerializeTupleStruct;
    type SerializeTupleVariant = S::SerializeTupleVariant;
    type SerializeMap = S::SerializeMap;
    type SerializeStruct = S::SerializeStruct;
    type SerializeStructVariant = S::SerializeStructVariant;

    fn serialize_unit(self) -> Result<S::Ok, S::Error> {
        self.settle(null())
    }

    fn serialize_none(self) -> Result<S::Ok, S::Error> {
        self.settle(null())
    }

    fn serialize_bytes(self, bytes: &[u8]) -> Result<S::Ok, S::Error> {
        self.settle(Payload::encoded(PLAIN, Bytes::copy_from_slice(bytes)))
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<S::Ok, S::Error> {
        value.serialize(self)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(self, name: &'static str, value: &T) -> Result<S::Ok, S::Error> {
        if name != raw::NAME {
            return value.serialize(self);
        }
        let (written, payload) = raw::receive(|| value.serialize(self.inner));
        if let Some(payload) = payload {
            self.settled.replace(Some(payload));
        }
        written
    }

    forward! {
        serialize_bool(value: bool) -> S::Ok;
        serialize_i8(value: i8) -> S::Ok;
        serialize_i16(value: i16) -> S::Ok;
        serialize_i32(value: i32) -> S::Ok;
        serialize_i64(value: i64) -> S::Ok;
        serialize_i128(value: i128) -> S::Ok;
        serialize_u8(value: u8) -> S::Ok;
        serialize_u16(value: u16) -> S::Ok;
        serialize_u32(value: u32) -> S::Ok;
        serialize_u64(value: u64) -> S::Ok;
        serialize_u128(value: u128) -> S::Ok;
        serialize_f32(value: f32) -> S::Ok;
        serialize_f64(value: f64) -> S::Ok;
        serialize_char(value: char) -> S::Ok;
        serialize_str(value: &str) -> S::Ok;
        serialize_unit_struct(name: &'static str) -> S::Ok;
        serialize_unit_variant(name: &'static str, index: u32, variant: &'static str) -> S::Ok;
        serialize_seq(length: Option<usize>) -> S::SerializeSeq;
        serialize_tuple(length: usize) -> S::SerializeTuple;
        serialize_tuple_struct(name: &'static str, length: usize) -> S::SerializeTupleStruct;
        serialize_tuple_variant(name: &'static str, index: u32, variant: &'static str, length: usize)
            -> S::SerializeTupleVariant;
        serialize_map(length: Option<usize>) -> S::SerializeMap;
        serialize_struct(name: &'static str, length: usize) -> S::SerializeStruct;
        serialize_struct_variant(name: &'static str, index: u32, variant: &'static str, length: usize)
            -> S::SerializeStructVariant;
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        name: &'static str,
        index: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<S::Ok, S::Error> {
        self.inner.serialize_newtype_variant(name, index, variant, value)
    }

    fn collect_str<T: std::fmt::Display + ?Sized>(self, value: &T) -> Result<S::Ok, S::Error> {
        self.inner.collect_str(value)
    }

    fn is_human_readable(&self) -> bool {
        self.inner.is_human_readable()
    }
}
