//! The ends of a run.

use perpetua_proto::command::{
    CancelWorkflowExecutionCommandAttributes, CompleteWorkflowExecutionCommandAttributes,
    ContinueAsNewWorkflowExecutionCommandAttributes, FailWorkflowExecutionCommandAttributes,
};
use perpetua_proto::enums::WorkflowTaskFailedCause as Cause;

use super::{Bad, Step};
use crate::retry;
use crate::run::{Closing, Ending, Run};

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
    step: &mut Step,
    mut asked: ContinueAsNewWorkflowExecutionCommandAttributes,
) -> Result<(), Bad> {
    if let Some(policy) = &mut asked.retry_policy {
        retry::check(policy).map_err(|message| Bad::new(Cause::BadContinueAsNewAttributes, message))?;
        retry::complete(policy);
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
