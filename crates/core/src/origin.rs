//! Where something that the code asked for comes from.

use std::fmt;
use std::panic::Location;

use perpetua_vocab::UserMetadata;

/// A line of source code.
pub type Place = &'static Location<'static>;

/// Where something that the code asked for comes from: for people and for reports, decided on by nobody.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Origin {
    /// What people read about it.
    pub metadata: UserMetadata,
    /// The line of source code that describes it, if it is known.
    pub at: Option<Place>,
}

impl Origin {
    /// Something described at this line of source code.
    pub fn new(metadata: UserMetadata, at: Place) -> Self {
        Self { metadata, at: Some(at) }
    }
}

impl From<UserMetadata> for Origin {
    fn from(metadata: UserMetadata) -> Self {
        Self { metadata, at: None }
    }
}

impl From<Place> for Origin {
    fn from(at: Place) -> Self {
        Self { metadata: UserMetadata::default(), at: Some(at) }
    }
}

impl From<Option<Place>> for Origin {
    fn from(at: Option<Place>) -> Self {
        Self { metadata: UserMetadata::default(), at }
    }
}

/// Something the code waits for, or has started and not given up: see [`Run::pending`](crate::Run::pending).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pending {
    /// What it is, in words.
    pub what: String,
    /// The line of source code that describes it, if it is known.
    pub at: Option<Place>,
}

impl fmt::Display for Pending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)?;
        match self.at {
            Some(at) => write!(f, " (at {at})"),
            None => Ok(()),
        }
    }
}
