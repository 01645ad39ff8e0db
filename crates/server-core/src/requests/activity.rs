//! What workers say of activities.
//!
//! A worker names an activity by the token that it was given, or by ids. What is too large to be taken fails the activity.

use perpetua_proto::common::{Payloads, WorkflowExecution};
use perpetua_proto::enums::RetryState;
use perpetua_proto::failure::Failure;
use perpetua_proto::failure::failure::FailureInfo;
use perpetua_proto::workflowservice::{
    RecordActivityTaskHeartbeatByIdRequest, RecordActivityTaskHeartbeatRequest, RecordActivityTaskHeartbeatResponse,
    RespondActivityTaskCanceledByIdRequest, RespondActivityTaskCanceledRequest,
    RespondActivityTaskCompletedByIdRequest, RespondActivityTaskCompletedRequest, RespondActivityTaskFailedByIdRequest,
    RespondActivityTaskFailedRequest,
};
use prost::Message;

use super::check_run_id;
use crate::activity::waiter::missing;
use crate::attempt::AttemptEnd;
use crate::refusal::{Answer, Refusal};
use crate::token::TaskToken;
use crate::world::RunNumber;
use crate::{World, failure, limits};

/// An activity of which a worker speaks.
#[derive(Clone, Debug)]
enum Spoken {
    /// By its run and its scheduled event.
    OfRun(RunNumber, i64),
    /// One that a client has started, by its run id.
    Standalone(String),
}

/// The ids of an activity, and of what it is part of.
struct Ids<'a> {
    namespace: &'a str,
    workflow_id: &'a str,
    run_id: &'a str,
    activity_id: &'a str,
}

/// How a worker says that an attempt has failed, and how it went until then.
struct Failed {
    failure: Option<Failure>,
    details: Option<Payloads>,
    identity: String,
}

impl World {
    /// An activity has returned.
    ///
    /// # Errors
    /// When the attempt is not the worker's any longer.
    pub fn respond_activity_completed(&mut self, request: RespondActivityTaskCompletedRequest) -> Answer<()> {
        let activity = self.activity_of(&request.task_token, &request.namespace, &request.identity)?;
        self.complete_activity(&activity, request.result, &request.identity)
    }

    /// An activity has failed. What was too large is in the answer.
    ///
    /// # Errors
    /// When the attempt is not the worker's any longer, or the failure is none of an activity.
    pub fn respond_activity_failed(&mut self, request: RespondActivityTaskFailedRequest) -> Answer<Vec<Failure>> {
        let activity = self.activity_of(&request.task_token, &request.namespace, &request.identity)?;
        let RespondActivityTaskFailedRequest { failure, last_heartbeat_details: details, identity, .. } = request;
        self.fail_attempt(&activity, Failed { failure, details, identity })
    }

    /// An activity has stopped, as it was asked to.
    ///
    /// # Errors
    /// When the attempt is not the worker's any longer, or was not asked to stop.
    pub fn respond_activity_canceled(&mut self, request: RespondActivityTaskCanceledRequest) -> Answer<()> {
        let activity = self.activity_of(&request.task_token, &request.namespace, &request.identity)?;
        self.cancel_attempt(&activity, request.details, &request.identity)
    }

    /// A sign of life of an activity; the answer says whether it should stop.
    ///
    /// # Errors
    /// When the attempt is not the worker's any longer.
    pub fn heartbeat(
        &mut self,
        request: RecordActivityTaskHeartbeatRequest,
    ) -> Answer<RecordActivityTaskHeartbeatResponse> {
        let activity = self.activity_of(&request.task_token, &request.namespace, "")?;
        self.beat(&activity, request.details, &request.identity)
    }

    /// As [`respond_activity_completed`](Self::respond_activity_completed), by ids; also of an activity that no worker has.
    ///
    /// # Errors
    /// When there is no such activity.
    pub fn respond_activity_completed_by_id(&mut self, request: RespondActivityTaskCompletedByIdRequest) -> Answer<()> {
        let RespondActivityTaskCompletedByIdRequest { namespace, workflow_id, run_id, activity_id, .. } = &request;
        let activity = self.activity_by_id(&Ids { namespace, workflow_id, run_id, activity_id }, &request.identity)?;
        if let Spoken::Standalone(key) = &activity
            && let Some(over) = self.activities.shelf.get(key).filter(|activity| !activity.is_open())
        {
            return Err(Refusal::precondition(format!("invalid transition from {}", over.state_name())));
        }
        self.begin_unstarted(&activity, &request.identity);
        self.complete_activity(&activity, request.result, &request.identity)
    }

    /// As [`respond_activity_failed`](Self::respond_activity_failed), by ids.
    ///
    /// # Errors
    /// When no such activity is running, or the failure is none of an activity.
    pub fn respond_activity_failed_by_id(
        &mut self,
        request: RespondActivityTaskFailedByIdRequest,
    ) -> Answer<Vec<Failure>> {
        let RespondActivityTaskFailedByIdRequest { namespace, workflow_id, run_id, activity_id, .. } = &request;
        let activity = self.activity_by_id(&Ids { namespace, workflow_id, run_id, activity_id }, &request.identity)?;
        self.check_started(&activity)?;
        let RespondActivityTaskFailedByIdRequest { failure, last_heartbeat_details: details, identity, .. } = request;
        self.fail_attempt(&activity, Failed { failure, details, identity })
    }

    /// As [`respond_activity_canceled`](Self::respond_activity_canceled), by ids.
    ///
    /// # Errors
    /// When no such activity is running, or it was not asked to stop.
    pub fn respond_activity_canceled_by_id(&mut self, request: RespondActivityTaskCanceledByIdRequest) -> Answer<()> {
        let RespondActivityTaskCanceledByIdRequest { namespace, workflow_id, run_id, activity_id, .. } = &request;
        let activity = self.activity_by_id(&Ids { namespace, workflow_id, run_id, activity_id }, &request.identity)?;
        self.check_started(&activity)?;
        self.cancel_attempt(&activity, request.details, &request.identity)
    }

    /// As [`heartbeat`](Self::heartbeat), by ids.
    ///
    /// # Errors
    /// When no such activity is running.
    pub fn heartbeat_by_id(
        &mut self,
        request: RecordActivityTaskHeartbeatByIdRequest,
    ) -> Answer<RecordActivityTaskHeartbeatResponse> {
        let RecordActivityTaskHeartbeatByIdRequest { namespace, workflow_id, run_id, activity_id, .. } = &request;
        let activity = self.activity_by_id(&Ids { namespace, workflow_id, run_id, activity_id }, "")?;
        self.check_started(&activity)?;
        self.beat(&activity, request.details, &request.identity)
    }

    fn complete_activity(&mut self, activity: &Spoken, result: Option<Payloads>, identity: &str) -> Answer<()> {
        if self.is_too_large(result.as_ref()) {
            self.fail_for_good(activity, "Complete result exceeds size limit.", identity);
        } else {
            self.end_attempt(activity, AttemptEnd::Completed(result), identity);
        }
        Ok(())
    }

    fn fail_attempt(&mut self, activity: &Spoken, failed: Failed) -> Answer<Vec<Failure>> {
        let Failed { failure, details, identity } = failed;
        let is_own = |failure: &Failure| matches!(failure.failure_info, Some(FailureInfo::ApplicationFailureInfo(_)));
        if failure.as_ref().is_some_and(|failure| !is_own(failure)) {
            return Err(Refusal::invalid("Failure must have ApplicationFailureInfo."));
        }
        let mut too_large = Vec::new();
        if self.is_too_large(details.as_ref()) {
            too_large.push(failure::too_large("Heartbeat details exceed size limit."));
        } else if details.is_some() {
            self.note_details(activity, details);
        }
        let mut failure = failure.unwrap_or_default();
        if failure.encoded_len() > self.settings.blob_bytes {
            let is_final =
                matches!(&failure.failure_info, Some(FailureInfo::ApplicationFailureInfo(info)) if info.non_retryable);
            if let Some(trimmed) = failure::trimmed_to(&failure, limits::FAILURE_BYTES, is_final) {
                too_large.push(trimmed.clone());
                failure = trimmed;
            }
        }
        self.end_attempt(activity, AttemptEnd::Failed(Box::new(failure)), &identity);
        Ok(too_large)
    }

    fn cancel_attempt(&mut self, activity: &Spoken, details: Option<Payloads>, identity: &str) -> Answer<()> {
        if self.is_too_large(details.as_ref()) {
            self.fail_for_good(activity, "Cancel details exceed size limit.", identity);
            return Ok(());
        }
        if !self.is_cancel_requested(activity) {
            return Err(Refusal::invalid(
                "unable to mark activity as canceled without activity being request canceled first",
            ));
        }
        self.end_attempt(activity, AttemptEnd::Canceled(details), identity);
        Ok(())
    }

    fn beat(
        &mut self,
        activity: &Spoken,
        details: Option<Payloads>,
        identity: &str,
    ) -> Answer<RecordActivityTaskHeartbeatResponse> {
        if self.is_too_large(details.as_ref()) {
            self.fail_for_good(activity, "Heartbeat details exceed size limit.", identity);
            return Ok(RecordActivityTaskHeartbeatResponse { cancel_requested: true, ..Default::default() });
        }
        let response = self.note_beat(activity, details);
        self.settle();
        Ok(response)
    }

    fn is_too_large(&self, payloads: Option<&Payloads>) -> bool {
        payloads.is_some_and(|payloads| payloads.encoded_len() > self.settings.blob_bytes)
    }

    fn note_beat(&mut self, activity: &Spoken, details: Option<Payloads>) -> RecordActivityTaskHeartbeatResponse {
        match activity {
            Spoken::OfRun(number, scheduled) => {
                self.with(*number, |run, cx| run.heartbeat(cx.now, *scheduled, details)).unwrap_or_default()
            }
            Spoken::Standalone(key) => {
                let beaten = self.change_standalone(key, |activity, now| activity.beat(now, details));
                beaten.unwrap_or_default()
            }
        }
    }

    /// Notes how it went until the attempt failed; that is part of the failure.
    fn note_details(&mut self, activity: &Spoken, details: Option<Payloads>) {
        let now = self.now;
        match activity {
            Spoken::OfRun(..) => {
                self.note_beat(activity, details);
            }
            Spoken::Standalone(key) => {
                if let Some(activity) = self.activities.shelf.get_mut(key) {
                    activity.attempt.beat(now, details);
                }
            }
        }
    }

    fn is_cancel_requested(&self, activity: &Spoken) -> bool {
        match activity {
            Spoken::OfRun(number, scheduled) => {
                let activity = self.run(*number).and_then(|run| run.state.activities.get(scheduled));
                activity.is_some_and(|activity| activity.attempt.cancel_requested)
            }
            Spoken::Standalone(key) => {
                self.activities.shelf.get(key).is_some_and(|activity| activity.attempt.cancel_requested)
            }
        }
    }

    fn end_attempt(&mut self, activity: &Spoken, end: AttemptEnd, identity: &str) {
        match activity {
            Spoken::OfRun(number, scheduled) => {
                self.with(*number, |run, cx| run.end_activity_attempt(cx, *scheduled, end, identity));
            }
            Spoken::Standalone(key) => {
                self.change_standalone(key, |activity, now| activity.answered(now, end, identity));
            }
        }
        self.settle();
    }

    fn fail_for_good(&mut self, activity: &Spoken, message: &str, identity: &str) {
        let failure = failure::too_large(message);
        match activity {
            Spoken::OfRun(number, scheduled) => {
                self.with(*number, |run, cx| run.fail_activity(cx, *scheduled, failure, identity));
            }
            Spoken::Standalone(key) => {
                let state = RetryState::NonRetryableFailure;
                self.change_standalone(key, |activity, now| activity.fail(now, failure, state));
            }
        }
        self.settle();
    }

    /// An activity that ends without that a worker had it was started by who ends it.
    fn begin_unstarted(&mut self, activity: &Spoken, identity: &str) {
        match activity {
            Spoken::OfRun(number, scheduled) => {
                self.with(*number, |run, cx| {
                    let activity = run.state.activities.get_mut(scheduled);
                    if let Some(activity) = activity.filter(|activity| !activity.attempt.is_started()) {
                        activity.attempt.start(cx.now, identity, String::new());
                    }
                });
            }
            Spoken::Standalone(key) => {
                let now = self.now;
                let activity = self.activities.shelf.get_mut(key).filter(|activity| !activity.attempt.is_started());
                if let Some(activity) = activity {
                    activity.start(now, identity, String::new());
                }
            }
        }
    }

    fn check_started(&self, activity: &Spoken) -> Answer<()> {
        match activity {
            Spoken::OfRun(number, scheduled) => {
                let activity = self.run(*number).and_then(|run| run.state.activities.get(scheduled));
                activity.filter(|activity| activity.attempt.is_started()).map(|_| ()).ok_or_else(not_found)
            }
            Spoken::Standalone(key) => {
                let activity = self.activities.shelf.get(key).ok_or_else(not_found)?;
                if activity.is_open() && activity.attempt.is_started() { Ok(()) } else { Err(missing(&activity.id)) }
            }
        }
    }

    /// The activity whose attempt a token names, if it is the one that runs.
    fn activity_of(&self, token: &[u8], namespace: &str, identity: &str) -> Answer<Spoken> {
        self.check_given_namespace(namespace)?;
        let token = TaskToken::read(token, self.server)?;
        if !namespace.is_empty() && namespace != token.namespace {
            return Err(Refusal::invalid("Operation requested with a token from a different namespace."));
        }
        check_identity(identity)?;
        if token.workflow_id.is_empty() {
            let activity = self.activities.shelf.get(&token.run_id).filter(|activity| {
                let attempt = &activity.attempt;
                let is_it = attempt.number == token.attempt && attempt.request == token.request;
                activity.is_open() && attempt.is_started() && is_it
            });
            return activity
                .map(|activity| Spoken::Standalone(activity.run_id.clone()))
                .ok_or_else(|| missing(&token.activity_id));
        }
        let (workflow_id, run_id) = (token.workflow_id.clone(), token.run_id.clone());
        let execution = WorkflowExecution { workflow_id, run_id };
        let number = self.find(&token.namespace, Some(&execution)).map_err(|_| not_found())?;
        let run = self.run(number).ok_or_else(not_found)?;
        if !run.is_open() {
            return Err(completed());
        }
        run.started_activity(&token).ok_or_else(not_found)?;
        Ok(Spoken::OfRun(number, token.scheduled))
    }

    fn activity_by_id(&self, ids: &Ids<'_>, identity: &str) -> Answer<Spoken> {
        self.namespaces.check(ids.namespace)?;
        if ids.activity_id.is_empty() {
            return Err(Refusal::invalid("ActivityId is not set on request."));
        }
        check_identity(identity)?;
        check_run_id(ids.run_id)?;
        if ids.workflow_id.is_empty() {
            return self.find_activity(ids.namespace, ids.activity_id, ids.run_id).map(Spoken::Standalone);
        }
        let (workflow_id, run_id) = (ids.workflow_id.to_owned(), ids.run_id.to_owned());
        let number = self.find(ids.namespace, Some(&WorkflowExecution { workflow_id, run_id }))?;
        let run = self.run(number).filter(|run| run.is_open()).ok_or_else(completed)?;
        let scheduled = run.activity_of_id(ids.activity_id).ok_or_else(|| {
            Refusal::not_found(format!(
                "cannot find pending activity with ActivityID {}, check workflow execution history for more details",
                ids.activity_id
            ))
        })?;
        Ok(Spoken::OfRun(number, scheduled))
    }
}

fn check_identity(identity: &str) -> Answer<()> {
    if identity.len() > limits::ID_LENGTH {
        return Err(Refusal::invalid("Identity length exceeds limit."));
    }
    Ok(())
}

fn not_found() -> Refusal {
    Refusal::not_found("invalid activityID or activity already timed out or invoking workflow is completed")
}

/// The run is over, and its activities with it.
pub(super) fn completed() -> Refusal {
    Refusal::not_found("workflow execution already completed")
}

/// A text as SDKs write it.
pub(crate) fn text_payload(text: &str) -> Payloads {
    Payloads { payloads: vec![super::text(text)] }
}
