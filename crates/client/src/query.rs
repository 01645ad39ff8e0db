//! Queries: questions that a workflow answers without leaving a trace.

use std::fmt;
use std::future::IntoFuture;
use std::marker::PhantomData;
use std::time::Duration;

use perpetua_contract::{QueryCall, QueryTarget, WorkflowDefinition};
use perpetua_convert::{Arguments, BoxFuture, ConversionError, Remote, Value};
use perpetua_proto::enums::QueryRejectCondition;
use perpetua_proto::workflowservice::{QueryWorkflowRequest, QueryWorkflowResponse};
use perpetua_vocab::wire::payloads;
use perpetua_vocab::{Failure, Payloads, Query, QueryName, WorkflowExecution};

use crate::payloads::{read_failure, read_result};
use crate::{Client, PayloadError, RpcCode, RpcDetail, RpcError, WorkflowHandle, WorkflowStatus};

/// A query, ready to be awaited. A worker answers it, also for a workflow that has closed.
#[must_use = "a query is sent when this is awaited"]
pub struct QueryRequest<O> {
    client: Client,
    execution: WorkflowExecution,
    name: QueryName,
    input: Result<Payloads, ConversionError>,
    reject: QueryReject,
    limit: Option<Duration>,
    output: PhantomData<fn() -> O>,
}

/// Which workflows are not to be queried.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum QueryReject {
    /// None: all are.
    #[default]
    Never,
    /// Those that have closed.
    NotOpen,
    /// Those that failed, timed out, were canceled or were terminated.
    NotCompletedCleanly,
}

impl<D: WorkflowDefinition> QueryTarget<D> for WorkflowHandle<D> {
    type Query<O: Value> = QueryRequest<O>;

    fn query<I: Arguments, O: Value>(&self, call: QueryCall<D, I, O>) -> QueryRequest<O> {
        QueryRequest::new(self, call.name(), call.input())
    }
}

impl<D: WorkflowDefinition> WorkflowHandle<D> {
    /// Asks a query that is known by its name only. The answer's type is the second parameter.
    ///
    /// ```no_run
    /// # use perpetua_contract::NamedWorkflow;
    /// # async fn example(client: perpetua_client::Client) -> Result<(), Box<dyn std::error::Error>> {
    /// # let handle = client.handle::<NamedWorkflow>("order-7");
    /// let approver = handle.query_named::<_, Option<String>>("approver", ()).await?;
    /// # Ok(()) }
    /// ```
    pub fn query_named<I: Arguments, O: Value>(&self, name: impl Into<QueryName>, arguments: I) -> QueryRequest<O> {
        QueryRequest::new(self, name, &arguments)
    }
}

impl<O: Value> QueryRequest<O> {
    fn new<D>(handle: &WorkflowHandle<D>, name: impl Into<QueryName>, arguments: &impl Arguments) -> Self {
        Self {
            client: handle.client().clone(),
            execution: handle.execution(),
            name: name.into(),
            input: arguments.encode(handle.client().converter().payloads()),
            reject: QueryReject::default(),
            limit: None,
            output: PhantomData,
        }
    }

    /// Sets which workflows are not to be queried; by default all are.
    pub fn reject_if(mut self, condition: QueryReject) -> Self {
        self.reject = condition;
        self
    }

    /// Sets how long the call may take, its retries included; 10 s an attempt by default.
    pub fn timeout(mut self, limit: Duration) -> Self {
        self.limit = Some(limit);
        self
    }

    async fn send(self) -> Result<O, QueryFailure> {
        let Self { client, execution, name, input, reject, limit, output: _ } = self;
        let mut input = input.map_err(|error| QueryFailure::Unencodable(error.into()))?;
        client.converter().encode(&mut input).await.map_err(|error| QueryFailure::Unencodable(error.into()))?;
        let query = Query { name, arguments: Some(input), header: None };
        let request = QueryWorkflowRequest {
            namespace: client.namespace().to_string(),
            execution: Some(execution.into()),
            query: Some(query.into()),
            query_reject_condition: QueryRejectCondition::from(reject).into(),
        };
        let answer = match client.rpc(&request).timeout(limit).send().await {
            Ok(QueryWorkflowResponse { query_result: _, query_rejected: Some(rejected), link: _ }) => {
                return Err(QueryFailure::Rejected { status: rejected.status.into() });
            }
            Ok(QueryWorkflowResponse { query_result, query_rejected: None, link: _ }) => query_result.map(payloads),
            Err(error) => {
                return Err(match failure_of(&error) {
                    Some(failure) => {
                        let failure = read_failure(failure, client.converter()).await;
                        QueryFailure::Failed(Remote::new(failure.map_err(QueryFailure::Undecodable)?))
                    }
                    None => QueryFailure::Rpc(error),
                });
            }
        };
        read_result(answer, client.converter()).await.map_err(QueryFailure::Undecodable)
    }
}

/// What the handler failed with, if that is what the error says. Old servers say it in words only.
fn failure_of(error: &RpcError) -> Option<Failure> {
    if error.code() != RpcCode::InvalidArgument {
        return None;
    }
    error.details().iter().find_map(|detail| match detail {
        RpcDetail::QueryFailed { failure: Some(failure) } => Some((**failure).clone()),
        RpcDetail::QueryFailed { failure: None } => {
            Some(Failure { message: error.message().to_owned(), ..Failure::default() })
        }
        _ => None,
    })
}

impl From<QueryReject> for QueryRejectCondition {
    fn from(condition: QueryReject) -> Self {
        match condition {
            QueryReject::Never => Self::None,
            QueryReject::NotOpen => Self::NotOpen,
            QueryReject::NotCompletedCleanly => Self::NotCompletedCleanly,
        }
    }
}

impl<O: Value> IntoFuture for QueryRequest<O> {
    type Output = Result<O, QueryFailure>;
    type IntoFuture = BoxFuture<'static, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.send())
    }
}

impl<O> fmt::Debug for QueryRequest<O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("QueryRequest")
            .field("name", &self.name)
            .field("execution", &self.execution)
            .finish_non_exhaustive()
    }
}

/// Why a query gave no answer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum QueryFailure {
    /// The handler failed, or the workflow has no such query.
    #[error(transparent)]
    Failed(Remote),
    /// The workflow was not to be queried in the state it is in.
    #[error("the workflow is {status}, so it was not queried")]
    #[non_exhaustive]
    Rejected {
        /// How the workflow is doing.
        status: WorkflowStatus,
    },
    /// The call failed, or no worker answered in time.
    #[error(transparent)]
    Rpc(RpcError),
    /// An argument cannot be sent. Nothing was sent.
    #[error("an argument of the query cannot be sent")]
    Unencodable(#[source] PayloadError),
    /// The answer cannot be read as the declared type.
    #[error("the answer to the query cannot be read")]
    Undecodable(#[source] PayloadError),
}

impl QueryFailure {
    /// The failure as it arrived, if the handler failed.
    pub fn remote(&self) -> Option<&Remote> {
        match self {
            Self::Failed(remote) => Some(remote),
            _ => None,
        }
    }

    /// What went wrong with the call, if that is what went wrong.
    pub fn rpc(&self) -> Option<&RpcError> {
        match self {
            Self::Rpc(error) => Some(error),
            _ => None,
        }
    }
}
