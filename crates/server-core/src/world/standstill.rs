//! Whether anybody attends to the work there is.
//!
//! Work that waits for a worker keeps a skipping clock from running ahead of it. Where no worker polls its queue, that would
//! be for ever; so whoever drives the clock can ask whether any of it is in somebody's hands.

use crate::matching::{Kind, QueueKey};
use crate::world::{RunNumber, Waiting, World};

/// A task queue with work in it, which nobody polls.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Unattended {
    /// The namespace of the queue.
    pub namespace: String,
    /// Its name.
    pub task_queue: String,
    /// What the work is: `workflow`, `activity` or `nexus`.
    pub kind: &'static str,
    /// How many tasks wait.
    pub tasks: usize,
}

impl World {
    /// From now on nobody works on what a worker of this identity has taken: time is not held for it, and goes on to its
    /// timeouts. Whether it is so is for the caller to know; the server cannot tell a dead worker from a slow one.
    pub fn forget_worker(&mut self, identity: &str) {
        self.dead.insert(identity.to_owned());
    }

    /// Whether some work is in the hands of a worker, or in a queue that is polled. Where the world is
    /// [busy](Self::is_busy) and this is false, all work waits for workers that are not there.
    pub fn is_attended(&self) -> bool {
        let in_hand_of_live = |number: &RunNumber| {
            self.dead.is_empty() || self.run(*number).is_some_and(|run| run.is_in_hand(&self.dead))
        };
        let in_hand = self.in_hand.iter().any(in_hand_of_live)
            || self.nexus.operations.values().any(|operation| operation.is_open() && operation.state.is_busy())
            || self
                .activities
                .shelf
                .values()
                .any(|activity| activity.is_open() && activity.attempt.is_in_hand(&self.dead));
        if in_hand {
            return true;
        }
        let mut polled = self.matching.keys().filter(|queue| self.matching.has_pollers(queue));
        if polled.any(|queue| self.matching.tasks(queue).any(|offer| self.stands(offer))) {
            return true;
        }
        let asked = self.calls.values().filter(|waiting| matches!(waiting, Waiting::Query(_))).count();
        if asked == 0 {
            return false;
        }
        // What still stands is in queues that nobody polls; other questions are in the hands of workers.
        let waiting = self.matching.keys().flat_map(|queue| self.matching.tasks(queue));
        asked > waiting.filter(|offer| offer.is_query() && self.stands(offer)).count()
    }

    /// The queues with work that nobody polls, in order.
    pub fn unattended(&self) -> Vec<Unattended> {
        let queues = self.waiting_work().filter(|(queue, _)| !self.matching.has_pollers(queue));
        let unattended = queues.map(|(queue, tasks)| Unattended {
            namespace: queue.namespace.clone(),
            task_queue: queue.name.clone(),
            kind: match queue.kind {
                Kind::Workflow => "workflow",
                Kind::Activity => "activity",
                Kind::Nexus => "nexus",
            },
            tasks,
        });
        unattended.collect()
    }

    /// The queues with work that still stands, and how much.
    fn waiting_work(&self) -> impl Iterator<Item = (&QueueKey, usize)> {
        let tasks = |queue| self.matching.tasks(queue).filter(|offer| self.stands(offer)).count();
        self.matching.keys().map(move |queue| (queue, tasks(queue))).filter(|(_, tasks)| *tasks > 0)
    }
}
