//! A request to a handler, tried until somebody answers it.
//!
//! ```text
//! idle --begin--> under way --answer--> over
//!                   ^    |  failed, no answer in time
//!                   +----+ backing off
//! ```

use std::time::Duration;

use perpetua_proto::failure::Failure;

use crate::time::{Time, stored};

/// How long one try may take.
const LIMIT: Duration = Duration::from_secs(10);
/// What of this is left for the answer's way back.
const WAY_BACK: Duration = Duration::from_secs(2);
/// How long is waited after the first try; twice as long after each further one.
const FIRST_WAIT: Duration = Duration::from_secs(1);
/// How long is waited at most.
const LONGEST_WAIT: Duration = Duration::from_secs(3600);

/// A request to a handler, and its tries.
#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct CallState {
    /// How many tries are over.
    #[prost(int32, tag = "1")]
    pub(crate) over: i32,
    /// When the try that is under way was put into its queue; 0 if there is none.
    #[prost(int64, tag = "2")]
    pub(crate) began: i64,
    /// When it is given up.
    #[prost(int64, tag = "3")]
    pub(crate) deadline: i64,
    /// Whether a worker has it.
    #[prost(bool, tag = "4")]
    pub(crate) handed: bool,
    /// When the next try begins, while it is waited for; else 0.
    #[prost(int64, tag = "5")]
    pub(crate) next: i64,
    /// When the last try was over.
    #[prost(int64, tag = "6")]
    pub(crate) completed: i64,
    #[prost(message, optional, tag = "7")]
    pub(crate) failure: Option<Failure>,
}

/// What is next to happen to a request.
#[derive(Clone, Copy, Debug)]
pub(crate) enum CallDue {
    Retry,
    TimedOut,
}

impl CallState {
    /// Which try is under way, if one is.
    pub(crate) fn attempt(&self) -> Option<i32> {
        (self.began != 0).then(|| self.over.saturating_add(1))
    }

    /// Whether this try is in a queue, and nobody has it.
    pub(crate) fn is_offered(&self, attempt: i32) -> bool {
        self.attempt() == Some(attempt) && !self.handed
    }

    /// Whether a worker has this try.
    pub(crate) fn is_handed(&self, attempt: i32) -> bool {
        self.attempt() == Some(attempt) && self.handed
    }

    /// Whether another try would have no time for an answer.
    pub(crate) fn is_hopeless(&self, now: Time, limit: Option<Time>) -> bool {
        self.over > 0 && limit.is_some_and(|limit| limit.since(now) <= WAY_BACK)
    }

    /// A try begins; which one.
    pub(crate) fn begin(&mut self, now: Time, limit: Option<Time>) -> i32 {
        let usual = now.plus(LIMIT);
        let whole = limit.map_or(usual, |limit| limit.min(usual)).since(now);
        // Where there is hardly any time, all of it is the worker's.
        let allowed = if whole > WAY_BACK { whole - WAY_BACK } else { whole };
        self.began = now.nanos();
        self.deadline = now.plus(allowed).nanos();
        self.handed = false;
        self.next = 0;
        self.over.saturating_add(1)
    }

    /// A try has been answered, or will not be.
    pub(crate) fn end(&mut self, now: Time, failure: Option<Failure>) {
        self.over = self.over.saturating_add(1);
        self.completed = now.nanos();
        self.failure = failure;
        (self.began, self.deadline, self.handed, self.next) = (0, 0, false, 0);
    }

    /// Another try is to follow.
    pub(crate) fn back_off(&mut self, now: Time) {
        let doublings = self.over.saturating_sub(1).max(0).cast_unsigned();
        let wait = FIRST_WAIT.saturating_mul(2_u32.saturating_pow(doublings)).min(LONGEST_WAIT);
        self.next = now.plus(wait).nanos();
    }

    /// What is next to happen by itself, and when.
    pub(crate) fn due(&self) -> Option<(Time, CallDue)> {
        let retry = stored(self.next).map(|at| (at, CallDue::Retry));
        retry.or_else(|| stored(self.deadline).map(|at| (at, CallDue::TimedOut)))
    }
}
