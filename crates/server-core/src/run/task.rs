//! The workflow task: the turns a worker takes.
//!
//! ```text
//! none --schedule--> scheduled --start--> started --complete--> none
//!                        ^                   |  fail, timeout
//!                        +--- attempt + 1 ---+
//! ```
//! A first attempt writes its events when they happen. A further one (*transient*), and one that only brings updates
//! (*speculative*), is unwritten: workers are shown events that are stored only if the task is completed.

use std::time::Duration;

use perpetua_proto::enums::{
    EventType, SuggestContinueAsNewReason, TaskQueueKind, TimeoutType, WorkflowTaskFailedCause,
};
use perpetua_proto::failure::Failure;
use perpetua_proto::history::history_event::Attributes;
use perpetua_proto::history::{
    HistoryEvent, WorkflowTaskFailedEventAttributes, WorkflowTaskScheduledEventAttributes,
    WorkflowTaskStartedEventAttributes, WorkflowTaskTimedOutEventAttributes,
};
use perpetua_proto::taskqueue::TaskQueue;

use super::state::TaskState;
use super::{Run, event};
use crate::deployment::Version;
use crate::limits;
use crate::matching::QueueKey;
use crate::settings::Settings;
use crate::time::{self, Time, nanos};
use crate::world::{Cx, Offer, Work};

/// The longest that a task is waited for when it failed often.
const LONGEST_WAIT: Duration = Duration::from_secs(600);

/// How a worker could not do a task.
pub(crate) struct Failed {
    pub(crate) cause: WorkflowTaskFailedCause,
    pub(crate) failure: Option<Failure>,
    pub(crate) identity: String,
    pub(crate) binary_checksum: String,
}

impl Run {
    pub(crate) fn is_task_started(&self) -> bool {
        self.state.task.as_ref().is_some_and(|task| task.started != 0)
    }

    /// How long a worker may take for a task.
    pub(crate) fn task_timeout(&self) -> Duration {
        time::duration(self.started().workflow_task_timeout.as_ref()).unwrap_or(limits::TASK_TIMEOUT)
    }

    /// Schedules a task and offers it to its queue. There is none pending.
    pub(crate) fn schedule_task(&mut self, cx: &mut Cx<'_>) {
        self.schedule_task_for(cx, false, cx.now);
    }

    /// Schedules a task that is there for updates alone.
    pub(crate) fn schedule_speculative_task(&mut self, cx: &mut Cx<'_>) {
        self.schedule_task_for(cx, true, cx.now);
    }

    pub(crate) fn schedule_task_for(&mut self, cx: &mut Cx<'_>, speculative: bool, original: Time) {
        if self.is_paused() {
            return;
        }
        let attempt = self.state.attempt.max(1);
        let sticky = !self.state.sticky_queue.is_empty()
            && attempt == 1
            && cx.is_polled(&self.sticky_key())
            && self.stays(cx.deployments);
        if !sticky && attempt == 1 {
            self.forget_sticky();
        }
        let speculative = speculative && attempt == 1;
        let mut task = TaskState {
            scheduled: self.history.next_id(),
            attempt,
            scheduled_time: cx.now.nanos(),
            original_scheduled_time: original.nanos(),
            unwritten: speculative || attempt > 1,
            speculative,
            sticky,
            timeout: nanos(self.timeout_of(attempt)),
            ..TaskState::default()
        };
        if !task.unwritten {
            task.scheduled = self.append(self.scheduled_event(&task));
        }
        self.state.task = Some(task);
        self.offer_task(cx);
    }

    /// Puts the pending task into its queue.
    pub(crate) fn offer_task(&mut self, cx: &mut Cx<'_>) {
        let Some(task) = &self.state.task else { return };
        self.live.offers += 1;
        let queue = if task.sticky { self.state.sticky_queue.clone() } else { self.task_queue().to_owned() };
        let priority = self.state.priority.clone();
        let queue = QueueKey::workflow(&self.state.namespace, &queue);
        cx.offer(Offer::new(queue, priority, Work::Workflow { run: self.number, offer: self.live.offers }));
    }

    /// Lets any worker have the task that waits for one that has gone. History keeps what it was scheduled for.
    pub(crate) fn offer_to_all(&mut self, cx: &mut Cx<'_>) {
        let Some(task) = self.state.task.as_mut().filter(|task| task.sticky && task.started == 0) else { return };
        task.sticky = false;
        self.offer_task(cx);
    }

    /// Whether this offer of the task still stands.
    pub(crate) fn offers_task(&self, offer: u64) -> bool {
        self.is_open() && self.live.offers == offer && self.state.task.as_ref().is_some_and(|task| task.started == 0)
    }

    pub(crate) fn sticky_key(&self) -> QueueKey {
        QueueKey::workflow(&self.state.namespace, &self.state.sticky_queue)
    }

    pub(crate) fn forget_sticky(&mut self) {
        self.state.sticky_queue.clear();
        self.state.sticky_timeout = 0;
    }

    /// From the fourth attempt on the task takes longer to time out, so that it is not tried too often.
    fn timeout_of(&self, attempt: i32) -> Duration {
        let usual = self.task_timeout();
        let doublings = attempt.saturating_sub(4);
        if doublings < 0 {
            return usual;
        }
        let wait = Duration::from_secs(5).saturating_mul(2_u32.saturating_pow(doublings.cast_unsigned()));
        usual + wait.min(LONGEST_WAIT)
    }

    /// The event by which the task was scheduled, with the id it has or will have.
    pub(crate) fn scheduled_event(&self, task: &TaskState) -> HistoryEvent {
        let queue = if task.sticky {
            TaskQueue {
                name: self.state.sticky_queue.clone(),
                kind: TaskQueueKind::Sticky.into(),
                normal_name: self.task_queue().to_owned(),
            }
        } else {
            TaskQueue { name: self.task_queue().to_owned(), kind: TaskQueueKind::Normal.into(), ..TaskQueue::default() }
        };
        let attributes = WorkflowTaskScheduledEventAttributes {
            task_queue: Some(queue),
            start_to_close_timeout: Some(time::to_wire(Duration::from_nanos(task.timeout.unsigned_abs()))),
            attempt: task.attempt,
        };
        let attributes = Attributes::WorkflowTaskScheduledEventAttributes(Box::new(attributes));
        let mut event = event(EventType::WorkflowTaskScheduled, Time::from_nanos(task.scheduled_time), attributes);
        event.event_id = task.scheduled;
        event
    }

    /// The event by which the task was started, with the id it has or will have.
    pub(crate) fn started_event(&self, task: &TaskState) -> HistoryEvent {
        let reasons = task.suggestions.clone();
        let attributes = WorkflowTaskStartedEventAttributes {
            scheduled_event_id: task.scheduled,
            identity: task.identity.clone(),
            request_id: task.request.clone(),
            suggest_continue_as_new: !reasons.is_empty(),
            suggest_continue_as_new_reasons: reasons,
            history_size_bytes: task.history_bytes,
            target_worker_deployment_version_changed: task.target_changed,
            ..WorkflowTaskStartedEventAttributes::default()
        };
        let attributes = Attributes::WorkflowTaskStartedEventAttributes(Box::new(attributes));
        let mut event = event(EventType::WorkflowTaskStarted, Time::from_nanos(task.started_time), attributes);
        event.event_id = task.started;
        event
    }

    /// Hands the pending task to a worker.
    pub(crate) fn start_task(&mut self, cx: &mut Cx<'_>, identity: &str, version: Option<&Version>) {
        let Some(mut task) = self.state.task.take() else { return };
        task.target_changed = self.meet(cx, version);
        // What has happened since a further attempt was scheduled makes it a first one.
        if task.attempt > 1 && task.scheduled != self.history.next_id() {
            task.attempt = 1;
            self.state.attempt = 1;
            task.unwritten = false;
            task.timeout = nanos(self.task_timeout());
            task.scheduled = self.append(self.scheduled_event(&task));
        }
        task.started_time = cx.now.nanos();
        task.identity = identity.to_owned();
        task.request = cx.uuid();
        task.history_bytes = self.state.history_bytes;
        task.suggestions = suggestions(cx.settings, task.scheduled, task.history_bytes);
        task.started = if task.unwritten { task.scheduled + 1 } else { self.history.next_id() };
        if !task.unwritten {
            let event = self.started_event(&task);
            self.append(event);
            self.history.cut();
        }
        self.state.task = Some(task);
    }

    /// Writes the scheduled event of a task for updates, because something else has happened.
    pub(crate) fn write_unwritten_schedule(&mut self) {
        if let Some(task) = self.state.task.as_ref().filter(|task| task.speculative && task.started == 0) {
            let event = self.scheduled_event(task);
            self.append(event);
            if let Some(task) = &mut self.state.task {
                (task.speculative, task.unwritten) = (false, false);
            }
        }
    }

    /// Writes the events of an unwritten task that was started, and takes the task away.
    pub(crate) fn take_started_task(&mut self) -> Option<TaskState> {
        let task = self.state.task.take_if(|task| task.started != 0)?;
        if task.unwritten {
            let (scheduled, started) = (self.scheduled_event(&task), self.started_event(&task));
            self.append(scheduled);
            self.append(started);
            self.history.cut();
        }
        Some(task)
    }

    /// The task was not answered well: it is tried again.
    pub(crate) fn fail_task(&mut self, cx: &mut Cx<'_>, failed: Failed) {
        self.fail_task_for_good(cx, failed);
        self.schedule_next(cx);
    }

    /// The task was not answered well, and is not tried again.
    pub(crate) fn fail_task_for_good(&mut self, cx: &mut Cx<'_>, failed: Failed) {
        let Failed { cause, failure, identity, binary_checksum } = failed;
        let problem = format!("cause=WorkflowTaskFailedCause{}", cause_name(cause));
        self.end_attempt(cx, |task| {
            let attributes = WorkflowTaskFailedEventAttributes {
                scheduled_event_id: task.scheduled,
                started_event_id: task.started,
                cause: cause.into(),
                failure,
                identity,
                binary_checksum,
                ..WorkflowTaskFailedEventAttributes::default()
            };
            (EventType::WorkflowTaskFailed, Attributes::WorkflowTaskFailedEventAttributes(Box::new(attributes)))
        });
        if !counts(cause) {
            self.state.attempt = 1;
        }
        self.report_problems("category=WorkflowTaskFailed", &problem);
    }

    /// The worker took too long.
    pub(crate) fn time_out_task(&mut self, cx: &mut Cx<'_>) {
        if self.is_task_started() {
            self.end_attempt(cx, |task| timed_out(task, TimeoutType::StartToClose));
            self.report_problems("category=WorkflowTaskTimedOut", "cause=WorkflowTaskTimedOutCauseStartToClose");
            self.schedule_next(cx);
            return;
        }
        // Nobody picked it up in its sticky queue: the others may.
        let Some(task) = self.state.task.take() else { return };
        self.forget_sticky();
        if !task.unwritten {
            let (kind, attributes) = timed_out(&task, TimeoutType::ScheduleToStart);
            self.append(event(kind, cx.now, attributes));
        }
        self.schedule_task_for(cx, task.speculative, cx.now);
    }

    /// Ends an attempt that did not succeed. Only the first in a row is written.
    fn end_attempt(&mut self, cx: &mut Cx<'_>, words: impl FnOnce(&TaskState) -> (EventType, Attributes)) {
        let Some(task) = self.state.task.take() else { return };
        if task.attempt == 1 {
            if task.unwritten {
                let (scheduled, started) = (self.scheduled_event(&task), self.started_event(&task));
                self.append(scheduled);
                self.append(started);
                self.history.cut();
            }
            let (kind, attributes) = words(&task);
            self.append(event(kind, cx.now, attributes));
        }
        if self.state.sticky_queue.is_empty() {
            self.state.attempt = task.attempt.saturating_add(1);
        } else {
            self.forget_sticky();
            self.state.attempt = 1;
        }
        self.fail_buffered_queries(cx);
    }

    /// Stores what was held back and schedules the next attempt.
    fn schedule_next(&mut self, cx: &mut Cx<'_>) {
        if !self.state.buffered.is_empty() {
            self.state.attempt = 1;
            self.flush();
        }
        if self.is_open() {
            self.resend_updates();
            self.schedule_task(cx);
        }
    }

    /// A run that is flooded while a worker is at it fails the task, so that the worker sees what has come.
    pub(crate) fn check_buffer(&mut self, cx: &mut Cx<'_>) {
        if self.state.buffered.len() > cx.settings.buffered_events && self.is_task_started() {
            let cause = WorkflowTaskFailedCause::ForceCloseCommand;
            let identity = limits::HISTORY_SERVICE.to_owned();
            self.fail_task(cx, Failed { cause, failure: None, identity, binary_checksum: String::new() });
        }
    }
}

fn timed_out(task: &TaskState, kind: TimeoutType) -> (EventType, Attributes) {
    let attributes = WorkflowTaskTimedOutEventAttributes {
        scheduled_event_id: task.scheduled,
        started_event_id: task.started,
        timeout_type: kind.into(),
    };
    (EventType::WorkflowTaskTimedOut, Attributes::WorkflowTaskTimedOutEventAttributes(Box::new(attributes)))
}

fn cause_name(cause: WorkflowTaskFailedCause) -> String {
    crate::commands::camel(cause.as_str_name().trim_start_matches("WORKFLOW_TASK_FAILED_CAUSE_"))
}

/// Why a workflow should continue as new, if it should.
fn suggestions(settings: &Settings, events: i64, bytes: i64) -> Vec<i32> {
    let mut reasons = Vec::new();
    if bytes >= settings.suggest_bytes {
        reasons.push(SuggestContinueAsNewReason::HistorySizeTooLarge.into());
    }
    if events >= settings.suggest_events {
        reasons.push(SuggestContinueAsNewReason::TooManyHistoryEvents.into());
    }
    reasons
}

/// Whether a task that failed so counts as an attempt; what is not the worker's fault begins anew.
pub(super) fn counts(cause: WorkflowTaskFailedCause) -> bool {
    !matches!(cause, WorkflowTaskFailedCause::FailoverCloseCommand | WorkflowTaskFailedCause::ResetWorkflow)
}
