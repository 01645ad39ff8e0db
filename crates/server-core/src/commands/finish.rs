//! The ends of a run.

use perpetua_proto::command::{
    CancelWorkflowExecutionCommandAttributes, CompleteWorkflowExecutionCommandAttributes,
    ContinueAsNewWorkflowExecutionCommandAttributes, FailWorkflowExecutionCommandAttributes,
};
use perpetua_proto::enums::WorkflowTaskFailedCause as Cause;

use super::note::bad_search_attributes;
use super::{Bad, Step};
use crate::requests::check_start::check_queue;
use crate::retry;
use crate::run::{Closing, Ending, Run};
use crate::time;
use crate::world::Cx;

pub(super) fn complete(
    run: &Run,
    step: &mut Step,
    asked: CompleteWorkflowExecutionCommandAttributes,
) -> Result<(), Bad> {
    end(run, step, Ending::Completed(asked.result))
}

pub(super) fn fail(run: &Run, step: &mut Step, asked: FailWorkflowExecutionCommandAttributes) -> Result<(), Bad> {
    let Some(failure) = asked.failure else {
        let message = "Failure is not set on FailWorkflowExecutionCommand.";
        return Err(Bad::new(Cause::BadFailWorkflowExecutionAttributes, message));
    };
    end(run, step, Ending::Failed(Box::new(failure)))
}

pub(super) fn cancel(run: &Run, step: &mut Step, asked: CancelWorkflowExecutionCommandAttributes) -> Result<(), Bad> {
    end(run, step, Ending::Canceled(asked.details))
}

pub(super) fn continue_as_new(
    run: &Run,
    cx: &Cx<'_>,
    step: &mut Step,
    mut asked: ContinueAsNewWorkflowExecutionCommandAttributes,
) -> Result<(), Bad> {
    const COMMAND: &str = "ContinueAsNewWorkflowExecutionCommand";
    let bad = |message: String| Bad::new(Cause::BadContinueAsNewAttributes, message);
    let named = asked.workflow_type.as_ref().map(|kind| kind.name.as_str()).filter(|name| !name.is_empty());
    let kind = named.unwrap_or(run.workflow_type());
    let queue = asked.task_queue.as_ref().map(|queue| queue.name.as_str()).filter(|name| !name.is_empty());
    let which = format!("WorkflowType={kind} TaskQueue={:?}", queue.unwrap_or(run.task_queue()));
    for (field, value) in [
        ("WorkflowRunTimeout", &asked.workflow_run_timeout),
        ("WorkflowTaskTimeout", &asked.workflow_task_timeout),
        ("BackoffStartInterval", &asked.backoff_start_interval),
    ] {
        time::check(value.as_ref())
            .map_err(|problem| bad(format!("Invalid {field} on {COMMAND}: {problem}. {which}")))?;
    }
    if let Some(queue) = asked.task_queue.as_ref().filter(|queue| !queue.name.is_empty()) {
        check_queue(Some(queue))
            .map_err(|problem| bad(format!("invalid TaskQueue on {COMMAND}: {problem}. {which}")))?;
    }
    if let Some(policy) = &mut asked.retry_policy {
        retry::check(policy)
            .map_err(|problem| bad(format!("invalid WorkflowRetryPolicy on {COMMAND}: {problem}. {which}")))?;
        retry::complete(policy);
    }
    if let Some(attributes) = &mut asked.search_attributes {
        cx.check_search_attributes(&run.state.namespace, &mut attributes.indexed_fields)
            .map_err(bad_search_attributes)?;
    }
    end(run, step, Ending::ContinuedAsNew(Box::new(asked)))
}

/// A run can end only when the workflow has seen everything.
fn end(run: &Run, step: &mut Step, ending: Ending) -> Result<(), Bad> {
    if run.state.buffered.len() > step.caused {
        return Err(Bad::new(Cause::UnhandledCommand, ""));
    }
    if step.closing.is_none() {
        step.closing = Some(Closing { ending, completed: step.completed });
    }
    Ok(())
}
