//! Which queue the next poll of a workflow poller goes to.
//!
//! A run that this worker remembers gets its tasks from the sticky queue, everything else comes from the normal one. All
//! pollers serve both: each poll goes where fewer are waiting, or to a sticky queue with a backlog, but never leaves the
//! normal queue unattended.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// How many polls wait at each queue.
#[derive(Debug)]
pub(crate) struct Queues {
    /// Whether there is a sticky queue at all.
    sticky: bool,
    waiting: Mutex<Waiting>,
}

#[derive(Debug, Default)]
struct Waiting {
    sticky: usize,
    normal: usize,
    /// How many tasks wait in the sticky queue, as the server last said.
    backlog: i64,
}

/// A poll that waits at a queue; it is counted until it is dropped.
#[derive(Debug)]
pub(crate) struct Waits<'a> {
    queues: &'a Queues,
    /// Whether it waits at the sticky queue.
    pub(crate) sticky: bool,
}

impl Queues {
    pub(crate) fn new(sticky: bool) -> Self {
        Self { sticky, waiting: Mutex::default() }
    }

    /// Whether there is a sticky queue.
    pub(crate) fn has_sticky(&self) -> bool {
        self.sticky
    }

    /// Chooses a queue for the next poll.
    pub(crate) fn choose(&self) -> Waits<'_> {
        let mut waiting = self.lock();
        let backlog = waiting.backlog > 0 && waiting.normal > 0;
        let sticky = self.sticky && (backlog || waiting.sticky <= waiting.normal);
        *waiting.at(sticky) += 1;
        Waits { queues: self, sticky }
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Waiting {
    fn at(&mut self, sticky: bool) -> &mut usize {
        if sticky { &mut self.sticky } else { &mut self.normal }
    }
}

impl Waits<'_> {
    /// Notes what the server said about the queue.
    pub(crate) fn learn(&self, backlog: i64) {
        if self.sticky {
            self.queues.lock().backlog = backlog;
        }
    }
}

impl Drop for Waits<'_> {
    fn drop(&mut self) {
        *self.queues.lock().at(self.sticky) -= 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen<'a>(queues: &'a Queues, polls: usize) -> Vec<Waits<'a>> {
        (0..polls).map(|_| queues.choose()).collect()
    }

    fn sticky(polls: &[Waits<'_>]) -> usize {
        polls.iter().filter(|poll| poll.sticky).count()
    }

    #[test]
    fn two_polls_wait_at_one_queue_each() {
        let queues = Queues::new(true);
        let polls = chosen(&queues, 2);
        assert_eq!(sticky(&polls), 1);
        let five = chosen(&Queues::new(true), 5).len();
        assert_eq!(five, 5);
    }

    #[test]
    fn a_poll_that_ended_is_replaced_where_it_was() {
        for ended in 0..2 {
            let queues = Queues::new(true);
            let mut polls = chosen(&queues, 2);
            let was = polls.remove(ended).sticky;
            assert_eq!(queues.choose().sticky, was);
        }
    }

    #[test]
    fn a_backlog_draws_polls_but_leaves_one_at_the_normal_queue() {
        let queues = Queues::new(true);
        queues.choose().learn(10);
        let polls = chosen(&queues, 5);
        assert_eq!(sticky(&polls), 4);
        polls.iter().for_each(|poll| poll.learn(0));
        drop(polls);
        assert_eq!(sticky(&chosen(&queues, 4)), 2);
    }

    #[test]
    fn without_a_cache_there_is_only_the_normal_queue() {
        let queues = Queues::new(false);
        assert_eq!(sticky(&chosen(&queues, 3)), 0);
    }
}
