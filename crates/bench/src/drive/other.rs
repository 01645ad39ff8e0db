//! The worker that is loaded: a process of its own, of this SDK or of another.

use std::process::Stdio;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

use crate::Outcome;
use crate::meter::Snapshot;
use crate::options::Options;

/// How long a worker may take to stop.
const STOPS_WITHIN: Duration = Duration::from_secs(15);

/// What is handed on to the worker, and what it is by default.
const HANDED_ON: [(&str, &str); 8] = [
    ("addr", "127.0.0.1:7233"),
    ("namespace", "default"),
    ("cache", "1000"),
    ("gzip", "0"),
    ("pollers", "5"),
    ("slots", "200"),
    ("threads", "2"),
    ("eager", "3"),
];

/// A worker that is ready.
pub(super) struct OtherWorker {
    child: Child,
    input: ChildStdin,
    output: Lines<BufReader<ChildStdout>>,
}

impl OtherWorker {
    /// Starts the worker that the options name, by default this program's, on a queue.
    pub(super) async fn start(options: &Options, queue: &str) -> Outcome<Self> {
        let own = format!("{} worker", std::env::current_exe()?.display());
        let mut line = format!("exec {} --tq {queue}", options.text("worker-cmd", &own));
        for (name, default) in HANDED_ON {
            line.push_str(&format!(" --{name} {}", options.text(name, default)));
        }
        let mut command = Command::new("sh");
        command.args(["-c", &line]).stdin(Stdio::piped()).stdout(Stdio::piped()).kill_on_drop(true);
        let mut child = command.spawn()?;
        let input = child.stdin.take().ok_or("the worker has no input")?;
        let output = BufReader::new(child.stdout.take().ok_or("the worker has no output")?).lines();
        let mut worker = Self { child, input, output };
        worker.answer().await?;
        Ok(worker)
    }

    /// Asks it for its figures.
    pub(super) async fn snapshot(&mut self) -> Outcome<Snapshot> {
        self.input.write_all(b"snap\n").await?;
        self.input.flush().await?;
        Ok(serde_json::from_str(&self.answer().await?)?)
    }

    /// The next line that is meant for us; the others are what it logs.
    async fn answer(&mut self) -> Outcome<String> {
        loop {
            let line = self.output.next_line().await?.ok_or("the worker ended")?;
            if line.starts_with('{') {
                return Ok(line);
            }
            eprintln!("the worker says: {line}");
        }
    }

    /// Ends its input, and waits until it is gone.
    pub(super) async fn stop(mut self) -> Outcome {
        drop(self.input);
        if tokio::time::timeout(STOPS_WITHIN, self.child.wait()).await.is_err() {
            self.child.kill().await?;
        }
        Ok(())
    }
}
