//! The arguments of a call: several values, each a payload of its own.

use perpetua_vocab::Payloads;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::{ConversionError, PayloadConverter, RawValue};

/// A value that can travel: whatever serde can write and read.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot travel as an argument or a result",
    label = "not both `serde::Serialize` and `serde::Deserialize`",
    note = "add `#[derive(serde::Serialize, serde::Deserialize)]` to `{Self}`"
)]
pub trait Value: Serialize + DeserializeOwned + 'static {}

#[diagnostic::do_not_recommend]
impl<T: Serialize + DeserializeOwned + 'static> Value for T {}

/// The arguments of a call, as a tuple, or as a list of [`RawValue`]s.
///
/// Reading is lenient in one direction each way, so that the two sides can be changed one after the other: what the
/// caller sent too much is passed over, and an argument it left out at the end is read as null (`None` for an `Option`).
pub trait Arguments: Sized + 'static {
    /// How many values it takes; `usize::MAX` for as many as there are.
    const COUNT: usize;

    /// One payload a value, in order.
    ///
    /// # Errors
    /// When a value cannot be encoded; the error says which.
    fn encode(&self, converter: &PayloadConverter) -> Result<Payloads, ConversionError>;

    /// The values of these payloads, in order.
    ///
    /// # Errors
    /// When a payload cannot be read as the value at its place; the error says which.
    fn decode(payloads: Payloads, converter: &PayloadConverter) -> Result<Self, ConversionError>;
}

macro_rules! tuples {
    ($($count:literal: $($value:ident $index:tt),*;)+) => {$(
        impl<$($value: Value),*> Arguments for ($($value,)*) {
            const COUNT: usize = $count;

            #[allow(unused_variables)]
            fn encode(&self, converter: &PayloadConverter) -> Result<Payloads, ConversionError> {
                Ok(vec![$(converter.encode(&self.$index).map_err(|error| error.at_argument($index, $count))?),*])
            }

            #[allow(unused_variables, unused_mut, clippy::unused_unit)]
            fn decode(payloads: Payloads, converter: &PayloadConverter) -> Result<Self, ConversionError> {
                let mut payloads = payloads.into_iter();
                Ok(($(
                    converter
                        .decode_or_absent::<$value>(payloads.next())
                        .map_err(|error| error.at_argument($index, $count))?,
                )*))
            }
        }
    )+};
}

tuples! {
    0: ;
    1: A 0;
    2: A 0, B 1;
    3: A 0, B 1, C 2;
    4: A 0, B 1, C 2, D 3;
    5: A 0, B 1, C 2, D 3, E 4;
    6: A 0, B 1, C 2, D 3, E 4, F 5;
    7: A 0, B 1, C 2, D 3, E 4, F 5, G 6;
    8: A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7;
}

/// As many as there are, of types that are known only at run time.
impl Arguments for Vec<RawValue> {
    const COUNT: usize = usize::MAX;

    fn encode(&self, _converter: &PayloadConverter) -> Result<Payloads, ConversionError> {
        Ok(self.iter().map(|raw| raw.0.clone()).collect())
    }

    fn decode(payloads: Payloads, _converter: &PayloadConverter) -> Result<Self, ConversionError> {
        Ok(payloads.into_iter().map(RawValue).collect())
    }
}
