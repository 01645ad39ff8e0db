//! How a run goes on after the server was started again.
//!
//! Everything that is stored is as it was. What was only in queues is put there again; workers that had a task still may
//! answer it, and those that are gone time out.

use super::Run;
use super::reset::admitted_request;
use super::update::Admitted;
use crate::world::Cx;

impl Run {
    /// Puts what waits for workers back into its queues.
    pub(crate) fn resume(&mut self, cx: &mut Cx<'_>) {
        if !self.is_open() {
            return;
        }
        if self.state.task.as_ref().is_some_and(|task| task.started == 0) {
            self.offer_task(cx);
        }
        // A task that was there for updates alone is gone, and what was held back for it waits no longer.
        if self.state.task.is_none() && !self.state.buffered.is_empty() {
            self.flush();
            self.wake(cx);
        }
        for id in self.state.admitted.values() {
            let request = self.history.get(*id).and_then(admitted_request);
            self.live.admitted.extend(request.map(|request| Admitted::new(request.clone())));
        }
        self.offer_activities(cx);
        self.resume_operations(cx);
    }

    /// Puts the activities that wait for workers into their queues.
    pub(crate) fn offer_activities(&self, cx: &mut Cx<'_>) {
        for (scheduled, activity) in &self.state.activities {
            if self.offers_activity(*scheduled, activity.attempt.offers) {
                self.offer_activity(cx, *scheduled);
            }
        }
    }
}
