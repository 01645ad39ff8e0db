//! What operators do to a run that is open: pausing it, and changing its options.

use perpetua_proto::common::WorkflowExecution;
use perpetua_proto::history::{WorkflowExecutionPausedEventAttributes, WorkflowExecutionUnpausedEventAttributes};
use perpetua_proto::workflowservice::{
    PauseWorkflowExecutionRequest, UnpauseWorkflowExecutionRequest, UpdateWorkflowExecutionOptionsRequest,
    UpdateWorkflowExecutionOptionsResponse,
};

use super::versioning_override::in_newer_form;
use crate::refusal::{Answer, Refusal};
use crate::run::{options, skipping};
use crate::world::{RunNumber, is_uuid};
use crate::{World, priority};

impl World {
    /// Lets no worker do anything for a workflow until it is unpaused.
    ///
    /// # Errors
    /// When the request is wrong, or the workflow is not there, closed, or paused.
    pub fn pause_workflow(&mut self, request: PauseWorkflowExecutionRequest) -> Answer<()> {
        let number = self.find_to_pause(&request.namespace, request.workflow_id, request.run_id)?;
        if self.run(number).is_some_and(|run| run.is_paused()) {
            return Err(Refusal::precondition("workflow is already paused."));
        }
        let attributes = WorkflowExecutionPausedEventAttributes {
            identity: request.identity,
            reason: request.reason,
            request_id: request.request_id,
        };
        self.with(number, |run, cx| run.pause(cx, attributes));
        self.settle();
        Ok(())
    }

    /// Lets workers go on.
    ///
    /// # Errors
    /// When the request is wrong, or the workflow is not there, closed, or not paused.
    pub fn unpause_workflow(&mut self, request: UnpauseWorkflowExecutionRequest) -> Answer<()> {
        let number = self.find_to_pause(&request.namespace, request.workflow_id, request.run_id)?;
        if !self.run(number).is_some_and(|run| run.is_paused()) {
            return Err(Refusal::precondition("workflow is not paused."));
        }
        let attributes = WorkflowExecutionUnpausedEventAttributes {
            identity: request.identity,
            reason: request.reason,
            request_id: request.request_id,
        };
        self.with(number, |run, cx| run.unpause(cx, attributes));
        self.settle();
        Ok(())
    }

    fn find_to_pause(&self, namespace: &str, workflow_id: String, run_id: String) -> Answer<RunNumber> {
        self.namespaces.check(namespace)?;
        if workflow_id.is_empty() {
            return Err(Refusal::invalid("Can't load workflow execution.  WorkflowId not set."));
        }
        if !run_id.is_empty() && !is_uuid(&run_id) {
            return Err(Refusal::invalid("RunId is not valid UUID."));
        }
        self.find_open(namespace, Some(&WorkflowExecution { workflow_id, run_id }))
    }

    /// Changes options of a workflow that runs: those that are named.
    ///
    /// # Errors
    /// When the request is wrong, or the workflow is not there or closed.
    pub fn update_workflow_options(
        &mut self,
        request: UpdateWorkflowExecutionOptionsRequest,
    ) -> Answer<UpdateWorkflowExecutionOptionsResponse> {
        self.namespaces.check(&request.namespace)?;
        let Some(mut asked) = request.workflow_execution_options else {
            return Err(Refusal::invalid("WorkflowExecutionOptions is required"));
        };
        let paths = request.update_mask.map(|mask| mask.paths).unwrap_or_default();
        priority::check(asked.priority.as_ref()).map_err(Refusal::invalid)?;
        asked.versioning_override = in_newer_form(asked.versioning_override)?;
        options::check_paths(&paths)?;
        if let Some(config) = &mut asked.time_skipping_config {
            skipping::check(&self.settings, config)?;
        }
        let number = self.find_open(&request.namespace, request.workflow_execution.as_ref())?;
        let known = self.run(number).map(|run| run.options()).unwrap_or_default();
        let merged = options::merge(known.clone(), &asked, &paths)?;
        if paths.iter().any(|path| path == "versioning_override") {
            let queue = self.run(number).map(|run| run.task_queue().to_owned()).unwrap_or_default();
            self.check_override(&request.namespace, &queue, merged.versioning_override.as_ref())?;
        }
        if merged != known {
            self.with(number, |run, cx| run.change_options(cx, merged, &request.identity));
            self.reactivate(number);
            self.settle();
        }
        // A fast-forward may be over by now.
        let workflow_execution_options = self.run(number).map(|run| run.options());
        Ok(UpdateWorkflowExecutionOptionsResponse { workflow_execution_options, update_time: None })
    }
}
