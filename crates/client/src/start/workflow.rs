//! `client.start(call)`: a handle of a workflow that runs.

use std::fmt;
use std::future::IntoFuture;
use std::marker::PhantomData;
use std::time::Duration;

use perpetua_contract::{SignalCall, WorkflowCall, WorkflowDefinition};
use perpetua_convert::{Arguments, BoxFuture};

use super::options::{Options, start_setters};
use super::send::{Started, send};
use crate::{Client, Handle, StartError, WorkflowHandle};

/// A start, ready to be awaited. Made by [`Client::start`].
#[must_use = "a workflow starts when this is awaited"]
pub struct StartWorkflow<D: WorkflowDefinition> {
    options: Options,
    definition: PhantomData<fn() -> D>,
}

impl Client {
    /// Starts a workflow and gives a handle of it.
    ///
    /// ```no_run
    /// use perpetua_contract::Workflow;
    ///
    /// # async fn example(client: perpetua_client::Client) -> Result<(), Box<dyn std::error::Error>> {
    /// let call = Workflow::named("Greeting").args(("World".to_owned(),)).returning::<String>();
    /// let handle = client.start(call).task_queue("greetings").id("greeting-1").await?;
    /// let greeting: String = handle.result().await?;
    /// # Ok(()) }
    /// ```
    pub fn start<D: WorkflowDefinition>(&self, call: WorkflowCall<D>) -> StartWorkflow<D> {
        let (name, input) = call.into_parts();
        StartWorkflow { options: Options::new(self.clone(), name.into_owned(), &input), definition: PhantomData }
    }
}

impl<D: WorkflowDefinition> StartWorkflow<D> {
    start_setters!();

    /// Sets how long the call may take; its retries included.
    pub fn timeout(mut self, limit: Duration) -> Self {
        self.options.limit = Some(limit);
        self
    }

    /// Sends a signal with the start. A workflow that is running already gets the signal, and is what the handle is of.
    pub fn with_signal<I: Arguments>(mut self, call: SignalCall<D, I>) -> Self {
        self.options.signal(&call);
        self
    }

    pub(super) fn options(&mut self) -> &mut Options {
        &mut self.options
    }

    pub(super) fn into_options(self) -> Options {
        self.options
    }
}

/// The handle of what was started.
pub(crate) fn handle<D: WorkflowDefinition>(started: Started) -> WorkflowHandle<D> {
    let Started { client, workflow_id, run_id, first_run } = started;
    WorkflowHandle::started(client, workflow_id, run_id, first_run)
}

impl<D: WorkflowDefinition> IntoFuture for StartWorkflow<D> {
    type Output = Result<Handle<D>, StartError>;
    type IntoFuture = BoxFuture<'static, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        let Self { options, definition: _ } = self;
        Box::pin(async move { Ok(D::handle(handle::<D>(send(options).await?))) })
    }
}

impl<D: WorkflowDefinition> fmt::Debug for StartWorkflow<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StartWorkflow")
            .field("workflow_type", &self.options.workflow_type)
            .field("id", &self.options.id)
            .finish_non_exhaustive()
    }
}
