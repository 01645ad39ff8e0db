//! Child workflows.

use perpetua_proto::command::StartChildWorkflowExecutionCommandAttributes;
use perpetua_proto::enums::{EventType, ParentClosePolicy, WorkflowIdReusePolicy, WorkflowTaskFailedCause as Cause};
use perpetua_proto::history::StartChildWorkflowExecutionInitiatedEventAttributes;
use perpetua_proto::history::history_event::Attributes;
use perpetua_proto::sdk::UserMetadata;
use perpetua_proto::taskqueue::TaskQueue;

use super::note::bad_search_attributes;
use super::{Bad, Step, append, or_own};
use crate::limits;
use crate::requests::check_start::{self, check_queue};
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
    const COMMAND: &str = "StartChildWorkflowExecutionCommand";
    let bad = |message: String| Bad::new(Cause::BadStartChildExecutionAttributes, message);
    let name = asked.workflow_type.as_ref().map_or("", |kind| &kind.name);
    let namespace = or_own(run, &asked.namespace);
    let id = &asked.workflow_id;
    let limit = limits::ID_LENGTH;
    if id.is_empty() {
        return Err(bad(format!(
            "Required field WorkflowId is not set on {COMMAND}. WorkflowType={name} Namespace={namespace}"
        )));
    }
    if name.is_empty() {
        return Err(bad(format!(
            "Required field WorkflowType is not set on {COMMAND}. WorkflowId={id} Namespace={namespace}"
        )));
    }
    let which = format!("WorkflowId={id} WorkflowType={name} Namespace={namespace}");
    for (field, value) in [("WorkflowId", id.as_str()), ("WorkflowType", name)] {
        let length = value.len();
        if length > limit {
            return Err(bad(format!(
                "{field} on {COMMAND} exceeds length limit. {which} Length={length} Limit={limit}"
            )));
        }
    }
    for (field, value) in [
        ("WorkflowExecutionTimeout", &asked.workflow_execution_timeout),
        ("WorkflowRunTimeout", &asked.workflow_run_timeout),
        ("WorkflowTaskTimeout", &asked.workflow_task_timeout),
    ] {
        time::check(value.as_ref())
            .map_err(|problem| bad(format!("Invalid {field} on {COMMAND}: {problem}. {which}")))?;
    }
    let mut retry_policy = asked.retry_policy;
    if let Some(policy) = &mut retry_policy {
        retry::check(policy)
            .map_err(|problem| bad(format!("invalid WorkflowRetryPolicy on {COMMAND}: {problem}. {which}")))?;
        retry::complete(policy);
    }
    if !asked.cron_schedule.is_empty() && crate::cron::check(&asked.cron_schedule).is_err() {
        return Err(bad(format!("invalid CronSchedule on {COMMAND}: invalid CronSchedule.. {which}")));
    }
    if let Some(queue) = asked.task_queue.as_ref().filter(|queue| !queue.name.is_empty()) {
        check_queue(Some(queue)).map_err(|problem| {
            let name = &queue.name;
            bad(format!("invalid TaskQueue on {COMMAND}: {problem}. {which} TaskQueue={name:?}"))
        })?;
    }
    let mut search_attributes = asked.search_attributes;
    if let Some(attributes) = &mut search_attributes {
        cx.check_search_attributes(&run.state.namespace, &mut attributes.indexed_fields)
            .map_err(bad_search_attributes)?;
    }
    let queue = asked.task_queue.filter(|queue| !queue.name.is_empty());
    let queue = queue.map_or_else(|| run.task_queue().to_owned(), |queue| queue.name);
    let (run_timeout, task_timeout) = check_start::timeouts(
        asked.workflow_execution_timeout.as_ref(),
        asked.workflow_run_timeout.as_ref(),
        asked.workflow_task_timeout.as_ref(),
    );
    let (time_skipping_config, time_skipping_state_propagation) = run.skipping_of_heir(true);
    Ok(StartChildWorkflowExecutionInitiatedEventAttributes {
        time_skipping_config,
        time_skipping_state_propagation,
        namespace_id: cx.namespace_id(namespace),
        namespace: namespace.to_owned(),
        workflow_id: asked.workflow_id,
        workflow_type: asked.workflow_type,
        task_queue: Some(TaskQueue { name: queue, kind: 1, ..TaskQueue::default() }),
        input: asked.input,
        workflow_execution_timeout: asked.workflow_execution_timeout,
        workflow_run_timeout: Some(time::to_wire(run_timeout.unwrap_or_default())),
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
        priority: asked.priority,
        versioning_override: asked.versioning_override,
        ..StartChildWorkflowExecutionInitiatedEventAttributes::default()
    })
}
