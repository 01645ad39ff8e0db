//! The kinds of search attributes, and their values.

use std::error::Error;
use std::time::SystemTime;

use perpetua_vocab::Payload;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value as Json;

use super::time;
use crate::ConversionError;

/// The metadata key under which the server reads a value's kind.
const TYPE: &str = "type";

/// A kind of search attribute: [`Bool`], [`Datetime`], [`Double`], [`Int`], [`Keyword`], [`KeywordList`] or [`Text`].
pub trait SearchAttributeKind: sealed::Kind<Self::Value> + 'static {
    /// The type of its values.
    type Value: 'static;
    /// What the server calls it.
    const NAME: &'static str;
}

/// Something that is a value of a search attribute of the kind `K`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no value of a search attribute of the kind `{K}`",
    label = "not a value of the kind `{K}`",
    note = "`Bool` takes `bool`, `Datetime` `SystemTime`, `Double` `f64`, `Int` `i64`, `Keyword` and `Text` text, \
            `KeywordList` a list of texts; smaller numbers are fine"
)]
pub trait SearchAttributeValue<K: SearchAttributeKind> {
    /// The value in the type that the kind has for it.
    fn into_value(self) -> K::Value;
}

mod sealed {
    use serde_json::Value as Json;

    /// How a kind's values are written in JSON and read; none where that is not possible.
    pub trait Kind<V> {
        fn to_json(value: V) -> Option<Json>;
        fn from_json(json: Json) -> Option<V>;
    }
}

macro_rules! kinds {
    ($($(#[$doc:meta])* $kind:ident is $value:ty, from $from:path;)+) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug)]
        pub enum $kind {}

        impl SearchAttributeKind for $kind {
            type Value = $value;
            const NAME: &'static str = stringify!($kind);
        }

        impl<T: $from> SearchAttributeValue<$kind> for T {
            fn into_value(self) -> $value {
                self.into()
            }
        }
    )+};
}

kinds! {
    /// True or false.
    Bool is bool, from Into<bool>;
    /// A point in time.
    Datetime is SystemTime, from Into<SystemTime>;
    /// A number with a fraction.
    Double is f64, from Into<f64>;
    /// A whole number.
    Int is i64, from Into<i64>;
    /// A text, found as a whole.
    Keyword is String, from Into<String>;
    /// A text, found by its words.
    Text is String, from Into<String>;
}

/// Several texts, each found as a whole.
#[derive(Clone, Copy, Debug)]
pub enum KeywordList {}

impl SearchAttributeKind for KeywordList {
    type Value = Vec<String>;
    const NAME: &'static str = "KeywordList";
}

impl<I: IntoIterator<Item: Into<String>>> SearchAttributeValue<KeywordList> for I {
    fn into_value(self) -> Vec<String> {
        self.into_iter().map(Into::into).collect()
    }
}

/// Kinds whose values are the same in JSON.
macro_rules! plain {
    ($($kind:ident)+) => {$(
        impl sealed::Kind<<$kind as SearchAttributeKind>::Value> for $kind {
            fn to_json(value: <$kind as SearchAttributeKind>::Value) -> Option<Json> {
                to_json(&value)
            }

            fn from_json(json: Json) -> Option<<$kind as SearchAttributeKind>::Value> {
                from_json(json)
            }
        }
    )+};
}

plain! { Bool Int Keyword Text }

fn to_json<T: Serialize>(value: &T) -> Option<Json> {
    serde_json::to_value(value).ok()
}

fn from_json<T: DeserializeOwned>(json: Json) -> Option<T> {
    serde_json::from_value(json).ok()
}

impl sealed::Kind<f64> for Double {
    fn to_json(value: f64) -> Option<Json> {
        serde_json::Number::from_f64(value).map(Json::Number)
    }

    fn from_json(json: Json) -> Option<f64> {
        json.as_f64()
    }
}

impl sealed::Kind<SystemTime> for Datetime {
    fn to_json(value: SystemTime) -> Option<Json> {
        time::write(value).map(Json::String)
    }

    fn from_json(json: Json) -> Option<SystemTime> {
        time::read(json.as_str()?)
    }
}

impl sealed::Kind<Vec<String>> for KeywordList {
    fn to_json(value: Vec<String>) -> Option<Json> {
        to_json(&value)
    }

    fn from_json(json: Json) -> Option<Vec<String>> {
        match json {
            Json::String(one) => Some(vec![one]),
            json => from_json(json),
        }
    }
}

/// The payload of a value.
pub(super) fn write<K: SearchAttributeKind>(name: &str, value: K::Value) -> Result<Payload, ConversionError> {
    let impossible = || {
        let problem = format!("search attribute `{name}`: there is no such {} in JSON", K::NAME);
        ConversionError::unencodable::<K::Value>(problem.into())
    };
    let json = <K as sealed::Kind<K::Value>>::to_json(value).ok_or_else(impossible)?;
    let data = serde_json::to_vec(&json).map_err(|error| ConversionError::unencodable::<K::Value>(error.into()))?;
    let mut payload = Payload::encoded("json/plain", data);
    payload.metadata.insert(TYPE, K::NAME.into());
    Ok(payload)
}

/// The value of a payload; none where it stands for nothing. Clients that do not know kinds send one value as a list.
pub(super) fn read<K: SearchAttributeKind>(name: &str, payload: &Payload) -> Result<Option<K::Value>, ConversionError> {
    if payload.is_null() {
        return Ok(None);
    }
    let refused = |problem: Box<dyn Error + Send + Sync>| ConversionError::refused::<K::Value>(payload, problem);
    let json: Json = serde_json::from_slice(&payload.data).map_err(|error| refused(error.into()))?;
    let json = match json {
        Json::Null => return Ok(None),
        Json::Array(values) if values.is_empty() => return Ok(None),
        Json::Array(mut values) if values.len() == 1 && K::NAME != KeywordList::NAME => values.remove(0),
        json => json,
    };
    let text = json.to_string();
    match <K as sealed::Kind<K::Value>>::from_json(json) {
        Some(value) => Ok(Some(value)),
        None => Err(refused(format!("search attribute `{name}` is no {}: {text}", K::NAME).into())),
    }
}
