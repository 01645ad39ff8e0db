//! Slots: how many tasks of a kind are in hand at most.
//!
//! A poller takes a slot before it polls, so that no task is taken from the server that nobody has time for. The slot
//! travels with the task and is free again when the task is answered.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// The slots of one kind of task; clones share them.
#[derive(Clone, Debug)]
pub(crate) struct Slots(Arc<Semaphore>);

/// One slot, free again when it is dropped.
#[derive(Debug)]
pub(crate) struct Slot(#[expect(dead_code, reason = "held for its drop")] OwnedSemaphorePermit);

impl Slots {
    pub(crate) fn new(count: usize) -> Self {
        Self(Arc::new(Semaphore::new(count.min(Semaphore::MAX_PERMITS))))
    }

    /// Waits for a free slot; first come, first served.
    pub(crate) async fn take(&self) -> Slot {
        Slot(Arc::clone(&self.0).acquire_owned().await.expect("the semaphore is never closed"))
    }

    /// A slot, if one is free and nobody waits for it.
    pub(crate) fn try_take(&self) -> Option<Slot> {
        Arc::clone(&self.0).try_acquire_owned().ok().map(Slot)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_slot_is_free_again_when_it_is_dropped() {
        let slots = Slots::new(1);
        let slot = slots.take().await;
        assert_eq!(slots.0.available_permits(), 0);
        assert!(slots.try_take().is_none());
        drop(slot);
        slots.take().await;
        assert!(slots.try_take().is_some());
    }
}
