//! Histories: replayed, and read.

use super::{Experiment, Group, Kind, Row, Side, row_of};
use crate::lab::measure::Measure;

pub(super) const GROUP: Group = Group {
    name: "replay",
    title: "Histories, replayed and read",
    experiments: &[
        replay(
            "replay-seq1k",
            "seq1k",
            6,
            &[
                first("replay.seq1k.first", "167 activities in turn, 1,001 events, first replay"),
                again("replay.seq1k.again", "the same, replayed again"),
            ],
        ),
        replay(
            "replay-seq10k",
            "seq10k",
            3,
            &[
                first("replay.seq10k.first", "1,667 activities in turn, 10,001 events, first replay"),
                again("replay.seq10k.again", "the same, replayed again"),
            ],
        ),
        Experiment {
            most: 1,
            ..replay(
                "replay-seq45k",
                "seq45k",
                1,
                &[
                    first("replay.seq45k.first", "7,501 activities in turn, 45,008 events, first replay"),
                    row_of(
                        "replay.seq45k.memory",
                        "the same, most memory of the process",
                        "MiB",
                        "peak_mib",
                        Kind::Memory,
                        SDKS,
                    )
                    .aims(100.0, 15.0),
                ],
            )
        },
        replay(
            "replay-fan1000",
            "fan1000",
            3,
            &[first("replay.fan1000.first", "1,000 activities at once, 3,518 events, first replay")],
        ),
        replay(
            "replay-local1000",
            "local1000",
            3,
            &[first("replay.local1000.first", "1,000 local activities in turn, 1,005 events, first replay")],
        ),
        replay(
            "replay-timers1000",
            "timers1000",
            3,
            &[first("replay.timers1000.first", "1,000 timers in turn, 5,005 events, first replay")],
        ),
        Experiment {
            name: "json",
            method: "Both read the standard JSON of a history of 10,001 events, as the command line tool and the user \
                interface write it, into what their replayers take. The official Rust SDK cannot read it.",
            measure: Measure::Json { history: "seq10k" },
            most: usize::MAX,
            rows: &[row_of(
                "replay.json",
                "standard JSON, 10,001 events, read",
                "us/event, CPU",
                "json_us",
                Kind::Processor,
                &[Side::Ours, Side::Python],
            )
            .aims(5.0, 1.0)],
        },
    ],
};

const SDKS: &[Side] = &[Side::Ours, Side::Official, Side::Python];

const fn replay(name: &'static str, history: &'static str, times: u32, rows: &'static [Row]) -> Experiment {
    Experiment {
        name,
        method: "Each replays the history in a process of its own: it runs the workflow's code and compares every command \
            with what was recorded. Ours begins with opening the file, so reading and decoding count; the peers' decoding \
            (about 2 us an event in the official Rust SDK) is timed apart and left out. What is read, hashed or \
            started once in a process counts with the first replay.",
        measure: Measure::Replay { history, times },
        most: usize::MAX,
        rows,
    }
}

const fn first(name: &'static str, title: &'static str) -> Row {
    row_of(name, title, "us/event, CPU", "first_us", Kind::Processor, SDKS).aims(3.0, 1.0)
}

const fn again(name: &'static str, title: &'static str) -> Row {
    row_of(name, title, "us/event, CPU", "again_us", Kind::Processor, SDKS).aims(3.0, 1.0)
}
