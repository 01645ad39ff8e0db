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
mod time;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use perpetua_server_core::{Answer, CallId, Code, Refusal, Reply, Time, World};
use tokio::sync::{Notify, oneshot, watch};
use tokio::time::{Instant, sleep};

pub(crate) use self::time::Pace;
pub use self::time::Standstill;
use self::time::{keep_time, not_locked};
use crate::clock::Clock;
use crate::storage::{Kept, Log, Mark};

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

    /// How many steps were taken.
    pub(crate) fn steps(&self) -> u64 {
        self.lock().steps
    }

    /// How many calls wait.
    pub(crate) fn waiting(&self) -> usize {
        self.lock().calls.len()
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
}

impl Drop for Engine {
    fn drop(&mut self) {
        self.changed.notify_one();
    }
}

impl Drop for Pending<'_> {
    fn drop(&mut self) {
        self.engine.give_up(self.call);
    }
}

fn gone() -> Refusal {
    Refusal::new(Code::Unavailable, "the server is going away")
}
