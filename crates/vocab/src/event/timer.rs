//! Timers.

use std::time::Duration;

use crate::{EventId, TimerId};

/// The workflow set a timer.
#[derive(Clone, Debug, PartialEq)]
pub struct TimerStarted {
    /// Its id.
    pub timer: TimerId,
    /// When it is due, counted from the event.
    pub after: Duration,
    /// The task that set it.
    pub task_completed: EventId,
}
