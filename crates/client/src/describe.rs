//! `handle.describe()`: how a workflow is doing.

mod pending;
mod read;

use std::fmt;
use std::future::IntoFuture;
use std::time::{Duration, SystemTime};

use perpetua_convert::{BoxFuture, DataConverter, SearchAttributeKey, SearchAttributeKind, SearchAttributes, Value};
use perpetua_proto::workflowservice::{DescribeWorkflowExecutionRequest, DescribeWorkflowExecutionResponse};
use perpetua_vocab::{Fields, Priority, RunId, TaskQueue, WorkflowExecution, WorkflowId, WorkflowType};

pub use pending::{PendingActivity, PendingActivityState, PendingChild, PendingWorkflowTask};

use crate::{Client, PayloadError, RequestError, WorkflowHandle, WorkflowStatus};

/// How a run of a workflow is doing.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct WorkflowDescription {
    /// The workflow's id.
    pub id: WorkflowId,
    /// The run that is described.
    pub run_id: RunId,
    /// The first run of its chain, if the server says so.
    pub first_run_id: Option<RunId>,
    /// Which workflow.
    pub workflow_type: WorkflowType,
    /// The queue its tasks go to.
    pub task_queue: TaskQueue,
    /// How it is doing.
    pub status: WorkflowStatus,
    /// When the run was started.
    pub start_time: Option<SystemTime>,
    /// When the run began to execute: later than its start if it waits for a delay, a retry or cron.
    pub execution_time: Option<SystemTime>,
    /// When the run ended, if it has.
    pub close_time: Option<SystemTime>,
    /// How many events its history has.
    pub history_length: u64,
    /// How many bytes its history has.
    pub history_size: u64,
    /// The longest that all runs together may take, if limited.
    pub execution_timeout: Option<Duration>,
    /// The longest that this run may take, if limited.
    pub run_timeout: Option<Duration>,
    /// The longest that one workflow task may take.
    pub task_timeout: Option<Duration>,
    /// The workflow that started it as its child, if one did.
    pub parent: Option<WorkflowExecution>,
    /// The topmost of its parents; itself if it has none and the server says so.
    pub root: Option<WorkflowExecution>,
    /// Who goes first when its task queue has a backlog.
    pub priority: Option<Priority>,
    /// One line for people.
    pub summary: Option<String>,
    /// Several lines for people.
    pub details: Option<String>,
    /// Whether somebody asked it to stop.
    pub cancel_requested: bool,
    /// Activities that it waits for.
    pub pending_activities: Vec<PendingActivity>,
    /// Child workflows that it waits for.
    pub pending_children: Vec<PendingChild>,
    /// The workflow task that waits for a worker, or that a worker is answering.
    pub pending_workflow_task: Option<PendingWorkflowTask>,
    memo: Fields,
    search_attributes: SearchAttributes,
    converter: DataConverter,
    raw: Box<DescribeWorkflowExecutionResponse>,
}

impl WorkflowDescription {
    /// A value of the memo; none if there is none of this name.
    ///
    /// # Errors
    /// When it is not a `T`.
    pub fn memo<T: Value>(&self, key: &str) -> Result<Option<T>, PayloadError> {
        let payload = self.memo.get(key);
        Ok(payload.map(|payload| self.converter.payloads().decode(payload)).transpose()?)
    }

    /// The memo as payloads, codecs undone.
    pub fn memo_fields(&self) -> &Fields {
        &self.memo
    }

    /// The value of a search attribute; none if it is not set.
    ///
    /// ```no_run
    /// use perpetua_convert::{Keyword, SearchAttributeKey};
    /// const CUSTOMER: SearchAttributeKey<Keyword> = SearchAttributeKey::keyword("CustomerId");
    ///
    /// # use perpetua_contract::NamedWorkflow;
    /// # async fn example(client: perpetua_client::Client) -> Result<(), Box<dyn std::error::Error>> {
    /// let description = client.handle::<NamedWorkflow>("order-7").describe().await?;
    /// let customer: Option<String> = description.search_attribute(CUSTOMER)?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// When the value is of another kind than the key says.
    pub fn search_attribute<K: SearchAttributeKind>(
        &self,
        key: SearchAttributeKey<K>,
    ) -> Result<Option<K::Value>, PayloadError> {
        Ok(self.search_attributes.get(key)?)
    }

    /// All search attributes.
    pub fn search_attributes(&self) -> &SearchAttributes {
        &self.search_attributes
    }

    /// What the server answered, whole.
    pub fn raw(&self) -> &DescribeWorkflowExecutionResponse {
        &self.raw
    }
}

/// A request for a description, ready to be awaited. Made by [`WorkflowHandle::describe`].
#[must_use = "the request is sent when this is awaited"]
pub struct DescribeRequest {
    client: Client,
    execution: WorkflowExecution,
    limit: Option<Duration>,
}

impl<D> WorkflowHandle<D> {
    /// Asks the server how the current run is doing, or the run that the handle is [at](Self::at_run).
    ///
    /// ```no_run
    /// # use perpetua_contract::NamedWorkflow;
    /// # async fn example(client: perpetua_client::Client) -> Result<(), Box<dyn std::error::Error>> {
    /// # let handle = client.handle::<NamedWorkflow>("order-7");
    /// let description = handle.describe().await?;
    /// println!("{} is {}", description.id, description.status);
    /// # Ok(()) }
    /// ```
    pub fn describe(&self) -> DescribeRequest {
        DescribeRequest { client: self.client().clone(), execution: self.execution(), limit: None }
    }
}

impl DescribeRequest {
    /// Sets how long the call may take, its retries included.
    pub fn timeout(mut self, limit: Duration) -> Self {
        self.limit = Some(limit);
        self
    }

    async fn send(self) -> Result<WorkflowDescription, RequestError> {
        let Self { client, execution, limit } = self;
        let request = DescribeWorkflowExecutionRequest {
            namespace: client.namespace().to_string(),
            execution: Some(execution.into()),
        };
        let response = client.rpc(&request).timeout(limit).send().await?;
        read::description(response, client.converter()).await.map_err(RequestError::Undecodable)
    }
}

impl IntoFuture for DescribeRequest {
    type Output = Result<WorkflowDescription, RequestError>;
    type IntoFuture = BoxFuture<'static, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.send())
    }
}

impl fmt::Debug for DescribeRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DescribeRequest").field("execution", &self.execution).finish_non_exhaustive()
    }
}
