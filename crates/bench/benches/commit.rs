//! What it takes until a start is on disk: a server in this process, on a file, without gRPC.
//!
//! `cargo bench -p perpetua-bench`, or `cargo xtask bench micro`. Each start is acknowledged when it is stored, so a start alone
//! waits for one flush; those that come together share one.

use divan::Bencher;
use divan::counter::ItemsCount;
use perpetua::Client;
use perpetua::prelude::*;
use tempfile::TempDir;
use tokio::runtime::Runtime;
use tokio::task::JoinSet;

fn main() {
    divan::main();
}

/// Nobody works on it.
#[workflow]
async fn nothing(_ctx: Ctx) -> WorkflowResult<()> {
    Ok(())
}

/// A server, and what it stands on.
struct Bench {
    runtime: Runtime,
    client: Client,
    started: u64,
    /// Removed after the server has ended with its client.
    _folder: Option<TempDir>,
}

impl Bench {
    fn new(on_a_file: bool) -> Self {
        let runtime = Runtime::new().expect("there are threads");
        let folder = on_a_file.then(|| tempfile::tempdir().expect("there is a place for files"));
        let client = runtime.block_on(async {
            match &folder {
                Some(folder) => Client::embedded().file(folder.path().join("world.db")).await,
                None => Client::embedded().await,
            }
        });
        Self { runtime, client: client.expect("the server starts"), started: 0, _folder: folder }
    }

    /// Starts so many workflows at once.
    fn start(&mut self, count: u64) {
        let first = self.started;
        self.started += count;
        self.runtime.block_on(async {
            let mut starting = JoinSet::new();
            for number in first..first + count {
                let client = self.client.clone();
                starting.spawn(async move {
                    let id = format!("workflow-{number}");
                    client.start(nothing()).task_queue("nobody").id(id).await.expect("it starts");
                });
            }
            while let Some(started) = starting.join_next().await {
                started.expect("it does not panic");
            }
        });
    }
}

/// Starts on a file, so many at a time.
#[divan::bench(args = [1, 50])]
fn on_a_file(bencher: Bencher<'_, '_>, at_a_time: u64) {
    let mut bench = Bench::new(true);
    bencher.counter(ItemsCount::new(at_a_time)).bench_local(|| bench.start(at_a_time));
}

/// The same in memory, for what the file adds.
#[divan::bench(args = [1, 50])]
fn in_memory(bencher: Bencher<'_, '_>, at_a_time: u64) {
    let mut bench = Bench::new(false);
    bencher.counter(ItemsCount::new(at_a_time)).bench_local(|| bench.start(at_a_time));
}
