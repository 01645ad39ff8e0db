//! What is shown of an activity that a client has started: in descriptions, in lists, to workers.

use std::time::Duration;

use perpetua_proto::activity::{ActivityExecutionInfo, ActivityExecutionListInfo};
use perpetua_proto::common::{SearchAttributes, WorkflowExecution};
use perpetua_proto::enums::{ActivityExecutionStatus as Status, IndexedValueType as Kind, PendingActivityState};
use perpetua_proto::workflowservice::PollActivityTaskQueueResponse;
use prost::Message;

use super::Activity;
use crate::attempt::Manner;
use crate::run::pending::state_of;
use crate::search_attributes::type_of;
use crate::time::{self, Time, shown, stored};
use crate::token::{self, TaskToken};
use crate::visibility::{Attributes, Place, Value};

impl Activity {
    /// Its status, where what is paused and does not run has one of its own.
    fn shown_status(&self) -> Status {
        let paused = self.is_open() && self.attempt.is_paused() && !self.attempt.is_started();
        if paused { Status::Paused } else { self.status() }
    }

    pub(super) fn queue(&self) -> &str {
        self.options.task_queue.as_ref().map_or("", |queue| &queue.name)
    }

    /// How long it took, when it is over.
    fn took(&self) -> Option<Duration> {
        stored(self.close_time).map(|close| close.since(Time::from_nanos(self.start_time)))
    }

    /// As descriptions show it.
    pub(super) fn info(&self, with_details: bool, with_failure: bool) -> ActivityExecutionInfo {
        let (attempt, is_open) = (&self.attempt, self.is_open());
        let (next, interval) = if is_open { attempt.next(Manner::Standalone) } else { (None, None) };
        let run_state = if is_open { state_of(attempt) } else { PendingActivityState::Unspecified };
        let limit = |limit: Option<perpetua_proto::protobuf::Duration>| Some(limit.unwrap_or_default());
        ActivityExecutionInfo {
            activity_id: self.id.clone(),
            run_id: self.run_id.clone(),
            activity_type: self.activity_type.clone(),
            status: self.shown_status().into(),
            run_state: run_state.into(),
            task_queue: self.queue().to_owned(),
            schedule_to_close_timeout: limit(self.options.schedule_to_close_timeout),
            schedule_to_start_timeout: limit(self.options.schedule_to_start_timeout),
            start_to_close_timeout: limit(self.options.start_to_close_timeout),
            heartbeat_timeout: limit(self.options.heartbeat_timeout),
            retry_policy: self.options.retry_policy.clone(),
            heartbeat_details: attempt.heartbeat_details.clone().filter(|_| with_details),
            last_heartbeat_time: shown(attempt.heartbeat_time),
            last_started_time: shown(self.last_started),
            attempt: attempt.number,
            execution_duration: self.took().map(time::to_wire),
            schedule_time: shown(self.start_time),
            expiration_time: attempt.deadline(&self.terms()).map(Time::to_wire),
            close_time: shown(self.close_time),
            last_failure: attempt.last_failure.clone().filter(|_| with_failure),
            last_worker_identity: attempt.identity.clone(),
            current_retry_interval: interval,
            last_attempt_complete_time: shown(attempt.ended_time),
            next_attempt_schedule_time: next,
            priority: self.options.priority.clone(),
            state_transition_count: self.transitions,
            state_size_bytes: i64::try_from(self.encoded_len()).unwrap_or(i64::MAX),
            search_attributes: Some(self.shown_attributes()),
            header: self.header.clone(),
            user_metadata: self.metadata.clone(),
            canceled_reason: self.cancel.as_ref().map(|asked| asked.reason.clone()).unwrap_or_default(),
            links: self.links.clone(),
            total_heartbeat_count: attempt.heartbeats,
            start_delay: self.options.start_delay,
            execution_time: shown(attempt.scheduled_time),
            ..ActivityExecutionInfo::default()
        }
    }

    fn shown_attributes(&self) -> SearchAttributes {
        SearchAttributes { indexed_fields: self.search_attributes.clone() }
    }

    /// As lists show it: what only the end settles when it has come.
    pub(crate) fn listed(&self) -> ActivityExecutionListInfo {
        ActivityExecutionListInfo {
            activity_id: self.id.clone(),
            run_id: self.run_id.clone(),
            activity_type: self.activity_type.clone(),
            schedule_time: shown(self.start_time),
            close_time: shown(self.close_time),
            status: self.shown_status().into(),
            search_attributes: Some(self.shown_attributes()),
            task_queue: self.queue().to_owned(),
            state_transition_count: if self.is_open() { 0 } else { self.transitions },
            execution_duration: self.took().map(time::to_wire),
            execution_time: shown(self.attempt.scheduled_time),
            ..ActivityExecutionListInfo::default()
        }
    }

    /// Where lists have it.
    pub(crate) fn place(&self) -> Place {
        Place::new(stored(self.close_time), Time::from_nanos(self.start_time), &self.run_id)
    }

    /// The attempt as the worker gets it that has taken it.
    pub(crate) fn task(&self, server: u64) -> PollActivityTaskQueueResponse {
        let attempt = &self.attempt;
        let token = TaskToken {
            server,
            namespace: self.namespace.clone(),
            run_id: self.run_id.clone(),
            attempt: attempt.number,
            request: attempt.request.clone(),
            activity_id: self.id.clone(),
            ..TaskToken::default()
        };
        let limit = |limit: Option<perpetua_proto::protobuf::Duration>| Some(limit.unwrap_or_default());
        PollActivityTaskQueueResponse {
            task_token: token::write(&token),
            workflow_namespace: self.namespace.clone(),
            workflow_execution: Some(WorkflowExecution::default()),
            activity_type: self.activity_type.clone(),
            activity_id: self.id.clone(),
            activity_run_id: self.run_id.clone(),
            header: self.header.clone(),
            input: self.input.clone(),
            heartbeat_details: attempt.heartbeat_details.clone(),
            scheduled_time: shown(self.start_time),
            current_attempt_scheduled_time: shown(attempt.time),
            started_time: shown(attempt.started_time),
            attempt: attempt.number,
            schedule_to_close_timeout: limit(self.options.schedule_to_close_timeout),
            start_to_close_timeout: limit(self.options.start_to_close_timeout),
            heartbeat_timeout: limit(self.options.heartbeat_timeout),
            retry_policy: self.options.retry_policy.clone(),
            priority: self.options.priority.clone(),
            ..PollActivityTaskQueueResponse::default()
        }
    }
}

impl Attributes for Activity {
    fn value(&self, name: &str) -> Option<Value<'_>> {
        match name {
            "ActivityId" => Value::text(&self.id),
            "RunId" => Value::text(&self.run_id),
            "ActivityType" => Value::text(self.type_name()),
            "TaskQueue" => Value::text(self.queue()),
            "StartTime" => Value::time(self.start_time),
            "ExecutionTime" => Value::time(self.attempt.scheduled_time),
            "CloseTime" => Value::time(self.close_time),
            "ExecutionStatus" => Some(Value::Int(i64::from(self.shown_status() as i32))),
            "ExecutionDuration" => self.took().map(|took| Value::Int(time::nanos(took))),
            "StateTransitionCount" => (!self.is_open()).then_some(Value::Int(self.transitions)),
            _ => {
                let payload = self.search_attributes.get(name)?;
                Value::of(payload, type_of(payload).unwrap_or(Kind::Unspecified))
            }
        }
    }
}
