//! Schedules: making, changing, describing and removing them, and asking for their times.

use std::collections::BTreeMap;

use perpetua_proto::common::{Payload, SearchAttributes};
use perpetua_proto::enums::WorkflowIdReusePolicy;
use perpetua_proto::errordetails::{QueryFailedFailure, WorkflowExecutionAlreadyStartedFailure};
use perpetua_proto::failure::Failure;
use perpetua_proto::schedule::schedule_action::Action;
use perpetua_proto::schedule::{self as wire, SchedulePatch, SchedulePolicies};
use perpetua_proto::workflow::NewWorkflowExecutionInfo;
use perpetua_proto::workflowservice::{
    CreateScheduleRequest, CreateScheduleResponse, DeleteScheduleRequest, DescribeScheduleRequest,
    DescribeScheduleResponse, ListScheduleMatchingTimesRequest, ListScheduleMatchingTimesResponse,
    PatchScheduleRequest, UpdateScheduleRequest,
};

use super::check_request_id;
use super::check_start::check_queue;
use crate::refusal::{Answer, Code, Refusal};
use crate::schedule::{Schedule, canonical, key};
use crate::time::{self, Time};
use crate::{World, limits};

/// For how long what was missed is made up for, unless it was said otherwise.
const CATCHUP: std::time::Duration = std::time::Duration::from_secs(365 * 24 * 3600);
/// The least that can be said.
const LEAST_CATCHUP: std::time::Duration = std::time::Duration::from_secs(10);
/// How many times are told at once.
const MATCHING_TIMES: usize = 1000;
/// What the name of a schedule's own workflow begins with, where it is one: it counts when lengths are checked.
const OWN_WORKFLOW: &str = "temporal-sys-scheduler:";
/// What is appended to the ids of workflows, for its length.
const APPENDED: &str = "-2009-11-10T23:00:00Z";

impl World {
    /// Makes a schedule.
    ///
    /// # Errors
    /// When the request is wrong, or there is a schedule of this id.
    pub fn create_schedule(&mut self, request: CreateScheduleRequest) -> Answer<CreateScheduleResponse> {
        let CreateScheduleRequest {
            namespace,
            schedule_id,
            schedule,
            initial_patch,
            identity: _,
            request_id,
            memo,
            search_attributes,
        } = request;
        let namespace_id = self.namespaces.check_open(&namespace)?.info.id.clone();
        check_schedule_id(&schedule_id)?;
        check_request_id(&request_id)?;
        if request_id.is_empty() {
            return Err(Refusal::invalid("RequestId is not set on request."));
        }
        let key = key(&namespace, &schedule_id);
        let patch = initial_patch.unwrap_or_default();
        check_patch(&patch)?;
        let schedule = self.complete(&namespace, schedule.unwrap_or_default())?;
        if let Some(known) = self.schedules.shelf.get(&key) {
            if known.create_request == request_id {
                return Ok(CreateScheduleResponse { conflict_token: token_of(1) });
            }
            let words = format!("schedule {schedule_id:?} is already registered");
            return Err(
                Refusal::new(Code::AlreadyExists, words).with(&WorkflowExecutionAlreadyStartedFailure::default())
            );
        }
        let schedule = Schedule {
            search_attributes: self.schedule_attributes(&namespace, search_attributes.unwrap_or_default())?,
            seed: format!("{namespace_id}-{schedule_id}"),
            id: schedule_id,
            memo,
            create_request: request_id,
            created: self.now.nanos(),
            done_until: self.now.nanos(),
            version: 1,
            ..schedule
        };
        self.schedules.shelf.insert(key.clone(), schedule);
        self.tend_with(&key, patch);
        self.settle();
        Ok(CreateScheduleResponse { conflict_token: token_of(1) })
    }

    /// Says what is known of a schedule.
    ///
    /// # Errors
    /// When the request is wrong, or there is no such schedule.
    pub fn describe_schedule(&self, request: &DescribeScheduleRequest) -> Answer<DescribeScheduleResponse> {
        let key = self.find_schedule(&request.namespace, &request.schedule_id)?;
        let schedule = self.schedules.shelf.get(&key);
        Ok(schedule.map(|schedule| schedule.description(self.now)).unwrap_or_default())
    }

    /// Replaces what a schedule does. An update of what has changed since it was looked at does nothing.
    ///
    /// # Errors
    /// When the request is wrong, or there is no such schedule.
    pub fn update_schedule(&mut self, request: UpdateScheduleRequest) -> Answer<()> {
        let UpdateScheduleRequest {
            namespace,
            schedule_id,
            schedule,
            conflict_token,
            identity: _,
            request_id,
            search_attributes,
            memo,
        } = request;
        check_request_id(&request_id)?;
        self.check_schedule_id(&namespace, &schedule_id)?;
        let updated = schedule.unwrap_or_default();
        if updated.action.as_ref().is_none_or(|action| action.action.is_none()) {
            return Err(Refusal::invalid("Only StartWorkflow action is supported for schedules"));
        }
        let updated = self.complete(&namespace, updated)?;
        let attributes = search_attributes.map(|attributes| self.schedule_attributes(&namespace, attributes));
        let attributes = attributes.transpose()?;
        if memo.is_some() {
            return Err(Refusal::precondition("memo updates are not supported on workflow-backed schedules"));
        }
        let key = self.find_schedule(&namespace, &schedule_id)?;
        // What is due by the old specification is due.
        self.tend(&key);
        let now = self.now.nanos();
        let Some(schedule) = self.schedules.shelf.get_mut(&key) else { return Ok(()) };
        // Tokens of other lengths mean nothing.
        let seen = <[u8; 8]>::try_from(&*conflict_token).map_or(0, i64::from_be_bytes);
        if schedule.is_repeated(&request_id) || (seen != 0 && seen != schedule.version) {
            self.settle();
            return Ok(());
        }
        let Schedule { spec, action, policies, state, .. } = updated;
        (schedule.spec, schedule.action, schedule.policies, schedule.state) = (spec, action, policies, state);
        if let Some(attributes) = attributes {
            schedule.search_attributes = attributes;
        }
        schedule.updated = now;
        schedule.version += 1;
        // A time before now may have been moved to one after now.
        let moved = schedule.times().map(|times| times.jitter()).unwrap_or_default();
        let moved = i64::try_from(moved.as_nanos()).unwrap_or(i64::MAX).saturating_add(1_000_000_000);
        schedule.done_until = schedule.done_until.max(now.saturating_sub(moved));
        self.tend(&key);
        self.settle();
        Ok(())
    }

    /// Has a schedule act now or for a time that has passed, stops it, or lets it go on.
    ///
    /// # Errors
    /// When the request is wrong, or there is no such schedule.
    pub fn patch_schedule(&mut self, request: PatchScheduleRequest) -> Answer<()> {
        check_request_id(&request.request_id)?;
        self.check_schedule_id(&request.namespace, &request.schedule_id)?;
        let patch = request.patch.ok_or_else(|| Refusal::invalid("Patch is not set on request."))?;
        check_patch(&patch)?;
        let key = self.find_schedule(&request.namespace, &request.schedule_id)?;
        let Some(schedule) = self.schedules.shelf.get_mut(&key) else { return Ok(()) };
        if !schedule.is_repeated(&request.request_id) {
            self.tend_with(&key, patch);
            self.settle();
        }
        Ok(())
    }

    /// Removes a schedule. What it has started goes on.
    ///
    /// # Errors
    /// When the request is wrong, or there is no such schedule.
    pub fn delete_schedule(&mut self, request: &DeleteScheduleRequest) -> Answer<()> {
        let key = self.find_schedule(&request.namespace, &request.schedule_id)?;
        self.remove_schedule(&key);
        Ok(())
    }

    /// Says when a schedule acts within a span of time.
    ///
    /// # Errors
    /// When the request is wrong, or there is no such schedule.
    pub fn schedule_matching_times(
        &self,
        request: &ListScheduleMatchingTimesRequest,
    ) -> Answer<ListScheduleMatchingTimesResponse> {
        let key = self.find_schedule(&request.namespace, &request.schedule_id)?;
        let (Some(start), Some(end)) = (&request.start_time, &request.end_time) else {
            return Err(invalid_query());
        };
        let (start, end) = (Time::from_wire(start), Time::from_wire(end));
        let Some(times) = self.schedules.shelf.get(&key).and_then(Schedule::times) else {
            return Err(Refusal::invalid("invalid schedule: unknown time zone"));
        };
        let start_time = std::iter::successors(times.next(start), |due| times.next(due.at))
            .take(MATCHING_TIMES)
            .take_while(|due| due.at <= end)
            .map(|due| due.at.to_wire())
            .collect();
        Ok(ListScheduleMatchingTimesResponse { start_time })
    }

    /// The key of the schedule that a request names.
    fn find_schedule(&self, namespace: &str, id: &str) -> Answer<String> {
        self.check_schedule_id(namespace, id)?;
        let key = key(namespace, id);
        let missing = || Refusal::not_found(format!("workflow not found for ID: {OWN_WORKFLOW}{id}"));
        if self.schedules.shelf.contains(&key) { Ok(key) } else { Err(missing()) }
    }

    fn check_schedule_id(&self, namespace: &str, id: &str) -> Answer<()> {
        self.namespaces.check(namespace)?;
        if id.is_empty() { Err(unnamed()) } else { Ok(()) }
    }

    /// The search attributes of a schedule, checked.
    fn schedule_attributes(&self, namespace: &str, attributes: SearchAttributes) -> Answer<BTreeMap<String, Payload>> {
        let mut fields = attributes.indexed_fields;
        self.namespaces.check_search_attributes(namespace, &mut fields).map_err(Refusal::invalid)?;
        // Only what was added to the namespace is kept; the rest is the server's.
        let added = &self.namespaces.check(namespace)?.search_attributes;
        fields.retain(|name, value| added.contains_key(name) && !value.data.is_empty() && &*value.data != b"null");
        Ok(fields)
    }

    /// Checks what a schedule is to do, and completes what is left open.
    fn complete(&self, namespace: &str, schedule: wire::Schedule) -> Answer<Schedule> {
        let wire::Schedule { spec, action, policies, state } = schedule;
        let spec = canonical(&spec.unwrap_or_default())
            .map_err(|problem| Refusal::invalid(format!("Invalid schedule spec: {problem}")))?;
        let mut action = action.unwrap_or_default();
        if let Some(Action::StartWorkflow(workflow)) = &mut action.action {
            check_workflow(workflow)?;
            if let Some(fields) = &mut workflow.search_attributes {
                self.namespaces
                    .check_search_attributes(namespace, &mut fields.indexed_fields)
                    .map_err(Refusal::invalid)?;
            }
            if let Some(queue) = &mut workflow.task_queue {
                queue.kind = perpetua_proto::enums::TaskQueueKind::Normal.into();
            }
        }
        let policies = policies.unwrap_or_default();
        let window = policies
            .catchup_window
            .as_ref()
            .map_or(CATCHUP, |window| time::duration(Some(window)).unwrap_or_default().max(LEAST_CATCHUP));
        Ok(Schedule {
            namespace: namespace.to_owned(),
            spec,
            action,
            policies: SchedulePolicies {
                // The usual one is shown.
                overlap_policy: policies.overlap_policy.max(1),
                catchup_window: Some(time::to_wire(window)),
                ..policies
            },
            state: state.unwrap_or_default(),
            ..Schedule::default()
        })
    }
}

fn token_of(version: i64) -> bytes::Bytes {
    version.to_be_bytes().to_vec().into()
}

fn invalid_query() -> Refusal {
    let words = "missing or invalid query";
    let failure = Failure { message: words.to_owned(), ..Failure::default() };
    Refusal::invalid(words).with(&QueryFailedFailure { failure: Some(failure) })
}

fn unnamed() -> Refusal {
    Refusal::invalid("Can't load workflow execution.  WorkflowId not set.")
}

fn check_schedule_id(id: &str) -> Answer<()> {
    if id.is_empty() {
        return Err(unnamed());
    }
    check_workflow_id(OWN_WORKFLOW.len() + id.len())
}

fn check_workflow_id(length: usize) -> Answer<()> {
    let most = limits::ID_LENGTH;
    if length <= most {
        return Ok(());
    }
    Err(Refusal::invalid(format!("WorkflowId exceeds maximum allowed length ({length}/{most})")))
}

fn check_patch(patch: &SchedulePatch) -> Answer<()> {
    if patch.pause.len() > limits::ID_LENGTH || patch.unpause.len() > limits::ID_LENGTH {
        return Err(Refusal::invalid("Schedule notes exceeds limit."));
    }
    Ok(())
}

fn check_workflow(workflow: &NewWorkflowExecutionInfo) -> Answer<()> {
    check_workflow_id(workflow.workflow_id.len() + APPENDED.len())?;
    super::check_id("WorkflowType", workflow.workflow_type.as_ref().map_or("", |kind| &kind.name))?;
    check_queue(workflow.task_queue.as_ref()).map_err(Refusal::invalid)?;
    for (name, limit) in [
        ("WorkflowExecutionTimeout", &workflow.workflow_execution_timeout),
        ("WorkflowRunTimeout", &workflow.workflow_run_timeout),
        ("WorkflowTaskTimeout", &workflow.workflow_task_timeout),
    ] {
        if limit.as_ref().is_some_and(|limit| limit.seconds < 0 || limit.nanos < 0) {
            let words = format!("An invalid {name}Seconds is set on request. cause: negative duration");
            return Err(Refusal::invalid(words));
        }
    }
    if !workflow.cron_schedule.is_empty() {
        return Err(Refusal::invalid("Scheduled workflow must not contain CronSchedule"));
    }
    match workflow.workflow_id_reuse_policy() {
        WorkflowIdReusePolicy::Unspecified | WorkflowIdReusePolicy::AllowDuplicate => Ok(()),
        _ => Err(Refusal::invalid("Scheduled workflow must not contain WorkflowIDReusePolicy")),
    }
}
