//! What operators do to activities: pause, let go on, have begin again, change options.

use perpetua_proto::activity::ActivityOptions;
use perpetua_proto::common::WorkflowExecution;
use perpetua_proto::workflowservice::{
    PauseActivityExecutionRequest, PauseActivityRequest, ResetActivityExecutionRequest, ResetActivityRequest,
    UnpauseActivityExecutionRequest, UnpauseActivityRequest, UpdateActivityExecutionOptionsRequest,
    UpdateActivityExecutionOptionsResponse, UpdateActivityOptionsRequest, UpdateActivityOptionsResponse,
    pause_activity_request, reset_activity_request, unpause_activity_request, update_activity_options_request,
};

use super::activity::completed;
use super::check_length;
use super::check_run_id;
use crate::World;
use crate::attempt::options::Change;
use crate::attempt::{Pause, Reset};
use crate::refusal::{Answer, Refusal};
use crate::run::control::{Forget, pause};
use crate::time::{duration, nanos};
use crate::world::RunNumber;

/// Which activities of a run are meant.
enum Which<'a> {
    Id(&'a str),
    Type(&'a str),
    All,
}

impl World {
    /// Pauses activities of a workflow; those that are paused stay as they are.
    ///
    /// # Errors
    /// When the request is wrong, or there is no such activity.
    pub fn pause_activity(&mut self, request: PauseActivityRequest) -> Answer<()> {
        use pause_activity_request::Activity;
        let which = match request.activity.as_ref().ok_or_else(unnamed)? {
            Activity::Id(id) => Which::Id(id),
            Activity::Type(name) => Which::Type(name),
        };
        let (number, activities) = self.meant(&request.namespace, request.execution.as_ref(), &which)?;
        let pause = pause(self.now, request.identity, request.reason, request.request_id);
        self.with(number, |run, _| {
            for scheduled in activities {
                run.pause_activity(scheduled, pause.clone());
            }
        });
        self.settle();
        Ok(())
    }

    /// Lets activities of a workflow go on that are paused.
    ///
    /// # Errors
    /// When the request is wrong, or there is no such activity.
    pub fn unpause_activity(&mut self, request: &UnpauseActivityRequest) -> Answer<()> {
        use unpause_activity_request::Activity;
        let which = match request.activity.as_ref().ok_or_else(unnamed)? {
            Activity::Id(id) => Which::Id(id),
            Activity::Type(name) => Which::Type(name),
            Activity::UnpauseAll(_) => Which::All,
        };
        let (number, activities) = self.meant(&request.namespace, request.execution.as_ref(), &which)?;
        let forget = Forget { attempts: request.reset_attempts, heartbeat: request.reset_heartbeat };
        self.with(number, |run, cx| {
            for scheduled in activities {
                let wait = cx.some_of(duration(request.jitter.as_ref()));
                run.unpause_activity(cx, scheduled, wait, forget);
            }
        });
        self.settle();
        Ok(())
    }

    /// Has activities of a workflow begin again.
    ///
    /// # Errors
    /// When the request is wrong, or there is no such activity.
    pub fn reset_activity(&mut self, request: &ResetActivityRequest) -> Answer<()> {
        use reset_activity_request::Activity;
        let which = match request.activity.as_ref().ok_or_else(unnamed)? {
            Activity::Id(id) => Which::Id(id),
            Activity::Type(name) => Which::Type(name),
            Activity::MatchAll(_) => Which::All,
        };
        let (number, activities) = self.meant(&request.namespace, request.execution.as_ref(), &which)?;
        self.with(number, |run, cx| {
            for scheduled in activities {
                let wait = cx.some_of(duration(request.jitter.as_ref())).map_or(0, nanos);
                let reset =
                    Reset { heartbeat: request.reset_heartbeat, options: request.restore_original_options, wait };
                run.reset_activity(cx, scheduled, reset, request.keep_paused);
            }
        });
        self.settle();
        Ok(())
    }

    /// Changes the options of activities of a workflow.
    ///
    /// # Errors
    /// When the request is wrong, or there is no such activity.
    pub fn update_activity_options(
        &mut self,
        request: UpdateActivityOptionsRequest,
    ) -> Answer<UpdateActivityOptionsResponse> {
        use update_activity_options_request::Activity;
        let which = match request.activity.as_ref().ok_or_else(unnamed)? {
            Activity::Id(id) => Which::Id(id),
            Activity::Type(name) => Which::Type(name),
            Activity::MatchAll(_) => Which::All,
        };
        let (number, activities) = self.meant(&request.namespace, request.execution.as_ref(), &which)?;
        let change = Change::read(request.activity_options, request.update_mask, request.restore_original)?;
        let activity_options = self.change_activities(number, activities, &change)?;
        Ok(UpdateActivityOptionsResponse { activity_options: Some(activity_options) })
    }

    /// Pauses an activity.
    ///
    /// # Errors
    /// When the request is wrong, there is no such activity, or it is paused.
    pub fn pause_activity_execution(&mut self, request: PauseActivityExecutionRequest) -> Answer<()> {
        let PauseActivityExecutionRequest { namespace, workflow_id, activity_id, run_id, .. } = &request;
        self.check_activity_id(namespace, activity_id, run_id)?;
        check_length("request ID", &request.request_id)?;
        check_length("identity", &request.identity)?;
        if workflow_id.is_empty() {
            let key = self.find_activity(namespace, activity_id, run_id)?;
            return self.pause_standalone(&key, request);
        }
        let (number, scheduled) = self.activity_named(namespace, workflow_id, run_id, activity_id)?;
        let pause = pause(self.now, request.identity, request.reason, request.request_id);
        let is_new = self.with(number, |run, _| pause_once(run, scheduled, pause));
        self.settle();
        if is_new == Some(false) {
            return Err(Refusal::precondition("activity is already paused"));
        }
        Ok(())
    }

    /// Lets an activity go on that is paused.
    ///
    /// # Errors
    /// When the request is wrong, or there is no such activity.
    pub fn unpause_activity_execution(&mut self, request: &UnpauseActivityExecutionRequest) -> Answer<()> {
        let UnpauseActivityExecutionRequest { namespace, workflow_id, activity_id, run_id, .. } = request;
        self.check_activity_id(namespace, activity_id, run_id)?;
        check_length("request ID", &request.request_id)?;
        check_length("identity", &request.identity)?;
        check_jitter(request.jitter.as_ref())?;
        let wait = self.cx().some_of(duration(request.jitter.as_ref()));
        if workflow_id.is_empty() {
            let key = self.find_activity(namespace, activity_id, run_id)?;
            return self.unpause_standalone(&key, wait);
        }
        let (number, scheduled) = self.activity_named(namespace, workflow_id, run_id, activity_id)?;
        self.with(number, |run, cx| run.unpause_activity(cx, scheduled, wait, Forget::default()));
        self.settle();
        Ok(())
    }

    /// Has an activity begin again.
    ///
    /// # Errors
    /// When the request is wrong, or there is no such activity.
    pub fn reset_activity_execution(&mut self, request: &ResetActivityExecutionRequest) -> Answer<()> {
        let ResetActivityExecutionRequest { namespace, workflow_id, activity_id, run_id, .. } = request;
        self.check_activity_id(namespace, activity_id, run_id)?;
        check_length("request ID", &request.request_id)?;
        check_length("identity", &request.identity)?;
        check_jitter(request.jitter.as_ref())?;
        let wait = self.cx().some_of(duration(request.jitter.as_ref())).map_or(0, nanos);
        let reset = Reset { heartbeat: request.reset_heartbeat, options: request.restore_original_options, wait };
        if workflow_id.is_empty() {
            let key = self.find_activity(namespace, activity_id, run_id)?;
            return self.reset_standalone(&key, reset, request.keep_paused);
        }
        let (number, scheduled) = self.activity_named(namespace, workflow_id, run_id, activity_id)?;
        self.with(number, |run, cx| run.reset_activity(cx, scheduled, reset, request.keep_paused));
        self.settle();
        Ok(())
    }

    /// Changes the options of an activity.
    ///
    /// # Errors
    /// When the request is wrong, or there is no such activity.
    pub fn update_activity_execution_options(
        &mut self,
        request: UpdateActivityExecutionOptionsRequest,
    ) -> Answer<UpdateActivityExecutionOptionsResponse> {
        let UpdateActivityExecutionOptionsRequest { namespace, workflow_id, activity_id, run_id, .. } = &request;
        self.check_activity_id(namespace, activity_id, run_id)?;
        check_length("request ID", &request.request_id)?;
        check_length("identity", &request.identity)?;
        let (options, mask) = (request.activity_options.clone(), request.update_mask.clone());
        let change = Change::read(options, mask, request.restore_original)?;
        let activity_options = if workflow_id.is_empty() {
            let key = self.find_activity(namespace, activity_id, run_id)?;
            self.change_standalone_options(&key, &change)?
        } else {
            let (number, scheduled) = self.activity_named(namespace, workflow_id, run_id, activity_id)?;
            self.change_activities(number, vec![scheduled], &change)?
        };
        Ok(UpdateActivityExecutionOptionsResponse { activity_options: Some(activity_options) })
    }

    /// Changes the options of activities of a run; what they are then.
    fn change_activities(
        &mut self,
        number: RunNumber,
        activities: Vec<i64>,
        change: &Change,
    ) -> Answer<ActivityOptions> {
        let changed = self.with(number, |run, cx| {
            let mut options = ActivityOptions::default();
            for scheduled in activities {
                options = run.change_activity(cx, scheduled, change)?;
            }
            Ok::<_, String>(options)
        });
        self.settle();
        changed.unwrap_or_else(|| Ok(ActivityOptions::default())).map_err(Refusal::invalid)
    }

    /// The run and the activities that a request means.
    fn meant(
        &self,
        namespace: &str,
        execution: Option<&WorkflowExecution>,
        which: &Which<'_>,
    ) -> Answer<(RunNumber, Vec<i64>)> {
        check_run_id(execution.map_or("", |execution| &execution.run_id))?;
        let number = self.find(namespace, Some(execution.unwrap_or(&WorkflowExecution::default())))?;
        let run = self.run(number).filter(|run| run.is_open()).ok_or_else(completed)?;
        let activities = match which {
            Which::Id(id) => run.activity_of_id(id).into_iter().collect(),
            Which::Type(name) => run.activities_of_type(name),
            Which::All => return Ok((number, run.state.activities.keys().copied().collect())),
        };
        if activities.is_empty() { Err(unknown()) } else { Ok((number, activities)) }
    }

    /// The activity of a workflow that a request names.
    fn activity_named(
        &self,
        namespace: &str,
        workflow_id: &str,
        run_id: &str,
        activity_id: &str,
    ) -> Answer<(RunNumber, i64)> {
        let execution = WorkflowExecution { workflow_id: workflow_id.to_owned(), run_id: run_id.to_owned() };
        let number = self.find(namespace, Some(&execution))?;
        let run = self.run(number).filter(|run| run.is_open()).ok_or_else(completed)?;
        run.activity_of_id(activity_id).map(|scheduled| (number, scheduled)).ok_or_else(unknown)
    }
}

/// Pauses an activity; whether it was not. The same request may come twice.
fn pause_once(run: &mut crate::run::Run, scheduled: i64, pause: Pause) -> bool {
    let earlier = run.state.activities.get(&scheduled).and_then(|activity| activity.attempt.pause.as_ref());
    let same = earlier.is_some_and(|earlier| !earlier.request.is_empty() && earlier.request == pause.request);
    same || run.pause_activity(scheduled, pause)
}

fn unnamed() -> Refusal {
    Refusal::invalid("Either Activity.Id or Activity.Type should be set on request.")
}

fn unknown() -> Refusal {
    Refusal::not_found("Can't find pending activity with such ID. Invalid activityID or activity already completed")
}

fn check_jitter(jitter: Option<&perpetua_proto::protobuf::Duration>) -> Answer<()> {
    if jitter.is_some_and(|jitter| jitter.seconds < 0 || jitter.nanos < 0) {
        return Err(Refusal::invalid("invalid jitter: negative duration"));
    }
    Ok(())
}
