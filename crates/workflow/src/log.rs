//! Logging that is silent while history is replayed.

use std::fmt;
use std::rc::Rc;

use tracing::Level;

use crate::guard::unguarded;
use crate::runtime::Runtime;

/// Logs through `tracing`, and says nothing while history is replayed: each line appears once, however often the workflow is
/// replayed. The target is `perpetua::workflow`.
///
/// The type, the id and the run of the workflow are fields of the span `workflow`, in which all workflow code runs, so
/// that plain `tracing` has them too; to make that replay-silent, see `replay_filter` and
/// [`is_replaying`](crate::is_replaying).
#[derive(Clone)]
pub struct Logger {
    runtime: Rc<Runtime>,
}

impl Logger {
    pub(crate) fn new(runtime: &Rc<Runtime>) -> Self {
        Self { runtime: Rc::clone(runtime) }
    }

    /// Whether history is being replayed.
    pub fn is_silent(&self) -> bool {
        self.runtime.is_silent()
    }

    /// Logs at error level.
    pub fn error(&self, message: impl fmt::Display) {
        self.log(Level::ERROR, &message);
    }

    /// Logs at warn level.
    pub fn warn(&self, message: impl fmt::Display) {
        self.log(Level::WARN, &message);
    }

    /// Logs at info level.
    pub fn info(&self, message: impl fmt::Display) {
        self.log(Level::INFO, &message);
    }

    /// Logs at debug level.
    pub fn debug(&self, message: impl fmt::Display) {
        self.log(Level::DEBUG, &message);
    }

    /// Logs at trace level.
    pub fn trace(&self, message: impl fmt::Display) {
        self.log(Level::TRACE, &message);
    }

    fn log(&self, level: Level, message: &dyn fmt::Display) {
        if self.is_silent() {
            return;
        }
        macro_rules! event {
            ($level:ident) => {
                tracing::event!(target: "perpetua::workflow", Level::$level, "{message}")
            };
        }
        // Whoever receives it reads the clock, for one.
        unguarded(|| match level {
            Level::ERROR => event!(ERROR),
            Level::WARN => event!(WARN),
            Level::INFO => event!(INFO),
            Level::DEBUG => event!(DEBUG),
            Level::TRACE => event!(TRACE),
        });
    }
}

impl fmt::Debug for Logger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Logger").field("silent", &self.is_silent()).finish()
    }
}
