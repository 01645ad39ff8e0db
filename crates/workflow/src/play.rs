//! The one function that plays a turn: worker, replayer and tests all call it.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::sync::Arc;

use perpetua_convert::Canceled;
use perpetua_core::{Closed, Fault, Finish, Job, Turn, UpdateArrival, UpdateTicket};
use perpetua_vocab::{Failure, FailureInfo, Outcome, Payload, Query, QueryAnswer, Signaled, WorkflowStarted};

use crate::Ctx;
use crate::implementation::Handling;
use crate::instance::{Ended, Instance, failure, undecodable};
use crate::random::Generator;
use crate::registry::Workflows;
use crate::runtime::{Runtime, Scope};
use crate::state::{ReadOnly, ReadOnlyViolation, while_read_only, writes};

/// The user's workflow, with what it runs on.
pub(crate) struct Player {
    pub(crate) runtime: Rc<Runtime>,
    workflows: Arc<Workflows>,
    instance: Option<Rc<dyn Instance>>,
    /// The scope of the main function: what a request to stop reaches.
    scope: Rc<Scope>,
    /// Whether the main function is yet to be started, after the messages that came with the start.
    main_waits: bool,
}

impl Player {
    pub(crate) fn new(runtime: Rc<Runtime>, workflows: Arc<Workflows>) -> Self {
        Self { runtime, workflows, instance: None, scope: Rc::default(), main_waits: false }
    }

    /// Plays one turn: feed, run the workflow until it waits, collect.
    pub(crate) fn play(&mut self, turn: Turn) -> Result<Closed, Fault> {
        let runtime = Rc::clone(&self.runtime);
        runtime.seen_writes.set(writes());
        runtime.info.borrow_mut().learn_turn(&turn);
        if let Some(seed) = &turn.new_seed {
            *runtime.random.borrow_mut() = Generator::seeded(seed.as_str());
        }
        runtime.run.borrow_mut().open(turn)?;
        runtime.tasks.running(|| {
            loop {
                let job = runtime.run.borrow_mut().next_job();
                let Some(job) = job else { break Ok(()) };
                contained(|| self.handle(job)).map_err(|panic| panic.into_fault(&runtime))??;
                if let Some(fault) = runtime.take_fault() {
                    break Err(fault);
                }
            }
        })?;
        if runtime.tasks.foreign_wake() {
            return Err(Fault::code(FOREIGN_WAKE));
        }
        self.assert_can_go_on()?;
        runtime.run.borrow_mut().close()
    }

    fn handle(&mut self, job: Job) -> Result<(), Fault> {
        match job {
            Job::Start(started) => self.start(*started)?,
            Job::Signal(signal) => self.signal(*signal)?,
            Job::Update { ticket, arrival, accepted } => self.update(ticket, *arrival, accepted)?,
            Job::Cancel { reason } => self.scope.cancel(&self.runtime, Canceled { reason }),
            Job::Settled(ticket) => self.runtime.wake_ticket(ticket),
            Job::Poll => {
                if self.main_waits {
                    self.main_waits = false;
                    self.start_main()?;
                }
                self.runtime.poll_until_idle();
            }
        }
        Ok(())
    }

    fn start(&mut self, started: WorkflowStarted) -> Result<(), Fault> {
        let name = started.workflow_type.clone();
        let at = self.runtime.info.borrow().now;
        self.runtime.info.borrow_mut().learn(&started, at);
        if !started.original_run.is_empty() {
            *self.runtime.random.borrow_mut() = Generator::seeded(started.original_run.as_str());
        }
        let Some(registered) = self.workflows.get(name.as_str()) else {
            let known: Vec<_> = self.workflows.names().collect();
            return Err(Fault::code(format!(
                "workflow `{name}` is not registered with this worker; it has: {}",
                if known.is_empty() { "none".to_owned() } else { known.join(", ") }
            )));
        };
        let ctx = self.ctx();
        let input = started.input.unwrap_or_default();
        let instance =
            while_read_only(ReadOnly::Init, || registered.create(&ctx, input, &self.runtime.converter))
                .map_err(|error| Fault::code(format!("workflow `{name}` cannot be started: {error}")))?;
        self.instance = Some(Rc::from(instance));
        self.main_waits = true;
        Ok(())
    }

    fn start_main(&self) -> Result<(), Fault> {
        let main = self.instance()?.run(self.ctx());
        let runtime = Rc::clone(&self.runtime);
        let scope = Rc::clone(&self.scope);
        self.runtime.tasks.spawn(Box::pin(async move {
            match main.await {
                Ok(Ended::Finished(finish)) => runtime.run.borrow_mut().finish(finish),
                Ok(Ended::Canceled(_)) if scope.canceled().is_some() => runtime.run.borrow_mut().finish(Finish::Cancel),
                Ok(Ended::Canceled(failure)) => runtime.run.borrow_mut().finish(Finish::Fail(failure)),
                Err(problem) => runtime.fail_task(Fault::code(problem)),
            }
        }));
        Ok(())
    }

    fn signal(&self, signal: Signaled) -> Result<(), Fault> {
        let name = signal.name.as_str();
        let ctx = self.ctx().apart();
        let log = ctx.log();
        let runtime = Rc::clone(&self.runtime);
        let fail = move |result: Result<(), crate::implementation::LocalFailure>| {
            if let Err(failure) = result {
                let failure = failure.into_failure(&runtime.converter);
                runtime.run.borrow_mut().finish(Finish::Fail(Box::new(failure)));
            }
        };
        match self.instance()?.signal(name, ctx, signal.input.unwrap_or_default(), &self.runtime.converter) {
            None => log.warn(format_args!("signal `{name}` has no handler; it is dropped")),
            Some(Err(error)) => log.error(format_args!("signal `{name}` cannot be read; it is dropped: {error}")),
            Some(Ok(Handling::Done(result))) => fail(result),
            Some(Ok(Handling::Running(future))) => {
                self.runtime.tasks.spawn(Box::pin(async move { fail(future.await) }));
            }
        }
        Ok(())
    }

    fn update(&self, ticket: UpdateTicket, arrival: UpdateArrival, accepted: bool) -> Result<(), Fault> {
        let instance = self.instance()?;
        let name = arrival.request.name.as_str().to_owned();
        let arguments = arrival.request.input.unwrap_or_default();
        let runtime = Rc::clone(&self.runtime);
        if !accepted {
            match contained(|| instance.validate(&name, arguments.clone(), &runtime.converter)) {
                Ok(Ok(())) => {}
                Ok(Err(refusal)) => {
                    runtime.run.borrow_mut().reject(ticket, refusal);
                    return Ok(());
                }
                // A panic refuses the update alone; touching what may only be looked at is a fault of the workflow.
                Err(Panic::ReadOnly(violation)) => return Err(Fault::code(violation)),
                Err(Panic::Message(message)) => {
                    let refusal = failure(format!("the validator of update `{name}` panicked: {message}"));
                    runtime.run.borrow_mut().reject(ticket, refusal);
                    return Ok(());
                }
            }
        }
        let handling = instance.update(&name, self.ctx().apart(), arguments, &runtime.converter);
        let problem = match &handling {
            None => Some(failure(format!("there is no update `{name}`"))),
            Some(Err(error)) => Some(undecodable("update", &name, error)),
            Some(Ok(_)) => None,
        };
        match (problem, accepted) {
            (Some(problem), false) => runtime.run.borrow_mut().reject(ticket, problem),
            (Some(problem), true) => {
                let message = format!("history accepted update `{name}`, which the code cannot take: {}", problem.message);
                return Err(Fault::code(message));
            }
            (None, _) => {
                runtime.run.borrow_mut().accept(ticket);
                match handling {
                    Some(Ok(Handling::Done(result))) => runtime.run.borrow_mut().complete_update(ticket, outcome(result)),
                    Some(Ok(Handling::Running(future))) => {
                        let run = Rc::clone(&runtime);
                        runtime.tasks.spawn(Box::pin(async move {
                            let result = future.await;
                            run.run.borrow_mut().complete_update(ticket, outcome(result));
                        }));
                    }
                    None | Some(Err(_)) => {}
                }
            }
        }
        Ok(())
    }

    /// Answers a query, without leaving a trace.
    pub(crate) fn query(&self, query: Query) -> QueryAnswer {
        let Some(instance) = &self.instance else {
            return QueryAnswer::Failed(failure("the workflow has not run yet".to_owned()));
        };
        let arguments = query.arguments.unwrap_or_default();
        let name = query.name.as_str();
        let runtime = &self.runtime;
        match contained(|| runtime.tasks.running(|| instance.query(name, arguments, &runtime.converter))) {
            Ok(Ok(payload)) => QueryAnswer::Answered(vec![payload]),
            Ok(Err(failure)) => QueryAnswer::Failed(failure),
            Err(Panic::ReadOnly(violation)) => QueryAnswer::Failed(failure(violation)),
            Err(Panic::Message(message)) => QueryAnswer::Failed(failure(format!("query `{name}` panicked: {message}"))),
        }
    }

    /// A workflow that waits for nothing that Perpetua knows, and takes no message, would wait for ever.
    fn assert_can_go_on(&self) -> Result<(), Fault> {
        let runtime = &self.runtime;
        let stuck = runtime.tasks.count() > 0
            && !runtime.run.borrow().is_finished()
            && !runtime.waits_for_something()
            && !self.scope.is_watched()
            && self.instance.as_ref().is_some_and(|instance| !instance.takes_messages());
        if stuck { Err(Fault::code(AWAITS_FOREIGN)) } else { Ok(()) }
    }

    fn ctx(&self) -> Ctx {
        Ctx { runtime: Rc::clone(&self.runtime), scope: Rc::clone(&self.scope) }
    }

    fn instance(&self) -> Result<&Rc<dyn Instance>, Fault> {
        self.instance.as_ref().ok_or_else(|| {
            perpetua_vocab::Malformed::new("History", "does not begin with WorkflowExecutionStarted").into()
        })
    }
}

impl Drop for Player {
    /// Eviction: what was pending stays pending; the tasks unwind without a trace.
    fn drop(&mut self) {
        self.runtime.begin_closing();
        // A panic in a user's destructor must not reach the lane.
        drop(contained(|| self.runtime.tasks.clear()));
    }
}

fn outcome(result: Result<Payload, Failure>) -> Outcome {
    match result {
        Ok(payload) => Outcome::Success(Some(vec![payload])),
        Err(failure) => {
            debug_assert!(!matches!(failure.info, FailureInfo::Terminated { .. }), "only a server terminates");
            Outcome::Failure(Box::new(failure))
        }
    }
}

/// What workflow code says when it panics.
enum Panic {
    /// It touched what may only be looked at.
    ReadOnly(String),
    /// Anything else.
    Message(String),
}

impl Panic {
    fn into_fault(self, runtime: &Runtime) -> Fault {
        match self {
            Self::ReadOnly(violation) => Fault::code(violation),
            Self::Message(message) => {
                Fault::code(format!("workflow `{}` panicked: {message}", runtime.info.borrow().workflow_type()))
            }
        }
    }
}

/// Calls user code; a panic ends there.
fn contained<R>(call: impl FnOnce() -> R) -> Result<R, Panic> {
    catch_unwind(AssertUnwindSafe(call)).map_err(|panic: Box<dyn Any + Send>| {
        match panic.downcast::<ReadOnlyViolation>() {
            Ok(violation) => Panic::ReadOnly(violation.0),
            Err(panic) => Panic::Message(match panic.downcast::<String>() {
                Ok(message) => *message,
                Err(panic) => panic.downcast_ref::<&str>().map_or("(no message)", |message| *message).to_owned(),
            }),
        }
    })
}

const FOREIGN_WAKE: &str = "the workflow was woken by something that is not part of it: it awaits a future of another \
    runtime, thread or channel, which no replay could repeat; await operations of `Ctx` only, and do everything else in \
    an activity";

const AWAITS_FOREIGN: &str = "the workflow waits for something that Perpetua does not know, and takes no signal or update \
    that could wake it: it awaits a future of another runtime, thread or channel; await operations of `Ctx` only, and do \
    everything else in an activity";
