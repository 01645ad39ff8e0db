//! What a history means to running code: the worker's side of the protocol, without IO.
//!
//! [`Reader`] groups the pages of a history into [`Turn`]s: each is everything that one workflow task meant, with the
//! record of what the workflow answered, if history has it. [`Run`] takes a turn, hands out its [`Job`]s in the one order
//! that every replay repeats, keeps a small machine for each pending operation, and at the end compares what the code
//! asked for with the record, or returns it as commands.
//!
//! Not here: futures, payload conversion, clocks, randomness, threads, the network.
//!
//! Read first: [`Turn`], [`Run`], [`Mismatch`].
//!
//! ```text
//! events --Reader--> Turn --Run::open--> Job, Job, ..   user code: start_timer, start_child, finish ..
//!                                        Run::close --> Closed { commands, messages }, or compared with the record
//! ```
//!
//! Invariant, *one turn at a time*: between `open` and `close` only the instance that runs the user's code touches the
//! run; after `close`, take everything out before the next `open`.

mod expectation;
mod fault;
mod flags;
mod history;
mod job;
mod markers;
mod mismatch;
mod ops;
mod origin;
mod run;

pub use fault::Fault;
pub use flags::CORE_FLAGS;
pub use history::{Reader, Record, Step, Turn, UpdateArrival};
pub use job::Job;
pub use mismatch::{Cause, Mismatch, Row};
pub use ops::{
    ActivityRequest, CancellationType, ChildCancellationType, ChildRequest, ChildTickets, Finish, LocalActivityEffect,
    LocalActivityEnd, LocalActivityRequest, LocalActivityTask, Outcome, PatchAnswer, SideEffect, Ticket, TimerRequest,
    UpdateTicket,
};
pub use origin::{Origin, Pending, Place};
pub use run::{Closed, Run};
