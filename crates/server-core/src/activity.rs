//! Activities that clients start, without a workflow around them.
//!
//! ```text
//! start --> open: attempts, as of any activity --complete, fail, time out--> over --retention--> forgotten
//!             |  cancel: at once if no worker has it, else the attempt hears of it
//!             |  terminate ------------------------------------------------> over
//! ```
//! One id may have many, one after the other; the newest is meant where no run is named.

mod callback;
mod show;
pub(crate) mod waiter;

use std::collections::BTreeMap;

use perpetua_proto::activity::{ActivityExecutionOutcome, ActivityOptions, activity_execution_outcome as outcome};
use perpetua_proto::common::{ActivityType, Header, Link, Payload, Payloads, link};
use perpetua_proto::enums::{ActivityExecutionStatus as Status, RetryState, TimeoutType};
use perpetua_proto::failure::failure::FailureInfo;
use perpetua_proto::failure::{CanceledFailureInfo, Failure, TerminatedFailureInfo};
use perpetua_proto::sdk::UserMetadata;
use perpetua_proto::workflowservice::RecordActivityTaskHeartbeatResponse;

pub(crate) use waiter::ActivityWaiter;

use crate::attempt::{Attempt, AttemptEnd, Manner, Terms};
use crate::requests::activity::text_payload;
use crate::run::callback::CallbackState;
use crate::time::Time;
use crate::world::Shelf;

/// Who asked for something, why, and by which request.
#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct Asked {
    #[prost(string, tag = "1")]
    pub(crate) identity: String,
    #[prost(string, tag = "2")]
    pub(crate) reason: String,
    #[prost(string, tag = "3")]
    pub(crate) request: String,
}

/// An activity that a client has started.
#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct Activity {
    #[prost(string, tag = "1")]
    pub(crate) namespace: String,
    #[prost(string, tag = "2")]
    pub(crate) id: String,
    #[prost(string, tag = "3")]
    pub(crate) run_id: String,
    /// Its place in the order in which things of this world began.
    #[prost(uint64, tag = "4")]
    pub(crate) number: u64,
    #[prost(message, optional, tag = "5")]
    pub(crate) activity_type: Option<ActivityType>,
    #[prost(message, required, tag = "6")]
    pub(crate) options: ActivityOptions,
    /// What the options were before they were changed.
    #[prost(message, optional, tag = "7")]
    pub(crate) original: Option<ActivityOptions>,
    #[prost(message, optional, tag = "8")]
    pub(crate) input: Option<Payloads>,
    #[prost(message, optional, tag = "9")]
    pub(crate) header: Option<Header>,
    #[prost(message, optional, tag = "10")]
    pub(crate) metadata: Option<UserMetadata>,
    #[prost(btree_map = "string, message", tag = "11")]
    pub(crate) search_attributes: BTreeMap<String, Payload>,
    #[prost(message, repeated, tag = "12")]
    pub(crate) links: Vec<Link>,
    /// The request that started it.
    #[prost(string, tag = "13")]
    pub(crate) start_request: String,
    #[prost(message, required, tag = "15")]
    pub(crate) attempt: Attempt,
    #[prost(enumeration = "Status", tag = "16")]
    pub(crate) status: i32,
    #[prost(int64, tag = "17")]
    pub(crate) start_time: i64,
    #[prost(int64, tag = "18")]
    pub(crate) close_time: i64,
    #[prost(message, optional, tag = "19")]
    pub(crate) outcome: Option<ActivityExecutionOutcome>,
    #[prost(message, optional, tag = "20")]
    pub(crate) cancel: Option<Asked>,
    #[prost(message, optional, tag = "21")]
    pub(crate) terminated: Option<Asked>,
    #[prost(int64, tag = "22")]
    pub(crate) transitions: i64,
    /// When a worker last took an attempt.
    #[prost(int64, tag = "23")]
    pub(crate) last_started: i64,
    /// Who is told when it is over.
    #[prost(message, repeated, tag = "24")]
    pub(crate) callbacks: Vec<CallbackState>,
}

/// All activities that clients have started.
#[derive(Debug, Default)]
pub(crate) struct Activities {
    /// By run id.
    pub(crate) shelf: Shelf<Activity>,
    /// The run ids of the newest of each id, by namespace and id.
    newest: BTreeMap<(String, String), String>,
    pub(crate) waiters: Vec<ActivityWaiter>,
}

impl Activities {
    /// The newest activity of this id.
    pub(crate) fn current(&self, namespace: &str, id: &str) -> Option<&Activity> {
        self.shelf.get(self.newest.get(&(namespace.to_owned(), id.to_owned()))?)
    }

    /// Takes in an activity, which is the newest of its id.
    pub(crate) fn take_in(&mut self, activity: Activity) {
        let id = (activity.namespace.clone(), activity.id.clone());
        self.newest.insert(id, activity.run_id.clone());
        self.shelf.insert(activity.run_id.clone(), activity);
    }

    /// Forgets an activity.
    pub(crate) fn forget(&mut self, run_id: &str) {
        let Some(activity) = self.shelf.remove(run_id) else { return };
        let id = (activity.namespace, activity.id);
        if self.newest.get(&id).is_some_and(|newest| newest == run_id) {
            self.newest.remove(&id);
        }
    }

    /// Knows again which activity is the newest of its id; the run ids of all.
    pub(crate) fn restore(&mut self) -> Vec<String> {
        let mut all: Vec<&Activity> = self.shelf.values().collect();
        all.sort_by_key(|activity| activity.number);
        let key = |activity: &&Activity| (activity.namespace.clone(), activity.id.clone());
        self.newest = all.iter().map(|activity| (key(activity), activity.run_id.clone())).collect();
        all.iter().map(|activity| activity.run_id.clone()).collect()
    }
}

impl Activity {
    pub(crate) fn is_open(&self) -> bool {
        self.status() == Status::Running
    }

    /// A link to it.
    pub(crate) fn link(&self) -> Link {
        let (namespace, activity_id, run_id) = (self.namespace.clone(), self.id.clone(), self.run_id.clone());
        Link { variant: Some(link::Variant::Activity(link::Activity { namespace, activity_id, run_id })) }
    }

    pub(crate) fn type_name(&self) -> &str {
        self.activity_type.as_ref().map_or("", |kind| &kind.name)
    }

    pub(crate) fn terms(&self) -> Terms<'_> {
        Terms::of(&self.options, Manner::Standalone)
    }

    /// Changes the attempt by the terms of the activity.
    fn with_attempt<R>(&mut self, change: impl FnOnce(&mut Attempt, &Terms<'_>) -> R) -> R {
        let Self { attempt, options, .. } = self;
        change(attempt, &Terms::of(options, Manner::Standalone))
    }

    /// A worker takes the attempt.
    pub(crate) fn start(&mut self, now: Time, identity: &str, request: String) {
        self.attempt.start(now, identity, request);
        self.last_started = now.nanos();
    }

    /// A sign of life; the answer says what it is to hear.
    pub(crate) fn beat(&mut self, now: Time, details: Option<Payloads>) -> RecordActivityTaskHeartbeatResponse {
        self.attempt.beat(now, details);
        let is_reset = self.attempt.reset.is_some();
        RecordActivityTaskHeartbeatResponse {
            cancel_requested: self.attempt.cancel_requested,
            activity_paused: self.attempt.is_paused() && !is_reset,
            activity_reset: is_reset,
        }
    }

    /// Somebody says how an attempt ended. Who has ended the activity is shown as its last worker.
    pub(crate) fn answered(&mut self, now: Time, end: AttemptEnd, identity: &str) {
        self.end_attempt(now, end);
        if matches!(self.status(), Status::Completed | Status::Failed) {
            identity.clone_into(&mut self.attempt.identity);
        }
    }

    /// An attempt is over, and perhaps the activity.
    pub(crate) fn end_attempt(&mut self, now: Time, end: AttemptEnd) {
        let restores = self.attempt.reset.is_some_and(|reset| reset.options);
        match end {
            AttemptEnd::Completed(result) => {
                self.attempt.end(now, None);
                let result = Some(outcome::Value::Result(result.unwrap_or_default()));
                self.close(now, Status::Completed, result, RetryState::Unspecified);
            }
            AttemptEnd::Canceled(details) => self.close_canceled(now, details.unwrap_or_default()),
            AttemptEnd::Failed(failure) => {
                match self.with_attempt(|attempt, terms| attempt.retry(terms, &failure, now)) {
                    Ok(()) => self.restore_if(restores),
                    Err(retry_state) => self.fail(now, *failure, retry_state),
                }
            }
            AttemptEnd::TimedOut(kind) => self.time_out(now, kind, restores),
        }
    }

    fn time_out(&mut self, now: Time, kind: TimeoutType, restores: bool) {
        match self.with_attempt(|attempt, terms| attempt.time_out(terms, kind, now)) {
            None => self.restore_if(restores),
            Some((failure, retry_state)) => {
                self.close(now, Status::TimedOut, Some(outcome::Value::Failure(failure)), retry_state);
            }
        }
    }

    /// It fails for good.
    pub(crate) fn fail(&mut self, now: Time, failure: Failure, retry_state: RetryState) {
        self.attempt.end(now, Some(failure.clone()));
        self.close(now, Status::Failed, Some(outcome::Value::Failure(failure)), retry_state);
    }

    /// It is asked to stop, and is over at once if no worker has it.
    pub(crate) fn cancel(&mut self, now: Time, asked: Asked) {
        let details = text_payload(&asked.reason);
        self.cancel = Some(asked);
        self.attempt.cancel_requested = true;
        self.attempt.pause = None;
        if !self.attempt.is_started() {
            self.close_canceled(now, details);
        }
    }

    /// It is stopped from outside.
    pub(crate) fn terminate(&mut self, now: Time, asked: Asked) {
        let info = TerminatedFailureInfo { identity: asked.identity.clone() };
        let failure = Failure {
            message: asked.reason.clone(),
            failure_info: Some(FailureInfo::TerminatedFailureInfo(info)),
            ..Failure::default()
        };
        self.terminated = Some(asked);
        self.close(now, Status::Terminated, Some(outcome::Value::Failure(failure)), RetryState::Unspecified);
    }

    fn close_canceled(&mut self, now: Time, details: Payloads) {
        let identity = self.cancel.as_ref().map(|asked| asked.identity.clone()).unwrap_or_default();
        let info = CanceledFailureInfo { details: Some(details), identity };
        let failure = Failure {
            message: "Activity canceled".to_owned(),
            failure_info: Some(FailureInfo::CanceledFailureInfo(info)),
            ..Failure::default()
        };
        self.close(now, Status::Canceled, Some(outcome::Value::Failure(failure)), RetryState::Unspecified);
    }

    fn close(&mut self, now: Time, status: Status, value: Option<outcome::Value>, retry_state: RetryState) {
        self.set_status(status);
        self.close_time = now.nanos();
        self.outcome = Some(ActivityExecutionOutcome { value, retry_state: retry_state.into() });
    }

    fn restore_if(&mut self, wanted: bool) {
        if wanted && let Some(original) = self.original.take() {
            self.options = original;
        }
    }

    /// It has the options again that it was started with.
    pub(crate) fn restore_options(&mut self) {
        self.restore_if(true);
    }

    /// In which state it is, in one word, as requests are told that cannot be done in it.
    pub(crate) fn state_name(&self) -> &'static str {
        match self.status() {
            Status::Completed => "Completed",
            Status::Failed => "Failed",
            Status::Canceled => "Canceled",
            Status::Terminated => "Terminated",
            Status::TimedOut => "TimedOut",
            _ => match (self.attempt.is_started(), self.attempt.is_paused()) {
                (true, _) if self.attempt.cancel_requested => "CancelRequested",
                (true, true) => "PauseRequested",
                (true, false) => "Started",
                (false, true) => "Paused",
                (false, false) => "Scheduled",
            },
        }
    }
}
