//! The memo of a workflow: values shown with it, which cannot be searched for.

use std::fmt;

use perpetua_vocab::{Fields, Payload};
use serde::Serialize;

use crate::{ConversionError, PayloadConverter, Value};

/// The memo of a workflow, as it was when it was asked for.
#[derive(Clone, Debug, Default)]
pub struct Memo {
    fields: Fields,
    converter: PayloadConverter,
}

impl Memo {
    /// A memo of these payloads, codecs undone.
    pub fn new(fields: Fields, converter: PayloadConverter) -> Self {
        Self { fields, converter }
    }

    /// A value; none if there is none of this name.
    ///
    /// # Errors
    /// When it is not a `T`.
    pub fn get<T: Value>(&self, key: &str) -> Result<Option<T>, ConversionError> {
        self.fields.get(key).map(|payload| self.converter.decode(payload)).transpose()
    }

    /// The names of the values, in order.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        self.fields.keys().map(String::as_str)
    }

    /// The values as payloads, by name.
    pub fn fields(&self) -> &Fields {
        &self.fields
    }
}

/// A change of one value of a memo.
///
/// ```
/// use perpetua_convert::MemoUpdate;
///
/// let changes = [MemoUpdate::set("status", "packed"), MemoUpdate::set("parcels", 3), MemoUpdate::unset("draft")];
/// # let _ = changes;
/// ```
#[must_use = "it changes nothing until it is given to whoever upserts it"]
pub struct MemoUpdate {
    key: String,
    value: Option<Box<dyn Encode>>,
}

/// A value whose type is forgotten.
trait Encode {
    fn encode(&self, converter: &PayloadConverter) -> Result<Payload, ConversionError>;
}

impl<T: Serialize> Encode for T {
    fn encode(&self, converter: &PayloadConverter) -> Result<Payload, ConversionError> {
        converter.encode(self)
    }
}

impl MemoUpdate {
    /// The change that gives a value. `None` and `()` are no values: they take it away.
    pub fn set(key: impl Into<String>, value: impl Serialize + 'static) -> Self {
        Self { key: key.into(), value: Some(Box::new(value)) }
    }

    /// The change that takes a value away.
    pub fn unset(key: impl Into<String>) -> Self {
        Self { key: key.into(), value: None }
    }

    /// The name and the value to send; null where it is taken away.
    ///
    /// # Errors
    /// As [`PayloadConverter::encode`].
    pub fn into_field(self, converter: &PayloadConverter) -> Result<(String, Payload), ConversionError> {
        let payload = self.value.map_or_else(|| Ok(Payload::null()), |value| value.encode(converter))?;
        Ok((self.key, payload))
    }
}

impl fmt::Debug for MemoUpdate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoUpdate").field("key", &self.key).field("unset", &self.value.is_none()).finish()
    }
}
