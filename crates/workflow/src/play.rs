//! The one function that plays a turn: worker, replayer and tests all call it.

use std::rc::Rc;
use std::sync::Arc;

use perpetua_convert::Canceled;
use perpetua_core::{Closed, Fault, Finish, Job, LocalActivityEnd, Turn, UpdateArrival, UpdateTicket};
use perpetua_vocab::{Malformed, Query, QueryAnswer, RunId, WorkflowStarted, WorkflowType};

use crate::Ctx;
use crate::contained::{Panic, contained, drop_contained, with_causes};
use crate::executor::Part;
use crate::handlers::{Arrived, UnfinishedPolicy};
use crate::instance::{Ended, Instance, failure};
use crate::random::Generator;
use crate::read_only::{ReadOnly, while_read_only};
use crate::registered::MessageKind;
use crate::registry::Workflows;
use crate::replaying::replaying;
use crate::runtime::Runtime;
use crate::scope::Scope;

/// The user's workflow, with what it runs on.
pub(crate) struct Player {
    pub(crate) runtime: Rc<Runtime>,
    workflows: Arc<Workflows>,
    /// The scope of the main function: what a request to stop reaches.
    scope: Rc<Scope>,
    /// Whether the main function is yet to be started, after the messages that came with the start.
    main_waits: bool,
    /// Updates that came before the main function has begun, and that nobody took.
    early_updates: Vec<(UpdateTicket, UpdateArrival, bool)>,
    /// Whether something happened since the last poll that history has, or will have.
    happened: bool,
}

impl Player {
    pub(crate) fn new(runtime: Rc<Runtime>, workflows: Arc<Workflows>) -> Self {
        Self {
            runtime,
            workflows,
            scope: Scope::new(Part::Main),
            main_waits: false,
            early_updates: Vec::new(),
            happened: false,
        }
    }

    /// Begins a turn: feeds what happened, and runs the workflow until it waits.
    pub(crate) fn open(&mut self, mut turn: Turn) -> Result<(), Fault> {
        let runtime = Rc::clone(&self.runtime);
        runtime.tasks.begin_turn(turn.number);
        runtime.info.borrow_mut().learn_turn(&turn);
        let new_seed = turn.new_seed.take();
        runtime.run.borrow_mut().open(turn)?;
        self.happened = false;
        self.play_round(new_seed)
    }

    /// Feeds the end of a local activity into the open turn, and runs the workflow until it waits.
    pub(crate) fn local_activity_ended(&mut self, number: u32, end: LocalActivityEnd) -> Result<(), Fault> {
        self.assert_not_woken_by_others()?;
        self.runtime.run.borrow_mut().local_activity_ended(number, end);
        self.play_round(None)
    }

    /// Ends the turn: collects what the workflow asked for.
    pub(crate) fn close(&mut self) -> Result<Closed, Fault> {
        self.assert_can_go_on()?;
        replaying(self.is_replaying(), || self.warn_of_unfinished_handlers());
        self.runtime.run.borrow_mut().close()
    }

    /// Whether the open turn is a recorded one.
    fn is_replaying(&self) -> bool {
        self.runtime.run.borrow().is_replaying()
    }

    fn play_round(&mut self, new_seed: Option<RunId>) -> Result<(), Fault> {
        let runtime = Rc::clone(&self.runtime);
        replaying(self.is_replaying(), || runtime.tasks.running(|| self.do_jobs(new_seed)))?;
        self.assert_not_woken_by_others()
    }

    fn do_jobs(&mut self, new_seed: Option<RunId>) -> Result<(), Fault> {
        let runtime = Rc::clone(&self.runtime);
        if let Some(seed) = &new_seed {
            *runtime.random.borrow_mut() = Generator::seeded(seed.as_str());
        }
        loop {
            let job = runtime.run.borrow_mut().next_job();
            let Some(job) = job else { return Ok(()) };
            let done = contained(|| {
                self.do_job(job, new_seed.as_ref())?;
                self.runtime.deliver_what_waits()
            });
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
                self.instance()?;
                self.runtime.receive_signal(*signal)
            }
            Job::Update { ticket, arrival, accepted } => self.update(ticket, *arrival, accepted),
            Job::Cancel { reason } => {
                self.happened = true;
                self.scope.cancel(&self.runtime, Canceled { reason });
                Ok(())
            }
            Job::TimePassed(now) => {
                self.runtime.info.borrow_mut().learn_time(now);
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
                    self.begin()?;
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
        runtime.notes.borrow_mut().learn(&started);
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
        let instance = runtime
            .contained_in(&Part::Init, create)?
            .map_err(|error| Fault::code(format!("workflow `{name}` cannot be started: {}", with_causes(&error))))?;
        *runtime.instance.borrow_mut() = Some(Rc::from(instance));
        self.main_waits = true;
        Ok(())
    }

    fn start_main(&self) -> Result<(), Fault> {
        let instance = self.instance()?;
        let ctx = self.ctx();
        let main = self.runtime.contained_in(&Part::Main, || instance.run(ctx))?;
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

    /// Hands an update over. One that nobody takes yet waits for the main function to have begun, which may register a
    /// handler for it.
    fn update(&mut self, ticket: UpdateTicket, arrival: UpdateArrival, accepted: bool) -> Result<(), Fault> {
        self.instance()?;
        if self.main_waits && self.runtime.update_handler(arrival.request.name.as_str()).is_none() {
            self.early_updates.push((ticket, arrival, accepted));
            return Ok(());
        }
        self.happened |= self.runtime.receive_update(ticket, arrival, accepted)?;
        Ok(())
    }

    /// Starts the main function, and hands over the updates that came before it.
    fn begin(&mut self) -> Result<(), Fault> {
        self.start_main()?;
        let early = std::mem::take(&mut self.early_updates);
        if early.is_empty() {
            return Ok(());
        }
        self.runtime.poll_until_idle();
        for (ticket, arrival, accepted) in early {
            if self.runtime.has_fault() {
                break;
            }
            let is_over = self.runtime.run.borrow().is_finished();
            if is_over && !accepted {
                let refusal = failure("the workflow ended before anything took the update".to_owned());
                self.runtime.run.borrow_mut().reject(ticket, refusal);
            } else {
                self.runtime.receive_update(ticket, arrival, accepted)?;
            }
        }
        Ok(())
    }

    /// Answers a query, without leaving a trace.
    pub(crate) fn query(&self, query: Query) -> QueryAnswer {
        let runtime = &self.runtime;
        if runtime.instance().is_none() {
            return QueryAnswer::Failed(failure("the workflow has not run yet".to_owned()));
        }
        let name = query.name.as_str();
        if let Some(answer) = runtime.answer_built_in(name) {
            return answer;
        }
        let Some(handler) = runtime.query_handler(name) else {
            return QueryAnswer::Failed(failure(runtime.unknown(MessageKind::Query, name)));
        };
        let arguments = query.arguments.unwrap_or_default();
        let arrived = Arrived { name, arguments, converter: &runtime.converter };
        match runtime.look(ReadOnly::Query, || (handler.call)(arrived)) {
            Ok(Ok(payload)) => QueryAnswer::Answered(vec![payload]),
            Ok(Err(failure)) => QueryAnswer::Failed(failure),
            Err(Panic::ReadOnly(violation)) => QueryAnswer::Failed(failure(violation)),
            Err(Panic::Message(message)) => QueryAnswer::Failed(failure(format!("query `{name}` panicked: {message}"))),
        }
    }

    /// A workflow that was woken by something else would not be woken by it on replay.
    pub(crate) fn assert_not_woken_by_others(&self) -> Result<(), Fault> {
        match self.runtime.tasks.foreign_wake() {
            Some(wake) => Err(Fault::code(format!("workflow `{}` {wake}", self.name()))),
            None => Ok(()),
        }
    }

    /// A workflow that waits for nothing that Perpetua knows, and takes no message, would wait for ever.
    fn assert_can_go_on(&self) -> Result<(), Fault> {
        let runtime = &self.runtime;
        let parts = runtime.tasks.parts();
        let stuck = !parts.is_empty()
            && !runtime.run.borrow().is_finished()
            && !runtime.waits_for_something()
            && !self.scope.is_watched()
            && runtime.instance().is_some()
            && !runtime.takes_messages();
        if !stuck {
            return Ok(());
        }
        let parts: Vec<_> = parts.iter().map(ToString::to_string).collect();
        Err(Fault::code(format!("workflow `{}` waits in {} {AWAITS_FOREIGN}", self.name(), parts.join(", "))))
    }

    /// A handler that is not done when the workflow ends is cut off, and nobody else would notice.
    fn warn_of_unfinished_handlers(&self) {
        let handlers = self.unfinished_handlers();
        if !handlers.is_empty() {
            self.ctx().log().warn(format_args!(
                "[TMPRL1102] the workflow ends while handlers are still running: {}; what they were doing is cut off, and \
                 whoever waits for such an update gets an error; let the main function wait until they are done, with \
                 `ctx.wait_until(|| ctx.all_handlers_finished())`, or mark handlers for which that is fine with \
                 `unfinished_policy = Abandon`",
                handlers.join(", ")
            ));
        }
    }

    /// The handlers that were cut off by the end of the workflow, but for those that may be.
    pub(crate) fn unfinished_handlers(&self) -> Vec<String> {
        if !self.runtime.run.borrow().is_finished() {
            return Vec::new();
        }
        let handlers = self.runtime.tasks.handlers();
        let warned_of = handlers.iter().filter(|(_, policy)| *policy == UnfinishedPolicy::WarnAndAbandon);
        let names = warned_of.map(|(part, _)| match &**part {
            Part::Update(update) => format!("{part} (id `{}`)", update.id),
            _ => part.to_string(),
        });
        names.collect()
    }

    fn name(&self) -> WorkflowType {
        self.runtime.info.borrow().workflow_type().clone()
    }

    fn ctx(&self) -> Ctx {
        Ctx { runtime: Rc::clone(&self.runtime), scope: Rc::clone(&self.scope) }
    }

    fn instance(&self) -> Result<Rc<dyn Instance>, Fault> {
        let missing = || Malformed::new("History", "does not begin with WorkflowExecutionStarted").into();
        self.runtime.instance().ok_or_else(missing)
    }
}

impl Drop for Player {
    /// Eviction: what was pending stays pending; user code is dropped without a trace, and its panics end here.
    fn drop(&mut self) {
        self.runtime.close();
        drop_contained(std::mem::replace(&mut self.scope, Scope::new(Part::Main)));
    }
}

const AWAITS_FOREIGN: &str = "for something that Perpetua does not know, and takes no signal or update that could wake \
    it: it awaits a future of another runtime, thread or channel, or one that is never done; await operations of `Ctx` \
    only, and do everything else in an activity";
