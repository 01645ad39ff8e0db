//! Who may play which run, and which runs are remembered.
//!
//! A run is played by one task at a time: its holder has a [`Pass`]. A run that is put back is remembered, until it is
//! the one that was not used for the longest time, and there are too many or they take too much memory. Runs that somebody
//! plays are never forgotten; so at most as many runs live as are remembered and played together. While a run is played it
//! counts with what it took when it was put back last.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use perpetua_vocab::RunId;
use tokio::sync::{Mutex as Gate, OwnedMutexGuard};

/// The runs of one worker.
#[derive(Debug)]
pub(crate) struct Runs {
    limits: Limits,
    forgets: Option<Forgets>,
    book: Mutex<Book>,
}

/// How much is remembered.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// So many runs.
    pub(crate) runs: usize,
    /// So many bytes of memory, with the runs that are played.
    pub(crate) bytes: usize,
}

/// Says whether a run that is put back is forgotten at once.
#[derive(Clone)]
pub(crate) struct Forgets(pub(crate) Arc<dyn Fn(&RunId) -> bool + Send + Sync>);

impl fmt::Debug for Forgets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Forgets")
    }
}

#[derive(Debug, Default)]
struct Book {
    /// The runs that somebody plays or waits for.
    gates: BTreeMap<RunId, Arc<Gate<()>>>,
    /// The runs that rest, the one that was put back first in front.
    resting: BTreeMap<u64, Resting>,
    /// Where each of them is in `resting`.
    places: BTreeMap<RunId, u64>,
    /// The place of the next one that is put back.
    next: u64,
    /// What all runs together take that were put back and not forgotten since.
    bytes: usize,
}

/// A run that rests, and how many bytes it takes.
#[derive(Debug)]
struct Resting {
    run: RunId,
    weight: usize,
}

/// The right to play a run, given up when it is dropped.
#[derive(Debug)]
#[must_use]
pub(crate) struct Pass {
    runs: Arc<Runs>,
    run: RunId,
    /// What it took when it was put back last.
    weight: usize,
    gate: Option<OwnedMutexGuard<()>>,
}

impl Runs {
    pub(crate) fn new(limits: Limits, forgets: Option<Forgets>) -> Arc<Self> {
        Arc::new(Self { limits, forgets, book: Mutex::default() })
    }

    /// Waits until nobody else plays the run; first come, first served.
    pub(crate) async fn enter(self: &Arc<Self>, run: &RunId) -> Pass {
        let gate = Arc::clone(self.lock().gates.entry(run.clone()).or_default());
        // Made before the wait, so that one who gives up waiting leaves no gate behind.
        let mut pass = Pass { runs: Arc::clone(self), run: run.clone(), weight: 0, gate: None };
        pass.gate = Some(gate.lock_owned().await);
        pass.weight = self.lock().wake(run);
        pass
    }

    fn lock(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Pass {
    /// Puts the run back to be remembered, with how many bytes it takes, and forgets what is too much, before anybody else
    /// can ask for it.
    pub(crate) fn keep(mut self, weight: usize, mut forget: impl FnMut(RunId)) {
        if self.runs.forgets.as_ref().is_some_and(|forgets| (forgets.0)(&self.run)) {
            return forget(self.run.clone());
        }
        let mut book = self.runs.lock();
        book.bytes -= std::mem::take(&mut self.weight);
        book.rest(self.run.clone(), weight);
        let Limits { runs, bytes } = self.runs.limits;
        while book.resting.len() > runs || book.bytes > bytes {
            let Some(oldest) = book.forget_oldest() else { break };
            forget(oldest);
        }
    }
}

impl Drop for Pass {
    fn drop(&mut self) {
        let mut book = self.runs.lock();
        drop(self.gate.take());
        // Where it was not put back, it is gone, or nothing is known of it until it is.
        book.bytes -= self.weight;
        // Whoever waits for the run has a share in its gate.
        if book.gates.get(&self.run).is_some_and(|gate| Arc::strong_count(gate) == 1) {
            book.gates.remove(&self.run);
        }
    }
}

impl Book {
    fn rest(&mut self, run: RunId, weight: usize) {
        let place = self.next;
        self.next += 1;
        if let Some(earlier) = self.places.insert(run.clone(), place) {
            self.bytes -= self.resting.remove(&earlier).map_or(0, |resting| resting.weight);
        }
        self.bytes += weight;
        self.resting.insert(place, Resting { run, weight });
    }

    /// It is played again; how many bytes it took, which still count.
    fn wake(&mut self, run: &RunId) -> usize {
        let place = self.places.remove(run);
        place.and_then(|place| self.resting.remove(&place)).map_or(0, |resting| resting.weight)
    }

    fn forget_oldest(&mut self) -> Option<RunId> {
        let (_, Resting { run, weight }) = self.resting.pop_first()?;
        self.bytes -= weight;
        self.places.remove(&run);
        Some(run)
    }
}

#[cfg(test)]
mod tests {
    use std::future::Future;
    use std::pin::pin;
    use std::task::{Context, Poll, Waker};

    use super::*;

    fn id(number: u32) -> RunId {
        RunId::new(number.to_string())
    }

    /// So many runs, whatever they take.
    fn count(runs: usize) -> Limits {
        Limits { runs, bytes: usize::MAX }
    }

    /// Puts a run back; gives back which runs are forgotten for it.
    fn put_back(pass: Pass) -> Vec<String> {
        put_back_with(pass, 1)
    }

    fn put_back_with(pass: Pass, weight: usize) -> Vec<String> {
        let mut forgotten = Vec::new();
        pass.keep(weight, |run| forgotten.push(run.into_string()));
        forgotten
    }

    async fn play(runs: &Arc<Runs>, number: u32) -> Vec<String> {
        put_back(runs.enter(&id(number)).await)
    }

    const NOBODY: [&str; 0] = [];

    #[tokio::test]
    async fn the_run_that_rested_longest_is_forgotten() {
        let runs = Runs::new(count(2), None);
        assert_eq!(play(&runs, 1).await, NOBODY);
        assert_eq!(play(&runs, 2).await, NOBODY);
        assert_eq!(play(&runs, 1).await, NOBODY);
        assert_eq!(play(&runs, 3).await, ["2"]);
    }

    #[tokio::test]
    async fn a_run_that_is_played_is_not_forgotten() {
        let runs = Runs::new(count(1), None);
        assert_eq!(play(&runs, 1).await, NOBODY);
        let pass = runs.enter(&id(1)).await;
        assert_eq!(play(&runs, 2).await, NOBODY);
        assert_eq!(play(&runs, 3).await, ["2"]);
        assert_eq!(put_back(pass), ["3"]);
    }

    #[tokio::test]
    async fn with_no_memory_a_run_is_forgotten_as_soon_as_it_is_put_back() {
        let runs = Runs::new(count(0), None);
        assert_eq!(play(&runs, 1).await, ["1"]);
    }

    #[tokio::test]
    async fn the_runs_that_rested_longest_are_forgotten_for_one_that_takes_much_or_has_grown() {
        let runs = Runs::new(Limits { runs: 10, bytes: 100 }, None);
        for number in 1..=5 {
            assert_eq!(put_back_with(runs.enter(&id(number)).await, 20), NOBODY);
        }
        // It counts while it is played, and with what it has become when it is put back.
        let grown = runs.enter(&id(5)).await;
        assert_eq!(put_back_with(runs.enter(&id(6)).await, 20), ["1"]);
        assert_eq!(put_back_with(grown, 50), ["2", "3"]);
        assert_eq!(runs.lock().bytes, 90);
        assert_eq!(put_back_with(runs.enter(&id(7)).await, 101), ["4", "6", "5", "7"]);
        assert_eq!(runs.lock().bytes, 0);
    }

    #[tokio::test]
    async fn a_run_that_was_not_put_back_does_not_count_any_more() {
        let runs = Runs::new(Limits { runs: 10, bytes: 100 }, None);
        assert_eq!(put_back_with(runs.enter(&id(1)).await, 80), NOBODY);
        drop(runs.enter(&id(1)).await);
        assert_eq!(put_back_with(runs.enter(&id(2)).await, 80), NOBODY);
    }

    #[tokio::test]
    async fn a_run_is_forgotten_when_it_is_put_back_if_somebody_says_so() {
        let forgets = Forgets(Arc::new(|run| *run == id(2)));
        let runs = Runs::new(count(10), Some(forgets));
        assert_eq!(play(&runs, 1).await, NOBODY);
        assert_eq!(play(&runs, 2).await, ["2"]);
    }

    #[tokio::test]
    async fn a_run_is_played_by_one_at_a_time_in_the_order_of_arrival() {
        let runs = Runs::new(count(10), None);
        let mut cx = Context::from_waker(Waker::noop());
        let first = runs.enter(&id(1)).await;
        let one = id(1);
        let mut second = pin!(runs.enter(&one));
        let mut third = pin!(runs.enter(&one));
        assert!(second.as_mut().poll(&mut cx).is_pending());
        assert!(third.as_mut().poll(&mut cx).is_pending());
        drop(first);
        assert!(third.as_mut().poll(&mut cx).is_pending());
        let Poll::Ready(second) = second.as_mut().poll(&mut cx) else { panic!("it is the second one's turn") };
        assert_eq!(put_back(second), NOBODY);
        assert!(third.as_mut().poll(&mut cx).is_ready());
    }

    #[tokio::test]
    async fn nothing_is_left_of_those_who_came_and_went() {
        let runs = Runs::new(count(10), None);
        let pass = runs.enter(&id(1)).await;
        {
            let one = id(1);
            let mut gave_up = pin!(runs.enter(&one));
            assert!(gave_up.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
        }
        drop(pass);
        assert!(runs.lock().gates.is_empty());
        assert!(runs.lock().resting.is_empty());
    }
}
