//! A start that found the workflow running: what comes with it is attached to the run that is there.

use perpetua_proto::common::Link;
use perpetua_proto::enums::EventType;
use perpetua_proto::history::history_event::Attributes;
use perpetua_proto::history::{HistoryEvent, WorkflowExecutionOptionsUpdatedEventAttributes};
use perpetua_proto::workflow::{OnConflictOptions, RequestIdInfo};
use perpetua_proto::workflowservice::StartWorkflowExecutionRequest;

use super::callback::{self, CallbackState};
use super::{Run, event};
use crate::nexus::link;
use crate::refusal::{Answer, Refusal};
use crate::world::Cx;

/// Checks what is to be attached.
///
/// # Errors
/// When it could not be told whether it was attached before.
pub(crate) fn check(options: Option<&OnConflictOptions>) -> Answer<()> {
    if options.is_some_and(|options| options.attach_completion_callbacks && !options.attach_request_id) {
        return Err(Refusal::invalid("attaching request ID is required for attaching completion callbacks"));
    }
    Ok(())
}

impl Run {
    /// Attaches what a start brings, as it asks for.
    ///
    /// # Errors
    /// When there are too many callbacks.
    pub(crate) fn attach(&mut self, cx: &mut Cx<'_>, request: &StartWorkflowExecutionRequest) -> Answer<()> {
        let options = request.on_conflict_options.unwrap_or_default();
        let wanted = options.attach_request_id || options.attach_completion_callbacks || options.attach_links;
        if !wanted || self.state.attached.contains_key(&request.request_id) {
            return Ok(());
        }
        let mut attributes = WorkflowExecutionOptionsUpdatedEventAttributes::default();
        if options.attach_completion_callbacks {
            callback::check(&request.completion_callbacks, self.state.callbacks.len())?;
            attributes.attached_completion_callbacks.clone_from(&request.completion_callbacks);
            let states = request.completion_callbacks.iter();
            let states = states.map(|callback| CallbackState::new(callback.clone(), cx.now, &request.request_id));
            self.state.callbacks.extend(states);
        }
        if options.attach_request_id {
            attributes.attached_request_id.clone_from(&request.request_id);
            let event_type = EventType::WorkflowExecutionOptionsUpdated.into();
            let info = RequestIdInfo { event_type, event_id: 0, buffered: true };
            self.state.attached.insert(request.request_id.clone(), info);
        }
        let links = if options.attach_links {
            callback::other_links(&request.links, &attributes.attached_completion_callbacks)
        } else {
            Vec::new()
        };
        let attributes = Attributes::WorkflowExecutionOptionsUpdatedEventAttributes(Box::new(attributes));
        let updated = event(EventType::WorkflowExecutionOptionsUpdated, cx.now, attributes);
        self.record(HistoryEvent { links, worker_may_ignore: true, ..updated });
        Ok(())
    }

    /// Notes which event came of a request that was attached.
    pub(crate) fn note_attached(&mut self, event: &HistoryEvent) {
        let Some(Attributes::WorkflowExecutionOptionsUpdatedEventAttributes(it)) = &event.attributes else { return };
        let updates = it.workflow_update_options.iter().map(|update| &update.attached_request_id);
        for request_id in updates.chain([&it.attached_request_id]) {
            if let Some(info) = self.state.attached.get_mut(request_id) {
                (info.event_id, info.buffered) = (event.event_id, false);
            }
        }
    }

    /// A link to what a request did.
    pub(crate) fn link_for(&self, request_id: &str) -> Link {
        if !self.state.attached.contains_key(request_id) {
            return self.link();
        }
        let (namespace, workflow_id, run_id) = (&self.state.namespace, &self.state.workflow_id, &self.state.run_id);
        link::to_request(namespace, workflow_id, run_id, request_id, EventType::WorkflowExecutionOptionsUpdated)
    }

    /// A link to what the request for a signal did.
    pub(crate) fn link_to_signal(&self, request_id: &str) -> Link {
        let (namespace, workflow_id, run_id) = (&self.state.namespace, &self.state.workflow_id, &self.state.run_id);
        link::to_request(namespace, workflow_id, run_id, request_id, EventType::WorkflowExecutionSignaled)
    }

    /// The requests that are known of, and what came of them.
    pub(crate) fn request_infos(&self) -> std::collections::BTreeMap<String, RequestIdInfo> {
        let started =
            RequestIdInfo { event_type: EventType::WorkflowExecutionStarted.into(), event_id: 1, buffered: false };
        let own = (self.state.start_request.clone(), started);
        self.state.attached.iter().map(|(id, info)| (id.clone(), *info)).chain([own]).collect()
    }
}
