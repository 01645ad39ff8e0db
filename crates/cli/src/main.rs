//! The `perpetua` binary.
//!
//! `perpetua server start-dev` stands where `temporal server start-dev` would, and `perpetua server test PORT` where the
//! time-skipping test server would, so every SDK that launches one of them can be given this program instead. `perpetua lint`
//! looks at workflows, and `perpetua history` fetches what they did. It has no logic of its own: it reads what is asked for,
//! makes a `perpetua_server::Server` of it that stops when it is told to, or passes it on to `perpetua_lint` or
//! `perpetua_histories`.
//!
//! Read first: `arguments.rs`, then `serve.rs`.

mod arguments;
mod config;
mod history;
mod lint;
mod logging;
mod serve;

use std::error::Error;
use std::process::ExitCode;

use arguments::{Asked, Command};
use clap::Parser;

fn main() -> ExitCode {
    let asked = match Asked::try_parse_from(arguments::as_commands(std::env::args_os())) {
        Ok(asked) => asked,
        Err(error) => {
            // Help and the version are for standard output and success; everything else is an error.
            let _ = error.print();
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(1));
        }
    };
    let outcome: Result<ExitCode, Box<dyn Error>> = match asked.command {
        Command::Server(server) => serve::run(server).map(|()| ExitCode::SUCCESS).map_err(Into::into),
        Command::Lint(lint) => lint::run(lint).map_err(Into::into),
        Command::History(history) => history::run(history).map_err(Into::into),
    };
    outcome.unwrap_or_else(|error| failed(&*error))
}

/// Says what went wrong, with its causes.
fn failed(error: &dyn Error) -> ExitCode {
    eprintln!("error: {error}");
    let mut cause = error.source();
    while let Some(error) = cause {
        eprintln!("  because: {error}");
        cause = error.source();
    }
    ExitCode::FAILURE
}
