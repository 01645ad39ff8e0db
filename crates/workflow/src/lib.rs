//! What workflow authors hold, and the executor under it.
//!
//! A workflow is an ordinary `async` function. What it awaits are operations of its [`Ctx`]; its state lives in
//! [`State`] cells. The executor runs it on one thread, in an order that every replay repeats: a task runs when
//! something it waits for has settled, and what has settled comes from history.
//!
//! Not here: threads, clocks, the network, and the protocol itself, which is `perpetua-core`.
//!
//! Read first: [`Ctx`], [`State`], [`LiveRun`] (what drives it all: a worker, a replayer, a test).
//!
//! ```text
//! events --LiveRun::feed--> Reader -> Turn -> Run <-> Instance (user futures) -> Answer: commands, messages, answers
//! ```

mod activity;
mod built_in;
mod cancel;
mod chacha;
mod child;
mod concurrent;
mod contained;
mod continue_as_new;
mod ctx;
mod deliver;
mod executor;
mod external;
mod few;
pub mod guard;
mod handlers;
pub mod implementation;
mod info;
mod instance;
mod join;
mod last;
mod live;
mod local_activity;
mod log;
#[cfg(feature = "metrics")]
mod metrics;
mod notes;
mod operation;
mod play;
mod random;
mod read_only;
mod register;
mod registered;
mod registry;
mod replay;
#[cfg(feature = "tracing-subscriber")]
mod replay_filter;
mod replaying;
mod runtime;
mod scope;
mod select;
mod sleep;
mod spawn;
mod stack_trace;
mod state;
pub mod sync;
mod timeout;
mod wait;
mod waits;
mod wakers;
mod whereabouts;

pub use activity::{ActivityFuture, PendingActivity};
pub use cancel::{Cancelable, CancellationScope, Scoped, Shielded};
pub use child::{ChildFuture, ChildHandle, ChildResult, ChildStart, PendingChildWorkflow};
pub use concurrent::{JoinAll, Source, TryJoinAll};
pub use continue_as_new::NextRun;
pub use ctx::Ctx;
pub use external::{ExternalHandle, PendingCancel, PendingSignal};
pub use guard::unguarded;
pub use handlers::UnfinishedPolicy;
pub use info::{UpdateInfo, WorkflowInfo};
pub use live::{Answer, LiveRun, Progress, RunSetup, TaskHead};
pub use local_activity::{LocalActivityFuture, PendingLocalActivity};
pub use log::Logger;
#[cfg(feature = "metrics")]
pub use metrics::{Counter, Gauge, Histogram, Metrics};
pub use perpetua_core::{
    CORE_FLAGS, CancellationType, Cause, ChildCancellationType, Fault, LocalActivityEffect, LocalActivityEnd,
    LocalActivityTask, Mismatch, Pending, Place, Row,
};
pub use random::Random;
pub use register::{
    Dynamic, MessageName, NamesMessages, Plain, QueryFunction, RegisteredQuery, RegisteredSignal, RegisteredUpdate,
    SignalFunction, UpdateFunction, ValidatorFunction, WithContext,
};
pub use registry::Workflows;
pub use replay::{ReplayFailure, Replayed, Replayer};
#[cfg(feature = "tracing-subscriber")]
pub use replay_filter::{ReplayFilter, replay_filter};
pub use replaying::is_replaying;
pub use sleep::{Sleep, SleepFuture};
pub use spawn::JoinHandle;
pub use state::State;
pub use timeout::Timeout;
pub use wait::{WaitUntil, WaitUntilTimeout};
pub use whereabouts::Whereabouts;

#[doc(hidden)]
pub mod __private {
    //! What the macros `join!`, `try_join!` and `select!` expand to.
    pub use crate::join::{join2, join3, join4, join5, join6};
    pub use crate::join::{try_join2, try_join3, try_join4, try_join5, try_join6};
    pub use crate::select::{Select2, Select3, Select4, Select5, Select6, select2, select3, select4, select5, select6};
}
