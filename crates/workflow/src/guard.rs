//! What may watch workflow code while it runs, to find the calls that no replay could repeat.
//!
//! Nothing watches by default: then running workflow code costs nothing more. A watch is registered once for the whole
//! process, by a crate that knows how to look at the platform (`perpetua-guard`); this crate knows only when workflow code
//! runs.

use std::sync::OnceLock;

static WATCH: OnceLock<&'static dyn Watch> = OnceLock::new();

/// Watches threads while workflow code runs on them.
pub trait Watch: Sync {
    /// Whether workflow code runs on this thread from now on. Returns what was the case before.
    fn watch(&self, on: bool) -> bool;

    /// The first thing that workflow code did on this thread, since it was last asked, that it must not do.
    fn violation(&self) -> Option<Violation>;
}

/// Something that workflow code did and must not do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// What it did: `read the clock`.
    pub did: String,
    /// The line of the user's code, where it is known: `src/order.rs:12`.
    pub place: Option<String>,
    /// What to do instead.
    pub instead: &'static str,
}

/// Lets this watch all workflow code of the process. The first one stays; returns whether it is this one.
pub fn watch_with(watch: &'static dyn Watch) -> bool {
    WATCH.set(watch).is_ok()
}

/// Whether anything watches.
pub fn is_watched() -> bool {
    WATCH.get().is_some()
}

/// Calls something that the guard overlooks: for code that reads a clock, the environment or a file, and whose result does
/// not decide what the workflow does.
///
/// Without the guard, it only calls it.
///
/// ```no_run
/// # fn example(order: &str) -> std::io::Result<()> {
/// // Looked at by a person who debugs.
/// perpetua_workflow::unguarded(|| std::fs::write("last-order.txt", order))
/// # }
/// ```
pub fn unguarded<R>(call: impl FnOnce() -> R) -> R {
    watching(false, call)
}

/// Calls workflow code; what it did that it must not do is the second value.
pub fn guarded<R>(call: impl FnOnce() -> R) -> (R, Option<Violation>) {
    let called = watching(true, call);
    let violation = WATCH.get().and_then(|watch| watch.violation());
    (called, violation)
}

fn watching<R>(on: bool, call: impl FnOnce() -> R) -> R {
    struct Restore(&'static dyn Watch, bool);
    impl Drop for Restore {
        fn drop(&mut self) {
            self.0.watch(self.1);
        }
    }
    let _restore = WATCH.get().map(|watch| Restore(*watch, watch.watch(on)));
    call()
}
