//! The calls that are watched for: what they do, and what workflow code does instead.

/// What was called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Call {
    /// The time of day.
    Clock,
    /// Time since some beginning.
    Ticks,
    Randomness,
    Sleep,
    Thread,
    Environment,
    File,
    Network,
    Process,
}

impl Call {
    /// What the workflow did.
    pub(crate) fn did(self) -> &'static str {
        match self {
            Self::Clock | Self::Ticks => "read the clock",
            Self::Randomness => "drew randomness of the process",
            Self::Sleep => "blocked its thread to sleep",
            Self::Thread => "started a thread",
            Self::Environment => "read the environment",
            Self::File => "used the file system",
            Self::Network => "used the network",
            Self::Process => "started another process",
        }
    }

    /// What of the standard library makes the call, mostly.
    pub(crate) fn usual(self) -> Option<&'static str> {
        match self {
            Self::Clock => Some("SystemTime::now"),
            Self::Ticks => Some("Instant::now"),
            Self::Sleep => Some("thread::sleep"),
            Self::Thread => Some("thread::spawn"),
            Self::Environment => Some("env::var"),
            Self::Randomness | Self::File | Self::Network | Self::Process => None,
        }
    }

    /// What to do instead.
    pub(crate) fn instead(self) -> &'static str {
        match self {
            Self::Clock | Self::Ticks => "use `ctx.now()`",
            Self::Randomness => "use `ctx.random()` or `ctx.uuid()`",
            Self::Sleep => "use `ctx.sleep(..)`",
            Self::Thread => "use `ctx.spawn(..)`, or an activity for what takes a thread of its own",
            Self::Environment => "pass the value in as an argument, or read it in an activity",
            Self::File | Self::Network | Self::Process => "do it in an activity",
        }
    }
}
