//! The clock of a driven workflow.

use std::time::{Duration, SystemTime};

use perpetua_contract::WorkflowDefinition;
use perpetua_vocab::{EventKind, TimerId};

use super::Drive;
use super::book::Timer;

impl<D: WorkflowDefinition> Drive<D> {
    /// The time of the run. The workflow sees it as the present when the next thing happens to it.
    pub fn now(&self) -> SystemTime {
        self.machine.writer.now().to_system_time()
    }

    /// How long each of the timers that run has yet to go, the first that is due first. Timeouts of waits are timers, too.
    pub fn pending_timers(&self) -> Vec<Duration> {
        let now = self.now();
        let mut due: Vec<_> = self.machine.book.timers.values().map(|timer| timer.due.to_system_time()).collect();
        due.sort();
        due.into_iter().map(|due| due.duration_since(now).unwrap_or_default()).collect()
    }

    /// Lets so much time pass. Timers that become due fire, one after the other, each at its time; so do those that are set
    /// meanwhile. Nothing else times out by itself: see [`time_out`](Self::time_out).
    #[track_caller]
    pub fn advance(&mut self, time: Duration) {
        let end = self.machine.writer.now().after(time);
        while let Some((id, timer)) = self.machine.book.first_due().filter(|(_, timer)| timer.due <= end) {
            if self.machine.closed {
                break;
            }
            self.fire(id, &timer);
        }
        self.machine.writer.move_to(end);
    }

    /// Lets time pass until the first timer is due, which fires. Gives how much that was.
    ///
    /// # Panics
    /// When no timer runs.
    #[track_caller]
    pub fn fire_next_timer(&mut self) -> Duration {
        let Some((id, timer)) = self.machine.book.first_due() else {
            let waits = self.waits_in_words();
            self.fault(&format!("no timer runs; {waits}"))
        };
        let before = self.now();
        self.fire(id, &timer);
        timer.due.to_system_time().duration_since(before).unwrap_or_default()
    }

    #[track_caller]
    fn fire(&mut self, id: TimerId, timer: &Timer) {
        let fired = self.machine.let_go();
        self.must(fired);
        self.machine.writer.move_to(timer.due);
        // Its last turn may have taken it back.
        if self.machine.book.timers.remove(&id).is_some() {
            self.tell(EventKind::TimerFired { timer: id, started: timer.started });
        }
    }
}
