//! Making a new run of the beginning of one that is there.

use perpetua_proto::enums::{ResetReapplyExcludeType as Exclude, ResetReapplyType, WorkflowExecutionStatus};
use perpetua_proto::history::HistoryEvent;
use perpetua_proto::workflow::post_reset_operation::Variant;
use perpetua_proto::workflow::{PostResetOperation, WorkflowExecutionOptions};
use perpetua_proto::workflowservice::{ResetWorkflowExecutionRequest, ResetWorkflowExecutionResponse};

use super::versioning_override::in_newer_form;
use super::{check_execution, check_id};
use crate::World;
use crate::refusal::{Answer, Refusal};
use crate::run::{Again, History, Run, options};
use crate::world::RunNumber;

/// Who ends the run that a new one takes the place of.
const RESETTER: &str = "history-resetter";

impl World {
    /// Makes a run of the beginning of another, which ends if it is open; so does any other that has the workflow id.
    ///
    /// # Errors
    /// When the request is wrong, the workflow is not there, or no run can begin at this event.
    pub fn reset_workflow(&mut self, request: ResetWorkflowExecutionRequest) -> Answer<ResetWorkflowExecutionResponse> {
        self.namespaces.check(&request.namespace)?;
        check_execution(request.workflow_execution.as_ref())?;
        check_id("RequestId", &request.request_id)?;
        let base = self.find(&request.namespace, request.workflow_execution.as_ref())?;
        let operations = operations(&request.post_reset_operations)?;
        let run_id = self.cx().uuid();
        let number = self.next_number();
        let new = self.made_of(base, number, run_id.clone(), request.workflow_task_finish_event_id)?;
        let copied = new.history.len();
        let namespace = new.state.namespace.clone();
        self.end_for_reset(base, &new, &request.reason);
        self.add(new);
        let again = again(&request);
        let later = self.run(base).map(|run| run.history.page(copied, run.history.len())).unwrap_or_default();
        let following = self.following(&namespace, base);
        let base_run = self.run(base).map(|run| run.state.run_id.clone()).unwrap_or_default();
        self.with(number, |run, cx| {
            run.fail_task_by_reset(cx, &base_run, &request.reason);
            run.receive_again(cx.now, &later, again, true);
            for events in &following {
                run.receive_again(cx.now, events, again, false);
            }
            for (asked, paths) in &operations {
                // They were merged before, into nothing.
                if let Ok(merged) = options::merge(run.options(), asked, paths) {
                    run.change_options(cx, merged, "");
                }
            }
            run.schedule_task(cx);
            run.offer_activities(cx);
            run.restart_operations(cx);
        });
        self.settle();
        Ok(ResetWorkflowExecutionResponse { run_id })
    }

    /// The new run as far as it is that of the base, which a worker was about to go on with.
    fn made_of(&self, base: RunNumber, number: RunNumber, run_id: String, finish: i64) -> Answer<Run> {
        let base = self.run(base).ok_or_else(|| Refusal::not_found("workflow execution not found"))?;
        let length = usize::try_from(finish - 1).ok().filter(|length| *length > 0 && *length < base.history.len());
        let Some(length) = length else {
            return Err(Refusal::invalid("Workflow task finish ID must be > 1 && <= workflow last event ID."));
        };
        let history: History = base.history.prefix(length).ok_or_else(|| {
            Refusal::invalid(format!(
                "StateRebuilder unable to Rebuild mutable state to event ID: {length}, version: 0, this event must be \
                 at the boundary"
            ))
        })?;
        let run = Run::of_events(base, history, number, run_id, self.now);
        if run.state.task.is_none() {
            return Err(Refusal::invalid(format!(
                "Can only reset workflow to event ID in range [WorkflowTaskScheduled +1, WorkflowTaskStarted + 1]: {finish}"
            )));
        }
        Ok(run)
    }

    /// Ends whoever has the workflow id, and says of the base and of that one what has become of them.
    fn end_for_reset(&mut self, base: RunNumber, new: &Run, reason: &str) {
        let current = self.current(&new.state.namespace, &new.state.workflow_id);
        let current = current.filter(|run| run.is_open()).map(|run| run.number);
        for number in [Some(base), current.filter(|current| *current != base)].into_iter().flatten() {
            self.with(number, |run, cx| {
                run.state.reset_run.clone_from(&new.state.run_id);
                if run.is_open() {
                    run.terminate(cx, reason, None, RESETTER);
                }
            });
        }
    }

    /// The events of the runs that the base continued as.
    fn following(&self, namespace: &str, base: RunNumber) -> Vec<Vec<HistoryEvent>> {
        let mut events = Vec::new();
        let mut last = self.run(base);
        while let Some(run) = last.filter(|run| run.state.status() == WorkflowExecutionStatus::ContinuedAsNew) {
            last = self.run_of_id(namespace, &run.state.next_run).filter(|next| next.number > run.number);
            events.extend(last.map(|run| run.history.iter().collect()));
        }
        events
    }
}

/// What the new run gets again.
fn again(request: &ResetWorkflowExecutionRequest) -> Again {
    let excludes = |kind: Exclude| request.reset_reapply_exclude_types.contains(&kind.into());
    let (signals, rest) = match request.reset_reapply_type() {
        ResetReapplyType::None => (false, false),
        ResetReapplyType::Signal => (true, false),
        ResetReapplyType::Unspecified | ResetReapplyType::AllEligible => (true, true),
    };
    Again {
        signals: signals && !excludes(Exclude::Signal),
        updates: rest && !excludes(Exclude::Update),
        operations: rest && !excludes(Exclude::Nexus),
    }
}

/// The options to be changed, and which of them.
fn operations(asked: &[PostResetOperation]) -> Answer<Vec<(WorkflowExecutionOptions, Vec<String>)>> {
    let operation = |operation: &PostResetOperation| match &operation.variant {
        Some(Variant::UpdateWorkflowOptions(it)) => {
            let mut asked = it.workflow_execution_options.clone().unwrap_or_default();
            let paths = it.update_mask.clone().map(|mask| mask.paths).unwrap_or_default();
            asked.versioning_override = in_newer_form(asked.versioning_override)?;
            options::merge(WorkflowExecutionOptions::default(), &asked, &paths)?;
            Ok((asked, paths))
        }
        Some(Variant::SignalWorkflow(_)) => {
            Err(Refusal::invalid("unsupported post reset operation: *workflow.PostResetOperation_SignalWorkflow_"))
        }
        None => Err(Refusal::invalid("unsupported post reset operation: <nil>")),
    };
    asked.iter().map(operation).collect()
}
