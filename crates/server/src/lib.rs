//! A Temporal-compatible server in your process.
//!
//! [`Server::builder`] makes one; its [`transport`](Server::transport) carries a client's calls without a socket, and
//! [`listen`](Server::listen) opens a port for everybody else. What it knows is
//! in memory and gone with it, or in a [`file`](ServerBuilder::file) and there again when it is opened.
//!
//! The decisions are those of `perpetua-server-core`; here are the clock, the calls that wait, the file, and gRPC.
//!
//! Read first: [`Server`], then `engine.rs`.
//!
//! ```text
//! client --Transport, port--> calls --> services --> Engine (clock, waiting calls) --> World
//!                                                      |
//!                                                      +--changes--> Log --> SQLite
//! ```

mod calls;
mod clock;
mod crash;
mod engine;
mod port;
mod server;
mod services;
mod status;
mod storage;
mod transport;
mod waits;

pub use crash::HeldTime;
pub use engine::Standstill;
pub use perpetua_server_core::{Lingered, Unattended};
pub use port::Listening;
pub use server::{Server, ServerBuilder, ServerError, Stopped};
pub use storage::StorageError;
pub use transport::Transport;
pub use waits::{Bell, Rung};
