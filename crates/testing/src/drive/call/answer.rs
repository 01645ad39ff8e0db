//! How calls of a driven workflow are answered.

use perpetua_contract::WorkflowDefinition;
use perpetua_convert::{CallError, Value};
use perpetua_vocab::{
    ActivityCanceled, ActivityClosed, ActivityFailed, ChildWorkflow, ChildWorkflowCanceled, ChildWorkflowCompleted,
    ChildWorkflowFailed, ChildWorkflowStarted, ChildWorkflowTerminated, ChildWorkflowTimedOut, EventId, EventKind,
    Failure, FailureInfo, Identity, Opaque, Payloads, RetryState, RunId, StartChildWorkflowFailed,
    StartChildWorkflowFailedCause, TimeoutKind, WorkflowExecution,
};
use perpetua_workflow::LocalActivityEnd;

use super::Call;
use crate::drive::book::{Asked, Which};
use crate::drive::{Drive, WORKER, run_id_after};

/// How a call ends.
enum End {
    Completed(Payloads),
    Failed(Box<Failure>),
    TimedOut(TimeoutKind),
    Stopped,
}

impl<D: WorkflowDefinition> Drive<D> {
    /// The call returns this value. A child workflow that was not said to run is said to run first.
    #[track_caller]
    pub fn complete<I, O: Value, E>(&mut self, call: Call<I, O, E>, value: O) {
        let value = self.converter().payloads().encode(&value);
        let value = self.must(value.map_err(|error| format!("the result of {call:?} cannot be sent: {error}")));
        self.end(call, End::Completed(vec![value]));
    }

    /// The call fails with this error, for good: what a server does about retries has been done.
    #[track_caller]
    pub fn fail<I, O, E: CallError>(&mut self, call: Call<I, O, E>, error: E) {
        let failure = error.into_failure(self.converter());
        self.end(call, End::Failed(Box::new(failure)));
    }

    /// The call takes too long, for good. Of a child workflow, the kind is always that of a run that took too long.
    #[track_caller]
    pub fn time_out<I, O, E>(&mut self, call: Call<I, O, E>, kind: TimeoutKind) {
        self.end(call, End::TimedOut(kind));
    }

    /// The call ends as canceled, as the workflow asked it to. The request reaches a child workflow first, if it has not yet.
    ///
    /// # Panics
    /// When the workflow has not asked it to.
    #[track_caller]
    pub fn stop<I, O, E>(&mut self, call: Call<I, O, E>) {
        if !self.pending(&call).is_to_stop {
            self.fault(&format!("the workflow has not asked {call:?} to stop"));
        }
        self.end(call, End::Stopped);
    }

    /// The child workflow runs.
    #[track_caller]
    pub fn start_child<I, O, E>(&mut self, call: &Call<I, O, E>) {
        let asked = self.pending(call);
        let Which::Child(initiated) = call.which else { self.fault(&format!("{call:?} is no child workflow")) };
        if asked.runs.is_some() {
            self.fault(&format!("{call:?} runs already"));
        }
        let run = RunId::new(run_id_after(&RunId::new(asked.id.as_str())));
        let started = self.machine.happen(EventKind::ChildWorkflowStarted(Box::new(ChildWorkflowStarted {
            namespace: self.machine.setup.namespace.clone(),
            execution: WorkflowExecution { workflow_id: asked.id.into(), run_id: run.clone() },
            workflow_type: asked.name.into(),
            initiated,
            rest: Opaque::default(),
        })));
        let started = self.must(started);
        if let Some(asked) = self.machine.book.calls.get_mut(&call.which) {
            asked.runs = Some((started, run));
        }
        let went = self.machine.go_on();
        self.must(went);
    }

    /// The child workflow is not started, because its id is in use.
    #[track_caller]
    pub fn refuse_child<I, O, E>(&mut self, call: Call<I, O, E>) {
        let asked = self.pending(&call);
        let Which::Child(initiated) = call.which else { self.fault(&format!("{call:?} is no child workflow")) };
        if asked.runs.is_some() {
            self.fault(&format!("{call:?} runs already"));
        }
        self.machine.book.calls.remove(&call.which);
        self.tell(EventKind::StartChildWorkflowFailed(Box::new(StartChildWorkflowFailed {
            namespace: self.machine.setup.namespace.clone(),
            workflow_id: asked.id.into(),
            workflow_type: asked.name.into(),
            cause: StartChildWorkflowFailedCause::WorkflowAlreadyExists,
            initiated,
            rest: Opaque::default(),
        })));
    }

    /// The child workflow is ended from outside.
    #[track_caller]
    pub fn terminate_child<I, O, E>(&mut self, call: Call<I, O, E>) {
        let child = self.running_child(&call);
        self.machine.book.calls.remove(&call.which);
        self.tell(EventKind::ChildWorkflowTerminated(Box::new(ChildWorkflowTerminated {
            child,
            rest: Opaque::default(),
        })));
    }

    #[track_caller]
    fn end<I, O, E>(&mut self, call: Call<I, O, E>, end: End) {
        self.pending(&call);
        match call.which {
            Which::Activity(scheduled) => self.end_activity(&call, scheduled, end),
            Which::Child(_) => self.end_child(&call, end),
            Which::Local(number) => self.end_local(&call, number, end),
        }
    }

    #[track_caller]
    fn end_activity<I, O, E>(&mut self, call: &Call<I, O, E>, scheduled: EventId, end: End) {
        self.machine.book.calls.remove(&call.which);
        let identity = Identity::new(WORKER);
        // A server writes the start of an activity when it ends, if it ever started.
        let never_started = matches!(end, End::TimedOut(TimeoutKind::ScheduleToStart));
        let started = (!never_started).then(|| {
            let started = EventKind::ActivityStarted { scheduled, rest: Opaque::default() };
            let started = self.machine.happen(started);
            self.must(started)
        });
        let failed = |failure: Failure, identity, retry_state| {
            let (failure, rest) = (Some(failure), Opaque::default());
            Box::new(ActivityFailed { failure, scheduled, started, identity, retry_state, rest })
        };
        self.tell(match end {
            End::Completed(value) => EventKind::ActivityCompleted(Box::new(ActivityClosed {
                result: Some(value),
                scheduled,
                started,
                identity,
                rest: Opaque::default(),
            })),
            End::Failed(failure) => {
                let retry_state = why_not_again(&failure);
                EventKind::ActivityFailed(failed(*failure, identity, retry_state))
            }
            End::TimedOut(kind) => {
                EventKind::ActivityTimedOut(failed(timed_out(kind), Identity::default(), RetryState::Timeout))
            }
            End::Stopped => EventKind::ActivityCanceled(Box::new(ActivityCanceled {
                details: None,
                scheduled,
                started,
                identity,
                rest: Opaque::default(),
            })),
        });
    }

    #[track_caller]
    fn end_child<I, O, E>(&mut self, call: &Call<I, O, E>, end: End) {
        if self.pending(call).runs.is_none() {
            self.start_child(call);
        }
        if let (End::Stopped, Some(request)) = (&end, self.cancel_for(&call.id)) {
            self.deliver(request);
        }
        let child = self.running_child(call);
        self.machine.book.calls.remove(&call.which);
        self.tell(match end {
            End::Completed(value) => EventKind::ChildWorkflowCompleted(Box::new(ChildWorkflowCompleted {
                child,
                result: Some(value),
                rest: Opaque::default(),
            })),
            End::Failed(failure) => EventKind::ChildWorkflowFailed(Box::new(ChildWorkflowFailed {
                child,
                retry_state: why_not_again(&failure),
                failure: Some(*failure),
                rest: Opaque::default(),
            })),
            End::TimedOut(_) => EventKind::ChildWorkflowTimedOut(Box::new(ChildWorkflowTimedOut {
                child,
                retry_state: RetryState::Timeout,
                rest: Opaque::default(),
            })),
            End::Stopped => EventKind::ChildWorkflowCanceled(Box::new(ChildWorkflowCanceled {
                child,
                details: None,
                rest: Opaque::default(),
            })),
        });
    }

    #[track_caller]
    fn end_local<I, O, E>(&mut self, call: &Call<I, O, E>, number: u32, end: End) {
        let asked = self.pending(call);
        self.machine.book.calls.remove(&call.which);
        let result = match end {
            End::Completed(value) => Ok(Some(value)),
            End::Failed(failure) => Err(failure),
            End::TimedOut(kind) => Err(Box::new(timed_out(kind))),
            End::Stopped => {
                let info = FailureInfo::Canceled { details: None, identity: Identity::default() };
                Err(Box::new(Failure { message: "canceled".to_owned(), info, ..Failure::default() }))
            }
        };
        let took = self.now().duration_since(asked.asked.to_system_time()).unwrap_or_default();
        let end = LocalActivityEnd { attempt: asked.attempt, scheduled: asked.scheduled, took, backoff: None, result };
        let ended = self.machine.end_local(number, end).and_then(|()| self.machine.go_on());
        self.must(ended);
    }

    /// What is known of a call that is not answered.
    #[track_caller]
    fn pending<I, O, E>(&self, call: &Call<I, O, E>) -> Asked {
        let open = self.machine.assert_open();
        self.must(open);
        match self.machine.book.calls.get(&call.which) {
            Some(asked) if asked.id == call.id && asked.name == call.name => asked.clone(),
            _ => self.fault(&format!("{call:?} was answered already, or the workflow does not wait for it any more")),
        }
    }

    #[track_caller]
    fn running_child<I, O, E>(&self, call: &Call<I, O, E>) -> ChildWorkflow {
        let asked = self.pending(call);
        let (Which::Child(initiated), Some((started, run_id))) = (call.which, asked.runs) else {
            self.fault(&format!("{call:?} is no child workflow that runs"))
        };
        ChildWorkflow {
            namespace: self.machine.setup.namespace.clone(),
            execution: WorkflowExecution { workflow_id: asked.id.into(), run_id },
            workflow_type: asked.name.into(),
            initiated,
            started: Some(started),
        }
    }
}

/// Why a server would not try again what failed so.
fn why_not_again(failure: &Failure) -> RetryState {
    match failure.application() {
        Some(application) if application.non_retryable => RetryState::NonRetryableFailure,
        _ => RetryState::MaximumAttemptsReached,
    }
}

fn timed_out(kind: TimeoutKind) -> Failure {
    let message = match kind {
        TimeoutKind::StartToClose => "activity StartToClose timeout",
        TimeoutKind::ScheduleToStart => "activity ScheduleToStart timeout",
        TimeoutKind::ScheduleToClose => "activity ScheduleToClose timeout",
        TimeoutKind::Heartbeat => "activity Heartbeat timeout",
        _ => "activity timeout",
    };
    let info = FailureInfo::Timeout { kind, last_heartbeat: None };
    Failure { message: message.to_owned(), source: "Server".to_owned(), info, ..Failure::default() }
}
