//! A value that is a payload as it is.

use std::cell::Cell;
use std::fmt;

use perpetua_vocab::Payload;
use serde::de::{Error as _, Visitor};
use serde::ser::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use serde::de::DeserializeOwned;

use crate::{ConversionError, PayloadConverter};

/// A value that is a payload as it is, with its metadata: for code that does not know the type, or does not care.
///
/// It goes wherever a whole value goes: as an argument, a result, a signal, in an `Option`. It cannot be a field of
/// another value, and serde formats other than [`PayloadConverter`]'s refuse it.
///
/// ```
/// use perpetua_convert::{PayloadConverter, RawValue};
///
/// let converter = PayloadConverter::default();
/// let raw = RawValue::encode("Ann", &converter)?;
/// assert_eq!(converter.encode(&raw)?, raw.0);
/// assert_eq!(raw.decode::<String>(&converter)?, "Ann");
/// # Ok::<(), perpetua_convert::ConversionError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RawValue(pub Payload);

impl RawValue {
    /// The payload of a value.
    ///
    /// # Errors
    /// As [`PayloadConverter::encode`].
    pub fn encode<T: Serialize + ?Sized>(value: &T, converter: &PayloadConverter) -> Result<Self, ConversionError> {
        converter.encode(value).map(Self)
    }

    /// The value of the payload.
    ///
    /// # Errors
    /// As [`PayloadConverter::decode`].
    pub fn decode<T: DeserializeOwned>(&self, converter: &PayloadConverter) -> Result<T, ConversionError> {
        converter.decode(&self.0)
    }
}

impl From<Payload> for RawValue {
    fn from(payload: Payload) -> Self {
        Self(payload)
    }
}

impl From<RawValue> for Payload {
    fn from(raw: RawValue) -> Self {
        raw.0
    }
}

// How it passes through serde, whose data model has no place for it
// -------------------------------------------------------------------
// It presents itself as a newtype of a private name. The converter knows the name and opens the hatch, a slot of this
// thread, for exactly as long as it asks the newtype for its content. Any other format asks too, finds the hatch closed,
// and gets an error. The payload is moved, not copied.

/// The name of the newtype.
pub(crate) const NAME: &str = "$perpetua::RawValue";

#[derive(Default)]
enum Hatch {
    #[default]
    Closed,
    Open,
    Holds(Payload),
}

thread_local! {
    static HATCH: Cell<Hatch> = const { Cell::new(Hatch::Closed) };
}

/// Runs the serialization of the newtype's content, and gives what it put through the hatch.
pub(crate) fn receive<R>(serialize: impl FnOnce() -> R) -> (R, Option<Payload>) {
    HATCH.set(Hatch::Open);
    let written = serialize();
    match HATCH.take() {
        Hatch::Holds(payload) => (written, Some(payload)),
        Hatch::Closed | Hatch::Open => (written, None),
    }
}

/// Runs the deserialization of the newtype's content, with the payload in the hatch.
pub(crate) fn hand_over<R>(payload: &Payload, deserialize: impl FnOnce() -> R) -> R {
    HATCH.set(Hatch::Holds(payload.clone()));
    let read = deserialize();
    HATCH.set(Hatch::Closed);
    read
}

impl Serialize for RawValue {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_newtype_struct(NAME, &Content(&self.0))
    }
}

struct Content<'a>(&'a Payload);

impl Serialize for Content<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match HATCH.take() {
            Hatch::Open => {
                HATCH.set(Hatch::Holds(self.0.clone()));
                serializer.serialize_unit()
            }
            Hatch::Closed | Hatch::Holds(_) => Err(S::Error::custom(OUTSIDE)),
        }
    }
}

impl<'de> Deserialize<'de> for RawValue {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_newtype_struct(NAME, RawVisitor)
    }
}

struct RawVisitor;

impl<'de> Visitor<'de> for RawVisitor {
    type Value = RawValue;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a whole payload, read by a payload converter")
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(self, _content: D) -> Result<RawValue, D::Error> {
        match HATCH.take() {
            Hatch::Holds(payload) => Ok(RawValue(payload)),
            Hatch::Closed | Hatch::Open => Err(D::Error::custom(OUTSIDE)),
        }
    }
}

const OUTSIDE: &str = "a `RawValue` is a whole payload: it cannot be part of another value, nor be read or written without \
                       a payload converter";
