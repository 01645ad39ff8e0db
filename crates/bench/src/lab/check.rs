//! What has become worse since it was recorded.

use std::fmt;

use super::report::{Measured, Report};
use super::row::{Better, Row};
use super::rows;
use super::statistics::shown;

/// A row that is worse than recorded, by more than the figures of its kind may move.
#[derive(Debug, PartialEq)]
pub(crate) struct Regression {
    pub(crate) row: &'static str,
    pub(crate) why: Why,
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
        }
    }
}

/// Every row of the report that is worse than in the record. A row that was not measured now, or not then, is not looked at.
pub(crate) fn regressions(recorded: &Report, now: &Report) -> Vec<Regression> {
    let both = rows::rows().filter_map(|row| Some((row, recorded.row(row.name)?, now.row(row.name)?)));
    both.flat_map(|(row, recorded, now)| compare(row, recorded, now)).collect()
}

fn compare(row: &Row, recorded: &Measured, now: &Measured) -> Vec<Regression> {
    let Some(before) = recorded.ours() else { return Vec::new() };
    let found = |why| Regression { row: rows::row(row.name).map_or("", |row| row.name), why };
    let Some(figure) = now.ours() else {
        let why = now.sides.first().and_then(|ours| ours.failure.clone()).unwrap_or_else(|| "has no figure".to_owned());
        return vec![found(Why::Failed(why))];
    };
    let mut regressions = Vec::new();
    if let (Some(recorded), Some(now)) = (recorded.ratio, now.ratio) {
        let tolerance = row.kind.ratio_tolerance();
        if now < recorded * (1.0 - tolerance) {
            regressions.push(found(Why::Ratio { recorded, now, tolerance }));
        }
    }
    if let Some(tolerance) = row.kind.own_tolerance() {
        let worst = match row.better {
            Better::Less => before * (1.0 + tolerance),
            Better::More => before * (1.0 - tolerance),
        };
        if !row.better.reaches(figure, worst) {
            regressions.push(found(Why::Figure { recorded: before, now: figure, tolerance }));
        }
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
    fn a_worse_ratio_is_reported_though_the_figure_may_stand() {
        let found = regressions(&measured(4.0, 80.0), &measured(4.0, 40.0));
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].why, Why::Ratio { recorded: 20.0, now: 10.0, tolerance: 0.3 });
        let text = found[0].to_string();
        assert_eq!(text, "replay.json: 10.0 times better than the best peer, recorded 20.0 (30.0 % are tolerated)");
    }

    #[test]
    fn a_worse_figure_is_reported_though_the_peers_are_slower_too() {
        let found = regressions(&measured(4.0, 80.0), &measured(8.0, 160.0));
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].why, Why::Figure { recorded: 4.0, now: 8.0, tolerance: 0.5 });
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
