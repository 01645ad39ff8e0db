//! `client.run(call)`: the result of a workflow, started for it.

use std::fmt;
use std::future::IntoFuture;
use std::time::Duration;

use perpetua_contract::{SignalCall, WorkflowCall, WorkflowDefinition};
use perpetua_convert::{Arguments, BoxFuture};

use super::options::{Options, start_setters};
use super::send::send;
use super::workflow::{StartWorkflow, handle};
use crate::limit::Limit;
use crate::{Client, WorkflowFailure};

/// A start and a wait for the result, ready to be awaited. Made by [`Client::run`].
#[must_use = "a workflow starts when this is awaited"]
pub struct RunWorkflow<D: WorkflowDefinition> {
    start: StartWorkflow<D>,
}

impl Client {
    /// Starts a workflow and waits for its result.
    ///
    /// Dropping the future stops the wait, not the workflow.
    ///
    /// ```no_run
    /// use perpetua_contract::Workflow;
    ///
    /// # async fn example(client: perpetua_client::Client) -> Result<(), Box<dyn std::error::Error>> {
    /// let call = Workflow::named("Greeting").args(("World".to_owned(),)).returning::<String>();
    /// let greeting: String = client.run(call).task_queue("greetings").id("greeting-1").await?;
    /// # Ok(()) }
    /// ```
    pub fn run<D: WorkflowDefinition>(&self, call: WorkflowCall<D>) -> RunWorkflow<D> {
        RunWorkflow { start: self.start(call) }
    }
}

impl<D: WorkflowDefinition> RunWorkflow<D> {
    start_setters!();

    /// Sets how long the start and the wait for the result may take together. The workflow is not limited by it.
    pub fn timeout(mut self, limit: Duration) -> Self {
        self.options().limit = Some(limit);
        self
    }

    /// Sends a signal with the start. A workflow that is running already gets the signal, and is what is waited for.
    pub fn with_signal<I: Arguments>(mut self, call: SignalCall<D, I>) -> Self {
        self.options().signal(&call);
        self
    }

    fn options(&mut self) -> &mut Options {
        self.start.options()
    }
}

impl<D: WorkflowDefinition> IntoFuture for RunWorkflow<D> {
    type Output = Result<D::Output, WorkflowFailure<D::Error>>;
    type IntoFuture = BoxFuture<'static, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        let options = self.start.into_options();
        Box::pin(async move {
            let limit = Limit::begin(options.limit);
            let started = send(options).await.map_err(WorkflowFailure::NotStarted)?;
            handle::<D>(started).result().within(limit).wait().await
        })
    }
}

impl<D: WorkflowDefinition> fmt::Debug for RunWorkflow<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("RunWorkflow").field(&self.start).finish()
    }
}
