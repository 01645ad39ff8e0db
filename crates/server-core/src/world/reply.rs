//! Answers that may come later.

use perpetua_proto::workflowservice::{
    DescribeActivityExecutionResponse, DescribeNexusOperationExecutionResponse, GetWorkflowExecutionHistoryResponse,
    PollActivityExecutionResponse, PollActivityTaskQueueResponse, PollNexusOperationExecutionResponse,
    PollNexusTaskQueueResponse, PollWorkflowExecutionTimeSkippingResponse, PollWorkflowExecutionUpdateResponse,
    PollWorkflowTaskQueueResponse, QueryWorkflowResponse, StartWorkflowExecutionResponse,
    UpdateWorkflowExecutionResponse,
};

use crate::Lingered;

/// Names a call that waits for its answer. The caller of the world chooses it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CallId(pub u64);

/// The answer to a call that may wait.
#[derive(Clone, Debug, PartialEq)]
pub enum Reply {
    /// To a poll for workflow tasks.
    WorkflowTask(Box<PollWorkflowTaskQueueResponse>),
    /// To a poll for activities.
    ActivityTask(Box<PollActivityTaskQueueResponse>),
    /// To a poll for Nexus requests.
    NexusTask(Box<PollNexusTaskQueueResponse>),
    /// To a request to describe a Nexus operation.
    Operation(Box<DescribeNexusOperationExecutionResponse>),
    /// To a poll for a Nexus operation's outcome.
    PolledOperation(Box<PollNexusOperationExecutionResponse>),
    /// To a request for history.
    History(GetWorkflowExecutionHistoryResponse),
    /// To a query.
    Query(QueryWorkflowResponse),
    /// To an update.
    Update(UpdateWorkflowExecutionResponse),
    /// To a poll for an update's outcome.
    PolledUpdate(PollWorkflowExecutionUpdateResponse),
    /// To a poll for the end of a fast-forward.
    FastForward(Box<PollWorkflowExecutionTimeSkippingResponse>),
    /// To a request to describe an activity.
    Activity(Box<DescribeActivityExecutionResponse>),
    /// To a poll for the outcome of an activity.
    ActivityOutcome(Box<PollActivityExecutionResponse>),
    /// To a call that waited for a time.
    Slept,
    /// To a call that let an attempt of an activity linger.
    Lingered(Lingered),
    /// To an update with a start.
    StartedAndUpdated(Box<StartWorkflowExecutionResponse>, UpdateWorkflowExecutionResponse),
}
