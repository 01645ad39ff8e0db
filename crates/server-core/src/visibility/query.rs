//! Queries: what they say is checked against what is known of the things that are listed.

use std::collections::BTreeMap;

use perpetua_proto::enums::IndexedValueType as Kind;

use super::datetime;
use super::filter::{Filter, Order, Test};
use super::grammar::{Expression, Malformed, SELECT, SELECT_FORM, parse};
use super::value::{Attributes, Value};
use super::words::phrases;
use crate::{Answer, Refusal, Time};

/// What is known of the things that are listed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Schema<'a> {
    /// The types of attributes that every such thing may have.
    pub(crate) system: &'a [(&'a str, Kind)],
    /// The types of those that were added to the namespace.
    pub(crate) custom: &'a BTreeMap<String, i32>,
    /// The names of what `ExecutionStatus` can be, and their numbers.
    pub(crate) statuses: &'a [(&'a str, i32)],
}

impl Schema<'_> {
    /// The type of an attribute.
    pub(crate) fn kind(&self, name: &str) -> Option<Kind> {
        let custom = || self.custom.get(name).and_then(|kind| Kind::try_from(*kind).ok());
        let system = self.system.iter().find(|(known, _)| *known == name).map(|(_, kind)| *kind);
        system.or_else(custom)
    }
}

/// What is asked for.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Query {
    filter: Option<Filter>,
    /// The attribute whose values are counted one by one; it can only be `ExecutionStatus`.
    pub(crate) group_by: Option<String>,
}

impl Query {
    /// Reads a query.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(crate) fn parse(text: &str, schema: &Schema<'_>) -> Answer<Self> {
        checked(text, schema).map_err(|Malformed(problem)| Refusal::invalid(format!("invalid query: {problem}")))
    }

    /// Whether it asks for this.
    pub(crate) fn matches(&self, of: &impl Attributes) -> bool {
        self.filter.as_ref().is_none_or(|filter| filter.holds(of) == Some(true))
    }

    /// Whether an attribute is spoken of anywhere.
    pub(crate) fn speaks_of(&self, attribute: &str) -> bool {
        self.filter.as_ref().is_some_and(|filter| filter.speaks_of(attribute))
    }

    /// The values of which an attribute must have one, if the query says so plainly.
    pub(crate) fn only(&self, attribute: &str) -> Option<Vec<&Value<'static>>> {
        self.filter.as_ref()?.only(attribute)
    }
}

/// Checks that a text has the form of a query, whatever it speaks of.
///
/// # Errors
/// Where it has not.
pub(crate) fn check_form(text: &str) -> Result<(), String> {
    let problem = |Malformed(problem)| match problem.strip_prefix("malformed SQL query: ") {
        Some(place) => place.to_owned(),
        None => problem,
    };
    parse(text.trim(), SELECT_FORM).map(drop).map_err(problem)
}

fn checked(text: &str, schema: &Schema<'_>) -> Result<Query, Malformed> {
    let parsed = parse(text.trim(), SELECT)?;
    let filter = parsed.condition.as_ref().map(|condition| filter(condition, schema)).transpose()?;
    let group_by = match parsed.group_by.as_slice() {
        [] => None,
        [only] => {
            let (name, _) = attribute(only, schema)?;
            if name != "ExecutionStatus" {
                return unsupported(format!("'GROUP BY' clause is not supported for search attribute {name}"));
            }
            Some(name.to_owned())
        }
        _ => return unsupported("'GROUP BY' clause supports only a single field"),
    };
    if parsed.ordered {
        return unsupported("'ORDER BY' clause");
    }
    if parsed.limited {
        return unsupported("'LIMIT' clause");
    }
    Ok(Query { filter, group_by })
}

fn unsupported<T>(what: impl AsRef<str>) -> Result<T, Malformed> {
    Err(Malformed(format!("operation is not supported: {}", what.as_ref())))
}

fn invalid<T>(why: impl AsRef<str>) -> Result<T, Malformed> {
    Err(Malformed(format!("invalid expression: {}", why.as_ref())))
}

fn filter(expression: &Expression, schema: &Schema<'_>) -> Result<Filter, Malformed> {
    let all = |parts: &[Expression]| parts.iter().map(|part| filter(part, schema)).collect::<Result<Vec<_>, _>>();
    match expression {
        Expression::And(parts) => all(parts).map(Filter::And),
        Expression::Or(parts) => all(parts).map(Filter::Or),
        Expression::Not(inner) => Ok(Filter::Not(Box::new(filter(inner, schema)?))),
        Expression::Parenthesis(inner) => filter(inner, schema),
        Expression::Comparison { left, operator, right } => {
            let (name, kind) = attribute(left, schema)?;
            let test = Subject { name, kind, schema }.compared(operator, right)?;
            Ok(Filter::Test(name.to_owned(), test))
        }
        Expression::Range { left, outside, low, high } => {
            let (name, kind) = attribute(left, schema)?;
            if matches!(kind, Kind::Bool | Kind::Text | Kind::KeywordList) {
                let kind = kind_name(kind);
                return invalid(format!("cannot do range condition on search attribute '{name}' of type {kind}"));
            }
            let subject = Subject { name, kind, schema };
            let test = Test::Between(subject.value(low)?, subject.value(high)?);
            Ok(Filter::Test(name.to_owned(), opposite(*outside, test)))
        }
        Expression::Is(left, what) => {
            let (name, _) = attribute(left, schema)?;
            if !what.ends_with("null") {
                return invalid("'IS' operator can only be used as 'IS NULL' or 'IS NOT NULL'");
            }
            Ok(Filter::Test(name.to_owned(), opposite(what.starts_with("not"), Test::Nothing)))
        }
        Expression::Name(_) => invalid("incomplete expression"),
        Expression::Function => unsupported("function expression"),
        other => unsupported(format!("expression of type {}", other.kind())),
    }
}

fn opposite(opposite: bool, test: Test) -> Test {
    if opposite { Test::Opposite(Box::new(test)) } else { test }
}

/// The attribute that an expression names, with its type.
fn attribute<'e>(expression: &'e Expression, schema: &Schema<'_>) -> Result<(&'e str, Kind), Malformed> {
    let Expression::Name(name) = expression else {
        return invalid(format!("must be a column name but was {}", expression.kind()));
    };
    match schema.kind(name) {
        Some(kind) => Ok((name, kind)),
        None => Err(Malformed(format!("invalid search attribute: {name}"))),
    }
}

/// What types are called in refusals.
fn kind_name(kind: Kind) -> &'static str {
    crate::search_attributes::type_name(kind)
}

/// A literal, before it is known what it is compared with.
enum Literal<'e> {
    Text(&'e str),
    Int(i64),
    Double(f64),
    Bool(bool),
}

impl Literal<'_> {
    fn described(&self) -> String {
        match self {
            Self::Text(text) => format!("{text:?} (type: string)"),
            Self::Int(value) => format!("{value} (type: int64)"),
            Self::Double(value) => format!("{value} (type: float64)"),
            Self::Bool(value) => format!("{value} (type: bool)"),
        }
    }
}

fn literal(expression: &Expression) -> Result<Literal<'_>, Malformed> {
    match expression {
        Expression::Text(text) => Ok(Literal::Text(text)),
        Expression::Bool(value) => Ok(Literal::Bool(*value)),
        Expression::Number(number) => {
            let unreadable = || Malformed(format!("invalid expression: unable to parse value \"{number}\""));
            if let Ok(value) = number.parse() {
                return Ok(Literal::Int(value));
            }
            number.parse().ok().filter(|value: &f64| value.is_finite()).map(Literal::Double).ok_or_else(unreadable)
        }
        Expression::Signed("-", inner) if matches!(**inner, Expression::Number(_)) => match literal(inner)? {
            Literal::Double(value) => Ok(Literal::Double(-value)),
            other => Ok(other),
        },
        Expression::Signed(sign @ ("!" | "~"), _) => unsupported(format!("unary operator \"{sign}\"")),
        Expression::Signed(..) => invalid(format!("unary operator not supported in \"{expression}\"")),
        Expression::Name(name) => unsupported(format!(
            "column name on the right side of comparison expression (did you forget to quote \"{name}\"?)"
        )),
        Expression::Function => unsupported("nested func"),
        other => invalid(format!("unexpected value type {}", other.kind())),
    }
}

/// An attribute that is compared with something.
struct Subject<'a> {
    name: &'a str,
    kind: Kind,
    schema: &'a Schema<'a>,
}

impl Subject<'_> {
    fn compared(&self, operator: &str, right: &Expression) -> Result<Test, Malformed> {
        let values = match right {
            Expression::Tuple(items) => items.iter().map(|item| self.value(item)).collect::<Result<Vec<_>, _>>()?,
            single => vec![self.value(single)?],
        };
        let single = || match values.as_slice() {
            [single] if !matches!(right, Expression::Tuple(_)) => Ok(single.clone()),
            _ => invalid(format!("unexpected value type (expected string, got {right})")),
        };
        let texts = || {
            let text = |value: &Value<'_>| if let Value::Text(text) = value { Some(text.to_string()) } else { None };
            values.iter().filter_map(text).collect::<Vec<_>>()
        };
        let is_opposite = operator == "!=" || operator.starts_with("not ");
        let test = match (self.kind, operator) {
            (Kind::Text, "=" | "!=") => {
                single()?;
                let phrases: Vec<_> = texts().iter().flat_map(|text| phrases(text)).collect();
                if phrases.is_empty() {
                    let name = self.name;
                    return invalid(format!("no tokens found filtering on Text type search attribute {name}"));
                }
                Test::Phrases(phrases)
            }
            (Kind::KeywordList, "=" | "!=") => {
                single()?;
                Test::Has(texts())
            }
            (Kind::KeywordList, "in" | "not in") => Test::Has(texts()),
            (Kind::Text | Kind::KeywordList, _) => return self.no_operator(operator),
            (_, "in" | "not in") => Test::Among(values.clone()),
            (Kind::Keyword, "starts_with" | "not starts_with") if matches!(single()?, Value::Text(_)) => {
                Test::StartsWith(texts().concat())
            }
            _ => {
                let order = match operator {
                    "=" => Order::Equal,
                    "!=" => Order::Unequal,
                    "<" => Order::Less,
                    "<=" => Order::LessOrEqual,
                    ">" => Order::Greater,
                    ">=" => Order::GreaterOrEqual,
                    _ => return self.no_operator(operator),
                };
                return Ok(Test::Ordered(order, single()?));
            }
        };
        Ok(opposite(is_opposite, test))
    }

    fn no_operator(&self, operator: &str) -> Result<Test, Malformed> {
        let (kind, name) = (kind_name(self.kind), self.name);
        let operator = operator.to_ascii_uppercase();
        unsupported(format!("operator '{operator}' not supported for {kind} type search attribute '{name}'"))
    }

    /// What an expression is worth as a value of the attribute.
    fn value(&self, expression: &Expression) -> Result<Value<'static>, Malformed> {
        let literal = literal(expression)?;
        let name = self.name;
        let owned = |text: &str| Value::Text(text.to_owned().into());
        let wrong_type = |literal: &Literal<'_>| {
            let (kind, value) = (kind_name(self.kind), literal.described());
            invalid(format!("invalid value type for search attribute {name} of type {kind}: {value}"))
        };
        match (name, self.kind, literal) {
            ("ExecutionStatus", _, Literal::Text(status)) => self.status(status),
            ("ExecutionStatus", _, Literal::Int(status)) => {
                let known = self.schema.statuses.iter().any(|(_, known)| i64::from(*known) == status);
                if known { Ok(Value::Int(status)) } else { invalid(format!("invalid ExecutionStatus value {status}")) }
            }
            ("ExecutionStatus" | "ExecutionDuration", _, Literal::Double(_)) => {
                invalid(format!("unexpected value type float64 for search attribute {name}"))
            }
            ("ExecutionDuration", _, Literal::Text(text)) => match datetime::duration(text) {
                Some(nanos) => Ok(Value::Int(nanos)),
                None => invalid(format!("invalid duration value for search attribute {name}: {text}")),
            },
            (_, Kind::Keyword | Kind::Text | Kind::KeywordList, Literal::Text(text)) => Ok(owned(text)),
            (_, Kind::Int | Kind::Double, Literal::Int(value)) => Ok(Value::Int(value)),
            (_, Kind::Int | Kind::Double, Literal::Double(value)) => Ok(Value::Double(value)),
            (_, Kind::Bool, Literal::Bool(value)) => Ok(Value::Bool(value)),
            (_, Kind::Datetime, Literal::Int(nanos)) => Ok(Value::Time(Time::from_nanos(nanos))),
            (_, Kind::Datetime, Literal::Text(text)) => match datetime::time(text) {
                Some(time) => Ok(Value::Time(time)),
                None => invalid(format!("unable to parse datetime '{text}'")),
            },
            (_, _, literal) => wrong_type(&literal),
        }
    }

    fn status(&self, name: &str) -> Result<Value<'static>, Malformed> {
        let long = name.rsplit_once("_STATUS_").map(|(_, name)| name.replace('_', "").to_ascii_lowercase());
        let found = self.schema.statuses.iter().find(|(known, _)| match &long {
            Some(long) => known.to_ascii_lowercase() == *long,
            None => *known == name,
        });
        match found {
            Some((_, number)) => Ok(Value::Int((*number).into())),
            None => invalid(format!("invalid ExecutionStatus value '{name}'")),
        }
    }
}
