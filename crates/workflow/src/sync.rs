//! What the tasks and handlers of one workflow coordinate with: locks, permits, notices, channels.
//!
//! They are like those of other async libraries, with what a workflow needs:
//!
//! * The order is first come, first served, and nothing else decides it, so that every replay repeats it. Nobody overtakes
//!   those who wait, except by the `try_` functions of a channel, which wait for nobody.
//! * They stay on the thread of the workflow and are used by `&self`, so they can be part of a workflow's state, beside
//!   [`State`](crate::State) cells. What changes in them makes waiting conditions (`ctx.wait_until`) look again.
//! * A waiter that is dropped loses nothing: what was meant for it goes to the next one.
//! * A query, a validator or a condition may look, but not change them.
//!
//! A request to stop does not reach who waits for one of them, because whoever is to open it is reached;
//! [`Ctx::cancelable`](crate::Ctx::cancelable) gives a wait up. To wait until a value has changed or has some property, as
//! with a watch channel, use a [`State`](crate::State) and [`Ctx::wait_until`](crate::Ctx::wait_until).
//!
//! ```
//! # use perpetua_convert::WorkflowResult;
//! # use perpetua_workflow::Ctx;
//! use perpetua_workflow::sync::{Channel, Mutex};
//!
//! #[derive(Default)]
//! struct Orders {
//!     incoming: Channel<String>, // a signal handler calls `self.incoming.send(order)`
//!     ledger: Mutex<Vec<String>>,
//! }
//!
//! # async fn example(ctx: Ctx, this: Orders) -> WorkflowResult<()> {
//! while let Some(order) = ctx.cancelable(this.incoming.receive()).await? {
//!     let mut ledger = this.ledger.lock().await;
//!     ledger.push(order);
//! }
//! # Ok(())
//! # }
//! ```

mod channel;
pub mod mpsc;
mod mutex;
mod notify;
pub mod oneshot;
mod permits;
mod rw_lock;
mod semaphore;

pub use channel::{Channel, Receive, SendError};
pub use mutex::{Lock, Mutex, MutexGuard};
pub use notify::{Notified, Notify};
pub use rw_lock::{ReadGuard, ReadLock, RwLock, WriteGuard, WriteLock};
pub use semaphore::{Acquire, Permit, Semaphore};

use crate::read_only::assert_may_change;

/// Stops a caller that may only look, and is about to do this.
///
/// It does not make conditions look again: that would never end if it was a condition that made somebody try. The change
/// itself does.
fn touch(did: &str) {
    assert_may_change(|| did.to_owned());
}
