//! Why a value could not be converted.

use std::any::type_name;
use std::error::Error;
use std::fmt;

use perpetua_vocab::Payload;

use super::READABLE;
use super::decode::Unread;

/// A value that could not be turned into a payload, or a payload that could not be turned into a value.
#[derive(Debug)]
pub struct ConversionError(Box<Inner>);

#[derive(Debug)]
struct Inner {
    type_name: &'static str,
    argument: Option<(usize, usize)>,
    problem: Problem,
    source: Option<Box<dyn Error + Send + Sync>>,
}

#[derive(Debug)]
enum Problem {
    Unencodable,
    Unreadable { encoding: String },
    UnknownEncoding { encoding: Option<String> },
    Missing,
}

impl ConversionError {
    pub(crate) fn unencodable<T: ?Sized>(source: Box<dyn Error + Send + Sync>) -> Self {
        Self::new::<T>(Problem::Unencodable, Some(source))
    }

    pub(super) fn unreadable<T>(payload: &Payload, unread: Unread) -> Self {
        let named = || {
            let name = payload.metadata.get(Payload::ENCODING)?;
            Some(String::from_utf8_lossy(name).into_owned())
        };
        match unread {
            Unread::UnknownEncoding => Self::new::<T>(Problem::UnknownEncoding { encoding: named() }, None),
            Unread::Refused(source) => {
                Self::new::<T>(Problem::Unreadable { encoding: named().unwrap_or_default() }, Some(source))
            }
        }
    }

    /// For a payload whose encoding says nothing wrong.
    pub(crate) fn refused<T>(payload: &Payload, source: Box<dyn Error + Send + Sync>) -> Self {
        Self::unreadable::<T>(payload, Unread::Refused(source))
    }

    pub(super) fn into_missing(mut self) -> Self {
        self.0.problem = Problem::Missing;
        self.0.source = None;
        self
    }

    fn new<T: ?Sized>(problem: Problem, source: Option<Box<dyn Error + Send + Sync>>) -> Self {
        Self(Box::new(Inner { type_name: type_name::<T>(), argument: None, problem, source }))
    }

    /// Says which argument it was, counted from 0.
    #[must_use]
    pub fn at_argument(mut self, index: usize, count: usize) -> Self {
        self.0.argument = Some((index, count));
        self
    }

    /// Which argument it was, counted from 0, and how many there are.
    pub fn argument(&self) -> Option<(usize, usize)> {
        self.0.argument
    }

    /// The Rust type of the value.
    pub fn type_name(&self) -> &'static str {
        self.0.type_name
    }

    /// The encoding that the payload names, if there is a payload and it names one.
    pub fn encoding(&self) -> Option<&str> {
        match &self.0.problem {
            Problem::Unreadable { encoding } => Some(encoding),
            Problem::UnknownEncoding { encoding } => encoding.as_deref(),
            Problem::Unencodable | Problem::Missing => None,
        }
    }

    /// Whether the value was not sent at all.
    pub fn is_missing(&self) -> bool {
        matches!(self.0.problem, Problem::Missing)
    }
}

impl fmt::Display for ConversionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some((index, count)) = self.0.argument {
            write!(f, "argument {} of {count}: ", index + 1)?;
        }
        let type_name = self.0.type_name;
        let can_read = || READABLE.join(", ");
        match &self.0.problem {
            Problem::Unencodable => write!(f, "`{type_name}` cannot be encoded"),
            Problem::Unreadable { encoding } => write!(f, "`{type_name}` cannot be read from `{encoding}`"),
            Problem::UnknownEncoding { encoding: Some(encoding) } => {
                write!(f, "`{type_name}` cannot be read from the unknown encoding `{encoding}` (known: {})", can_read())
            }
            Problem::UnknownEncoding { encoding: None } => {
                write!(f, "`{type_name}` cannot be read from a payload that names no encoding (known: {})", can_read())
            }
            Problem::Missing => write!(f, "a value for `{type_name}` is missing"),
        }
    }
}

impl Error for ConversionError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.0.source.as_deref().map(|source| source as _)
    }
}
