//! What all parts of one running workflow share: its contexts, its futures, its executor.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::task::Waker;

use perpetua_convert::DataConverter;
use perpetua_core::{Fault, Pending, Run, Ticket};

use crate::contained::{Panic, contained, drop_contained};
use crate::executor::{Part, Tasks};
use crate::guard::{Violation, guarded};
use crate::info::WorkflowInfo;
use crate::instance::Instance;
use crate::notes::Notes;
use crate::random::Generator;
use crate::read_only::{ReadOnly, assert_may_change, assert_not_read_only, read_only, while_read_only};
use crate::registered::Registered;
use crate::replaying::{is_replaying, replaying};
use crate::scope::Layers;
use crate::wakers::Wakers;
use crate::whereabouts::Whereabouts;

/// What all parts of one running workflow share.
///
/// User code never runs while one of its cells is borrowed.
pub(crate) struct Runtime {
    pub(crate) run: RefCell<Run>,
    pub(crate) tasks: Tasks,
    pub(crate) info: RefCell<WorkflowInfo>,
    pub(crate) notes: RefCell<Notes>,
    pub(crate) converter: DataConverter,
    pub(crate) random: RefCell<Generator>,
    /// Who waits for an operation.
    waiters: Wakers<Ticket>,
    /// Who waits for a condition on the state, by a number that only orders them.
    conditions: Wakers<u64>,
    /// How often state had been written when conditions last looked.
    seen_writes: Cell<u64>,
    /// Whether conditions are to look, even if no state was written.
    look_due: Cell<bool>,
    /// The next number for an entry of any kind.
    numbers: Cell<u64>,
    /// What is around that which is being polled.
    pub(crate) layers: Layers,
    /// The first thing the code did wrong in the open turn.
    fault: RefCell<Option<Fault>>,
    /// What somebody did who may only look, where it could not be stopped.
    trespass: RefCell<Option<String>>,
    /// Whether something was changed that history does not know of.
    tainted: Cell<bool>,
    /// Which part runs, for others to see.
    pub(crate) whereabouts: Whereabouts,
    /// Whether the run is being taken apart: then nobody hears what user code still does.
    closing: Cell<bool>,
    /// What the run says of itself, for people.
    pub(crate) details: RefCell<String>,
    /// The user's workflow, once it is created.
    pub(crate) instance: RefCell<Option<Rc<dyn Instance>>>,
    /// The handlers that were registered while the run ran.
    pub(crate) registered: Registered,
}

impl Runtime {
    pub(crate) fn new(info: WorkflowInfo, converter: DataConverter) -> Rc<Self> {
        Rc::new(Self {
            run: RefCell::new(Run::new()),
            tasks: Tasks::default(),
            random: RefCell::new(Generator::seeded(info.execution().run_id.as_str())),
            info: RefCell::new(info),
            notes: RefCell::default(),
            converter,
            waiters: Wakers::default(),
            conditions: Wakers::default(),
            seen_writes: Cell::new(0),
            look_due: Cell::new(false),
            numbers: Cell::new(0),
            layers: Layers::default(),
            fault: RefCell::new(None),
            trespass: RefCell::new(None),
            tainted: Cell::new(false),
            whereabouts: Whereabouts::default(),
            closing: Cell::new(false),
            details: RefCell::default(),
            instance: RefCell::new(None),
            registered: Registered::default(),
        })
    }

    /// Stops the caller, which is about to do `what`, where nothing may be done.
    pub(crate) fn assert_may_act(&self, what: &str) {
        if self.closing.get() {
            return;
        }
        assert_not_read_only(what);
        assert!(self.tasks.is_running(), "something that is not part of the workflow tried to {what} by its context");
    }

    /// Stops the caller, which is about to register or remove a handler, where that may not be done. An `#[init]` function
    /// may.
    pub(crate) fn assert_may_register(&self, what: &str) {
        if self.closing.get() {
            return;
        }
        assert_may_change(|| format!("tried to {what}"));
        assert!(self.tasks.is_running(), "something that is not part of the workflow tried to {what} by its context");
    }

    /// Calls what may look but not touch. What it touches all the same is reported, whatever it returns.
    pub(crate) fn look<R>(&self, who: ReadOnly, call: impl FnOnce() -> R) -> Result<R, Panic> {
        let looked = contained(|| self.tasks.running(|| while_read_only(who, call)));
        match self.take_trespass() {
            Some(trespass) => Err(Panic::ReadOnly(trespass)),
            None => looked,
        }
    }

    /// What somebody did who may only look, where it could not be stopped.
    pub(crate) fn take_trespass(&self) -> Option<String> {
        let woke = self.tasks.take_onlooker().map(|who| who.blame("woke a task of the workflow"));
        let trespass = self.trespass.borrow_mut().take().or(woke)?;
        self.tainted.set(true);
        Some(trespass)
    }

    /// Whether something was changed that history does not know of.
    pub(crate) fn is_tainted(&self) -> bool {
        self.tainted.get()
    }

    /// Calls code of the user. What it does that workflow code must not do is a fault of the workflow.
    pub(crate) fn user_code<R>(&self, part: &Part, call: impl FnOnce() -> R) -> R {
        self.whereabouts.enter(part);
        let (called, violation) = guarded(call);
        if let Some(Violation { did, place, instead }) = violation {
            let name = self.info.borrow().workflow_type().clone();
            let at = place.map(|place| format!(" at {place}")).unwrap_or_default();
            let message = format!(
                "workflow `{name}` {did} in {part}{at}, which no replay could repeat; {instead} (where it decides \
                 nothing, `perpetua::unguarded` permits it)"
            );
            self.fail_task(Fault::code(message));
        }
        called
    }

    /// Fails the workflow task at the end of the turn. The first fault is kept.
    pub(crate) fn fail_task(&self, fault: Fault) {
        self.fault.borrow_mut().get_or_insert(fault);
    }

    pub(crate) fn take_fault(&self) -> Option<Fault> {
        self.fault.borrow_mut().take()
    }

    pub(crate) fn has_fault(&self) -> bool {
        self.fault.borrow().is_some()
    }

    /// The fault of a workflow that panicked in this part.
    pub(crate) fn fault_of(&self, panic: Panic, part: &Part) -> Fault {
        match panic {
            Panic::ReadOnly(violation) => Fault::code(violation),
            Panic::Message(message) => {
                let name = self.info.borrow().workflow_type().clone();
                Fault::panic(format!("workflow `{name}` panicked in {part}: {message}"))
            }
        }
    }

    pub(crate) fn next_number(&self) -> u64 {
        let number = self.numbers.get();
        self.numbers.set(number + 1);
        number
    }

    pub(crate) fn wait_for_ticket(&self, ticket: Ticket, waker: &Waker) {
        self.tasks.waits.own(ticket);
        self.waiters.put(ticket, waker);
    }

    pub(crate) fn forget_ticket(&self, ticket: Ticket) {
        self.tasks.waits.disown(ticket);
        drop(self.waiters.take(&ticket));
    }

    pub(crate) fn wake_ticket(&self, ticket: Ticket) {
        if let Some(waker) = self.waiters.take(&ticket) {
            waker.wake();
        }
    }

    /// The future that waited for the operation is gone.
    pub(crate) fn abandon(&self, ticket: Ticket) {
        self.give_up(ticket, Run::abandon);
    }

    /// The handle of the operation is gone, and the operation goes on.
    pub(crate) fn detach(&self, ticket: Ticket) {
        self.give_up(ticket, Run::detach);
    }

    fn give_up(&self, ticket: Ticket, how: fn(&mut Run, Ticket)) {
        if let Some(who) = read_only() {
            // It is being dropped, perhaps by an unwinding: no place to stop it.
            self.trespass.borrow_mut().get_or_insert_with(|| who.blame("dropped a pending operation of the workflow"));
            return;
        }
        self.forget_ticket(ticket);
        how(&mut self.run.borrow_mut(), ticket);
    }

    pub(crate) fn wait_for_condition(&self, number: u64, waker: &Waker) {
        self.conditions.put(number, waker);
    }

    pub(crate) fn forget_condition(&self, number: u64) {
        drop(self.conditions.take(&number));
    }

    /// Makes conditions look again when nothing else is to be done.
    pub(crate) fn look_again(&self) {
        self.look_due.set(true);
    }

    /// Whether conditions are to look, now that state was written so often.
    pub(crate) fn wants_a_look(&self, writes: u64) -> bool {
        let due = self.look_due.replace(false);
        due | (self.seen_writes.replace(writes) != writes)
    }

    /// Makes every condition look.
    pub(crate) fn wake_conditions(&self) {
        self.conditions.wake_all();
    }

    /// Whether anything that Perpetua knows can still wake the workflow.
    pub(crate) fn waits_for_something(&self) -> bool {
        !self.conditions.is_empty() || self.run.borrow().has_pending_operations()
    }

    /// What the workflow waits for: operations, then conditions and the like.
    pub(crate) fn pending(&self) -> Vec<Pending> {
        let mut pending: Vec<_> = self.run.borrow().pending().map(|(_, pending)| pending).collect();
        pending.extend(self.tasks.waits.others().into_iter().map(|(_, pending)| pending));
        pending
    }

    /// Gives back the memory that is not needed until the next turn.
    pub(crate) fn shrink(&self) {
        self.run.borrow_mut().shrink();
        self.tasks.shrink();
        self.waiters.shrink();
        self.conditions.shrink();
        self.registered.shrink();
    }

    /// About how many bytes of memory the run takes, but for what its values have on the heap: instead, all values that the
    /// code was given count as they were encoded.
    pub(crate) fn weight(&self) -> usize {
        // The main function's scope, what it is called with, ids, and what an allocator adds.
        const BESIDE: usize = 1000;
        let run = self.run.borrow();
        let instance = self.instance.borrow().as_ref().map_or(0, |instance| instance.size());
        let wakers = (self.waiters.len() + self.conditions.len()) * 64;
        let parts = [run.weight(), run.given(), self.tasks.weight(), self.info.borrow().weight(), instance, wakers];
        let noted = self.notes.borrow().weight() + self.registered.weight() + self.details.borrow().len();
        size_of::<Self>() + BESIDE + parts.iter().sum::<usize>() + noted
    }

    /// Whether nothing is to be logged: history is being replayed, or the run is being taken apart.
    pub(crate) fn is_silent(&self) -> bool {
        self.closing.get() || is_replaying()
    }

    /// Whether the run is being taken apart.
    pub(crate) fn is_closing(&self) -> bool {
        self.closing.get()
    }

    /// Takes the run apart: what was pending stays pending; the tasks are dropped without a trace.
    pub(crate) fn close(&self) {
        self.closing.set(true);
        replaying(true, || self.take_apart());
    }

    fn take_apart(&self) {
        self.tasks.close(|| {
            let info = self.info.borrow();
            let (name, execution) = (info.workflow_type(), info.execution());
            format!("workflow `{name}` (id `{}`, run {})", execution.workflow_id, execution.run_id)
        });
        for waker in self.conditions.take_all().chain(self.waiters.take_all()) {
            drop_contained(waker);
        }
        self.registered.clear();
        drop_contained(self.instance.take());
    }
}
