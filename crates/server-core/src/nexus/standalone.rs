//! An operation that a client has started, without a workflow around it.

use std::collections::BTreeMap;

use perpetua_proto::common::{Link, Payload, SearchAttributes};
use perpetua_proto::enums::{
    NexusOperationCancellationState as Canceling, NexusOperationExecutionStatus as Status, PendingNexusOperationState,
};
use perpetua_proto::failure::Failure;
use perpetua_proto::history::NexusOperationScheduledEventAttributes as Asked;
use perpetua_proto::nexus::{
    NexusOperationExecutionCancellationInfo, NexusOperationExecutionInfo, NexusOperationExecutionListInfo,
};
use perpetua_proto::nexusoperation::CallbackInfo;
use perpetua_proto::nexusoperation::callback_info::{OperationCompleted, Trigger, trigger};
use perpetua_proto::sdk::UserMetadata;

use super::call::CallState;
use super::{OperationState, Outcome, failure, link};
use crate::run::callback::{CallbackState, Completion};
use crate::search_attributes;
use crate::time::{self, Time, duration, shown, stored};
use crate::visibility::{Attributes, Place, Value};

/// An operation that a client has started.
#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct Standalone {
    #[prost(string, tag = "1")]
    pub(crate) namespace: String,
    #[prost(string, tag = "2")]
    pub(crate) id: String,
    #[prost(string, tag = "3")]
    pub(crate) run_id: String,
    /// What was asked for, in the words that workflows have for it.
    #[prost(message, required, tag = "4")]
    pub(crate) asked: Asked,
    #[prost(message, required, tag = "5")]
    pub(crate) state: OperationState,
    #[prost(enumeration = "Status", tag = "6")]
    pub(crate) status: i32,
    #[prost(int64, tag = "7")]
    pub(crate) close_time: i64,
    #[prost(message, optional, tag = "8")]
    pub(crate) result: Option<Payload>,
    #[prost(message, optional, tag = "9")]
    pub(crate) failure: Option<Failure>,
    #[prost(string, tag = "10")]
    pub(crate) identity: String,
    #[prost(btree_map = "string, message", tag = "11")]
    pub(crate) search_attributes: BTreeMap<String, Payload>,
    #[prost(message, optional, tag = "12")]
    pub(crate) metadata: Option<UserMetadata>,
    #[prost(message, repeated, tag = "13")]
    pub(crate) links: Vec<Link>,
    #[prost(message, repeated, tag = "14")]
    pub(crate) callbacks: Vec<CallbackState>,
    #[prost(int64, tag = "15")]
    pub(crate) transitions: i64,
    /// The request that terminated it.
    #[prost(string, tag = "16")]
    pub(crate) terminated_by: String,
}

impl Standalone {
    pub(crate) fn is_open(&self) -> bool {
        self.status() == Status::Running
    }

    /// A link to it.
    pub(crate) fn link(&self) -> Link {
        link::to_operation(&self.namespace, &self.id, &self.run_id)
    }

    /// It is over.
    pub(crate) fn close(&mut self, now: Time, outcome: Outcome) {
        let (status, failed) = match outcome {
            Outcome::Completed(result) => {
                self.result = Some(result);
                (Status::Completed, None)
            }
            Outcome::Failed(failure) => (Status::Failed, Some(*failure)),
            Outcome::Canceled(failure) => (Status::Canceled, Some(*failure)),
            Outcome::TimedOut(kind) => (Status::TimedOut, Some(failure::timed_out(kind))),
        };
        if !self.state.is_running() {
            // The last try is what it ended with.
            if self.state.call.attempt().is_some() {
                self.state.call.end(now, None);
            }
            self.state.call.failure.clone_from(&failed);
            self.state.call.completed = if failed.is_some() { now.nanos() } else { 0 };
        }
        self.end(now, status, failed);
    }

    /// It is stopped from outside.
    pub(crate) fn terminate(&mut self, now: Time, reason: &str, identity: &str, request_id: &str) {
        self.terminated_by = request_id.to_owned();
        self.end(now, Status::Terminated, Some(failure::terminated(reason, identity)));
    }

    fn end(&mut self, now: Time, status: Status, failure: Option<Failure>) {
        self.set_status(status);
        self.failure = failure;
        self.close_time = now.nanos();
        self.state.call.next = 0;
    }

    /// What those hear who wait for its end.
    pub(crate) fn completion(&self) -> Option<Completion> {
        let outcome = match (self.status(), &self.failure) {
            (Status::Running | Status::Unspecified, _) => return None,
            (Status::Canceled, Some(failure)) => Outcome::Canceled(Box::new(failure.clone())),
            (_, Some(failure)) => Outcome::Failed(Box::new(failure.clone())),
            (_, None) => Outcome::completed(self.result.clone()),
        };
        let start_time = Time::from_nanos(self.state.scheduled_time);
        Some(Completion { outcome, start_time, links: vec![self.link()] })
    }

    /// How long it has taken.
    fn took(&self, now: Time) -> std::time::Duration {
        stored(self.close_time).unwrap_or(now).since(Time::from_nanos(self.state.scheduled_time))
    }

    /// As descriptions show it.
    pub(crate) fn info(&self, now: Time) -> NexusOperationExecutionInfo {
        let state = if self.is_open() { self.state.shown_state() } else { PendingNexusOperationState::Unspecified };
        let scheduled = Time::from_nanos(self.state.scheduled_time);
        let call = &self.state.call;
        NexusOperationExecutionInfo {
            operation_id: self.id.clone(),
            run_id: self.run_id.clone(),
            endpoint: self.asked.endpoint.clone(),
            service: self.asked.service.clone(),
            operation: self.asked.operation.clone(),
            status: self.status,
            state: state.into(),
            schedule_to_close_timeout: self.asked.schedule_to_close_timeout,
            schedule_to_start_timeout: self.asked.schedule_to_start_timeout,
            start_to_close_timeout: self.asked.start_to_close_timeout,
            attempt: tries(call),
            schedule_time: Some(scheduled.to_wire()),
            expiration_time: duration(self.asked.schedule_to_close_timeout.as_ref())
                .map(|limit| scheduled.plus(limit).to_wire()),
            close_time: shown(self.close_time),
            last_attempt_complete_time: shown(call.completed),
            last_attempt_failure: call.failure.clone(),
            next_attempt_schedule_time: shown(call.next),
            execution_duration: Some(time::to_wire(self.took(now))),
            cancellation_info: self.state.cancel.as_ref().map(|cancel| NexusOperationExecutionCancellationInfo {
                requested_time: shown(cancel.time),
                state: if cancel.time == 0 { Canceling::Unspecified } else { cancel.state() }.into(),
                attempt: tries(&cancel.call),
                last_attempt_complete_time: shown(cancel.call.completed),
                last_attempt_failure: cancel.call.failure.clone(),
                next_attempt_schedule_time: shown(cancel.call.next),
                reason: cancel.reason.clone(),
                ..NexusOperationExecutionCancellationInfo::default()
            }),
            request_id: self.asked.request_id.clone(),
            operation_token: self.state.token.clone(),
            state_transition_count: self.transitions,
            search_attributes: Some(SearchAttributes { indexed_fields: self.search_attributes.clone() }),
            nexus_header: self.asked.nexus_header.clone(),
            user_metadata: self.metadata.clone(),
            links: self.links.clone(),
            identity: self.identity.clone(),
            state_size_bytes: i64::try_from(prost::Message::encoded_len(self)).unwrap_or(i64::MAX),
            ..NexusOperationExecutionInfo::default()
        }
    }

    /// As lists show it.
    pub(crate) fn listed(&self) -> NexusOperationExecutionListInfo {
        NexusOperationExecutionListInfo {
            operation_id: self.id.clone(),
            run_id: self.run_id.clone(),
            endpoint: self.asked.endpoint.clone(),
            service: self.asked.service.clone(),
            operation: self.asked.operation.clone(),
            schedule_time: shown(self.state.scheduled_time),
            close_time: shown(self.close_time),
            status: self.status,
            search_attributes: Some(SearchAttributes { indexed_fields: self.search_attributes.clone() }),
            state_transition_count: if self.is_open() { 0 } else { self.transitions },
            execution_duration: stored(self.close_time).map(|close| time::to_wire(self.took(close))),
            state_size_bytes: 0,
        }
    }

    /// Its place in lists.
    pub(crate) fn place(&self) -> Place {
        Place::new(stored(self.close_time), Time::from_nanos(self.state.scheduled_time), &self.run_id)
    }

    /// Who is told of its end, as descriptions show them.
    pub(crate) fn callback_infos(&self) -> Vec<CallbackInfo> {
        let over = || Trigger { variant: Some(trigger::Variant::OperationCompleted(OperationCompleted {})) };
        self.callbacks.iter().map(|it| CallbackInfo { trigger: Some(over()), info: Some(it.info()) }).collect()
    }
}

/// How many tries there were, with the one that is under way.
fn tries(call: &CallState) -> i32 {
    call.attempt().unwrap_or(call.over)
}

impl Attributes for Standalone {
    fn value(&self, name: &str) -> Option<Value<'_>> {
        match name {
            "OperationId" => Value::text(&self.id),
            "RunId" => Value::text(&self.run_id),
            "Endpoint" => Value::text(&self.asked.endpoint),
            "Service" => Value::text(&self.asked.service),
            "Operation" => Value::text(&self.asked.operation),
            "RequestId" => Value::text(&self.asked.request_id),
            "StartTime" | "ExecutionTime" => Value::time(self.state.scheduled_time),
            "CloseTime" => Value::time(self.close_time),
            "ExecutionStatus" => Some(Value::Int(self.status.into())),
            "ExecutionDuration" => stored(self.close_time)
                .map(|close| Value::Int(i64::try_from(self.took(close).as_nanos()).unwrap_or(i64::MAX))),
            "StateTransitionCount" => stored(self.close_time).map(|_| Value::Int(self.transitions)),
            _ => {
                let payload = self.search_attributes.get(name)?;
                Value::of(payload, search_attributes::type_of(payload).unwrap_or_default())
            }
        }
    }
}
