//! Children and other workflows, as the server of a workflow knows them.

use std::collections::BTreeMap;

use perpetua_vocab::{CancelExternalWorkflowFailedCause, SignalExternalWorkflowFailedCause};
use perpetua_vocab::{
    ChildWorkflow, ChildWorkflowCanceled, ChildWorkflowCompleted, ChildWorkflowFailed, ChildWorkflowStarted,
    ChildWorkflowTerminated, ChildWorkflowTimedOut, CommandKind, EventId, EventKind, ExternalWorkflowCancelRequested,
    ExternalWorkflowSignaled, Namespace, Opaque, RequestCancelExternalWorkflow, RequestCancelExternalWorkflowFailed,
    RequestCancelExternalWorkflowInitiated, RetryState, RunId, SignalExternalWorkflow, SignalExternalWorkflowFailed,
    SignalExternalWorkflowInitiated, StartChildWorkflow, StartChildWorkflowFailed, StartChildWorkflowFailedCause,
    StartChildWorkflowInitiated, WorkflowExecution, WorkflowId, WorkflowType,
};

use crate::happening::{ChildEnd, Happening};
use crate::instance::{failure, text};

/// What is pending outside of the workflow, by the names that the program gives it.
#[derive(Default)]
pub(crate) struct Others {
    children: BTreeMap<String, Child>,
    /// Signals and requests to stop.
    requests: BTreeMap<String, Request>,
    stops: usize,
}

struct Child {
    workflow_id: WorkflowId,
    workflow_type: WorkflowType,
    initiated: EventId,
    started: Started,
    /// Whether its end is in the buffer, or that it could not be started.
    over: bool,
}

enum Started {
    No,
    /// That it runs is in the buffer.
    Soon,
    By(EventId),
}

struct Request {
    execution: WorkflowExecution,
    initiated: EventId,
    is_signal: bool,
    /// Whether what became of it is in the buffer.
    over: bool,
}

impl Others {
    /// What may happen now.
    pub(crate) fn add_possible(&self, possible: &mut Vec<Happening>) {
        for (label, child) in self.children.iter().filter(|(_, child)| !child.over) {
            match child.started {
                Started::No => {
                    possible.push(Happening::ChildStarted(label.clone()));
                    possible.push(Happening::ChildRefused(label.clone()));
                }
                Started::Soon => {}
                Started::By(_) => {
                    let ends = [
                        ChildEnd::Completed("done".to_owned()),
                        ChildEnd::Failed("broken".to_owned()),
                        ChildEnd::Canceled,
                        ChildEnd::TimedOut,
                        ChildEnd::Terminated,
                    ];
                    possible.extend(ends.map(|end| Happening::ChildEnded { child: label.clone(), end }));
                }
            }
        }
        for (label, _) in self.requests.iter().filter(|(_, request)| !request.over) {
            possible.push(Happening::Delivered(label.clone()));
            possible.push(Happening::Undelivered(label.clone()));
        }
    }

    /// Takes note that something happens; `None` if it cannot.
    pub(crate) fn happen(&mut self, happening: &Happening) -> Option<()> {
        match happening {
            Happening::ChildStarted(label) => {
                let child = self.children.get_mut(label)?;
                matches!(child.started, Started::No).then(|| child.started = Started::Soon)
            }
            Happening::ChildRefused(label) => {
                let child = self.children.get_mut(label)?;
                (matches!(child.started, Started::No) && !child.over).then(|| child.over = true)
            }
            Happening::ChildEnded { child, .. } => {
                let child = self.children.get_mut(child)?;
                (!matches!(child.started, Started::No) && !child.over).then(|| child.over = true)
            }
            Happening::Delivered(label) | Happening::Undelivered(label) => {
                let request = self.requests.get_mut(label)?;
                (!request.over).then(|| request.over = true)
            }
            _ => None,
        }
    }

    /// What is stored when it has happened, under the id `next`.
    pub(crate) fn event(&mut self, happening: &Happening, next: EventId) -> EventKind {
        match happening {
            Happening::ChildStarted(label) => {
                let child = self.children.get_mut(label).expect("it was looked up before");
                child.started = Started::By(next);
                EventKind::ChildWorkflowStarted(Box::new(ChildWorkflowStarted {
                    namespace: Namespace::default(),
                    execution: child.execution(),
                    workflow_type: child.workflow_type.clone(),
                    initiated: child.initiated,
                    rest: Opaque::default(),
                }))
            }
            Happening::ChildRefused(label) => {
                let child = self.children.remove(label).expect("it was looked up before");
                EventKind::StartChildWorkflowFailed(Box::new(StartChildWorkflowFailed {
                    namespace: Namespace::default(),
                    workflow_id: child.workflow_id,
                    workflow_type: child.workflow_type,
                    cause: StartChildWorkflowFailedCause::WorkflowAlreadyExists,
                    initiated: child.initiated,
                    rest: Opaque::default(),
                }))
            }
            Happening::ChildEnded { child, end } => {
                self.children.remove(child).expect("it was looked up before").end(end)
            }
            Happening::Delivered(label) => self.take_request(label).delivered(),
            Happening::Undelivered(label) => self.take_request(label).undelivered(),
            _ => unreachable!("it is about something else"),
        }
    }

    fn take_request(&mut self, label: &str) -> Request {
        self.requests.remove(label).expect("it was looked up before")
    }

    /// Does what a command asks; what is stored for it, under the id `next`.
    pub(crate) fn obey(
        &mut self,
        command: &CommandKind,
        label: String,
        completed: EventId,
        next: EventId,
    ) -> Result<EventKind, String> {
        Ok(match command {
            CommandKind::StartChildWorkflow(start) => self.start(start, label, completed, next),
            CommandKind::SignalExternalWorkflow(signal) => self.signal(signal, label, completed, next),
            CommandKind::RequestCancelExternalWorkflow(request) => {
                if request.child_workflow_only {
                    self.check_child(&request.execution)?;
                }
                self.stop(request, label, completed, next)
            }
            kind => return Err(format!("no such command: {}", kind.name())),
        })
    }

    /// A child is asked to stop once, and only when it runs.
    fn check_child(&self, execution: &WorkflowExecution) -> Result<(), String> {
        let mut children = self.children.values().filter(|child| child.workflow_id == execution.workflow_id);
        match children.any(|child| matches!(child.started, Started::By(_))) {
            true => Ok(()),
            false => Err(format!("there is no child {} to be asked to stop", execution.workflow_id)),
        }
    }

    fn start(&mut self, start: &StartChildWorkflow, label: String, completed: EventId, next: EventId) -> EventKind {
        let (workflow_id, workflow_type) = (start.workflow_id.clone(), start.workflow_type.clone());
        let child = Child {
            workflow_id: workflow_id.clone(),
            workflow_type: workflow_type.clone(),
            initiated: next,
            started: Started::No,
            over: false,
        };
        self.children.insert(label, child);
        EventKind::StartChildWorkflowInitiated(Box::new(StartChildWorkflowInitiated {
            namespace: start.namespace.clone(),
            workflow_id,
            workflow_type,
            input: None,
            parent_close_policy: start.parent_close_policy,
            task_completed: completed,
            rest: Opaque::default(),
        }))
    }

    fn signal(
        &mut self,
        signal: &SignalExternalWorkflow,
        label: String,
        completed: EventId,
        next: EventId,
    ) -> EventKind {
        let execution = signal.execution.clone();
        self.requests.insert(label, Request { execution, initiated: next, is_signal: true, over: false });
        EventKind::SignalExternalWorkflowInitiated(Box::new(SignalExternalWorkflowInitiated {
            namespace: signal.namespace.clone(),
            execution: signal.execution.clone(),
            name: signal.name.clone(),
            input: None,
            child_workflow_only: signal.child_workflow_only,
            header: None,
            task_completed: completed,
            rest: Opaque::default(),
        }))
    }

    fn stop(
        &mut self,
        request: &RequestCancelExternalWorkflow,
        label: String,
        completed: EventId,
        next: EventId,
    ) -> EventKind {
        // What asks a child to stop has no name in the program: it is `stop1`, `stop2` and so on.
        let label = if request.child_workflow_only {
            self.stops += 1;
            format!("stop{}", self.stops)
        } else {
            label
        };
        let execution = request.execution.clone();
        self.requests.insert(label, Request { execution, initiated: next, is_signal: false, over: false });
        EventKind::RequestCancelExternalWorkflowInitiated(Box::new(RequestCancelExternalWorkflowInitiated {
            namespace: request.namespace.clone(),
            execution: request.execution.clone(),
            child_workflow_only: request.child_workflow_only,
            reason: request.reason.clone(),
            task_completed: completed,
            rest: Opaque::default(),
        }))
    }
}

impl Child {
    fn execution(&self) -> WorkflowExecution {
        let run_id = RunId::new(format!("run-{}", self.initiated));
        WorkflowExecution { workflow_id: self.workflow_id.clone(), run_id }
    }

    fn end(self, end: &ChildEnd) -> EventKind {
        let child = ChildWorkflow {
            namespace: Namespace::default(),
            execution: self.execution(),
            workflow_type: self.workflow_type,
            initiated: self.initiated,
            started: match self.started {
                Started::By(event) => Some(event),
                Started::No | Started::Soon => None,
            },
        };
        match end {
            ChildEnd::Completed(value) => {
                let result = Some(text(value));
                EventKind::ChildWorkflowCompleted(Box::new(ChildWorkflowCompleted {
                    child,
                    result,
                    rest: Opaque::default(),
                }))
            }
            ChildEnd::Failed(why) => EventKind::ChildWorkflowFailed(Box::new(ChildWorkflowFailed {
                child,
                failure: Some(failure(why)),
                retry_state: RetryState::RetryPolicyNotSet,
                rest: Opaque::default(),
            })),
            ChildEnd::Canceled => EventKind::ChildWorkflowCanceled(Box::new(ChildWorkflowCanceled {
                child,
                details: None,
                rest: Opaque::default(),
            })),
            ChildEnd::TimedOut => EventKind::ChildWorkflowTimedOut(Box::new(ChildWorkflowTimedOut {
                child,
                retry_state: RetryState::Timeout,
                rest: Opaque::default(),
            })),
            ChildEnd::Terminated => {
                EventKind::ChildWorkflowTerminated(Box::new(ChildWorkflowTerminated { child, rest: Opaque::default() }))
            }
        }
    }
}

impl Request {
    fn delivered(self) -> EventKind {
        let Self { execution, initiated, is_signal, over: _ } = self;
        let namespace = Namespace::default();
        if is_signal {
            let rest = Opaque::default();
            let signaled = ExternalWorkflowSignaled { namespace, execution, initiated, rest };
            EventKind::ExternalWorkflowSignaled(Box::new(signaled))
        } else {
            let rest = Opaque::default();
            let requested = ExternalWorkflowCancelRequested { namespace, execution, initiated, rest };
            EventKind::ExternalWorkflowCancelRequested(Box::new(requested))
        }
    }

    fn undelivered(self) -> EventKind {
        let Self { execution, initiated, is_signal, over: _ } = self;
        let namespace = Namespace::default();
        if is_signal {
            EventKind::SignalExternalWorkflowFailed(Box::new(SignalExternalWorkflowFailed {
                namespace,
                execution,
                cause: SignalExternalWorkflowFailedCause::WorkflowNotFound,
                initiated,
                rest: Opaque::default(),
            }))
        } else {
            EventKind::RequestCancelExternalWorkflowFailed(Box::new(RequestCancelExternalWorkflowFailed {
                namespace,
                execution,
                cause: CancelExternalWorkflowFailedCause::WorkflowNotFound,
                initiated,
                rest: Opaque::default(),
            }))
        }
    }
}
