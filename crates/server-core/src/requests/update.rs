//! Updates: alone, with a start, and polls for their outcomes.

use perpetua_proto::enums::UpdateWorkflowExecutionLifecycleStage as Stage;
use perpetua_proto::errordetails::MultiOperationExecutionFailure;
use perpetua_proto::errordetails::multi_operation_execution_failure::OperationStatus;
use perpetua_proto::failure::MultiOperationExecutionAborted;
use perpetua_proto::update::Request;
use perpetua_proto::workflowservice::execute_multi_operation_request::operation::Operation;
use perpetua_proto::workflowservice::{
    ExecuteMultiOperationRequest, PollWorkflowExecutionUpdateRequest, StartWorkflowExecutionRequest,
    StartWorkflowExecutionResponse, UpdateWorkflowExecutionRequest,
};

use super::check_id;
use super::check_loadable;
use super::start::Resolved;
use crate::World;
use crate::any::any;
use crate::refusal::{Answer, Code, Refusal};
use crate::run::update::{Shape, UpdateWaiter};
use crate::run::{Run, callback};
use crate::world::{CallId, RunNumber, Waiting};
use perpetua_proto::common::WorkflowExecution;

impl World {
    /// Updates a workflow. The answer comes when the update is as far as the caller wants it.
    ///
    /// # Errors
    /// When the request is wrong, or the workflow is not there or closed.
    pub fn update_workflow(&mut self, call: CallId, request: UpdateWorkflowExecutionRequest) -> Answer<()> {
        let stage = Self::wanted(request.wait_policy.as_ref())?;
        let (id, update) = self.check_update(request.request)?;
        let request_id = update.request_id.clone();
        let number = self.find(&request.namespace, request.workflow_execution.as_ref())?;
        let first = &request.first_execution_run_id;
        if !first.is_empty() && self.run(number).is_some_and(|run| run.started().first_execution_run_id != *first) {
            return Err(Refusal::not_found("workflow execution not found"));
        }
        self.with(number, |run, cx| run.admit_update(cx, update)).unwrap_or(Ok(()))?;
        self.await_update(number, id, UpdateWaiter { call, request_id, stage, shape: Shape::Update });
        Ok(())
    }

    /// Waits for an update that was sent before.
    ///
    /// # Errors
    /// When the request is wrong, or there is no such update.
    pub fn poll_update(&mut self, call: CallId, request: PollWorkflowExecutionUpdateRequest) -> Answer<()> {
        let stage = request.wait_policy.map_or(Stage::Unspecified, |policy| policy.lifecycle_stage());
        let reference = request.update_ref.ok_or_else(|| Refusal::invalid("UpdateRef is not set on request."))?;
        let WorkflowExecution { workflow_id, run_id } = reference.workflow_execution.unwrap_or_default();
        self.namespaces.check(&request.namespace)?;
        check_loadable(&workflow_id, &run_id)?;
        let number = self.find(&request.namespace, Some(&WorkflowExecution { workflow_id, run_id }))?;
        let id = reference.update_id;
        if !self.run(number).is_some_and(|run| run.knows_update(&id)) {
            return Err(Refusal::not_found(format!("update {id:?} not found")));
        }
        self.await_update(number, id, UpdateWaiter { call, request_id: String::new(), stage, shape: Shape::Poll });
        Ok(())
    }

    /// Starts a workflow, or uses the one that runs, and updates it.
    ///
    /// # Errors
    /// When one of the two cannot be done; then neither is.
    pub fn execute_multi_operation(&mut self, call: CallId, request: ExecuteMultiOperationRequest) -> Answer<()> {
        self.namespaces.check(&request.namespace)?;
        let shape = || Refusal::invalid("Operations have to be exactly [Start, Update].");
        let [start, update] = <[_; 2]>::try_from(request.operations).map_err(|_| shape())?;
        let (Some(Operation::StartWorkflow(start)), Some(Operation::UpdateWorkflow(update))) =
            (start.operation, update.operation)
        else {
            return Err(shape());
        };
        check_pair(&request.namespace, &start, &update)?;
        let start = StartWorkflowExecutionRequest { namespace: request.namespace.clone(), ..start };
        let stage = Self::wanted(update.wait_policy.as_ref()).map_err(second)?;
        let (id, update) = self.check_update(update.request).map_err(second)?;
        let request_id = update.request_id.clone();
        let prepared = self.prepare(&start).map_err(first)?;
        let known = self.current(&start.namespace, &start.workflow_id).filter(|run| run.knows_update(&id));
        let is_known = known.is_some();
        let (number, started) = match known.map(|run| run.number) {
            Some(number) => (number, false),
            None => match self.resolve(&start, false).map_err(first)? {
                Resolved::Existing(number, same) => (number, same),
                resolved => {
                    if let Resolved::Replace(number) = resolved {
                        self.make_room(number, &prepared.run_id);
                    }
                    let number = self.next_number();
                    let run = Run::begin(&self.cx(), number, prepared);
                    self.add(run);
                    self.with(number, |run, cx| run.wake(cx));
                    (number, true)
                }
            },
        };
        self.with(number, |run, cx| run.admit_update(cx, update)).unwrap_or(Ok(())).map_err(second)?;
        let mut response = Box::new(self.started_response(number, started));
        if is_known {
            *response = StartWorkflowExecutionResponse {
                run_id: std::mem::take(&mut response.run_id),
                status: response.status,
                ..StartWorkflowExecutionResponse::default()
            };
        }
        self.await_update(number, id, UpdateWaiter { call, request_id, stage, shape: Shape::WithStart(response) });
        Ok(())
    }

    /// Checks an update and gives it an id, if it has none.
    fn check_update(&mut self, update: Option<Request>) -> Answer<(String, Request)> {
        let unset = |what: &str| Refusal::invalid(format!("Update {what} is not set on request."));
        let mut update = update.unwrap_or_default();
        let mut meta = update.meta.take().ok_or_else(|| unset("meta"))?;
        let input = update.input.as_ref().ok_or_else(|| unset("input"))?;
        if input.name.is_empty() {
            return Err(unset("name"));
        }
        if meta.update_id.is_empty() {
            meta.update_id = self.cx().uuid();
        }
        check_id("UpdateId", &meta.update_id)?;
        if !update.completion_callbacks.is_empty() && update.request_id.is_empty() {
            let words = "invalid *update.Request: request_id is required when completion_callbacks are set";
            return Err(Refusal::invalid(words));
        }
        callback::check(&update.completion_callbacks, 0)?;
        let id = meta.update_id.clone();
        update.meta = Some(meta);
        Ok((id, update))
    }

    fn await_update(&mut self, number: RunNumber, id: String, waiter: UpdateWaiter) {
        self.calls.insert(waiter.call, Waiting::Update(number, id.clone()));
        self.attend(number, |run, cx| run.wait_for_update(cx, &id, waiter));
        self.settle();
    }
}

fn check_pair(
    namespace: &str,
    start: &StartWorkflowExecutionRequest,
    update: &UpdateWorkflowExecutionRequest,
) -> Answer<()> {
    let other = |own: &str| !own.is_empty() && own != namespace;
    let words = "Operation namespace did not match request's namespace.";
    if other(&start.namespace) {
        return Err(first(Refusal::invalid(words)));
    }
    if other(&update.namespace) {
        return Err(second(Refusal::invalid(words)));
    }
    if update.workflow_execution.as_ref().is_some_and(|execution| !execution.run_id.is_empty()) {
        return Err(second(Refusal::invalid("RunId is not allowed.")));
    }
    if !update.first_execution_run_id.is_empty() {
        return Err(second(Refusal::invalid("FirstExecutionRunId is not allowed.")));
    }
    let updated = update.workflow_execution.as_ref().map_or("", |execution| &execution.workflow_id);
    if updated != start.workflow_id {
        return Err(second(Refusal::invalid("WorkflowId is not consistent with previous operation(s).")));
    }
    if !start.cron_schedule.is_empty() {
        return Err(first(Refusal::invalid("CronSchedule is not allowed.")));
    }
    if start.request_eager_execution {
        return Err(first(Refusal::invalid("RequestEagerExecution is not supported.")));
    }
    if start.workflow_start_delay.is_some() {
        return Err(first(Refusal::invalid("WorkflowStartDelay is not supported.")));
    }
    Ok(())
}

/// The start could not be done.
fn first(refusal: Refusal) -> Refusal {
    both(&refusal, vec![status(&refusal), aborted()])
}

/// The update could not be done.
fn second(refusal: Refusal) -> Refusal {
    both(&refusal, vec![aborted(), status(&refusal)])
}

fn both(refusal: &Refusal, statuses: Vec<OperationStatus>) -> Refusal {
    Refusal::new(refusal.code, "Update-with-Start could not be executed.")
        .with(&MultiOperationExecutionFailure { statuses })
}

fn status(refusal: &Refusal) -> OperationStatus {
    OperationStatus {
        code: refusal.code as i32,
        message: refusal.message.clone(),
        details: refusal.detail.iter().cloned().collect(),
    }
}

fn aborted() -> OperationStatus {
    OperationStatus {
        code: Code::Aborted as i32,
        message: "Operation was aborted.".to_owned(),
        details: vec![any(&MultiOperationExecutionAborted::default())],
    }
}
