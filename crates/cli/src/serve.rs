//! A server from the first line to the last: made, announced, and stopped when the process is told to.

use std::io::Write;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::num::NonZeroUsize;

use perpetua_server::{Server, ServerBuilder, ServerError};
use tokio::net::lookup_host;
use tokio::runtime::Builder;

use crate::arguments::{self, StartDev, Test};
use crate::config::{self, ConfigError};
use crate::logging;

/// The port of a development server, unless another is asked for.
const PORT: u16 = 7233;

/// Why there is no server.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ServeError {
    #[error(transparent)]
    Config(#[from] ConfigError),
    #[error(transparent)]
    Server(#[from] ServerError),
    #[error("{0:?} is no address of this machine; use localhost, 127.0.0.1 or 0.0.0.0")]
    Address(String),
    #[error("the process cannot be told to stop")]
    Signals(#[source] std::io::Error),
    #[error("the runtime cannot be started")]
    Runtime(#[source] std::io::Error),
}

/// Runs what was asked for, until the process is told to stop.
pub(crate) fn run(asked: arguments::Server) -> Result<(), ServeError> {
    match asked {
        arguments::Server::StartDev(asked) => {
            let asked = config::complete(*asked)?;
            on_threads(asked.threads.map_or(1, NonZeroUsize::get), start_dev(asked))
        }
        arguments::Server::Test(asked) => on_threads(1, test(asked)),
    }
}

/// Serves on so many threads.
fn on_threads(threads: usize, serve: impl Future<Output = Result<(), ServeError>>) -> Result<(), ServeError> {
    // The world is one, behind a lock: threads that wait for it and wake each other cost more than two of them could share.
    let mut builder = if threads == 1 { Builder::new_current_thread() } else { Builder::new_multi_thread() };
    let runtime = builder.worker_threads(threads).enable_all().build().map_err(ServeError::Runtime)?;
    let served = runtime.block_on(serve);
    // Whatever still waits somewhere is of no use to anybody.
    runtime.shutdown_background();
    served
}

async fn start_dev(asked: StartDev) -> Result<(), ServeError> {
    let StartDev {
        db_filename,
        port,
        ip,
        namespace,
        search_attribute,
        dynamic_config_value,
        skip_time,
        threads: _,
        config: _,
        logs,
        without_effect,
    } = asked;
    logging::begin(logs.log_level, logs.log_format);
    for flag in without_effect.given() {
        eprintln!("note: {flag} has no effect on this server");
    }
    let mut builder = Server::builder();
    for name in namespace {
        builder = builder.namespace(name);
    }
    for (name, kind) in search_attribute {
        builder = builder.search_attribute(name, kind);
    }
    for (key, value) in dynamic_config_value {
        builder = builder.dynamic_config(key, value);
    }
    if let Some(file) = &db_filename {
        builder = builder.file(file);
    }
    if skip_time {
        builder = builder.skip_time();
    }
    let address = resolve(ip.as_deref().unwrap_or("localhost"), port.unwrap_or(PORT)).await?;
    let kept = db_filename.map_or_else(|| "memory".to_owned(), |file| file.display().to_string());
    serve(builder, address, &format!("State:  {kept}")).await
}

async fn test(asked: Test) -> Result<(), ServeError> {
    let Test { port, ip, enable_time_skipping, logs } = asked;
    logging::begin(logs.log_level, logs.log_format);
    let builder = Server::builder().skip_time_unless_locked(u32::from(!enable_time_skipping));
    serve(builder, SocketAddr::new(ip, port), "Time:   skips when clients allow it").await
}

/// Runs a server until the process is told to stop.
async fn serve(builder: ServerBuilder, address: SocketAddr, more: &str) -> Result<(), ServeError> {
    let stop = Stop::new().map_err(ServeError::Signals)?;
    let server = builder.start()?;
    let listening = server.listen(address).await?;
    // Whoever has launched us and closed the other end does not want to know.
    let _ = writeln!(std::io::stdout(), "Server: {}\n{more}", listening.address());
    let _ = std::io::stdout().flush();
    stop.told().await;
    server.shutdown().await;
    listening.close().await;
    // What is in memory goes with the process; to take a large world apart first would only take time.
    std::mem::forget(server);
    Ok(())
}

/// The address that a name stands for. IPv4 comes first, as clients try it first.
async fn resolve(ip: &str, port: u16) -> Result<SocketAddr, ServeError> {
    if ip == "localhost" {
        return Ok(SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), port));
    }
    let found = lookup_host((ip, port)).await.ok().and_then(|mut found| found.next());
    found.ok_or_else(|| ServeError::Address(ip.to_owned()))
}

/// Hears when the process is told to stop. Listens from the moment it is made.
#[cfg(unix)]
struct Stop {
    interrupted: tokio::signal::unix::Signal,
    terminated: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Stop {
    fn new() -> std::io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self { interrupted: signal(SignalKind::interrupt())?, terminated: signal(SignalKind::terminate())? })
    }

    async fn told(mut self) {
        tokio::select! {
            _ = self.interrupted.recv() => {}
            _ = self.terminated.recv() => {}
        }
    }
}

/// Hears when the process is told to stop.
#[cfg(not(unix))]
struct Stop;

#[cfg(not(unix))]
impl Stop {
    fn new() -> std::io::Result<Self> {
        Ok(Self)
    }

    async fn told(self) {
        // Without a way to be told, it runs until it is ended.
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}
