//! Workflows that cannot go on are found by a search attribute, as long as they cannot.

use super::Run;
use crate::search_attributes::keywords;

/// The attribute.
const PROBLEMS: &str = "TemporalReportedProblems";
/// After how many attempts in a row that did not succeed.
const ATTEMPTS: i32 = 5;

impl Run {
    /// An attempt did not succeed.
    pub(super) fn report_problems(&mut self, category: &str, cause: &str) {
        if self.state.attempt > ATTEMPTS {
            let entries = [category.to_owned(), cause.to_owned()];
            self.state.search_attributes.insert(PROBLEMS.to_owned(), keywords(&entries));
        }
    }

    /// One did.
    pub(crate) fn forget_problems(&mut self) {
        self.state.search_attributes.remove(PROBLEMS);
    }
}
