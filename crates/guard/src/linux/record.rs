//! What workflow code did on this thread, as it happens: no allocation, no lock, no look at symbols.

use std::cell::{Cell, RefCell};
use std::ffi::c_void;
use std::hash::RandomState;
use std::thread;

use super::call::Call;

/// How many different calls are kept until somebody asks.
const RECORDS: usize = 32;

/// How many frames of a stack are kept, the innermost first.
const DEPTH: usize = 128;

/// How much of a path or a name is kept.
const DETAIL: usize = 96;

thread_local! {
    /// Whether workflow code is running on this thread.
    static WATCHED: Cell<bool> = const { Cell::new(false) };
    static KEPT: RefCell<Vec<Record>> = const { RefCell::new(Vec::new()) };
}

/// A call that was watched for.
pub(crate) struct Record {
    pub(crate) call: Call,
    detail: [u8; DETAIL],
    stack: [usize; DEPTH],
}

impl Record {
    /// The path or the name that was asked for; as much as was kept of it.
    pub(crate) fn detail(&self) -> Option<String> {
        let length = self.detail.iter().position(|byte| *byte == 0).unwrap_or(DETAIL);
        (length > 0).then(|| String::from_utf8_lossy(&self.detail[..length]).into_owned())
    }

    /// The return addresses, the innermost first.
    pub(crate) fn stack(&self) -> impl Iterator<Item = usize> {
        self.stack.iter().copied().take_while(|address| *address != 0)
    }
}

/// Whether workflow code runs from now on; what was the case before.
pub(crate) fn watch(on: bool) -> bool {
    if on {
        prepare();
    }
    WATCHED.replace(on)
}

/// Does what must not happen while it is watched.
fn prepare() {
    let fresh = KEPT.try_with(|kept| {
        kept.try_borrow_mut().map(|mut kept| {
            let fresh = kept.capacity() == 0;
            if fresh {
                kept.reserve_exact(RECORDS);
            }
            fresh
        })
    });
    if let Ok(Ok(true)) = fresh {
        // The first hash map of a thread draws randomness, the others do not: so that none is reported, this is the first.
        std::hint::black_box(RandomState::new());
    }
}

/// What was kept, the first first.
pub(crate) fn take() -> Vec<Record> {
    let kept = KEPT.try_with(|kept| match kept.try_borrow_mut() {
        Ok(mut kept) if !kept.is_empty() => kept.drain(..).collect(),
        _ => Vec::new(),
    });
    kept.unwrap_or_default()
}

/// Keeps a call, if workflow code made it. `detail` is what it asked for.
pub(crate) fn note(call: Call, detail: &[u8]) {
    // A panic hook looks at the environment and opens files; the panic is a fault by itself.
    if !WATCHED.get() || thread::panicking() {
        return;
    }
    WATCHED.set(false);
    let _ = KEPT.try_with(|kept| {
        if let Ok(mut kept) = kept.try_borrow_mut()
            && kept.len() < kept.capacity()
        {
            let stack = stack();
            if !kept.iter().any(|known| known.call == call && known.stack == stack) {
                let mut record = Record { call, detail: [0; DETAIL], stack };
                let length = detail.len().min(DETAIL);
                record.detail[..length].copy_from_slice(&detail[..length]);
                kept.push(record);
            }
        }
    });
    WATCHED.set(true);
}

fn stack() -> [usize; DEPTH] {
    let mut stack = [0; DEPTH];
    let mut depth = 0;
    let keep = |frame: &backtrace::Frame| {
        stack[depth] = frame.ip().expose_provenance();
        depth += 1;
        depth < DEPTH
    };
    // SAFETY: what has to be synchronized is a library of Windows; walking a stack here shares nothing with other threads.
    // The locking version may allocate, which a stand-in for a function of the C library must not.
    unsafe { backtrace::trace_unsynchronized(keep) };
    stack
}

/// The address as the library that knows symbols takes it: within the call, not behind it.
pub(crate) fn within_call(address: usize) -> *mut c_void {
    std::ptr::with_exposed_provenance_mut(address.saturating_sub(1))
}
