//! Nexus operations that clients have started: asked to stop, stopped, forgotten.

use perpetua_proto::enums::NexusOperationExecutionStatus as Status;
use perpetua_proto::workflowservice::{
    DeleteNexusOperationExecutionRequest, RequestCancelNexusOperationExecutionRequest,
    TerminateNexusOperationExecutionRequest,
};

use super::nexus_operations::check_length;
use crate::World;
use crate::nexus::{CancelState, Standalone};
use crate::refusal::{Answer, Refusal};

impl World {
    /// Asks an operation to stop.
    ///
    /// # Errors
    /// When the request is wrong, the operation is over, or was asked before.
    pub fn cancel_nexus_operation(&mut self, request: RequestCancelNexusOperationExecutionRequest) -> Answer<()> {
        self.namespaces.check(&request.namespace)?;
        check_length("request_id", &request.request_id)?;
        check_length("identity", &request.identity)?;
        check_length("reason", &request.reason)?;
        let key = self.find_operation(&request.namespace, &request.operation_id, &request.run_id)?;
        let request_id = if request.request_id.is_empty() { self.cx().uuid() } else { request.request_id };
        let Some(operation) = self.nexus.operations.get_mut(&key) else { return Ok(()) };
        if let Some(cancel) = &operation.state.cancel {
            if cancel.request_id == request_id {
                return Ok(());
            }
            let words = format!("cancellation already requested with request ID {}", cancel.request_id);
            return Err(Refusal::precondition(words));
        }
        if !operation.is_open() {
            return Err(Refusal::precondition("operation already completed"));
        }
        let cancel = CancelState { reason: request.reason, request_id, ..CancelState::default() };
        if operation.state.request_cancel(cancel) {
            self.send_operation(&key, true);
        }
        self.operation_changed(&key);
        self.settle();
        Ok(())
    }

    /// Stops an operation, whatever its handler does.
    ///
    /// # Errors
    /// When the request is wrong, or the operation is over.
    pub fn terminate_nexus_operation(&mut self, request: &TerminateNexusOperationExecutionRequest) -> Answer<()> {
        self.namespaces.check(&request.namespace)?;
        check_length("request_id", &request.request_id)?;
        check_length("identity", &request.identity)?;
        check_length("reason", &request.reason)?;
        let key = self.find_operation(&request.namespace, &request.operation_id, &request.run_id)?;
        let now = self.now;
        let Some(operation) = self.nexus.operations.get_mut(&key) else { return Ok(()) };
        if !operation.is_open() {
            let is_same = !request.request_id.is_empty() && operation.terminated_by == request.request_id;
            return if is_same { Ok(()) } else { Err(over(operation)) };
        }
        operation.terminate(now, &request.reason, &request.identity, &request.request_id);
        self.operation_changed(&key);
        self.settle();
        Ok(())
    }

    /// Forgets an operation.
    ///
    /// # Errors
    /// When the request is wrong, or there is none.
    pub fn delete_nexus_operation(&mut self, request: &DeleteNexusOperationExecutionRequest) -> Answer<()> {
        let key = self.find_operation(&request.namespace, &request.operation_id, &request.run_id)?;
        self.remove_operation(&key);
        self.settle();
        Ok(())
    }
}

fn over(operation: &Standalone) -> Refusal {
    let state = match operation.status() {
        Status::Completed => "Succeeded",
        Status::Failed => "Failed",
        Status::Canceled => "Canceled",
        Status::Terminated => "Terminated",
        Status::TimedOut => "TimedOut",
        Status::Running | Status::Unspecified => "Unspecified",
    };
    Refusal::precondition(format!("invalid transition from {state}"))
}
