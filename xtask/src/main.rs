//! The tasks of this workspace, run as `cargo xtask <task>`.
//!
//! One file a task. This package is the first thing that CI builds, so it depends on next to nothing; what needs a
//! protobuf compiler lives in `xtask-codegen`, which `codegen` and `render-proto` run as a program.

mod bench;
mod ci;
mod codegen;
mod server;
mod test;
mod tidy;

use std::{
    env,
    error::Error,
    path::{Path, PathBuf},
    process::{Command, ExitCode},
};

const USAGE: &str = "\
usage: cargo xtask <task>

  ci                     everything that CI checks: format, lints, tidy, docs, tests
  test [arguments]       install the development server, then `cargo test --workspace [arguments]`
  embedded [file|skipping]
                         play the end-to-end scenarios on the embedded server: in memory, on a file, or in skipped time
  bench [row ..] [--repetitions N] [--quick] [--check] [--record]
                         measure ours beside its peers, all rows or those that begin so, into target/bench/index.html;
                         check: report what is worse than docs/performance.json; record: write it, and docs/performance.md
  bench micro [filter]   measure hot paths alone: `cargo bench` of the packages that have benchmarks
  record [filter]        play the end-to-end scenarios and keep their histories in testdata/histories
  tidy                   the rules of this repository that no compiler knows
  codegen                generate crates/proto from proto/
  render-proto [folder]  render proto/ from descriptor sets (default: ../shared/temporal-api)
  server install         install the development server and the Python SDK; prints where the server is";

/// What a task ends with. Tasks have one reader, so the error is whatever explains itself best.
type Outcome<T> = Result<T, Box<dyn Error>>;

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match run(&words) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(words: &[&str]) -> Outcome<()> {
    match words {
        ["ci"] => ci::ci(),
        ["test", arguments @ ..] => test::test(arguments),
        ["embedded"] => test::embedded("embedded"),
        ["embedded", "file"] => test::embedded("embedded-file"),
        ["embedded", "skipping"] => test::embedded("embedded-skipping"),
        ["bench", "micro", arguments @ ..] => bench::micro(arguments),
        ["bench", arguments @ ..] => bench::lab(arguments),
        ["record"] => test::record(None),
        ["record", filter] => test::record(Some(filter)),
        ["tidy"] => tidy::tidy(),
        ["codegen"] => codegen::codegen(),
        ["render-proto"] => codegen::render_proto(None),
        ["render-proto", folder] => codegen::render_proto(Some(folder)),
        ["server", "install"] => {
            println!("{}", server::install(&root())?.cli.display());
            Ok(())
        }
        ["help" | "--help" | "-h"] => {
            println!("{USAGE}");
            Ok(())
        }
        _ => Err(USAGE.into()),
    }
}

/// The root of this repository. Cargo says at run time where we are; what the compiler saw may be another checkout
/// that shares the target folder.
fn root() -> PathBuf {
    let here = env::var_os("CARGO_MANIFEST_DIR").unwrap_or_else(|| env!("CARGO_MANIFEST_DIR").into());
    Path::new(&here).parent().expect("xtask is a folder below the root").to_path_buf()
}

/// A call of the cargo that runs us, at the root.
fn cargo(arguments: &[&str]) -> Command {
    let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.args(arguments).current_dir(root());
    command
}

/// Runs a command whose output the reader sees.
fn succeed(command: &mut Command) -> Outcome<()> {
    let status = command.status().map_err(|error| format!("{}: {error}", describe(command)))?;
    if status.success() { Ok(()) } else { Err(format!("{}: {status}", describe(command)).into()) }
}

fn describe(command: &Command) -> String {
    let program = Path::new(command.get_program()).file_name().unwrap_or_default().to_string_lossy();
    let arguments = command.get_args().map(|argument| argument.to_string_lossy());
    format!("`{}`", [program].into_iter().chain(arguments).collect::<Vec<_>>().join(" "))
}
