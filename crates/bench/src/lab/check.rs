//! What has become worse since it was recorded.

use std::fmt;

use super::report::{Measured, Report};
use super::row::{Better, Kind, Row};
use super::rows;
use super::statistics::shown;

/// A row that is worse than recorded, by more than the figures of its kind may move.
#[derive(Debug, PartialEq)]
pub(crate) struct Regression {
    pub(crate) row: &'static str,
    pub(crate) why: Why,
    /// Why it may not be our doing, if it may not.
    pub(crate) excuse: Option<&'static str>,
}

/// In what way it is worse.
#[derive(Debug, PartialEq)]
pub(crate) enum Why {
    /// So many times better than the best peer, and less than before.
    Ratio { recorded: f64, now: f64, tolerance: f64 },
    /// The figure itself.
    Figure { recorded: f64, now: f64, tolerance: f64 },
    /// There is no figure any more.
    Failed(String),
}

/// By how much our figure may be worse where it still counts as the same, if the ratio says that something is.
const THE_SAME: f64 = 0.1;

impl fmt::Display for Regression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let percent = |tolerance: &f64| shown(tolerance * 100.0);
        match &self.why {
            Why::Ratio { recorded, now, tolerance } => write!(
                f,
                "{}: {} times better than the best peer, recorded {} ({} % are tolerated)",
                self.row,
                shown(*now),
                shown(*recorded),
                percent(tolerance)
            ),
            Why::Figure { recorded, now, tolerance } => write!(
                f,
                "{}: {}, recorded {} ({} % are tolerated)",
                self.row,
                shown(*now),
                shown(*recorded),
                percent(tolerance)
            ),
            Why::Failed(why) => write!(f, "{}: {why}", self.row),
        }?;
        match self.excuse {
            Some(excuse) => write!(f, "; but {excuse}"),
            None => Ok(()),
        }
    }
}

/// Every row of the report that is worse than in the record. A row that was not measured now, or not then, is not looked at.
pub(crate) fn regressions(recorded: &Report, now: &Report) -> Vec<Regression> {
    let both = rows::rows().filter_map(|row| Some((row, recorded.row(row.name)?, now.row(row.name)?)));
    let same_machine = recorded.surroundings.processor == now.surroundings.processor
        && recorded.surroundings.cores == now.surroundings.cores;
    both.flat_map(|(row, recorded, now)| compare(row, recorded, now, same_machine)).collect()
}

fn compare(row: &Row, recorded: &Measured, now: &Measured, same_machine: bool) -> Vec<Regression> {
    let Some(before) = recorded.ours() else { return Vec::new() };
    let found = |why, excuse| Regression { row: row.name, why, excuse };
    let Some(figure) = now.ours() else {
        let why = now.sides.first().and_then(|ours| ours.failure.clone()).unwrap_or_else(|| "has no figure".to_owned());
        return vec![found(Why::Failed(why), None)];
    };
    let is_worse_by = |tolerance: f64| {
        let worst = match row.better {
            Better::Less => before * (1.0 + tolerance),
            Better::More => before * (1.0 - tolerance),
        };
        !row.better.reaches(figure, worst)
    };
    let ratios = recorded.ratio.zip(now.ratio);
    let mut regressions = Vec::new();
    let tolerance = row.kind.ratio_tolerance();
    let worse_ratio = ratios.filter(|(recorded, now)| *now < recorded * (1.0 - tolerance));
    if let Some((recorded, now)) = worse_ratio {
        let stands = same_machine && !is_worse_by(THE_SAME);
        let why = Why::Ratio { recorded, now, tolerance };
        regressions.push(found(why, stands.then_some("our figure stands, and the peer's is better")));
    }
    if let Some(tolerance) = row.kind.own_tolerance()
        && is_worse_by(tolerance)
    {
        let all_are = row.kind == Kind::Processor && ratios.is_some() && worse_ratio.is_none();
        let why = Why::Figure { recorded: before, now: figure, tolerance };
        regressions.push(found(why, all_are.then_some("the peers' figures are worse, too")));
    }
    regressions
}

#[cfg(test)]
mod tests {
    use super::{Why, regressions};
    use crate::lab::report::Report;
    use crate::lab::report::tests::{report, run};
    use crate::lab::side::Side;

    fn measured(ours: f64, python: f64) -> Report {
        report(vec![run(Side::Ours, Ok(ours)), run(Side::Python, Ok(python))])
    }

    #[test]
    fn what_moves_with_the_machine_is_no_regression() {
        assert_eq!(regressions(&measured(4.0, 80.0), &measured(5.0, 90.0)), []);
        assert_eq!(regressions(&measured(4.0, 80.0), &measured(1.0, 90.0)), []);
    }

    #[test]
    fn a_worse_ratio_is_a_regression_if_our_figure_is_worse() {
        let found = regressions(&measured(4.0, 80.0), &measured(5.0, 60.0));
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].why, Why::Ratio { recorded: 20.0, now: 12.0, tolerance: 0.3 });
        assert_eq!(found[0].excuse, None);
        let text = found[0].to_string();
        assert_eq!(text, "replay.json: 12.0 times better than the best peer, recorded 20.0 (30.0 % are tolerated)");
    }

    #[test]
    fn a_peer_that_is_better_than_recorded_is_told_and_excused_on_the_same_machine() {
        let now = measured(4.0, 40.0);
        let found = regressions(&measured(4.0, 80.0), &now);
        assert_eq!(found.len(), 1);
        assert!(found[0].to_string().ends_with("; but our figure stands, and the peer's is better"), "{}", found[0]);
        let mut elsewhere = now;
        elsewhere.surroundings.cores = 64;
        assert_eq!(regressions(&measured(4.0, 80.0), &elsewhere)[0].excuse, None);
    }

    #[test]
    fn a_worse_figure_is_excused_if_the_peers_are_slower_too() {
        let found = regressions(&measured(4.0, 80.0), &measured(8.0, 160.0));
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].why, Why::Figure { recorded: 4.0, now: 8.0, tolerance: 0.5 });
        assert!(found[0].excuse.is_some());
        let found = regressions(&measured(4.0, 80.0), &measured(8.0, 80.0));
        assert!(found.len() == 2 && found.iter().all(|regression| regression.excuse.is_none()));
    }

    #[test]
    fn a_row_that_fails_now_is_reported() {
        let now = report(vec![run(Side::Ours, Err("it fell over")), run(Side::Python, Ok(80.0))]);
        let found = regressions(&measured(4.0, 80.0), &now);
        assert_eq!(found.iter().map(ToString::to_string).collect::<Vec<_>>(), ["replay.json: it fell over"]);
    }

    #[test]
    fn without_a_peer_only_the_figure_counts() {
        let now = report(vec![run(Side::Ours, Ok(4.0)), run(Side::Python, Err("not installed"))]);
        assert_eq!(regressions(&measured(4.0, 80.0), &now), []);
    }
}
