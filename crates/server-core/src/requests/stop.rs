//! Requests to stop, ends from outside, and deletion.

use perpetua_proto::common::WorkflowExecution;
use perpetua_proto::history::WorkflowExecutionCancelRequestedEventAttributes;
use perpetua_proto::workflowservice::{
    DeleteWorkflowExecutionRequest, RequestCancelWorkflowExecutionRequest, TerminateWorkflowExecutionRequest,
};

use super::check_execution;
use crate::World;
use crate::refusal::{Answer, Refusal};
use crate::world::RunNumber;

impl World {
    /// Asks a workflow to stop. One that is closed has stopped already.
    ///
    /// # Errors
    /// When the request is wrong, or the workflow is not there.
    pub fn request_cancel(&mut self, request: RequestCancelWorkflowExecutionRequest) -> Answer<()> {
        let number =
            self.find_in_chain(&request.namespace, request.workflow_execution, &request.first_execution_run_id)?;
        let attributes = WorkflowExecutionCancelRequestedEventAttributes {
            cause: request.reason,
            identity: request.identity,
            ..WorkflowExecutionCancelRequestedEventAttributes::default()
        };
        self.with(number, |run, cx| {
            if run.is_open() {
                run.request_cancel(cx, attributes, request.links);
            }
        });
        self.settle();
        Ok(())
    }

    /// Ends a workflow at once.
    ///
    /// # Errors
    /// When the request is wrong, or the workflow is not there or closed.
    pub fn terminate_workflow(&mut self, request: TerminateWorkflowExecutionRequest) -> Answer<()> {
        let number =
            self.find_in_chain(&request.namespace, request.workflow_execution, &request.first_execution_run_id)?;
        if !self.run(number).is_some_and(|run| run.is_open()) {
            return Err(Refusal::not_found("workflow execution already completed"));
        }
        let or = |said: String, usual: &str| if said.is_empty() { usual.to_owned() } else { said };
        let reason = or(request.reason, "terminated by user via frontend");
        let identity = or(request.identity, "frontend-service");
        self.with(number, |run, cx| run.terminate(cx, &reason, request.details, &identity));
        self.settle();
        Ok(())
    }

    /// Takes a workflow away, with its history.
    ///
    /// # Errors
    /// When the request is wrong, or the workflow is not there.
    pub fn delete_workflow(&mut self, request: &DeleteWorkflowExecutionRequest) -> Answer<()> {
        let number = self.find(&request.namespace, request.workflow_execution.as_ref())?;
        self.delete(number);
        Ok(())
    }

    /// The run that a request names; by the first run of its chain, if that is given.
    fn find_in_chain(
        &self,
        namespace: &str,
        execution: Option<WorkflowExecution>,
        first_run: &str,
    ) -> Answer<RunNumber> {
        self.namespaces.check(namespace)?;
        check_execution(execution.as_ref())?;
        if first_run.is_empty() {
            return self.find(namespace, execution.as_ref());
        }
        let execution = execution.map(|it| WorkflowExecution { run_id: String::new(), ..it });
        let number = self.find(namespace, execution.as_ref())?;
        match self.run(number) {
            Some(run) if run.started().first_execution_run_id == first_run => Ok(number),
            _ => Err(Refusal::not_found("workflow execution not found")),
        }
    }
}
