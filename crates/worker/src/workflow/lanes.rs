//! All lanes of a worker, and the watch over them.
//!
//! A run belongs to the lane that its id chooses, or, if that has more to do than another when the run begins, to that one.
//! Whoever waits for a lane also looks whether it is stuck, and replaces it if so; then the runs that lived on it are rebuilt
//! from history, on the new one, when they are needed.

use std::collections::BTreeMap;
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
    /// The runs that are on another lane than their ids choose.
    elsewhere: Mutex<BTreeMap<RunId, usize>>,
    /// How long workflow code may run without giving the thread back; none for as long as it likes.
    limit: Option<Duration>,
    /// Whether whoever has a job for a lane holds its own thread until it is done, so that nothing happens meanwhile.
    in_step: bool,
}

impl Lanes {
    /// Starts the threads.
    pub(crate) fn start(count: usize, limit: Option<Duration>, in_step: bool) -> io::Result<Self> {
        let lanes = (0..count).map(|index| Lane::start(index).map(Mutex::new)).collect::<Result<_, _>>()?;
        Ok(Self { lanes, elsewhere: Mutex::default(), limit, in_step })
    }

    /// Plays a piece of a run. The caller holds the pass of that run.
    pub(crate) async fn play(&self, subject: Subject, work: Work) -> Played {
        let run = &subject.execution.run_id;
        let home = self.home(run);
        let index = self.place(home, run, &work);
        let elsewhere = (index != home).then(|| run.clone());
        let mut answer = self.lane(index).play(subject, work);
        let look = self.limit.map_or(LOOK, |limit| limit / 4);
        self.settle(index, look);
        let played = loop {
            match timeout(look, &mut answer).await {
                Ok(Ok(played)) => break played,
                Ok(Err(_)) => break Played::Broken("the lane is gone".to_owned()),
                Err(_) => self.look(index, look),
            }
        };
        if let Some(run) = elsewhere
            && !played.is_known()
        {
            self.elsewhere().remove(&run);
        }
        played
    }

    /// Forgets a run; it is dropped on its own thread.
    pub(crate) fn forget(&self, run: RunId) {
        let index = self.elsewhere().remove(&run).unwrap_or_else(|| self.home(&run));
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

    /// The lane of a run that its id would have at home; for one that begins, which is nowhere yet, it may be another.
    fn place(&self, home: usize, run: &RunId, work: &Work) -> usize {
        if self.lanes.len() == 1 || self.in_step {
            return home;
        }
        let mut elsewhere = self.elsewhere();
        if let Some(index) = elsewhere.get(run) {
            return *index;
        }
        if !work.is_first() {
            return home;
        }
        let index = least(home, (0..self.lanes.len()).map(|index| self.lane(index).load()));
        if index != home {
            elsewhere.insert(run.clone(), index);
        }
        index
    }

    /// The lane that an id chooses.
    fn home(&self, run: &RunId) -> usize {
        // Not seeded: the same run is at home on the same lane in every worker with as many lanes.
        let mut hasher = DefaultHasher::new();
        run.hash(&mut hasher);
        let lanes = self.lanes.len() as u64;
        usize::try_from(hasher.finish() % lanes).expect("below the number of lanes")
    }

    fn elsewhere(&self) -> MutexGuard<'_, BTreeMap<RunId, usize>> {
        self.elsewhere.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn lane(&self, index: usize) -> MutexGuard<'_, Lane> {
        self.lanes[index].lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The lane that has the least to do; home if that has no more than any other.
fn least(home: usize, loads: impl Iterator<Item = usize>) -> usize {
    loads.enumerate().min_by_key(|(index, load)| (*load, *index != home)).map_or(home, |(index, _)| index)
}

#[cfg(test)]
mod tests {
    use super::least;

    #[test]
    fn a_run_stays_at_home_unless_another_lane_has_less_to_do() {
        assert_eq!(least(2, [0, 0, 0].into_iter()), 2);
        assert_eq!(least(1, [4, 4, 5].into_iter()), 1);
        assert_eq!(least(2, [4, 3, 5].into_iter()), 1);
    }
}
