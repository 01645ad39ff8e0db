//! A server as a process of its own: started, watched, stopped.

use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use perpetua::Client;
use tokio::runtime::Runtime;
use uuid::Uuid;

use super::process::Kept;
use super::programs::Programs;
use super::side::Side;
use crate::Outcome;
use crate::meter::Snapshot;
use crate::workflows::Idle;

/// How long a server may take to start.
const READY_WITHIN: Duration = Duration::from_secs(60);
/// How long a server may take to stop when it is asked to.
const GONE_WITHIN: Duration = Duration::from_secs(60);
/// How often it is looked whether a server is ready, or gone.
const LOOK_EVERY: Duration = Duration::from_micros(500);

/// A server that runs, and is killed when this is dropped.
#[derive(Debug)]
pub(crate) struct Server {
    child: Kept,
    port: u16,
    _folder: Folder,
    /// From the start of the process until it had accepted the start of a workflow.
    pub(crate) ready: Duration,
}

/// How a server is started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Start {
    /// As it is, for the time that this takes.
    Bare,
    /// On a leash, for anything longer.
    Leashed,
    /// On a leash, as a server for tests, whose clock can skip time.
    Skipping,
}

impl Server {
    /// Starts the server of a side, and waits until it accepts the start of a workflow.
    pub(crate) fn start(programs: &Programs, runtime: &Runtime, side: Side, start: Start) -> Outcome<Self> {
        let port = TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port();
        let folder = Folder::new()?;
        let mut command = command(programs, side, start, port, &folder.0.join("world.db"))?;
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let begun = Instant::now();
        let child = Kept(command.spawn()?);
        let mut server = Self { child, port, _folder: folder, ready: Duration::ZERO };
        runtime.block_on(server.answers(begun, start))?;
        server.ready = begun.elapsed();
        Ok(server)
    }

    /// Waits until it accepts the start of a workflow; or only until it answers, where time is to be skipped: what is open,
    /// or was, would have its part in that.
    async fn answers(&mut self, begun: Instant, start: Start) -> Outcome {
        loop {
            if let Ok(client) = Client::builder().address(self.address()).connect().await {
                let first = client.start(Idle::run(0)).task_queue("nobody").id(Uuid::new_v4().to_string());
                if start == Start::Skipping || first.await.is_ok() {
                    return Ok(());
                }
            }
            if let Some(status) = self.child.0.try_wait()? {
                return Err(format!("the server has ended: {status}").into());
            }
            if begun.elapsed() > READY_WITHIN {
                return Err(format!("the server is not ready after {} s", READY_WITHIN.as_secs()).into());
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    pub(crate) fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    pub(crate) fn process(&self) -> u32 {
        self.child.0.id()
    }

    /// What it has used so far.
    pub(crate) fn snapshot(&self) -> Outcome<Snapshot> {
        Snapshot::of(self.process().try_into()?)
    }

    /// Asks it to stop, and waits until it is gone.
    pub(crate) fn stop(mut self) -> Outcome<Duration> {
        let begun = Instant::now();
        Command::new("kill").arg(self.process().to_string()).status()?;
        while self.child.0.try_wait()?.is_none() {
            if begun.elapsed() > GONE_WITHIN {
                return Err(format!("the server is still there after {} s", GONE_WITHIN.as_secs()).into());
            }
            std::thread::sleep(LOOK_EVERY);
        }
        Ok(begun.elapsed())
    }
}

/// How the server of a side is started.
fn command(programs: &Programs, side: Side, start: Start, port: u16, file: &Path) -> Outcome<Command> {
    let program = match side {
        Side::StartDev | Side::StartDevFile => programs.temporal()?,
        Side::Java | Side::JavaEach => programs.test_server()?,
        _ => programs.perpetua()?,
    };
    let mut command = if start == Start::Bare { Command::new(program) } else { programs.leashed(program) };
    let port = port.to_string();
    match side {
        Side::Java | Side::JavaEach => {
            command.arg(port);
        }
        _ if start == Start::Skipping => {
            command.args(["server", "test"]).arg(port);
        }
        _ => {
            command.args(["server", "start-dev", "--headless", "--log-level", "error", "--port"]).arg(port);
        }
    }
    if matches!(side, Side::OursFile | Side::StartDevFile) {
        command.arg("--db-filename").arg(file);
    }
    Ok(command)
}

/// A folder that is removed when this is dropped.
#[derive(Debug)]
pub(crate) struct Folder(pub(crate) PathBuf);

impl Folder {
    pub(crate) fn new() -> Outcome<Self> {
        let folder = std::env::temp_dir().join(format!("perpetua-bench-{}", Uuid::new_v4()));
        fs::create_dir_all(&folder)?;
        Ok(Self(folder))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // A folder that stays behind in the system's place for such is a pity, not an error.
        let _ = fs::remove_dir_all(&self.0);
    }
}
