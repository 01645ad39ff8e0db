//! Child workflows.

use perpetua_proto::command::StartChildWorkflowExecutionCommandAttributes;
use perpetua_proto::enums::{EventType, ParentClosePolicy, WorkflowIdReusePolicy, WorkflowTaskFailedCause as Cause};
use perpetua_proto::history::StartChildWorkflowExecutionInitiatedEventAttributes;
use perpetua_proto::history::history_event::Attributes;
use perpetua_proto::sdk::UserMetadata;
use perpetua_proto::taskqueue::TaskQueue;

use super::{Bad, Step, append};
use crate::limits;
use crate::priority;
use crate::retry;
use crate::run::Run;
use crate::run::state::ChildState;
use crate::time;
use crate::world::{Cx, Transfer};

pub(super) fn start(
    run: &mut Run,
    cx: &mut Cx<'_>,
    step: &Step,
    asked: StartChildWorkflowExecutionCommandAttributes,
    metadata: Option<Box<UserMetadata>>,
) -> Result<(), Bad> {
    let attributes = check(run, cx, step, asked)?;
    if run.state.children.len() >= cx.settings.pending_children {
        let message =
            format!("the number of pending child workflows has reached the limit of {}", cx.settings.pending_children);
        return Err(Bad::new(Cause::PendingChildWorkflowsLimitExceeded, message));
    }
    let attributes = Attributes::StartChildWorkflowExecutionInitiatedEventAttributes(Box::new(attributes));
    let initiated = append(run, cx, EventType::StartChildWorkflowExecutionInitiated, attributes, metadata);
    run.state.children.insert(initiated, ChildState::default());
    cx.transfer(Transfer::StartChild { parent: run.number, initiated });
    Ok(())
}

/// What the event will say, if there is nothing wrong with it.
fn check(
    run: &Run,
    cx: &Cx<'_>,
    step: &Step,
    asked: StartChildWorkflowExecutionCommandAttributes,
) -> Result<StartChildWorkflowExecutionInitiatedEventAttributes, Bad> {
    let bad = |message: String| Bad::new(Cause::BadStartChildExecutionAttributes, message);
    if asked.workflow_id.is_empty() || asked.workflow_id.len() > limits::ID_LENGTH {
        return Err(bad("WorkflowId is not set, or too long, on StartChildWorkflowExecutionCommand.".to_owned()));
    }
    let name = asked.workflow_type.as_ref().map_or("", |kind| &kind.name);
    if name.is_empty() || name.len() > limits::ID_LENGTH {
        return Err(bad("WorkflowType is not set, or too long, on StartChildWorkflowExecutionCommand.".to_owned()));
    }
    let mut retry_policy = asked.retry_policy;
    if let Some(policy) = &mut retry_policy {
        retry::check(policy).map_err(bad)?;
        retry::complete(policy);
    }
    if !asked.cron_schedule.is_empty() {
        crate::cron::check(&asked.cron_schedule).map_err(bad)?;
    }
    let mut search_attributes = asked.search_attributes;
    if let Some(attributes) = &mut search_attributes {
        cx.check_search_attributes(&run.state.namespace, &mut attributes.indexed_fields)
            .map_err(|message| Bad::new(Cause::BadSearchAttributes, message))?;
    }
    let queue = asked.task_queue.filter(|queue| !queue.name.is_empty());
    let queue = queue.map_or_else(|| run.task_queue().to_owned(), |queue| queue.name);
    let zero = |limit: Option<prost_types::Duration>| Some(limit.unwrap_or_default());
    let task_timeout = time::duration(asked.workflow_task_timeout.as_ref()).unwrap_or(limits::TASK_TIMEOUT);
    let (time_skipping_config, time_skipping_state_propagation) = run.skipping_of_heir(true);
    Ok(StartChildWorkflowExecutionInitiatedEventAttributes {
        time_skipping_config,
        time_skipping_state_propagation,
        namespace: if asked.namespace.is_empty() { run.state.namespace.clone() } else { asked.namespace },
        workflow_id: asked.workflow_id,
        workflow_type: asked.workflow_type,
        task_queue: Some(TaskQueue { name: queue, kind: 1, ..TaskQueue::default() }),
        input: asked.input,
        workflow_execution_timeout: zero(asked.workflow_execution_timeout),
        workflow_run_timeout: zero(asked.workflow_run_timeout),
        workflow_task_timeout: Some(time::to_wire(task_timeout)),
        parent_close_policy: match ParentClosePolicy::try_from(asked.parent_close_policy) {
            Ok(ParentClosePolicy::Unspecified) | Err(_) => ParentClosePolicy::Terminate.into(),
            Ok(policy) => policy.into(),
        },
        control: asked.control,
        workflow_task_completed_event_id: step.completed,
        workflow_id_reuse_policy: match WorkflowIdReusePolicy::try_from(asked.workflow_id_reuse_policy) {
            Ok(WorkflowIdReusePolicy::Unspecified) | Err(_) => WorkflowIdReusePolicy::AllowDuplicate.into(),
            Ok(policy) => policy.into(),
        },
        retry_policy,
        cron_schedule: asked.cron_schedule,
        header: asked.header,
        memo: asked.memo,
        search_attributes,
        priority: priority::of_child(asked.priority, run.state.priority.as_ref()),
        ..StartChildWorkflowExecutionInitiatedEventAttributes::default()
    })
}
