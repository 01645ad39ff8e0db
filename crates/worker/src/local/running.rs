//! The local activities of one run, as its lane and its task share them.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use perpetua_workflow::{LocalActivityEffect, LocalActivityEnd};
use tokio::sync::Notify;

use crate::activity::{CancelReason, Cancellation};

/// Lives in the lane, beside the run. When it is dropped, the run is gone, and its local activities are canceled.
#[derive(Debug, Default)]
pub(crate) struct Guard(Running);

/// The local activities of one run; clones are the same run's.
#[derive(Clone, Debug, Default)]
pub(crate) struct Running(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    changed: Notify,
}

#[derive(Debug, Default)]
struct State {
    /// Those that run, by number.
    running: BTreeMap<u32, Arc<Cancellation>>,
    /// Those that have ended, in the order of their ends.
    ended: VecDeque<(u32, LocalActivityEnd)>,
}

impl Guard {
    pub(crate) fn running(&self) -> Running {
        self.0.clone()
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        for cancellation in self.0.lock().running.values() {
            cancellation.cancel(CancelReason::Gone);
        }
    }
}

impl Running {
    /// One more runs; what it is canceled by.
    pub(super) fn begin(&self, number: u32) -> Arc<Cancellation> {
        Arc::clone(self.lock().running.entry(number).or_default())
    }

    /// It has ended; without an end it was given up, and nobody will hear of it.
    pub(super) fn end(&self, number: u32, end: Option<LocalActivityEnd>) {
        let mut state = self.lock();
        if state.running.remove(&number).is_some() {
            state.ended.extend(end.map(|end| (number, end)));
        }
        drop(state);
        self.0.changed.notify_one();
    }

    /// Stops what the run asks to be stopped.
    pub(crate) fn stop(&self, effects: &[LocalActivityEffect]) {
        for effect in effects {
            match effect {
                LocalActivityEffect::Cancel(number) => self.cancel(*number),
                LocalActivityEffect::Release(number) => self.release(*number),
                LocalActivityEffect::Run(_) => {}
            }
        }
    }

    /// Asks it to stop, because the workflow wants that.
    pub(super) fn cancel(&self, number: u32) {
        if let Some(cancellation) = self.lock().running.get(&number) {
            cancellation.cancel(CancelReason::Requested);
        }
    }

    /// Lets it run on without the run.
    pub(super) fn release(&self, number: u32) {
        self.lock().running.remove(&number);
        self.0.changed.notify_one();
    }

    /// Waits for the next end; none if nothing runs. One task at a time may wait.
    pub(crate) async fn next_end(&self) -> Option<(u32, LocalActivityEnd)> {
        loop {
            {
                let mut state = self.lock();
                if let Some(ended) = state.ended.pop_front() {
                    return Some(ended);
                }
                if state.running.is_empty() {
                    return None;
                }
            }
            self.0.changed.notified().await;
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::future::Future;
    use std::pin::pin;
    use std::task::{Context, Poll, Waker};
    use std::time::Duration;

    use perpetua_vocab::Timestamp;

    use super::*;

    fn end(attempt: u32) -> LocalActivityEnd {
        let scheduled = Timestamp::default();
        LocalActivityEnd { attempt, scheduled, took: Duration::ZERO, backoff: None, result: Ok(None) }
    }

    fn poll<F: Future>(future: F) -> Poll<F::Output> {
        pin!(future).as_mut().poll(&mut Context::from_waker(Waker::noop()))
    }

    #[test]
    fn ends_are_given_out_in_the_order_in_which_they_came() {
        let guard = Guard::default();
        let running = guard.running();
        for number in 1..=3 {
            running.begin(number);
        }
        assert!(poll(running.next_end()).is_pending());
        running.end(2, Some(end(2)));
        running.end(1, Some(end(1)));
        assert_eq!(poll(running.next_end()), Poll::Ready(Some((2, end(2)))));
        assert_eq!(poll(running.next_end()), Poll::Ready(Some((1, end(1)))));
        assert!(poll(running.next_end()).is_pending());
        running.end(3, None);
        assert_eq!(poll(running.next_end()), Poll::Ready(None));
    }

    #[test]
    fn what_still_runs_is_canceled_with_the_run_but_not_what_was_let_go() {
        let guard = Guard::default();
        let running = guard.running();
        let (mine, asked, free) = (running.begin(1), running.begin(2), running.begin(3));
        running.stop(&[LocalActivityEffect::Cancel(2), LocalActivityEffect::Release(3)]);
        drop(guard);
        assert_eq!(mine.reason(), Some(CancelReason::Gone));
        assert_eq!(asked.reason(), Some(CancelReason::Requested));
        assert_eq!(free.reason(), None);
        running.end(3, Some(end(1)));
        assert!(running.lock().ended.is_empty(), "nobody waits for it");
    }
}
