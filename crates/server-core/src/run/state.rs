//! What must be known of a run beside its history, in the form in which it is stored.
//!
//! These are protobuf messages of our own: a store keeps them as bytes, and a field that is added later does not make
//! an older file unreadable. Times are nanoseconds since 1970, 0 for none.

use std::collections::BTreeMap;

use super::callback::CallbackState;
use super::skipping::SkippingState;
use crate::attempt::Attempt;
use crate::nexus::OperationState;

use perpetua_proto::activity::ActivityOptions;
use perpetua_proto::deployment::WorkerDeploymentVersion;
use perpetua_proto::{common, history, update, workflow};

use super::versioning::VersioningState;

/// Everything of a run that is stored, except its events.
#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct RunState {
    #[prost(string, tag = "1")]
    pub(crate) namespace: String,
    #[prost(string, tag = "2")]
    pub(crate) workflow_id: String,
    #[prost(string, tag = "3")]
    pub(crate) run_id: String,
    #[prost(enumeration = "perpetua_proto::enums::WorkflowExecutionStatus", tag = "4")]
    pub(crate) status: i32,
    #[prost(int64, tag = "5")]
    pub(crate) start_time: i64,
    /// When its first task is due: the start, and the wait before it.
    #[prost(int64, tag = "6")]
    pub(crate) execution_time: i64,
    #[prost(int64, tag = "7")]
    pub(crate) close_time: i64,
    #[prost(int64, tag = "8")]
    pub(crate) run_deadline: i64,
    #[prost(int64, tag = "9")]
    pub(crate) execution_deadline: i64,
    /// While the first task is being waited for.
    #[prost(int64, tag = "10")]
    pub(crate) first_task_due: i64,
    #[prost(message, optional, tag = "11")]
    pub(crate) task: Option<TaskState>,
    /// How often in a row the workflow task was not completed, and one more.
    #[prost(int32, tag = "12")]
    pub(crate) attempt: i32,
    /// The started event of the last task that was completed.
    #[prost(int64, tag = "13")]
    pub(crate) previous_started: i64,
    #[prost(string, tag = "14")]
    pub(crate) sticky_queue: String,
    #[prost(int64, tag = "15")]
    pub(crate) sticky_timeout: i64,
    /// By scheduled event.
    #[prost(btree_map = "int64, message", tag = "16")]
    pub(crate) activities: BTreeMap<i64, ActivityState>,
    /// By the timer's id.
    #[prost(btree_map = "string, message", tag = "17")]
    pub(crate) timers: BTreeMap<String, TimerState>,
    /// By initiated event.
    #[prost(btree_map = "int64, message", tag = "18")]
    pub(crate) children: BTreeMap<i64, ChildState>,
    /// Signals and cancel requests to others that are under way, by initiated event.
    #[prost(btree_map = "int64, bool", tag = "19")]
    pub(crate) externals: BTreeMap<i64, bool>,
    /// Updates that are accepted or completed, by id.
    #[prost(btree_map = "string, message", tag = "20")]
    pub(crate) updates: BTreeMap<String, UpdateState>,
    /// Events that came while a workflow task was being worked on; they have no ids yet.
    #[prost(message, repeated, tag = "21")]
    pub(crate) buffered: Vec<history::HistoryEvent>,
    #[prost(btree_map = "string, message", tag = "22")]
    pub(crate) memo: BTreeMap<String, common::Payload>,
    #[prost(btree_map = "string, message", tag = "23")]
    pub(crate) search_attributes: BTreeMap<String, common::Payload>,
    #[prost(bool, tag = "24")]
    pub(crate) cancel_requested: bool,
    /// The requests that are done: starts, signals, cancel requests.
    #[prost(btree_map = "string, bool", tag = "25")]
    pub(crate) requests: BTreeMap<String, bool>,
    #[prost(int64, tag = "26")]
    pub(crate) history_bytes: i64,
    #[prost(int64, tag = "27")]
    pub(crate) transitions: i64,
    /// The run that follows this one.
    #[prost(string, tag = "28")]
    pub(crate) next_run: String,
    /// The request that started it.
    #[prost(string, tag = "29")]
    pub(crate) start_request: String,
    /// When tasks began to be completed only in order to go on.
    #[prost(int64, tag = "30")]
    pub(crate) heartbeating_since: i64,
    #[prost(int64, tag = "31")]
    pub(crate) updates_accepted: i64,
    #[prost(int64, tag = "32")]
    pub(crate) signals: i64,
    #[prost(string, tag = "33")]
    pub(crate) reset_run: String,
    /// Its place in the order in which the runs of this world began.
    #[prost(uint64, tag = "34")]
    pub(crate) number: u64,
    /// Updates of another run that a worker has not accepted in this one, by id: the events that brought them.
    #[prost(btree_map = "string, int64", tag = "35")]
    pub(crate) admitted: BTreeMap<String, i64>,
    /// When it was made of another run; 0 for the others.
    #[prost(int64, tag = "36")]
    pub(crate) reset_time: i64,
    /// When the run began that it was made of.
    #[prost(int64, tag = "37")]
    pub(crate) original_start_time: i64,
    /// Who has paused it, when and why.
    #[prost(message, optional, tag = "38")]
    pub(crate) pause: Option<workflow::WorkflowExecutionPauseInfo>,
    #[prost(message, optional, tag = "39")]
    pub(crate) priority: Option<common::Priority>,
    #[prost(message, optional, tag = "40")]
    pub(crate) versioning_override: Option<workflow::VersioningOverride>,
    /// Nexus operations that are not over, by scheduled event.
    #[prost(btree_map = "int64, message", tag = "60")]
    pub(crate) operations: BTreeMap<i64, OperationState>,
    /// Who is told when it ends.
    #[prost(message, repeated, tag = "61")]
    pub(crate) callbacks: Vec<CallbackState>,
    /// Starts that found it running, by request, and the events that came of them.
    #[prost(btree_map = "string, message", tag = "62")]
    pub(crate) attached: BTreeMap<String, workflow::RequestIdInfo>,
    /// Whether a newer run of its workflow id was deleted, so that the id alone does not name this one.
    #[prost(bool, tag = "70")]
    pub(crate) outlived: bool,
    /// How its time skips, if it has one of its own.
    #[prost(message, optional, tag = "71")]
    pub(crate) skipping: Option<SkippingState>,
    #[prost(message, optional, tag = "80")]
    pub(crate) versioning: Option<VersioningState>,
}

/// The pending workflow task.
#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct TaskState {
    #[prost(int64, tag = "1")]
    pub(crate) scheduled: i64,
    /// 0 while no worker has it.
    #[prost(int64, tag = "2")]
    pub(crate) started: i64,
    #[prost(int32, tag = "3")]
    pub(crate) attempt: i32,
    #[prost(int64, tag = "4")]
    pub(crate) scheduled_time: i64,
    #[prost(int64, tag = "5")]
    pub(crate) original_scheduled_time: i64,
    #[prost(int64, tag = "6")]
    pub(crate) started_time: i64,
    /// Whether its events are not in the history yet: a further attempt, or a task that only brings updates.
    #[prost(bool, tag = "7")]
    pub(crate) unwritten: bool,
    /// Whether it is there for updates alone.
    #[prost(bool, tag = "8")]
    pub(crate) speculative: bool,
    #[prost(bool, tag = "9")]
    pub(crate) sticky: bool,
    #[prost(int64, tag = "10")]
    pub(crate) timeout: i64,
    #[prost(string, tag = "11")]
    pub(crate) identity: String,
    #[prost(string, tag = "12")]
    pub(crate) request: String,
    #[prost(int64, tag = "13")]
    pub(crate) history_bytes: i64,
    /// Why the workflow should continue as new, as it was when a worker got the task.
    #[prost(enumeration = "perpetua_proto::enums::SuggestContinueAsNewReason", repeated, tag = "14")]
    pub(crate) suggestions: Vec<i32>,
    /// Whether the run was told that it could move to another version.
    #[prost(bool, tag = "20")]
    pub(crate) target_changed: bool,
}

/// A pending activity. What was asked for is in its scheduled event.
#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct ActivityState {
    #[prost(string, tag = "1")]
    pub(crate) activity_id: String,
    #[prost(message, required, tag = "2")]
    pub(crate) attempt: Attempt,
    /// The event that asked it to stop; 0 for none.
    #[prost(int64, tag = "3")]
    pub(crate) cancel_requested: i64,
    /// What it goes by now, where that was changed.
    #[prost(message, optional, tag = "4")]
    pub(crate) options: Option<ActivityOptions>,
    /// Where the worker that has an attempt looks for what it is told; empty if nowhere.
    #[prost(string, tag = "5")]
    pub(crate) control_queue: String,
    /// The version of the worker that has, or had last, an attempt.
    #[prost(message, optional, tag = "60")]
    pub(crate) version: Option<WorkerDeploymentVersion>,
}

/// A running timer.
#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct TimerState {
    #[prost(int64, tag = "1")]
    pub(crate) started: i64,
    #[prost(int64, tag = "2")]
    pub(crate) due: i64,
}

/// A child that is starting or running. What was asked for is in its initiated event.
#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct ChildState {
    /// The event that says that it runs; 0 while it starts, -1 while that event is buffered.
    #[prost(int64, tag = "1")]
    pub(crate) started: i64,
    /// The child's first run; empty while it starts.
    #[prost(string, tag = "2")]
    pub(crate) run_id: String,
}

/// An accepted update.
#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct UpdateState {
    #[prost(int64, tag = "1")]
    pub(crate) accepted: i64,
    #[prost(message, optional, tag = "2")]
    pub(crate) outcome: Option<update::Outcome>,
    #[prost(int64, tag = "3")]
    pub(crate) completed: i64,
}
