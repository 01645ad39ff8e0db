//! Names and ids, each a type of its own so that two of them cannot be swapped.

use std::fmt;
use std::num::NonZeroU64;

use bytes::Bytes;

use crate::Malformed;

macro_rules! text_ids {
    ($($(#[$doc:meta])* $name:ident)+) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(String);

        impl $name {
            /// Wraps a text as it is.
            pub fn new(text: impl Into<String>) -> Self {
                Self(text.into())
            }

            /// The text.
            pub fn as_str(&self) -> &str {
                &self.0
            }

            /// The text, given up.
            pub fn into_string(self) -> String {
                self.0
            }

            /// Whether the text is empty, which on the wire means "not given".
            pub fn is_empty(&self) -> bool {
                self.0.is_empty()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl From<String> for $name {
            fn from(text: String) -> Self {
                Self(text)
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                Self(text.to_owned())
            }
        }

        impl From<&String> for $name {
            fn from(text: &String) -> Self {
                Self(text.clone())
            }
        }

        impl From<&$name> for $name {
            fn from(id: &$name) -> Self {
                id.clone()
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        impl PartialEq<str> for $name {
            fn eq(&self, other: &str) -> bool {
                self.0 == other
            }
        }

        impl PartialEq<&str> for $name {
            fn eq(&self, other: &&str) -> bool {
                self.0 == *other
            }
        }
    )+};
}

text_ids! {
    /// A namespace of the server: the unit of isolation.
    Namespace
    /// The id a caller gives to a workflow; at most one run of it is open at a time.
    WorkflowId
    /// The id the server gives to one run of a workflow.
    RunId
    /// The name under which a workflow is registered.
    WorkflowType
    /// The name under which an activity is registered.
    ActivityType
    /// The id of one activity within its run.
    ActivityId
    /// The id of one timer within its run.
    TimerId
    /// The name of a queue that workers poll.
    TaskQueue
    /// The name of a signal.
    SignalName
    /// The name of a query.
    QueryName
    /// The name of an update.
    UpdateName
    /// The name of a kind of marker.
    MarkerName
    /// The id of one update of a workflow; two requests with one id are one update.
    UpdateId
    /// The id of a protocol message that travels with a workflow task.
    MessageId
    /// Who did something, as histories show it; by custom `pid@host`.
    Identity
}

/// The number of an event in its history; the first one is 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EventId(NonZeroU64);

impl EventId {
    /// The first event of every history.
    pub const FIRST: Self = Self(NonZeroU64::MIN);

    /// The id with this number; `None` for 0.
    pub const fn new(number: u64) -> Option<Self> {
        match NonZeroU64::new(number) {
            Some(number) => Some(Self(number)),
            None => None,
        }
    }

    /// Reads the number as the wire has it; 0 and negative numbers are malformed.
    pub fn parse(field: &'static str, number: i64) -> Result<Self, Malformed> {
        u64::try_from(number)
            .ok()
            .and_then(Self::new)
            .ok_or_else(|| Malformed::new(field, format!("is no event id: {number}")))
    }

    /// Reads a number of which 0 means "none".
    pub fn parse_optional(field: &'static str, number: i64) -> Result<Option<Self>, Malformed> {
        if number == 0 { Ok(None) } else { Self::parse(field, number).map(Some) }
    }

    /// The number.
    pub const fn get(self) -> u64 {
        self.0.get()
    }

    /// The number as the wire has it.
    pub fn to_wire(self) -> i64 {
        i64::try_from(self.get()).unwrap_or(i64::MAX)
    }

    /// The number as the wire has it, 0 for none.
    pub fn optional_to_wire(id: Option<Self>) -> i64 {
        id.map_or(0, Self::to_wire)
    }

    /// The id of the event after this one.
    pub fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }
}

impl fmt::Display for EventId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// What the server wants to see again when a task is answered; opaque to everybody else.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct TaskToken(pub Bytes);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn event_ids_count_from_one() {
        assert_eq!(EventId::new(0), None);
        assert_eq!(EventId::new(1), Some(EventId::FIRST));
        assert_eq!(EventId::FIRST.next().get(), 2);
        let last = EventId::new(u64::MAX).expect("it is not 0");
        assert_eq!(last.next(), last);
    }

    #[test]
    fn event_ids_come_and_go_as_the_wire_has_them() {
        for number in [1, 2, i64::MAX] {
            let id = EventId::parse("TimerFired.started_event_id", number).expect("it is positive");
            assert_eq!(id.to_wire(), number);
            assert_eq!(EventId::parse_optional("TimerFired.started_event_id", number), Ok(Some(id)));
            assert_eq!(EventId::optional_to_wire(Some(id)), number);
        }
        assert_eq!(EventId::parse_optional("TimerFired.started_event_id", 0), Ok(None));
        assert_eq!(EventId::optional_to_wire(None), 0);
        assert_eq!(EventId::new(u64::MAX).map(EventId::to_wire), Some(i64::MAX));
    }

    #[test]
    fn an_event_id_that_is_none_names_the_field() {
        for number in [0, -1, i64::MIN] {
            let malformed = EventId::parse("TimerFired.started_event_id", number).expect_err("it is not positive");
            assert_eq!(malformed.to_string(), format!("TimerFired.started_event_id is no event id: {number}"));
        }
        assert!(EventId::parse_optional("TimerFired.started_event_id", -1).is_err());
    }

    #[test]
    fn text_ids_of_one_text_are_equal_and_empty_is_not_given() {
        let id = TimerId::new("1");
        assert_eq!(id, TimerId::from("1".to_owned()));
        assert_eq!(id, "1");
        assert_eq!((id.as_str(), id.to_string()), ("1", "1".to_owned()));
        assert!(!id.is_empty());
        assert!(TimerId::default().is_empty());
        assert_eq!(id.into_string(), "1");
    }
}
