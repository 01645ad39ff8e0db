//! The world with a clock, and the calls that wait for it.
//!
//! ```text
//! now(request)  --lock--> advance, do, settle --> answer --+
//! wait(request) --lock--> the same, and then --> the reply, when it comes, or what there is when time is up --+
//!                              |                                                                              |
//!                              +--changes--> Log ------------ stored up to there -----------> it may leave <--+
//! ```
//! One lock guards the world: what is done under it takes microseconds, and nothing waits while it is held. What is said,
//! even by somebody who only looks, leaves when everything that it may rest on is stored.

mod crash;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use perpetua_server_core::{Answer, CallId, Code, Refusal, Reply, Time, Unattended, World};
use tokio::sync::{Notify, oneshot, watch};
use tokio::time::{Instant, sleep};

use crate::clock::Clock;
use crate::storage::{Kept, Log, Mark};

/// How time passes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pace {
    /// As it does outside.
    Real,
    /// It jumps to what is next, while nobody works and nobody has locked it.
    Skipping {
        /// How often it is locked.
        locks: u32,
        /// Whether it does so only while somebody waits for a workflow or a time.
        for_waiters: bool,
    },
}

impl Pace {
    /// Locks or unlocks the skipping of time; false if there is nothing to unlock.
    fn lock(&mut self, is_locked: bool) -> bool {
        let Self::Skipping { locks, .. } = self else { return false };
        let Some(changed) = (if is_locked { locks.checked_add(1) } else { locks.checked_sub(1) }) else { return false };
        *locks = changed;
        true
    }
}

/// The world with a clock, and the calls that wait for it.
#[derive(Debug)]
pub(crate) struct Engine {
    inside: Mutex<Inside>,
    /// Woken when something may be due earlier than before, and when the engine goes.
    changed: Arc<Notify>,
    /// Woken after every step, for those who wait until nobody works any more.
    stirred: Notify,
    /// Where the world is stored; none if it is only in memory.
    log: Option<Arc<Log>>,
    /// How long a poll for a task waits at most.
    longest_poll: Duration,
    /// Whether the server is being stopped. Whoever listens for it holds a receiver as long as there are calls under way.
    pub(crate) stopping: watch::Sender<bool>,
}

#[derive(Debug)]
struct Inside {
    world: World,
    clock: Clock,
    calls: BTreeMap<CallId, oneshot::Sender<Said<Answer<Reply>>>>,
    last_call: u64,
    log: Option<Arc<Log>>,
    pace: Pace,
    /// Calls for which time was unlocked; it is locked again in the very step that answers them.
    unlocked_for: BTreeSet<CallId>,
    /// Calls with whose answers time begins to be held.
    holding: BTreeSet<CallId>,
    /// Those of them that were answered, as long as time is held for them.
    held: BTreeSet<CallId>,
    /// Whether nothing is done any more.
    stopped: bool,
    /// Since when all work waits for workers that are not there.
    unattended: Option<Instant>,
    /// How many steps were taken for others, such as clients and workers.
    steps: u64,
    /// When it is looked next what has happened by itself.
    next_look: Time,
    /// What a world can be made again of after a crash; none where there are no crashes.
    kept: Option<Kept>,
    /// Whether it has crashed.
    is_down: bool,
    /// Workers whose tasks nobody works on any more.
    dead: BTreeSet<String>,
}

/// What was said, and what must be stored before it leaves.
#[derive(Debug)]
pub(crate) struct Said<T> {
    words: T,
    mark: Mark,
}

/// Where the reply to a call arrives.
pub(crate) type Hearing = oneshot::Receiver<Said<Answer<Reply>>>;

/// A call that was begun: its reply will be heard, unless the answer is a refusal.
pub(crate) type Begun = (CallId, Hearing, Said<Answer<()>>);

/// A call that is being waited for; given up when this is dropped.
struct Pending<'a> {
    engine: &'a Engine,
    call: CallId,
}

impl Engine {
    /// Lets time pass in a world, which is stored in the log, if there is one, or kept for when it crashes.
    pub(crate) fn new(world: World, mut clock: Clock, pace: Pace, log: Option<Log>, kept: Option<Kept>) -> Arc<Self> {
        clock.push_to(world.now());
        let longest_poll = world.longest_poll();
        let log = log.map(Arc::new);
        let calls = BTreeMap::new();
        let unlocked_for = BTreeSet::new();
        let log_of_inside = log.clone();
        let inside = Inside {
            world,
            clock,
            calls,
            last_call: 0,
            log: log_of_inside,
            pace,
            unlocked_for,
            holding: BTreeSet::new(),
            held: BTreeSet::new(),
            stopped: false,
            unattended: None,
            steps: 0,
            next_look: Time::default(),
            kept,
            is_down: false,
            dead: BTreeSet::new(),
        };
        let stopping = watch::Sender::new(false);
        let changed = Arc::new(Notify::new());
        let engine = Arc::new(Self {
            inside: Mutex::new(inside),
            changed: Arc::clone(&changed),
            stirred: Notify::new(),
            log,
            longest_poll,
            stopping,
        });
        tokio::spawn(keep_time(Arc::downgrade(&engine), changed));
        engine
    }

    /// How long a poll for a task waits at most.
    pub(crate) fn longest_poll(&self) -> Duration {
        self.longest_poll
    }

    /// Does something at once.
    ///
    /// # Errors
    /// Why it is not done.
    pub(crate) async fn now<R>(&self, act: impl FnOnce(&mut World) -> Answer<R>) -> Answer<R> {
        let said = self.step_in(self.open()?, act);
        self.release(said).await
    }

    /// Asks for something that may take until somebody does something, and waits for it no longer than this; then the
    /// answer is what there is.
    ///
    /// # Errors
    /// Why it is not done.
    pub(crate) async fn wait(
        &self,
        limit: Duration,
        ask: impl FnOnce(&mut World, CallId) -> Answer<()>,
    ) -> Answer<Reply> {
        let begun = self.begin(self.open()?, ask);
        self.hear(limit, begun).await
    }

    /// Sleeps until the world's clock shows a time, which may skip as long as this takes.
    ///
    /// # Errors
    /// When the time is not locked.
    pub(crate) async fn sleep_unlocked(&self, limit: Duration, time: Time) -> Answer<Reply> {
        let begun = self.begin_unlocked(time)?;
        self.hear(limit, begun).await
    }

    /// Begins to wait until the world's clock shows a time, which need not skip for this. With the reply, whatever it is,
    /// time begins to be held, until it is [let go](Self::let_go).
    pub(crate) fn begin_bell(&self, time: Time) -> Answer<Begun> {
        let mut inside = self.open()?;
        let call = CallId(inside.last_call + 1);
        inside.holding.insert(call);
        Ok(self.begin(inside, |world, call| world.ring_at(call, time)))
    }

    /// A call is not waited for any longer.
    pub(crate) fn give_up(&self, call: CallId) {
        self.step(|world| world.expire(call));
        self.lock().calls.remove(&call);
    }

    /// Time is not held for this call, or not any longer.
    pub(crate) fn let_go(&self, call: CallId) {
        let mut inside = self.lock();
        inside.holding.remove(&call);
        inside.held.remove(&call);
        self.step_in(inside, |_| ());
    }

    fn begin_unlocked(&self, time: Time) -> Answer<Begun> {
        let mut inside = self.open()?;
        if !inside.pace.lock(false) {
            return Err(not_locked());
        }
        let call = CallId(inside.last_call + 1);
        inside.unlocked_for.insert(call);
        Ok(self.begin(inside, |world, call| world.sleep_until(call, time)))
    }

    /// Waits for the reply to a call, but no longer than this.
    pub(crate) async fn hear(&self, limit: Duration, begun: Begun) -> Answer<Reply> {
        let (call, mut reply, asked) = begun;
        if asked.words.is_err() {
            return self.release(asked).await.and(Err(gone()));
        }
        let pending = Pending { engine: self, call };
        tokio::select! {
            biased;
            reply = &mut reply => {
                std::mem::forget(pending);
                return self.release(reply.map_err(|_| gone())?).await;
            }
            refusal = self.over() => return Err(refusal),
            () = sleep(limit) => {}
        }
        self.step(|world| world.expire(call));
        std::mem::forget(pending);
        match reply.try_recv() {
            Ok(reply) => self.release(reply).await,
            Err(_) => Err(gone()),
        }
    }

    fn begin(&self, mut inside: MutexGuard<'_, Inside>, ask: impl FnOnce(&mut World, CallId) -> Answer<()>) -> Begun {
        inside.last_call += 1;
        let call = CallId(inside.last_call);
        let (sender, receiver) = oneshot::channel();
        inside.calls.insert(call, sender);
        let asked = self.step_in(inside, |world| ask(world, call));
        if asked.words.is_err() {
            self.lock().calls.remove(&call);
        }
        (call, receiver, asked)
    }

    /// Does something. What is said must not leave before it is released.
    fn step<R>(&self, act: impl FnOnce(&mut World) -> R) -> Said<R> {
        self.step_in(self.lock(), act)
    }

    fn step_in<R>(&self, mut inside: MutexGuard<'_, Inside>, act: impl FnOnce(&mut World) -> R) -> Said<R> {
        let said = inside.step(act);
        inside.steps += 1;
        inside.pass();
        let is_earlier = inside.is_due_earlier();
        drop(inside);
        if is_earlier {
            self.changed.notify_one();
        }
        self.stirred.notify_waiters();
        said
    }

    /// Waits until everything is stored that was known when something was said.
    async fn release<R>(&self, said: Said<Answer<R>>) -> Answer<R> {
        if let Some(log) = &self.log {
            log.stored(said.mark).await?;
        }
        said.words
    }

    /// Waits until nothing can be promised any longer.
    async fn over(&self) -> Refusal {
        match &self.log {
            Some(log) => log.over().await,
            None => std::future::pending().await,
        }
    }

    /// The world, if anything is done with it any more.
    fn open(&self) -> Answer<MutexGuard<'_, Inside>> {
        let inside = self.lock();
        if inside.stopped {
            return Err(Refusal::new(Code::Unavailable, "the server is being stopped"));
        }
        if inside.is_down {
            return Err(Refusal::new(Code::Unavailable, "the server has crashed"));
        }
        match self.log.as_ref().and_then(|log| log.refusal()) {
            Some(refusal) => Err(refusal),
            None => Ok(inside),
        }
    }

    /// Whether calls are taken.
    pub(crate) fn is_serving(&self) -> bool {
        self.open().is_ok()
    }

    /// Takes no more calls, answers those that wait with what there is, and stores everything.
    pub(crate) async fn stop(&self) {
        {
            let mut inside = self.lock();
            inside.stopped = true;
            let waiting: Vec<CallId> = inside.calls.keys().copied().collect();
            inside.step(|world| waiting.into_iter().for_each(|call| world.expire(call)));
        }
        self.changed.notify_one();
        if let Some(log) = &self.log {
            log.close().await;
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inside> {
        self.inside.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inside {
    /// Brings the world to the present, does something, and hands out the replies.
    fn step<R>(&mut self, act: impl FnOnce(&mut World) -> R) -> Said<R> {
        if self.is_down {
            return Said { words: self.step_in_vain(act), mark: 0 };
        }
        let now = self.clock.now();
        self.world.advance(now);
        let words = act(&mut self.world);
        let mark = match &self.log {
            Some(log) => log.push(self.world.take_changes()),
            None => {
                match &mut self.kept {
                    Some(kept) => kept.store(self.world.take_changes()),
                    None => self.world.discard_changes(),
                }
                0
            }
        };
        for (call, words) in self.world.take_replies() {
            if self.unlocked_for.remove(&call) {
                self.pace.lock(true);
            }
            if self.holding.remove(&call) {
                self.held.insert(call);
            }
            if let Some(waiting) = self.calls.remove(&call) {
                // Who does not wait any longer does not hear.
                let _ = waiting.send(Said { words, mark });
            }
        }
        Said { words, mark }
    }

    /// Lets the time pass that nobody needs. What comes again and again has no end: others get a turn in between.
    fn pass(&mut self) {
        if self.pace == Pace::Real || self.is_down {
            return;
        }
        for _ in 0..LEAPS {
            self.look_for_workers();
            match self.next_leap() {
                Some(next) => self.clock.push_to(next),
                None => return,
            }
            self.step(World::remember_time);
        }
    }

    /// Up to when nobody needs the time.
    fn next_leap(&self) -> Option<Time> {
        let is_free = match self.pace {
            Pace::Real => false,
            Pace::Skipping { locks, for_waiters } => locks == 0 && (!for_waiters || self.world.is_waited_for()),
        };
        if !is_free || self.holds_time() {
            return None;
        }
        self.world.next_awaited()
    }

    /// Notes since when all work waits for workers that are not there.
    fn look_for_workers(&mut self) {
        let unattended = self.world.is_busy() && !self.world.is_attended();
        self.unattended = unattended.then(|| self.unattended.unwrap_or_else(Instant::now));
    }

    /// Whether there is work that time must not run ahead of. A worker that is not there is waited for, but not for ever.
    fn holds_time(&self) -> bool {
        !self.held.is_empty() || self.world.is_busy() && self.unattended.is_none_or(|since| since.elapsed() < PATIENCE)
    }

    /// Whether something may happen by itself before it is looked next.
    fn is_due_earlier(&self) -> bool {
        self.pace != Pace::Real || self.world.next_due().is_some_and(|due| due < self.next_look)
    }

    /// How long nothing happens by itself; none if nothing ever does.
    fn quiet(&self) -> Option<Duration> {
        if self.next_leap().is_some() {
            return Some(TURN);
        }
        let due = self.world.next_due().map(|due| due.since(self.clock.now()));
        let worker = self.unattended.map(|since| PATIENCE.saturating_sub(since.elapsed()));
        match (due, worker.filter(|wait| !wait.is_zero())) {
            (Some(due), Some(worker)) => Some(due.min(worker)),
            (due, worker) => due.or(worker),
        }
    }
}

/// Nothing goes on by itself, and somebody waits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standstill {
    steps: u64,
    unattended: Vec<Unattended>,
}

impl Standstill {
    /// How many steps the server has taken. Where this is the same as before, nothing happened in between.
    pub fn steps(&self) -> u64 {
        self.steps
    }

    /// The task queues with work that no worker polls.
    pub fn unattended(&self) -> &[Unattended] {
        &self.unattended
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        self.changed.notify_one();
    }
}

/// Lets happen what happens by itself, until nobody holds the engine.
async fn keep_time(engine: Weak<Engine>, changed: Arc<Notify>) {
    loop {
        let (quiet, is_real) = {
            let Some(engine) = engine.upgrade() else { return };
            let mut inside = engine.lock();
            let mut quiet = LONGEST_SLEEP;
            if !inside.is_down {
                drop(inside);
                inside = match engine.open() {
                    Ok(inside) => inside,
                    Err(_) => return,
                };
                inside.step(|_| ());
                inside.pass();
                quiet = inside.quiet().unwrap_or(LONGEST_SLEEP).min(LONGEST_SLEEP);
            }
            inside.next_look = inside.clock.now().plus(quiet);
            (quiet, inside.pace == Pace::Real)
        };
        tokio::select! {
            () = sleep(quiet), if !is_real => {}
            () = doze(quiet), if is_real => {}
            () = changed.notified() => {}
        }
    }
}

/// Sleeps nearly as long as this, or exactly if it is short. The runtime's timers are late by up to a tick, so the last of
/// it is slept on a thread.
async fn doze(time: Duration) {
    if time > TICK {
        return sleep(time - TICK).await;
    }
    let begun = Instant::now();
    let until = std::time::Instant::now() + time.saturating_sub(LATENESS);
    // A sleep does not fail.
    let _ = tokio::task::spawn_blocking(move || {
        std::thread::sleep(until.saturating_duration_since(std::time::Instant::now()));
    })
    .await;
    if begun.elapsed().is_zero() {
        // The runtime's clock is one that is moved by hand.
        sleep(time).await;
    }
}

/// How late timers of the runtime may be.
const TICK: Duration = Duration::from_millis(1);
/// How late a thread wakes that sleeps, and somebody else with it. Who is early looks once more.
const LATENESS: Duration = Duration::from_micros(100);
/// How long time is not skipped for work whose workers are not there; they may be about to come.
const PATIENCE: Duration = Duration::from_millis(500);
/// The clock is looked at now and then, however late the next thing is due.
const LONGEST_SLEEP: Duration = Duration::from_secs(60);
/// How often time is skipped in a row.
const LEAPS: usize = 100;
/// How long others have a turn until it is skipped again.
const TURN: Duration = Duration::from_millis(1);

impl Drop for Pending<'_> {
    fn drop(&mut self) {
        self.engine.give_up(self.call);
    }
}

fn not_locked() -> Refusal {
    Refusal::precondition("time skipping is not locked: there are more unlocks than locks")
}

fn gone() -> Refusal {
    Refusal::new(Code::Unavailable, "the server is going away")
}

/// The present, for who only looks.
impl Engine {
    /// The time of the world.
    pub(crate) fn time(&self) -> Time {
        let inside = self.lock();
        if inside.is_down { inside.clock.now() } else { self.step_in(inside, |world| world.now()).words }
    }

    /// Whether time can skip.
    pub(crate) fn skips(&self) -> bool {
        self.lock().pace != Pace::Real
    }

    /// Locks or unlocks the skipping of time.
    ///
    /// # Errors
    /// When it is not locked, and should be unlocked.
    pub(crate) fn lock_time(&self, is_locked: bool) -> Answer<()> {
        if !self.lock().pace.lock(is_locked) {
            return Err(not_locked());
        }
        self.step(|_| ());
        Ok(())
    }

    /// Waits until no worker is at work, and jumps to what happens next by itself; when that is. None if nothing does.
    ///
    /// # Errors
    /// When the server is being stopped.
    pub(crate) async fn leap(&self) -> Answer<Option<Time>> {
        loop {
            let stirred = self.stirred.notified();
            let wait = {
                let mut inside = self.open()?;
                inside.step(|_| ());
                inside.look_for_workers();
                if !inside.holds_time() {
                    let next = inside.world.next_awaited();
                    if let Some(next) = next {
                        inside.clock.push_to(next);
                        inside.step(World::remember_time);
                    }
                    return Ok(next);
                }
                inside.unattended.map_or(LONGEST_SLEEP, |since| PATIENCE.saturating_sub(since.elapsed()))
            };
            tokio::select! {
                () = stirred => {}
                () = sleep(wait) => {}
            }
        }
    }

    /// Why nothing goes on although somebody waits; none if it does.
    pub(crate) fn standstill(&self) -> Option<Standstill> {
        let inside = self.lock();
        let world = &inside.world;
        if inside.is_down || !world.is_waited_for() || world.is_attended() || !inside.held.is_empty() {
            return None;
        }
        // In skipped time, what happens by itself happens at once.
        if world.next_awaited().is_some() {
            return None;
        }
        Some(Standstill { steps: inside.steps, unattended: world.unattended() })
    }

    /// How many steps were taken.
    pub(crate) fn steps(&self) -> u64 {
        self.lock().steps
    }

    /// How many calls wait.
    pub(crate) fn waiting(&self) -> usize {
        self.lock().calls.len()
    }
}
