//! What `#[derive(ApplicationError)]` generates calls of. Not for anybody else: it changes with the derive.
//!
//! The fields of a variant, without its source, are given as a list of pairs that ends with a unit:
//! `(&self.a, (&self.b, ()))` to be written, `(a, (b, ()))` when read. For
//!
//! ```text
//! #[derive(Debug, thiserror::Error, ApplicationError)]
//! enum BankError {
//!     #[error("insufficient funds: {available} of {needed}")]
//!     #[application(non_retryable)]
//!     InsufficientFunds { available: u64, needed: u64 },
//!     #[error("account {0} is closed")]
//!     Closed(String, #[source] Remote),
//!     #[error("bank is down")]
//!     #[application(next_retry_delay = "30s", type = "Down")]
//!     Unavailable,
//! }
//! ```
//!
//! the derive writes
//!
//! ```text
//! impl ApplicationError for BankError {
//!     fn describe(&self, converter: &DataConverter) -> Result<ApplicationDescription, ConversionError> {
//!         Ok(match self {
//!             Self::InsufficientFunds { available, needed } => ApplicationDescription {
//!                 non_retryable: true,
//!                 ..derive::named("InsufficientFunds", &["available", "needed"], (available, (needed, ())), converter)?
//!             },
//!             Self::Closed(account, source) => ApplicationDescription {
//!                 cause: FromCause::to_cause(source, converter),
//!                 ..derive::positional("Closed", (account, ()), converter)?
//!             },
//!             Self::Unavailable => ApplicationDescription {
//!                 next_retry_delay: Some(Duration::new(30, 0)),
//!                 ..derive::unit("Down")
//!             },
//!         })
//!     }
//!
//!     fn rebuild(remote: &RemoteApplication<'_>, converter: &DataConverter) -> Option<Self> {
//!         match remote.failure_type {
//!             "InsufficientFunds" => {
//!                 let (available, (needed, ())) = derive::read_named(remote, &["available", "needed"], converter)?;
//!                 Some(Self::InsufficientFunds { available, needed })
//!             }
//!             "Closed" => {
//!                 let (account, ()) = derive::read_positional(remote, converter)?;
//!                 Some(Self::Closed(account, FromCause::from_cause(remote.cause, converter)?))
//!             }
//!             "Down" => Some(Self::Unavailable),
//!             _ => None,
//!         }
//!     }
//!
//!     // Only where a variant has a source.
//!     fn as_canceled(&self) -> Option<&Canceled> {
//!         match self {
//!             Self::Closed(_, source) => FromCause::as_canceled(source),
//!             _ => None,
//!         }
//!     }
//! }
//! ```
//!
//! The types of the fields are never written: the compiler infers them from the variant.

use std::fmt;
use std::marker::PhantomData;

use perpetua_vocab::Payloads;
use serde::de::{DeserializeOwned, DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::ser::SerializeStruct;
use serde::{Serialize, Serializer};

use crate::payload::null;
use crate::{ApplicationDescription, ConversionError, DataConverter, RemoteApplication};

/// What the variant without fields `failure_type` says of itself.
pub fn unit(failure_type: &'static str) -> ApplicationDescription {
    ApplicationDescription { failure_type: failure_type.into(), ..ApplicationDescription::default() }
}

/// What the variant `failure_type` with these named fields says of itself: one detail, an object of the fields.
///
/// # Errors
/// When a field cannot be encoded.
pub fn named<F: WriteFields>(
    failure_type: &'static str,
    names: &'static [&'static str],
    fields: F,
    converter: &DataConverter,
) -> Result<ApplicationDescription, ConversionError> {
    let details = match F::COUNT {
        0 => None,
        _ => Some(vec![converter.payloads().encode(&Named { names, fields })?]),
    };
    Ok(ApplicationDescription { details, ..unit(failure_type) })
}

/// What the variant `failure_type` with these fields without names says of itself: one detail a field.
///
/// # Errors
/// When a field cannot be encoded.
pub fn positional<F: WriteFields>(
    failure_type: &'static str,
    fields: F,
    converter: &DataConverter,
) -> Result<ApplicationDescription, ConversionError> {
    let mut details = Payloads::with_capacity(F::COUNT);
    fields.encode_each(converter, &mut details, F::COUNT)?;
    let details = (F::COUNT > 0).then_some(details);
    Ok(ApplicationDescription { details, ..unit(failure_type) })
}

/// The fields that [`named`] wrote. What is not known is passed over, and an `Option` may be missing.
pub fn read_named<F: ReadFields>(
    remote: &RemoteApplication<'_>,
    names: &'static [&'static str],
    converter: &DataConverter,
) -> Option<F> {
    let seed = NamedSeed { names, fields: PhantomData };
    match remote.details.first() {
        Some(detail) => converter.payloads().decode_seed(detail, seed).ok(),
        None => converter.payloads().decode_seed(&null(), seed).ok(),
    }
}

/// The fields that [`positional`] wrote. What there is too much is passed over, and an `Option` may be missing.
pub fn read_positional<F: ReadFields>(remote: &RemoteApplication<'_>, converter: &DataConverter) -> Option<F> {
    F::decode_each(remote, 0, converter)
}

/// The first detail.
pub fn read_one_detail<T: DeserializeOwned>(remote: &RemoteApplication<'_>, converter: &DataConverter) -> Option<T> {
    read_nth_detail(remote, 0, converter)
}

/// One of the details; where there is none, null.
pub fn read_nth_detail<T: DeserializeOwned>(
    remote: &RemoteApplication<'_>,
    index: usize,
    converter: &DataConverter,
) -> Option<T> {
    converter.payloads().decode_or_absent(remote.details.get(index).cloned()).ok()
}

/// Fields to be written: `()`, or a reference to the first and the others.
pub trait WriteFields {
    /// How many there are.
    const COUNT: usize;

    /// Writes them under these names.
    ///
    /// # Errors
    /// When one of them cannot be written.
    fn write<S: SerializeStruct>(&self, names: &[&'static str], to: &mut S) -> Result<(), S::Error>;

    /// Encodes each to a payload; `count` is how many the whole list has.
    ///
    /// # Errors
    /// When one of them cannot be encoded.
    fn encode_each(&self, converter: &DataConverter, to: &mut Payloads, count: usize) -> Result<(), ConversionError>;
}

impl WriteFields for () {
    const COUNT: usize = 0;

    fn write<S: SerializeStruct>(&self, _names: &[&'static str], _to: &mut S) -> Result<(), S::Error> {
        Ok(())
    }

    fn encode_each(&self, _: &DataConverter, _: &mut Payloads, _: usize) -> Result<(), ConversionError> {
        Ok(())
    }
}

impl<T: Serialize + ?Sized, R: WriteFields> WriteFields for (&T, R) {
    const COUNT: usize = 1 + R::COUNT;

    fn write<S: SerializeStruct>(&self, names: &[&'static str], to: &mut S) -> Result<(), S::Error> {
        let [name, names @ ..] = names else { return Ok(()) };
        to.serialize_field(name, self.0)?;
        self.1.write(names, to)
    }

    fn encode_each(&self, converter: &DataConverter, to: &mut Payloads, count: usize) -> Result<(), ConversionError> {
        let index = to.len();
        to.push(converter.payloads().encode(self.0).map_err(|error| error.at_argument(index, count))?);
        self.1.encode_each(converter, to, count)
    }
}

struct Named<F> {
    names: &'static [&'static str],
    fields: F,
}

impl<F: WriteFields> Serialize for Named<F> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut fields = serializer.serialize_struct("Fields", F::COUNT)?;
        self.fields.write(self.names, &mut fields)?;
        fields.end()
    }
}

/// Fields that can be read: `()`, or the first and the others.
pub trait ReadFields: Sized {
    /// The same while they are being read.
    #[doc(hidden)]
    type Slots: Default;

    /// Reads the value of the field with this index.
    #[doc(hidden)]
    fn fill<'de, M: MapAccess<'de>>(slots: &mut Self::Slots, index: usize, map: &mut M) -> Result<(), M::Error>;

    /// Reads the fields where they have no names.
    #[doc(hidden)]
    fn read_in_order<'de, S: SeqAccess<'de>>(slots: &mut Self::Slots, fields: &mut S) -> Result<(), S::Error>;

    /// The fields, if none is missing.
    #[doc(hidden)]
    fn finish<E: serde::de::Error>(slots: Self::Slots, names: &'static [&'static str]) -> Result<Self, E>;

    /// Reads each from a detail of its own.
    #[doc(hidden)]
    fn decode_each(remote: &RemoteApplication<'_>, index: usize, converter: &DataConverter) -> Option<Self>;
}

impl ReadFields for () {
    type Slots = ();

    fn fill<'de, M: MapAccess<'de>>((): &mut (), _index: usize, map: &mut M) -> Result<(), M::Error> {
        map.next_value::<IgnoredAny>().map(drop)
    }

    fn read_in_order<'de, S: SeqAccess<'de>>((): &mut (), fields: &mut S) -> Result<(), S::Error> {
        while fields.next_element::<IgnoredAny>()?.is_some() {}
        Ok(())
    }

    fn finish<E: serde::de::Error>((): (), _names: &'static [&'static str]) -> Result<Self, E> {
        Ok(())
    }

    fn decode_each(_remote: &RemoteApplication<'_>, _index: usize, _converter: &DataConverter) -> Option<Self> {
        Some(())
    }
}

impl<T: DeserializeOwned, R: ReadFields> ReadFields for (T, R) {
    type Slots = (Option<T>, R::Slots);

    fn fill<'de, M: MapAccess<'de>>(slots: &mut Self::Slots, index: usize, map: &mut M) -> Result<(), M::Error> {
        match index {
            0 => slots.0 = Some(map.next_value()?),
            _ => R::fill(&mut slots.1, index - 1, map)?,
        }
        Ok(())
    }

    fn read_in_order<'de, S: SeqAccess<'de>>(slots: &mut Self::Slots, fields: &mut S) -> Result<(), S::Error> {
        slots.0 = fields.next_element()?;
        R::read_in_order(&mut slots.1, fields)
    }

    fn finish<E: serde::de::Error>(slots: Self::Slots, names: &'static [&'static str]) -> Result<Self, E> {
        let (name, names) = names.split_first().ok_or_else(|| E::custom("a field has no name"))?;
        let value = match slots.0 {
            Some(value) => value,
            None => T::deserialize(Absent { field: name, error: PhantomData })?,
        };
        Ok((value, R::finish(slots.1, names)?))
    }

    fn decode_each(remote: &RemoteApplication<'_>, index: usize, converter: &DataConverter) -> Option<Self> {
        Some((read_nth_detail(remote, index, converter)?, R::decode_each(remote, index + 1, converter)?))
    }
}

/// A field that is not there: an `Option` is then `None`.
struct Absent<E> {
    field: &'static str,
    error: PhantomData<E>,
}

impl<'de, E: serde::de::Error> Deserializer<'de> for Absent<E> {
    type Error = E;

    fn deserialize_any<V: Visitor<'de>>(self, _visitor: V) -> Result<V::Value, E> {
        Err(E::missing_field(self.field))
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, E> {
        visitor.visit_none()
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct
        newtype_struct seq tuple tuple_struct map struct enum identifier ignored_any
    }
}

struct NamedSeed<F> {
    names: &'static [&'static str],
    fields: PhantomData<F>,
}

impl<'de, F: ReadFields> DeserializeSeed<'de> for NamedSeed<F> {
    type Value = F;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<F, D::Error> {
        deserializer.deserialize_struct("Fields", self.names, self)
    }
}

impl<'de, F: ReadFields> Visitor<'de> for NamedSeed<F> {
    type Value = F;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object of the error's fields")
    }

    fn visit_unit<E: serde::de::Error>(self) -> Result<F, E> {
        F::finish(F::Slots::default(), self.names)
    }

    fn visit_seq<S: SeqAccess<'de>>(self, mut fields: S) -> Result<F, S::Error> {
        let mut slots = F::Slots::default();
        F::read_in_order(&mut slots, &mut fields)?;
        F::finish(slots, self.names)
    }

    fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<F, M::Error> {
        let mut slots = F::Slots::default();
        while let Some(index) = map.next_key_seed(NameSeed(self.names))? {
            F::fill(&mut slots, index, &mut map)?;
        }
        F::finish(slots, self.names)
    }
}

/// Reads the name of a field as its index; what is not known gets the index after the last.
struct NameSeed(&'static [&'static str]);

impl<'de> DeserializeSeed<'de> for NameSeed {
    type Value = usize;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<usize, D::Error> {
        deserializer.deserialize_identifier(self)
    }
}

impl Visitor<'_> for NameSeed {
    type Value = usize;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the name of a field")
    }

    fn visit_str<E: serde::de::Error>(self, name: &str) -> Result<usize, E> {
        Ok(self.0.iter().position(|known| *known == name).unwrap_or(self.0.len()))
    }
}
