//! Batch operations at work: some of what is left at each step, until nothing is.

use std::time::Duration;

use perpetua_proto::batch::batch_operation_reset_activities::Activity as ResetActivity;
use perpetua_proto::batch::batch_operation_unpause_activities::Activity as UnpauseActivity;
use perpetua_proto::batch::batch_operation_update_activity_options::Activity as UpdateActivity;
use perpetua_proto::batch::{BatchOperationCancelActivities, BatchOperationTerminateActivities};
use perpetua_proto::common::WorkflowExecution;
use perpetua_proto::enums::BatchOperationState;
use perpetua_proto::workflowservice::start_batch_operation_request::Operation;
use perpetua_proto::workflowservice::*;

use super::{Alarm, World};
use crate::batch::{BatchJob, REST};
use crate::refusal::{Answer, Code, Refusal};
use crate::time::{duration, stored};
use crate::visibility::{Page, place};

/// How many workflows one step is about, at most.
const STEP: i32 = 100;

impl World {
    /// Does the next step of a batch operation.
    pub(super) fn work_on_batch(&mut self, key: &str) {
        self.alarms.set(Alarm::Batch(key.to_owned()), None);
        let Some(mut job) = self.batches.get(key).filter(|job| job.is_running()).cloned() else { return };
        let (size, wait) = pace(job.request.max_operations_per_second);
        let is_done = match self.next_of_batch(&mut job, size) {
            Ok((executions, is_done)) => {
                for execution in executions {
                    match self.do_of_batch(&job, execution) {
                        // What is not there any more needs nothing done.
                        Ok(()) | Err(Refusal { code: Code::NotFound, .. }) => job.completed += 1,
                        Err(_) => job.failed += 1,
                    }
                }
                is_done.then_some(BatchOperationState::Completed)
            }
            Err(_) => Some(BatchOperationState::Failed),
        };
        job.total = job.total.max(job.completed + job.failed);
        match is_done {
            Some(state) => self.end_batch(key, job, state),
            None => {
                job.next_time = self.now.plus(wait).nanos();
                self.batches.insert(key, job);
                self.resume_batch(key);
            }
        }
        self.settle();
    }

    /// Notes that a batch operation is over, and keeps it as long as workflows are kept.
    pub(crate) fn end_batch(&mut self, key: &str, mut job: BatchJob, state: BatchOperationState) {
        job.state = state.into();
        job.close_time = self.now.nanos();
        self.batches.insert(key, job);
        self.resume_batch(key);
    }

    /// Sets the alarm of a batch operation.
    pub(crate) fn resume_batch(&mut self, key: &str) {
        let Some(job) = self.batches.get(key) else { return };
        let config = self.namespaces.shelf.get(&job.request.namespace).map(|namespace| &namespace.config);
        let retention = config.and_then(|config| duration(config.workflow_execution_retention_ttl.as_ref()));
        let over = stored(job.close_time).map(|close| close.plus(retention.unwrap_or_default()));
        self.alarms.set(Alarm::Batch(key.to_owned()), stored(job.next_time).filter(|_| job.is_running()));
        self.alarms.set(Alarm::BatchOver(key.to_owned()), over);
    }

    /// Forgets a batch operation.
    pub(crate) fn remove_batch(&mut self, key: &str) {
        self.batches.remove(key);
        self.alarms.set(Alarm::Batch(key.to_owned()), None);
        self.alarms.set(Alarm::BatchOver(key.to_owned()), None);
    }

    /// The next workflows to which a batch operation is to be done, and whether they are the last.
    fn next_of_batch(&self, job: &mut BatchJob, size: i32) -> Answer<(Vec<WorkflowExecution>, bool)> {
        if job.request.visibility_query.is_empty() {
            let executions = job.executions();
            let done = usize::try_from(job.done).unwrap_or(usize::MAX);
            let next: Vec<_> = executions.iter().skip(done).take(usize::try_from(size).unwrap_or(1)).collect();
            job.done = job.done.saturating_add(u64::try_from(next.len()).unwrap_or(u64::MAX));
            let is_done = done + next.len() >= executions.len();
            let next = next
                .into_iter()
                .map(|it| WorkflowExecution { workflow_id: it.business_id.clone(), run_id: it.run_id.clone() });
            return Ok((next.collect(), is_done));
        }
        if job.is_of_activities() {
            return self.next_activities_of_batch(job, size);
        }
        let query = self.workflow_query(&job.request.namespace, &job.query())?;
        let page = Page::new(size, &job.page)?;
        // What began or ended later may be the work of this very operation.
        let was_there = |close_time: i64, start_time: i64| close_time <= job.start_time && start_time <= job.start_time;
        let runs = self
            .workflows(&job.request.namespace, &query, Some(&page))
            .filter(|run| was_there(run.state.close_time, run.state.start_time));
        let (executions, next) = page.fill(runs.map(|run| (place(&run), run)), |run| run.execution());
        let is_done = next.is_empty();
        job.page = next.to_vec();
        Ok((executions, is_done))
    }

    /// The next activities to which a batch operation is to be done, and whether they are the last.
    fn next_activities_of_batch(&self, job: &mut BatchJob, size: i32) -> Answer<(Vec<WorkflowExecution>, bool)> {
        let page = Page::new(size, &job.page)?;
        let namespace = job.request.namespace.clone();
        let mut wanted = self.wanted_activities(&namespace, &job.query())?.1;
        wanted.retain(|activity| activity.start_time <= job.start_time && activity.close_time <= job.start_time);
        wanted.sort_by_cached_key(|activity| activity.place());
        let places = wanted.into_iter().map(|activity| (activity.place(), activity));
        let (executions, next) = page.fill(places, |activity| WorkflowExecution {
            workflow_id: activity.id.clone(),
            run_id: activity.run_id.clone(),
        });
        let is_done = next.is_empty();
        job.page = next.to_vec();
        Ok((executions, is_done))
    }

    /// Does to one workflow, or activity, what a batch operation is for.
    fn do_of_batch(&mut self, job: &BatchJob, execution: WorkflowExecution) -> Answer<()> {
        let Some(operation) = job.request.operation.clone() else { return Ok(()) };
        let (namespace, reason) = (job.request.namespace.clone(), job.request.reason.clone());
        let identity = job.identity().to_owned();
        if job.is_of_activities() {
            return self.do_to_activity(operation, namespace, execution);
        }
        let workflow_execution = Some(execution);
        match operation {
            Operation::TerminationOperation(it) => self.terminate_workflow(TerminateWorkflowExecutionRequest {
                namespace,
                workflow_execution,
                reason,
                details: it.details,
                identity,
                ..Default::default()
            }),
            Operation::SignalOperation(it) => {
                let request_id = self.cx().uuid();
                let request = SignalWorkflowExecutionRequest {
                    namespace,
                    workflow_execution,
                    signal_name: it.signal,
                    input: it.input,
                    header: it.header,
                    identity,
                    request_id,
                    ..Default::default()
                };
                self.signal_workflow(request).map(drop)
            }
            Operation::CancellationOperation(_) => self.request_cancel(RequestCancelWorkflowExecutionRequest {
                namespace,
                workflow_execution,
                identity,
                ..Default::default()
            }),
            Operation::DeletionOperation(_) => {
                self.delete_workflow(&DeleteWorkflowExecutionRequest { namespace, workflow_execution })
            }
            Operation::ResetOperation(it) => self.reset_of_batch(namespace, workflow_execution, reason, it),
            Operation::UpdateWorkflowOptionsOperation(it) => {
                let request = UpdateWorkflowExecutionOptionsRequest {
                    namespace,
                    workflow_execution,
                    workflow_execution_options: it.workflow_execution_options,
                    update_mask: it.update_mask,
                    identity,
                };
                self.update_workflow_options(request).map(drop)
            }
            Operation::UnpauseActivitiesOperation(it) => self.unpause_activity(&UnpauseActivityRequest {
                namespace,
                execution: workflow_execution,
                identity,
                reset_attempts: it.reset_attempts,
                reset_heartbeat: it.reset_heartbeat,
                jitter: it.jitter,
                activity: it.activity.map(|activity| match activity {
                    UnpauseActivity::Type(name) => unpause_activity_request::Activity::Type(name),
                    UnpauseActivity::MatchAll(all) => unpause_activity_request::Activity::UnpauseAll(all),
                }),
            }),
            Operation::ResetActivitiesOperation(it) => self.reset_activity(&ResetActivityRequest {
                namespace,
                execution: workflow_execution,
                identity,
                reset_heartbeat: it.reset_heartbeat,
                keep_paused: it.keep_paused,
                jitter: it.jitter,
                restore_original_options: it.restore_original_options,
                activity: it.activity.map(|activity| match activity {
                    ResetActivity::Type(name) => reset_activity_request::Activity::Type(name),
                    ResetActivity::MatchAll(all) => reset_activity_request::Activity::MatchAll(all),
                }),
            }),
            Operation::UpdateActivityOptionsOperation(it) => {
                let activity = match it.activity {
                    Some(UpdateActivity::Type(name)) => update_activity_options_request::Activity::Type(name),
                    Some(UpdateActivity::MatchAll(_)) | None => {
                        update_activity_options_request::Activity::MatchAll(true)
                    }
                };
                let request = UpdateActivityOptionsRequest {
                    namespace,
                    execution: workflow_execution,
                    identity,
                    activity_options: it.activity_options,
                    update_mask: it.update_mask,
                    restore_original: it.restore_original,
                    activity: Some(activity),
                };
                self.update_activity_options(request).map(drop)
            }
            Operation::CancelActivitiesOperation(_)
            | Operation::TerminateActivitiesOperation(_)
            | Operation::DeleteActivitiesOperation(_) => Ok(()),
        }
    }

    /// Does to one activity what a batch operation is for.
    fn do_to_activity(
        &mut self,
        operation: Operation,
        namespace: String,
        WorkflowExecution { workflow_id: activity_id, run_id }: WorkflowExecution,
    ) -> Answer<()> {
        let request_id = self.cx().uuid();
        match operation {
            Operation::CancelActivitiesOperation(BatchOperationCancelActivities { identity, reason }) => {
                let request = RequestCancelActivityExecutionRequest {
                    namespace,
                    activity_id,
                    run_id,
                    identity,
                    request_id,
                    reason,
                };
                self.cancel_activity_execution(request)
            }
            Operation::TerminateActivitiesOperation(BatchOperationTerminateActivities { identity, reason }) => {
                let request =
                    TerminateActivityExecutionRequest { namespace, activity_id, run_id, identity, request_id, reason };
                self.terminate_activity(request)
            }
            _ => self.delete_activity(&DeleteActivityExecutionRequest { namespace, activity_id, run_id }),
        }
    }
}

/// How many workflows a step is about, and how long it is to the next.
fn pace(per_second: f32) -> (i32, Duration) {
    if !per_second.is_finite() || per_second <= 0.0 {
        return (STEP, REST);
    }
    let rate = f64::from(per_second);
    let size = (1..STEP).find(|size| f64::from(*size) >= rate).unwrap_or(STEP);
    (size, Duration::try_from_secs_f64(f64::from(size) / rate).unwrap_or(Duration::MAX))
}
