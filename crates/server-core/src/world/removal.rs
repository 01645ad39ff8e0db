//! How runs are forgotten: when they are deleted, and when their namespace has kept them for long enough.

use super::{Alarm, RunNumber, World};
use crate::run::{Run, RunId};
use crate::time::{duration, stored};
use crate::{Refusal, Time, limits};

impl World {
    /// Ends a run, if it is open, and forgets it with its history.
    pub(crate) fn delete(&mut self, number: RunNumber) {
        if self.run(number).is_some_and(Run::is_open) {
            self.with(number, |run, cx| run.terminate(cx, "Delete workflow execution", None, limits::HISTORY_SERVICE));
            // Whoever waits for it hears how it ended.
            self.settle();
        }
        self.remove(number);
    }

    /// Forgets a run. Who waits for it is told that it is not there.
    pub(crate) fn remove(&mut self, number: RunNumber) {
        let Some(run) = self.runs.remove(number) else { return };
        let missing = Refusal::not_found(format!("workflow not found for ID: {}", run.state.workflow_id));
        for call in run.live.callers() {
            self.cx().reply(call, Err(missing.clone()));
        }
        self.open.remove(&number);
        self.busy.remove(&number);
        self.in_hand.remove(&number);
        let was_current = self.index.current(&run.state.namespace, &run.state.workflow_id) == Some(number);
        self.index.remove(&run);
        if let Some(id) = RunId::parse(&run.state.run_id) {
            self.by_id.remove(&id);
        }
        if was_current && let Some(older) = self.index.newest(&run.state.namespace, &run.state.workflow_id) {
            self.with(older, |run, _| run.state.outlived = true);
        }
        self.alarms.set(Alarm::Run(number), None);
        self.alarms.set(Alarm::RunOver(number), None);
        self.touched.remove(&number);
        self.dirty.insert(number);
        self.settle();
    }

    /// How long a closed run is kept.
    pub(super) fn kept_until(&self, run: &Run) -> Option<Time> {
        let namespace = self.namespaces.shelf.get(&run.state.namespace)?;
        let retention = duration(namespace.config.workflow_execution_retention_ttl.as_ref())?;
        // A run that is ahead of the world closed then, too, by its own time.
        Some(stored(run.state.close_time)?.back(run.ahead()).plus(retention))
    }
}
