//! Task queues: work that waits for workers, and workers that wait for work.
//!
//! ```text
//! offers --> the queue of a name --routed by version--> queues of versions <-- pollers of these versions
//! ```
//! A name has a queue for workers without a version and one for each version that polls it. What is limited or
//! configured of a name counts for all of them together.

mod backlog;
mod rate;
mod shared;
mod stats;

use std::borrow::Cow;
use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use perpetua_proto::common::WorkerVersionCapabilities;
use perpetua_proto::deployment::WorkerDeploymentOptions;
use perpetua_proto::enums::TaskQueueType;

use crate::Time;
use crate::deployment::Version;
use crate::limits;
use crate::world::{CallId, Offer};
use backlog::Backlog;
use rate::{Limiter, Meter};
use shared::Shared;
pub(crate) use stats::Stats;

/// What kind of work a queue holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Kind {
    Workflow,
    Activity,
    Nexus,
}

impl Kind {
    pub(crate) fn of(kind: TaskQueueType) -> Self {
        match kind {
            TaskQueueType::Activity => Self::Activity,
            TaskQueueType::Nexus => Self::Nexus,
            TaskQueueType::Workflow | TaskQueueType::Unspecified => Self::Workflow,
        }
    }

    pub(crate) fn to_wire(self) -> TaskQueueType {
        match self {
            Self::Workflow => TaskQueueType::Workflow,
            Self::Activity => TaskQueueType::Activity,
            Self::Nexus => TaskQueueType::Nexus,
        }
    }
}

/// Names a queue.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct QueueKey {
    pub(crate) namespace: String,
    pub(crate) kind: Kind,
    pub(crate) name: String,
    /// Whose workers poll it; those without a version, if there is none.
    pub(crate) version: Option<Version>,
}

impl QueueKey {
    pub(crate) fn new(namespace: &str, kind: Kind, name: &str) -> Self {
        Self { namespace: namespace.to_owned(), kind, name: name.to_owned(), version: None }
    }

    pub(crate) fn workflow(namespace: &str, name: &str) -> Self {
        Self::new(namespace, Kind::Workflow, name)
    }

    pub(crate) fn activity(namespace: &str, name: &str) -> Self {
        Self::new(namespace, Kind::Activity, name)
    }

    pub(crate) fn nexus(namespace: &str, name: &str) -> Self {
        Self::new(namespace, Kind::Nexus, name)
    }

    /// The queue of the same name for workers without a version.
    pub(crate) fn plain(&self) -> Cow<'_, Self> {
        if self.version.is_none() { Cow::Borrowed(self) } else { Cow::Owned(self.of(None)) }
    }

    /// The queue of the same name for workers of a version.
    pub(crate) fn of(&self, version: Option<Version>) -> Self {
        Self { version, ..self.clone() }
    }
}

/// A worker that waits for work.
#[derive(Clone, Debug)]
pub(crate) struct Poller {
    pub(crate) call: CallId,
    pub(crate) identity: String,
    /// The worker process, for workers that say so.
    pub(crate) instance: String,
    /// The queue in which the process looks for what it is told; empty if there is none.
    pub(crate) control_queue: String,
    pub(crate) seen: Seen,
}

/// What is known of one who polled a queue.
#[derive(Clone, Debug, Default)]
pub(crate) struct Seen {
    /// When it polled last.
    pub(crate) last: Time,
    /// How much work a second it would take at most.
    pub(crate) rate: Option<f64>,
    pub(crate) deployment: Option<WorkerDeploymentOptions>,
    pub(crate) capabilities: Option<WorkerVersionCapabilities>,
}

/// What a queue has for a worker.
#[derive(Debug)]
pub(crate) enum Taken {
    Nothing,
    /// What there is may go out from this time on.
    Later(Time),
    Work(Offer),
}

#[derive(Debug, Default)]
struct Queue {
    backlog: Backlog,
    pollers: VecDeque<Poller>,
    last_poll: Option<Time>,
    /// Whether the worker whose own queue this is has gone since.
    is_left: bool,
    seen: BTreeMap<String, Seen>,
    /// By priority.
    added: BTreeMap<i32, Meter>,
    dispatched: BTreeMap<i32, Meter>,
    /// Limits how often workers are told to poll more.
    advice: Limiter,
}

/// All task queues.
#[derive(Debug, Default)]
pub(crate) struct Matching {
    queues: BTreeMap<QueueKey, Queue>,
    /// What the queues of a name have in common, by the queue without a version.
    shared: BTreeMap<QueueKey, Shared>,
    arrivals: u64,
    /// Worker processes that said that they go, and when.
    gone: BTreeMap<String, Time>,
    tidied: Time,
}

impl Matching {
    pub(crate) fn push(&mut self, offer: Offer, now: Time) {
        self.arrivals += 1;
        let queue = self.queues.entry(offer.queue.clone()).or_default();
        queue.added.entry(offer.priority).or_default().count(now);
        queue.backlog.push(self.arrivals, offer);
    }

    /// Puts work back that a queue had before.
    pub(crate) fn put_back(&mut self, offer: Offer) {
        self.arrivals += 1;
        self.queues.entry(offer.queue.clone()).or_default().backlog.push(self.arrivals, offer);
    }

    /// A worker waits.
    pub(crate) fn wait(&mut self, key: &QueueKey, poller: Poller) {
        let rate = poller.seen.rate;
        let queue = self.queues.entry(key.clone()).or_default();
        queue.last_poll = Some(poller.seen.last);
        queue.is_left = false;
        queue.seen.insert(poller.identity.clone(), poller.seen.clone());
        queue.pollers.push_back(poller);
        if rate.is_some() {
            self.shared.entry(key.of(None)).or_default().worker_rate = rate;
        }
    }

    /// A worker waits no longer.
    pub(crate) fn leave(&mut self, queue: &QueueKey, call: CallId) -> bool {
        let Some(queue) = self.queues.get_mut(queue) else { return false };
        let before = queue.pollers.len();
        queue.pollers.retain(|poller| poller.call != call);
        queue.pollers.len() != before
    }

    /// The calls of a worker process that goes, taken out of all queues.
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

    /// The worker whose own queue this is goes: nobody counts on it until it is polled again.
    pub(crate) fn abandon(&mut self, queue: &QueueKey) {
        if let Some(queue) = self.queues.get_mut(queue) {
            queue.is_left = true;
        }
    }

    /// Whether a worker process said a moment ago that it goes. It may come back: one that is given another connection
    /// says so too.
    pub(crate) fn is_gone(&self, instance: &str, now: Time) -> bool {
        let since = self.gone.get(instance).filter(|_| !instance.is_empty());
        since.is_some_and(|since| now.since(*since) < limits::WORKER_GONE)
    }

    pub(crate) fn has_pollers(&self, queue: &QueueKey) -> bool {
        self.queues.get(queue).is_some_and(|queue| !queue.pollers.is_empty())
    }

    /// Takes the first work that may go out now.
    pub(crate) fn take(&mut self, key: &QueueKey, now: Time) -> Taken {
        let Some(queue) = self.queues.get_mut(key) else { return Taken::Nothing };
        match self.shared.get(&*key.plain()) {
            Some(shared) => queue.backlog.take(|offer| shared.check(offer, now), |offer| shared.weight(offer)),
            None => queue.backlog.take(|_| Ok(()), |offer| offer.fairness_weight),
        }
    }

    /// Work goes out.
    pub(crate) fn spend(&mut self, offer: &Offer, now: Time) {
        if let Some(queue) = self.queues.get_mut(&offer.queue) {
            queue.dispatched.entry(offer.priority).or_default().count(now);
        }
        if let Some(shared) = self.shared.get_mut(&*offer.queue.plain()) {
            shared.spend(offer, now);
        }
    }

    /// The worker that has waited longest.
    pub(crate) fn pop_poller(&mut self, queue: &QueueKey) -> Option<Poller> {
        self.queues.get_mut(queue)?.pollers.pop_front()
    }

    pub(crate) fn put_poller_back(&mut self, queue: &QueueKey, poller: Poller) {
        self.queues.entry(queue.clone()).or_default().pollers.push_front(poller);
    }

    /// All queues, in order.
    pub(crate) fn keys(&self) -> impl Iterator<Item = &QueueKey> {
        self.queues.keys()
    }

    /// How much waits.
    pub(crate) fn backlog(&self, queue: &QueueKey) -> i64 {
        self.queues.get(queue).map_or(0, |queue| i64::try_from(queue.backlog.len()).unwrap_or(i64::MAX))
    }

    /// The queues of a name: of workers without a version first, then of each version.
    pub(crate) fn versions_of(&self, key: &QueueKey) -> impl Iterator<Item = &QueueKey> {
        let first = key.of(None);
        let name = first.clone();
        self.queues.range(first..).map(|(key, _)| key).take_while(move |key| *key.plain() == name)
    }

    /// Takes all work out of a queue, in the order in which it came.
    pub(crate) fn drain(&mut self, queue: &QueueKey) -> Vec<Offer> {
        self.queues.get_mut(queue).map(|queue| queue.backlog.drain()).unwrap_or_default()
    }

    /// Who polled a queue lately.
    pub(crate) fn seen(&self, queue: &QueueKey, now: Time) -> impl Iterator<Item = (&str, &Seen)> {
        let seen = self.queues.get(queue).into_iter().flat_map(|queue| &queue.seen);
        seen.filter(move |(_, seen)| now.since(seen.last) < limits::POLLER_REMEMBERED)
            .map(|(name, seen)| (name.as_str(), seen))
    }

    /// Whether somebody polls the queue, or did a moment ago.
    pub(crate) fn is_polled(&self, queue: &QueueKey, now: Time, moment: Duration) -> bool {
        self.queues.get(queue).filter(|queue| !queue.is_left).is_some_and(|queue| {
            !queue.pollers.is_empty() || queue.last_poll.is_some_and(|last| now.since(last) < moment)
        })
    }

    /// Whether it is time to forget what is not needed any longer; the queues that have work then.
    pub(crate) fn tidy(&mut self, now: Time) -> Vec<QueueKey> {
        if now.since(self.tidied) < limits::POLLER_REMEMBERED {
            return Vec::new();
        }
        self.tidied = now;
        for queue in self.queues.values_mut() {
            queue.seen.retain(|_, seen| now.since(seen.last) < limits::POLLER_REMEMBERED);
        }
        self.queues.retain(|_, queue| !queue.seen.is_empty() || !queue.pollers.is_empty() || queue.backlog.len() > 0);
        let queues = &self.queues;
        self.shared.retain(|key, shared| {
            let is_used = queues.range(key.clone()..).next().is_some_and(|(next, _)| *next.plain() == *key);
            shared.tidy(now);
            is_used || shared.is_configured()
        });
        self.queues.iter().filter(|(_, queue)| queue.backlog.len() > 0).map(|(key, _)| key.clone()).collect()
    }

    /// By how many polls a worker that gets work after this wait should change what it has under way.
    pub(crate) fn advice(&mut self, key: &QueueKey, waited: Duration, oldest: Option<Time>, now: Time) -> i32 {
        if waited >= limits::POLL_IDLE {
            return -1;
        }
        let Some(queue) = self.queues.get_mut(key) else { return 0 };
        if queue.advice.check(limits::POLL_ADVICES, now).is_err() {
            return 0;
        }
        queue.advice.spend(limits::POLL_ADVICES, now);
        let behind = oldest.is_some_and(|oldest| now.since(oldest) > limits::POLL_BEHIND);
        let sum = |meters: &BTreeMap<i32, Meter>| meters.values().map(|meter| meter.rate(now)).sum::<f32>();
        let growing = sum(&queue.added) > sum(&queue.dispatched) * 1.2;
        i32::from(behind || growing)
    }
}
