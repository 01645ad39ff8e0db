//! Waiting for times of the server's world, for who runs in the same process.

use std::sync::Arc;
use std::time::SystemTime;

use perpetua_proto::enums::TimeoutType;
use perpetua_server_core::{Code, Lingered, Reply, Time};

use crate::engine::{Begun, Engine};
use crate::server::{FOREVER, Server, Stopped};

/// Keeps time from being skipped until it is dropped.
#[derive(Debug)]
#[must_use = "time goes on when this is dropped"]
pub struct HeldTime(Arc<Engine>);

impl Drop for HeldTime {
    fn drop(&mut self) {
        self.0.let_go();
    }
}

/// A time that somebody waits for without being a reason to skip time to it. Made by [`Server::ring_at`].
#[derive(Debug)]
#[must_use = "nobody hears it unless it is waited for"]
pub struct Bell {
    begun: Option<Begun>,
    /// Dropped last: from the reply on time is held, also if nobody hears it.
    held: Option<HeldTime>,
}

impl Bell {
    /// Waits until the server's clock shows the time. What is returned keeps time where it is.
    ///
    /// # Errors
    /// When the server is being stopped.
    pub async fn rung(mut self) -> Result<HeldTime, Stopped> {
        let (Some(begun), Some(held)) = (self.begun.take(), self.held.take()) else { return Err(Stopped(())) };
        match held.0.hear(FOREVER, begun).await {
            Ok(_) => Ok(held),
            Err(_) => Err(Stopped(())),
        }
    }
}

impl Drop for Bell {
    fn drop(&mut self) {
        if let (Some((call, ..)), Some(held)) = (self.begun.take(), &self.held) {
            held.0.give_up(call);
        }
    }
}

impl Server {
    /// Sets a bell to this time of the server's clock. It is no reason to skip time: somebody else has to wait for
    /// something.
    pub fn ring_at(&self, time: SystemTime) -> Bell {
        let begun = self.engine.begin_bell(world_time(time)).ok();
        let held = begun.is_some().then(|| HeldTime(Arc::clone(&self.engine)));
        Bell { begun, held }
    }

    /// Lets a deadline of an attempt of a workflow's activity have passed, whatever it is: the attempt ends as if it had
    /// timed out so, and is tried again where that is usual. Its task token says which one. Nothing happens to an attempt
    /// that is over.
    ///
    /// # Errors
    /// When the server is being stopped.
    pub async fn time_out_attempt(&self, task_token: &[u8], kind: TimeoutType) -> Result<(), Stopped> {
        match self.engine.now(|world| world.time_out_attempt(task_token, kind)).await {
            Err(refusal) if refusal.code != Code::NotFound => Err(Stopped(())),
            _ => Ok(()),
        }
    }

    /// How many steps the server has taken. Where this is the same as before, nothing happened in between.
    pub fn steps(&self) -> u64 {
        self.engine.steps()
    }

    /// Lets an attempt of a workflow's activity be open without holding time, until this time or without end: its worker
    /// is not at work, the attempt only stands for something that takes long. Its task token says which one. It holds time
    /// again when this returns.
    ///
    /// # Errors
    /// When nobody has such an attempt any more, or the server is being stopped.
    pub async fn linger(&self, task_token: &[u8], until: Option<SystemTime>) -> Result<Lingered, Stopped> {
        let until = until.map(world_time);
        match self.engine.wait(FOREVER, |world, call| world.linger_over(call, task_token, until)).await {
            Ok(Reply::Lingered(lingered)) => Ok(lingered),
            Err(refusal) if refusal.code == Code::NotFound => Ok(Lingered::Over),
            _ => Err(Stopped(())),
        }
    }
}

fn world_time(time: SystemTime) -> Time {
    Time::from_wire(&prost_types::Timestamp::from(time))
}
