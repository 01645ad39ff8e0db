//! Waiting for a time, by the clock of the world.

use crate::world::{Alarm, CallId, Waiting};
use crate::{Answer, Reply, Time, World};

impl World {
    /// Waits until the world's clock shows this time.
    ///
    /// # Errors
    /// None; it has the form of every call that may wait.
    pub fn sleep_until(&mut self, call: CallId, time: Time) -> Answer<()> {
        if time <= self.now {
            self.cx().reply(call, Ok(Reply::Slept));
        } else {
            self.calls.insert(call, Waiting::Time);
            self.alarms.set(Alarm::Sleeper(call), Some(time));
        }
        Ok(())
    }

    /// Is told when the world's clock shows this time. Unlike a [sleep](Self::sleep_until) it is no reason to skip time.
    ///
    /// # Errors
    /// None; it has the form of every call that may wait.
    pub fn ring_at(&mut self, call: CallId, time: Time) -> Answer<()> {
        self.sleep_until(call, time)?;
        if let Some(waiting) = self.calls.get_mut(&call) {
            *waiting = Waiting::Bell;
        }
        Ok(())
    }
}
