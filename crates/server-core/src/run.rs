//! One run of a workflow, as the server sees it: its events, what is pending, and who waits for news of it.
//!
//! ```text
//! requests, answers of workers, time  -->  Run  -->  events, tasks for queues, messages to other runs (Cx)
//! ```
//!
//! A command of a worker is one function in `commands/`; what comes from outside is one function here or in a file below.

pub(crate) mod activity;
pub(crate) mod attach;
pub(crate) mod callback;
mod close;
pub(crate) mod control;
mod due;
pub(crate) mod history;
mod id;
mod linger;
mod listed;
pub(crate) mod live;
mod nexus;
pub(crate) mod options;
pub(crate) mod pages;
mod pause;
pub(crate) mod pending;
mod problems;
pub(crate) mod query;
pub(crate) mod rebuild;
mod receive;
mod reset;
mod reset_points;
mod resume;
mod show;
pub(crate) mod skipping;
mod start;
pub(crate) mod state;
pub(crate) mod task;
mod tell;
mod timer;
pub(crate) mod update;
mod update_callback;
pub(crate) mod versioning;
pub(crate) mod versioning_notes;

use perpetua_proto::common::{Link, WorkflowExecution};
use perpetua_proto::enums::{EventType, WorkflowExecutionStatus};
use perpetua_proto::history::WorkflowExecutionStartedEventAttributes;
use perpetua_proto::history::history_event::Attributes;

pub(crate) use close::{Closing, Ending};
pub(crate) use history::event;
pub(crate) use id::RunId;
pub(crate) use live::Live;
pub(crate) use reset::Again;
pub(crate) use start::Start;
pub(crate) use state::RunState;

use crate::Time;
pub(crate) use crate::history::History;
use crate::nexus::link;
use crate::world::{Cx, RunNumber};

/// One run.
#[derive(Clone, Debug)]
pub(crate) struct Run {
    /// Names it within this world.
    pub(crate) number: RunNumber,
    pub(crate) state: RunState,
    pub(crate) history: History,
    pub(crate) live: Live,
}

impl Run {
    /// The workflow id and the run id.
    pub(crate) fn execution(&self) -> WorkflowExecution {
        WorkflowExecution { workflow_id: self.state.workflow_id.clone(), run_id: self.state.run_id.clone() }
    }

    /// A link to its first event.
    pub(crate) fn link(&self) -> Link {
        let (namespace, workflow_id, run_id) = (&self.state.namespace, &self.state.workflow_id, &self.state.run_id);
        link::to_event(namespace, workflow_id, run_id, 1, EventType::WorkflowExecutionStarted)
    }

    pub(crate) fn is_open(&self) -> bool {
        matches!(self.state.status(), WorkflowExecutionStatus::Running | WorkflowExecutionStatus::Paused)
    }

    /// What it was started with.
    pub(crate) fn started(&self) -> &WorkflowExecutionStartedEventAttributes {
        static NONE: std::sync::OnceLock<WorkflowExecutionStartedEventAttributes> = std::sync::OnceLock::new();
        match self.history.get(1).and_then(|event| event.attributes.as_ref()) {
            Some(Attributes::WorkflowExecutionStartedEventAttributes(started)) => started,
            _ => NONE.get_or_init(Default::default),
        }
    }

    pub(crate) fn workflow_type(&self) -> &str {
        self.started().workflow_type.as_ref().map_or("", |kind| &kind.name)
    }

    pub(crate) fn task_queue(&self) -> &str {
        self.started().task_queue.as_ref().map_or("", |queue| &queue.name)
    }

    /// Whether this request was done before; remembers it otherwise. A request without an id is always new.
    pub(crate) fn is_repeated(&mut self, request: &str) -> bool {
        !request.is_empty() && self.state.requests.insert(request.to_owned(), true).is_some()
    }

    /// What has come from outside: it is stored, or held back, and a worker is to see it.
    pub(crate) fn receive(&mut self, cx: &mut Cx<'_>, kind: EventType, attributes: Attributes) {
        self.record(event(kind, cx.now, attributes));
        self.wake(cx);
    }

    /// Makes sure that a worker sees what is new.
    pub(crate) fn wake(&mut self, cx: &mut Cx<'_>) {
        if self.is_open() && self.state.task.is_none() && self.state.first_task_due == 0 {
            self.schedule_task(cx);
        }
        self.check_buffer(cx);
    }

    /// How long it has existed, for what is shown.
    pub(crate) fn start_time(&self) -> Time {
        Time::from_nanos(self.state.start_time)
    }
}
