//! How turns, jobs and commands behave: in scripts that people wrote, and in programs that nobody wrote.

mod happening;
mod instance;
mod others;
mod patches;
mod program;
mod random;
mod reader;
mod run;
mod script;
mod server;
mod session;
mod worker;
