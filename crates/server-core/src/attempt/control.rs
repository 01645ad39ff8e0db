//! What operators do to an activity: pause it, let it go on, have it begin again, change its options.

use std::time::Duration;

use super::{Attempt, Manner, Terms};
use crate::retry;
use crate::time::{self, Time};

/// Since when an activity is paused, by whom, and why.
#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct Pause {
    #[prost(int64, tag = "1")]
    pub(crate) time: i64,
    #[prost(string, tag = "2")]
    pub(crate) identity: String,
    #[prost(string, tag = "3")]
    pub(crate) reason: String,
    #[prost(string, tag = "4")]
    pub(crate) request: String,
}

/// How an activity begins again.
#[derive(Clone, Copy, PartialEq, prost::Message)]
pub(crate) struct Reset {
    /// Without the details of the last sign of life.
    #[prost(bool, tag = "1")]
    pub(crate) heartbeat: bool,
    /// With the options that it was scheduled with.
    #[prost(bool, tag = "2")]
    pub(crate) options: bool,
    /// After a wait, in nanoseconds.
    #[prost(int64, tag = "3")]
    pub(crate) wait: i64,
}

impl Attempt {
    /// It is not offered any longer, and is not tried again.
    pub(crate) fn pause(&mut self, pause: Pause) {
        self.pause = Some(pause);
        self.offers += 1;
    }

    /// It goes on, if no worker has it, after this wait.
    pub(crate) fn unpause(&mut self, now: Time, wait: Option<Duration>, manner: Manner) {
        self.pause = None;
        if self.is_started() {
            return;
        }
        match manner {
            Manner::OfWorkflow => self.replan(now, wait),
            Manner::Standalone => match wait {
                Some(wait) => self.plan(now, now.plus(wait)),
                None => self.plan(now, now.max(Time::from_nanos(self.time))),
            },
        }
    }

    /// It begins again: at once, or when the attempt that runs has ended.
    pub(crate) fn reset(&mut self, now: Time, reset: Reset, manner: Manner) {
        if self.is_started() {
            self.reset = Some(reset);
            if manner == Manner::OfWorkflow {
                self.number = 1;
            }
            return;
        }
        match manner {
            Manner::Standalone => self.begin_again(now, reset),
            Manner::OfWorkflow => {
                self.number = 1;
                if reset.heartbeat {
                    self.forget_heartbeat();
                }
                if !self.is_paused() {
                    self.replan(now, wait(reset));
                }
            }
        }
    }

    /// The next attempt is the first.
    pub(super) fn begin_again(&mut self, now: Time, reset: Reset) {
        self.number = 1;
        self.interval = 0;
        if reset.heartbeat {
            self.forget_heartbeat();
        }
        // What has not waited long enough before its first attempt goes on waiting.
        let earliest = if self.ended_time == 0 { now.max(Time::from_nanos(self.scheduled_time)) } else { now };
        self.plan(now, wait(reset).map_or(earliest, |wait| earliest.plus(wait)));
    }

    /// Its options have changed: if it is not running, it is offered by the new ones.
    pub(crate) fn apply(&mut self, now: Time, terms: &Terms<'_>) {
        if self.is_started() || self.is_paused() {
            return;
        }
        if self.number > 1 {
            // The real server counts the attempt that is to come where it is one of a workflow.
            let attempts = match terms.manner {
                Manner::OfWorkflow => self.number,
                Manner::Standalone => self.number - 1,
            };
            let interval = retry::wait(terms.policy(), attempts);
            self.interval = time::nanos(interval);
            self.plan(now, Time::from_nanos(self.ended_time).plus(interval));
        } else {
            self.plan(now, Time::from_nanos(self.time));
        }
        if terms.manner == Manner::OfWorkflow {
            self.last_failure = None;
        }
    }

    /// A fresh start of the attempt that is to come, which forgets how the one before failed.
    fn replan(&mut self, now: Time, wait: Option<Duration>) {
        self.plan(now, wait.map_or(now, |wait| now.plus(wait)));
        self.last_failure = None;
    }

    fn plan(&mut self, now: Time, time: Time) {
        self.time = time.nanos();
        self.waits = time > now;
        self.offers += 1;
    }
}

fn wait(reset: Reset) -> Option<Duration> {
    let wait = time::stored(reset.wait)?;
    Some(wait.since(Time::default()))
}
