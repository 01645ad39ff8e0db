//! Workers and clients.

use super::{Experiment, Group, Kind, Row, Side, row_of};
use crate::lab::measure::{Load, Measure};

pub(super) const GROUP: Group = Group {
    name: "worker",
    title: "Workers and clients",
    experiments: &[
        worker(
            "worker-hello",
            load("hello", [4_000, 2_000, 400], 50),
            &[cpu("worker.hello", "hello: one activity", RUST).aims(0.7, 0.3)],
        ),
        Experiment {
            method: "As above; client and worker compress what they send with gzip, which is what the peers do by default.",
            ..worker(
                "worker-hello-gzip",
                Load { gzip: true, ..load("hello", [4_000, 2_000, 400], 50) },
                &[cpu("worker.hello-gzip", "hello, compressed", SDKS).aims(0.7, 0.3)],
            )
        },
        Experiment {
            method: "As above, without compression, on the Java test server, so that our worker has no server of its own kind.",
            ..worker(
                "worker-hello-java",
                Load { server: Side::Java, ..load("hello", [1_000, 1_000, 300], 50) },
                &[cpu("worker.hello-java", "hello, on the Java test server", RUST).aims(0.7, 0.3)],
            )
        },
        worker(
            "worker-seq10",
            load("seq10", [600, 300, 50], 20),
            &[cpu("worker.seq10", "ten activities in turn", SDKS).aims_at_shares(0.5, 0.2)],
        ),
        worker(
            "worker-fan100",
            load("fan100", [100, 50, 10], 5),
            &[cpu("worker.fan100", "a hundred activities at once", SDKS).aims_at_shares(0.5, 0.2)],
        ),
        worker(
            "worker-local10",
            load("local10", [3_000, 1_000, 100], 20),
            &[cpu("worker.local10", "ten local activities in turn", SDKS).aims(0.6, 0.25)],
        ),
        worker(
            "worker-timers",
            load("timers", [300, 300, 50], 20),
            &[cpu("worker.timers", "ten timers of a millisecond in turn", SDKS)],
        ),
        worker(
            "worker-signals",
            load("signals", [5_000, 5_000, 1_000], 20),
            &[cpu("worker.signal", "signal, one of many to one workflow", SDKS)],
        ),
        worker(
            "worker-updates",
            load("updates", [2_000, 1_000, 300], 1),
            &[cpu("worker.update", "update, one at a time", SDKS).aims_at_shares(0.5, 0.2)],
        ),
        worker(
            "worker-queries",
            load("queries", [3_000, 1_500, 400], 1),
            &[cpu("worker.query", "query, one at a time", SDKS).aims_at_shares(0.5, 0.2)],
        ),
        Experiment {
            name: "client-start",
            method: "Each starts workflows on our server in memory, 50 at a time, with its own client; the Python client \
                compresses, as it does by default, the others do not.",
            measure: Measure::Client,
            most: usize::MAX,
            rows: &[row_of(
                "worker.client",
                "client: start of a workflow",
                "ms CPU of the client",
                "client_cpu_ms_per_op",
                Kind::Processor,
                SDKS,
            )
            .aims(0.08, 0.03)],
        },
        Experiment {
            name: "cache",
            method: "Each worker holds thousands of workflows (1,500 in Python) that have run one activity and wait for a \
                signal now; by how much its memory grew is divided by their number.",
            measure: Measure::Idle,
            most: 2,
            rows: &[row_of("worker.idle", "memory of a cached idle workflow", "KiB", "idle_kb", Kind::Memory, SDKS)
                .aims(10.0, 3.0)],
        },
        Experiment {
            name: "lanes",
            method: "Workflow code that computes for about 20 milliseconds, 400 workflows, 50 at a time, with two lanes against \
                one; client and server share the two cores. The official Rust SDK runs all workflow code on one thread, so \
                there is nothing to compare.",
            measure: Measure::Lanes,
            most: usize::MAX,
            rows: &[row_of(
                "worker.lanes",
                "workflow code that computes, 2 lanes against 1",
                "times faster",
                "ratio",
                Kind::Clock,
                &[Side::Ours],
            )
            .more()
            .aims(1.8, 1.95)],
        },
    ],
};

const SDKS: &[Side] = &[Side::Ours, Side::Official, Side::Python];
const RUST: &[Side] = &[Side::Ours, Side::Official];

const fn load(workload: &'static str, counts: [usize; 3], at_a_time: usize) -> Load {
    Load { workload, counts, at_a_time, gzip: false, server: Side::Ours }
}

const fn worker(name: &'static str, load: Load, rows: &'static [Row]) -> Experiment {
    Experiment {
        name,
        method: "Each worker is a process with 200 slots of each kind and 5 pollers, on a fresh server of ours in memory, \
            over TCP; our client loads all of them alike. Nobody compresses, except the Python SDK, as it does by default.",
        measure: Measure::Worker(load),
        most: usize::MAX,
        rows,
    }
}

const fn cpu(name: &'static str, title: &'static str, sides: &'static [Side]) -> Row {
    row_of(name, title, "ms CPU of the worker", "worker_cpu_ms_per_op", Kind::Processor, sides)
}
