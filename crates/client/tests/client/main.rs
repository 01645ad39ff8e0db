//! The client against a server that answers as a test says. Nothing sleeps: where time matters, it is Tokio's, paused.

mod channel;
mod codec;
mod connect;
mod describe;
mod history;
mod messages;
mod mock;
mod reset;
mod restart;
mod result;
mod rpc;
mod start;
mod tls;
mod update;
