//! Cells for a workflow's state.

use std::cell::{Cell, Ref, RefCell, RefMut};
use std::fmt;
use std::panic::Location;

use crate::read_only::assert_may_change;

/// A cell that holds a part of a workflow's state.
///
/// Handlers and the main function share the workflow by `&self`; what changes lives in such cells. Writing one makes
/// waiting conditions (`ctx.wait_until`) look again, so conditions cost nothing while nothing changes.
///
/// A query, a validator or a condition that writes is a mistake, and fails with a message that says so.
///
/// ```
/// use perpetua_workflow::State;
///
/// let names = State::new(vec!["Ann"]);
/// names.update(|names| names.push("Bob"));
/// assert_eq!(names.with(Vec::len), 2);
/// assert_eq!(names.take(), ["Ann", "Bob"]);
/// assert!(names.get().is_empty());
/// ```
///
/// # Panics
/// When it is written while one of its own closures ([`with`](Self::with), [`update`](Self::update)) is running, or read
/// while its `update` is.
#[derive(Default)]
pub struct State<T>(RefCell<T>);

impl<T> State<T> {
    /// A cell with this value.
    pub fn new(value: T) -> Self {
        Self(RefCell::new(value))
    }

    /// A copy of the value.
    #[track_caller]
    pub fn get(&self) -> T
    where
        T: Clone,
    {
        self.read().clone()
    }

    /// Replaces the value.
    #[track_caller]
    pub fn set(&self, value: T) {
        drop(self.replace(value));
    }

    /// Replaces the value and returns the one before.
    #[track_caller]
    pub fn replace(&self, value: T) -> T {
        std::mem::replace(&mut self.write(), value)
    }

    /// Takes the value out and leaves the default.
    #[track_caller]
    pub fn take(&self) -> T
    where
        T: Default,
    {
        self.replace(T::default())
    }

    /// Looks at the value.
    #[track_caller]
    pub fn with<R>(&self, look: impl FnOnce(&T) -> R) -> R {
        look(&self.read())
    }

    /// Changes the value in place.
    #[track_caller]
    pub fn update<R>(&self, change: impl FnOnce(&mut T) -> R) -> R {
        change(&mut self.write())
    }

    #[track_caller]
    fn read(&self) -> Ref<'_, T> {
        match self.0.try_borrow() {
            Ok(value) => value,
            Err(_) => panic!("a `State` is read while it is being changed: its own `update` is still running"),
        }
    }

    #[track_caller]
    fn write(&self) -> RefMut<'_, T> {
        let location = Location::caller();
        assert_may_change(|| format!("wrote to a `State` (at {location})"));
        match self.0.try_borrow_mut() {
            Ok(value) => {
                note_write();
                value
            }
            Err(_) => {
                panic!("a `State` is written while one of its own closures, `with` or `update`, is still running")
            }
        }
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
}

/// Makes conditions look again: something that they may look at has changed.
pub(crate) fn note_write() {
    WRITES.set(WRITES.get() + 1);
}

/// How often state was written on this thread so far.
pub(crate) fn writes() -> u64 {
    WRITES.get()
}
