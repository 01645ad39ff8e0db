//! Values to payloads and back.

mod decode;
mod encode;
mod error;

use std::marker::PhantomData;

use perpetua_vocab::{Payload, Payloads};
use serde::Serialize;
use serde::de::{DeserializeOwned, DeserializeSeed};

pub use error::ConversionError;

const NULL: &str = Payload::NULL;
const PLAIN: &str = "binary/plain";
const JSON: &str = "json/plain";
#[cfg(feature = "bincode")]
const BINCODE: &str = "binary/bincode";

/// What can be read, for messages.
const READABLE: &[&str] = &[
    NULL,
    PLAIN,
    JSON,
    #[cfg(feature = "bincode")]
    BINCODE,
];

/// Turns values into payloads and back, by what they look like to serde.
///
/// | the value              | encoding       | data                         |
/// |------------------------|----------------|------------------------------|
/// | `()`, `None`           | `binary/null`  | empty                        |
/// | bytes as serde has them| `binary/plain` | the bytes                    |
/// | anything else          | `json/plain`   | JSON, as `serde_json` writes |
///
/// `Some(x)` and newtypes are what they wrap. A `Vec<u8>` is a list of numbers to serde, and so it is in JSON; use
/// `bytes::Bytes` or `serde_bytes` for bytes. As in `serde_json`, a number that is not finite is written as null.
///
/// Reading goes by the encoding that the payload names, whatever this converter writes.
///
/// ```
/// use perpetua_convert::PayloadConverter;
///
/// let converter = PayloadConverter::default();
/// let payload = converter.encode(&("Ann", Some(3)))?;
/// assert_eq!(payload.encoding(), Some("json/plain"));
/// assert_eq!(&payload.data[..], br#"["Ann",3]"#);
/// assert_eq!(converter.decode::<(String, u8)>(&payload)?, ("Ann".to_owned(), 3));
/// # Ok::<(), perpetua_convert::ConversionError>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct PayloadConverter {
    structured: Structured,
}

/// How values are written that are neither null nor bytes.
#[derive(Clone, Copy, Debug, Default)]
enum Structured {
    #[default]
    Json,
    #[cfg(feature = "bincode")]
    Bincode,
}

impl PayloadConverter {
    /// Writes `binary/bincode` instead of JSON: smaller and faster, but only Rust code with the same types can read it,
    /// fields can be neither added nor removed, and tools cannot show it.
    #[cfg(feature = "bincode")]
    pub fn bincode() -> Self {
        Self { structured: Structured::Bincode }
    }

    /// The payload of a value.
    ///
    /// # Errors
    /// When the value's type refuses, or JSON cannot express it, such as a map whose keys are not text.
    pub fn encode<T: Serialize + ?Sized>(&self, value: &T) -> Result<Payload, ConversionError> {
        let written = match self.structured {
            Structured::Json => encode::json(value),
            #[cfg(feature = "bincode")]
            Structured::Bincode => encode::bincode(value),
        };
        written.map_err(|source| ConversionError::unencodable::<T>(source))
    }

    /// The value of a payload.
    ///
    /// # Errors
    /// When the payload's encoding is unknown, or what it holds is not a `T`.
    pub fn decode<T: DeserializeOwned>(&self, payload: &Payload) -> Result<T, ConversionError> {
        self.decode_seed(payload, PhantomData::<T>)
    }

    /// The value of a payload that may have been left out, which is read as null.
    ///
    /// # Errors
    /// As [`decode`](Self::decode); for a payload that was left out, the error says that the argument is missing.
    pub fn decode_or_absent<T: DeserializeOwned>(&self, payload: Option<Payload>) -> Result<T, ConversionError> {
        match payload {
            Some(payload) => self.decode(&payload),
            None => self.decode(&null()).map_err(ConversionError::into_missing),
        }
    }

    /// The value of a result: the first payload, or null if there is none.
    ///
    /// # Errors
    /// As [`decode`](Self::decode); where there is no payload, the error says that the value is missing.
    pub fn decode_result<T: DeserializeOwned>(&self, payloads: Option<Payloads>) -> Result<T, ConversionError> {
        self.decode_or_absent(payloads.into_iter().flatten().next())
    }

    /// Like [`decode`](Self::decode), for a value that needs more than its type to be read.
    pub(crate) fn decode_seed<'de, S: DeserializeSeed<'de>>(
        &self,
        payload: &'de Payload,
        seed: S,
    ) -> Result<S::Value, ConversionError> {
        decode::read(payload, seed).map_err(|problem| ConversionError::unreadable::<S::Value>(payload, problem))
    }
}

pub(crate) fn null() -> Payload {
    Payload::null()
}

/// Limits what a length that was read may claim, so that bytes from outside cannot ask for all memory.
#[cfg(feature = "bincode")]
fn bincode_config() -> impl bincode::config::Config {
    bincode::config::standard().with_limit::<{ 256 << 20 }>()
}
