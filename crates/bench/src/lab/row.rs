//! What a row of the table is, before anything is measured.

use super::measure::Measure;
use super::side::Side;

/// Rows about one subject.
#[derive(Debug)]
pub(crate) struct Group {
    /// The name of its table in the page.
    pub(crate) name: &'static str,
    pub(crate) title: &'static str,
    pub(crate) experiments: &'static [Experiment],
}

/// Something that is done for each side in turn, and that gives the figures of one row or more.
#[derive(Debug)]
pub(crate) struct Experiment {
    pub(crate) name: &'static str,
    /// What each side does.
    pub(crate) method: &'static str,
    pub(crate) measure: Measure,
    /// The most repetitions that are worth their time.
    pub(crate) most: usize,
    pub(crate) rows: &'static [Row],
}

/// One row: one figure of several sides.
#[derive(Debug)]
pub(crate) struct Row {
    pub(crate) name: &'static str,
    pub(crate) title: &'static str,
    pub(crate) unit: &'static str,
    /// Its name among the figures of the experiment.
    pub(crate) figure: &'static str,
    pub(crate) kind: Kind,
    pub(crate) better: Better,
    /// What careful work must reach.
    pub(crate) floor: Target,
    /// What is near the limit of the machine.
    pub(crate) moonshot: Target,
    /// Ours first, then its peers.
    pub(crate) sides: &'static [Side],
}

/// What a figure counts; how far it can be trusted follows from that.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Processor time.
    Processor,
    /// Memory.
    Memory,
    /// Time on the wall, and what is divided by it.
    Clock,
    /// What is the same every time.
    Exact,
}

/// Which way is up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Better {
    Less,
    More,
}

/// What a row aims at.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Target {
    None,
    /// This figure.
    At(f64),
    /// This share of the figure of the best peer.
    Share(f64),
}

impl Kind {
    /// By how much the ratio to the best peer may be worse than recorded before that is a regression.
    pub(crate) fn ratio_tolerance(self) -> f64 {
        match self {
            Self::Processor => 0.3,
            Self::Memory => 0.2,
            Self::Clock => 0.5,
            Self::Exact => 0.05,
        }
    }

    /// The same for the figure itself; none where it depends on what else the machine does.
    pub(crate) fn own_tolerance(self) -> Option<f64> {
        match self {
            Self::Processor => Some(0.5),
            Self::Memory => Some(0.2),
            Self::Clock => None,
            Self::Exact => Some(0.05),
        }
    }
}

impl Better {
    /// How many times better one figure is than another.
    pub(crate) fn ratio(self, ours: f64, theirs: f64) -> f64 {
        match self {
            Self::Less => theirs / ours,
            Self::More => ours / theirs,
        }
    }

    /// Whether a figure is at least as good as another.
    pub(crate) fn reaches(self, figure: f64, target: f64) -> bool {
        match self {
            Self::Less => figure <= target,
            Self::More => figure >= target,
        }
    }
}

impl Target {
    /// The figure to reach, where the best peer has this one.
    pub(crate) fn figure(self, best_peer: Option<f64>) -> Option<f64> {
        match self {
            Self::None => None,
            Self::At(figure) => Some(figure),
            Self::Share(share) => best_peer.map(|peer| peer * share),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Better, Target};

    #[test]
    fn a_ratio_says_how_many_times_better_ours_is() {
        assert_eq!(Better::Less.ratio(2.0, 10.0), 5.0);
        assert_eq!(Better::More.ratio(2.0, 10.0), 0.2);
    }

    #[test]
    fn a_target_that_is_a_share_needs_a_peer() {
        assert_eq!(Target::Share(0.5).figure(Some(8.0)), Some(4.0));
        assert_eq!(Target::Share(0.5).figure(None), None);
        assert_eq!(Target::At(3.0).figure(None), Some(3.0));
    }
}
