//! The guard where it works.

mod call;
mod frames;
mod interpose;
mod record;
mod verdict;

use perpetua_workflow::guard::{Violation, Watch};

/// Watches by the flag that the stand-ins of the C library look at.
struct Guard;

impl Watch for Guard {
    fn watch(&self, on: bool) -> bool {
        record::watch(on)
    }

    fn violation(&self) -> Option<Violation> {
        record::take().iter().find_map(verdict::of)
    }
}

/// Registers the guard before `main`, by being linked.
#[used]
// SAFETY: the loader calls the functions listed in this section once, with `argc`, `argv` and `envp`, which a C function
// may ignore. `install` allocates nothing and needs nothing of the runtime but atomics.
#[unsafe(link_section = ".init_array")]
pub(crate) static INSTALL: extern "C" fn() = install;

extern "C" fn install() {
    perpetua_workflow::guard::watch_with(&Guard);
}
