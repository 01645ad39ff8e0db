//! Which part of a workflow runs, as others can see it.

use std::sync::{Arc, Mutex, PoisonError};

use crate::executor::Part;

/// Which part of a workflow runs, or ran last. Another thread may look, for example when the workflow does not return.
#[derive(Clone, Debug, Default)]
pub struct Whereabouts(Arc<Mutex<Option<Part>>>);

impl Whereabouts {
    /// The part, in words: `its main function`, `the handler of signal `approve``. None before the code is first called.
    pub fn part(&self) -> Option<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).as_ref().map(ToString::to_string)
    }

    /// This part begins, or goes on.
    pub(crate) fn enter(&self, part: &Part) {
        let mut now = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if now.as_ref() != Some(part) {
            *now = Some(part.clone());
        }
    }
}
