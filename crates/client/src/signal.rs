//! Signals: messages that a workflow takes in without an answer.

use std::fmt;
use std::future::IntoFuture;
use std::time::Duration;

use perpetua_contract::{SignalCall, SignalTarget, WorkflowDefinition};
use perpetua_convert::{Arguments, BoxFuture, ConversionError};
use perpetua_proto::workflowservice::SignalWorkflowExecutionRequest;
use perpetua_vocab::wire::encode_payloads;
use perpetua_vocab::{Payloads, SignalName, WorkflowExecution};
use uuid::Uuid;

use crate::{Client, RequestError, WorkflowHandle};

/// A signal, ready to be awaited. It is delivered when the server has recorded it.
#[must_use = "a signal is sent when this is awaited"]
pub struct SignalRequest {
    client: Client,
    execution: WorkflowExecution,
    name: SignalName,
    input: Result<Payloads, ConversionError>,
    request_id: String,
    limit: Option<Duration>,
}

impl<D: WorkflowDefinition> SignalTarget<D> for WorkflowHandle<D> {
    type Signal = SignalRequest;

    fn signal<I: Arguments>(&self, call: SignalCall<D, I>) -> SignalRequest {
        SignalRequest::new(self, call.name(), call.input())
    }
}

impl<D: WorkflowDefinition> WorkflowHandle<D> {
    /// Sends a signal that is known by its name only.
    ///
    /// ```no_run
    /// # use perpetua_contract::NamedWorkflow;
    /// # async fn example(client: perpetua_client::Client) -> Result<(), Box<dyn std::error::Error>> {
    /// # let handle = client.handle::<NamedWorkflow>("order-7");
    /// handle.signal_named("approve", ("ann".to_owned(),)).await?;
    /// # Ok(()) }
    /// ```
    pub fn signal_named<I: Arguments>(&self, name: impl Into<SignalName>, arguments: I) -> SignalRequest {
        SignalRequest::new(self, name, &arguments)
    }
}

impl SignalRequest {
    fn new<D>(handle: &WorkflowHandle<D>, name: impl Into<SignalName>, arguments: &impl Arguments) -> Self {
        Self {
            client: handle.client().clone(),
            execution: handle.execution(),
            name: name.into(),
            input: arguments.encode(handle.client().converter().payloads()),
            request_id: Uuid::new_v4().to_string(),
            limit: None,
        }
    }

    /// Sets the id of this request; random by default. Two signals with one id are one.
    pub fn request_id(mut self, id: impl Into<String>) -> Self {
        self.request_id = id.into();
        self
    }

    /// Sets how long the call may take, its retries included.
    pub fn timeout(mut self, limit: Duration) -> Self {
        self.limit = Some(limit);
        self
    }

    async fn send(self) -> Result<(), RequestError> {
        let Self { client, execution, name, input, request_id, limit } = self;
        let mut input = input.map_err(|error| RequestError::Unencodable(error.into()))?;
        client.converter().encode(&mut input).await.map_err(|error| RequestError::Unencodable(error.into()))?;
        let request = SignalWorkflowExecutionRequest {
            namespace: client.namespace().to_string(),
            workflow_execution: Some(execution.into()),
            signal_name: name.into_string(),
            input: Some(encode_payloads(input)),
            identity: client.identity().to_string(),
            request_id,
            ..Default::default()
        };
        client.rpc(&request).timeout(limit).send().await?;
        Ok(())
    }
}

impl IntoFuture for SignalRequest {
    type Output = Result<(), RequestError>;
    type IntoFuture = BoxFuture<'static, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.send())
    }
}

impl fmt::Debug for SignalRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SignalRequest")
            .field("name", &self.name)
            .field("execution", &self.execution)
            .finish_non_exhaustive()
    }
}
