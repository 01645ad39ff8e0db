//! How time passes for a world: as it does outside, or in jumps to what is next.

use std::sync::{Arc, Weak};
use std::time::Duration;

use perpetua_server_core::{Answer, Refusal, Time, Unattended, World};
use tokio::sync::Notify;
use tokio::time::{Instant, sleep};

use super::{Engine, Inside};

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
    pub(super) fn lock(&mut self, is_locked: bool) -> bool {
        let Self::Skipping { locks, .. } = self else { return false };
        let Some(changed) = (if is_locked { locks.checked_add(1) } else { locks.checked_sub(1) }) else { return false };
        *locks = changed;
        true
    }
}

impl Inside {
    /// Lets the time pass that nobody needs. What comes again and again has no end: others get a turn in between.
    pub(super) fn pass(&mut self) {
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
    pub(super) fn is_due_earlier(&self) -> bool {
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

/// Lets happen what happens by itself, until nobody holds the engine.
pub(super) async fn keep_time(engine: Weak<Engine>, changed: Arc<Notify>) {
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

pub(super) fn not_locked() -> Refusal {
    Refusal::precondition("time skipping is not locked: there are more unlocks than locks")
}
