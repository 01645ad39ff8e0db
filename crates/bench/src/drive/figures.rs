//! What a workload took, in the fields that the peers' programs print too.

use std::time::Duration;

use serde_json::{Value, json};

use crate::meter::{Snapshot, percentile};

/// One of each process that takes part.
pub(super) struct Process<T> {
    pub(super) worker: T,
    pub(super) client: T,
    pub(super) server: T,
}

/// A workload that is done.
pub(super) struct Figures<'a> {
    pub(super) workload: &'a str,
    pub(super) count: usize,
    pub(super) at_a_time: usize,
    pub(super) wall: Duration,
    /// How long each took, in milliseconds.
    pub(super) times: Vec<f64>,
    pub(super) before: Process<Snapshot>,
    pub(super) after: Process<Snapshot>,
}

impl Figures<'_> {
    pub(super) fn json(mut self) -> Value {
        let count = self.count as f64;
        let wall = self.wall.as_secs_f64();
        let used = |after: Snapshot, before: Snapshot| after.cpu - before.cpu;
        let worker = used(self.after.worker, self.before.worker);
        let client = used(self.after.client, self.before.client);
        let server = used(self.after.server, self.before.server);
        json!({
            "workload": self.workload,
            "count": self.count,
            "conc": self.at_a_time,
            "wall_s": wall,
            "ops_s": count / wall,
            "p50_ms": percentile(&mut self.times, 0.5),
            "p99_ms": percentile(&mut self.times, 0.99),
            "worker_cpu_s": worker,
            "worker_cpu_ms_per_op": worker * 1e3 / count,
            "worker_rss_kb": self.after.worker.rss_kb,
            "worker_peak_kb": self.after.worker.peak_kb,
            "worker_rss_delta_kb": self.after.worker.rss_kb - self.before.worker.rss_kb,
            "client_cpu_s": client,
            "client_cpu_ms_per_op": client * 1e3 / count,
            "server_cpu_s": server,
            "server_cpu_ms_per_op": server * 1e3 / count,
            "server_rss_kb": [self.before.server.rss_kb, self.after.server.rss_kb],
        })
    }
}
