//! Asking for children, and speaking to other workflows.

use perpetua_vocab::{CommandKind, EventId, RequestCancelExternalWorkflow, SignalExternalWorkflow};

use super::Run;
use super::operations::Machine;
use crate::expectation::Expectation;
use crate::ops::{CancelExternal, CancelKnown, Child, ChildKnown, SignalExternal, SignalKnown};
use crate::{ChildRequest, ChildTickets, Origin, Ticket};

impl Run {
    /// Asks for a child workflow. There are two things to wait for: that it runs, and how it ended.
    pub fn start_child(&mut self, request: ChildRequest, origin: impl Into<Origin>) -> ChildTickets {
        let origin = origin.into();
        let ChildRequest { start, cancellation } = request;
        let started = self.operations.add(Machine::ChildStart, origin.at);
        let (workflow_id, workflow_type) = (start.workflow_id.clone(), start.workflow_type.clone());
        let known = ChildKnown {
            namespace: start.namespace.clone(),
            workflow_id: workflow_id.clone(),
            workflow_type: workflow_type.clone(),
            cancellation,
            started,
        };
        let result = self.operations.add(Machine::Child(Box::new(Child::Requested(known))), origin.at);
        let expectation = Expectation::StartChild { ticket: result, workflow_id, workflow_type };
        self.issue(expectation, origin, || CommandKind::StartChildWorkflow(Box::new(start)));
        ChildTickets { started, result }
    }

    /// Signals another workflow. The outcome is whether the signal reached it.
    pub fn signal_external(&mut self, signal: SignalExternalWorkflow, origin: impl Into<Origin>) -> Ticket {
        let origin = origin.into();
        let (workflow_id, name) = (signal.execution.workflow_id.clone(), signal.name.clone());
        let machine = SignalExternal::Requested(SignalKnown { workflow_id: workflow_id.clone(), name: name.clone() });
        let ticket = self.operations.add(Machine::SignalExternal(machine), origin.at);
        let expectation = Expectation::SignalExternal { ticket, workflow_id, name };
        self.issue(expectation, origin, || CommandKind::SignalExternalWorkflow(Box::new(signal)));
        ticket
    }

    /// Asks another workflow to stop. The outcome is whether the request reached it.
    pub fn cancel_external(&mut self, request: RequestCancelExternalWorkflow, origin: impl Into<Origin>) -> Ticket {
        let origin = origin.into();
        let known = CancelKnown { workflow_id: request.execution.workflow_id.clone(), child: None };
        let machine = Machine::CancelExternal(CancelExternal::Requested(known));
        let ticket = self.operations.add(machine, origin.at);
        self.issue_cancel_external(ticket, Box::new(request), origin);
        ticket
    }

    /// Asks a child to stop. Its machine learns whether that reached it.
    pub(super) fn ask_child_to_stop(&mut self, initiated: EventId, request: Box<RequestCancelExternalWorkflow>) {
        let at = self.operations.place_of_event(initiated);
        let workflow_id = request.execution.workflow_id.clone();
        let known = CancelKnown { workflow_id, child: Some(initiated) };
        let ticket = self.operations.add_unwanted(Machine::CancelExternal(CancelExternal::Requested(known)), at);
        self.issue_cancel_external(ticket, request, Origin { at, ..Origin::default() });
    }

    fn issue_cancel_external(&mut self, ticket: Ticket, request: Box<RequestCancelExternalWorkflow>, origin: Origin) {
        let workflow_id = request.execution.workflow_id.clone();
        let expectation = Expectation::CancelExternal { ticket, workflow_id };
        self.issue(expectation, origin, || CommandKind::RequestCancelExternalWorkflow(request));
    }
}
