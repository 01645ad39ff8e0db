//! The time of a run of its own, which skips.
//!
//! ```text
//! off --configure--> on --at rest: skip to what is next--> on
//!  ^                  |
//!  +------------------+  the fast-forward's end is reached, or it has skipped as often as it may
//! ```
//! A run is ahead of the world by what it has skipped; it never sees another time than its own. It is at rest when it
//! waits for a time and for nobody: no task, no child, no attempt of an activity that could be made now. Each skip is an
//! event, so that the state is what the events say.

use std::collections::BTreeSet;
use std::time::Duration;

use perpetua_proto::common::{
    TimeSkippingConfig, TimeSkippingFastForwardInfo, TimeSkippingInfo, TimeSkippingStatePropagation,
};
use perpetua_proto::enums::{EventType, FastForwardPollingResult as Polled};
use perpetua_proto::history::history_event::Attributes;
use perpetua_proto::history::{
    HistoryEvent, WorkflowExecutionStartedEventAttributes, WorkflowExecutionTimeSkippingTransitionedEventAttributes,
};
use perpetua_proto::workflowservice::PollWorkflowExecutionTimeSkippingResponse;

use super::{Run, RunState, event};
use crate::refusal::{Answer, Code, Refusal};
use crate::settings::Settings;
use crate::time::{self, Time, duration, stored};
use crate::world::{CallId, Cx, Reply};

/// How often a run skips time in a row, unless it is configured otherwise.
const SKIPS: i32 = 200;

/// How a run's time skips.
#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct SkippingState {
    /// As it is in effect.
    #[prost(message, optional, tag = "1")]
    pub(crate) config: Option<TimeSkippingConfig>,
    /// By how much the run is ahead of the world.
    #[prost(int64, tag = "2")]
    ahead: i64,
    /// How often it has skipped since it was configured.
    #[prost(int32, tag = "3")]
    skips: i32,
    /// Where the fast-forward ends; 0 if there is none.
    #[prost(int64, tag = "4")]
    target: i64,
    /// Whether it has ended.
    #[prost(bool, tag = "5")]
    reached: bool,
}

/// Somebody who waits for the end of a fast-forward.
#[derive(Clone, Debug)]
pub(crate) struct FastForwardWaiter {
    pub(crate) call: CallId,
    /// The fast-forward's id.
    pub(crate) id: String,
}

/// Checks what is asked of a run's time, and completes it.
///
/// # Errors
/// When it is wrong, or runs have no time of their own on this server.
pub(crate) fn check(settings: &Settings, config: &mut TimeSkippingConfig) -> Answer<()> {
    check_enabled(settings)?;
    if let Some(fast_forward) = &config.fast_forward_config {
        if !config.enabled {
            return Err(Refusal::invalid("time_skipping_config: cannot set fast_forward when enabled is false"));
        }
        check_fast_forward_id(&fast_forward.id)?;
        if duration(fast_forward.duration.as_ref()).is_none() {
            return Err(Refusal::invalid("Time skipping config invalid: fast_forward duration must be positive"));
        }
    }
    if config.max_session_skip_count <= 0 {
        config.max_session_skip_count = SKIPS;
    }
    Ok(())
}

/// # Errors
/// When runs have no time of their own on this server.
pub(crate) fn check_enabled(settings: &Settings) -> Answer<()> {
    if settings.time_skipping {
        return Ok(());
    }
    Err(Refusal::new(Code::Unimplemented, "The Time-Skipping feature is not enabled for namespace."))
}

/// # Errors
/// When there is none.
pub(crate) fn check_fast_forward_id(id: &str) -> Answer<()> {
    if id.is_empty() {
        return Err(Refusal::invalid("Time skipping config invalid: fast_forward_id must be set"));
    }
    Ok(())
}

impl SkippingState {
    /// What the first event says, of a run that begins at this time of its own.
    pub(crate) fn begun(started: &WorkflowExecutionStartedEventAttributes, at: Time) -> Option<Self> {
        let (config, inherited) = (&started.time_skipping_config, &started.time_skipping_state_propagation);
        if config.is_none() && inherited.is_none() {
            return None;
        }
        let mut state = Self { ahead: nanos(inherited_by(started)), ..Self::default() };
        state.configure(config.clone(), at);
        if let Some(inherited) = inherited {
            state.skips = inherited.initial_skip_count;
            if let Some(target) = &inherited.fast_forward_target_time {
                state.target = Time::from_wire(target).nanos();
            }
        }
        Some(state)
    }

    /// Does as is wanted from this time of the run on.
    pub(super) fn configure(&mut self, config: Option<TimeSkippingConfig>, at: Time) {
        let fast_forward = config.as_ref().and_then(|config| config.fast_forward_config.as_ref());
        let length = fast_forward.and_then(|it| duration(it.duration.as_ref()));
        self.target = length.map_or(0, |length| at.plus(length).nanos());
        (self.reached, self.skips) = (false, 0);
        self.config = config;
    }

    /// Notes a skip, or the end of the fast-forward.
    fn turn(&mut self, it: &WorkflowExecutionTimeSkippingTransitionedEventAttributes) {
        let from = it.wall_clock_time.as_ref().map(Time::from_wire).unwrap_or_default();
        let mut is_over = it.disabled_after_fast_forward;
        self.reached |= is_over;
        if let Some(target) = &it.target_time {
            self.ahead = self.ahead.saturating_add(nanos(Time::from_wire(target).since(from)));
            self.skips += 1;
            is_over |= self.config.as_ref().is_some_and(|config| self.skips >= config.max_session_skip_count);
        }
        if let Some(config) = self.config.as_mut().filter(|_| is_over) {
            config.enabled = false;
        }
    }

    fn is_on(&self) -> bool {
        self.config.as_ref().is_some_and(|config| config.enabled)
    }

    /// Where the fast-forward ends that is under way.
    pub(super) fn fast_forward_due(&self) -> Option<Time> {
        stored(self.target).filter(|_| !self.reached)
    }

    fn fast_forward(&self) -> Option<TimeSkippingFastForwardInfo> {
        let fast_forward = self.config.as_ref()?.fast_forward_config.as_ref()?;
        Some(TimeSkippingFastForwardInfo {
            fast_forward_duration: fast_forward.duration,
            fast_forward_id: fast_forward.id.clone(),
            target_time: time::shown(self.target),
            has_completed: self.reached,
        })
    }
}

/// By how much a run is ahead of the world from its beginning on.
pub(crate) fn inherited_by(started: &WorkflowExecutionStartedEventAttributes) -> Duration {
    let inherited = started.time_skipping_state_propagation.as_ref();
    inherited.and_then(|it| duration(it.initial_skipped_duration.as_ref())).unwrap_or_default()
}

impl RunState {
    /// Notes a skip, or the end of the fast-forward.
    pub(super) fn turn(&mut self, said: &WorkflowExecutionTimeSkippingTransitionedEventAttributes) {
        if let Some(skipping) = &mut self.skipping {
            skipping.turn(said);
        }
    }

    /// By how much the run is ahead of the world.
    pub(crate) fn ahead(&self) -> Duration {
        let ahead = self.skipping.as_ref().map_or(0, |skipping| skipping.ahead);
        Duration::from_nanos(u64::try_from(ahead).unwrap_or(0))
    }
}

impl Run {
    /// By how much the run is ahead of the world.
    pub(crate) fn ahead(&self) -> Duration {
        self.state.ahead()
    }

    /// Skips to what is next, if the run waits for nothing but time.
    pub(crate) fn skip_time(&mut self, cx: &Cx<'_>) {
        let Some(skipping) = self.state.skipping.as_ref().filter(|skipping| skipping.is_on()) else { return };
        let end = skipping.fast_forward_due();
        let Some((to, _)) = self.next_due().filter(|(to, _)| *to > cx.now && self.is_at_rest()) else { return };
        let attributes = WorkflowExecutionTimeSkippingTransitionedEventAttributes {
            target_time: Some(to.to_wire()),
            disabled_after_fast_forward: end.is_some_and(|end| end <= to),
            wall_clock_time: Some(cx.now.to_wire()),
        };
        self.turn(cx, attributes);
    }

    /// The end of a fast-forward has come without a skip.
    pub(super) fn end_fast_forward(&mut self, cx: &Cx<'_>) {
        let attributes = WorkflowExecutionTimeSkippingTransitionedEventAttributes {
            target_time: None,
            disabled_after_fast_forward: true,
            wall_clock_time: Some(cx.now.to_wire()),
        };
        self.turn(cx, attributes);
    }

    /// Says what has become of the time. No worker has to see it.
    fn turn(&mut self, cx: &Cx<'_>, attributes: WorkflowExecutionTimeSkippingTransitionedEventAttributes) {
        self.state.turn(&attributes);
        let attributes = Attributes::WorkflowExecutionTimeSkippingTransitionedEventAttributes(Box::new(attributes));
        let turned = event(EventType::WorkflowExecutionTimeSkippingTransitioned, cx.now, attributes);
        self.record(HistoryEvent { worker_may_ignore: true, ..turned });
    }

    fn is_at_rest(&self) -> bool {
        self.is_open()
            && !self.is_paused()
            && self.state.task.is_none()
            && self.state.children.is_empty()
            && self.state.externals.is_empty()
            && self.state.operations.is_empty()
            && self.state.activities.values().all(|activity| {
                // A time of its own waits for whoever has taken something, dead or not.
                !activity.attempt.is_busy(&BTreeSet::new()) && !activity.attempt.is_paused()
            })
    }

    /// What is shown of the time of the run, if it has one of its own.
    pub(crate) fn skipping_info(&self, world: Time) -> Option<TimeSkippingInfo> {
        let skipping = self.state.skipping.as_ref()?;
        Some(TimeSkippingInfo {
            current_time: Some(world.plus(self.ahead()).to_wire()),
            effective_config: skipping.config.clone(),
            fast_forward_info: skipping.fast_forward(),
            current_session_skip_count: skipping.skips,
        })
    }

    /// What a run that follows begins with, or a child; what a child does not get is for one run after the other.
    pub(crate) fn skipping_of_heir(
        &self,
        child: bool,
    ) -> (Option<TimeSkippingConfig>, Option<TimeSkippingStatePropagation>) {
        let Some(skipping) = &self.state.skipping else { return (None, None) };
        let config = skipping.config.clone().filter(|config| config.enabled && !(child && config.disable_propagation));
        let inherits = !self.ahead().is_zero();
        let mut inherited = TimeSkippingStatePropagation {
            initial_skipped_duration: Some(time::to_wire(self.ahead())),
            ..TimeSkippingStatePropagation::default()
        };
        if child {
            let config = config.map(|config| TimeSkippingConfig { fast_forward_config: None, ..config });
            return (config, inherits.then_some(inherited));
        }
        if config.is_some() {
            inherited.initial_skip_count = skipping.skips;
            inherited.fast_forward_target_time = skipping.fast_forward_due().map(Time::to_wire);
        }
        let inherits = inherits || inherited.initial_skip_count != 0 || inherited.fast_forward_target_time.is_some();
        (config, inherits.then_some(inherited))
    }

    /// What has become of a fast-forward; none while it is under way.
    pub(crate) fn fast_forward_ended(&self, id: &str) -> Option<PollWorkflowExecutionTimeSkippingResponse> {
        let info = self.state.skipping.as_ref().and_then(SkippingState::fast_forward);
        let (result, reason) = match &info {
            Some(info) if info.fast_forward_id == id => {
                if info.has_completed {
                    (Polled::FastForwardCompleted, "")
                } else if self.is_open() {
                    return None;
                } else {
                    (Polled::FastForwardFailed, "the execution ended before the fast-forward completed")
                }
            }
            _ => (
                Polled::FastForwardFailed,
                "the requested fast_forward_id does not match the execution's current fast-forward",
            ),
        };
        Some(PollWorkflowExecutionTimeSkippingResponse {
            fast_forward_polling_result: result.into(),
            failed_reason: reason.to_owned(),
            fast_forward_info: info,
        })
    }

    /// Whether this fast-forward was asked of the run, or of one before it.
    pub(crate) fn has_fast_forward(&self, id: &str) -> bool {
        let info = self.state.skipping.as_ref().and_then(SkippingState::fast_forward);
        info.is_some_and(|info| info.fast_forward_id == id)
    }

    /// Whether this fast-forward has not ended.
    pub(crate) fn is_fast_forwarding(&self, id: &str) -> bool {
        self.has_fast_forward(id) && self.state.skipping.as_ref().is_some_and(|skipping| !skipping.reached)
    }

    /// Those who wait for a fast-forward that goes on in the next run.
    pub(super) fn leave_fast_forward_waiters(
        &mut self,
        next: &WorkflowExecutionStartedEventAttributes,
    ) -> Vec<FastForwardWaiter> {
        let config = next.time_skipping_config.as_ref();
        let goes_on = config.is_some_and(|config| config.fast_forward_config.is_some());
        if goes_on { std::mem::take(&mut self.live.fast_forward_waiters) } else { Vec::new() }
    }

    /// What is said to somebody who has waited long enough for a fast-forward.
    pub(crate) fn fast_forward_goes_on(&self) -> PollWorkflowExecutionTimeSkippingResponse {
        PollWorkflowExecutionTimeSkippingResponse {
            fast_forward_polling_result: Polled::PollTimeout.into(),
            fast_forward_info: self.state.skipping.as_ref().and_then(SkippingState::fast_forward),
            ..PollWorkflowExecutionTimeSkippingResponse::default()
        }
    }

    /// Tells those whose fast-forward has ended.
    pub(crate) fn tell_fast_forward_waiters(&mut self, cx: &mut Cx<'_>) {
        let waiters = std::mem::take(&mut self.live.fast_forward_waiters);
        for waiter in waiters {
            match self.fast_forward_ended(&waiter.id) {
                Some(ended) => cx.reply(waiter.call, Ok(Reply::FastForward(Box::new(ended)))),
                None => self.live.fast_forward_waiters.push(waiter),
            }
        }
    }
}

fn nanos(duration: Duration) -> i64 {
    i64::try_from(duration.as_nanos()).unwrap_or(i64::MAX)
}
