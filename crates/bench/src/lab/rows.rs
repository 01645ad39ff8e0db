//! Every row that is measured, by subject.

mod cold;
mod replay;
mod servers;
mod tests;
mod worker;

use super::row::{Better, Experiment, Group, Kind, Row, Target};
use super::side::Side;

/// All of them, in the order of the page.
pub(crate) const GROUPS: [&Group; 5] = [&replay::GROUP, &worker::GROUP, &servers::GROUP, &tests::GROUP, &cold::GROUP];

/// Every experiment, in order.
pub(crate) fn experiments() -> impl Iterator<Item = &'static Experiment> {
    GROUPS.into_iter().flat_map(|group| group.experiments)
}

/// Every row, in order.
pub(crate) fn rows() -> impl Iterator<Item = &'static Row> {
    experiments().flat_map(|experiment| experiment.rows)
}

/// The row of a name.
pub(crate) fn row(name: &str) -> Option<&'static Row> {
    rows().find(|row| row.name == name)
}

/// The group of a row.
pub(crate) fn rows_of(group: &Group) -> impl Iterator<Item = &'static Row> {
    group.experiments.iter().flat_map(|experiment| experiment.rows)
}

/// A row of which less is better and that has no targets; the tables add what differs.
const fn row_of(
    name: &'static str,
    title: &'static str,
    unit: &'static str,
    figure: &'static str,
    kind: Kind,
    sides: &'static [Side],
) -> Row {
    Row { name, title, unit, figure, kind, better: Better::Less, floor: Target::None, moonshot: Target::None, sides }
}

impl Row {
    /// With a floor and a moonshot.
    const fn aims(mut self, floor: f64, moonshot: f64) -> Self {
        self.floor = Target::At(floor);
        self.moonshot = Target::At(moonshot);
        self
    }

    /// With a floor and a moonshot that are shares of the best peer's figure.
    const fn aims_at_shares(mut self, floor: f64, moonshot: f64) -> Self {
        self.floor = Target::Share(floor);
        self.moonshot = Target::Share(moonshot);
        self
    }

    /// More is better.
    const fn more(mut self) -> Self {
        self.better = Better::More;
        self
    }
}

#[cfg(test)]
mod checks {
    use std::collections::BTreeSet;

    use super::{GROUPS, experiments, row, rows};

    /// The rows of the table of targets, each with what measures it.
    const TARGETS: [(&str, &[&str]); 20] = [
        ("replay CPU per event", &["replay.seq1k.first", "replay.seq10k.first", "replay.seq45k.first"]),
        ("replay of other shapes", &["replay.fan1000.first", "replay.local1000.first", "replay.timers1000.first"]),
        ("replay peak memory", &["replay.seq45k.memory"]),
        ("standard JSON history", &["replay.json"]),
        ("worker CPU per hello", &["worker.hello", "worker.hello-gzip", "worker.hello-java"]),
        ("worker CPU", &["worker.seq10", "worker.fan100", "worker.update", "worker.query"]),
        ("worker CPU, 10 local activities", &["worker.local10"]),
        ("client CPU per start", &["worker.client"]),
        ("memory per cached idle workflow", &["worker.idle"]),
        ("CPU-bound workflow code", &["worker.lanes"]),
        ("server CPU per hello", &["servers.memory.hello.cpu", "servers.file.hello.cpu"]),
        ("hello p50 alone", &["servers.memory.hello.alone"]),
        (
            "hello/s and starts/s",
            &[
                "servers.memory.hello.rate",
                "servers.file.hello.rate",
                "servers.memory.start.rate",
                "servers.file.start.rate",
            ],
        ),
        ("update p50, query p50", &["servers.memory.update.alone", "servers.memory.query.alone"]),
        ("p99 / p50 of hello", &["servers.memory.hello.spread"]),
        ("first start accepted", &["servers.memory.startup", "servers.embedded.startup"]),
        ("idle memory, growth, ageing", &["servers.memory.idle", "servers.memory.per-hello", "servers.memory.ageing"]),
        ("1 ms timer", &["servers.memory.timer"]),
        ("skipped 30-day sleep", &["tests.skip.world", "tests.skip.server", "tests.skip.clock"]),
        ("hello worker", &["cold.packages", "cold.build", "cold.rebuild", "cold.size", "cold.poll"]),
    ];

    #[test]
    fn every_target_has_its_rows() {
        for (target, names) in TARGETS {
            for name in names {
                let row = row(name).unwrap_or_else(|| panic!("{target}: there is no row {name}"));
                assert!(row.floor.figure(Some(1.0)).is_some(), "{target}: {name} has no floor");
                assert!(row.moonshot.figure(Some(1.0)).is_some(), "{target}: {name} has no moonshot");
            }
        }
    }

    #[test]
    fn names_are_unique_and_say_where_a_row_belongs() {
        let names: BTreeSet<&str> = rows().map(|row| row.name).collect();
        assert_eq!(names.len(), rows().count());
        let experiment_names: BTreeSet<&str> = experiments().map(|experiment| experiment.name).collect();
        assert_eq!(experiment_names.len(), experiments().count());
        for group in GROUPS {
            for row in super::rows_of(group) {
                assert!(row.name.starts_with(&format!("{}.", group.name)), "{} is not of {}", row.name, group.name);
            }
        }
    }

    #[test]
    fn ours_is_first_and_alone() {
        for row in rows() {
            assert!(row.sides[0].is_ours(), "{}", row.name);
            assert!(row.sides[1..].iter().all(|side| !side.is_ours()), "{}", row.name);
        }
    }
}
