//! What the parts of a workflow wait for, and where: for stack traces, decided on by nobody.

use std::cell::{Cell, RefCell};
use std::fmt;
use std::panic::Location;
use std::rc::Rc;

use perpetua_core::{Pending, Place, Ticket};

use crate::few::Few;

/// What the tasks of one workflow wait for.
#[derive(Default)]
pub(crate) struct Waits {
    /// Waits for anything but operations, in the order in which they began.
    entries: RefCell<Few<u64, Entry>>,
    numbers: Cell<u64>,
    /// Which task started an operation, or waited for it last.
    owners: RefCell<Few<Ticket, u64>>,
    /// The task that runs.
    task: Cell<Option<u64>>,
}

struct Entry {
    what: &'static str,
    at: Place,
    task: Option<u64>,
}

thread_local! {
    /// Those of the workflow that runs on this thread.
    static CURRENT: RefCell<Option<Rc<Waits>>> = const { RefCell::new(None) };
}

impl Waits {
    /// Takes note of waits that begin while `call` runs.
    pub(crate) fn current<R>(self: &Rc<Self>, call: impl FnOnce() -> R) -> R {
        struct Restore(Option<Rc<Waits>>);
        impl Drop for Restore {
            fn drop(&mut self) {
                CURRENT.replace(self.0.take());
            }
        }
        let _restore = Restore(CURRENT.replace(Some(Rc::clone(self))));
        call()
    }

    /// Takes note of waits as those of a task, while `call` runs.
    pub(crate) fn of_task<R>(&self, task: u64, call: impl FnOnce() -> R) -> R {
        let before = self.task.replace(Some(task));
        let result = call();
        self.task.set(before);
        result
    }

    /// The task that runs has started an operation, or waits for it.
    pub(crate) fn own(&self, ticket: Ticket) {
        if let Some(task) = self.task.get() {
            self.owners.borrow_mut().insert(ticket, task);
        }
    }

    /// Nobody waits for an operation any longer.
    pub(crate) fn disown(&self, ticket: Ticket) {
        self.owners.borrow_mut().remove(&ticket);
    }

    /// Which task started an operation, or waited for it last.
    pub(crate) fn owner(&self, ticket: Ticket) -> Option<u64> {
        self.owners.borrow().get(&ticket).copied()
    }

    /// Gives back the memory that is not needed for what is waited for.
    pub(crate) fn shrink(&self) {
        self.entries.borrow_mut().shrink();
        self.owners.borrow_mut().shrink();
    }

    /// About how many bytes of memory it takes.
    pub(crate) fn weight(&self) -> usize {
        self.entries.borrow().len() * 2 * size_of::<Entry>() + self.owners.borrow().len() * 32
    }

    /// What is waited for, but for operations, and by which task.
    pub(crate) fn others(&self) -> Vec<(Option<u64>, Pending)> {
        let entries = self.entries.borrow();
        let pending = |entry: &Entry| Pending { what: entry.what.to_owned(), at: Some(entry.at) };
        entries.values().map(|entry| (entry.task, pending(entry))).collect()
    }
}

/// A wait for anything but an operation. It is over when this is dropped.
pub(crate) struct Wait {
    what: &'static str,
    at: Place,
    noted: Option<(Rc<Waits>, u64)>,
}

impl Wait {
    /// A wait, described by the caller, that has not begun.
    #[track_caller]
    pub(crate) fn new(what: &'static str) -> Self {
        Self::at(what, Location::caller())
    }

    /// The same, described elsewhere.
    pub(crate) fn at(what: &'static str, at: Place) -> Self {
        Self { what, at, noted: None }
    }

    /// The line of source code that describes it.
    pub(crate) fn place(&self) -> Place {
        self.at
    }

    /// It begins, or goes on, in the task that runs.
    pub(crate) fn goes_on(&mut self) {
        let (waits, number) = match self.noted.take() {
            Some(noted) => noted,
            None => {
                let Some(waits) = CURRENT.with_borrow(Clone::clone) else { return };
                let number = waits.numbers.get();
                waits.numbers.set(number + 1);
                (waits, number)
            }
        };
        let entry = Entry { what: self.what, at: self.at, task: waits.task.get() };
        waits.entries.borrow_mut().insert(number, entry);
        self.noted = Some((waits, number));
    }

    /// It is over.
    pub(crate) fn is_over(&mut self) {
        if let Some((waits, number)) = self.noted.take() {
            waits.entries.borrow_mut().remove(&number);
        }
    }
}

impl Drop for Wait {
    fn drop(&mut self) {
        self.is_over();
    }
}

impl fmt::Debug for Wait {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Wait").field("what", &self.what).field("at", &self.at).finish_non_exhaustive()
    }
}
