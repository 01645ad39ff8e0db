//! What things have under a name, and how it is compared.

use std::borrow::Cow;
use std::cmp::Ordering;

use perpetua_proto::common::Payload;
use perpetua_proto::enums::IndexedValueType;
use serde_json::Value as Json;

use super::datetime;
use crate::Time;

/// Something that can be listed.
pub(crate) trait Attributes {
    /// What it has under this name; none for nothing.
    fn value(&self, name: &str) -> Option<Value<'_>>;
}

/// A value of an attribute.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Value<'a> {
    Text(Cow<'a, str>),
    /// Also a status, by its number, and a duration, in nanoseconds.
    Int(i64),
    Double(f64),
    Bool(bool),
    Time(Time),
    Texts(Vec<Cow<'a, str>>),
}

impl<'a> Value<'a> {
    /// A text.
    pub(crate) fn text(text: &'a str) -> Option<Self> {
        Some(Self::Text(Cow::Borrowed(text)))
    }

    /// A time that is stored as a number, where 0 is none.
    pub(crate) fn time(nanos: i64) -> Option<Self> {
        crate::time::stored(nanos).map(Self::Time)
    }

    /// What the payload of a search attribute says, if it can be read as of this type.
    pub(crate) fn of(payload: &Payload, kind: IndexedValueType) -> Option<Value<'static>> {
        let json: Json = serde_json::from_slice(&payload.data).ok()?;
        Self::of_json(json, kind)
    }

    fn of_json(json: Json, kind: IndexedValueType) -> Option<Value<'static>> {
        use IndexedValueType as Kind;
        match (kind, json) {
            (Kind::KeywordList, Json::Array(items)) => {
                let text = |item| if let Json::String(text) = item { Some(Cow::Owned(text)) } else { None };
                items.into_iter().map(text).collect::<Option<_>>().map(Value::Texts)
            }
            // A list of one stands for what is in it.
            (kind, Json::Array(mut items)) if items.len() == 1 => Self::of_json(items.pop()?, kind),
            (Kind::KeywordList, Json::String(text)) => Some(Value::Texts(vec![Cow::Owned(text)])),
            (Kind::Text | Kind::Keyword, Json::String(text)) => Some(Value::Text(Cow::Owned(text))),
            (Kind::Int, Json::Number(number)) => number.as_i64().map(Value::Int),
            (Kind::Double, Json::Number(number)) => number.as_f64().map(Value::Double),
            (Kind::Bool, Json::Bool(value)) => Some(Value::Bool(value)),
            (Kind::Datetime, Json::String(text)) => datetime::time(&text).map(Value::Time),
            _ => None,
        }
    }

    /// How two values are ordered; none if they cannot be.
    pub(super) fn order(&self, other: &Self) -> Option<Ordering> {
        match (self, other) {
            (Self::Text(own), Self::Text(other)) => Some(own.cmp(other)),
            (Self::Int(own), Self::Int(other)) => Some(own.cmp(other)),
            (Self::Bool(own), Self::Bool(other)) => Some(own.cmp(other)),
            // Lists show times to the microsecond, and who asks has them from there.
            (Self::Time(own), Self::Time(other)) => Some((own.nanos() / 1000).cmp(&(other.nanos() / 1000))),
            _ => self.number()?.partial_cmp(&other.number()?),
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "who compares whole numbers with others knows")]
    fn number(&self) -> Option<f64> {
        match self {
            Self::Int(value) => Some(*value as f64),
            Self::Double(value) => Some(*value),
            _ => None,
        }
    }
}
