//! The arguments of a call whose types are known only at run time.

use perpetua_vocab::Payloads;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::{Arguments, ConversionError, PayloadConverter, RawValue};

/// The arguments of a call whose types are known only at run time: what a dynamic workflow, activity or handler takes.
///
/// It knows the converter that it was read with, so that values can be read from it and written for the answer.
///
/// ```
/// use perpetua_convert::{PayloadConverter, RawArguments};
///
/// let converter = PayloadConverter::default();
/// let arguments = RawArguments::encode(&("Ann".to_owned(), 3), &converter)?;
/// assert_eq!(arguments.len(), 2);
/// assert_eq!(arguments.get::<u32>(1)?, 3);
/// assert_eq!(arguments.decode::<(String, u32)>()?, ("Ann".to_owned(), 3));
/// # Ok::<(), perpetua_convert::ConversionError>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct RawArguments {
    values: Vec<RawValue>,
    converter: PayloadConverter,
}

impl RawArguments {
    /// The payloads of these values.
    ///
    /// # Errors
    /// When a value cannot be encoded; the error says which.
    pub fn encode<I: Arguments>(arguments: &I, converter: &PayloadConverter) -> Result<Self, ConversionError> {
        let payloads = Arguments::encode(arguments, converter)?;
        Arguments::decode(payloads, converter)
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.values.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// The payloads, in order.
    pub fn values(&self) -> &[RawValue] {
        &self.values
    }

    /// The payloads, in order, given up.
    pub fn into_values(self) -> Vec<RawValue> {
        self.values
    }

    /// The argument at this place, from 0. One that was left out is read as null (`None` for an `Option`).
    ///
    /// # Errors
    /// When it is missing, or is not a `T`; the error says which argument it is.
    pub fn get<T: DeserializeOwned>(&self, index: usize) -> Result<T, ConversionError> {
        let payload = self.values.get(index).map(|raw| raw.0.clone());
        self.converter.decode_or_absent(payload).map_err(|error| error.at_argument(index, self.len().max(index + 1)))
    }

    /// All of them, as a tuple.
    ///
    /// # Errors
    /// As [`get`](Self::get).
    pub fn decode<I: Arguments>(&self) -> Result<I, ConversionError> {
        let payloads = self.values.iter().map(|raw| raw.0.clone()).collect();
        I::decode(payloads, &self.converter)
    }

    /// A value as a payload, for an answer whose type is known only at run time.
    ///
    /// # Errors
    /// When the value cannot be encoded.
    pub fn answer<T: Serialize + ?Sized>(&self, value: &T) -> Result<RawValue, ConversionError> {
        RawValue::encode(value, &self.converter)
    }
}

impl Arguments for RawArguments {
    const COUNT: usize = usize::MAX;

    fn encode(&self, _converter: &PayloadConverter) -> Result<Payloads, ConversionError> {
        Ok(self.values.iter().map(|raw| raw.0.clone()).collect())
    }

    fn decode(payloads: Payloads, converter: &PayloadConverter) -> Result<Self, ConversionError> {
        Ok(Self { values: payloads.into_iter().map(RawValue).collect(), converter: converter.clone() })
    }
}

/// Arguments that are to be sent; reading them takes a converter for JSON.
impl From<Vec<RawValue>> for RawArguments {
    fn from(values: Vec<RawValue>) -> Self {
        Self { values, converter: PayloadConverter::default() }
    }
}
