//! How a run ends, and what follows: a next run of the chain, news for its parent, the end of its children.

use std::time::Duration;

use perpetua_proto::command::ContinueAsNewWorkflowExecutionCommandAttributes;
use perpetua_proto::common::{Payloads, WorkflowType};
use perpetua_proto::enums::{
    ContinueAsNewInitiator, EventType, RetryState, TimeoutType, WorkflowExecutionStatus, WorkflowTaskFailedCause,
};
use perpetua_proto::failure::failure::FailureInfo;
use perpetua_proto::failure::{Failure, TimeoutFailureInfo};
use perpetua_proto::history::history_event::Attributes;
use perpetua_proto::history::{
    WorkflowExecutionCanceledEventAttributes, WorkflowExecutionCompletedEventAttributes,
    WorkflowExecutionContinuedAsNewEventAttributes, WorkflowExecutionFailedEventAttributes,
    WorkflowExecutionTerminatedEventAttributes, WorkflowExecutionTimedOutEventAttributes,
};
use perpetua_proto::taskqueue::TaskQueue;

use super::versioning::is_pinned;
use super::versioning_notes::OWN;
use super::{Run, Start, event};
use crate::limits;
use crate::retry;
use crate::time::{self, Time, stored};
use crate::world::{ChildNews, Cx, Transfer};

/// How a run ends.
#[derive(Clone, Debug)]
pub(crate) enum Ending {
    Completed(Option<Payloads>),
    Failed(Box<Failure>),
    Canceled(Option<Payloads>),
    TimedOut,
    Terminated { reason: String, details: Option<Payloads>, identity: String },
    ContinuedAsNew(Box<ContinueAsNewWorkflowExecutionCommandAttributes>),
}

/// An end, and the completed task that asked for it; 0 for none.
#[derive(Clone, Debug)]
pub(crate) struct Closing {
    pub(crate) ending: Ending,
    pub(crate) completed: i64,
}

/// What the next run of a chain begins with, beside what it inherits.
struct Next {
    initiator: ContinueAsNewInitiator,
    attempt: i32,
    backoff: Duration,
    failure: Option<Failure>,
    last_result: Option<Payloads>,
}

impl Run {
    /// Ends the run.
    pub(crate) fn close(&mut self, cx: &mut Cx<'_>, closing: Closing) {
        let Closing { ending, completed } = closing;
        let (next, retry_state) = self.next_of(cx, &ending);
        let next_run = if next.is_some() { cx.uuid() } else { String::new() };
        let start = next.map(|next| self.start_next(cx, &ending, next, next_run.clone()));
        let news = ending.news(self.workflow_type(), retry_state);
        let (kind, status, attributes) =
            ending.in_history(completed, next_run.clone(), retry_state, start.as_ref(), self.task_queue());
        self.append(event(kind, cx.now, attributes));
        self.state.set_status(status);
        self.state.close_time = cx.now.nanos();
        self.state.next_run = next_run;
        let children = std::mem::take(&mut self.state.children);
        self.tell_workers(cx, |_| true);
        self.state.clear_pending();
        match start {
            Some(start) => {
                self.fail_accepted_updates(cx);
                self.call_back_for_updates(cx, None);
                let admitted = std::mem::take(&mut self.live.admitted);
                let waiters = std::mem::take(&mut self.live.update_waiters);
                let fast_forward_waiters = self.leave_fast_forward_waiters(&start.attributes);
                cx.transfer(Transfer::NextRun {
                    start: Box::new(start),
                    admitted,
                    waiters,
                    fast_forward_waiters,
                    from: self.number,
                });
            }
            // Another run has been made of this one: whoever waits for the end waits for that of the other.
            None if !self.state.reset_run.is_empty() => self.abort_updates(cx),
            None => {
                self.abort_updates(cx);
                let first_run = &self.started().first_execution_run_id;
                if cx.is_watched(first_run) {
                    cx.transfer(Transfer::ChainEnded { first_run: first_run.clone(), news: news.clone() });
                }
                self.tell_parent(cx, news);
                if !self.state.callbacks.is_empty() {
                    cx.transfer(Transfer::Callbacks { from: self.number });
                }
                for initiated in children.keys() {
                    cx.transfer(Transfer::ParentClosed { parent: self.number, initiated: *initiated });
                }
            }
        }
        self.send_left_queries(cx);
    }

    /// Ends the run from outside, whatever a worker is doing.
    pub(crate) fn terminate(&mut self, cx: &mut Cx<'_>, reason: &str, details: Option<Payloads>, identity: &str) {
        self.interrupt(cx);
        let ending = Ending::Terminated { reason: reason.to_owned(), details, identity: identity.to_owned() };
        self.close(cx, Closing { ending, completed: 0 });
    }

    /// The run, or the whole chain, took too long.
    pub(crate) fn time_out(&mut self, cx: &mut Cx<'_>) {
        self.interrupt(cx);
        self.close(cx, Closing { ending: Ending::TimedOut, completed: 0 });
    }

    /// Takes the task away from the worker that has it, and stores what was held back.
    fn interrupt(&mut self, cx: &mut Cx<'_>) {
        if let Some(task) = self.take_started_task() {
            let attributes = perpetua_proto::history::WorkflowTaskFailedEventAttributes {
                scheduled_event_id: task.scheduled,
                started_event_id: task.started,
                cause: WorkflowTaskFailedCause::ForceCloseCommand.into(),
                identity: limits::HISTORY_SERVICE.to_owned(),
                ..Default::default()
            };
            let attributes = Attributes::WorkflowTaskFailedEventAttributes(Box::new(attributes));
            self.append(event(EventType::WorkflowTaskFailed, cx.now, attributes));
        }
        self.state.task = None;
        self.flush();
    }

    fn tell_parent(&self, cx: &mut Cx<'_>, news: ChildNews) {
        let started = self.started();
        let Some(parent) = &started.parent_workflow_execution else { return };
        cx.transfer(Transfer::ChildClosed {
            namespace: started.parent_workflow_namespace.clone(),
            parent: parent.clone(),
            initiated: started.parent_initiated_event_id,
            child: self.state.workflow_id.clone(),
            first_run: started.first_execution_run_id.clone(),
            last_run: self.state.run_id.clone(),
            news,
        });
    }

    /// Whether another run follows, and what becomes of a failure.
    fn next_of(&self, cx: &Cx<'_>, ending: &Ending) -> (Option<Next>, RetryState) {
        let started = self.started();
        let cron = |failure: Option<Failure>, last_result: Option<Payloads>| {
            let schedule = (!started.cron_schedule.is_empty()).then_some(started.cron_schedule.as_str())?;
            let due = crate::cron::next(schedule, Time::from_nanos(self.state.execution_time), cx.now)?;
            if stored(self.state.execution_deadline).is_some_and(|deadline| due > deadline) {
                return None;
            }
            let backoff = time::whole_seconds(due.since(cx.now));
            Some(Next { initiator: ContinueAsNewInitiator::CronSchedule, attempt: 1, backoff, failure, last_result })
        };
        match ending {
            Ending::ContinuedAsNew(asked) => {
                let next = Next {
                    initiator: match asked.initiator() {
                        ContinueAsNewInitiator::Unspecified => ContinueAsNewInitiator::Workflow,
                        initiator => initiator,
                    },
                    attempt: 1,
                    backoff: self.wait_of_next(cx, asked),
                    failure: asked.failure.clone(),
                    last_result: asked.last_completion_result.clone(),
                };
                (Some(next), RetryState::Unspecified)
            }
            Ending::Completed(result) => (cron(None, result.clone()), RetryState::Unspecified),
            Ending::Failed(_) | Ending::TimedOut => {
                let failure = match ending {
                    Ending::Failed(failure) => (**failure).clone(),
                    _ => timed_out(),
                };
                let last_result = started.last_completion_result.clone();
                let chain_over = stored(self.state.execution_deadline).is_some_and(|deadline| deadline <= cx.now);
                let retried = match &started.retry_policy {
                    _ if chain_over => Err(RetryState::Timeout),
                    None => Err(RetryState::RetryPolicyNotSet),
                    Some(policy) => {
                        let deadline = stored(self.state.execution_deadline);
                        retry::next(policy, started.attempt.max(1), &failure, cx.now, deadline)
                    }
                };
                match retried {
                    Ok(retry) => {
                        let next = Next {
                            initiator: ContinueAsNewInitiator::Retry,
                            attempt: started.attempt.max(1) + 1,
                            backoff: retry.after,
                            failure: Some(failure),
                            last_result,
                        };
                        (Some(next), RetryState::InProgress)
                    }
                    Err(retry_state) if !chain_over => match cron(Some(failure), last_result) {
                        Some(next) => (Some(next), RetryState::InProgress),
                        None => (None, retry_state),
                    },
                    Err(retry_state) => (None, retry_state),
                }
            }
            Ending::Canceled(_) | Ending::Terminated { .. } => (None, RetryState::Unspecified),
        }
    }

    /// How long the next run waits that the workflow itself has asked for: runs that do nothing but continue as new follow
    /// each other no faster than the real server lets them.
    fn wait_of_next(&self, cx: &Cx<'_>, asked: &ContinueAsNewWorkflowExecutionCommandAttributes) -> Duration {
        let wanted = time::duration(asked.backoff_start_interval.as_ref()).unwrap_or_default();
        wanted.max(cx.settings.continue_as_new_interval.saturating_sub(cx.now.since(self.start_time())))
    }

    /// The next run of the chain.
    fn start_next(&self, cx: &mut Cx<'_>, ending: &Ending, next: Next, run_id: String) -> Start {
        let Next { initiator, attempt, backoff, failure, last_result } = next;
        let mut attributes = self.started().clone();
        attributes.continued_execution_run_id = self.state.run_id.clone();
        attributes.original_execution_run_id = run_id.clone();
        attributes.initiator = initiator.into();
        attributes.attempt = attempt;
        attributes.continued_failure = failure;
        attributes.last_completion_result = last_result;
        attributes.first_workflow_task_backoff = Some(time::to_wire(backoff));
        attributes.identity.clear();
        attributes.prev_auto_reset_points = Some(self.reset_points_of_heir(cx));
        attributes.priority.clone_from(&self.state.priority);
        attributes.versioning_override = self.state.versioning_override.clone().filter(is_pinned);
        attributes.eager_execution_accepted = false;
        (attributes.time_skipping_config, attributes.time_skipping_state_propagation) = self.skipping_of_heir(false);
        let of_chain = self.state.callbacks.iter().filter(|it| it.update_id.is_empty());
        attributes.completion_callbacks = of_chain.map(|it| it.callback.clone()).collect();
        if let Ending::ContinuedAsNew(asked) = ending {
            inherit(&mut attributes, asked);
            let initial = asked.initial_versioning_behavior;
            self.bequeath(cx.deployments, &mut attributes, &self.state.namespace, initial);
            if attributes.inherited_pinned_version.is_some() {
                attributes.declined_target_version_upgrade = self.declined(cx);
            }
        }
        if let Some(own) = &mut attributes.search_attributes {
            own.indexed_fields.retain(|name, _| !OWN.contains(&name.as_str()));
        }
        attributes.search_attributes.take_if(|own| own.indexed_fields.is_empty());
        let links = self.history.get(1).map(|event| event.links.clone()).unwrap_or_default();
        let (namespace, request_id) = (self.state.namespace.clone(), cx.uuid());
        // What was said of one run in words is not said of the next.
        Start { namespace, run_id, request_id, attributes, metadata: None, links }
    }
}

/// What a run that is continued as new is asked to be, over what it inherits.
fn inherit(
    attributes: &mut perpetua_proto::history::WorkflowExecutionStartedEventAttributes,
    asked: &ContinueAsNewWorkflowExecutionCommandAttributes,
) {
    if let Some(kind) = asked.workflow_type.as_ref().filter(|kind| !kind.name.is_empty()) {
        attributes.workflow_type = Some(WorkflowType { name: kind.name.clone() });
    }
    if let Some(queue) = asked.task_queue.as_ref().filter(|queue| !queue.name.is_empty()) {
        attributes.task_queue = Some(TaskQueue { kind: 1, ..queue.clone() });
    }
    attributes.input = asked.input.clone();
    attributes.header = asked.header.clone();
    if time::duration(asked.workflow_run_timeout.as_ref()).is_some() {
        attributes.workflow_run_timeout = asked.workflow_run_timeout;
    }
    if time::duration(asked.workflow_task_timeout.as_ref()).is_some() {
        attributes.workflow_task_timeout = asked.workflow_task_timeout;
    }
    attributes.retry_policy.clone_from(&asked.retry_policy);
    if !asked.cron_schedule.is_empty() {
        attributes.cron_schedule = asked.cron_schedule.clone();
    }
    attributes.memo.clone_from(&asked.memo);
    attributes.search_attributes.clone_from(&asked.search_attributes);
}

impl Ending {
    fn news(&self, workflow_type: &str, retry_state: RetryState) -> ChildNews {
        let workflow_type = workflow_type.to_owned();
        match self {
            Self::Completed(result) => ChildNews::Completed { workflow_type, result: result.clone() },
            Self::Failed(failure) => ChildNews::Failed { workflow_type, failure: failure.clone(), retry_state },
            Self::Canceled(details) => ChildNews::Canceled { workflow_type, details: details.clone() },
            Self::TimedOut => ChildNews::TimedOut { workflow_type, retry_state },
            Self::Terminated { .. } | Self::ContinuedAsNew(_) => ChildNews::Terminated { workflow_type },
        }
    }

    fn in_history(
        self,
        completed: i64,
        next_run: String,
        retry_state: RetryState,
        start: Option<&Start>,
        task_queue: &str,
    ) -> (EventType, WorkflowExecutionStatus, Attributes) {
        use Attributes as A;
        use WorkflowExecutionStatus as S;
        match self {
            Self::Completed(result) => {
                let attributes = WorkflowExecutionCompletedEventAttributes {
                    result,
                    workflow_task_completed_event_id: completed,
                    new_execution_run_id: next_run,
                };
                let attributes = A::WorkflowExecutionCompletedEventAttributes(Box::new(attributes));
                (EventType::WorkflowExecutionCompleted, S::Completed, attributes)
            }
            Self::Failed(failure) => {
                let attributes = WorkflowExecutionFailedEventAttributes {
                    failure: Some(*failure),
                    retry_state: retry_state.into(),
                    workflow_task_completed_event_id: completed,
                    new_execution_run_id: next_run,
                };
                let attributes = A::WorkflowExecutionFailedEventAttributes(Box::new(attributes));
                (EventType::WorkflowExecutionFailed, S::Failed, attributes)
            }
            Self::Canceled(details) => {
                let attributes =
                    WorkflowExecutionCanceledEventAttributes { workflow_task_completed_event_id: completed, details };
                let attributes = A::WorkflowExecutionCanceledEventAttributes(Box::new(attributes));
                (EventType::WorkflowExecutionCanceled, S::Canceled, attributes)
            }
            Self::TimedOut => {
                let attributes = WorkflowExecutionTimedOutEventAttributes {
                    retry_state: retry_state.into(),
                    new_execution_run_id: next_run,
                };
                let attributes = A::WorkflowExecutionTimedOutEventAttributes(Box::new(attributes));
                (EventType::WorkflowExecutionTimedOut, S::TimedOut, attributes)
            }
            Self::Terminated { reason, details, identity } => {
                let attributes = WorkflowExecutionTerminatedEventAttributes { reason, details, identity };
                let attributes = A::WorkflowExecutionTerminatedEventAttributes(Box::new(attributes));
                (EventType::WorkflowExecutionTerminated, S::Terminated, attributes)
            }
            Self::ContinuedAsNew(asked) => {
                let attributes = continued(*asked, completed, next_run, start, task_queue);
                let attributes = A::WorkflowExecutionContinuedAsNewEventAttributes(Box::new(attributes));
                (EventType::WorkflowExecutionContinuedAsNew, S::ContinuedAsNew, attributes)
            }
        }
    }
}

fn continued(
    asked: ContinueAsNewWorkflowExecutionCommandAttributes,
    completed: i64,
    next_run: String,
    start: Option<&Start>,
    task_queue: &str,
) -> WorkflowExecutionContinuedAsNewEventAttributes {
    let started = start.map(|start| start.attributes.clone()).unwrap_or_default();
    WorkflowExecutionContinuedAsNewEventAttributes {
        new_execution_run_id: next_run,
        workflow_type: started.workflow_type,
        task_queue: started
            .task_queue
            .or_else(|| Some(TaskQueue { name: task_queue.to_owned(), kind: 1, ..TaskQueue::default() })),
        input: asked.input,
        workflow_run_timeout: started.workflow_run_timeout,
        workflow_task_timeout: started.workflow_task_timeout,
        workflow_task_completed_event_id: completed,
        backoff_start_interval: asked.backoff_start_interval,
        initiator: asked.initiator,
        last_completion_result: asked.last_completion_result,
        header: asked.header,
        memo: started.memo,
        search_attributes: started.search_attributes,
        initial_versioning_behavior: asked.initial_versioning_behavior,
        ..WorkflowExecutionContinuedAsNewEventAttributes::default()
    }
}

fn timed_out() -> Failure {
    Failure {
        message: "workflow timeout".to_owned(),
        source: "Server".to_owned(),
        failure_info: Some(FailureInfo::TimeoutFailureInfo(TimeoutFailureInfo {
            timeout_type: TimeoutType::StartToClose.into(),
            last_heartbeat_details: None,
        })),
        ..Failure::default()
    }
}
