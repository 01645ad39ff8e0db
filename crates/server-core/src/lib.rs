//! The server's side of durable execution, without IO: requests and time in; replies, tasks and changes out.
//!
//! A [`World`] is everything that a server knows: namespaces, runs and their histories, task queues, timers. It is
//! changed by requests and by [`World::advance`], and by nothing else; what a request promises is in
//! [`World::take_changes`], to be stored before the reply is sent.
//!
//! Not here: sockets, clocks, threads, files, and the worker's side, which is `perpetua-core`. The words are those of the
//! wire: a server stores and passes on what it is given, field by field, and decides on little of it.
//!
//! Read first: [`World`], then `run.rs`, then the file of the request you care about in `requests/`.
//!
//! ```text
//! gRPC, in process --> driver (clock, storage) --> World --> Run, Matching --> replies
//! ```

#![expect(deprecated, reason = "what clients still send is still kept and passed on")]

mod activity;
mod any;
mod attempt;
mod batch;
mod commands;
mod cron;
mod deployment;
mod failure;
mod history;
mod limits;
mod matching;
mod namespace;
mod nexus;
mod priority;
mod refusal;
mod requests;
mod retry;
mod run;
mod schedule;
mod search_attributes;
mod settings;
mod time;
mod token;
mod visibility;
mod world;

pub use any::Named;
pub use refusal::{Answer, Code, Refusal};
pub use requests::Lingered;
pub use settings::Setting;
pub use time::Time;
pub use world::{Batch, CallId, Changes, Damaged, Kind, Record, Reply, Unattended, World, run_key};
