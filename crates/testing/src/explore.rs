//! A workflow under every order of what could happen to it.
//!
//! ```text
//! described: messages, answers --> which of them could come next? --> Drive, from the start, in this order --> the check
//!                                          ^                                        |
//!                                          `------ what the workflow waits for -----'
//! ```
//! Every order is played from the start, with [`drive`](crate::drive()): nothing is kept between two of them.

mod answer;
mod order;
mod play;
mod report;

use std::fmt;
use std::ops::{Deref, DerefMut};
use std::panic::{AssertUnwindSafe, catch_unwind};

use perpetua_contract::{ActivityDefinition, ActivityStub, SignalCall, UpdateCall, WorkflowDefinition, WorkflowStub};
use perpetua_convert::{Arguments, CallError, Value};
use perpetua_workflow::implementation::WorkflowImplementation;

use self::answer::Answer;
use self::order::{Order, length, orders_after, read};
use self::play::{Played, Stop};
use crate::drive::{ActivityCalled, ChildCalled, Drive, DriveBuilder};
use crate::simulate::panic_text;

pub use self::report::ExploreFailure;

/// The variable that says which order is to be played, instead of all.
const ORDER: &str = "PERPETUA_ORDER";
/// How many orders are played at most to find a shorter one in which the same test fails.
const SHORTENING: usize = 2_000;

/// A workflow, and what may happen to it, being described. Made by [`explore`].
#[must_use = "nothing is explored until it is checked"]
pub struct Explorer<D> {
    workflow: Box<dyn Fn() -> DriveBuilder<D>>,
    messages: Vec<Message<D>>,
    answers: Vec<Answer<D>>,
    at_most: usize,
    longest: usize,
    may_wait: bool,
}

/// Sends a message.
type Send<D> = Box<dyn Fn(&mut Drive<D>)>;

/// Something that comes once, at any time.
struct Message<D> {
    label: String,
    /// Whether it is a message to a handler: in a workflow task, all of these come before all else.
    is_for_handler: bool,
    send: Send<D>,
}

/// A run that has come to its end in one order, or waits although nothing more can happen: a [`Drive`].
pub struct End<'a, D> {
    drive: &'a mut Drive<D>,
    order: &'a Order,
}

/// All orders were right.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Explored {
    /// How many orders came to an end, and were checked.
    pub orders: usize,
    /// How many came to no end within the [longest](Explorer::longest) that is played.
    pub cut_short: usize,
    /// Whether these are all there are; otherwise there were more than were [to be played](Explorer::at_most).
    pub is_all: bool,
}

/// Runs a workflow under every order in which what is described could happen to it, and checks each.
///
/// What comes next is each of the messages that were not sent yet, each answer to each call that the workflow waits for, and
/// that time passes until the next timer is due; alone, or several together in one workflow task, as it is when a worker was
/// busy or away.
///
/// ```text
/// explore(|| drive(Approval::run(order())))
///     .signal(Approval::approve("ann".to_owned()))
///     .cancel()
///     .returns(charge, "receipt".to_owned())
///     .fails(charge, || BankError::Down)
///     .check(|end| {
///         if end.happened("approve") { .. }
///     });
/// ```
///
/// It finds messages that are lost because the workflow ends in the same task, handlers that are cut off, and races of timers
/// with results. Every order is executed anew from its history as well, as [`drive`](crate::drive()) does it.
pub fn explore<D: WorkflowImplementation>(workflow: impl Fn() -> DriveBuilder<D> + 'static) -> Explorer<D> {
    Explorer {
        workflow: Box::new(workflow),
        messages: Vec::new(),
        answers: Vec::new(),
        at_most: 10_000,
        longest: 30,
        may_wait: false,
    }
}

impl<D: WorkflowImplementation> Explorer<D> {
    /// This signal may come at any time, once.
    pub fn signal<I: Arguments + Clone + 'static>(self, call: SignalCall<D, I>) -> Self {
        let (name, input) = call.into_parts();
        let label = name.to_string();
        self.message(label, true, move |run| run.signal(SignalCall::new(name.clone(), input.clone())))
    }

    /// This update may come at any time, once. Whoever sends it waits for its answer.
    pub fn update<I, O, E>(self, call: UpdateCall<D, I, O, E>) -> Self
    where
        I: Arguments + Clone + 'static,
        O: Value,
        E: CallError,
    {
        let (name, input) = call.into_parts();
        let label = name.to_string();
        self.message(label, true, move |run| {
            run.start_update(UpdateCall::<D, I, O, E>::new(name.clone(), input.clone()));
        })
    }

    /// A request to stop may come at any time, once: `cancel` in reports.
    pub fn cancel(self) -> Self {
        self.message("cancel".to_owned(), false, Drive::cancel)
    }

    /// This activity, or local activity, may return this value: one of its answers, each of which is tried.
    pub fn returns<A, S>(self, stub: S, value: <S::Definition as ActivityDefinition>::Output) -> Self
    where
        S: ActivityStub<A> + Copy + 'static,
        <S::Definition as ActivityDefinition>::Output: Clone,
    {
        self.answers(stub, "returns", move |run, call| run.complete(call, value.clone()))
    }

    /// This activity, or local activity, may fail for good with such an error.
    pub fn fails<A, S>(
        self,
        stub: S,
        error: impl Fn() -> <S::Definition as ActivityDefinition>::Error + 'static,
    ) -> Self
    where
        S: ActivityStub<A> + Copy + 'static,
    {
        self.answers(stub, "fails", move |run, call| run.fail(call, error()))
    }

    /// This activity, or local activity, may be answered so; `what` is what reports call it:
    /// `.answers(charge, "times out", |run, call| run.time_out(call, TimeoutKind::StartToClose))`.
    pub fn answers<A, S>(
        mut self,
        stub: S,
        what: &str,
        answer: impl Fn(&mut Drive<D>, ActivityCalled<S::Definition>) + 'static,
    ) -> Self
    where
        S: ActivityStub<A> + Copy + 'static,
    {
        self.answers.push(Answer::of_activity(self.answers.len(), stub, what, answer));
        self
    }

    /// This child workflow may be answered so: `.child(Refund::run, "returns", |run, call| run.complete(call, ()))`.
    pub fn child<A, S>(
        mut self,
        stub: S,
        what: &str,
        answer: impl Fn(&mut Drive<D>, ChildCalled<S::Definition>) + 'static,
    ) -> Self
    where
        S: WorkflowStub<A> + Copy + 'static,
    {
        self.answers.push(Answer::of_child(self.answers.len(), stub, what, answer));
        self
    }

    /// At most so many orders are played, 10,000 by default; those that are played on the way to others count.
    pub fn at_most(mut self, orders: usize) -> Self {
        self.at_most = orders.max(1);
        self
    }

    /// At most so many things happen in an order, 30 by default: for workflows that go on for ever.
    pub fn longest(mut self, steps: usize) -> Self {
        self.longest = steps;
        self
    }

    /// Checks also runs that wait when nothing more can happen. Otherwise that is wrong.
    pub fn may_wait(mut self) -> Self {
        self.may_wait = true;
        self
    }

    /// Explores, and asserts that each order is right. If the variable `PERPETUA_ORDER` is set, that order alone is played.
    ///
    /// # Panics
    /// When an order is wrong: with the shortest that was found, and what the workflow did at each step.
    #[track_caller]
    pub fn check(self, check: impl Fn(&mut End<'_, D>)) -> Explored {
        let only = std::env::var(ORDER).ok();
        let explored = match only {
            Some(order) => self.replay(&order, check),
            None => self.find(check),
        };
        match explored {
            Ok(explored) => explored,
            Err(failure) => panic!("{failure}"),
        }
    }

    /// Explores, and says which order is wrong.
    ///
    /// # Errors
    /// The shortest order that was found in which the check panics, the workflow cannot go on, or it waits although nothing
    /// more can happen.
    pub fn find(self, check: impl Fn(&mut End<'_, D>)) -> Result<Explored, ExploreFailure> {
        let mut explored = Explored { orders: 0, cut_short: 0, is_all: true };
        let (mut left, mut to_play) = (self.at_most, vec![Order::default()]);
        while let Some(order) = to_play.pop() {
            if left == 0 {
                explored.is_all = false;
                break;
            }
            left -= 1;
            let next = match self.look(&order, &check, &mut explored) {
                Ok(next) => next,
                Err(failure) => return Err(self.shorten(failure, &check)),
            };
            to_play.extend(next.into_iter().rev());
        }
        Ok(explored)
    }

    /// Plays one order, as a report has it: `approve + time passes | charge returns`.
    ///
    /// # Errors
    /// When it is wrong, or it cannot happen.
    pub fn replay(self, order: &str, check: impl Fn(&mut End<'_, D>)) -> Result<Explored, ExploreFailure> {
        let mut explored = Explored { orders: 0, cut_short: 0, is_all: false };
        let mut played = Order::default();
        for wanted in order.split('|').filter(|part| !part.trim().is_empty()) {
            let possible = self.look(&played, &check, &mut explored)?;
            let fitting = possible.into_iter().find(|order| read(order.last(), wanted));
            played = fitting.ok_or_else(|| {
                let problem = format!("{:?} cannot happen here", wanted.trim());
                ExploreFailure::new(explored.orders, problem, &played, Vec::new())
            })?;
        }
        self.look(&played, &check, &mut explored)?;
        Ok(explored)
    }

    /// Plays an order, and checks it if it is at its end; otherwise how it could go on.
    fn look(
        &self,
        order: &Order,
        check: &impl Fn(&mut End<'_, D>),
        explored: &mut Explored,
    ) -> Result<Vec<Order>, ExploreFailure> {
        let Played { stop, trace } = self.play(order);
        let failed = |explored: &Explored, problem| ExploreFailure::new(explored.orders, problem, order, trace.clone());
        let mut drive = match stop {
            Stop::Fault(problem) => return Err(failed(explored, problem)),
            Stop::Before(drive, steps) if length(order) < self.longest => {
                drop(drive);
                return Ok(orders_after(order, &steps));
            }
            Stop::Before(..) => {
                explored.cut_short += 1;
                return Ok(Vec::new());
            }
            Stop::End(drive) => drive,
        };
        explored.orders += 1;
        if !drive.is_over() && !self.may_wait {
            let waits: Vec<_> = drive.waits().iter().map(|wait| format!("\n  {wait}")).collect();
            let problem = format!(
                "nothing that was described is left to happen, and the workflow waits for:{}\n\
                 answers of activities are described with `.returns(..)`, `.fails(..)` and `.answers(..)`; if it may \
                 wait, `.may_wait()` says so",
                waits.concat()
            );
            return Err(failed(explored, problem));
        }
        let looked = catch_unwind(AssertUnwindSafe(|| check(&mut End { drive: &mut drive, order })));
        match looked {
            Ok(()) => Ok(Vec::new()),
            Err(panic) => Err(failed(explored, panic_text(&*panic))),
        }
    }

    /// Looks for a shorter order that is wrong.
    fn shorten(&self, failure: ExploreFailure, check: &impl Fn(&mut End<'_, D>)) -> ExploreFailure {
        let mut explored = Explored { orders: 0, cut_short: 0, is_all: true };
        let mut to_play = std::collections::VecDeque::from([Order::default()]);
        for _ in 0..SHORTENING.min(self.at_most) {
            let Some(order) = to_play.pop_front() else { break };
            match self.look(&order, check, &mut explored) {
                Ok(next) => to_play.extend(next.into_iter().filter(|order| length(order) < failure.length)),
                Err(shorter) => return ExploreFailure { orders: failure.orders, ..shorter },
            }
        }
        failure
    }

    fn message(mut self, label: String, is_for_handler: bool, send: impl Fn(&mut Drive<D>) + 'static) -> Self {
        let same = |message: &&Message<D>| message.label.split(" #").next() == Some(&label);
        let label = match self.messages.iter().filter(same).count() {
            0 => label,
            before => format!("{label} #{}", before + 1),
        };
        self.messages.push(Message { label, is_for_handler, send: Box::new(send) });
        self
    }
}

impl<D: WorkflowDefinition> End<'_, D> {
    /// Whether something happened before the end, by what reports call it: `end.happened("approve")`.
    pub fn happened(&self, label: &str) -> bool {
        self.order.iter().flatten().any(|step| step.label() == label)
    }

    /// What happened, in order: steps that came in one workflow task are joined by ` + `.
    pub fn order(&self) -> String {
        order::write(self.order)
    }
}

impl<D> Deref for End<'_, D> {
    type Target = Drive<D>;

    fn deref(&self) -> &Drive<D> {
        self.drive
    }
}

impl<D> DerefMut for End<'_, D> {
    fn deref_mut(&mut self) -> &mut Drive<D> {
        self.drive
    }
}

impl<D: WorkflowDefinition> fmt::Debug for End<'_, D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("End").field("order", &self.order()).finish_non_exhaustive()
    }
}

impl<D: WorkflowDefinition> fmt::Debug for Explorer<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let messages: Vec<_> = self.messages.iter().map(|message| &message.label).collect();
        let answers: Vec<_> = self.answers.iter().map(Answer::label).collect();
        f.debug_struct("Explorer").field("messages", &messages).field("answers", &answers).finish_non_exhaustive()
    }
}
