//! What reaches a run from outside: signals and requests to stop.

use perpetua_proto::common::Link;
use perpetua_proto::enums::EventType;
use perpetua_proto::history::history_event::Attributes;
use perpetua_proto::history::{
    WorkflowExecutionCancelRequestedEventAttributes, WorkflowExecutionSignaledEventAttributes,
};

use super::{Run, event};
use crate::world::Cx;

impl Run {
    /// A signal. One whose request was done before leaves no trace.
    pub(crate) fn signal(
        &mut self,
        cx: &mut Cx<'_>,
        attributes: WorkflowExecutionSignaledEventAttributes,
        links: Vec<Link>,
    ) {
        if self.is_repeated(&attributes.request_id) {
            return;
        }
        self.state.signals += 1;
        let attributes = Attributes::WorkflowExecutionSignaledEventAttributes(Box::new(attributes));
        let mut signaled = event(EventType::WorkflowExecutionSignaled, cx.now, attributes);
        signaled.links = links;
        self.record(signaled);
        self.wake(cx);
    }

    /// A request to stop. The second leaves no trace.
    pub(crate) fn request_cancel(
        &mut self,
        cx: &mut Cx<'_>,
        attributes: WorkflowExecutionCancelRequestedEventAttributes,
        links: Vec<Link>,
    ) {
        if std::mem::replace(&mut self.state.cancel_requested, true) {
            return;
        }
        let attributes = Attributes::WorkflowExecutionCancelRequestedEventAttributes(Box::new(attributes));
        let mut requested = event(EventType::WorkflowExecutionCancelRequested, cx.now, attributes);
        requested.links = links;
        self.record(requested);
        self.wake(cx);
    }
}
