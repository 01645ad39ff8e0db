//! What was measured: runs, and the rows that follow from them.

use serde::{Deserialize, Serialize};

use super::process::Figures;
use super::row::Row;
use super::rows;
use super::side::Side;
use super::statistics::{median, rounded};
use super::surroundings::Surroundings;

/// A whole measurement. Without its runs it is what the repository keeps.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Report {
    pub(crate) surroundings: Surroundings,
    pub(crate) rows: Vec<Measured>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) runs: Vec<Run>,
}

/// One measurement of one side.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Run {
    pub(crate) experiment: String,
    pub(crate) side: Side,
    /// The mean number of processes that wanted to run in the minute before.
    pub(crate) load: f64,
    /// How long it took, in seconds.
    pub(crate) took: f64,
    pub(crate) outcome: RunOutcome,
}

/// What a run gave.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum RunOutcome {
    Figures(Figures),
    /// Why there are none.
    Failed(String),
}

/// A row with its figures.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Measured {
    pub(crate) row: String,
    /// Ours first, then its peers.
    pub(crate) sides: Vec<Contender>,
    /// How many times better ours is than the best peer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) ratio: Option<f64>,
}

/// The figures of one side in one row.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Contender {
    pub(crate) side: Side,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) median: Option<f64>,
    pub(crate) values: Vec<f64>,
    /// The load of the machine when these were measured, at its median.
    pub(crate) load: f64,
    /// Why a run gave no figure.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) failure: Option<String>,
}

impl Report {
    /// The rows that follow from these runs.
    pub(crate) fn new(surroundings: Surroundings, wanted: &[&Row], runs: Vec<Run>) -> Self {
        let rows = rows::experiments()
            .flat_map(|experiment| experiment.rows.iter().map(move |row| (experiment, row)))
            .filter(|(_, row)| wanted.iter().any(|wanted| wanted.name == row.name))
            .map(|(experiment, row)| Measured::new(row, runs.iter().filter(|run| run.experiment == experiment.name)))
            .collect();
        Self { surroundings, rows, runs }
    }

    /// The row of a name.
    pub(crate) fn row(&self, name: &str) -> Option<&Measured> {
        self.rows.iter().find(|measured| measured.row == name)
    }
}

impl Measured {
    fn new<'a>(row: &Row, runs: impl Iterator<Item = &'a Run> + Clone) -> Self {
        let sides: Vec<Contender> = row
            .sides
            .iter()
            .map(|side| Contender::new(row, *side, runs.clone().filter(|run| run.side == *side)))
            .collect();
        let mut measured = Self { row: row.name.to_owned(), sides, ratio: None };
        measured.ratio = measured.ours().zip(measured.best_peer()).and_then(|(ours, (_, peer))| {
            let ratio = row.better.ratio(ours, peer);
            ratio.is_finite().then(|| rounded(ratio))
        });
        measured
    }

    /// Our figure.
    pub(crate) fn ours(&self) -> Option<f64> {
        self.sides.first().and_then(|ours| ours.median)
    }

    /// The best of the peers, with its figure.
    pub(crate) fn best_peer(&self) -> Option<(Side, f64)> {
        let row = rows::row(&self.row)?;
        let peers = self.sides.iter().skip(1).filter_map(|peer| Some((peer.side, peer.median?)));
        peers.reduce(|best, peer| if row.better.reaches(best.1, peer.1) { best } else { peer })
    }
}

impl Contender {
    fn new<'a>(row: &Row, side: Side, runs: impl Iterator<Item = &'a Run>) -> Self {
        let mut values = Vec::new();
        let mut loads = Vec::new();
        let mut failure = None;
        for run in runs {
            loads.push(run.load);
            match &run.outcome {
                RunOutcome::Figures(figures) => match figures.get(row.figure) {
                    Some(value) => values.push(rounded(*value)),
                    None => failure = Some(format!("no figure `{}`", row.figure)),
                },
                RunOutcome::Failed(why) => failure = Some(why.clone()),
            }
        }
        if loads.is_empty() {
            failure = Some("was not measured".to_owned());
        }
        let load = median(&loads).map(rounded).unwrap_or_default();
        Self { side, median: median(&values).map(rounded), values, load, failure }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::{Report, Run, RunOutcome};
    use crate::lab::process::Figures;
    use crate::lab::rows;
    use crate::lab::side::Side;
    use crate::lab::surroundings::Surroundings;

    /// A run of the experiment that reads JSON.
    pub(crate) fn run(side: Side, figure: Result<f64, &str>) -> Run {
        let outcome = match figure {
            Ok(value) => RunOutcome::Figures(Figures::from([("json_us".to_owned(), value)])),
            Err(why) => RunOutcome::Failed(why.to_owned()),
        };
        Run { experiment: "json".to_owned(), side, load: 0.5, took: 1.0, outcome }
    }

    /// A report of the row that reads JSON.
    pub(crate) fn report(runs: Vec<Run>) -> Report {
        Report::new(Surroundings::default(), &[rows::row("replay.json").unwrap()], runs)
    }

    #[test]
    fn a_row_has_medians_and_the_ratio_to_the_best_peer() {
        let report = report(vec![
            run(Side::Ours, Ok(5.0)),
            run(Side::Python, Ok(80.0)),
            run(Side::Ours, Ok(4.0)),
            run(Side::Python, Ok(60.0)),
            run(Side::Ours, Ok(50.0)),
            run(Side::Python, Err("out of memory")),
        ]);
        let measured = report.row("replay.json").unwrap();
        assert_eq!(measured.ours(), Some(5.0));
        assert_eq!(measured.best_peer(), Some((Side::Python, 70.0)));
        assert_eq!(measured.ratio, Some(14.0));
        assert_eq!(measured.sides[1].failure.as_deref(), Some("out of memory"));
    }

    #[test]
    fn a_side_that_fails_leaves_the_others_as_they_are() {
        let report = report(vec![run(Side::Ours, Ok(5.0)), run(Side::Python, Err("not installed"))]);
        let measured = report.row("replay.json").unwrap();
        assert_eq!((measured.ours(), measured.best_peer(), measured.ratio), (Some(5.0), None, None));
    }

    #[test]
    fn a_report_is_read_as_it_was_written() {
        let report = report(vec![run(Side::Ours, Ok(5.0)), run(Side::Python, Err("not installed"))]);
        let written = serde_json::to_string_pretty(&report).unwrap();
        assert_eq!(serde_json::from_str::<Report>(&written).unwrap(), report);
    }
}
