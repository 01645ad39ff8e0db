//! Conditions, and whether something fulfills them. As in SQL, what is compared with nothing is neither true nor false.

use std::borrow::Cow;
use std::cmp::Ordering;

use super::value::{Attributes, Value};
use super::words;

/// A condition.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Filter {
    And(Vec<Self>),
    Or(Vec<Self>),
    Not(Box<Self>),
    /// What an attribute must be.
    Test(String, Test),
}

/// What an attribute must be.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Test {
    Nothing,
    Ordered(Order, Value<'static>),
    Among(Vec<Value<'static>>),
    Between(Value<'static>, Value<'static>),
    StartsWith(String),
    /// A text with one of these.
    Phrases(Vec<Vec<String>>),
    /// A list with one of these.
    Has(Vec<String>),
    /// The opposite of another test.
    Opposite(Box<Self>),
}

/// How a value is to compare with another.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Order {
    Equal,
    Unequal,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

impl Order {
    fn allows(self, order: Ordering) -> bool {
        match self {
            Self::Equal => order.is_eq(),
            Self::Unequal => order.is_ne(),
            Self::Less => order.is_lt(),
            Self::LessOrEqual => order.is_le(),
            Self::Greater => order.is_gt(),
            Self::GreaterOrEqual => order.is_ge(),
        }
    }
}

impl Filter {
    /// Whether something fulfills the condition; none if that cannot be said.
    pub(super) fn holds(&self, of: &impl Attributes) -> Option<bool> {
        match self {
            Self::And(parts) => all(parts.iter().map(|part| part.holds(of)), true),
            Self::Or(parts) => all(parts.iter().map(|part| part.holds(of)), false),
            Self::Not(inner) => inner.holds(of).map(|holds| !holds),
            Self::Test(name, test) => test.holds(of.value(name).as_ref()),
        }
    }

    /// Whether an attribute is spoken of anywhere.
    pub(super) fn speaks_of(&self, attribute: &str) -> bool {
        match self {
            Self::And(parts) | Self::Or(parts) => parts.iter().any(|part| part.speaks_of(attribute)),
            Self::Not(inner) => inner.speaks_of(attribute),
            Self::Test(name, _) => name == attribute,
        }
    }

    /// The values of which an attribute must have one, if the condition says so plainly.
    pub(super) fn only(&self, attribute: &str) -> Option<Vec<&Value<'static>>> {
        match self {
            Self::And(parts) => parts.iter().find_map(|part| part.only(attribute)),
            Self::Test(name, Test::Ordered(Order::Equal, value)) if name == attribute => Some(vec![value]),
            Self::Test(name, Test::Among(values)) if name == attribute => Some(values.iter().collect()),
            _ => None,
        }
    }
}

/// With `all`, whether all parts hold, else whether one does.
fn all(parts: impl Iterator<Item = Option<bool>>, all: bool) -> Option<bool> {
    let mut result = Some(all);
    for part in parts {
        match part {
            Some(holds) if holds != all => return Some(!all),
            None => result = None,
            Some(_) => {}
        }
    }
    result
}

impl Test {
    fn holds(&self, value: Option<&Value<'_>>) -> Option<bool> {
        match self {
            Self::Nothing => Some(value.is_none()),
            // Whether a list or a text has a part can be said of one that is not there, too.
            Self::Has(wanted) => Some(value.is_some_and(|value| has(value, wanted))),
            Self::Phrases(phrases) => Some(matches!(value, Some(Value::Text(text)) if words::has_one(text, phrases))),
            Self::Opposite(test) => test.holds(value).map(|holds| !holds),
            Self::Ordered(order, other) => value?.order(other).map(|found| order.allows(found)),
            Self::Among(values) => {
                let value = value?;
                Some(values.iter().any(|other| value.order(other).is_some_and(Ordering::is_eq)))
            }
            Self::Between(low, high) => {
                let value = value?;
                Some(value.order(low)?.is_ge() && value.order(high)?.is_le())
            }
            Self::StartsWith(start) => match value? {
                Value::Text(text) => Some(starts_with(text, start)),
                _ => None,
            },
        }
    }
}

fn has(value: &Value<'_>, wanted: &[String]) -> bool {
    let is_wanted = |text: &Cow<'_, str>| wanted.iter().any(|wanted| wanted.eq_ignore_ascii_case(text));
    match value {
        Value::Texts(texts) => texts.iter().any(is_wanted),
        Value::Text(text) => is_wanted(text),
        _ => false,
    }
}

fn starts_with(text: &str, start: &str) -> bool {
    text.as_bytes().get(..start.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(start.as_bytes()))
}
