//! What workers say of activities.

use perpetua_proto::common::{Payloads, WorkflowExecution};
use perpetua_proto::workflowservice::{
    RecordActivityTaskHeartbeatByIdRequest, RecordActivityTaskHeartbeatRequest, RecordActivityTaskHeartbeatResponse,
    RespondActivityTaskCanceledByIdRequest, RespondActivityTaskCanceledRequest,
    RespondActivityTaskCompletedByIdRequest, RespondActivityTaskCompletedRequest, RespondActivityTaskFailedByIdRequest,
    RespondActivityTaskFailedRequest,
};

use crate::World;
use crate::refusal::{Answer, Refusal};
use crate::run::activity::AttemptEnd;
use crate::token::TaskToken;
use crate::world::RunNumber;

impl World {
    /// An activity has returned.
    ///
    /// # Errors
    /// When the attempt is not the worker's any longer.
    pub fn respond_activity_completed(&mut self, request: RespondActivityTaskCompletedRequest) -> Answer<()> {
        let (number, scheduled) = self.activity_of(&request.task_token)?;
        self.end_attempt(number, scheduled, AttemptEnd::Completed(request.result), &request.identity);
        Ok(())
    }

    /// An activity has failed.
    ///
    /// # Errors
    /// When the attempt is not the worker's any longer.
    pub fn respond_activity_failed(&mut self, request: RespondActivityTaskFailedRequest) -> Answer<()> {
        let (number, scheduled) = self.activity_of(&request.task_token)?;
        self.note_details(number, scheduled, request.last_heartbeat_details);
        let failure = request.failure.unwrap_or_default();
        self.end_attempt(number, scheduled, AttemptEnd::Failed(Box::new(failure)), &request.identity);
        Ok(())
    }

    /// An activity has stopped, as it was asked to.
    ///
    /// # Errors
    /// When the attempt is not the worker's any longer, or was not asked to stop.
    pub fn respond_activity_canceled(&mut self, request: RespondActivityTaskCanceledRequest) -> Answer<()> {
        let (number, scheduled) = self.activity_of(&request.task_token)?;
        self.end_canceled(number, scheduled, request.details, &request.identity)
    }

    /// A sign of life of an activity; the answer says whether it should stop.
    ///
    /// # Errors
    /// When the attempt is not the worker's any longer.
    pub fn heartbeat(
        &mut self,
        request: RecordActivityTaskHeartbeatRequest,
    ) -> Answer<RecordActivityTaskHeartbeatResponse> {
        let (number, scheduled) = self.activity_of(&request.task_token)?;
        Ok(self.beat(number, scheduled, request.details))
    }

    /// As [`respond_activity_completed`](Self::respond_activity_completed), by ids.
    ///
    /// # Errors
    /// When no such activity is running.
    pub fn respond_activity_completed_by_id(&mut self, request: RespondActivityTaskCompletedByIdRequest) -> Answer<()> {
        let (number, scheduled) =
            self.activity_by_id(&request.namespace, request.workflow_id, request.run_id, &request.activity_id)?;
        self.end_attempt(number, scheduled, AttemptEnd::Completed(request.result), &request.identity);
        Ok(())
    }

    /// As [`respond_activity_failed`](Self::respond_activity_failed), by ids.
    ///
    /// # Errors
    /// When no such activity is running.
    pub fn respond_activity_failed_by_id(&mut self, request: RespondActivityTaskFailedByIdRequest) -> Answer<()> {
        let (number, scheduled) =
            self.activity_by_id(&request.namespace, request.workflow_id, request.run_id, &request.activity_id)?;
        self.note_details(number, scheduled, request.last_heartbeat_details);
        let failure = request.failure.unwrap_or_default();
        self.end_attempt(number, scheduled, AttemptEnd::Failed(Box::new(failure)), &request.identity);
        Ok(())
    }

    /// As [`respond_activity_canceled`](Self::respond_activity_canceled), by ids.
    ///
    /// # Errors
    /// When no such activity is running, or it was not asked to stop.
    pub fn respond_activity_canceled_by_id(&mut self, request: RespondActivityTaskCanceledByIdRequest) -> Answer<()> {
        let (number, scheduled) =
            self.activity_by_id(&request.namespace, request.workflow_id, request.run_id, &request.activity_id)?;
        self.end_canceled(number, scheduled, request.details, &request.identity)
    }

    /// As [`heartbeat`](Self::heartbeat), by ids.
    ///
    /// # Errors
    /// When no such activity is running.
    pub fn heartbeat_by_id(
        &mut self,
        request: RecordActivityTaskHeartbeatByIdRequest,
    ) -> Answer<RecordActivityTaskHeartbeatResponse> {
        let (number, scheduled) =
            self.activity_by_id(&request.namespace, request.workflow_id, request.run_id, &request.activity_id)?;
        Ok(self.beat(number, scheduled, request.details))
    }

    fn beat(
        &mut self,
        number: RunNumber,
        scheduled: i64,
        details: Option<Payloads>,
    ) -> RecordActivityTaskHeartbeatResponse {
        let response = self.with(number, |run, cx| run.heartbeat(cx.now, scheduled, details));
        self.settle();
        response.unwrap_or_default()
    }

    fn note_details(&mut self, number: RunNumber, scheduled: i64, details: Option<Payloads>) {
        if details.is_some() {
            self.with(number, |run, _| {
                if let Some(activity) = run.state.activities.get_mut(&scheduled) {
                    activity.heartbeat_details = details;
                }
            });
        }
    }

    fn end_canceled(
        &mut self,
        number: RunNumber,
        scheduled: i64,
        details: Option<Payloads>,
        identity: &str,
    ) -> Answer<()> {
        let asked = self
            .run(number)
            .and_then(|run| run.state.activities.get(&scheduled))
            .is_some_and(|activity| activity.cancel_requested != 0);
        if !asked {
            return Err(Refusal::invalid(
                "unable to mark activity as canceled without activity being request canceled first",
            ));
        }
        self.end_attempt(number, scheduled, AttemptEnd::Canceled(details), identity);
        Ok(())
    }

    fn end_attempt(&mut self, number: RunNumber, scheduled: i64, end: AttemptEnd, identity: &str) {
        self.with(number, |run, cx| run.end_activity_attempt(cx, scheduled, end, identity));
        self.settle();
    }

    /// The run and the scheduled event of the activity whose attempt a token names, if it is the one that runs.
    fn activity_of(&self, token: &[u8]) -> Answer<(RunNumber, i64)> {
        let token = TaskToken::read(token, self.server)?;
        let execution = WorkflowExecution { workflow_id: token.workflow_id, run_id: token.run_id };
        let number = self.find(&token.namespace, Some(&execution)).map_err(|_| not_found())?;
        let run = self.run(number).ok_or_else(not_found)?;
        run.started_activity(token.scheduled, token.attempt).ok_or_else(not_found)?;
        Ok((number, token.scheduled))
    }

    fn activity_by_id(
        &self,
        namespace: &str,
        workflow_id: String,
        run_id: String,
        activity_id: &str,
    ) -> Answer<(RunNumber, i64)> {
        if activity_id.is_empty() {
            return Err(Refusal::invalid("activityID cannot be empty"));
        }
        let execution = WorkflowExecution { workflow_id, run_id };
        let number = self.find(namespace, Some(&execution))?;
        let missing = || Refusal::not_found(format!("cannot find pending activity with ActivityID {activity_id}"));
        let run = self.run(number).filter(|run| run.is_open()).ok_or_else(missing)?;
        let scheduled = run.activity_of_id(activity_id).ok_or_else(missing)?;
        let attempt = run.state.activities.get(&scheduled).map_or(0, |activity| activity.attempt);
        run.started_activity(scheduled, attempt).ok_or_else(missing)?;
        Ok((number, scheduled))
    }
}

fn not_found() -> Refusal {
    Refusal::not_found("workflow execution already completed or activity task not found")
}

/// A text as SDKs write it.
pub(crate) fn text_payload(text: &str) -> Payloads {
    Payloads { payloads: vec![super::text(text)] }
}
