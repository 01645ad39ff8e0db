//! What all parts of one running workflow share: its contexts, its futures, its executor.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;
use std::task::Waker;

use perpetua_convert::{Canceled, DataConverter};
use perpetua_core::{Fault, Run, Ticket};

use crate::executor::Tasks;
use crate::info::WorkflowInfo;
use crate::random::Generator;
use crate::state::{ReadOnlyViolation, read_only};

/// What all parts of one running workflow share.
pub(crate) struct Runtime {
    pub(crate) run: RefCell<Run>,
    pub(crate) tasks: Tasks,
    pub(crate) info: RefCell<WorkflowInfo>,
    pub(crate) converter: DataConverter,
    pub(crate) random: RefCell<Generator>,
    /// Who waits for an operation.
    waiters: RefCell<BTreeMap<Ticket, Waker>>,
    /// Who waits for a condition on the state, by a number that only orders them.
    conditions: RefCell<BTreeMap<u64, Waker>>,
    /// How often state had been written when conditions last looked.
    pub(crate) seen_writes: Cell<u64>,
    /// The next number for an entry of any kind.
    numbers: Cell<u64>,
    /// How many shields are around what is being polled.
    pub(crate) shields: Cell<u32>,
    /// The first thing the code did wrong in the open turn.
    fault: RefCell<Option<Fault>>,
    /// Whether the run is being taken apart: then dropping a pending operation means nothing.
    closing: Cell<bool>,
}

impl Runtime {
    pub(crate) fn new(info: WorkflowInfo, converter: DataConverter) -> Rc<Self> {
        Rc::new(Self {
            run: RefCell::new(Run::new()),
            tasks: Tasks::default(),
            random: RefCell::new(Generator::seeded(info.execution().run_id.as_str())),
            info: RefCell::new(info),
            converter,
            waiters: RefCell::default(),
            conditions: RefCell::default(),
            seen_writes: Cell::new(0),
            numbers: Cell::new(0),
            shields: Cell::new(0),
            fault: RefCell::new(None),
            closing: Cell::new(false),
        })
    }

    /// Refuses `what` where nothing may be started.
    pub(crate) fn assert_may_act(&self, what: &str) {
        if let Some(who) = read_only() {
            std::panic::panic_any(ReadOnlyViolation(format!(
                "{} tried to {what}; it may only look, since what it does leaves no trace in history",
                who.name()
            )));
        }
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

    pub(crate) fn next_number(&self) -> u64 {
        let number = self.numbers.get();
        self.numbers.set(number + 1);
        number
    }

    pub(crate) fn wait_for_ticket(&self, ticket: Ticket, waker: &Waker) {
        self.waiters.borrow_mut().insert(ticket, waker.clone());
    }

    pub(crate) fn wake_ticket(&self, ticket: Ticket) {
        let waker = self.waiters.borrow_mut().remove(&ticket);
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    /// The future that waited for the operation is gone.
    pub(crate) fn abandon(&self, ticket: Ticket) {
        if self.closing.get() {
            return;
        }
        self.waiters.borrow_mut().remove(&ticket);
        self.run.borrow_mut().abandon(ticket);
    }

    pub(crate) fn wait_for_condition(&self, number: u64, waker: &Waker) {
        self.conditions.borrow_mut().insert(number, waker.clone());
    }

    pub(crate) fn forget_condition(&self, number: u64) {
        self.conditions.borrow_mut().remove(&number);
    }

    /// Makes every condition look again.
    pub(crate) fn wake_conditions(&self) {
        for waker in self.conditions.borrow().values() {
            waker.wake_by_ref();
        }
    }

    /// Whether anything that Perpetua knows can still wake the workflow.
    pub(crate) fn waits_for_something(&self) -> bool {
        !self.conditions.borrow().is_empty() || self.run.borrow().has_pending_operations()
    }

    pub(crate) fn begin_closing(&self) {
        self.closing.set(true);
    }

    pub(crate) fn is_shielded(&self) -> bool {
        self.shields.get() > 0
    }
}

/// A part of a workflow that is canceled together: the main function, or one handler.
#[derive(Default)]
pub(crate) struct Scope {
    canceled: RefCell<Option<Canceled>>,
    /// The operations started in it, in order.
    tickets: RefCell<BTreeMap<u64, Ticket>>,
    /// Who waits for the cancellation itself.
    watchers: RefCell<BTreeMap<u64, Waker>>,
}

impl Scope {
    pub(crate) fn canceled(&self) -> Option<Canceled> {
        self.canceled.borrow().clone()
    }

    pub(crate) fn enroll(&self, number: u64, ticket: Ticket) {
        self.tickets.borrow_mut().insert(number, ticket);
    }

    pub(crate) fn strike(&self, number: u64) {
        self.tickets.borrow_mut().remove(&number);
    }

    pub(crate) fn watch(&self, number: u64, waker: &Waker) {
        self.watchers.borrow_mut().insert(number, waker.clone());
    }

    pub(crate) fn unwatch(&self, number: u64) {
        self.watchers.borrow_mut().remove(&number);
    }

    /// Whether anybody waits for the cancellation.
    pub(crate) fn is_watched(&self) -> bool {
        !self.watchers.borrow().is_empty()
    }

    /// Cancels everything in it, in the order in which it was started.
    pub(crate) fn cancel(&self, runtime: &Runtime, canceled: Canceled) {
        if self.canceled.borrow().is_some() {
            return;
        }
        *self.canceled.borrow_mut() = Some(canceled);
        let tickets = std::mem::take(&mut *self.tickets.borrow_mut());
        for ticket in tickets.into_values() {
            runtime.run.borrow_mut().cancel(ticket);
        }
        let watchers = std::mem::take(&mut *self.watchers.borrow_mut());
        for waker in watchers.into_values() {
            waker.wake();
        }
    }
}
