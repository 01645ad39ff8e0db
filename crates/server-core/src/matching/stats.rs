//! How a queue is doing, for who asks.

use std::collections::BTreeMap;

use perpetua_proto::taskqueue::TaskQueueStats;

use super::{Matching, QueueKey};
use crate::Time;
use crate::time;
use crate::world::Offer;

/// The priority of what has none.
const USUAL: i32 = 3;

/// How a queue is doing: in all, and by priority.
#[derive(Debug, Default)]
pub(crate) struct Stats {
    pub(crate) whole: TaskQueueStats,
    pub(crate) by_priority: BTreeMap<i32, TaskQueueStats>,
}

impl Matching {
    /// The work of a queue that waits.
    pub(crate) fn tasks(&self, queue: &QueueKey) -> impl Iterator<Item = &Offer> {
        self.queues.get(queue).into_iter().flat_map(|queue| queue.backlog.iter())
    }

    /// How queues are doing together. Only the work counts that still stands.
    pub(crate) fn stats<'a>(
        &self,
        queues: impl IntoIterator<Item = &'a QueueKey>,
        stands: impl Fn(&Offer) -> bool,
        now: Time,
    ) -> Stats {
        let mut oldest: BTreeMap<i32, Time> = BTreeMap::new();
        let mut stats = Stats::default();
        let mut limited = false;
        for key in queues {
            for offer in self.tasks(key).filter(|offer| stands(offer)) {
                stats.by_priority.entry(offer.priority).or_default().approximate_backlog_count += 1;
                let oldest = oldest.entry(offer.priority).or_insert(offer.offered);
                *oldest = offer.offered.min(*oldest);
            }
            if let Some(queue) = self.queues.get(key) {
                for (priority, meter) in &queue.added {
                    stats.by_priority.entry(*priority).or_default().tasks_add_rate += meter.rate(now);
                }
                for (priority, meter) in &queue.dispatched {
                    stats.by_priority.entry(*priority).or_default().tasks_dispatch_rate += meter.rate(now);
                }
            }
            limited |= self.is_limited(key, now);
        }
        stats.by_priority.entry(USUAL).or_default();
        let age =
            |oldest: Option<&Time>| Some(time::to_wire(oldest.map_or_else(Default::default, |at| now.since(*at))));
        for (priority, level) in &mut stats.by_priority {
            level.approximate_backlog_age = age(oldest.get(priority));
            level.rate_limiting_active = limited;
        }
        stats.whole = TaskQueueStats {
            approximate_backlog_count: stats.by_priority.values().map(|level| level.approximate_backlog_count).sum(),
            approximate_backlog_age: age(oldest.values().min()),
            tasks_add_rate: stats.by_priority.values().map(|level| level.tasks_add_rate).sum(),
            tasks_dispatch_rate: stats.by_priority.values().map(|level| level.tasks_dispatch_rate).sum(),
            rate_limiting_active: limited,
        };
        stats
    }

    /// Since when the oldest work of a queue has waited, as far as it is known without looking at all of it.
    pub(crate) fn oldest(&self, queue: &QueueKey) -> Option<Time> {
        self.queues.get(queue)?.backlog.iter().next().map(|offer| offer.offered)
    }
}
