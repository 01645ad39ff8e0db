//! Whether what happens on this thread happened before.

use std::cell::Cell;

thread_local! {
    static REPLAYING: Cell<bool> = const { Cell::new(false) };
}

/// Whether workflow code is running on this thread that does again what history recorded, so that whatever observes it
/// (logs, metrics, traces) should be silent. False outside of workflow code, and in queries.
///
/// A workflow must not let this decide what it does; [`Ctx::log`](crate::Ctx::log), [`Ctx::span`](crate::Ctx::span) and
/// `Ctx::metrics` look at it by themselves. It is here for filters and observers of your own:
///
/// ```
/// # struct Audit;
/// # impl Audit {
/// fn note(&self, what: &str) {
///     if !perpetua_workflow::is_replaying() {
///         println!("{what}");
///     }
/// }
/// # }
/// ```
pub fn is_replaying() -> bool {
    REPLAYING.get()
}

/// Calls something that does what history recorded, or does not.
pub(crate) fn replaying<R>(replaying: bool, call: impl FnOnce() -> R) -> R {
    struct Restore(bool);
    impl Drop for Restore {
        fn drop(&mut self) {
            REPLAYING.set(self.0);
        }
    }
    let _restore = Restore(REPLAYING.replace(replaying));
    call()
}
