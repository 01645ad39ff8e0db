//! Who is told when an update has an outcome.
//!
//! The callbacks of the request that made an update are in the event that says that it was accepted. Those of further
//! requests for the same update are in events of their own.

use perpetua_proto::enums::EventType;
use perpetua_proto::history::history_event::Attributes;
use perpetua_proto::history::workflow_execution_options_updated_event_attributes::WorkflowUpdateOptionsUpdate;
use perpetua_proto::history::{HistoryEvent, WorkflowExecutionOptionsUpdatedEventAttributes};
use perpetua_proto::update::{Request, outcome};
use perpetua_proto::workflow::RequestIdInfo;

use super::callback::{self, CallbackState, Completion};
use super::update::update_id;
use super::{Run, RunState, event};
use crate::nexus::{Outcome, link};
use crate::refusal::Answer;
use crate::time::Time;
use crate::world::{Cx, Transfer};

impl Run {
    /// Attaches the callbacks of another request for an update that is there. An update that is over has nothing to
    /// tell: its outcome is the answer to the request.
    ///
    /// # Errors
    /// When there are too many callbacks.
    pub(crate) fn join_update(&mut self, cx: &mut Cx<'_>, id: &str, request: Request) -> Answer<()> {
        if request.completion_callbacks.is_empty() || self.has_callbacks_of(id, &request.request_id) {
            return Ok(());
        }
        let there = self.state.callbacks.len();
        if let Some(admitted) = self.live.admitted.iter_mut().find(|it| update_id(&it.request) == id) {
            callback::check(&request.completion_callbacks, there + admitted.callbacks())?;
            if !admitted.requests().any(|it| it.request_id == request.request_id) {
                admitted.others.push(request);
            }
            return Ok(());
        }
        if self.state.updates.get(id).is_some_and(|update| update.outcome.is_none()) {
            callback::check(&request.completion_callbacks, there)?;
            self.state.tell_of_update(cx.now, id, &request, EventType::WorkflowExecutionOptionsUpdated, 0);
            self.record(attached(cx.now, id, request));
        }
        Ok(())
    }

    /// Attaches the callbacks of the requests that came before the update was accepted.
    pub(super) fn attach_others(&mut self, cx: &Cx<'_>, id: &str, others: Vec<Request>) {
        for request in others {
            self.state.tell_of_update(cx.now, id, &request, EventType::WorkflowExecutionOptionsUpdated, 0);
            self.append(attached(cx.now, id, request));
        }
    }

    fn has_callbacks_of(&self, id: &str, request_id: &str) -> bool {
        self.state.callbacks.iter().any(|it| it.update_id == id && it.request_id == request_id)
    }

    /// Tells those who wait for this update, or for any if none is named.
    pub(super) fn call_back_for_updates(&self, cx: &mut Cx<'_>, id: Option<&str>) {
        let waits = |it: &CallbackState| id.map_or(!it.update_id.is_empty(), |id| it.update_id == id);
        if self.state.callbacks.iter().any(waits) {
            cx.transfer(Transfer::Callbacks { from: self.number });
        }
    }

    /// What there is to tell of an update, once it has an outcome.
    pub(super) fn update_completion(&self, callback: &CallbackState) -> Option<Completion> {
        let update = self.state.updates.get(&callback.update_id)?;
        let outcome = match &update.outcome.as_ref()?.value {
            Some(outcome::Value::Failure(failure)) => Outcome::Failed(Box::new(failure.clone())),
            Some(outcome::Value::Success(result)) => Outcome::completed(result.payloads.first().cloned()),
            None => Outcome::completed(None),
        };
        let accepted = self.history.get(update.accepted).and_then(|event| event.event_time.as_ref());
        let start_time = accepted.map(Time::from_wire).unwrap_or_default();
        let link = link::to_request(
            &self.state.namespace,
            &self.state.workflow_id,
            &self.state.run_id,
            &callback.request_id,
            EventType::WorkflowExecutionUpdateAccepted,
        );
        Some(Completion { outcome, start_time, links: vec![link] })
    }
}

impl RunState {
    /// Notes who is told of an update, and which event says so; 0 if it has no id yet.
    pub(super) fn tell_of_update(&mut self, at: Time, id: &str, request: &Request, kind: EventType, event_id: i64) {
        let callbacks = request.completion_callbacks.iter();
        self.callbacks.extend(callbacks.map(|callback| CallbackState {
            update_id: id.to_owned(),
            ..CallbackState::new(callback.clone(), at, &request.request_id)
        }));
        if !request.request_id.is_empty() {
            let info = RequestIdInfo { event_type: kind.into(), event_id, buffered: event_id == 0 };
            self.attached.insert(request.request_id.clone(), info);
        }
    }

    /// Notes what an event says that attaches callbacks to updates.
    pub(super) fn tell_of_updates(
        &mut self,
        at: Time,
        event_id: i64,
        it: &WorkflowExecutionOptionsUpdatedEventAttributes,
    ) {
        for update in &it.workflow_update_options {
            let request = Request {
                request_id: update.attached_request_id.clone(),
                completion_callbacks: update.attached_completion_callbacks.clone(),
                ..Request::default()
            };
            let kind = EventType::WorkflowExecutionOptionsUpdated;
            self.tell_of_update(at, &update.update_id, &request, kind, event_id);
        }
    }
}

/// The event that says that a request was attached to an update.
fn attached(now: Time, id: &str, request: Request) -> HistoryEvent {
    let update = WorkflowUpdateOptionsUpdate {
        update_id: id.to_owned(),
        attached_request_id: request.request_id,
        attached_completion_callbacks: request.completion_callbacks,
    };
    let attributes = WorkflowExecutionOptionsUpdatedEventAttributes {
        workflow_update_options: vec![update],
        ..WorkflowExecutionOptionsUpdatedEventAttributes::default()
    };
    let attributes = Attributes::WorkflowExecutionOptionsUpdatedEventAttributes(Box::new(attributes));
    HistoryEvent { worker_may_ignore: true, ..event(EventType::WorkflowExecutionOptionsUpdated, now, attributes) }
}
