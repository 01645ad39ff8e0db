//! What the start of a run says besides: its parent, its root, its priority, its delay.
//!
//! These words stay in the rest of the event and are read where they are asked for, because most workflows never are.

use std::time::Duration;

use perpetua_proto::history::WorkflowExecutionStartedEventAttributes as Wire;

use crate::{
    EventId, Malformed, ParentWorkflow, Priority, WorkflowExecution, WorkflowStarted,
    wire::time::{encode_duration, optional_duration},
};

/// Refuses what the words below could not say.
pub(super) fn check(wire: &Wire) -> Result<(), Malformed> {
    parent_initiated(wire)?;
    first_task_backoff(wire)?;
    Ok(())
}

fn parent_initiated(wire: &Wire) -> Result<Option<EventId>, Malformed> {
    EventId::parse_optional("WorkflowExecutionStarted.parent_initiated_event_id", wire.parent_initiated_event_id)
}

fn first_task_backoff(wire: &Wire) -> Result<Option<Duration>, Malformed> {
    let field = "WorkflowExecutionStarted.first_workflow_task_backoff";
    optional_duration(field, wire.first_workflow_task_backoff)
}

impl WorkflowStarted {
    /// The workflow that started this one as its child.
    pub fn parent(&self) -> Option<ParentWorkflow> {
        let wire = self.rest.get()?;
        let execution = wire.parent_workflow_execution.clone()?.into();
        // Checked when the event was read.
        let initiated = parent_initiated(wire).unwrap_or_default();
        Some(ParentWorkflow { namespace: wire.parent_workflow_namespace.as_str().into(), execution, initiated })
    }

    /// Sets, or takes away, the workflow that started this one as its child.
    pub fn set_parent(&mut self, parent: Option<ParentWorkflow>) {
        self.rest.change(|wire| match parent {
            Some(ParentWorkflow { namespace, execution, initiated }) => {
                wire.parent_workflow_namespace = namespace.into_string();
                wire.parent_workflow_execution = Some(execution.into());
                wire.parent_initiated_event_id = EventId::optional_to_wire(initiated);
            }
            None => {
                wire.parent_workflow_namespace.clear();
                wire.parent_workflow_execution = None;
                wire.parent_initiated_event_id = 0;
            }
        });
    }

    /// The workflow at the top of the tree of parents; none where the server does not say so.
    pub fn root(&self) -> Option<WorkflowExecution> {
        self.rest.get()?.root_workflow_execution.clone().map(Into::into)
    }

    /// Sets, or takes away, the workflow at the top of the tree of parents.
    pub fn set_root(&mut self, root: Option<WorkflowExecution>) {
        self.rest.change(|wire| wire.root_workflow_execution = root.map(Into::into));
    }

    /// Who goes first when the queue has a backlog.
    pub fn priority(&self) -> Option<Priority> {
        self.rest.get()?.priority.clone().map(Into::into)
    }

    /// Sets, or takes away, who goes first.
    pub fn set_priority(&mut self, priority: Option<Priority>) {
        self.rest.change(|wire| wire.priority = priority.map(Into::into));
    }

    /// How long the first workflow task waits: a delayed start, a retry, a cron schedule, continue-as-new.
    pub fn first_task_backoff(&self) -> Option<Duration> {
        // Checked when the event was read.
        first_task_backoff(self.rest.get()?).unwrap_or_default()
    }

    /// Sets, or takes away, how long the first workflow task waits.
    pub fn set_first_task_backoff(&mut self, backoff: Option<Duration>) {
        self.rest.change(|wire| wire.first_workflow_task_backoff = backoff.map(encode_duration));
    }
}
