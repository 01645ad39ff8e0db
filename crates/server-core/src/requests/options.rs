//! What operators do to a run that is open: pausing it, and changing its options.

use perpetua_proto::common::WorkflowExecution;
use perpetua_proto::history::{WorkflowExecutionPausedEventAttributes, WorkflowExecutionUnpausedEventAttributes};
use perpetua_proto::workflowservice::{
    PauseWorkflowExecutionRequest, UnpauseWorkflowExecutionRequest, UpdateWorkflowExecutionOptionsRequest,
    UpdateWorkflowExecutionOptionsResponse,
};

use super::versioning_override::in_newer_form;
use super::{check_loadable, check_run_id};
use crate::limits;
use crate::refusal::{Answer, Refusal};
use crate::run::{options, skipping};
use crate::world::RunNumber;
use crate::{World, priority};

impl World {
    /// Lets no worker do anything for a workflow until it is unpaused.
    ///
    /// # Errors
    /// When the request is wrong, or the workflow is not there, closed, or paused.
    pub fn pause_workflow(&mut self, request: PauseWorkflowExecutionRequest) -> Answer<()> {
        self.namespaces.check(&request.namespace)?;
        check_words(&request.identity, &request.reason, &request.request_id)?;
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
        self.namespaces.check(&request.namespace)?;
        check_words(&request.identity, &request.reason, &request.request_id)?;
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
        check_loadable(&workflow_id, &run_id)?;
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
        let Some(paths) = request.update_mask.map(|mask| mask.paths) else {
            return Err(Refusal::invalid("UpdateMask is required"));
        };
        priority::check(asked.priority.as_ref()).map_err(Refusal::invalid)?;
        asked.versioning_override = in_newer_form(asked.versioning_override)?;
        options::check_paths(&paths)?;
        if let Some(config) = &mut asked.time_skipping_config {
            skipping::check(&self.settings, config)?;
        }
        let execution = request.workflow_execution.unwrap_or_default();
        check_run_id(&execution.run_id)?;
        let number = self.find_open(&request.namespace, Some(&execution))?;
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

/// Checks who asks for a pause or its end, and why.
fn check_words(identity: &str, reason: &str, request_id: &str) -> Answer<()> {
    for (what, words) in [("identity", identity), ("reason", reason), ("request id", request_id)] {
        if words.len() > limits::ID_LENGTH {
            return Err(Refusal::invalid(format!("{what} is too long.")));
        }
    }
    Ok(())
}
