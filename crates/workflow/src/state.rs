//! Cells for a workflow's state.

use std::cell::{Cell, RefCell};
use std::fmt;

/// A cell that holds a part of a workflow's state.
///
/// Handlers and the main function share the workflow by `&self`; what changes lives in such cells. Writing one makes
/// waiting conditions (`ctx.wait_until`) look again, so conditions cost nothing while nothing changes.
///
/// A query or a validator that writes is a mistake, and fails with a message that says so.
///
/// # Panics
/// When it is written while one of its own closures ([`with`](Self::with), [`update`](Self::update)) is running.
#[derive(Default)]
pub struct State<T>(RefCell<T>);

impl<T> State<T> {
    /// A cell with this value.
    pub fn new(value: T) -> Self {
        Self(RefCell::new(value))
    }

    /// A copy of the value.
    pub fn get(&self) -> T
    where
        T: Clone,
    {
        self.0.borrow().clone()
    }

    /// Replaces the value.
    pub fn set(&self, value: T) {
        self.replace(value);
    }

    /// Replaces the value and returns the one before.
    pub fn replace(&self, value: T) -> T {
        written();
        self.0.replace(value)
    }

    /// Takes the value out and leaves the default.
    pub fn take(&self) -> T
    where
        T: Default,
    {
        self.replace(T::default())
    }

    /// Looks at the value.
    pub fn with<R>(&self, look: impl FnOnce(&T) -> R) -> R {
        look(&self.0.borrow())
    }

    /// Changes the value in place.
    pub fn update<R>(&self, change: impl FnOnce(&mut T) -> R) -> R {
        written();
        change(&mut self.0.borrow_mut())
    }
}

impl<T: fmt::Debug> fmt::Debug for State<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.try_borrow() {
            Ok(value) => value.fmt(f),
            Err(_) => f.write_str("<being changed>"),
        }
    }
}

impl<T> From<T> for State<T> {
    fn from(value: T) -> Self {
        Self::new(value)
    }
}

thread_local! {
    static WRITES: Cell<u64> = const { Cell::new(0) };
    static READ_ONLY: Cell<Option<ReadOnly>> = const { Cell::new(None) };
}

/// Who may look but not touch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ReadOnly {
    Query,
    Validator,
    Init,
}

impl ReadOnly {
    /// What it is called in messages.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Query => "a query",
            Self::Validator => "an update validator",
            Self::Init => "an `#[init]` function",
        }
    }
}

/// How often state was written on this thread so far.
pub(crate) fn writes() -> u64 {
    WRITES.get()
}

/// What is being called, if it may not touch anything.
pub(crate) fn read_only() -> Option<ReadOnly> {
    READ_ONLY.get()
}

/// Calls what may look but not touch.
pub(crate) fn while_read_only<R>(who: ReadOnly, call: impl FnOnce() -> R) -> R {
    struct Restore(Option<ReadOnly>);
    impl Drop for Restore {
        fn drop(&mut self) {
            READ_ONLY.set(self.0);
        }
    }
    let _restore = Restore(READ_ONLY.replace(Some(who)));
    call()
}

/// What a panic says when somebody touches what may only be looked at.
#[derive(Debug)]
pub(crate) struct ReadOnlyViolation(pub(crate) String);

fn written() {
    if let Some(who @ (ReadOnly::Query | ReadOnly::Validator)) = read_only() {
        std::panic::panic_any(ReadOnlyViolation(format!(
            "{} wrote to a `State`; it may only look, since what it does leaves no trace in history",
            who.name()
        )));
    }
    WRITES.set(WRITES.get() + 1);
}
