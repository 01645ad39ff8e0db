//! An engine that crashes and starts again in its process.
//!
//! ```text
//! serving --crash--> down: calls are cut off or refused, nothing happens, nothing is stored
//!    ^                 |
//!    `---- restart ----'   a world made of what was stored before the crash
//! ```

use perpetua_server_core::{Damaged, World};

use super::{Engine, Inside};
use crate::storage::Kept;

impl Engine {
    /// Ends the world as a power cut would: whoever waits for it hears nothing of it. False where nothing is kept that it
    /// could be made again of.
    pub(crate) fn crash(&self) -> bool {
        let mut inside = self.lock();
        if inside.kept.is_none() {
            return false;
        }
        inside.is_down = true;
        // The receivers hear that nobody answers.
        let calls = std::mem::take(&mut inside.calls);
        for _ in std::mem::take(&mut inside.unlocked_for) {
            inside.pace.lock(true);
        }
        drop(inside);
        drop(calls);
        self.changed.notify_one();
        true
    }

    /// Makes the world again of what was stored before the crash; nothing happens where there was none.
    ///
    /// # Errors
    /// When what was stored cannot be read.
    pub(crate) fn restart(&self, seed: u64, furnish: impl FnOnce(&mut World)) -> Result<(), Damaged> {
        let mut inside = self.lock();
        if !inside.is_down {
            return Ok(());
        }
        let stored = inside.kept.as_ref().map(Kept::load).unwrap_or_default();
        let mut world = World::restore(seed, inside.clock.now(), stored)?;
        furnish(&mut world);
        for identity in &inside.dead {
            world.forget_worker(identity);
        }
        let changes = world.take_changes();
        if let Some(kept) = &mut inside.kept {
            kept.store(changes);
        }
        inside.world = world;
        inside.is_down = false;
        inside.unattended = None;
        drop(inside);
        self.changed.notify_one();
        self.stirred.notify_waiters();
        Ok(())
    }

    /// Whether it has crashed and was not started again.
    pub(crate) fn is_down(&self) -> bool {
        self.lock().is_down
    }

    /// Waits until it serves again.
    pub(crate) async fn back(&self) {
        loop {
            let stirred = self.stirred.notified();
            if !self.is_down() {
                return;
            }
            stirred.await;
        }
    }

    /// Waits for nothing any longer that a worker of this identity has in hand.
    pub(crate) fn forget_worker(&self, identity: &str) {
        self.lock().dead.insert(identity.to_owned());
        self.step(|world| world.forget_worker(identity));
    }
}

impl Inside {
    /// Does something with a world that is no more: nothing comes of it.
    pub(super) fn step_in_vain<R>(&mut self, act: impl FnOnce(&mut World) -> R) -> R {
        let words = act(&mut self.world);
        self.world.discard_changes();
        self.world.take_replies();
        words
    }
}
