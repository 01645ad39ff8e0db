//! What a mock answers, and what it was asked.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::SystemTime;

use perpetua_convert::{AnyError, Arguments, CallError, DataConverter};
use perpetua_vocab::{ApplicationFailure, Failure, FailureInfo, Payloads, WorkflowExecution};
use perpetua_worker::Activities;
use perpetua_workflow::Workflows;

use super::call::{Recorded, list};
use super::reply::{Decision, failure};
use super::{LoggedCall, Received};
use crate::env::Inner;
use crate::{Check, Finding, runs};

/// What a mock stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Activity,
    Workflow,
}

/// A mock without the types of its arguments.
pub(crate) trait AnyMock: Send + Sync {
    fn kind(&self) -> Kind;
    fn name(&self) -> &'static str;
    /// Lets a worker run it.
    fn register(self: Arc<Self>, activities: &mut Activities, workflows: &mut Workflows);
    /// What was to be called and was not, in words.
    fn unmet(&self) -> Option<String>;
    /// Itself, to be asked for its type.
    fn as_any(self: Arc<Self>) -> Arc<dyn Any + Send + Sync>;
}

/// A mock of something with the arguments `I`.
pub(crate) struct Core<I> {
    pub(super) kind: Kind,
    pub(super) name: &'static str,
    pub(super) world: Weak<Inner>,
    /// Whether its calls are in the log of the world.
    logged: bool,
    state: Mutex<State<I>>,
}

struct State<I> {
    rules: Vec<Rule<I>>,
    calls: Vec<Recorded>,
    /// Whether what was not called is found at the end.
    required: bool,
    /// Whether a worker knows it.
    registered: bool,
    /// What runs of a mocked workflow have begun, with what was decided.
    runs: Vec<(WorkflowExecution, Decision)>,
    signals: Vec<Received>,
    canceled: Vec<WorkflowExecution>,
}

/// One answer.
struct Rule<I> {
    when: Option<Condition<I>>,
    answer: Answering<I>,
    /// How often it may still be given; none for as often as anybody asks.
    left: Option<usize>,
    given: usize,
}

/// Whether an answer is one to these arguments.
pub(super) type Condition<I> = Arc<dyn Fn(&I) -> bool + Send + Sync>;

/// Decides how a call ends, by its arguments.
pub(super) type Answering<I> = Arc<dyn Fn(I, &DataConverter) -> Decision + Send + Sync>;

/// What is known of a call beside its arguments.
pub(super) struct Asked {
    pub(super) payloads: Payloads,
    pub(super) attempt: u32,
    pub(super) time: SystemTime,
    pub(super) workflow: WorkflowExecution,
}

impl<I: Arguments> Core<I> {
    pub(super) fn new(kind: Kind, name: &'static str, world: Weak<Inner>) -> Self {
        let state = State {
            rules: Vec::new(),
            calls: Vec::new(),
            required: false,
            registered: false,
            runs: Vec::new(),
            signals: Vec::new(),
            canceled: Vec::new(),
        };
        Self { kind, name, world, logged: true, state: Mutex::new(state) }
    }

    /// The same without a trace in the log of the world.
    pub(super) fn unlogged(mut self) -> Self {
        self.logged = false;
        self
    }

    fn state(&self) -> MutexGuard<'_, State<I>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn add(&self, when: Option<Condition<I>>, times: Option<usize>, answer: Answering<I>) {
        self.state().rules.push(Rule { when, answer, left: times, given: 0 });
    }

    pub(super) fn require(&self) {
        self.state().required = true;
    }

    pub(super) fn calls(&self) -> Vec<Recorded> {
        self.state().calls.clone()
    }

    pub(super) fn signals(&self) -> Vec<Received> {
        self.state().signals.clone()
    }

    pub(super) fn canceled(&self) -> Vec<WorkflowExecution> {
        self.state().canceled.clone()
    }

    /// How a call ends. It is remembered.
    pub(super) fn decide(&self, asked: Asked, converter: &DataConverter) -> Decision {
        let Asked { payloads, attempt, time, workflow } = asked;
        let input = match I::decode(payloads.clone(), converter.payloads()) {
            Ok(input) => input,
            Err(error) => {
                let failure = AnyError::from(error).failure_type("UndecodableArguments").non_retryable();
                return Decision::fail(failure.into_failure(converter));
            }
        };
        let recorded = Recorded { payloads, attempt, time, workflow: workflow.clone() };
        let logged = recorded.log(self.name);
        self.state().calls.push(recorded);
        if let Some(world) = self.world.upgrade().filter(|_| self.logged) {
            world.log_call(logged.clone());
        }
        // The closures are the user's: they run while nothing is locked, and may panic.
        let decided = catch_unwind(AssertUnwindSafe(|| self.choose(&input).map(|answer| answer(input, converter))));
        match decided {
            Ok(Some(decision)) => decision,
            Ok(None) => self.object(&workflow, &self.unexpected(&logged)),
            Err(panic) => {
                let message = format!("the mock of {} panicked, called as {logged}: {}", self.kind, said(&*panic));
                self.object(&workflow, &message)
            }
        }
    }

    /// The same for a run of a workflow, which is decided once, however often the run is played.
    pub(super) fn decide_once(&self, asked: Asked, converter: &DataConverter) -> Decision {
        let run = asked.workflow.clone();
        let known = |state: &State<I>| state.runs.iter().find(|(of, _)| *of == run).map(|(_, it)| it.clone());
        let known = known(&self.state());
        known.unwrap_or_else(|| {
            let decision = self.decide(asked, converter);
            self.state().runs.push((run, decision.clone()));
            decision
        })
    }

    /// Keeps a signal, unless it is kept: it is the one of this number, from 0, that its run has got.
    pub(super) fn keep_signal(&self, number: usize, signal: Received) {
        let mut state = self.state();
        if state.signals.iter().filter(|kept| kept.run_id() == signal.run_id()).count() == number {
            state.signals.push(signal);
        }
    }

    /// A run was asked to stop.
    pub(super) fn keep_cancel(&self, run: WorkflowExecution) {
        let mut state = self.state();
        if !state.canceled.contains(&run) {
            state.canceled.push(run);
        }
    }

    /// The first answer that holds and is not used up.
    fn choose(&self, input: &I) -> Option<Answering<I>> {
        let open: Vec<(usize, Option<Condition<I>>)> = {
            let state = self.state();
            let rules = state.rules.iter().enumerate().filter(|(_, rule)| rule.left != Some(0));
            rules.map(|(index, rule)| (index, rule.when.clone())).collect()
        };
        open.into_iter().filter(|(_, when)| when.as_ref().is_none_or(|when| when(input))).find_map(|(index, _)| {
            let mut state = self.state();
            let rule = &mut state.rules[index];
            if let Some(left) = &mut rule.left {
                // Another call may have taken the last meanwhile.
                *left = left.checked_sub(1)?;
            }
            rule.given += 1;
            Some(Arc::clone(&rule.answer))
        })
    }

    fn unexpected(&self, call: &LoggedCall) -> String {
        let state = self.state();
        let why = match state.rules.as_slice() {
            [] => "has no answer".to_owned(),
            rules if rules.iter().all(|rule| rule.left == Some(0)) => {
                let given: usize = rules.iter().map(|rule| rule.given).sum();
                format!("has given all its answers, {given} in number")
            }
            _ => "has no answer to these arguments".to_owned(),
        };
        drop(state);
        format!("{} was called unexpectedly: {call}; its mock {why}", self.described())
    }

    /// Notes what is wrong with a call, and ends the workflow that it belongs to.
    pub(super) fn object(&self, workflow: &WorkflowExecution, message: &str) -> Decision {
        if let Some(world) = self.world.upgrade() {
            world.mock_failed(message, workflow);
        }
        let application = ApplicationFailure {
            failure_type: "UnexpectedCall".to_owned(),
            non_retryable: true,
            ..ApplicationFailure::default()
        };
        Decision::fail(failure(message.to_owned(), FailureInfo::Application(application)))
    }

    pub(super) fn described(&self) -> String {
        format!("{} `{}`", self.kind, self.name)
    }

    /// Notes that a worker knows it.
    pub(super) fn registered(&self) {
        self.state().registered = true;
    }

    /// What was to be called and was not.
    pub(super) fn unmet_calls(&self) -> Option<String> {
        let state = self.state();
        if !state.required {
            return None;
        }
        let described = self.described();
        if !state.registered {
            return Some(format!(
                "{described} is mocked, but no worker of the test was started after that; make the mock before the worker"
            ));
        }
        let unused: usize = state.rules.iter().map(|rule| rule.left.unwrap_or(usize::from(rule.given == 0))).sum();
        let missing = match (unused, state.calls.is_empty()) {
            (0, false) => return None,
            (_, true) => "was never called, though its mock requires it".to_owned(),
            (unused, false) => format!("was not called as its mock requires: {unused} of its answers were not given"),
        };
        Some(format!("{described} {missing}:{}", list(self.name, &state.calls)))
    }
}

impl Inner {
    /// Something is wrong with a call of a mock: whoever waits for the workflow hears it at once.
    fn mock_failed(self: &Arc<Self>, message: &str, execution: &WorkflowExecution) {
        if !self.checks(Check::Mocks) {
            return;
        }
        self.add(Finding::new(Check::Mocks, message));
        let (inner, execution, message) = (Arc::clone(self), execution.clone(), message.to_owned());
        self.runtime.spawn(async move { runs::terminate(&inner, &execution, &message).await });
    }
}

/// What a panic said.
pub(crate) fn said(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("a panic without a message")
}

/// A failure of a mock that says what cannot be.
pub(super) fn impossible(message: &str) -> Failure {
    let application =
        ApplicationFailure { failure_type: "Mock".to_owned(), non_retryable: true, ..ApplicationFailure::default() };
    failure(message.to_owned(), FailureInfo::Application(application))
}
