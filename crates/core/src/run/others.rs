//! Asking for children, and speaking to other workflows.

use perpetua_vocab::{
    Command, CommandKind, EventId, RequestCancelExternalWorkflow, SignalExternalWorkflow, UserMetadata,
};

use super::Run;
use super::operations::Machine;
use crate::expectation::Expectation;
use crate::ops::{CancelExternal, Child, ChildKnown, SignalExternal};
use crate::{ChildRequest, ChildTickets, Ticket};

impl Run {
    /// Asks for a child workflow. There are two things to wait for: that it runs, and how it ended.
    pub fn start_child(&mut self, request: ChildRequest, metadata: UserMetadata) -> ChildTickets {
        let ChildRequest { start, cancellation } = request;
        let started = self.operations.add(Machine::ChildStart);
        let (workflow_id, workflow_type) = (start.workflow_id.clone(), start.workflow_type.clone());
        let known = ChildKnown {
            namespace: start.namespace.clone(),
            workflow_id: workflow_id.clone(),
            workflow_type: workflow_type.clone(),
            cancellation,
            started,
        };
        let result = self.operations.add(Machine::Child(Box::new(Child::Requested(known))));
        let kind = CommandKind::StartChildWorkflow(Box::new(start));
        let expectation = Expectation::StartChild { ticket: result, workflow_id, workflow_type };
        self.issue(expectation, Command { kind, metadata });
        ChildTickets { started, result }
    }

    /// Signals another workflow. The outcome is whether the signal reached it.
    pub fn signal_external(&mut self, signal: SignalExternalWorkflow, metadata: UserMetadata) -> Ticket {
        let ticket = self.operations.add(Machine::SignalExternal(SignalExternal::Requested));
        let (workflow_id, name) = (signal.execution.workflow_id.clone(), signal.name.clone());
        let kind = CommandKind::SignalExternalWorkflow(Box::new(signal));
        self.issue(Expectation::SignalExternal { ticket, workflow_id, name }, Command { kind, metadata });
        ticket
    }

    /// Asks another workflow to stop. The outcome is whether the request reached it.
    pub fn cancel_external(&mut self, request: RequestCancelExternalWorkflow, metadata: UserMetadata) -> Ticket {
        let ticket = self.operations.add(Machine::CancelExternal(CancelExternal::Requested { child: None }));
        self.issue_cancel_external(ticket, Box::new(request), metadata);
        ticket
    }

    /// Asks a child to stop. Its machine learns whether that reached it.
    pub(super) fn ask_child_to_stop(&mut self, initiated: EventId, request: Box<RequestCancelExternalWorkflow>) {
        let machine = Machine::CancelExternal(CancelExternal::Requested { child: Some(initiated) });
        let ticket = self.operations.add_unwanted(machine);
        self.issue_cancel_external(ticket, request, UserMetadata::default());
    }

    fn issue_cancel_external(
        &mut self,
        ticket: Ticket,
        request: Box<RequestCancelExternalWorkflow>,
        metadata: UserMetadata,
    ) {
        let workflow_id = request.execution.workflow_id.clone();
        let kind = CommandKind::RequestCancelExternalWorkflow(request);
        self.issue(Expectation::CancelExternal { ticket, workflow_id }, Command { kind, metadata });
    }
}
