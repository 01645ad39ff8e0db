//! The words both ends of the Temporal protocol say.
//!
//! Ids, events, commands, failures, payloads and policies, with every field that somebody decides on present and typed.
//! What nobody decides on travels along in an [`Opaque`] part and comes out again unchanged. [`wire`] maps all of it from
//! and to the protobuf messages; after it, no code looks at a protobuf type.
//!
//! This crate decides nothing: no state, no clock, no async, no policy about what may follow what.
//!
//! Read first: [`Event`], [`Command`], [`Failure`].
//!
//! ```text
//! protobuf  --wire-->  Event, WorkflowTask, Failure ..   (core, worker, client, server)   Command ..  --wire-->  protobuf
//! ```

mod activity;
mod command;
mod event;
mod failure;
mod history;
mod ids;
mod local_activity;
mod malformed;
mod named;
mod opaque;
mod payload;
mod policy;
mod query;
mod task;
mod time;
mod update;
mod visit;
mod weight;
pub mod wire;

pub use activity::{ActivityTask, ActivityTaskExtra, WorkflowExecution};
pub use command::{
    Command, CommandKind, ContinueAsNew, RecordMarker, RequestCancelExternalWorkflow, SignalExternalWorkflow,
    StartActivity, StartChildWorkflow, StartTimer, UserMetadata,
};
pub use event::{
    ActivityCanceled, ActivityClosed, ActivityFailed, ActivityScheduled, ChildWorkflow, ChildWorkflowCanceled,
    ChildWorkflowCompleted, ChildWorkflowFailed, ChildWorkflowStarted, ChildWorkflowTerminated, ChildWorkflowTimedOut,
    Event, EventExtra, EventKind, ExternalWorkflowCancelRequested, ExternalWorkflowSignaled, MarkerRecorded,
    OtherEvent, ParentWorkflow, PropertiesModified, RequestCancelExternalWorkflowFailed,
    RequestCancelExternalWorkflowInitiated, SearchAttributesUpserted, SignalExternalWorkflowFailed,
    SignalExternalWorkflowInitiated, Signaled, StartChildWorkflowFailed, StartChildWorkflowInitiated, TimerStarted,
    UpdateAccepted, UpdateAdmitted, UpdateCompleted, UpdateRejected, WorkerDeploymentVersion, WorkflowCancelRequested,
    WorkflowClosed, WorkflowContinuedAsNew, WorkflowFailed, WorkflowStarted, WorkflowTaskCompleted, WorkflowTaskFailed,
    WorkflowTaskStarted,
};
pub use failure::{
    ActivityFailureInfo, ApplicationFailure, ChildWorkflowFailureInfo, ErrorCategory, Failure, FailureInfo, RetryState,
    TimeoutKind,
};
pub use history::History;
pub use ids::{
    ActivityId, ActivityType, EventId, Identity, MarkerName, MessageId, Namespace, QueryName, RunId, SignalName,
    TaskQueue, TaskToken, TimerId, UpdateId, UpdateName, WorkflowId, WorkflowType,
};
pub use local_activity::LocalActivityMarker;
pub use malformed::Malformed;
pub use named::Named;
pub use opaque::Opaque;
pub use payload::{Fields, Header, Payload, Payloads};
pub use policy::{
    CancelExternalWorkflowFailedCause, ContinueAsNewReason, ContinueAsNewVersioning, ParentClosePolicy, Priority,
    RetryPolicy, SignalExternalWorkflowFailedCause, StartChildWorkflowFailedCause, VersioningOverride,
    WorkflowIdReusePolicy, WorkflowTaskFailedCause,
};
pub use query::{Query, QueryAnswer, QueryId};
pub use task::WorkflowTask;
pub use time::Timestamp;
pub use update::{Message, MessageBody, Outcome, UpdateRequest, UpdateRequestRest};
pub use visit::VisitPayloads;
pub use weight::Weigh;
