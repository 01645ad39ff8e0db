//! Where a world is kept: nowhere, or in one SQLite file.
//!
//! ```text
//! step --changes--> Log --thread: what has gathered, one transaction--> Store (SQLite)
//!   |                 |
//!   +--- mark ----> stored(mark) ---> the reply may leave
//! ```
//! A server in memory has no log, and waits for nothing. One that may crash in its process keeps in memory what a file would have.

mod journal;
mod kept;
mod log;
mod sqlite;

use std::path::PathBuf;

use perpetua_server_core::{Changes, Damaged};

pub(crate) use kept::Kept;
pub(crate) use log::{Log, Mark};
pub(crate) use sqlite::File;

/// Keeps what a world has to say.
pub(crate) trait Store: Send {
    /// Stores all of it, or nothing. When this returns, not even a loss of power takes it away.
    ///
    /// # Errors
    /// When it is not stored.
    fn write(&mut self, changes: Changes) -> Result<(), WriteFailed>;

    /// Tidies up, where there is something to tidy.
    fn close(self: Box<Self>);
}

/// Why something is not stored.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct WriteFailed(pub(crate) String);

/// Why the file of a server cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StorageError {
    /// There is no folder for it.
    #[error("{} cannot be made: there is no folder {}; make it, or choose another", path.display(), folder.display())]
    NoFolder {
        /// The file.
        path: PathBuf,
        /// Where it should be.
        folder: PathBuf,
    },
    /// It cannot be opened, or only be read.
    #[error("{} cannot be written: {problem}; see who may write to it and to its folder", path.display())]
    Unwritable {
        /// The file.
        path: PathBuf,
        /// What the system says.
        problem: String,
    },
    /// Another server uses it.
    #[error("{} is in use by another server; stop that one, or choose another file", path.display())]
    Locked {
        /// The file.
        path: PathBuf,
    },
    /// It was not made by a server.
    #[error("{} is not the file of a server; choose another, it is left as it is", path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
    },
    /// It was written by a newer version.
    #[error(
        "{} was written by a newer version of the server ({found}, this one knows {known}); use that version, or \
         another file", path.display()
    )]
    Newer {
        /// The file.
        path: PathBuf,
        /// What it contains that is not known.
        found: String,
        /// What is known.
        known: String,
    },
    /// What is in it makes no sense.
    #[error("{} is damaged; use a copy of it, or another file", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        #[source]
        source: Damaged,
    },
    /// It cannot be read, or not be prepared for writing.
    #[error("{} cannot be used: {problem}", path.display())]
    Failed {
        /// The file.
        path: PathBuf,
        /// What the database says.
        problem: String,
    },
}
