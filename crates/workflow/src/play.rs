//! The one function that plays a turn: worker, replayer and tests all call it.

use std::rc::Rc;
use std::sync::Arc;

use perpetua_convert::Canceled;
use perpetua_core::{Closed, Fault, Finish, Job, Turn, UpdateArrival, UpdateTicket};
use perpetua_vocab::{Malformed, Outcome, Query, QueryAnswer, RunId, Signaled, WorkflowStarted};

use crate::Ctx;
use crate::contained::{Panic, contained, drop_contained, with_causes};
use crate::executor::Part;
use crate::implementation::{Handling, LocalFailure, UpdateResult};
use crate::instance::{Ended, Instance, failure};
use crate::random::Generator;
use crate::read_only::{ReadOnly, while_read_only};
use crate::registry::Workflows;
use crate::runtime::Runtime;
use crate::scope::Scope;

/// The user's workflow, with what it runs on.
pub(crate) struct Player {
    pub(crate) runtime: Rc<Runtime>,
    workflows: Arc<Workflows>,
    instance: Option<Rc<dyn Instance>>,
    /// The scope of the main function: what a request to stop reaches.
    scope: Rc<Scope>,
    /// Whether the main function is yet to be started, after the messages that came with the start.
    main_waits: bool,
    /// Whether something happened since the last poll that history has, or will have.
    happened: bool,
}

impl Player {
    pub(crate) fn new(runtime: Rc<Runtime>, workflows: Arc<Workflows>) -> Self {
        Self { runtime, workflows, instance: None, scope: Scope::new(Part::Main), main_waits: false, happened: false }
    }

    /// Plays one turn: feed, run the workflow until it waits, collect.
    pub(crate) fn play(&mut self, mut turn: Turn) -> Result<Closed, Fault> {
        let runtime = Rc::clone(&self.runtime);
        runtime.info.borrow_mut().learn_turn(&turn);
        let new_seed = turn.new_seed.take();
        runtime.run.borrow_mut().open(turn)?;
        self.happened = false;
        runtime.tasks.running(|| self.do_jobs(new_seed))?;
        if runtime.tasks.foreign_wake() {
            return Err(Fault::code(FOREIGN_WAKE));
        }
        self.assert_can_go_on()?;
        self.warn_of_unfinished_handlers();
        runtime.run.borrow_mut().close()
    }

    fn do_jobs(&mut self, new_seed: Option<RunId>) -> Result<(), Fault> {
        let runtime = Rc::clone(&self.runtime);
        if let Some(seed) = &new_seed {
            *runtime.random.borrow_mut() = Generator::seeded(seed.as_str());
        }
        loop {
            let job = runtime.run.borrow_mut().next_job();
            let Some(job) = job else { return Ok(()) };
            let done = contained(|| self.do_job(job, new_seed.as_ref()));
            // What went wrong first is what matters.
            if let Some(fault) = runtime.take_fault() {
                return Err(fault);
            }
            done.map_err(|panic| runtime.fault_of(panic, &Part::Main))??;
        }
    }

    fn do_job(&mut self, job: Job, new_seed: Option<&RunId>) -> Result<(), Fault> {
        match job {
            Job::Start(started) => {
                self.happened = true;
                self.start(*started, new_seed)
            }
            Job::Signal(signal) => {
                self.happened = true;
                self.signal(*signal)
            }
            Job::Update { ticket, arrival, accepted } => self.update(ticket, *arrival, accepted),
            Job::Cancel { reason } => {
                self.happened = true;
                self.scope.cancel(&self.runtime, Canceled { reason });
                Ok(())
            }
            Job::Settled(ticket) => {
                self.happened = true;
                self.runtime.wake_ticket(ticket);
                Ok(())
            }
            // An update that was rejected leaves no trace in history, so nothing may come of it, not even a look.
            Job::Poll if !std::mem::take(&mut self.happened) => Ok(()),
            Job::Poll => {
                if std::mem::take(&mut self.main_waits) {
                    self.start_main()?;
                }
                self.runtime.poll_until_idle();
                Ok(())
            }
        }
    }

    fn start(&mut self, started: WorkflowStarted, new_seed: Option<&RunId>) -> Result<(), Fault> {
        let name = started.workflow_type.clone();
        let runtime = &self.runtime;
        runtime.info.borrow_mut().learn(&started);
        // A run that was reset has a new seed from there on, even if that is its beginning.
        if new_seed.is_none() && !started.original_run.is_empty() {
            *runtime.random.borrow_mut() = Generator::seeded(started.original_run.as_str());
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
        let create = || while_read_only(ReadOnly::Init, || registered.create(&ctx, input, &runtime.converter));
        let instance = self
            .contained_in(&Part::Init, create)?
            .map_err(|error| Fault::code(format!("workflow `{name}` cannot be started: {}", with_causes(&error))))?;
        self.instance = Some(Rc::from(instance));
        self.main_waits = true;
        Ok(())
    }

    fn start_main(&self) -> Result<(), Fault> {
        let instance = Rc::clone(self.instance()?);
        let ctx = self.ctx();
        let main = self.contained_in(&Part::Main, || instance.run(ctx))?;
        let runtime = Rc::clone(&self.runtime);
        let scope = Rc::clone(&self.scope);
        let future = async move {
            let finish = match main.await {
                Ok(Ended::Finished(finish)) => finish,
                Ok(Ended::Canceled(_)) if scope.is_canceled() => Finish::Cancel,
                Ok(Ended::Canceled(failure)) => Finish::Fail(failure),
                Err(problem) => return runtime.fail_task(Fault::code(problem)),
            };
            runtime.run.borrow_mut().finish(finish);
        };
        self.runtime.tasks.spawn(Part::Main, Box::pin(future));
        Ok(())
    }

    fn signal(&self, signal: Signaled) -> Result<(), Fault> {
        let name = signal.name.as_str();
        let part = Part::Signal(name.to_owned());
        let ctx = self.ctx().apart(part.clone());
        let log = ctx.log();
        let runtime = Rc::clone(&self.runtime);
        let end = move |result: Result<(), LocalFailure>| {
            if let Err(failure) = result {
                let finish = failure.into_finish(&runtime.converter);
                runtime.run.borrow_mut().finish(finish);
            }
        };
        let instance = self.instance()?;
        let arguments = signal.input.unwrap_or_default();
        match self.contained_in(&part, || instance.signal(name, ctx, arguments, &self.runtime.converter))? {
            None => log.warn(format_args!("signal `{name}` has no handler; it is dropped")),
            Some(Err(error)) => {
                let error = with_causes(&error);
                log.error(format_args!("signal `{name}` cannot be read; it is dropped: {error}"));
            }
            Some(Ok(Handling::Done(result))) => self.contained_in(&part, || end(result))?,
            Some(Ok(Handling::Running(future))) => {
                self.runtime.tasks.spawn(part, Box::pin(async move { end(future.await) }));
            }
        }
        Ok(())
    }

    fn update(&mut self, ticket: UpdateTicket, arrival: UpdateArrival, accepted: bool) -> Result<(), Fault> {
        let instance = Rc::clone(self.instance()?);
        let runtime = Rc::clone(&self.runtime);
        let name = arrival.request.name.as_str();
        let part = Part::Update(name.to_owned());
        let arguments = arrival.request.input.unwrap_or_default();
        let to_validate = (!accepted).then(|| arguments.clone());
        let ctx = self.ctx().apart(part.clone());
        let prepare = || instance.update(name, ctx, arguments, &runtime.converter);
        let prepared = contained(prepare).unwrap_or_else(|panic| {
            let message = panic.into_message();
            Err(failure(format!("update `{name}`: a panic while its arguments were read: {message}")))
        });
        let prepared = match (prepared, to_validate) {
            (Ok(prepared), None) => prepared,
            (Err(problem), None) => {
                let problem = problem.message;
                return Err(Fault::code(format!("history accepted an update that the code cannot take: {problem}")));
            }
            (Err(refusal), Some(_)) => {
                runtime.run.borrow_mut().reject(ticket, refusal);
                return Ok(());
            }
            (Ok(prepared), Some(arguments)) => {
                let validate = || instance.validate(name, arguments, &runtime.converter);
                let refusal = match runtime.look(ReadOnly::Validator, validate) {
                    Ok(Ok(())) => None,
                    Ok(Err(refusal)) => Some(refusal),
                    // A panic refuses the update alone; touching what may only be looked at is a fault of the workflow.
                    Err(Panic::ReadOnly(violation)) => return Err(Fault::code(violation)),
                    Err(Panic::Message(message)) => {
                        Some(failure(format!("the validator of update `{name}` panicked: {message}")))
                    }
                };
                if let Some(refusal) = refusal {
                    runtime.run.borrow_mut().reject(ticket, refusal);
                    return Ok(());
                }
                prepared
            }
        };
        self.happened = true;
        runtime.run.borrow_mut().accept(ticket);
        match self.contained_in(&part, prepared)? {
            Handling::Done(result) => runtime.run.borrow_mut().complete_update(ticket, outcome(result)),
            Handling::Running(future) => {
                let shared = Rc::clone(&runtime);
                let answer = async move {
                    let outcome = outcome(future.await);
                    shared.run.borrow_mut().complete_update(ticket, outcome);
                };
                runtime.tasks.spawn(part, Box::pin(answer));
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
        match runtime.look(ReadOnly::Query, || instance.query(name, arguments, &runtime.converter)) {
            Ok(Ok(payload)) => QueryAnswer::Answered(vec![payload]),
            Ok(Err(failure)) => QueryAnswer::Failed(failure),
            Err(Panic::ReadOnly(violation)) => QueryAnswer::Failed(failure(violation)),
            Err(Panic::Message(message)) => QueryAnswer::Failed(failure(format!("query `{name}` panicked: {message}"))),
        }
    }

    /// A workflow that waits for nothing that Perpetua knows, and takes no message, would wait for ever.
    fn assert_can_go_on(&self) -> Result<(), Fault> {
        let runtime = &self.runtime;
        let stuck = !runtime.tasks.is_empty()
            && !runtime.run.borrow().is_finished()
            && !runtime.waits_for_something()
            && !self.scope.is_watched()
            && self.instance.as_ref().is_some_and(|instance| !instance.takes_messages());
        if stuck { Err(Fault::code(AWAITS_FOREIGN)) } else { Ok(()) }
    }

    /// A handler that is not done when the workflow ends is cut off, and nobody else would notice.
    fn warn_of_unfinished_handlers(&self) {
        if !self.runtime.run.borrow().is_finished() {
            return;
        }
        let handlers: Vec<_> = self.runtime.tasks.handlers().iter().map(ToString::to_string).collect();
        if !handlers.is_empty() {
            self.ctx().log().warn(format_args!(
                "[TMPRL1102] the workflow ends while handlers are still running: {}; what they were doing is cut off, and \
                 whoever waits for such an update gets an error; let the main function wait until they are done",
                handlers.join(", ")
            ));
        }
    }

    /// Calls user code; a panic is a fault of the workflow.
    fn contained_in<R>(&self, part: &Part, call: impl FnOnce() -> R) -> Result<R, Fault> {
        contained(call).map_err(|panic| self.runtime.fault_of(panic, part))
    }

    fn ctx(&self) -> Ctx {
        Ctx { runtime: Rc::clone(&self.runtime), scope: Rc::clone(&self.scope) }
    }

    fn instance(&self) -> Result<&Rc<dyn Instance>, Fault> {
        let missing = || Malformed::new("History", "does not begin with WorkflowExecutionStarted").into();
        self.instance.as_ref().ok_or_else(missing)
    }
}

impl Drop for Player {
    /// Eviction: what was pending stays pending; user code is dropped without a trace, and its panics end here.
    fn drop(&mut self) {
        self.runtime.close();
        drop_contained(self.instance.take());
        drop_contained(std::mem::replace(&mut self.scope, Scope::new(Part::Main)));
    }
}

fn outcome(result: UpdateResult) -> Outcome {
    match result {
        Ok(payload) => Outcome::Success(Some(vec![payload])),
        Err(failure) => Outcome::Failure(failure),
    }
}

const FOREIGN_WAKE: &str = "the workflow was woken by something that is not part of it: it awaits a future of another \
    runtime, thread or channel, which no replay could repeat; await operations of `Ctx` only, and do everything else in \
    an activity";

const AWAITS_FOREIGN: &str = "the workflow waits for something that Perpetua does not know, and takes no signal or update \
    that could wake it: it awaits a future of another runtime, thread or channel, or one that is never done; await \
    operations of `Ctx` only, and do everything else in an activity";
