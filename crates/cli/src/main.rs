//! The `perpetua` binary.
//!
//! `perpetua server start-dev` stands where `temporal server start-dev` would, and `perpetua server test PORT` where the
//! time-skipping test server would, so every SDK that launches one of them can be given this program instead. It has no
//! logic of its own: it reads what is asked for, makes a `perpetua_server::Server` of it, and stops when it is told to.
//!
//! Read first: `arguments.rs`, then `serve.rs`.

mod arguments;
mod config;
mod logging;
mod serve;

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
    let Command::Server(server) = asked.command;
    match serve::run(server) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            let mut cause = std::error::Error::source(&error);
            while let Some(error) = cause {
                eprintln!("  because: {error}");
                cause = error.source();
            }
            ExitCode::FAILURE
        }
    }
}
