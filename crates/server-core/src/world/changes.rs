//! What is to be stored before anything is promised, and a world made again of what was stored.
//!
//! Everything is a record, a protobuf message of our own under a kind and a key, except histories: their batches are
//! stored once and never changed. What is only known while the server runs (who waits, what a queue holds) is not stored;
//! it is made again.

use std::collections::BTreeMap;
use std::fmt;

use bytes::Bytes;
use prost::Message;
use rand_chacha::ChaCha8Rng;
use rand_core::SeedableRng;

use super::{RunNumber, World};
use crate::Time;
use crate::run::{History, Live, Run, RunState};

/// What has changed since it was last asked for; also everything that was stored.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Changes {
    /// Records that are new, changed or gone. The newest of a kind and a key counts.
    pub records: Vec<Record>,
    /// New batches of histories.
    pub batches: Vec<Batch>,
}

impl Changes {
    /// Whether nothing has changed.
    pub fn is_empty(&self) -> bool {
        self.records.is_empty() && self.batches.is_empty()
    }
}

/// What kind of thing a record is. The numbers are what stores keep; they do not change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Kind {
    /// The server itself. There is one, and its key is empty.
    Server = 1,
    /// A namespace, by name.
    Namespace = 2,
    /// A run, by its [key](run_key). When it is gone, so is its history.
    Run = 3,
    /// A schedule, by its namespace and its id.
    Schedule = 4,
    /// A batch operation, by its namespace and its id.
    Batch = 5,
    /// A Nexus endpoint, by its id.
    NexusEndpoint = 6,
    /// An activity that a client has started, by its run id.
    Activity = 7,
    /// A Nexus operation that a client has started, by its run id.
    NexusOperation = 8,
    /// A deployment of workers, by its namespace and its name.
    Deployment = 9,
    /// What was configured of a task queue, by its namespace, kind and name.
    TaskQueue = 10,
}

impl Kind {
    /// The kind of this number.
    pub fn of(number: u8) -> Option<Self> {
        [
            Self::Server,
            Self::Namespace,
            Self::Run,
            Self::Schedule,
            Self::Batch,
            Self::NexusEndpoint,
            Self::Activity,
            Self::NexusOperation,
            Self::Deployment,
            Self::TaskQueue,
        ]
        .into_iter()
        .find(|kind| *kind as u8 == number)
    }
}

/// One thing as it is stored.
#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    /// What it is.
    pub kind: Kind,
    /// Which one.
    pub key: String,
    /// What is known of it, encoded; none if it is gone.
    pub value: Option<Vec<u8>>,
}

/// Events that happened together.
#[derive(Clone, Debug, PartialEq)]
pub struct Batch {
    /// The key of the run.
    pub run: String,
    /// The id of the first event.
    pub first: i64,
    /// The events, encoded as a `History`.
    pub events: Bytes,
}

/// Why no world can be made of what was stored.
#[derive(Debug)]
pub struct Damaged {
    kind: Kind,
    key: String,
    problem: String,
}

impl fmt::Display for Damaged {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the stored {:?} {:?} cannot be read: {}", self.kind, self.key, self.problem)
    }
}

impl std::error::Error for Damaged {}

/// What is stored of the server itself.
#[derive(Clone, PartialEq, Message)]
struct ServerState {
    /// Distinguishes this server's tokens from those of others.
    #[prost(fixed64, tag = "1")]
    id: u64,
    /// The time of the world when it last changed. It does not go back.
    #[prost(int64, tag = "2")]
    time: i64,
    /// The number that the next run gets.
    #[prost(uint64, tag = "3")]
    next_run: u64,
    /// How often a world was made of what was stored. Each makes ids of its own, whatever the seed.
    #[prost(uint64, tag = "4")]
    restarts: u64,
}

/// The key of a run, as its record tells it; none if it cannot be read. Stores of old keep runs by their ids.
pub fn run_key(record: &[u8]) -> Option<String> {
    RunState::decode(record).ok().map(|state| RunNumber(state.number).key())
}

impl World {
    /// What is to be stored before the replies are sent.
    pub fn take_changes(&mut self) -> Changes {
        let mut changes = Changes::default();
        self.namespaces.shelf.take_changes(Kind::Namespace, &mut changes.records);
        self.schedules.shelf.take_changes(Kind::Schedule, &mut changes.records);
        self.batches.take_changes(Kind::Batch, &mut changes.records);
        self.nexus.endpoints.take_changes(Kind::NexusEndpoint, &mut changes.records);
        self.deployments.shelf.take_changes(Kind::Deployment, &mut changes.records);
        self.task_queues.take_changes(Kind::TaskQueue, &mut changes.records);
        self.activities.shelf.take_changes(Kind::Activity, &mut changes.records);
        self.nexus.operations.take_changes(Kind::NexusOperation, &mut changes.records);
        for number in std::mem::take(&mut self.dirty) {
            let value = self.store(number, &mut changes.batches);
            changes.records.push(Record { kind: Kind::Run, key: number.key(), value });
        }
        self.runs.tidy();
        if std::mem::take(&mut self.changed) || !changes.records.is_empty() {
            let server = ServerState {
                id: self.server,
                time: self.now.nanos(),
                next_run: self.next_run,
                restarts: self.restarts,
            };
            let value = Some(server.encode_to_vec());
            changes.records.push(Record { kind: Kind::Server, key: String::new(), value });
        }
        changes
    }

    /// Packs all runs that rest, as it happens by itself where many others are at work. Does nothing while there are changes
    /// of runs that nobody has taken.
    pub fn pack(&mut self) {
        if self.dirty.is_empty() {
            self.runs.pack();
        }
    }

    /// Has the time stored, where it passed otherwise than outside.
    pub fn remember_time(&mut self) {
        self.changed = true;
    }

    /// Forgets what has changed, where nothing is stored.
    pub fn discard_changes(&mut self) {
        self.changed = false;
        self.namespaces.shelf.discard_changes();
        self.schedules.shelf.discard_changes();
        self.deployments.shelf.discard_changes();
        self.batches.discard_changes();
        self.task_queues.discard_changes();
        self.nexus.endpoints.discard_changes();
        self.nexus.operations.discard_changes();
        self.activities.shelf.discard_changes();
        self.dirty.clear();
        self.runs.tidy();
    }

    /// Makes a world of everything that was stored. Its time is not before that of the world that was. New ids are made
    /// from the seed and the number of restarts, so that none is given out twice.
    ///
    /// # Errors
    /// When something of it cannot be read.
    pub fn restore(seed: u64, now: Time, stored: Changes) -> Result<Self, Damaged> {
        let mut world = Self::new(seed, now);
        let mut histories = read_batches(stored.batches)?;
        let mut runs = Vec::new();
        for Record { kind, key, value } in stored.records {
            let Some(value) = value else { continue };
            let damaged =
                |problem: prost::DecodeError| Damaged { kind, key: key.clone(), problem: problem.to_string() };
            match kind {
                Kind::Server => {
                    let ServerState { id, time, next_run, restarts } = ServerState::decode(&*value).map_err(damaged)?;
                    world.server = id;
                    world.now = world.now.max(Time::from_nanos(time));
                    world.next_run = next_run;
                    world.restarts = restarts + 1;
                }
                Kind::Namespace => world.namespaces.shelf.restore(key.clone(), &value).map_err(damaged)?,
                Kind::Schedule => world.schedules.shelf.restore(key.clone(), &value).map_err(damaged)?,
                Kind::Batch => world.batches.restore(key.clone(), &value).map_err(damaged)?,
                Kind::NexusEndpoint => world.nexus.endpoints.restore(key.clone(), &value).map_err(damaged)?,
                Kind::Deployment => world.deployments.shelf.restore(key.clone(), &value).map_err(damaged)?,
                Kind::TaskQueue => world.task_queues.restore(key.clone(), &value).map_err(damaged)?,
                Kind::Activity => world.activities.shelf.restore(key.clone(), &value).map_err(damaged)?,
                Kind::NexusOperation => world.nexus.operations.restore(key.clone(), &value).map_err(damaged)?,
                Kind::Run => {
                    let state = RunState::decode(&*value).map_err(damaged)?;
                    let history = histories.remove(&key).unwrap_or_default();
                    let live = Live { stored_events: history.len(), ..Live::default() };
                    runs.push(Run { number: RunNumber(state.number), state, history, live });
                }
            }
        }
        world.random = ChaCha8Rng::seed_from_u64(seed);
        world.random.set_stream(world.restarts);
        world.resume_task_queues();
        world.resume_deployments();
        runs.sort_by_key(|run| run.number);
        for run in runs {
            let number = world.add(run);
            world.with(number, |run, cx| run.resume(cx));
        }
        world.resume_schedules();
        let batches: Vec<String> = world.batches.iter().map(|(key, _)| key.to_owned()).collect();
        for key in batches {
            world.resume_batch(&key);
        }
        for key in world.nexus.restore() {
            world.resume_operation(&key);
        }
        for key in world.activities.restore() {
            world.resume_activity(&key);
        }
        world.settle();
        // Those to whom nothing happened are as they were stored.
        let runs = &world.runs;
        let is_new =
            |number: &RunNumber| runs.get(*number).is_none_or(|run| run.history.len() != run.live.stored_events);
        world.dirty.retain(is_new);
        Ok(world)
    }

    fn store(&mut self, number: RunNumber, batches: &mut Vec<Batch>) -> Option<Vec<u8>> {
        let run = self.runs.get_mut(number)?;
        run.history.seal();
        for (at, events) in run.history.batches_from(run.live.stored_events) {
            let first = i64::try_from(at).unwrap_or(i64::MAX - 1) + 1;
            batches.push(Batch { run: number.key(), first, events });
        }
        run.live.stored_events = run.history.len();
        // A task that is there for updates alone is not promised to anybody.
        let speculative = run.state.task.take_if(|task| task.speculative);
        let value = run.state.encode_to_vec();
        run.state.task = run.state.task.take().or(speculative);
        Some(value)
    }
}

fn read_batches(mut batches: Vec<Batch>) -> Result<BTreeMap<String, History>, Damaged> {
    let mut histories: BTreeMap<String, History> = BTreeMap::new();
    batches.sort_by(|a, b| (&a.run, a.first).cmp(&(&b.run, b.first)));
    for Batch { run, first, events } in batches {
        let damaged = |problem: String| Damaged { kind: Kind::Run, key: run.clone(), problem };
        let history = histories.entry(run.clone()).or_default();
        if history.next_id() != first {
            return Err(damaged(format!("event {} is missing", history.next_id())));
        }
        history.restore(events).map_err(|problem| damaged(problem.to_string()))?;
    }
    Ok(histories)
}
