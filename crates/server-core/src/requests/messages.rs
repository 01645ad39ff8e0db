//! Signals.

use perpetua_proto::history::WorkflowExecutionSignaledEventAttributes;
use perpetua_proto::workflowservice::{SignalWorkflowExecutionRequest, SignalWorkflowExecutionResponse};

use super::check_id;
use super::check_request_id;
use crate::World;
use crate::refusal::{Answer, Refusal};
use crate::world::RunNumber;

impl World {
    /// Signals a workflow that runs.
    ///
    /// # Errors
    /// When the request is wrong, or the workflow is not there or closed.
    pub fn signal_workflow(
        &mut self,
        request: SignalWorkflowExecutionRequest,
    ) -> Answer<SignalWorkflowExecutionResponse> {
        check_id("SignalName", &request.signal_name)?;
        check_request_id(&request.request_id)?;
        let number = self.find_open(&request.namespace, request.workflow_execution.as_ref())?;
        self.check_blob(request.input.as_ref())?;
        if self.run(number).is_some_and(|run| run.state.signals >= self.settings.signals) {
            return Err(Refusal::invalid("exceeded workflow execution limit for signal events"));
        }
        let attributes = WorkflowExecutionSignaledEventAttributes {
            signal_name: request.signal_name,
            input: request.input,
            identity: request.identity,
            header: request.header,
            request_id: request.request_id,
            ..WorkflowExecutionSignaledEventAttributes::default()
        };
        let link = self.run(number).map(|run| run.link_to_signal(&attributes.request_id));
        self.with(number, |run, cx| run.signal(cx, attributes, request.links));
        self.settle();
        Ok(SignalWorkflowExecutionResponse { link })
    }

    /// The run that a request names, if it is open.
    pub(super) fn find_open(
        &self,
        namespace: &str,
        execution: Option<&perpetua_proto::common::WorkflowExecution>,
    ) -> Answer<RunNumber> {
        let number = self.find(namespace, execution)?;
        match self.run(number) {
            Some(run) if run.is_open() => Ok(number),
            _ => Err(Refusal::not_found("workflow execution already completed")),
        }
    }
}
