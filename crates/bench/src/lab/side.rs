//! Who is measured: what is ours, and what is there already.

use serde::{Deserialize, Serialize};

/// A contender: an SDK, a server, or a way to use one of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Side {
    /// Our SDK, or our server in memory: what the row is about says which.
    Ours,
    /// Our server on a file.
    OursFile,
    /// Our server in the process that uses it.
    OursEmbedded,
    /// Our SDK, built without optimisation, as tests are.
    OursDebug,
    /// The official SDK for Rust.
    Official,
    /// The SDK for Python, which stands on the same core.
    Python,
    /// The real development server, in memory.
    StartDev,
    /// The real development server, on a file.
    StartDevFile,
    /// The test server that the other SDKs launch, in memory.
    Java,
    /// That server, a new one for each test.
    JavaEach,
}

impl Side {
    /// What it is called in tables.
    pub(crate) fn label(self) -> &'static str {
        match self {
            Self::Ours => "perpetua",
            Self::OursFile => "perpetua, file",
            Self::OursEmbedded => "perpetua, in process",
            Self::OursDebug => "perpetua, debug build",
            Self::Official => "official Rust",
            Self::Python => "Python",
            Self::StartDev => "start-dev",
            Self::StartDevFile => "start-dev, file",
            Self::Java => "Java test server",
            Self::JavaEach => "Java test server, one for each",
        }
    }

    /// Whether it is what we answer for.
    pub(crate) fn is_ours(self) -> bool {
        matches!(self, Self::Ours | Self::OursFile | Self::OursEmbedded | Self::OursDebug)
    }
}
