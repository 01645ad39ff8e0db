//! Servers.

use super::{Experiment, Group, Kind, Row, Side, row_of};
use crate::lab::measure::Measure;

pub(super) const GROUP: Group = Group {
    name: "servers",
    title: "Servers",
    experiments: &[
        Experiment {
            name: "session",
            method: "Each server is a process, loaded over TCP by our client and our worker, the fastest load there is, on \
                the same two cores. In memory, all three forget everything when they end; on a file, ours has everything \
                on disk (`synchronous = FULL`) before it acknowledges, and `start-dev` is as it comes. Faster servers do \
                everything more often, so they are fuller.",
            measure: Measure::Session,
            most: usize::MAX,
            rows: &[
                hello_cpu("servers.memory.hello.cpu", "hello, in memory", MEMORY).aims(0.6, 0.2),
                hello_cpu("servers.file.hello.cpu", "hello, on a file", FILE).aims(1.0, 0.3),
                start_cpu("servers.memory.start.cpu", "start of a workflow, in memory", MEMORY),
                start_cpu("servers.file.start.cpu", "start of a workflow, on a file", FILE),
                rate("servers.memory.hello.rate", "hellos, 50 at a time, in memory", "hello.ops_s", MEMORY)
                    .aims(700.0, 1_500.0),
                rate("servers.file.hello.rate", "hellos, 50 at a time, on a file", "hello.ops_s", FILE)
                    .aims(400.0, 1_000.0),
                rate("servers.memory.start.rate", "starts, 50 at a time, in memory", "start.ops_s", MEMORY)
                    .aims(8_000.0, 20_000.0),
                rate("servers.file.start.rate", "starts, 50 at a time, on a file", "start.ops_s", FILE)
                    .aims(2_000.0, 8_000.0),
                time("servers.memory.hello.alone", "hello alone, p50, in memory", "alone.p50_ms", MEMORY)
                    .aims(2.0, 0.6),
                time("servers.file.hello.alone", "hello alone, p50, on a file", "alone.p50_ms", FILE),
                time("servers.memory.step", "activity in a row of ten, in memory", "step_ms", MEMORY),
                time("servers.file.step", "activity in a row of ten, on a file", "step_ms", FILE),
                time("servers.memory.update.alone", "update alone, p50, in memory", "update.p50_ms", MEMORY)
                    .aims(1.0, 0.4),
                time("servers.file.update.alone", "update alone, p50, on a file", "update.p50_ms", FILE),
                time("servers.memory.query.alone", "query alone, p50", "query.p50_ms", MEMORY).aims(0.7, 0.25),
                row_of(
                    "servers.memory.hello.spread",
                    "hello, 50 at a time, p99 against p50, in memory",
                    "times",
                    "spread",
                    Kind::Clock,
                    MEMORY,
                )
                .aims(4.0, 2.0),
                time("servers.memory.timer", "timer of 1 ms, in a row of ten, in memory", "timer_ms", MEMORY)
                    .aims(3.0, 1.2),
                time("servers.file.timer", "timer of 1 ms, in a row of ten, on a file", "timer_ms", FILE),
                memory("servers.memory.idle", "memory of an idle server, in memory", "MiB", "idle_mib", MEMORY)
                    .aims(15.0, 6.0),
                memory("servers.file.idle", "memory of an idle server, on a file", "MiB", "idle_mib", FILE),
                memory(
                    "servers.memory.per-start",
                    "memory for an open workflow, in memory",
                    "KiB",
                    "per_start_kib",
                    MEMORY,
                ),
                memory(
                    "servers.file.per-start",
                    "memory for an open workflow, on a file",
                    "KiB",
                    "per_start_kib",
                    FILE,
                ),
                time("servers.memory.stop", "asked to stop to gone, after all that, in memory", "stop_ms", MEMORY),
                time("servers.file.stop", "asked to stop to gone, after all that, on a file", "stop_ms", FILE),
            ],
        },
        Experiment {
            name: "growth",
            method: "Hellos by our client and worker, 50 at a time, in batches of 1,000 on one server: 10 batches on ours \
                and on the Java test server, 2 on `start-dev`, which would take minutes for more.",
            measure: Measure::Growth,
            most: 2,
            rows: &[
                memory(
                    "servers.memory.per-hello",
                    "memory for a finished hello, in memory",
                    "KiB",
                    "per_hello_kb",
                    MEMORY,
                )
                .aims(6.0, 2.0),
                memory(
                    "servers.file.per-hello",
                    "memory for a finished hello, on a file",
                    "KiB",
                    "per_hello_kb",
                    &[Side::OursFile],
                ),
                ageing("servers.memory.ageing", "CPU of a hello, last 1,000 against first 1,000, in memory", MEMORY)
                    .aims(1.1, 1.0),
                ageing(
                    "servers.file.ageing",
                    "CPU of a hello, last 1,000 against first 1,000, on a file",
                    &[Side::OursFile],
                ),
                memory("servers.memory.after", "memory after 2,000 hellos, in memory", "MiB", "compared_mib", MEMORY),
            ],
        },
        Experiment {
            name: "startup",
            method: "From the start of the process until the start of a workflow was accepted, asked again every half \
                millisecond. In process: from the call that makes the server until then, beside the peers' processes.",
            measure: Measure::Startup,
            most: usize::MAX,
            rows: &[
                time(
                    "servers.memory.startup",
                    "process start to first start accepted, in memory",
                    "first_start_ms",
                    MEMORY,
                )
                .aims(20.0, 5.0),
                time(
                    "servers.file.startup",
                    "process start to first start accepted, on a file",
                    "first_start_ms",
                    FILE,
                ),
                time("servers.embedded.startup", "in process, to first start accepted", "first_start_ms", EMBEDDED)
                    .aims(5.0, 0.5),
            ],
        },
    ],
};

const MEMORY: &[Side] = &[Side::Ours, Side::StartDev, Side::Java];
const FILE: &[Side] = &[Side::OursFile, Side::StartDevFile];
const EMBEDDED: &[Side] = &[Side::OursEmbedded, Side::StartDev, Side::Java];

const fn hello_cpu(name: &'static str, title: &'static str, sides: &'static [Side]) -> Row {
    row_of(name, title, "ms CPU of the server", "hello.server_cpu_ms_per_op", Kind::Processor, sides)
}

const fn start_cpu(name: &'static str, title: &'static str, sides: &'static [Side]) -> Row {
    row_of(name, title, "ms CPU of the server", "start.server_cpu_ms_per_op", Kind::Processor, sides)
}

const fn rate(name: &'static str, title: &'static str, figure: &'static str, sides: &'static [Side]) -> Row {
    row_of(name, title, "1/s", figure, Kind::Clock, sides).more()
}

const fn time(name: &'static str, title: &'static str, figure: &'static str, sides: &'static [Side]) -> Row {
    row_of(name, title, "ms", figure, Kind::Clock, sides)
}

const fn memory(
    name: &'static str,
    title: &'static str,
    unit: &'static str,
    figure: &'static str,
    sides: &'static [Side],
) -> Row {
    row_of(name, title, unit, figure, Kind::Memory, sides)
}

const fn ageing(name: &'static str, title: &'static str, sides: &'static [Side]) -> Row {
    row_of(name, title, "times", "ageing", Kind::Clock, sides)
}
