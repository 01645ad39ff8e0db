//! Commands: what a workflow asks of the server when it answers a task.

use std::time::Duration;

use crate::{
    ActivityId, ActivityType, EventId, Failure, Fields, Header, MessageId, Payload, Payloads, Priority, RetryPolicy,
    TaskQueue, TimerId, WorkflowType,
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
#[derive(Clone, Debug, PartialEq)]
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
    /// How failures of the new run are tried again; none for the same.
    pub retry_policy: Option<RetryPolicy>,
    /// Context handed along by interceptors.
    pub header: Header,
    /// Unindexed values; none for the same.
    pub memo: Option<Fields>,
    /// Indexed values; none for the same.
    pub search_attributes: Option<Fields>,
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
            Self::StartActivity(_) => "ScheduleActivityTask",
            Self::RequestCancelActivity { .. } => "RequestCancelActivityTask",
            Self::StartTimer(_) => "StartTimer",
            Self::CancelTimer { .. } => "CancelTimer",
            Self::Message { .. } => "ProtocolMessage",
            Self::CompleteWorkflow { .. } => "CompleteWorkflowExecution",
            Self::FailWorkflow { .. } => "FailWorkflowExecution",
            Self::CancelWorkflow { .. } => "CancelWorkflowExecution",
            Self::ContinueAsNew(_) => "ContinueAsNewWorkflowExecution",
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
