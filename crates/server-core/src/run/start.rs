//! How a run begins.

use perpetua_proto::common::Link;
use perpetua_proto::enums::{EventType, WorkflowExecutionStatus};
use perpetua_proto::history::WorkflowExecutionStartedEventAttributes;
use perpetua_proto::history::history_event::Attributes;
use perpetua_proto::sdk::UserMetadata;

use super::callback::CallbackState;
use super::skipping::{self, SkippingState};
use super::{History, Live, Run, RunState, event};
use crate::time::{self, Time};
use crate::world::{Cx, RunNumber};

/// Everything a run begins with.
#[derive(Clone, Debug, Default)]
pub(crate) struct Start {
    pub(crate) namespace: String,
    pub(crate) run_id: String,
    pub(crate) request_id: String,
    /// As history will have it; the workflow id is in it.
    pub(crate) attributes: WorkflowExecutionStartedEventAttributes,
    pub(crate) metadata: Option<UserMetadata>,
    pub(crate) links: Vec<Link>,
}

impl Run {
    /// Does not wait any longer before the first task.
    pub(crate) fn end_delay(&mut self) {
        self.state.first_task_due = 0;
    }

    /// A run with its first event. [`wake`](Self::wake) it to have its first task scheduled.
    pub(crate) fn begin(cx: &Cx<'_>, number: RunNumber, start: Start) -> Self {
        let Start { namespace, run_id, request_id, attributes, metadata, links } = start;
        let now = cx.wall.plus(skipping::inherited_by(&attributes));
        let state = RunState {
            namespace,
            run_id,
            start_request: request_id,
            number: number.0,
            ..RunState::begun(&attributes, now)
        };
        let mut run = Self { number, state, history: History::default(), live: Live::default() };
        let attributes = Attributes::WorkflowExecutionStartedEventAttributes(Box::new(attributes));
        let mut started = event(EventType::WorkflowExecutionStarted, now, attributes);
        started.user_metadata = metadata.map(Box::new);
        started.links = links;
        run.append(started);
        run
    }
}

impl RunState {
    /// What the first event says of a run.
    pub(crate) fn begun(attributes: &WorkflowExecutionStartedEventAttributes, at: Time) -> Self {
        let backoff = time::duration(attributes.first_workflow_task_backoff.as_ref()).unwrap_or_default();
        let first = at.plus(backoff);
        let fields = |memo: Option<&std::collections::BTreeMap<_, _>>| memo.cloned().unwrap_or_default();
        let mut state = Self {
            workflow_id: attributes.workflow_id.clone(),
            status: WorkflowExecutionStatus::Running.into(),
            start_time: at.nanos(),
            execution_time: first.nanos(),
            run_deadline: time::duration(attributes.workflow_run_timeout.as_ref())
                .map_or(0, |limit| first.plus(limit).nanos()),
            execution_deadline: attributes
                .workflow_execution_expiration_time
                .as_ref()
                .map_or(0, |at| Time::from_wire(at).nanos()),
            first_task_due: if backoff.is_zero() { 0 } else { first.nanos() },
            attempt: 1,
            memo: fields(attributes.memo.as_ref().map(|memo| &memo.fields)),
            search_attributes: fields(attributes.search_attributes.as_ref().map(|it| &it.indexed_fields)),
            priority: attributes.priority.clone(),
            versioning_override: attributes.versioning_override.clone(),
            callbacks: attributes
                .completion_callbacks
                .iter()
                .map(|callback| CallbackState::new(callback.clone(), at, ""))
                .collect(),
            skipping: SkippingState::begun(attributes, at),
            ..Self::default()
        };
        state.begin_versioning(attributes);
        state
    }
}
