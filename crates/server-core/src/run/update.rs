//! Updates: admitted here, accepted or refused by a worker, answered at last.
//!
//! ```text
//! admitted --accept--> accepted --complete--> completed
//!     |  reject: the caller learns why, history does not
//! ```
//! An admitted update is kept in memory only; its caller asks again if the server is restarted before it is accepted.

use perpetua_proto::common::link::{self as link_to, Variant};
use perpetua_proto::common::{Link, WorkflowExecution};
use perpetua_proto::enums::{EventType, UpdateWorkflowExecutionLifecycleStage as Stage};
use perpetua_proto::failure::failure::FailureInfo;
use perpetua_proto::failure::{ApplicationFailureInfo, Failure};
use perpetua_proto::history::history_event::Attributes;
use perpetua_proto::history::{
    WorkflowExecutionUpdateAcceptedEventAttributes, WorkflowExecutionUpdateCompletedEventAttributes,
};
use perpetua_proto::protocol::{Message, message::SequencingId};
use perpetua_proto::update::{Acceptance, Meta, Outcome, Rejection, Request, Response, UpdateRef, outcome};
use perpetua_proto::workflowservice::{PollWorkflowExecutionUpdateResponse, UpdateWorkflowExecutionResponse};

use super::state::UpdateState;
use super::{Run, callback, event};
use crate::any::{any, read};
use crate::limits;
use crate::nexus::link;
use crate::refusal::{Answer, Code, Refusal};
use crate::world::{CallId, Cx, Reply};

/// An update that no worker has accepted yet.
#[derive(Clone, Debug)]
pub(crate) struct Admitted {
    pub(crate) request: Request,
    /// Whether the task that a worker has brings it.
    pub(crate) sent: bool,
    /// Further requests for it that want to be called back.
    pub(crate) others: Vec<Request>,
}

impl Admitted {
    /// One that no worker has seen.
    pub(crate) fn new(request: Request) -> Self {
        Self { request, sent: false, others: Vec::new() }
    }

    /// All requests for it that are to be remembered.
    pub(super) fn requests(&self) -> impl Iterator<Item = &Request> {
        std::iter::once(&self.request).chain(&self.others)
    }

    /// How many callbacks come with it.
    pub(super) fn callbacks(&self) -> usize {
        self.requests().map(|request| request.completion_callbacks.len()).sum()
    }
}

/// Somebody who waits for an update to get somewhere.
#[derive(Clone, Debug)]
pub(crate) struct UpdateWaiter {
    pub(crate) call: CallId,
    /// The request of the caller.
    pub(crate) request_id: String,
    pub(crate) stage: Stage,
    pub(crate) shape: Shape,
}

/// The form in which the answer is wanted.
#[derive(Clone, Debug)]
pub(crate) enum Shape {
    Update,
    Poll,
    /// As the second of two operations, after a start.
    WithStart(Box<perpetua_proto::workflowservice::StartWorkflowExecutionResponse>),
}

impl Shape {
    /// The answer in this form.
    pub(crate) fn reply(&self, update: UpdateWorkflowExecutionResponse) -> Reply {
        match self {
            Self::Update => Reply::Update(update),
            Self::Poll => Reply::PolledUpdate(PollWorkflowExecutionUpdateResponse {
                outcome: update.outcome,
                stage: update.stage,
                update_ref: update.update_ref,
            }),
            Self::WithStart(start) => Reply::StartedAndUpdated(start.clone(), update),
        }
    }
}

pub(super) fn update_id(request: &Request) -> &str {
    request.meta.as_ref().map_or("", |meta| &meta.update_id)
}

impl Run {
    /// Whether there is, or was, an update of this id.
    pub(crate) fn knows_update(&self, id: &str) -> bool {
        self.state.updates.contains_key(id) || self.live.admitted.iter().any(|it| update_id(&it.request) == id)
    }

    /// Takes an update in, if it is not known yet, and makes sure that a worker sees it.
    pub(crate) fn admit_update(&mut self, cx: &mut Cx<'_>, request: Request) -> Answer<()> {
        let id = update_id(&request).to_owned();
        if self.knows_update(&id) {
            return self.join_update(cx, &id, request);
        }
        if !self.is_open() {
            return Err(Refusal::not_found("workflow execution already completed"));
        }
        if self.is_paused() {
            return Err(Refusal::precondition("Workflow is paused. Cannot update the workflow."));
        }
        if self.state.attempt > limits::FAILED_TASKS {
            let message = "Unable to perform workflow execution update due to Workflow Task in failed state.";
            return Err(Refusal::new(Code::FailedPrecondition, message)
                .with(&perpetua_proto::errordetails::WorkflowNotReadyFailure::default()));
        }
        let accepted = self.state.updates.values().filter(|update| update.outcome.is_none()).count();
        if self.live.admitted.len() + accepted >= cx.settings.updates_in_flight {
            return Err(Refusal::exhausted(format!(
                "limit on number of concurrent in-flight updates has been reached ({})",
                cx.settings.updates_in_flight
            )));
        }
        if self.state.updates_accepted >= cx.settings.updates {
            return Err(Refusal::precondition(format!(
                "limit on the total number of distinct updates in this workflow has been reached ({})",
                cx.settings.updates
            )));
        }
        callback::check(&request.completion_callbacks, self.state.callbacks.len())?;
        self.live.admitted.push(Admitted::new(request));
        if self.state.task.is_none() && self.state.first_task_due == 0 {
            self.schedule_speculative_task(cx);
        }
        Ok(())
    }

    /// Answers now if the update is far enough, and when it is otherwise.
    pub(crate) fn wait_for_update(&mut self, cx: &mut Cx<'_>, id: &str, waiter: UpdateWaiter) {
        // Who polls for no stage wants to know how far it is.
        let is_for_any = matches!((&waiter.shape, waiter.stage), (Shape::Poll, Stage::Unspecified));
        let reached = self.update_reached(id, &waiter);
        match reached.or_else(|| is_for_any.then(|| self.update_answer(id, &waiter.request_id))) {
            Some(answer) => cx.reply(waiter.call, Ok(waiter.shape.reply(answer))),
            None => self.live.update_waiters.entry(id.to_owned()).or_default().push(waiter),
        }
    }

    /// The answer, if the update has come to this stage.
    fn update_reached(&self, id: &str, waiter: &UpdateWaiter) -> Option<UpdateWorkflowExecutionResponse> {
        let update = self.state.updates.get(id)?;
        let is_enough = update.outcome.is_some() || matches!(waiter.stage, Stage::Accepted);
        is_enough.then(|| self.update_answer(id, &waiter.request_id))
    }

    /// How far the update is, whatever was asked for.
    pub(crate) fn update_answer(&self, id: &str, request_id: &str) -> UpdateWorkflowExecutionResponse {
        let known = self.state.updates.get(id);
        let (outcome, stage) = match known {
            Some(UpdateState { outcome: Some(outcome), .. }) => (Some(outcome.clone()), Stage::Completed),
            Some(_) => (None, Stage::Accepted),
            None => (None, Stage::Admitted),
        };
        UpdateWorkflowExecutionResponse {
            update_ref: Some(self.update_ref(id)),
            link: known.map(|update| self.link_to_update(update, request_id)),
            outcome,
            stage: stage.into(),
        }
    }

    /// Where an update is found: what a request for it did, or only the run if it came to nothing.
    fn link_to_update(&self, update: &UpdateState, request_id: &str) -> Link {
        if matches!(update.outcome, Some(Outcome { value: Some(outcome::Value::Failure(_)) })) {
            return self.link_to_rejected();
        }
        let (namespace, workflow_id, run_id) = (&self.state.namespace, &self.state.workflow_id, &self.state.run_id);
        link::to_request(namespace, workflow_id, run_id, request_id, EventType::WorkflowExecutionUpdateAccepted)
    }

    fn link_to_rejected(&self) -> Link {
        Link {
            variant: Some(Variant::Workflow(link_to::Workflow {
                namespace: self.state.namespace.clone(),
                workflow_id: self.state.workflow_id.clone(),
                run_id: self.state.run_id.clone(),
                reason: "Update rejected".to_owned(),
            })),
        }
    }

    fn update_ref(&self, id: &str) -> UpdateRef {
        let execution: WorkflowExecution = self.execution();
        UpdateRef { workflow_execution: Some(execution), update_id: id.to_owned() }
    }

    /// The requests that go with the task that a worker is given.
    pub(crate) fn attach_updates(&mut self, last_event: i64) -> Vec<Message> {
        let in_history = &self.state.admitted;
        let message = |admitted: &mut Admitted| {
            admitted.sent = true;
            let id = update_id(&admitted.request);
            // What history brings needs no message.
            (!in_history.contains_key(id)).then(|| Message {
                id: format!("{id}/request"),
                protocol_instance_id: id.to_owned(),
                sequencing_id: Some(SequencingId::EventId(last_event)),
                body: Some(any(&admitted.request)),
            })
        };
        self.live.admitted.iter_mut().filter_map(message).collect()
    }

    /// What was sent with a task that was not answered is sent again.
    pub(crate) fn resend_updates(&mut self) {
        for admitted in &mut self.live.admitted {
            admitted.sent = false;
        }
    }

    /// Whether an update waits for a task of its own.
    pub(crate) fn has_unsent_updates(&self) -> bool {
        self.live.admitted.iter().any(|admitted| !admitted.sent)
    }

    /// Does what a message of a worker says.
    ///
    /// # Errors
    /// What is wrong with the message.
    pub(crate) fn take_message(&mut self, cx: &mut Cx<'_>, message: &Message) -> Result<(), String> {
        let id = message.protocol_instance_id.as_str();
        let Some(body) = &message.body else { return Err(format!("message {:?} has no body", message.id)) };
        if let Some(acceptance) = read::<Acceptance>(body) {
            return self.accept_update(cx, id, acceptance);
        }
        if let Some(response) = read::<Response>(body) {
            return self.complete_update(cx, id, response);
        }
        if let Some(rejection) = read::<Rejection>(body) {
            return self.reject_update(cx, id, rejection);
        }
        Err(format!("message {:?} is of the unknown type {:?}", message.id, body.type_url))
    }

    fn accept_update(&mut self, cx: &mut Cx<'_>, id: &str, acceptance: Acceptance) -> Result<(), String> {
        let at = self.live.admitted.iter().position(|it| update_id(&it.request) == id && it.sent);
        let Admitted { request, others, .. } = match at {
            Some(at) => self.live.admitted.remove(at),
            // The server was restarted after it had sent the request.
            None => match acceptance.accepted_request {
                Some(request) if !self.state.updates.contains_key(id) => Admitted::new(request),
                _ => return Err(self.wrong_message(id, "Acceptance")),
            },
        };
        // An event that is there already has it, and its callbacks are known.
        let new = self.state.admitted.remove(id).is_none().then_some(request);
        if let Some(request) = &new {
            let (kind, next) = (EventType::WorkflowExecutionUpdateAccepted, self.history.next_id());
            self.state.tell_of_update(cx.now, id, request, kind, next);
        }
        let attributes = WorkflowExecutionUpdateAcceptedEventAttributes {
            protocol_instance_id: id.to_owned(),
            accepted_request_message_id: acceptance.accepted_request_message_id,
            accepted_request_sequencing_event_id: acceptance.accepted_request_sequencing_event_id,
            accepted_request: new,
        };
        let attributes = Attributes::WorkflowExecutionUpdateAcceptedEventAttributes(Box::new(attributes));
        let accepted = self.append(event(EventType::WorkflowExecutionUpdateAccepted, cx.now, attributes));
        self.state.updates.insert(id.to_owned(), UpdateState { accepted, ..UpdateState::default() });
        self.state.updates_accepted += 1;
        self.attach_others(cx, id, others);
        Ok(())
    }

    fn complete_update(&mut self, cx: &mut Cx<'_>, id: &str, response: Response) -> Result<(), String> {
        let Some(update) = self.state.updates.get(id).filter(|update| update.outcome.is_none()) else {
            return Err(self.wrong_message(id, "Response"));
        };
        let attributes = WorkflowExecutionUpdateCompletedEventAttributes {
            meta: Some(response.meta.unwrap_or_else(|| Meta { update_id: id.to_owned(), ..Meta::default() })),
            accepted_event_id: update.accepted,
            outcome: response.outcome.clone(),
        };
        let attributes = Attributes::WorkflowExecutionUpdateCompletedEventAttributes(Box::new(attributes));
        let completed = self.append(event(EventType::WorkflowExecutionUpdateCompleted, cx.now, attributes));
        if let Some(update) = self.state.updates.get_mut(id) {
            update.completed = completed;
            update.outcome = Some(response.outcome.unwrap_or_default());
        }
        self.call_back_for_updates(cx, Some(id));
        Ok(())
    }

    fn reject_update(&mut self, cx: &mut Cx<'_>, id: &str, rejection: Rejection) -> Result<(), String> {
        let at = self.live.admitted.iter().position(|it| update_id(&it.request) == id && it.sent);
        let Some(at) = at else {
            // The server was restarted after it had sent the request: nobody waits for it any more.
            return match rejection.rejected_request {
                Some(_) if !self.state.updates.contains_key(id) => Ok(()),
                _ => Err(self.wrong_message(id, "Rejection")),
            };
        };
        self.live.admitted.remove(at);
        self.state.admitted.remove(id);
        self.tell_rejected(cx, id, rejection.failure.unwrap_or_default());
        Ok(())
    }

    /// Why a message cannot be taken: the update is not there, or further than the message says.
    fn wrong_message(&self, id: &str, kind: &str) -> String {
        let state = match self.state.updates.get(id) {
            Some(update) if update.outcome.is_some() => "Completed",
            // The task that brings the message is the one that has accepted it.
            Some(update) if update.accepted > self.state.previous_started + 1 => "ProvisionallyAccepted",
            Some(_) => "Accepted",
            None => match self.live.admitted.iter().find(|it| update_id(&it.request) == id) {
                Some(admitted) if admitted.sent => "Sent",
                Some(_) => "Admitted",
                None => {
                    return format!(
                        "update {id} wasn't found on the server. This is most likely a transient error which will be \
                         resolved automatically by retries"
                    );
                }
            },
        };
        format!(
            "invalid state transition attempted for Update {id}: received *update.{kind} message while in state {state}"
        )
    }

    fn tell_rejected(&mut self, cx: &mut Cx<'_>, id: &str, failure: Failure) {
        for waiter in self.live.update_waiters.remove(id).unwrap_or_default() {
            let answer = UpdateWorkflowExecutionResponse {
                update_ref: Some(self.update_ref(id)),
                outcome: Some(Outcome { value: Some(outcome::Value::Failure(failure.clone())) }),
                stage: Stage::Completed.into(),
                link: Some(self.link_to_rejected()),
            };
            cx.reply(waiter.call, Ok(waiter.shape.reply(answer)));
        }
    }

    /// A worker that says nothing of an update does not know what updates are.
    pub(crate) fn reject_ignored_updates(&mut self, cx: &mut Cx<'_>) {
        let (ignored, left) = std::mem::take(&mut self.live.admitted).into_iter().partition(|it| it.sent);
        self.live.admitted = left;
        let ignored: Vec<Admitted> = ignored;
        for admitted in ignored {
            let failure = Failure {
                message:
                    "Workflow Update is rejected because it wasn't processed by worker. Probably, Workflow Update \
                          is not supported by the worker."
                        .to_owned(),
                source: "Server".to_owned(),
                failure_info: Some(FailureInfo::ApplicationFailureInfo(ApplicationFailureInfo {
                    r#type: "UnprocessedUpdate".to_owned(),
                    non_retryable: true,
                    ..ApplicationFailureInfo::default()
                })),
                ..Failure::default()
            };
            self.state.admitted.remove(update_id(&admitted.request));
            self.tell_rejected(cx, update_id(&admitted.request), failure);
        }
    }

    /// Tells everybody whose update has come far enough.
    pub(crate) fn tell_update_waiters(&mut self, cx: &mut Cx<'_>) {
        let waiting = std::mem::take(&mut self.live.update_waiters);
        for (id, waiters) in waiting {
            for waiter in waiters {
                self.wait_for_update(cx, &id, waiter);
            }
        }
    }

    /// The run is over: what was accepted is not completed any more.
    pub(crate) fn fail_accepted_updates(&mut self, cx: &mut Cx<'_>) {
        for update in self.state.updates.values_mut().filter(|update| update.outcome.is_none()) {
            update.outcome = Some(Outcome { value: Some(outcome::Value::Failure(closed_under_update())) });
        }
        self.tell_update_waiters(cx);
    }

    /// The run is over, and none follows: nobody will answer.
    pub(crate) fn abort_updates(&mut self, cx: &mut Cx<'_>) {
        self.live.admitted.clear();
        self.state.admitted.clear();
        self.fail_accepted_updates(cx);
        for waiter in std::mem::take(&mut self.live.update_waiters).into_values().flatten() {
            let refusal = Refusal::not_found("workflow update was aborted by closing workflow");
            cx.reply(waiter.call, Err(refusal));
        }
    }
}

fn closed_under_update() -> Failure {
    Failure {
        message: "Workflow Update failed because the Workflow completed before the Update completed.".to_owned(),
        source: "Server".to_owned(),
        failure_info: Some(FailureInfo::ApplicationFailureInfo(ApplicationFailureInfo {
            r#type: "AcceptedUpdateCompletedWorkflow".to_owned(),
            non_retryable: true,
            ..ApplicationFailureInfo::default()
        })),
        ..Failure::default()
    }
}
