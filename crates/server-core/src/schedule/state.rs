//! What is known of a schedule, in the form in which it is stored.

use std::collections::BTreeMap;

use perpetua_proto::enums::ScheduleOverlapPolicy as Overlap;
use perpetua_proto::schedule::schedule_action::Action;
use perpetua_proto::workflow::NewWorkflowExecutionInfo;
use perpetua_proto::{common, failure, schedule};

use super::Times;
use crate::time::Time;

/// A schedule. Times are nanoseconds since 1970, 0 for none.
#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct Schedule {
    #[prost(string, tag = "1")]
    pub(crate) namespace: String,
    #[prost(string, tag = "2")]
    pub(crate) id: String,
    /// What jitter depends on.
    #[prost(string, tag = "3")]
    pub(crate) seed: String,
    /// When and how it acts; the specification is canonical.
    #[prost(message, required, tag = "4")]
    pub(crate) spec: schedule::ScheduleSpec,
    #[prost(message, required, tag = "5")]
    pub(crate) action: schedule::ScheduleAction,
    #[prost(message, required, tag = "6")]
    pub(crate) policies: schedule::SchedulePolicies,
    #[prost(message, required, tag = "7")]
    pub(crate) state: schedule::ScheduleState,
    /// What it has done; what is worked out when it is shown is not in it.
    #[prost(message, required, tag = "8")]
    pub(crate) info: schedule::ScheduleInfo,
    #[prost(message, optional, tag = "9")]
    pub(crate) memo: Option<common::Memo>,
    #[prost(btree_map = "string, message", tag = "10")]
    pub(crate) search_attributes: BTreeMap<String, common::Payload>,
    /// Up to when its times are dealt with.
    #[prost(int64, tag = "11")]
    pub(crate) done_until: i64,
    /// Counts what changes the schedule.
    #[prost(int64, tag = "12")]
    pub(crate) version: i64,
    #[prost(message, repeated, tag = "13")]
    pub(crate) buffer: Vec<BufferedStart>,
    /// What is left of backfills. They begin after their start.
    #[prost(message, repeated, tag = "14")]
    pub(crate) backfills: Vec<Backfill>,
    #[prost(message, optional, tag = "15")]
    pub(crate) last_result: Option<common::Payloads>,
    #[prost(message, optional, tag = "16")]
    pub(crate) last_failure: Option<failure::Failure>,
    #[prost(string, tag = "17")]
    pub(crate) create_request: String,
    /// The last changes that were asked for.
    #[prost(string, repeated, tag = "18")]
    pub(crate) requests: Vec<String>,
    #[prost(int64, tag = "19")]
    pub(crate) created: i64,
    #[prost(int64, tag = "20")]
    pub(crate) updated: i64,
    /// When it was looked after.
    #[prost(int64, tag = "21")]
    pub(crate) tended: i64,
}

/// A start that is due, and may have to wait.
#[derive(Clone, Copy, PartialEq, prost::Message)]
pub(crate) struct BufferedStart {
    #[prost(int64, tag = "1")]
    pub(crate) nominal: i64,
    #[prost(int64, tag = "2")]
    pub(crate) at: i64,
    /// Unspecified where the schedule's own counts.
    #[prost(enumeration = "Overlap", tag = "3")]
    pub(crate) overlap: i32,
    /// Whether somebody asked for this one.
    #[prost(bool, tag = "4")]
    pub(crate) manual: bool,
}

/// A span of time whose actions are to be taken now.
#[derive(Clone, Copy, PartialEq, prost::Message)]
pub(crate) struct Backfill {
    #[prost(int64, tag = "1")]
    pub(crate) after: i64,
    #[prost(int64, tag = "2")]
    pub(crate) until: i64,
    #[prost(enumeration = "Overlap", tag = "3")]
    pub(crate) overlap: i32,
}

/// How many requests are remembered.
const REQUESTS: usize = 100;

impl Schedule {
    /// Whether this request was done before; remembers it otherwise. A request without an id is always new.
    pub(crate) fn is_repeated(&mut self, request: &str) -> bool {
        if request.is_empty() {
            return false;
        }
        if self.requests.iter().any(|known| known == request) {
            return true;
        }
        if self.requests.len() >= REQUESTS {
            self.requests.remove(0);
        }
        self.requests.push(request.to_owned());
        false
    }

    /// The workflow that it starts, if it does anything at all.
    pub(crate) fn workflow(&self) -> Option<&NewWorkflowExecutionInfo> {
        let Action::StartWorkflow(workflow) = self.action.action.as_ref()?;
        Some(workflow)
    }

    /// When it acts; none where its time zone is not known any more.
    pub(crate) fn times(&self) -> Option<Times> {
        Times::of(&self.spec, &self.seed).ok()
    }

    /// What is to be done where a workflow would begin while another runs.
    pub(super) fn overlap(&self, asked: i32) -> Overlap {
        match (Overlap::try_from(asked), self.policies.overlap_policy()) {
            (Ok(Overlap::Unspecified), Overlap::Unspecified) | (Err(_), _) => Overlap::Skip,
            (Ok(Overlap::Unspecified), own) => own,
            (Ok(asked), _) => asked,
        }
    }

    /// Whether an action may be taken that nobody asked for.
    pub(super) fn may_act(&self) -> bool {
        !self.state.paused && (!self.state.limited_actions || self.state.remaining_actions > 0)
    }

    /// Stops or resumes what happens by itself, and says why.
    pub(crate) fn set_paused(&mut self, paused: bool, notes: String) {
        self.state.paused = paused;
        self.state.notes = notes;
        self.version += 1;
    }

    pub(super) fn last_change(&self) -> Time {
        let acted = self.info.recent_actions.last().and_then(|action| action.actual_time.as_ref());
        let acted = acted.map(Time::from_wire).unwrap_or_default();
        acted.max(Time::from_nanos(self.created)).max(Time::from_nanos(self.updated))
    }
}
