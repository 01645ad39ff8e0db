//! All lanes of a worker, and the watch over them.
//!
//! A run belongs to the lane that its id chooses. Whoever waits for a lane also looks whether it is stuck, and replaces it
//! if so; then the runs that lived on it are rebuilt from history, on the new one, when they are needed.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::io;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use perpetua_vocab::RunId;
use tokio::time::timeout;

use super::lane::{Lane, Late, Played, Subject, Work};

/// How often those who wait for a lane look at it, where nothing is considered stuck.
const LOOK: Duration = Duration::from_secs(60);

/// The lanes of one worker. Their threads end when this is dropped.
#[derive(Debug)]
pub(crate) struct Lanes {
    lanes: Vec<Mutex<Lane>>,
    /// How long workflow code may run without giving the thread back; none for as long as it likes.
    limit: Option<Duration>,
    /// Whether whoever has a job for a lane holds its own thread until it is done, so that nothing happens meanwhile.
    in_step: bool,
}

impl Lanes {
    /// Starts the threads.
    pub(crate) fn start(count: usize, limit: Option<Duration>, in_step: bool) -> io::Result<Self> {
        let lanes = (0..count).map(|index| Lane::start(index).map(Mutex::new)).collect::<Result<_, _>>()?;
        Ok(Self { lanes, limit, in_step })
    }

    /// Plays a piece of a run. The caller holds the pass of that run.
    pub(crate) async fn play(&self, subject: Subject, work: Work) -> Played {
        let index = self.index(&subject.execution.run_id);
        let mut answer = self.lane(index).play(subject, work);
        let look = self.limit.map_or(LOOK, |limit| limit / 4);
        self.settle(index, look);
        loop {
            match timeout(look, &mut answer).await {
                Ok(Ok(played)) => return played,
                Ok(Err(_)) => return Played::Broken("the lane is gone".to_owned()),
                Err(_) => self.look(index, look),
            }
        }
    }

    /// Forgets a run; it is dropped on its own thread.
    pub(crate) fn forget(&self, run: RunId) {
        let index = self.index(&run);
        self.lane(index).forget(run);
        self.settle(index, LOOK);
    }

    fn settle(&self, index: usize, limit: Duration) {
        if self.in_step {
            self.lane(index).settle(limit);
        }
    }

    /// Warns of a job that takes long, and replaces a lane that is stuck.
    fn look(&self, index: usize, every: Duration) {
        let Some(limit) = self.limit else { return };
        let mut lane = self.lane(index);
        let blame = match lane.look(limit, every) {
            None => return,
            Some(Late::Slow(blame)) => return tracing::warn!("{blame}; its task will fail after {limit:?}"),
            Some(Late::Stuck(blame)) => blame,
        };
        tracing::error!("{blame}; its thread is abandoned");
        match Lane::start(index) {
            Ok(heir) => {
                let stuck = std::mem::replace(&mut *lane, heir);
                stuck.abandon(&lane, blame);
            }
            Err(error) => tracing::error!(%error, "a stuck lane cannot be replaced, a thread could not be started"),
        }
    }

    fn index(&self, run: &RunId) -> usize {
        // Not seeded: the same run is on the same lane in every worker with as many lanes.
        let mut hasher = DefaultHasher::new();
        run.hash(&mut hasher);
        let lanes = self.lanes.len() as u64;
        usize::try_from(hasher.finish() % lanes).expect("below the number of lanes")
    }

    fn lane(&self, index: usize) -> MutexGuard<'_, Lane> {
        self.lanes[index].lock().unwrap_or_else(PoisonError::into_inner)
    }
}
