//! Commands: what a workflow asks of the server when it answers a task.

use std::time::Duration;

use crate::{
    ActivityId, ActivityType, ContinueAsNewVersioning, EventId, Failure, Fields, Header, MarkerName, MessageId, Named,
    Namespace, ParentClosePolicy, Payload, Payloads, Priority, RetryPolicy, SignalName, TaskQueue, TimerId,
    WorkflowExecution, WorkflowId, WorkflowIdReusePolicy, WorkflowType,
};

/// One thing a workflow asks of the server.
#[derive(Clone, Debug, PartialEq)]
pub struct Command {
    /// What it asks.
    pub kind: CommandKind,
    /// What people read about it.
    pub metadata: UserMetadata,
}

/// What people read about a command or a workflow; shown by tools, decided on by nobody.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct UserMetadata {
    /// One line.
    pub summary: Option<Payload>,
    /// Several lines.
    pub details: Option<Payload>,
}

/// What a workflow asks.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum CommandKind {
    /// Run an activity.
    StartActivity(Box<StartActivity>),
    /// Run an activity, and if possible hand it to the asking worker with the response, instead of through its queue.
    ///
    /// For workers that have kept a slot free, and for their own queue only.
    StartActivityEagerly(Box<StartActivity>),
    /// Ask an activity to stop.
    RequestCancelActivity {
        /// The event that scheduled it.
        scheduled: EventId,
    },
    /// Set a timer.
    StartTimer(StartTimer),
    /// Take a timer back.
    CancelTimer {
        /// Which timer.
        timer: TimerId,
    },
    /// Put a message, sent beside the commands, at this place.
    Message {
        /// Which message.
        message: MessageId,
    },
    /// End the run with a result.
    CompleteWorkflow {
        /// The value; none for unit.
        result: Option<Payloads>,
    },
    /// End the run with a failure.
    FailWorkflow {
        /// What went wrong.
        failure: Box<Failure>,
    },
    /// End the run as canceled.
    CancelWorkflow {
        /// What it leaves.
        details: Option<Payloads>,
    },
    /// End the run and begin a new one of the same workflow.
    ContinueAsNew(Box<ContinueAsNew>),
    /// Start a workflow as a child of this one.
    StartChildWorkflow(Box<StartChildWorkflow>),
    /// Signal another workflow.
    SignalExternalWorkflow(Box<SignalExternalWorkflow>),
    /// Ask another workflow to stop; a child too.
    RequestCancelExternalWorkflow(Box<RequestCancelExternalWorkflow>),
    /// Leave a marker in the history, for a later replay to find.
    RecordMarker(Box<RecordMarker>),
    /// Change search attributes of the run.
    UpsertSearchAttributes {
        /// Those that change; a null payload takes one away.
        search_attributes: Fields,
    },
    /// Change properties of the run, of which there is one: the memo.
    ModifyProperties {
        /// The fields of the memo that change; a null payload takes one away.
        memo: Fields,
    },
}

/// Run an activity.
#[derive(Clone, Debug, PartialEq)]
pub struct StartActivity {
    /// The id of this activity within the run.
    pub activity: ActivityId,
    /// Which activity.
    pub activity_type: ActivityType,
    /// The queue whose workers may run it.
    pub task_queue: TaskQueue,
    /// Its arguments.
    pub input: Payloads,
    /// Context handed along by interceptors.
    pub header: Header,
    /// The longest all attempts together may take.
    pub schedule_to_close: Option<Duration>,
    /// The longest it may wait for a worker.
    pub schedule_to_start: Option<Duration>,
    /// The longest one attempt may take.
    pub start_to_close: Option<Duration>,
    /// The longest silence of a running attempt.
    pub heartbeat: Option<Duration>,
    /// How failures are tried again; none leaves it to the server, which retries without end.
    pub retry_policy: Option<RetryPolicy>,
    /// Who goes first when the queue has a backlog.
    pub priority: Option<Priority>,
}

/// Set a timer.
#[derive(Clone, Debug, PartialEq)]
pub struct StartTimer {
    /// The id of this timer within the run.
    pub timer: TimerId,
    /// When it is due.
    pub after: Duration,
}

/// End the run and begin a new one of the same workflow.
///
/// There is no word for the initiator, the failure, the last result and the cron schedule, with which a command could
/// pretend to be a retry or the next run of a schedule: servers do both without being asked by a worker.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ContinueAsNew {
    /// What to run.
    pub workflow_type: WorkflowType,
    /// The queue of the new run; empty for the same.
    pub task_queue: TaskQueue,
    /// Its arguments.
    pub input: Payloads,
    /// The longest the new run may take; none for the same.
    pub run_timeout: Option<Duration>,
    /// The longest one workflow task of the new run may take; none for the same.
    pub task_timeout: Option<Duration>,
    /// How failures of the new run are tried again; none for not at all.
    pub retry_policy: Option<RetryPolicy>,
    /// How long to wait before the first workflow task of the new run; none for not at all.
    pub start_delay: Option<Duration>,
    /// Which version of the workers takes the new run.
    pub versioning: ContinueAsNewVersioning,
    /// Context handed along by interceptors.
    pub header: Header,
    /// Unindexed values.
    pub memo: Option<Fields>,
    /// Indexed values.
    pub search_attributes: Option<Fields>,
}

/// Start a workflow as a child of this one.
#[derive(Clone, Debug, PartialEq)]
pub struct StartChildWorkflow {
    /// The namespace of the child; empty for the same. Servers may refuse another one.
    pub namespace: Namespace,
    /// The child's id.
    pub workflow_id: WorkflowId,
    /// Which workflow.
    pub workflow_type: WorkflowType,
    /// The queue of the child; empty for the same.
    pub task_queue: TaskQueue,
    /// Its arguments.
    pub input: Payloads,
    /// Context handed along by interceptors.
    pub header: Header,
    /// The longest all runs of the child together may take.
    pub execution_timeout: Option<Duration>,
    /// The longest one run of the child may take.
    pub run_timeout: Option<Duration>,
    /// The longest one workflow task of the child may take.
    pub task_timeout: Option<Duration>,
    /// What happens to the child when this workflow closes.
    pub parent_close_policy: ParentClosePolicy,
    /// Whether the id of a closed workflow may be used again.
    pub id_reuse_policy: WorkflowIdReusePolicy,
    /// How failures of the child are tried again; none for not at all.
    pub retry_policy: Option<RetryPolicy>,
    /// The cron expression; empty for none.
    pub cron_schedule: String,
    /// Unindexed values.
    pub memo: Option<Fields>,
    /// Indexed values.
    pub search_attributes: Option<Fields>,
    /// Who goes first when the queue has a backlog; none for the same as this workflow.
    pub priority: Option<Priority>,
}

/// Signal another workflow.
#[derive(Clone, Debug, PartialEq)]
pub struct SignalExternalWorkflow {
    /// The namespace of the other; empty for the same. Servers may refuse another one.
    pub namespace: Namespace,
    /// The other; its run is empty for the current one.
    pub execution: WorkflowExecution,
    /// Which signal.
    pub name: SignalName,
    /// Its arguments.
    pub input: Payloads,
    /// Context handed along by interceptors.
    pub header: Header,
    /// Whether the other must be a child of this one.
    pub child_workflow_only: bool,
}

/// Ask another workflow to stop.
#[derive(Clone, Debug, PartialEq)]
pub struct RequestCancelExternalWorkflow {
    /// The namespace of the other; empty for the same. Servers may refuse another one.
    pub namespace: Namespace,
    /// The other; its run is empty for the current one.
    pub execution: WorkflowExecution,
    /// Whether the other must be a child of this one.
    pub child_workflow_only: bool,
    /// Why, in words.
    pub reason: String,
}

/// Leave a marker in the history, for a later replay to find.
#[derive(Clone, Debug, PartialEq)]
pub struct RecordMarker {
    /// What kind of marker.
    pub name: MarkerName,
    /// What it says, by name.
    pub details: Named<Payloads>,
    /// What went wrong, where the marker speaks of something that can.
    pub failure: Option<Box<Failure>>,
    /// Context handed along by interceptors.
    pub header: Header,
}

impl From<CommandKind> for Command {
    fn from(kind: CommandKind) -> Self {
        Self { kind, metadata: UserMetadata::default() }
    }
}

impl CommandKind {
    /// What the field calls it.
    pub fn name(&self) -> &'static str {
        match self {
            Self::StartActivity(_) | Self::StartActivityEagerly(_) => "ScheduleActivityTask",
            Self::RequestCancelActivity { .. } => "RequestCancelActivityTask",
            Self::StartTimer(_) => "StartTimer",
            Self::CancelTimer { .. } => "CancelTimer",
            Self::Message { .. } => "ProtocolMessage",
            Self::CompleteWorkflow { .. } => "CompleteWorkflowExecution",
            Self::FailWorkflow { .. } => "FailWorkflowExecution",
            Self::CancelWorkflow { .. } => "CancelWorkflowExecution",
            Self::ContinueAsNew(_) => "ContinueAsNewWorkflowExecution",
            Self::StartChildWorkflow(_) => "StartChildWorkflowExecution",
            Self::SignalExternalWorkflow(_) => "SignalExternalWorkflowExecution",
            Self::RequestCancelExternalWorkflow(_) => "RequestCancelExternalWorkflowExecution",
            Self::RecordMarker(_) => "RecordMarker",
            Self::UpsertSearchAttributes { .. } => "UpsertWorkflowSearchAttributes",
            Self::ModifyProperties { .. } => "ModifyWorkflowProperties",
        }
    }

    /// Whether the run is over with this command.
    pub fn closes_workflow(&self) -> bool {
        matches!(
            self,
            Self::CompleteWorkflow { .. }
                | Self::FailWorkflow { .. }
                | Self::CancelWorkflow { .. }
                | Self::ContinueAsNew(_)
        )
    }
}
