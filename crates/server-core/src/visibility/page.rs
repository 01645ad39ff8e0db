//! Lists page by page: what is open first, then what closed last, and of these what started last.

use std::cmp::Reverse;

use bytes::Bytes;
use prost::Message;

use crate::token;
use crate::{Answer, Refusal, Time};

/// Where something stands in a list.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place {
    /// The end; the highest for what is open.
    close: Reverse<i64>,
    start: Reverse<i64>,
    /// Newer ids come first.
    id: Reverse<String>,
}

/// A token as it is handed out: the place of the last thing of the page before.
#[derive(Clone, PartialEq, Message)]
struct PlaceToken {
    #[prost(sint64, tag = "1")]
    close: i64,
    #[prost(sint64, tag = "2")]
    start: i64,
    #[prost(string, tag = "3")]
    id: String,
}

impl Place {
    /// The place of what started then, and closed then if it did.
    pub(crate) fn new(close: Option<Time>, start: Time, id: impl Into<String>) -> Self {
        let close = Reverse(close.map_or(i64::MAX, Time::nanos));
        Self { close, start: Reverse(start.nanos()), id: Reverse(id.into()) }
    }

    /// The end, the highest time for what is open, and the start.
    pub(super) fn times(&self) -> (i64, i64) {
        (self.close.0, self.start.0)
    }

    pub(super) fn id(&self) -> &str {
        &self.id.0
    }
}

/// Which part of a list is wanted.
#[derive(Clone, Debug)]
pub(crate) struct Page {
    size: usize,
    /// Everything up to here was on pages before.
    pub(crate) after: Option<Place>,
}

/// How many things a page has at most, and how many if the request does not say.
const LONGEST: usize = 1000;

impl Page {
    /// The part that a request asks for.
    ///
    /// # Errors
    /// When the token is none that was handed out.
    pub(crate) fn new(size: i32, token: &[u8]) -> Answer<Self> {
        let size = usize::try_from(size).ok().filter(|size| *size > 0).unwrap_or(LONGEST).min(LONGEST);
        if token.is_empty() {
            return Ok(Self { size, after: None });
        }
        let wrong = || Refusal::invalid("unable to deserialize page token");
        let PlaceToken { close, start, id } =
            PlaceToken::decode(token).ok().filter(|it| !it.id.is_empty()).ok_or_else(wrong)?;
        Ok(Self { size, after: Some(Place { close: Reverse(close), start: Reverse(start), id: Reverse(id) }) })
    }

    /// The things of the page, of all that are wanted, which are in order; and the token of the next page, empty if there
    /// is none.
    pub(crate) fn fill<T, R>(
        &self,
        wanted: impl Iterator<Item = (Place, T)>,
        shown: impl Fn(T) -> R,
    ) -> (Vec<R>, Bytes) {
        let mut things = Vec::new();
        let mut last = None;
        for (place, thing) in wanted.filter(|(place, _)| self.after.as_ref().is_none_or(|after| place > after)) {
            if things.len() == self.size {
                let token = |Place { close, start, id }: Place| PlaceToken { close: close.0, start: start.0, id: id.0 };
                return (things, last.map(|place| token::write(&token(place))).unwrap_or_default());
            }
            things.push(shown(thing));
            last = Some(place);
        }
        (things, Bytes::new())
    }
}
