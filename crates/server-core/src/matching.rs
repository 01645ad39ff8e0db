//! Task queues: work that waits for workers, and workers that wait for work.

use std::collections::{BTreeMap, VecDeque};

use crate::Time;
use crate::limits;
use crate::world::{CallId, Offer};

/// What kind of work a queue holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Kind {
    Workflow,
    Activity,
    Nexus,
}

/// Names a queue.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct QueueKey {
    pub(crate) namespace: String,
    pub(crate) kind: Kind,
    pub(crate) name: String,
}

impl QueueKey {
    pub(crate) fn workflow(namespace: &str, name: &str) -> Self {
        Self { namespace: namespace.to_owned(), kind: Kind::Workflow, name: name.to_owned() }
    }

    pub(crate) fn activity(namespace: &str, name: &str) -> Self {
        Self { namespace: namespace.to_owned(), kind: Kind::Activity, name: name.to_owned() }
    }

    pub(crate) fn nexus(namespace: &str, name: &str) -> Self {
        Self { namespace: namespace.to_owned(), kind: Kind::Nexus, name: name.to_owned() }
    }
}

/// A worker that waits for work.
#[derive(Clone, Debug)]
pub(crate) struct Poller {
    pub(crate) call: CallId,
    pub(crate) identity: String,
    /// The worker process, for workers that say so.
    pub(crate) instance: String,
}

/// Who polled a queue, and when last.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Seen {
    pub(crate) last: Time,
}

#[derive(Debug, Default)]
struct Queue {
    /// By priority, then in order of arrival.
    tasks: BTreeMap<(i32, u64), Offer>,
    pollers: VecDeque<Poller>,
    last_poll: Option<Time>,
    seen: BTreeMap<String, Seen>,
}

/// All task queues.
#[derive(Debug, Default)]
pub(crate) struct Matching {
    queues: BTreeMap<QueueKey, Queue>,
    arrivals: u64,
    /// Worker processes that have gone away, and when. A poll of theirs that was still on its way gets nothing.
    gone: BTreeMap<String, Time>,
}

impl Matching {
    pub(crate) fn push(&mut self, offer: Offer) {
        self.arrivals += 1;
        let key = (offer.priority, self.arrivals);
        self.queues.entry(offer.queue.clone()).or_default().tasks.insert(key, offer);
    }

    /// A worker waits.
    pub(crate) fn wait(&mut self, queue: &QueueKey, poller: Poller, now: Time) {
        let queue = self.queues.entry(queue.clone()).or_default();
        queue.last_poll = Some(now);
        queue.seen.insert(poller.identity.clone(), Seen { last: now });
        queue.pollers.push_back(poller);
    }

    /// A worker waits no longer.
    pub(crate) fn leave(&mut self, queue: &QueueKey, call: CallId) -> bool {
        let Some(queue) = self.queues.get_mut(queue) else { return false };
        let before = queue.pollers.len();
        queue.pollers.retain(|poller| poller.call != call);
        queue.pollers.len() != before
    }

    /// The calls of a worker process that goes away, taken out of all queues.
    pub(crate) fn dismiss(&mut self, instance: &str, now: Time) -> Vec<CallId> {
        self.gone.retain(|_, since| now.since(*since) < limits::WORKER_GONE);
        self.gone.insert(instance.to_owned(), now);
        let mut calls = Vec::new();
        for queue in self.queues.values_mut() {
            queue.pollers.retain(|poller| {
                let stays = poller.instance != instance;
                if !stays {
                    calls.push(poller.call);
                }
                stays
            });
        }
        calls
    }

    /// Whether this worker process has gone away.
    pub(crate) fn is_gone(&self, instance: &str) -> bool {
        !instance.is_empty() && self.gone.contains_key(instance)
    }

    pub(crate) fn has_pollers(&self, queue: &QueueKey) -> bool {
        self.queues.get(queue).is_some_and(|queue| !queue.pollers.is_empty())
    }

    pub(crate) fn pop_task(&mut self, queue: &QueueKey) -> Option<Offer> {
        self.queues.get_mut(queue)?.tasks.pop_first().map(|(_, offer)| offer)
    }

    pub(crate) fn pop_poller(&mut self, queue: &QueueKey) -> Option<Poller> {
        self.queues.get_mut(queue)?.pollers.pop_front()
    }

    pub(crate) fn put_poller_back(&mut self, queue: &QueueKey, poller: Poller) {
        self.queues.entry(queue.clone()).or_default().pollers.push_front(poller);
    }

    /// How much waits.
    pub(crate) fn backlog(&self, queue: &QueueKey) -> i64 {
        self.queues.get(queue).map_or(0, |queue| i64::try_from(queue.tasks.len()).unwrap_or(i64::MAX))
    }

    /// The work of a queue that waits, in order.
    pub(crate) fn tasks(&self, queue: &QueueKey) -> impl Iterator<Item = &Offer> {
        self.queues.get(queue).into_iter().flat_map(|queue| queue.tasks.values())
    }

    /// Who polled a queue lately.
    pub(crate) fn seen(&self, queue: &QueueKey) -> impl Iterator<Item = (&str, Seen)> {
        self.queues
            .get(queue)
            .into_iter()
            .flat_map(|queue| queue.seen.iter().map(|(name, seen)| (name.as_str(), *seen)))
    }

    /// Whether somebody polls the queue, or did a moment ago.
    pub(crate) fn is_polled(&self, queue: &QueueKey, now: Time) -> bool {
        self.queues.get(queue).is_some_and(|queue| {
            !queue.pollers.is_empty() || queue.last_poll.is_some_and(|last| now.since(last) < limits::STICKY_UNPOLLED)
        })
    }
}
