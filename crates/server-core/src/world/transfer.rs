//! Messages between runs: to children, to parents, to others, to the next run of a chain.

use std::collections::BTreeMap;

use perpetua_proto::common::{Payloads, WorkflowExecution, WorkflowType};
use perpetua_proto::enums::{
    CancelExternalWorkflowExecutionFailedCause as CancelFailed, EventType, ParentClosePolicy, RetryState,
    SignalExternalWorkflowExecutionFailedCause as SignalFailed, StartChildWorkflowExecutionFailedCause as StartFailed,
    WorkflowIdReusePolicy,
};
use perpetua_proto::failure::Failure;
use perpetua_proto::history::history_event::Attributes;
use perpetua_proto::history::{
    ChildWorkflowExecutionCanceledEventAttributes, ChildWorkflowExecutionCompletedEventAttributes,
    ChildWorkflowExecutionFailedEventAttributes, ChildWorkflowExecutionStartedEventAttributes,
    ChildWorkflowExecutionTerminatedEventAttributes, ChildWorkflowExecutionTimedOutEventAttributes,
    ExternalWorkflowExecutionCancelRequestedEventAttributes, ExternalWorkflowExecutionSignaledEventAttributes,
    RequestCancelExternalWorkflowExecutionFailedEventAttributes,
    RequestCancelExternalWorkflowExecutionInitiatedEventAttributes,
    SignalExternalWorkflowExecutionFailedEventAttributes, SignalExternalWorkflowExecutionInitiatedEventAttributes,
    StartChildWorkflowExecutionFailedEventAttributes, StartChildWorkflowExecutionInitiatedEventAttributes,
    WorkflowExecutionCancelRequestedEventAttributes, WorkflowExecutionSignaledEventAttributes,
    WorkflowExecutionStartedEventAttributes,
};

use perpetua_proto::workflow::VersioningOverride;

use super::{RunNumber, Waiting, World};
use crate::Answer;
use crate::commands::or_own;
use crate::limits;
use crate::nexus::{Errand, NexusAnswer};
use crate::priority;
use crate::requests::start::first_backoff;
use crate::requests::versioning_override::in_newer_form;
use crate::run::skipping::FastForwardWaiter;
use crate::run::update::{Admitted, UpdateWaiter};
use crate::run::{Run, Start};
use crate::time;

/// A message between runs. It arrives in the step that sent it.
#[derive(Clone, Debug)]
pub(crate) enum Transfer {
    StartChild {
        parent: RunNumber,
        initiated: i64,
    },
    SignalExternal {
        from: RunNumber,
        initiated: i64,
    },
    CancelExternal {
        from: RunNumber,
        initiated: i64,
    },
    ChildClosed {
        namespace: String,
        parent: WorkflowExecution,
        initiated: i64,
        child: String,
        first_run: String,
        last_run: String,
        news: ChildNews,
    },
    /// A chain of runs that somebody watches has ended.
    ChainEnded {
        first_run: String,
        news: ChildNews,
    },
    ParentClosed {
        parent: RunNumber,
        initiated: i64,
    },
    NextRun {
        start: Box<Start>,
        admitted: Vec<Admitted>,
        waiters: BTreeMap<String, Vec<UpdateWaiter>>,
        fast_forward_waiters: Vec<FastForwardWaiter>,
        from: RunNumber,
    },
    /// A Nexus request for which there is nobody.
    Unreachable {
        errand: Errand,
        failure: Box<Failure>,
    },
    /// A Nexus request that the server itself answers.
    System {
        errand: Errand,
    },
    /// A run or an update has ended, and others want to know.
    Callbacks {
        from: RunNumber,
    },
}

/// How a child ended.
#[derive(Clone, Debug)]
pub(crate) enum ChildNews {
    Completed { workflow_type: String, result: Option<Payloads> },
    Failed { workflow_type: String, failure: Box<Failure>, retry_state: RetryState },
    Canceled { workflow_type: String, details: Option<Payloads> },
    TimedOut { workflow_type: String, retry_state: RetryState },
    Terminated { workflow_type: String },
}

/// A child that has ended.
struct Ended {
    namespace: String,
    namespace_id: String,
    /// Its last run.
    execution: WorkflowExecution,
}

impl World {
    pub(super) fn deliver(&mut self, transfer: Transfer) {
        match transfer {
            Transfer::StartChild { parent, initiated } => self.start_child(parent, initiated),
            Transfer::SignalExternal { from, initiated } => self.signal_external(from, initiated),
            Transfer::CancelExternal { from, initiated } => self.cancel_external(from, initiated),
            Transfer::ChildClosed { namespace, parent, initiated, child, first_run, last_run, news } => {
                let Some(number) = self.made_of_parent(&namespace, &parent.run_id) else { return };
                let execution = WorkflowExecution { workflow_id: child, run_id: last_run };
                self.with(number, |run, cx| {
                    let Some(state) = run.state.children.get(&initiated) else { return };
                    if !run.is_open() || state.run_id != first_run {
                        return;
                    }
                    let started = state.started.max(0);
                    let asked = initiated_child(run, initiated).cloned().unwrap_or_default();
                    let child = Ended { namespace: asked.namespace, namespace_id: asked.namespace_id, execution };
                    run.state.children.remove(&initiated);
                    let (kind, attributes) = news.in_history(child, initiated, started);
                    run.receive(cx, kind, attributes);
                });
            }
            Transfer::ChainEnded { first_run, news } => self.chain_ended(&first_run, news),
            Transfer::Unreachable { errand, failure } => self.answer_errand(errand, NexusAnswer::Refused(failure)),
            Transfer::System { errand } => self.do_system_operation(errand),
            Transfer::Callbacks { from } => self.deliver_callbacks(from),
            Transfer::ParentClosed { parent, initiated } => self.close_child(parent, initiated),
            Transfer::NextRun { start, admitted, waiters, fast_forward_waiters, from } => {
                let (namespace, child) = (start.namespace.clone(), start.attributes.workflow_id.clone());
                let number = self.deliver_next(*start, admitted, waiters);
                self.go_on_waiting(number, fast_forward_waiters);
                debug_assert!(self.run(from).is_none_or(|run| !run.is_open()), "{namespace}/{child} goes on");
            }
        }
    }

    /// The run that a child answers to: its parent, or the run that was made of it since.
    fn made_of_parent(&self, namespace: &str, run_id: &str) -> Option<RunNumber> {
        let mut run = self.run_of_id(namespace, run_id)?;
        while !run.is_open() {
            let newer = self.run_of_id(namespace, &run.state.reset_run)?;
            run = if newer.number > run.number { newer } else { return None };
        }
        Some(run.number)
    }

    fn deliver_next(
        &mut self,
        start: Start,
        admitted: Vec<Admitted>,
        waiters: BTreeMap<String, Vec<UpdateWaiter>>,
    ) -> RunNumber {
        let number = self.next_number();
        let mut run = Run::begin(&self.cx(), number, start);
        run.live.admitted = admitted;
        for (id, waiter) in waiters.iter().flat_map(|(id, waiters)| waiters.iter().map(move |waiter| (id, waiter))) {
            self.calls.insert(waiter.call, Waiting::Update(number, id.clone()));
        }
        run.live.update_waiters = waiters;
        run.resend_updates();
        self.add(run);
        self.with(number, |run, cx| run.wake(cx));
        number
    }

    /// Lets those who wait for a fast-forward wait for the run in which it goes on.
    fn go_on_waiting(&mut self, number: RunNumber, waiters: Vec<FastForwardWaiter>) {
        for waiter in &waiters {
            self.calls.insert(waiter.call, Waiting::FastForward(number));
        }
        self.attend(number, |run, _| run.live.fast_forward_waiters.extend(waiters));
    }

    fn start_child(&mut self, parent: RunNumber, initiated: i64) {
        let Some(run) = self.run(parent).filter(|run| run.state.children.contains_key(&initiated)) else { return };
        let Some(asked) = initiated_child(run, initiated).cloned() else { return };
        let now = self.now.plus(run.ahead());
        let (own_namespace, parent_execution, root) =
            (run.state.namespace.clone(), run.execution(), run.started().root_workflow_execution.clone());
        let parent_priority = run.state.priority.clone();
        if self.namespaces.check(&asked.namespace).is_err() {
            return self.child_not_started(parent, initiated, &asked, StartFailed::NamespaceNotFound);
        }
        let current = self.current(&asked.namespace, &asked.workflow_id).filter(|run| run.is_open());
        let replaced =
            current.filter(|_| asked.workflow_id_reuse_policy() == WorkflowIdReusePolicy::TerminateIfRunning);
        if let Some(number) = replaced.map(|run| run.number) {
            self.make_room(number, "");
        }
        if self.child_id_is_taken(&asked) {
            return self.child_not_started(parent, initiated, &asked, StartFailed::WorkflowAlreadyExists);
        }
        let Ok(versioning_override) = self.override_of_child(&asked) else {
            return self.child_not_started(parent, initiated, &asked, StartFailed::InvalidVersioningOverride);
        };
        let run_id = self.cx().uuid();
        let request_id = format!("{}:{initiated}:0", parent_execution.run_id);
        let metadata = run_metadata(self.run(parent), initiated);
        let mut attributes = WorkflowExecutionStartedEventAttributes {
            workflow_type: asked.workflow_type.clone(),
            parent_workflow_namespace_id: self.cx().namespace_id(&own_namespace),
            parent_workflow_namespace: own_namespace,
            parent_workflow_execution: Some(parent_execution.clone()),
            parent_initiated_event_id: initiated,
            task_queue: asked.task_queue.clone(),
            input: asked.input.clone(),
            workflow_execution_timeout: asked.workflow_execution_timeout,
            workflow_run_timeout: asked.workflow_run_timeout,
            workflow_task_timeout: asked.workflow_task_timeout,
            workflow_id: asked.workflow_id.clone(),
            original_execution_run_id: run_id.clone(),
            first_execution_run_id: run_id.clone(),
            retry_policy: asked.retry_policy.clone(),
            attempt: 1,
            cron_schedule: asked.cron_schedule.clone(),
            first_workflow_task_backoff: Some(first_backoff(&asked.cron_schedule, now)),
            memo: asked.memo.clone(),
            search_attributes: asked.search_attributes.clone(),
            header: asked.header.clone(),
            root_workflow_execution: root.or(Some(parent_execution)),
            priority: priority::of_child(asked.priority.clone(), parent_priority.as_ref()),
            workflow_execution_expiration_time: time::duration(asked.workflow_execution_timeout.as_ref())
                .map(|limit| now.plus(limit).to_wire()),
            time_skipping_config: asked.time_skipping_config.clone(),
            time_skipping_state_propagation: asked.time_skipping_state_propagation,
            ..WorkflowExecutionStartedEventAttributes::default()
        };
        if let Some(parent) = self.run(parent) {
            parent.bequeath(&self.deployments, &mut attributes, &asked.namespace, 0);
        }
        // What is said of the child itself counts more than what it inherits.
        if versioning_override.is_some() {
            attributes.versioning_override = versioning_override;
        }
        let start = Start {
            namespace: asked.namespace.clone(),
            run_id: run_id.clone(),
            request_id,
            attributes,
            metadata,
            links: Vec::new(),
        };
        let number = self.next_number();
        let child = Run::begin(&self.cx(), number, start);
        self.add(child);
        // The child's first task comes after the parent's history says that it runs.
        self.with(parent, |run, cx| {
            if let Some(state) = run.state.children.get_mut(&initiated) {
                state.run_id = run_id.clone();
                state.started = -1;
            }
            let attributes = ChildWorkflowExecutionStartedEventAttributes {
                namespace: asked.namespace.clone(),
                namespace_id: asked.namespace_id.clone(),
                initiated_event_id: initiated,
                workflow_execution: Some(WorkflowExecution { workflow_id: asked.workflow_id.clone(), run_id }),
                workflow_type: asked.workflow_type.clone(),
                header: asked.header.clone(),
            };
            let attributes = Attributes::ChildWorkflowExecutionStartedEventAttributes(Box::new(attributes));
            run.receive(cx, EventType::ChildWorkflowExecutionStarted, attributes);
        });
        self.with(number, |run, cx| run.wake(cx));
    }

    /// The version that a child is bound to from outside, if it is one that is there.
    fn override_of_child(
        &self,
        asked: &StartChildWorkflowExecutionInitiatedEventAttributes,
    ) -> Answer<Option<VersioningOverride>> {
        let queue = asked.task_queue.as_ref().map_or("", |queue| &queue.name);
        let given = in_newer_form(asked.versioning_override.clone())?;
        self.check_override(&asked.namespace, queue, given.as_ref())?;
        Ok(given)
    }

    fn child_id_is_taken(&self, asked: &StartChildWorkflowExecutionInitiatedEventAttributes) -> bool {
        let Some(current) = self.current(&asked.namespace, &asked.workflow_id) else { return false };
        if current.is_open() {
            return true;
        }
        match asked.workflow_id_reuse_policy() {
            WorkflowIdReusePolicy::RejectDuplicate => true,
            WorkflowIdReusePolicy::AllowDuplicateFailedOnly => !crate::requests::start::ended_badly(current),
            _ => false,
        }
    }

    fn child_not_started(
        &mut self,
        parent: RunNumber,
        initiated: i64,
        asked: &StartChildWorkflowExecutionInitiatedEventAttributes,
        cause: StartFailed,
    ) {
        self.with(parent, |run, cx| {
            run.state.children.remove(&initiated);
            let attributes = StartChildWorkflowExecutionFailedEventAttributes {
                namespace: asked.namespace.clone(),
                namespace_id: asked.namespace_id.clone(),
                workflow_id: asked.workflow_id.clone(),
                workflow_type: asked.workflow_type.clone(),
                cause: cause.into(),
                control: asked.control.clone(),
                initiated_event_id: initiated,
                ..StartChildWorkflowExecutionFailedEventAttributes::default()
            };
            let attributes = Attributes::StartChildWorkflowExecutionFailedEventAttributes(Box::new(attributes));
            run.receive(cx, EventType::StartChildWorkflowExecutionFailed, attributes);
        });
    }

    /// The run that a message is for, if it is open.
    fn addressee(&self, namespace: &str, execution: &WorkflowExecution, from: RunNumber) -> Option<RunNumber> {
        let number = self.find(namespace, Some(execution)).ok()?;
        self.run(number).filter(|run| run.is_open() && run.number != from).map(|run| run.number)
    }

    /// Whether the run is a child of the other.
    fn is_child(&self, number: RunNumber, parent: RunNumber) -> bool {
        let (Some(run), Some(parent)) = (self.run(number), self.run(parent)) else { return false };
        run.started().parent_workflow_execution.as_ref() == Some(&parent.execution())
    }

    fn signal_external(&mut self, from: RunNumber, initiated: i64) {
        let Some(run) = self.run(from).filter(|run| run.state.externals.contains_key(&initiated)) else { return };
        let Some(asked) = initiated_signal(run, initiated).cloned() else { return };
        let sender = run.execution();
        let execution = asked.workflow_execution.clone().unwrap_or_default();
        let namespace = or_own(run, &asked.namespace).to_owned();
        let namespace_id = self.cx().namespace_id(&namespace);
        let addressee = self.addressee(&namespace, &execution, from);
        let cause = if self.namespaces.check(&namespace).is_err() {
            Some(SignalFailed::NamespaceNotFound)
        } else if addressee.is_none_or(|to| asked.child_workflow_only && !self.is_child(to, from)) {
            Some(SignalFailed::ExternalWorkflowExecutionNotFound)
        } else if addressee.and_then(|to| self.run(to)).is_some_and(|to| to.state.signals >= self.settings.signals) {
            Some(SignalFailed::SignalCountLimitExceeded)
        } else {
            None
        };
        if let (None, Some(to)) = (cause, addressee) {
            let attributes = WorkflowExecutionSignaledEventAttributes {
                request_id: self.cx().uuid(),
                signal_name: asked.signal_name.clone(),
                input: asked.input.clone(),
                identity: limits::HISTORY_SERVICE.to_owned(),
                header: asked.header.clone(),
                external_workflow_execution: Some(sender),
                ..WorkflowExecutionSignaledEventAttributes::default()
            };
            self.with(to, |run, cx| run.signal(cx, attributes, Vec::new()));
        }
        self.with(from, |run, cx| {
            run.state.externals.remove(&initiated);
            let (kind, attributes) = match cause {
                None => {
                    let attributes = ExternalWorkflowExecutionSignaledEventAttributes {
                        initiated_event_id: initiated,
                        namespace: namespace.clone(),
                        namespace_id: namespace_id.clone(),
                        workflow_execution: Some(execution),
                        control: asked.control.clone(),
                    };
                    let attributes = Attributes::ExternalWorkflowExecutionSignaledEventAttributes(Box::new(attributes));
                    (EventType::ExternalWorkflowExecutionSignaled, attributes)
                }
                Some(cause) => {
                    let attributes = SignalExternalWorkflowExecutionFailedEventAttributes {
                        cause: cause.into(),
                        namespace: namespace.clone(),
                        namespace_id: namespace_id.clone(),
                        workflow_execution: Some(execution),
                        initiated_event_id: initiated,
                        control: asked.control.clone(),
                        ..SignalExternalWorkflowExecutionFailedEventAttributes::default()
                    };
                    let attributes =
                        Attributes::SignalExternalWorkflowExecutionFailedEventAttributes(Box::new(attributes));
                    (EventType::SignalExternalWorkflowExecutionFailed, attributes)
                }
            };
            run.receive(cx, kind, attributes);
        });
    }

    fn cancel_external(&mut self, from: RunNumber, initiated: i64) {
        let Some(run) = self.run(from).filter(|run| run.state.externals.contains_key(&initiated)) else { return };
        let Some(asked) = initiated_cancel(run, initiated).cloned() else { return };
        let sender = run.execution();
        let execution = asked.workflow_execution.clone().unwrap_or_default();
        let namespace = or_own(run, &asked.namespace).to_owned();
        let namespace_id = self.cx().namespace_id(&namespace);
        let addressee = self.addressee(&namespace, &execution, from);
        let cause = if self.namespaces.check(&namespace).is_err() {
            Some(CancelFailed::NamespaceNotFound)
        } else if addressee.is_none_or(|to| asked.child_workflow_only && !self.is_child(to, from)) {
            Some(CancelFailed::ExternalWorkflowExecutionNotFound)
        } else {
            None
        };
        if let (None, Some(to)) = (cause, addressee) {
            let attributes = WorkflowExecutionCancelRequestedEventAttributes {
                cause: asked.reason.clone(),
                external_initiated_event_id: initiated,
                external_workflow_execution: Some(sender),
                identity: limits::HISTORY_SERVICE.to_owned(),
            };
            self.with(to, |run, cx| run.request_cancel(cx, attributes, Vec::new()));
        }
        self.with(from, |run, cx| {
            run.state.externals.remove(&initiated);
            let (kind, attributes) = match cause {
                None => {
                    let attributes = ExternalWorkflowExecutionCancelRequestedEventAttributes {
                        initiated_event_id: initiated,
                        namespace: namespace.clone(),
                        namespace_id: namespace_id.clone(),
                        workflow_execution: Some(execution),
                    };
                    let attributes =
                        Attributes::ExternalWorkflowExecutionCancelRequestedEventAttributes(Box::new(attributes));
                    (EventType::ExternalWorkflowExecutionCancelRequested, attributes)
                }
                Some(cause) => {
                    let attributes = RequestCancelExternalWorkflowExecutionFailedEventAttributes {
                        cause: cause.into(),
                        namespace: namespace.clone(),
                        namespace_id: namespace_id.clone(),
                        workflow_execution: Some(execution),
                        initiated_event_id: initiated,
                        control: asked.control.clone(),
                        ..RequestCancelExternalWorkflowExecutionFailedEventAttributes::default()
                    };
                    let attributes =
                        Attributes::RequestCancelExternalWorkflowExecutionFailedEventAttributes(Box::new(attributes));
                    (EventType::RequestCancelExternalWorkflowExecutionFailed, attributes)
                }
            };
            run.receive(cx, kind, attributes);
        });
    }

    /// Does to a child what was agreed for the end of its parent.
    fn close_child(&mut self, parent: RunNumber, initiated: i64) {
        let Some(run) = self.run(parent) else { return };
        let Some(asked) = initiated_child(run, initiated) else { return };
        let (policy, sender) = (asked.parent_close_policy(), run.execution());
        let (namespace, child) = (asked.namespace.clone(), asked.workflow_id.clone());
        let current = self.current(&namespace, &child);
        let Some(to) = current.filter(|run| run.is_open()).map(|run| run.number) else { return };
        if !self.is_child(to, parent) {
            return;
        }
        self.with(to, |run, cx| match policy {
            ParentClosePolicy::Abandon => {}
            ParentClosePolicy::RequestCancel => {
                let attributes = WorkflowExecutionCancelRequestedEventAttributes {
                    external_workflow_execution: Some(sender),
                    identity: limits::HISTORY_SERVICE.to_owned(),
                    ..WorkflowExecutionCancelRequestedEventAttributes::default()
                };
                run.request_cancel(cx, attributes, Vec::new());
            }
            ParentClosePolicy::Terminate | ParentClosePolicy::Unspecified => {
                run.terminate(cx, "by parent close policy", None, limits::HISTORY_SERVICE);
            }
        });
    }
}

fn initiated_child(run: &Run, initiated: i64) -> Option<&StartChildWorkflowExecutionInitiatedEventAttributes> {
    match run.history.get(initiated)?.attributes.as_ref()? {
        Attributes::StartChildWorkflowExecutionInitiatedEventAttributes(it) => Some(it),
        _ => None,
    }
}

fn initiated_signal(run: &Run, initiated: i64) -> Option<&SignalExternalWorkflowExecutionInitiatedEventAttributes> {
    match run.history.get(initiated)?.attributes.as_ref()? {
        Attributes::SignalExternalWorkflowExecutionInitiatedEventAttributes(it) => Some(it),
        _ => None,
    }
}

fn initiated_cancel(
    run: &Run,
    initiated: i64,
) -> Option<&RequestCancelExternalWorkflowExecutionInitiatedEventAttributes> {
    match run.history.get(initiated)?.attributes.as_ref()? {
        Attributes::RequestCancelExternalWorkflowExecutionInitiatedEventAttributes(it) => Some(it),
        _ => None,
    }
}

fn run_metadata(run: Option<&Run>, event: i64) -> Option<perpetua_proto::sdk::UserMetadata> {
    run?.history.get(event)?.user_metadata.as_deref().cloned()
}

impl ChildNews {
    fn in_history(self, child: Ended, initiated: i64, started: i64) -> (EventType, Attributes) {
        use Attributes as A;
        let Ended { namespace, namespace_id, execution } = child;
        let workflow_execution = Some(execution);
        let kind = |name: String| Some(WorkflowType { name });
        let (initiated_event_id, started_event_id) = (initiated, started);
        match self {
            Self::Completed { workflow_type, result } => {
                let attributes = ChildWorkflowExecutionCompletedEventAttributes {
                    result,
                    namespace,
                    namespace_id,
                    workflow_execution,
                    workflow_type: kind(workflow_type),
                    initiated_event_id,
                    started_event_id,
                };
                let attributes = A::ChildWorkflowExecutionCompletedEventAttributes(Box::new(attributes));
                (EventType::ChildWorkflowExecutionCompleted, attributes)
            }
            Self::Failed { workflow_type, failure, retry_state } => {
                let attributes = ChildWorkflowExecutionFailedEventAttributes {
                    failure: Some(*failure),
                    namespace,
                    namespace_id,
                    workflow_execution,
                    workflow_type: kind(workflow_type),
                    initiated_event_id,
                    started_event_id,
                    retry_state: retry_state.into(),
                };
                let attributes = A::ChildWorkflowExecutionFailedEventAttributes(Box::new(attributes));
                (EventType::ChildWorkflowExecutionFailed, attributes)
            }
            Self::Canceled { workflow_type, details } => {
                let attributes = ChildWorkflowExecutionCanceledEventAttributes {
                    details,
                    namespace,
                    namespace_id,
                    workflow_execution,
                    workflow_type: kind(workflow_type),
                    initiated_event_id,
                    started_event_id,
                };
                let attributes = A::ChildWorkflowExecutionCanceledEventAttributes(Box::new(attributes));
                (EventType::ChildWorkflowExecutionCanceled, attributes)
            }
            Self::TimedOut { workflow_type, retry_state } => {
                let attributes = ChildWorkflowExecutionTimedOutEventAttributes {
                    namespace,
                    namespace_id,
                    workflow_execution,
                    workflow_type: kind(workflow_type),
                    initiated_event_id,
                    started_event_id,
                    retry_state: retry_state.into(),
                };
                let attributes = A::ChildWorkflowExecutionTimedOutEventAttributes(Box::new(attributes));
                (EventType::ChildWorkflowExecutionTimedOut, attributes)
            }
            Self::Terminated { workflow_type } => {
                let attributes = ChildWorkflowExecutionTerminatedEventAttributes {
                    namespace,
                    namespace_id,
                    workflow_execution,
                    workflow_type: kind(workflow_type),
                    initiated_event_id,
                    started_event_id,
                };
                let attributes = A::ChildWorkflowExecutionTerminatedEventAttributes(Box::new(attributes));
                (EventType::ChildWorkflowExecutionTerminated, attributes)
            }
        }
    }
}
