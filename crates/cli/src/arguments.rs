//! What may be said on the command line.
//!
//! The flags of `start-dev` are those of the `temporal` CLI's command of that name, so that whoever launches one can launch
//! the other. Those that mean nothing here are taken, and said to have no effect.

use std::ffi::OsString;
use std::net::IpAddr;
use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

/// Durable execution in one program.
#[derive(Debug, Parser)]
#[command(name = "perpetua", version, about = "Durable execution: a Temporal-compatible server in one program")]
pub(crate) struct Asked {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run a server.
    #[command(subcommand)]
    Server(Server),
    /// Find what a replay could not repeat in the workflows of a Rust workspace.
    Lint(Lint),
    /// Histories of workflows, as files.
    #[command(subcommand)]
    History(History),
}

#[derive(Debug, Subcommand)]
pub(crate) enum History {
    /// Take a sample of a server's histories, for tests to replay: a few of each type, of every status and length.
    ///
    /// Connects as the environment says: TEMPORAL_ADDRESS, TEMPORAL_NAMESPACE, TEMPORAL_API_KEY, TEMPORAL_TLS and the
    /// variables for certificates.
    Pull(Pull),
}

/// Which histories, and where to.
#[derive(Args, Clone, Debug)]
pub(crate) struct Pull {
    /// The server's address; `https://` before it asks for TLS [default: TEMPORAL_ADDRESS, or localhost:7233]
    #[arg(long, value_name = "HOST:PORT")]
    pub(crate) address: Option<String>,
    /// The namespace [default: TEMPORAL_NAMESPACE, or default]
    #[arg(short, long, value_name = "NAME")]
    pub(crate) namespace: Option<String>,
    /// Only of workflows that match this, in the server's language of lists: "WorkflowType = 'Order'".
    #[arg(short, long)]
    pub(crate) query: Option<String>,
    /// How many runs of each type to take at most.
    #[arg(long, value_name = "RUNS", default_value_t = 5)]
    pub(crate) per_type: usize,
    /// How many runs to list at most, to choose from.
    #[arg(long, value_name = "RUNS", default_value_t = 10_000)]
    pub(crate) at_most: usize,
    /// The folder to write to.
    #[arg(short, long, value_name = "FOLDER", default_value = "histories")]
    pub(crate) out: PathBuf,
}

/// Which workflows are looked at, and what is said of them.
#[derive(Args, Clone, Debug)]
pub(crate) struct Lint {
    /// The `Cargo.toml` of the workspace or of one of its packages [default: that of the current folder]
    #[arg(long, value_name = "FILE")]
    pub(crate) manifest_path: Option<PathBuf>,
    /// Look at this package only. May be given several times.
    #[arg(short, long, value_name = "NAME")]
    pub(crate) package: Vec<String>,
    /// Look at workflows that exist only in tests, too.
    #[arg(long)]
    pub(crate) tests: bool,
    /// Write one JSON object, for other programs.
    #[arg(long)]
    pub(crate) json: bool,
    /// Say what a rule is about, why, and what to write instead.
    #[arg(long, value_name = "RULE", conflicts_with_all = ["manifest_path", "package", "tests", "json", "clippy_toml"])]
    pub(crate) explain: Option<String>,
    /// Write the `clippy.toml` that belongs into a workspace with workflows.
    #[arg(long, conflicts_with_all = ["manifest_path", "package", "tests", "json"])]
    pub(crate) clippy_toml: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Server {
    /// Run a development server: everything on one port, in memory or in one file.
    StartDev(Box<StartDev>),
    /// Run a test server, whose time skips while a client waits for a workflow.
    Test(Test),
}

/// What a development server is to be.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct StartDev {
    /// Keep everything in this SQLite file; without it, everything is gone when the server stops.
    #[arg(short = 'f', long, value_name = "FILE")]
    pub(crate) db_filename: Option<PathBuf>,
    /// The port to listen on; 0 for any that is free [default: 7233]
    #[arg(short, long)]
    pub(crate) port: Option<u16>,
    /// The address to listen on, or `localhost` [default: localhost]
    #[arg(long)]
    pub(crate) ip: Option<String>,
    /// A namespace to be made, beside `default`. May be given several times.
    #[arg(short, long, value_name = "NAME")]
    pub(crate) namespace: Vec<String>,
    /// A search attribute to be added to every namespace. May be given several times. Types: Text, Keyword, Int, Double,
    /// Bool, Datetime, KeywordList.
    #[arg(long, value_name = "NAME=TYPE", value_parser = pair)]
    pub(crate) search_attribute: Vec<(String, String)>,
    /// A setting of the server by its name in Temporal's dynamic configuration, as JSON. May be given several times.
    #[arg(long, value_name = "KEY=JSON", value_parser = pair)]
    pub(crate) dynamic_config_value: Vec<(String, String)>,
    /// Let time jump to what happens next, while somebody waits for a workflow and no worker has anything to do.
    #[arg(long)]
    pub(crate) skip_time: bool,
    /// How many threads serve connections. One needs the least processor time for a call; more can take more calls, on a
    /// machine with processors to spare [default: 1]
    #[arg(long, value_name = "NUMBER")]
    pub(crate) threads: Option<NonZeroUsize>,
    /// Take what is not said here from this TOML file, by the same names.
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) logs: Logs,
    #[command(flatten)]
    pub(crate) without_effect: WithoutEffect,
}

/// How much is written to standard error, and how.
#[derive(Args, Clone, Copy, Debug, Default)]
pub(crate) struct Logs {
    /// What is worth a line [default: warn]
    #[arg(long, value_enum)]
    pub(crate) log_level: Option<LogLevel>,
    /// The form of a line [default: text]
    #[arg(long, value_enum)]
    pub(crate) log_format: Option<LogFormat>,
}

/// From which level on something is worth a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum LogLevel {
    Debug,
    Info,
    Warn,
    Error,
    Never,
}

/// The form of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum LogFormat {
    Text,
    Json,
    Pretty,
}

/// Flags of the `temporal` CLI that mean nothing here.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct WithoutEffect {
    /// Do not serve a web interface. There is none: point Temporal's own at this server's address.
    #[arg(long)]
    pub(crate) headless: bool,
    #[arg(long, hide = true)]
    pub(crate) ui_port: Option<u16>,
    #[arg(long, hide = true)]
    pub(crate) ui_ip: Option<String>,
    #[arg(long, hide = true)]
    pub(crate) ui_asset_path: Option<String>,
    #[arg(long, hide = true)]
    pub(crate) ui_codec_endpoint: Option<String>,
    #[arg(long, hide = true)]
    pub(crate) ui_public_path: Option<String>,
    #[arg(long, hide = true)]
    pub(crate) ui_disable_news_fetch: bool,
    #[arg(long, hide = true)]
    pub(crate) http_port: Option<u16>,
    #[arg(long, hide = true)]
    pub(crate) metrics_port: Option<u16>,
    #[arg(long, hide = true)]
    pub(crate) log_config: bool,
    #[arg(long, hide = true)]
    pub(crate) sqlite_pragma: Vec<String>,
    #[arg(long, hide = true)]
    pub(crate) color: Option<String>,
    #[arg(long, hide = true)]
    pub(crate) env: Option<String>,
    #[arg(long, hide = true)]
    pub(crate) env_file: Option<String>,
    #[arg(long, hide = true)]
    pub(crate) config_file: Option<String>,
    #[arg(long, hide = true)]
    pub(crate) profile: Option<String>,
    #[arg(long, hide = true)]
    pub(crate) disable_config_file: bool,
    #[arg(long, hide = true)]
    pub(crate) disable_config_env: bool,
    #[arg(long, short = 'o', hide = true)]
    pub(crate) output: Option<String>,
    #[arg(long, hide = true)]
    pub(crate) time_format: Option<String>,
    #[arg(long, hide = true)]
    pub(crate) no_json_shorthand_payloads: bool,
    #[arg(long, hide = true)]
    pub(crate) command_timeout: Option<String>,
    #[arg(long, hide = true)]
    pub(crate) client_connect_timeout: Option<String>,
}

/// What a test server is to be.
#[derive(Args, Clone, Debug)]
pub(crate) struct Test {
    /// The port to listen on; 0 for any that is free.
    pub(crate) port: u16,
    /// The address to listen on.
    #[arg(long, default_value = "127.0.0.1")]
    pub(crate) ip: IpAddr,
    /// Skip time from the start on, and not only once a client has allowed it.
    #[arg(long)]
    pub(crate) enable_time_skipping: bool,
    #[command(flatten)]
    pub(crate) logs: Logs,
}

impl WithoutEffect {
    /// The flags that were given and have no effect that anybody would miss silently.
    pub(crate) fn given(&self) -> Vec<&'static str> {
        let Self {
            headless: _,
            ui_port,
            ui_ip,
            ui_asset_path,
            ui_codec_endpoint,
            ui_public_path,
            ui_disable_news_fetch: _,
            http_port,
            metrics_port,
            log_config,
            sqlite_pragma,
            color: _,
            env: _,
            env_file: _,
            config_file: _,
            profile: _,
            disable_config_file: _,
            disable_config_env: _,
            output: _,
            time_format: _,
            no_json_shorthand_payloads: _,
            command_timeout: _,
            client_connect_timeout: _,
        } = self;
        let flags = [
            ("--ui-port", ui_port.is_some()),
            ("--ui-ip", ui_ip.is_some()),
            ("--ui-asset-path", ui_asset_path.is_some()),
            ("--ui-codec-endpoint", ui_codec_endpoint.is_some()),
            ("--ui-public-path", ui_public_path.is_some()),
            ("--http-port", http_port.is_some()),
            ("--metrics-port", metrics_port.is_some()),
            ("--log-config", *log_config),
            ("--sqlite-pragma", !sqlite_pragma.is_empty()),
        ];
        flags.into_iter().filter(|(_, given)| *given).map(|(flag, _)| flag).collect()
    }
}

/// A name and what belongs to it.
fn pair(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.is_empty() => Ok((key.to_owned(), value.to_owned())),
        _ => Err(format!("{text:?} is not of the form NAME=VALUE")),
    }
}

/// SDKs start a test server as `PROGRAM PORT ..`: a number in the first place stands for `server test PORT`.
pub(crate) fn as_commands(arguments: impl IntoIterator<Item = OsString>) -> Vec<OsString> {
    let mut arguments: Vec<OsString> = arguments.into_iter().collect();
    let is_port = |argument: &OsString| argument.to_str().is_some_and(|text| text.parse::<u16>().is_ok());
    if arguments.get(1).is_some_and(is_port) {
        arguments.splice(1..1, ["server".into(), "test".into()]);
    }
    arguments
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Server, clap::Error> {
        let words = std::iter::once("perpetua").chain(line.split_whitespace()).map(OsString::from);
        match Asked::try_parse_from(as_commands(words))?.command {
            Command::Server(server) => Ok(server),
            other => panic!("a server was asked for, not {other:?}"),
        }
    }

    #[test]
    fn what_sdks_launch_is_understood() {
        let line = "server start-dev --port 1234 --namespace default --ip 127.0.0.1 --log-format pretty --log-level warn \
                    --dynamic-config-value frontend.enable=true --headless --db-filename x.db";
        let Ok(Server::StartDev(asked)) = parse(line) else { panic!("it is understood") };
        assert_eq!((asked.port, asked.ip.as_deref()), (Some(1234), Some("127.0.0.1")));
        assert_eq!(asked.dynamic_config_value, [("frontend.enable".to_owned(), "true".to_owned())]);
        assert_eq!(asked.logs.log_format, Some(LogFormat::Pretty));
        let Ok(Server::Test(asked)) = parse("4321 --enable-time-skipping") else { panic!("it is understood") };
        assert_eq!((asked.port, asked.enable_time_skipping), (4321, true));
    }

    #[test]
    fn what_nobody_knows_is_refused_by_name() {
        let refused = parse("server start-dev --frobnicate").expect_err("there is no such flag");
        assert!(refused.to_string().contains("--frobnicate"), "{refused}");
        let refused = parse("server start-dev --search-attribute Color").expect_err("there is no type");
        assert!(refused.to_string().contains("NAME=VALUE"), "{refused}");
    }

    #[test]
    fn flags_without_effect_are_taken_and_named() {
        let Ok(Server::StartDev(asked)) = parse("server start-dev --ui-port 1 --headless --metrics-port 2") else {
            panic!("they are taken")
        };
        assert_eq!(asked.without_effect.given(), ["--ui-port", "--metrics-port"]);
    }
}
