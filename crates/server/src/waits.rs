//! Waiting for times of the server's world, for who runs in the same process.

use std::sync::Arc;
use std::time::SystemTime;

use perpetua_proto::enums::TimeoutType;
use perpetua_server_core::{CallId, Code, Lingered, Reply, Time};

use crate::engine::{Begun, Engine};
use crate::server::{FOREVER, Server, Stopped};

/// A time that somebody waits for without being a reason to skip time to it. Made by [`Server::ring_at`].
#[derive(Debug)]
#[must_use = "nobody hears it unless it is waited for"]
pub struct Bell {
    begun: Begun,
    rung: Rung,
}

/// A bell has rung: time is not skipped until this is dropped.
#[derive(Debug)]
#[must_use = "time goes on when this is dropped"]
pub struct Rung {
    engine: Arc<Engine>,
    call: CallId,
}

impl Bell {
    /// Waits until the server's clock shows the time. What is returned keeps time where it is.
    ///
    /// # Errors
    /// When the server is being stopped, or has crashed.
    pub async fn rung(self) -> Result<Rung, Stopped> {
        let Self { begun, rung } = self;
        match rung.engine.hear(FOREVER, begun).await {
            Ok(_) => Ok(rung),
            Err(_) => Err(Stopped(())),
        }
    }
}

impl Drop for Rung {
    fn drop(&mut self) {
        // A call that was answered is given up without effect.
        self.engine.give_up(self.call);
        self.engine.let_go(self.call);
    }
}

impl Server {
    /// Sets a bell to this time of the server's clock. It is no reason to skip time: somebody else has to wait for
    /// something.
    ///
    /// # Errors
    /// When the server is being stopped, or has crashed.
    pub fn ring_at(&self, time: SystemTime) -> Result<Bell, Stopped> {
        let begun = self.engine.begin_bell(world_time(time)).map_err(|_| Stopped(()))?;
        let rung = Rung { engine: Arc::clone(&self.engine), call: begun.0 };
        Ok(Bell { begun, rung })
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
        loop {
            match self.engine.wait(FOREVER, |world, call| world.linger_over(call, task_token, until)).await {
                Ok(Reply::Lingered(lingered)) => return Ok(lingered),
                Err(refusal) if refusal.code == Code::NotFound => return Ok(Lingered::Over),
                // It may have crashed.
                Err(refusal) if refusal.code == Code::Unavailable => self.engine.back().await,
                _ => return Err(Stopped(())),
            }
            if !self.engine.is_serving() {
                return Err(Stopped(()));
            }
        }
    }
}

fn world_time(time: SystemTime) -> Time {
    Time::from_wire(&perpetua_proto::protobuf::Timestamp::from(time))
}
