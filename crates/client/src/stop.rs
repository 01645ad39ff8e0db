//! Asking a workflow to stop, and stopping it.

use std::fmt;
use std::future::IntoFuture;
use std::time::Duration;

use perpetua_convert::{BoxFuture, ConversionError};
use perpetua_proto::workflowservice::{RequestCancelWorkflowExecutionRequest, TerminateWorkflowExecutionRequest};
use perpetua_vocab::wire::encode_payloads;
use perpetua_vocab::{Payloads, RunId, WorkflowExecution};
use serde::Serialize;
use uuid::Uuid;

use crate::{Client, RequestError, RpcError, WorkflowHandle};

/// Which runs are meant.
#[derive(Clone, Debug)]
struct Target {
    execution: WorkflowExecution,
    first_run: Option<RunId>,
}

impl Target {
    fn of<D>(handle: &WorkflowHandle<D>) -> Self {
        Self { execution: handle.execution(), first_run: handle.first_run_id().cloned() }
    }

    fn first_run_id(&self) -> String {
        self.first_run.clone().unwrap_or_default().into_string()
    }
}

impl<D> WorkflowHandle<D> {
    /// Asks the workflow to stop. It decides when and how; [`result`](Self::result) tells. Asking a workflow that has
    /// closed, or asking twice, is no error.
    ///
    /// ```no_run
    /// # use perpetua_contract::NamedWorkflow;
    /// # async fn example(client: perpetua_client::Client) -> Result<(), Box<dyn std::error::Error>> {
    /// # let handle = client.handle::<NamedWorkflow>("order-7");
    /// handle.cancel().reason("the customer changed their mind").await?;
    /// # Ok(()) }
    /// ```
    pub fn cancel(&self) -> CancelRequest {
        CancelRequest {
            client: self.client().clone(),
            target: Target::of(self),
            reason: String::new(),
            request_id: Uuid::new_v4().to_string(),
            limit: None,
        }
    }

    /// Ends the workflow at once. Its code is not asked and does not clean up; prefer [`cancel`](Self::cancel).
    pub fn terminate(&self) -> TerminateRequest {
        TerminateRequest {
            client: self.client().clone(),
            target: Target::of(self),
            reason: String::new(),
            details: Ok(Vec::new()),
            limit: None,
        }
    }
}

/// A request to stop, ready to be awaited. Made by [`WorkflowHandle::cancel`].
#[must_use = "the request is sent when this is awaited"]
pub struct CancelRequest {
    client: Client,
    target: Target,
    reason: String,
    request_id: String,
    limit: Option<Duration>,
}

impl CancelRequest {
    /// Says why, for the workflow and for people who look at it.
    pub fn reason(mut self, reason: impl Into<String>) -> Self {
        self.reason = reason.into();
        self
    }

    /// Sets how long the call may take, its retries included.
    pub fn timeout(mut self, limit: Duration) -> Self {
        self.limit = Some(limit);
        self
    }

    async fn send(self) -> Result<(), RpcError> {
        let Self { client, target, reason, request_id, limit } = self;
        let request = RequestCancelWorkflowExecutionRequest {
            namespace: client.namespace().to_string(),
            first_execution_run_id: target.first_run_id(),
            workflow_execution: Some(target.execution.into()),
            identity: client.identity().to_string(),
            request_id,
            reason,
            links: Vec::new(),
        };
        client.rpc(&request).timeout(limit).send().await?;
        Ok(())
    }
}

impl IntoFuture for CancelRequest {
    type Output = Result<(), RpcError>;
    type IntoFuture = BoxFuture<'static, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.send())
    }
}

/// A termination, ready to be awaited. Made by [`WorkflowHandle::terminate`].
#[must_use = "the request is sent when this is awaited"]
pub struct TerminateRequest {
    client: Client,
    target: Target,
    reason: String,
    details: Result<Payloads, ConversionError>,
    limit: Option<Duration>,
}

impl TerminateRequest {
    /// Says why, for people who look at it.
    pub fn reason(mut self, reason: impl Into<String>) -> Self {
        self.reason = reason.into();
        self
    }

    /// Adds a value that is recorded with the termination.
    pub fn details(mut self, value: impl Serialize) -> Self {
        if let Ok(details) = &mut self.details {
            match self.client.converter().payloads().encode(&value) {
                Ok(payload) => details.push(payload),
                Err(error) => self.details = Err(error),
            }
        }
        self
    }

    /// Sets how long the call may take, its retries included.
    pub fn timeout(mut self, limit: Duration) -> Self {
        self.limit = Some(limit);
        self
    }

    async fn send(self) -> Result<(), RequestError> {
        let Self { client, target, reason, details, limit } = self;
        let mut details = details.map_err(|error| RequestError::Unencodable(error.into()))?;
        client.converter().encode(&mut details).await.map_err(|error| RequestError::Unencodable(error.into()))?;
        let request = TerminateWorkflowExecutionRequest {
            namespace: client.namespace().to_string(),
            first_execution_run_id: target.first_run_id(),
            workflow_execution: Some(target.execution.into()),
            reason,
            details: if details.is_empty() { None } else { Some(encode_payloads(details)) },
            identity: client.identity().to_string(),
            links: Vec::new(),
        };
        client.rpc(&request).timeout(limit).send().await?;
        Ok(())
    }
}

impl IntoFuture for TerminateRequest {
    type Output = Result<(), RequestError>;
    type IntoFuture = BoxFuture<'static, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.send())
    }
}

impl fmt::Debug for CancelRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CancelRequest").field("target", &self.target).finish_non_exhaustive()
    }
}

impl fmt::Debug for TerminateRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TerminateRequest").field("target", &self.target).finish_non_exhaustive()
    }
}
