//! The cold start of a hello worker.

use super::{Experiment, Group, Kind, Row, Side, row_of};
use crate::lab::measure::Measure;

pub(super) const GROUP: Group = Group {
    name: "cold",
    title: "Cold start of a hello worker",
    experiments: &[Experiment {
        name: "coldstart",
        method: "The smallest worker of each SDK, one workflow and one activity: built from nothing in release, built again \
            after a touch of its source, stripped, and started against a server that answers every call at once.",
        measure: Measure::ColdStart,
        most: 1,
        rows: &[
            exact("cold.packages", "packages that are built", "packages", "packages").aims(120.0, 70.0),
            row_of("cold.build", "clean release build", "s CPU", "clean.cpu", Kind::Processor, RUST).aims(200.0, 100.0),
            row_of("cold.rebuild", "release build after a touch", "s", "touched.wall", Kind::Clock, RUST)
                .aims(10.0, 4.0),
            exact("cold.size", "stripped release binary", "MB", "stripped_mb").aims(9.0, 5.0),
            row_of("cold.poll", "process start to first poll", "ms", "first_poll_ms", Kind::Clock, RUST)
                .aims(10.0, 4.0),
        ],
    }],
};

const RUST: &[Side] = &[Side::Ours, Side::Official];

const fn exact(name: &'static str, title: &'static str, unit: &'static str, figure: &'static str) -> Row {
    row_of(name, title, unit, figure, Kind::Exact, RUST)
}
