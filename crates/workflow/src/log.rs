//! Logging that is silent while history is replayed.

use std::fmt;

use tracing::Level;

use crate::info::WorkflowInfo;
use crate::runtime::Runtime;

/// Logs through `tracing`, with the workflow's names as fields, and says nothing while history is replayed: each line
/// appears once, however often the workflow is replayed.
#[derive(Clone, Debug)]
pub struct Logger {
    info: Option<WorkflowInfo>,
}

impl Logger {
    pub(crate) fn new(runtime: &Runtime) -> Self {
        let silent = runtime.run.borrow().is_replaying();
        Self { info: (!silent).then(|| runtime.info.borrow().clone()) }
    }

    /// Whether history is being replayed.
    pub fn is_silent(&self) -> bool {
        self.info.is_none()
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
        let Some(info) = &self.info else { return };
        macro_rules! event {
            ($level:ident) => {
                tracing::event!(
                    target: "perpetua::workflow",
                    Level::$level,
                    workflow_type = %info.workflow_type(),
                    workflow_id = %info.execution().workflow_id,
                    run_id = %info.execution().run_id,
                    "{message}"
                )
            };
        }
        match level {
            Level::ERROR => event!(ERROR),
            Level::WARN => event!(WARN),
            Level::INFO => event!(INFO),
            Level::DEBUG => event!(DEBUG),
            Level::TRACE => event!(TRACE),
        }
    }
}
