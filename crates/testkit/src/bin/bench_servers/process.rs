//! A server as a process of its own: started, watched, stopped.

use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use perpetua::Client;
use perpetua_testkit::Outcome;

use crate::workloads::{idle, some_id};

/// How long a server may take to start.
const READY_WITHIN: Duration = Duration::from_secs(60);

/// A way to start a server, and what it is called.
#[derive(Clone, Debug)]
pub(crate) struct Contender {
    pub(crate) name: String,
    /// The program and its arguments; `{port}` and `{file}` are filled in.
    pub(crate) command: Vec<String>,
}

/// A server that runs.
pub(crate) struct Running {
    child: Child,
    pub(crate) client: Client,
    /// From the start of the process until the first workflow was started.
    pub(crate) ready: Duration,
    file: PathBuf,
}

impl Contender {
    /// Reads `name=program argument ..`.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (name, command) = text.split_once('=')?;
        let command: Vec<String> = command.split_whitespace().map(str::to_owned).collect();
        (!command.is_empty()).then(|| Self { name: name.to_owned(), command })
    }

    /// Starts it, on a new file if it takes one.
    pub(crate) async fn fresh(&self) -> Outcome<Running> {
        let path = std::env::temp_dir().join(format!("bench-{}.db", uuid::Uuid::new_v4()));
        let file = path.to_string_lossy();
        let port = TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port();
        let fill = |word: &String| word.replace("{port}", &port.to_string()).replace("{file}", &file);
        let words: Vec<String> = self.command.iter().map(fill).collect();
        let begun = Instant::now();
        let mut command = Command::new(&words[0]);
        command.args(&words[1..]).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let child = command.spawn().map_err(|error| format!("{}: {error}", words[0]))?;
        let mut running = None;
        while running.is_none() {
            if begun.elapsed() > READY_WITHIN {
                return Err(format!("{} is not ready after {READY_WITHIN:?}", self.name).into());
            }
            let connected = Client::builder().address(format!("127.0.0.1:{port}")).connect().await;
            match connected {
                Ok(client) if client.start(idle()).task_queue("nobody").id(some_id()).await.is_ok() => {
                    running = Some(client);
                }
                _ => tokio::time::sleep(Duration::from_millis(1)).await,
            }
        }
        let client = running.ok_or("there is no client")?;
        Ok(Running { child, client, ready: begun.elapsed(), file: path })
    }
}

impl Running {
    /// How much memory it holds, in bytes.
    pub(crate) fn memory(&self) -> Outcome<f64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = status.lines().find(|line| line.starts_with("VmRSS:")).ok_or("no VmRSS in /proc")?;
        let kibibytes: f64 = line.split_whitespace().nth(1).ok_or("no number in VmRSS")?.parse()?;
        Ok(kibibytes * 1024.0)
    }

    /// How much processor time it has used, in seconds.
    pub(crate) fn processor_time(&self) -> Outcome<f64> {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id()))?;
        let fields: Vec<&str> = stat.rsplit_once(") ").ok_or("no name in /proc")?.1.split_whitespace().collect();
        let ticks = |at: usize| fields.get(at).and_then(|field| field.parse::<f64>().ok()).unwrap_or_default();
        // User and system time, at the 100 ticks a second that Linux shows to programs.
        Ok((ticks(11) + ticks(12)) / 100.0)
    }

    /// Asks it to stop, and waits until it is gone; what it has stored is removed.
    pub(crate) fn stop(mut self) -> Outcome<Duration> {
        drop(self.client);
        let begun = Instant::now();
        Command::new("kill").arg(self.child.id().to_string()).status()?;
        self.child.wait()?;
        let stopped = begun.elapsed();
        for suffix in ["", "-wal", "-shm"] {
            // A server in memory has made none.
            let _ = std::fs::remove_file(format!("{}{suffix}", self.file.display()));
        }
        Ok(stopped)
    }
}
