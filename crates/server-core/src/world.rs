//! Everything the server knows, and the one way in which it changes.
//!
//! ```text
//! request + time --> World --> replies, now or later (take_replies)
//!                      |  settle: messages between runs, tasks to pollers, news to waiters
//!                      v
//!                    changed runs (take_changes), to be stored before any reply is sent
//! ```
//! There are no threads, clocks or sockets here: the same requests at the same times give the same replies.

mod activity;
mod alarm;
mod batch;
mod batch_reset;
mod callback;
mod changes;
mod cx;
mod dispatch;
mod operation;
mod removal;
mod reply;
mod runs;
mod shelf;
mod standstill;
mod system;
mod transfer;
mod versions;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use perpetua_proto::common::WorkflowExecution;
use rand_chacha::ChaCha8Rng;
use rand_core::SeedableRng;

pub(crate) use alarm::{Alarm, Alarms};
pub use changes::{Batch, Changes, Damaged, Kind, Record, run_key};
pub(crate) use cx::Cx;
pub(crate) use dispatch::{Offer, Work};
pub use reply::{CallId, Reply};
pub(crate) use runs::Glance;
use runs::Runs;
pub(crate) use shelf::Shelf;
pub use standstill::Unattended;
pub(crate) use transfer::{ChildNews, Transfer};

use crate::activity::Activities;
use crate::batch::BatchJob;
use crate::deployment::Deployments;
use crate::matching::Matching;
use crate::namespace::Namespaces;
use crate::nexus::Nexus;
use crate::requests::check_execution;
use crate::requests::task_queue::QueueRecord;
use crate::requests::worker::Workers;
use crate::run::{Run, RunId};
use crate::schedule::Schedules;
use crate::settings::{Setting, Settings};
use crate::visibility::Index;
use crate::{Answer, Lingered, Refusal, Time};

/// Names a run within a world.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct RunNumber(pub(crate) u64);

impl RunNumber {
    /// Under which key it is stored. Runs that begin together are stored together.
    fn key(self) -> String {
        format!("{:016x}", self.0)
    }
}

/// A world of workflows: what one server, or one test, knows.
#[derive(Debug)]
pub struct World {
    pub(crate) now: Time,
    /// Distinguishes this server's tokens from those of others.
    pub(crate) server: u64,
    pub(crate) random: ChaCha8Rng,
    pub(crate) settings: Settings,
    pub(crate) namespaces: Namespaces,
    pub(crate) nexus: Nexus,
    pub(crate) activities: Activities,
    /// The number that the next run gets.
    next_run: u64,
    runs: Runs,
    /// Those that are not closed.
    open: BTreeSet<RunNumber>,
    /// Those that time would have to wait for, if all workers lived.
    busy: BTreeSet<RunNumber>,
    /// Those of which workers have work in hand, if all workers live.
    in_hand: BTreeSet<RunNumber>,
    by_id: BTreeMap<RunId, RunNumber>,
    /// The runs in the order in which they are listed, and by workflow id.
    pub(crate) index: Index,
    pub(crate) alarms: Alarms,
    pub(crate) matching: Matching,
    pub(crate) schedules: Schedules,
    pub(crate) task_queues: Shelf<QueueRecord>,
    pub(crate) deployments: Deployments,
    pub(crate) batches: Shelf<BatchJob>,
    pub(crate) workers: Workers,
    offers: Vec<Offer>,
    transfers: VecDeque<Transfer>,
    replies: Vec<(CallId, Answer<Reply>)>,
    /// Runs that changed since the last time everything was settled.
    touched: BTreeSet<RunNumber>,
    /// Runs that changed since they were last stored.
    dirty: BTreeSet<RunNumber>,
    /// Whether something changed that is stored with the server itself.
    changed: bool,
    /// How often a world was made of what was stored.
    restarts: u64,
    /// Workers that are no more; nobody works on what they have.
    dead: BTreeSet<String>,
    /// What each waiting call waits for.
    pub(crate) calls: BTreeMap<CallId, Waiting>,
}

/// What a call waits for, to be found when it is given up.
#[derive(Clone, Debug)]
pub(crate) enum Waiting {
    Task(crate::matching::QueueKey),
    History(RunNumber),
    Query(RunNumber),
    Update(RunNumber, String),
    /// For news of a Nexus operation.
    Operation,
    FastForward(RunNumber),
    /// For news of an activity.
    Activity,
    /// For its own alarm.
    Time,
    /// The same, but time need not pass for it.
    Bell,
    /// Until an attempt of a run's activity goes on.
    Linger(RunNumber),
}

impl World {
    /// An empty world. Its ids are made from the seed.
    pub fn new(seed: u64, now: Time) -> Self {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        Self {
            now,
            server: rand_core::Rng::next_u64(&mut random),
            random,
            settings: Settings::default(),
            namespaces: Namespaces::new(),
            nexus: Nexus::default(),
            activities: Activities::default(),
            next_run: 0,
            runs: Runs::default(),
            open: BTreeSet::new(),
            busy: BTreeSet::new(),
            in_hand: BTreeSet::new(),
            by_id: BTreeMap::new(),
            index: Index::default(),
            alarms: Alarms::default(),
            matching: Matching::default(),
            schedules: Schedules::default(),
            task_queues: Shelf::default(),
            deployments: Deployments::default(),
            batches: Shelf::default(),
            workers: Workers::default(),
            offers: Vec::new(),
            transfers: VecDeque::new(),
            replies: Vec::new(),
            touched: BTreeSet::new(),
            dirty: BTreeSet::new(),
            changed: true,
            restarts: 0,
            dead: BTreeSet::new(),
            calls: BTreeMap::new(),
        }
    }

    /// Sets something, by the name that Temporal's dynamic configuration has for it, and its value as JSON.
    ///
    /// # Errors
    /// What the value should be.
    pub fn set(&mut self, key: &str, json: &str) -> Result<Setting, String> {
        self.settings.set(key, json)
    }

    /// How long a poll for a task may wait at most, whatever its caller is willing to.
    pub fn longest_poll(&self) -> Duration {
        self.settings.poll
    }

    /// The time of the world.
    pub fn now(&self) -> Time {
        self.now
    }

    /// When something happens next by itself.
    pub fn next_due(&self) -> Option<Time> {
        self.alarms.next_time()
    }

    /// When something happens next by itself that somebody could be waiting for.
    pub fn next_awaited(&self) -> Option<Time> {
        self.alarms.next_that_matters()
    }

    /// Whether a worker is at work, or could be, so that time must not be skipped.
    pub fn is_busy(&self) -> bool {
        let is_busy =
            |number: &RunNumber| self.dead.is_empty() || self.run(*number).is_some_and(|run| run.is_busy(&self.dead));
        self.busy.iter().any(is_busy)
            || self.calls.values().any(|waiting| matches!(waiting, Waiting::Query(_)))
            || self.nexus.operations.values().any(|operation| operation.is_open() && operation.state.is_busy())
            || self.activities.shelf.values().any(|activity| activity.is_open() && activity.attempt.is_busy(&self.dead))
    }

    /// Whether somebody waits for a workflow to get somewhere, or for a time.
    pub fn is_waited_for(&self) -> bool {
        self.calls.values().any(|waiting| {
            matches!(
                waiting,
                Waiting::History(_)
                    | Waiting::Update(..)
                    | Waiting::Operation
                    | Waiting::Activity
                    | Waiting::FastForward(_)
                    | Waiting::Time
            )
        })
    }

    /// Brings the world to this time; what is due on the way happens at its own time. Time does not go back.
    pub fn advance(&mut self, to: Time) {
        while self.alarms.next_time().is_some_and(|at| at <= to) {
            let Some((at, alarm)) = self.alarms.next() else { break };
            self.now = self.now.max(at);
            self.ring(alarm);
            self.settle();
        }
        self.now = self.now.max(to);
    }

    /// Lets happen what is due.
    fn ring(&mut self, alarm: Alarm) {
        match alarm {
            Alarm::Sleeper(call) => {
                let lingers = matches!(self.calls.get(&call), Some(Waiting::Linger(_)));
                self.stop_lingering(call);
                let reply = if lingers { Reply::Lingered(Lingered::TimeCame) } else { Reply::Slept };
                self.cx().reply(call, Ok(reply));
            }
            Alarm::Drainage(deployment, build) => self.check_drainage(&deployment, &build),
            Alarm::Queue(key) => {
                self.alarms.set(Alarm::Queue(key.clone()), None);
                self.dispatch(&key);
            }
            Alarm::Run(number) => {
                let rung = self.with(number, |run, cx| {
                    if let Some((at, due)) = run.next_due()
                        && at <= cx.now
                    {
                        run.fire(cx, due);
                    }
                });
                if rung.is_none() {
                    self.alarms.set(Alarm::Run(number), None);
                }
            }
            Alarm::RunOver(number) => self.remove(number),
            Alarm::Batch(key) => self.work_on_batch(&key),
            Alarm::BatchOver(key) => self.remove_batch(&key),
            Alarm::Schedule(key) => self.tend(&key),
            Alarm::ScheduleOver(key) => self.remove_schedule(&key),
            Alarm::Operation(key) => self.ring_operation(&key),
            Alarm::OperationOver(key) => self.remove_operation(&key),
            Alarm::Activity(key) => self.tend_activity(&key),
            Alarm::ActivityOver(key) => self.remove_activity(&key),
        }
    }

    /// The ids of the runs whose state is not what their histories say, or not what the world knows of them, which none
    /// should be. It takes the longer the
    /// longer they are.
    pub fn at_odds_with_history(&self) -> Vec<String> {
        let lives = BTreeSet::new();
        let at_odds = self.glances().filter(|run| {
            self.busy.contains(&run.number) != run.is_busy(&lives)
                || self.in_hand.contains(&run.number) != run.is_in_hand(&lives)
                || self.open.contains(&run.number) != run.is_open()
                || !run.agrees_with_history()
        });
        at_odds.map(|run| run.state.run_id.clone()).collect()
    }

    /// The answers to calls that have waited, in order.
    pub fn take_replies(&mut self) -> Vec<(CallId, Answer<Reply>)> {
        let replies = std::mem::take(&mut self.replies);
        for (call, _) in &replies {
            self.calls.remove(call);
        }
        replies
    }

    /// Changes a run.
    pub(crate) fn with<R>(&mut self, number: RunNumber, change: impl FnOnce(&mut Run, &mut Cx<'_>) -> R) -> Option<R> {
        let mut run = self.runs.take(number)?;
        let ahead = run.ahead();
        let result = change(&mut run, &mut self.cx_ahead(ahead));
        self.runs.put(run);
        self.touched.insert(number);
        Some(result)
    }

    /// Lets somebody wait for a run, or be told. Nothing changes that is stored.
    pub(crate) fn attend<R>(&mut self, number: RunNumber, tell: impl FnOnce(&mut Run, &mut Cx<'_>) -> R) -> Option<R> {
        let mut run = self.runs.take(number)?;
        let before = cfg!(debug_assertions).then(|| (run.state.clone(), run.history.len()));
        let ahead = run.ahead();
        let result = tell(&mut run, &mut self.cx_ahead(ahead));
        debug_assert!(before.is_none_or(|before| before == (run.state.clone(), run.history.len())), "a run changed");
        self.note_work(&run);
        self.runs.put(run);
        Some(result)
    }

    /// What may be used of the world.
    pub(crate) fn cx(&mut self) -> Cx<'_> {
        self.cx_ahead(Duration::ZERO)
    }

    /// What a run may use of the world that is ahead of it by so much.
    fn cx_ahead(&mut self, ahead: Duration) -> Cx<'_> {
        Cx {
            now: self.now.plus(ahead),
            wall: self.now,
            server: self.server,
            random: &mut self.random,
            settings: &self.settings,
            matching: &self.matching,
            deployments: &self.deployments,
            namespaces: &self.namespaces,
            watched: &self.schedules.watched,
            nexus: &self.nexus,
            offers: &mut self.offers,
            transfers: &mut self.transfers,
            replies: &mut self.replies,
        }
    }

    pub(crate) fn run(&self, number: RunNumber) -> Option<&Run> {
        self.runs.get(number)
    }

    /// The same, for who looks at many.
    pub(crate) fn glance(&self, number: RunNumber) -> Option<Glance<'_>> {
        self.runs.glance(number)
    }

    /// All runs.
    fn glances(&self) -> impl Iterator<Item = Glance<'_>> {
        self.runs.numbers().filter_map(|number| self.runs.glance(number))
    }

    /// The open runs.
    pub(crate) fn open_runs(&self) -> impl Iterator<Item = Glance<'_>> {
        self.open.iter().filter_map(|number| self.runs.glance(*number))
    }

    /// Open runs among which are all that this sticky queue belongs to.
    pub(crate) fn that_may_stick_to(&self, queue: &str) -> Vec<RunNumber> {
        self.open.iter().copied().filter(|number| self.runs.may_name(*number, queue)).collect()
    }

    /// Notes whether time has to wait for a run.
    fn note_work(&mut self, run: &Run) {
        let lives = BTreeSet::new();
        note(&mut self.busy, run.number, run.is_busy(&lives));
        note(&mut self.in_hand, run.number, run.is_in_hand(&lives));
    }

    /// The number that the next run gets.
    pub(crate) fn next_number(&self) -> RunNumber {
        RunNumber(self.next_run)
    }

    /// Takes in a new run, which is now the current one of its workflow id.
    pub(crate) fn add(&mut self, run: Run) -> RunNumber {
        let number = run.number;
        if let Some(id) = RunId::parse(&run.state.run_id) {
            self.by_id.insert(id, number);
        }
        if run.is_open() {
            self.open.insert(number);
        }
        self.index.put(&run);
        if !run.state.outlived {
            self.index.set_current(&run);
        }
        self.next_run = self.next_run.max(number.0 + 1);
        self.runs.add(run);
        self.touched.insert(number);
        self.reactivate(number);
        number
    }

    pub(crate) fn current(&self, namespace: &str, workflow_id: &str) -> Option<&Run> {
        self.run(self.index.current(namespace, workflow_id)?)
    }

    pub(crate) fn run_of_id(&self, namespace: &str, run_id: &str) -> Option<&Run> {
        let run = self.run(*self.by_id.get(&RunId::parse(run_id)?)?)?;
        (run.state.namespace == namespace).then_some(run)
    }

    /// The run that a request names; the current one where it names none.
    ///
    /// # Errors
    /// When the namespace or the run is not known, or the request names nothing.
    pub(crate) fn find(&self, namespace: &str, execution: Option<&WorkflowExecution>) -> Answer<RunNumber> {
        self.namespaces.check(namespace)?;
        let WorkflowExecution { workflow_id, run_id } = check_execution(execution)?;
        if run_id.is_empty() {
            let missing = || Refusal::not_found(format!("workflow not found for ID: {workflow_id}"));
            return self.current(namespace, workflow_id).map(|run| run.number).ok_or_else(missing);
        }
        self.run_of_id(namespace, run_id)
            .filter(|run| run.state.workflow_id == *workflow_id)
            .map(|run| run.number)
            .ok_or_else(|| {
                Refusal::not_found(format!(
                    "workflow execution not found for workflow ID {workflow_id:?} and run ID {run_id:?}"
                ))
            })
    }

    /// Brings everything to rest: messages between runs arrive, tasks go to pollers, waiters hear news.
    pub(crate) fn settle(&mut self) {
        loop {
            while let Some(transfer) = self.transfers.pop_front() {
                self.deliver(transfer);
            }
            for number in std::mem::take(&mut self.touched) {
                self.rest(number);
            }
            let queues = self.place_offers();
            for queue in queues {
                self.dispatch(&queue);
            }
            if self.transfers.is_empty() && self.touched.is_empty() && self.offers.is_empty() {
                return;
            }
        }
    }

    /// What is done for every run that changed.
    fn rest(&mut self, number: RunNumber) {
        let Some(mut run) = self.runs.take(number) else { return };
        let ahead = run.ahead();
        let mut cx = self.cx_ahead(ahead);
        run.skip_time(&cx);
        run.tell_fast_forward_waiters(&mut cx);
        run.tell_update_waiters(&mut cx);
        run.tell_readers(&mut cx);
        let went_on = run.tell_lingering(&mut cx);
        run.history.cut();
        run.history.seal();
        run.state.transitions = run.history.batches();
        if !run.is_open() {
            self.open.remove(&number);
            self.index.put(&run);
            self.alarms.set(Alarm::RunOver(number), self.kept_until(&run));
        }
        for call in went_on {
            self.alarms.set(Alarm::Sleeper(call), None);
        }
        self.alarms.set(Alarm::Run(number), run.next_due().map(|(at, _)| at.back(run.ahead())));
        self.dirty.insert(number);
        self.note_work(&run);
        self.runs.put(run);
    }
}

/// Puts a run into a set, or takes it out.
fn note(set: &mut BTreeSet<RunNumber>, number: RunNumber, is_in: bool) {
    if is_in {
        set.insert(number);
    } else {
        set.remove(&number);
    }
}

/// Whether a text has the form of a run id.
pub(crate) fn is_uuid(text: &str) -> bool {
    text.len() == 36
        && text.bytes().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}
