//! What tests of workflows stand on.

use super::{Experiment, Group, Kind, Row, Side, row_of};
use crate::lab::measure::Measure;

pub(super) const GROUP: Group = Group {
    name: "tests",
    title: "Worlds for tests",
    experiments: &[
        Experiment {
            name: "skip",
            method: "A workflow sleeps 30 days, five times; the median of how long its result takes. In our world for tests, \
                server, worker and client are one process. On the servers, ours and the Java test server, all is done by \
                the Python SDK, which asks them to skip. The clock should then read 150 days and the time that passed.",
            measure: Measure::Skip,
            most: usize::MAX,
            rows: &[
                skip("tests.skip.world", "skipped sleep of 30 days, in a world for tests", EMBEDDED).aims(3.0, 0.3),
                skip("tests.skip.server", "skipped sleep of 30 days, by the Python SDK", SERVERS).aims(3.0, 0.3),
                clock("tests.skip.clock", "by how much the clock is off then, in a world for tests", EMBEDDED)
                    .aims(0.1, 0.1),
                clock("tests.skip.server-clock", "by how much the clock is off then, for the Python SDK", SERVERS),
            ],
        },
        Experiment {
            name: "worlds",
            method: "A world is a server, a worker and a workflow that sleeps 30 days and calls three activities; ours are \
                executed anew from every prefix of their histories besides, as its tests always are. 1,000 worlds of \
                ours, 8 at a time; 40 of theirs with the Python SDK: one after another on one server, or each on a \
                server of its own, 2 at a time.",
            measure: Measure::Worlds,
            most: 2,
            rows: &[
                world("tests.worlds", "a world for a test", &[Side::Ours, Side::Java, Side::JavaEach]),
                world(
                    "tests.worlds.debug",
                    "a world for a test, debug build",
                    &[Side::OursDebug, Side::Java, Side::JavaEach],
                ),
            ],
        },
    ],
};

const EMBEDDED: &[Side] = &[Side::OursEmbedded, Side::Java];
const SERVERS: &[Side] = &[Side::Ours, Side::Java];

const fn skip(name: &'static str, title: &'static str, sides: &'static [Side]) -> Row {
    row_of(name, title, "ms", "sleep_ms", Kind::Clock, sides)
}

const fn clock(name: &'static str, title: &'static str, sides: &'static [Side]) -> Row {
    row_of(name, title, "s", "clock_off_s", Kind::Exact, sides)
}

const fn world(name: &'static str, title: &'static str, sides: &'static [Side]) -> Row {
    row_of(name, title, "ms", "world_ms", Kind::Clock, sides)
}
