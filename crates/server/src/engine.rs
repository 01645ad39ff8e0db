//! The world with a clock, and the calls that wait for it.
//!
//! ```text
//! now(request)  --lock--> advance, do, settle --> answer
//! wait(request) --lock--> the same, and then --> the reply, when it comes, or what there is when time is up
//! ```
//! One lock guards everything: what is done under it takes microseconds, and nothing waits while it is held.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use perpetua_server_core::{Answer, CallId, Code, Refusal, Reply, Time, World};
use tokio::sync::{Notify, oneshot};
use tokio::time::{Instant, sleep, sleep_until};

use crate::clock::Clock;

/// How time passes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pace {
    /// As it does outside.
    Real,
    /// It jumps to what is next, while somebody waits and nobody works.
    Skipping,
}

/// The world with a clock, and the calls that wait for it.
#[derive(Debug)]
pub(crate) struct Engine {
    inside: Mutex<Inside>,
    /// Woken when something may be due earlier than before.
    changed: Notify,
    pace: Pace,
}

#[derive(Debug)]
struct Inside {
    world: World,
    clock: Clock,
    calls: BTreeMap<CallId, oneshot::Sender<Answer<Reply>>>,
    last_call: u64,
}

/// A call that is being waited for; given up when this is dropped.
struct Pending<'a> {
    engine: &'a Engine,
    call: CallId,
}

impl Engine {
    /// A world that begins now.
    pub(crate) fn new(seed: u64, pace: Pace) -> Arc<Self> {
        let clock = Clock::new();
        let world = World::new(seed, clock.now());
        let inside = Inside { world, clock, calls: BTreeMap::new(), last_call: 0 };
        let engine = Arc::new(Self { inside: Mutex::new(inside), changed: Notify::new(), pace });
        tokio::spawn(keep_time(Arc::downgrade(&engine)));
        engine
    }

    /// Does something at once.
    pub(crate) fn now<R>(&self, act: impl FnOnce(&mut World) -> R) -> R {
        let mut inside = self.lock();
        let result = inside.step(|world| act(world));
        inside.pass(self.pace);
        drop(inside);
        self.changed.notify_one();
        result
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
        let (call, mut reply) = self.begin(ask)?;
        let pending = Pending { engine: self, call };
        tokio::select! {
            biased;
            reply = &mut reply => {
                std::mem::forget(pending);
                return reply.unwrap_or_else(|_| Err(gone()));
            }
            () = sleep(limit) => {}
        }
        self.now(|world| world.expire(call));
        std::mem::forget(pending);
        match reply.try_recv() {
            Ok(reply) => reply,
            Err(_) => Err(gone()),
        }
    }

    fn begin(
        &self,
        ask: impl FnOnce(&mut World, CallId) -> Answer<()>,
    ) -> Answer<(CallId, oneshot::Receiver<Answer<Reply>>)> {
        let mut inside = self.lock();
        inside.last_call += 1;
        let call = CallId(inside.last_call);
        let (sender, receiver) = oneshot::channel();
        inside.calls.insert(call, sender);
        let asked = inside.step(|world| ask(world, call));
        if let Err(refusal) = asked {
            inside.calls.remove(&call);
            return Err(refusal);
        }
        inside.pass(self.pace);
        drop(inside);
        self.changed.notify_one();
        Ok((call, receiver))
    }

    fn lock(&self) -> MutexGuard<'_, Inside> {
        self.inside.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inside {
    /// Brings the world to the present, does something, and hands out the replies.
    fn step<R>(&mut self, act: impl FnOnce(&mut World) -> R) -> R {
        let now = self.clock.now();
        self.world.advance(now);
        let result = act(&mut self.world);
        self.hand_out();
        result
    }

    fn hand_out(&mut self) {
        self.world.discard_changes();
        for (call, reply) in self.world.take_replies() {
            if let Some(waiting) = self.calls.remove(&call) {
                // Who does not wait any longer does not hear.
                let _ = waiting.send(reply);
            }
        }
    }

    /// Lets the time pass that nobody needs.
    fn pass(&mut self, pace: Pace) {
        if pace == Pace::Real {
            return;
        }
        while self.world.is_waited_for() && !self.world.is_busy() {
            let Some(next) = self.world.next_due() else { return };
            self.clock.push_to(next);
            self.step(|_| ());
        }
    }

    /// How long nothing happens by itself; none if nothing ever does.
    fn quiet(&self) -> Option<Duration> {
        self.world.next_due().map(|due| due.since(self.clock.now()))
    }
}

/// Lets happen what happens by itself, until nobody holds the engine.
async fn keep_time(engine: std::sync::Weak<Engine>) {
    loop {
        let Some(held) = engine.upgrade() else { return };
        let quiet = {
            let mut inside = held.lock();
            inside.step(|_| ());
            inside.pass(held.pace);
            inside.quiet()
        };
        // Looks after itself now and then, so that a dropped engine is noticed.
        let until = Instant::now() + quiet.unwrap_or(LOOK).min(LOOK);
        tokio::select! {
            () = sleep_until(until) => {}
            () = held.changed.notified() => {}
        }
    }
}

/// How often the engine is looked after when nothing happens.
const LOOK: Duration = Duration::from_secs(1);

impl Drop for Pending<'_> {
    fn drop(&mut self) {
        let call = self.call;
        self.engine.now(|world| world.expire(call));
        self.engine.lock().calls.remove(&call);
    }
}

fn gone() -> Refusal {
    Refusal::new(Code::Unavailable, "the server is going away")
}

/// The present, for who only looks.
impl Engine {
    /// The time of the world.
    pub(crate) fn time(&self) -> Time {
        self.now(|world| world.now())
    }
}
