//! What may look but not touch: queries, validators, conditions.

use std::cell::Cell;
use std::panic::resume_unwind;

thread_local! {
    static READ_ONLY: Cell<Option<ReadOnly>> = const { Cell::new(None) };
}

/// Who may look but not touch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ReadOnly {
    Query,
    Validator,
    Condition,
    /// It may write state and draw randomness, and start nothing.
    Init,
    SideEffect,
}

impl ReadOnly {
    /// What it did, and why it may not.
    pub(crate) fn blame(self, did: &str) -> String {
        let (who, why) = match self {
            Self::Query => ("a query", "it may only look, since what it does leaves no trace in history"),
            Self::Validator => {
                ("an update validator", "it may only look, since what it does leaves no trace in history")
            }
            Self::Condition => ("a condition of `wait_until`", "it may only look, since it is called again and again"),
            Self::SideEffect => {
                ("the closure of a side effect", "it may only look and return a value, since no replay calls it again")
            }
            Self::Init => ("an `#[init]` function", "it only builds the state; the main function does the rest"),
        };
        format!("{who} {did}; {why}")
    }

    /// Stops the caller, which did this.
    pub(crate) fn refuse(self, did: &str) -> ! {
        // Not a panic: what is wrong is reported where the call was made, and needs no trace on the worker's console.
        resume_unwind(Box::new(ReadOnlyViolation(self.blame(did))))
    }
}

/// What the unwinding carries when somebody touches what may only be looked at.
#[derive(Debug)]
pub(crate) struct ReadOnlyViolation(String);

impl ReadOnlyViolation {
    pub(crate) fn into_message(self) -> String {
        self.0
    }
}

/// What is being called, if it may not touch anything.
pub(crate) fn read_only() -> Option<ReadOnly> {
    READ_ONLY.get()
}

/// Stops the caller, which is about to do this, if it may only look.
pub(crate) fn assert_not_read_only(what: &str) {
    if let Some(who) = read_only() {
        who.refuse(&format!("tried to {what}"));
    }
}

/// The same, for what an `#[init]` function may do.
pub(crate) fn assert_may_change(did: impl FnOnce() -> String) {
    match read_only() {
        None | Some(ReadOnly::Init) => {}
        Some(who) => who.refuse(&did()),
    }
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
