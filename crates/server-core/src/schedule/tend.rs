//! Schedules meet workflows: they start them, stop them, and hear how they ended.

use perpetua_proto::common::{SearchAttributes, WorkflowExecution};
use perpetua_proto::enums::{WorkflowExecutionStatus as Status, WorkflowIdReusePolicy as Reuse};
use perpetua_proto::history::WorkflowExecutionCancelRequestedEventAttributes;
use perpetua_proto::schedule::{ScheduleActionResult, SchedulePatch};
use perpetua_proto::workflowservice::StartWorkflowExecutionRequest;

use super::overlap::Plan;
use super::passes::Next;
use super::state::{BufferedStart, Schedule};
use super::{ACTIONS, Times};
use crate::World;
use crate::requests::text;
use crate::time::Time;
use crate::world::{Alarm, ChildNews, RunNumber};

impl World {
    /// Does all that a schedule can do by now.
    pub(crate) fn tend(&mut self, key: &str) {
        self.tend_with(key, SchedulePatch::default());
    }

    /// The same, with what somebody asks for.
    pub(crate) fn tend_with(&mut self, key: &str, patch: SchedulePatch) {
        let now = self.now;
        let gone = self.ended_unheard(key);
        let Some(schedule) = self.schedules.shelf.get_mut(key) else { return };
        schedule.info.running_workflows.retain(|running| !gone.contains(&running.run_id));
        schedule.tended = now.nanos();
        let times = schedule.times();
        if let Some(times) = &times {
            schedule.catch_up(times, now);
        }
        schedule.patch(patch, now);
        if let Some(times) = &times {
            schedule.backfill(times);
        }
        while self.empty_buffer(key) {}
        self.set_schedule_alarm(key, times.as_ref());
    }

    /// Sees to it that the schedule is looked after when it is time.
    fn set_schedule_alarm(&mut self, key: &str, times: Option<&Times>) {
        let Some(schedule) = self.schedules.shelf.get(key) else { return };
        let (next, over) = match schedule.next(times) {
            Next::At(time) => (Some(time), None),
            Next::OverAt(time) => (None, Some(time)),
            Next::Unknown => (None, None),
        };
        self.alarms.set(Alarm::Schedule(key.to_owned()), next);
        self.alarms.set(Alarm::ScheduleOver(key.to_owned()), over);
    }

    /// Forgets a schedule. What it started goes on.
    pub(crate) fn remove_schedule(&mut self, key: &str) {
        self.schedules.shelf.remove(key);
        self.schedules.watched.retain(|_, watcher| watcher != key);
        self.alarms.set(Alarm::Schedule(key.to_owned()), None);
        self.alarms.set(Alarm::ScheduleOver(key.to_owned()), None);
    }

    /// After a restart: it is known again who wants to hear of what, and when to look after what.
    pub(crate) fn resume_schedules(&mut self) {
        let keys: Vec<String> = self.schedules.shelf.iter().map(|(key, _)| key.to_owned()).collect();
        for key in keys {
            let Some(schedule) = self.schedules.shelf.get(&key) else { continue };
            for action in &schedule.info.recent_actions {
                if action.start_workflow_status() == Status::Running
                    && let Some(started) = &action.start_workflow_result
                {
                    self.schedules.watched.insert(started.run_id.clone(), key.clone());
                }
            }
            for running in &schedule.info.running_workflows {
                self.schedules.watched.insert(running.run_id.clone(), key.clone());
            }
            let times = schedule.times();
            self.set_schedule_alarm(&key, times.as_ref());
        }
    }

    /// The chains that a schedule believes to run although they are not there any more, by their first runs.
    fn ended_unheard(&self, key: &str) -> Vec<String> {
        let Some(schedule) = self.schedules.shelf.get(key) else { return Vec::new() };
        let running = schedule.info.running_workflows.iter();
        let ended = running.filter(|running| self.chain(&schedule.namespace, running).is_none());
        ended.map(|running| running.run_id.clone()).collect()
    }

    /// The open run of the chain that began with this one.
    fn chain(&self, namespace: &str, first: &WorkflowExecution) -> Option<RunNumber> {
        let current = self.current(namespace, &first.workflow_id)?;
        let is_same = current.is_open() && current.started().first_execution_run_id == first.run_id;
        is_same.then_some(current.number)
    }

    /// Starts what may start now. Whether there may be more to do at once.
    fn empty_buffer(&mut self, key: &str) -> bool {
        let Some(schedule) = self.schedules.shelf.get_mut(key) else { return false };
        let buffer = std::mem::take(&mut schedule.buffer);
        if schedule.workflow().is_none() || buffer.is_empty() {
            return false;
        }
        let is_running = !schedule.info.running_workflows.is_empty();
        let plan = Plan::of(buffer, is_running, |asked| schedule.overlap(asked));
        let Plan { beside, alone, waiting, cancel, terminate, skipped } = plan;
        schedule.buffer = waiting;
        schedule.info.overlap_skipped += skipped;
        let mut again = false;
        let beside = beside.into_iter().map(|start| (start, false));
        for (start, is_alone) in beside.chain(alone.map(|start| (start, true))) {
            again |= !self.act(key, start, is_alone);
        }
        if cancel || terminate {
            self.stop_others(key, terminate);
        }
        again
    }

    /// Takes one action, if that is allowed and possible.
    fn act(&mut self, key: &str, start: BufferedStart, is_alone: bool) -> bool {
        let Some(schedule) = self.schedules.shelf.get_mut(key) else { return true };
        if !start.manual && !schedule.may_act() {
            return false;
        }
        if !start.manual && schedule.state.limited_actions {
            schedule.state.remaining_actions -= 1;
            schedule.version += 1;
        }
        let Some(request) = schedule.start_request(start, is_alone) else { return false };
        let workflow_id = request.workflow_id.clone();
        let Ok(response) = self.begin_workflow(request) else { return false };
        let now = self.now;
        let Some(schedule) = self.schedules.shelf.get_mut(key) else { return true };
        let started = WorkflowExecution { workflow_id, run_id: response.run_id.clone() };
        schedule.info.action_count += 1;
        if is_alone {
            schedule.info.running_workflows.push(started.clone());
        }
        let recent = &mut schedule.info.recent_actions;
        recent.push(ScheduleActionResult {
            schedule_time: Some(Time::from_nanos(start.at).to_wire()),
            actual_time: Some(now.to_wire()),
            start_workflow_result: Some(started),
            start_workflow_status: Status::Running.into(),
        });
        recent.drain(..recent.len().saturating_sub(ACTIONS));
        self.schedules.watched.insert(response.run_id, key.to_owned());
        true
    }

    fn stop_others(&mut self, key: &str, terminate: bool) {
        let Some(schedule) = self.schedules.shelf.get(key) else { return };
        let identity = schedule.identity();
        let running = schedule.info.running_workflows.iter();
        let running: Vec<RunNumber> = running.filter_map(|running| self.chain(&schedule.namespace, running)).collect();
        for number in running {
            self.with(number, |run, cx| {
                if terminate {
                    run.terminate(cx, "terminated by schedule overlap policy", None, &identity);
                } else {
                    let attributes = WorkflowExecutionCancelRequestedEventAttributes {
                        cause: "cancelled by schedule overlap policy".to_owned(), // tidy-allow: the words are known
                        identity: identity.clone(),
                        ..WorkflowExecutionCancelRequestedEventAttributes::default()
                    };
                    run.request_cancel(cx, attributes, Vec::new());
                }
            });
        }
    }

    /// A chain of runs that some schedule started has ended.
    pub(crate) fn chain_ended(&mut self, first_run: &str, news: ChildNews) {
        let Some(key) = self.schedules.watched.get(first_run).cloned() else { return };
        let Some(schedule) = self.schedules.shelf.get_mut(&key) else { return };
        // After a reset, the chain goes on with another run.
        let ended = schedule.started(first_run);
        let namespace = schedule.namespace.clone();
        if ended.is_some_and(|ended| self.chain(&namespace, &ended).is_some()) {
            return;
        }
        self.schedules.watched.remove(first_run);
        if let Some(schedule) = self.schedules.shelf.get_mut(&key) {
            schedule.hear(first_run, news);
        }
        self.tend(&key);
    }
}

impl Schedule {
    fn identity(&self) -> String {
        format!("temporal-scheduler-{}-{}", self.namespace, self.id)
    }

    /// The workflow that it started with this run.
    fn started(&self, first_run: &str) -> Option<WorkflowExecution> {
        let recent = self.info.recent_actions.iter().filter_map(|action| action.start_workflow_result.as_ref());
        recent.chain(&self.info.running_workflows).find(|started| started.run_id == first_run).cloned()
    }

    /// What is asked of the server to take the action. Runs that may overlap have no runs before them.
    fn start_request(&self, start: BufferedStart, is_alone: bool) -> Option<StartWorkflowExecutionRequest> {
        let workflow = self.workflow()?.clone();
        let nominal = jiff::Timestamp::from_second(start.nominal.div_euclid(1_000_000_000)).ok()?;
        let keeps_id = self.policies.keep_original_workflow_id && is_alone;
        let workflow_id = if keeps_id { workflow.workflow_id } else { format!("{}-{nominal}", workflow.workflow_id) };
        let reuse = if start.manual || keeps_id { Reuse::AllowDuplicate } else { Reuse::RejectDuplicate };
        let mut fields = workflow.search_attributes.map(|it| it.indexed_fields).unwrap_or_default();
        fields.insert("TemporalScheduledStartTime".to_owned(), text(&nominal.to_string()));
        fields.insert("TemporalScheduledById".to_owned(), text(&self.id));
        Some(StartWorkflowExecutionRequest {
            namespace: self.namespace.clone(),
            workflow_id,
            workflow_type: workflow.workflow_type,
            task_queue: workflow.task_queue,
            input: workflow.input,
            workflow_execution_timeout: workflow.workflow_execution_timeout,
            workflow_run_timeout: workflow.workflow_run_timeout,
            workflow_task_timeout: workflow.workflow_task_timeout,
            identity: self.identity(),
            workflow_id_reuse_policy: reuse.into(),
            retry_policy: workflow.retry_policy,
            memo: workflow.memo,
            search_attributes: Some(SearchAttributes { indexed_fields: fields }),
            header: workflow.header,
            last_completion_result: self.last_result.clone().filter(|_| is_alone),
            continued_failure: self.last_failure.clone().filter(|_| is_alone),
            user_metadata: workflow.user_metadata,
            versioning_override: workflow.versioning_override,
            priority: workflow.priority,
            ..StartWorkflowExecutionRequest::default()
        })
    }

    /// Hears how a workflow has ended.
    fn hear(&mut self, first_run: &str, news: ChildNews) {
        let status = match &news {
            ChildNews::Completed { .. } => Status::Completed,
            ChildNews::Failed { .. } => Status::Failed,
            ChildNews::Canceled { .. } => Status::Canceled,
            ChildNews::TimedOut { .. } => Status::TimedOut,
            ChildNews::Terminated { .. } => Status::Terminated,
        };
        for action in &mut self.info.recent_actions {
            if action.start_workflow_result.as_ref().is_some_and(|started| started.run_id == first_run) {
                action.start_workflow_status = status.into();
            }
        }
        let running = &mut self.info.running_workflows;
        let Some(at) = running.iter().position(|running| running.run_id == first_run) else { return };
        let ended = running.remove(at).workflow_id;
        let pauses = self.policies.pause_on_failure && !self.state.paused;
        match news {
            ChildNews::Completed { result, .. } => {
                if result.is_some() {
                    self.last_result = result;
                    self.last_failure = None;
                }
            }
            ChildNews::Failed { failure, .. } => {
                if pauses {
                    self.set_paused(true, format!("paused due to workflow failure: {ended}: {}", failure.message));
                }
                self.last_failure = Some(*failure);
            }
            ChildNews::TimedOut { .. } if pauses => {
                self.set_paused(true, format!("paused due to workflow timeout: {ended}"));
            }
            ChildNews::TimedOut { .. } | ChildNews::Canceled { .. } | ChildNews::Terminated { .. } => {}
        }
    }
}
