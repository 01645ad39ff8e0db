use std::cell::RefCell;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{LazyLock, Mutex};

use perpetua::prelude::*;

static COUNT: AtomicU32 = AtomicU32::new(0);
static mut LAST: u32 = 0;
static TABLE: LazyLock<Mutex<Vec<u32>>> = LazyLock::new(Mutex::default);
static NAMES: LazyLock<Vec<String>> = LazyLock::new(Vec::new);
const LIMIT: u32 = 3;

thread_local! {
    /// Of this thread.
    static SEEN: RefCell<Vec<u32>> = const { RefCell::new(Vec::new()) };
}

#[workflow]
async fn flow(ctx: Ctx) -> WorkflowResult<u32> {
    let number = COUNT.fetch_add(1, Ordering::Relaxed);
    unsafe { LAST = number };
    TABLE.lock().unwrap().push(LIMIT);
    SEEN.with(|seen| seen.borrow_mut().push(number));
    Ok(NAMES.len() as u32)
}
