//! Heartbeats of one attempt: what the activity reports, and when it is sent.
//!
//! The activity records as often as it likes, from any thread. The first report is sent at once; then a pause, and after
//! it only the newest of what was recorded meanwhile. What could not be sent counts as not sent, and is tried again
//! after the pause unless something newer was recorded.
//!
//! ```text
//! record ──> newest ──(at most once a pause)──> server ──> known
//! ```

use std::convert::Infallible;
use std::future::Future;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use perpetua_vocab::Payloads;
use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until};

/// How often heartbeats are sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Throttle {
    /// The pause between two, where the activity has no heartbeat timeout.
    pub(crate) default: Duration,
    /// The longest pause.
    pub(crate) longest: Duration,
}

impl Throttle {
    /// The pause between two heartbeats of an activity with this heartbeat timeout: four fifths of it.
    pub(crate) fn pause(self, timeout: Option<Duration>) -> Duration {
        match timeout {
            Some(timeout) if !timeout.is_zero() => timeout.saturating_mul(4) / 5,
            _ => self.default,
        }
        .min(self.longest)
    }
}

/// Whether the server has heard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sent {
    /// It has, or it never will.
    Done,
    /// It has not; try again.
    Failed,
}

/// What was recorded, and how much of it the server knows.
#[derive(Debug, Default)]
pub(crate) struct Heartbeats {
    recorded: Mutex<Recorded>,
    changed: Notify,
}

#[derive(Debug, Default)]
struct Recorded {
    newest: Payloads,
    /// How many were recorded.
    count: u64,
    /// How many of them the server knows, or need not know because it knows a newer one.
    known: u64,
}

impl Heartbeats {
    /// Takes the newest details.
    pub(crate) fn record(&self, details: Payloads) {
        let mut recorded = self.recorded.lock().unwrap_or_else(PoisonError::into_inner);
        recorded.newest = details;
        recorded.count += 1;
        self.changed.notify_one();
    }

    /// Sends what is recorded, until it is dropped.
    pub(crate) async fn deliver<F: Future<Output = Sent>>(
        &self,
        pause: Duration,
        send: impl Fn(Payloads) -> F,
    ) -> Infallible {
        loop {
            let (details, count) = self.next_unsent().await;
            let begun = Instant::now();
            if send(details).await == Sent::Done {
                self.known(count);
            }
            sleep_until(begun + pause).await;
        }
    }

    /// Sends what the server does not know yet, without a pause. For the end of an attempt.
    pub(crate) async fn flush<F: Future<Output = Sent>>(&self, send: impl FnOnce(Payloads) -> F) {
        if let Some((details, count)) = self.unsent()
            && send(details).await == Sent::Done
        {
            self.known(count);
        }
    }

    /// The newest details, if the server does not know them.
    pub(crate) fn take_unsent(&self) -> Option<Payloads> {
        let (details, count) = self.unsent()?;
        self.known(count);
        Some(details)
    }

    async fn next_unsent(&self) -> (Payloads, u64) {
        loop {
            if let Some(unsent) = self.unsent() {
                return unsent;
            }
            self.changed.notified().await;
        }
    }

    fn unsent(&self) -> Option<(Payloads, u64)> {
        let recorded = self.recorded.lock().unwrap_or_else(PoisonError::into_inner);
        (recorded.count > recorded.known).then(|| (recorded.newest.clone(), recorded.count))
    }

    fn known(&self, count: u64) {
        let mut recorded = self.recorded.lock().unwrap_or_else(PoisonError::into_inner);
        recorded.known = recorded.known.max(count);
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use perpetua_vocab::Payload;
    use tokio::time::{sleep, timeout};

    use super::*;

    const PAUSE: Duration = Duration::from_secs(8);

    fn details(number: u32) -> Payloads {
        vec![Payload::encoded("json/plain", number.to_string())]
    }

    fn number(details: &Payloads) -> u32 {
        std::str::from_utf8(&details[0].data).expect("text").parse().expect("a number")
    }

    /// Runs a recording activity beside the delivery; gives back when what was sent, in seconds.
    async fn sent(
        heartbeats: &Heartbeats,
        activity: impl Future<Output = ()>,
        answer: impl Fn(u32) -> Sent,
    ) -> Vec<(u64, u32)> {
        let begun = Instant::now();
        let sent = RefCell::new(Vec::new());
        let delivery = heartbeats.deliver(PAUSE, |details| {
            sent.borrow_mut().push((begun.elapsed().as_secs(), number(&details)));
            let answer = answer(number(&details));
            async move { answer }
        });
        tokio::select! {
            never = delivery => match never {},
            () = activity => {}
        }
        sent.into_inner()
    }

    #[test]
    fn the_pause_is_four_fifths_of_the_timeout_within_limits() {
        let throttle = Throttle { default: Duration::from_secs(30), longest: Duration::from_secs(60) };
        let pause = |millis: Option<u64>| throttle.pause(millis.map(Duration::from_millis)).as_millis();
        assert_eq!(pause(Some(10_000)), 8_000);
        assert_eq!(pause(Some(100_000)), 60_000);
        assert_eq!(pause(None), 30_000);
        assert_eq!(pause(Some(0)), 30_000, "zero is unset");
        assert_eq!(throttle.pause(Some(Duration::MAX)).as_secs(), 60);
    }

    #[tokio::test(start_paused = true)]
    async fn the_first_is_sent_at_once_and_then_only_the_newest_after_a_pause() {
        let heartbeats = Heartbeats::default();
        let activity = async {
            heartbeats.record(details(0));
            sleep(Duration::from_millis(500)).await;
            for number in 1..20 {
                heartbeats.record(details(number));
                sleep(Duration::from_secs(1)).await;
            }
        };
        let sent = sent(&heartbeats, activity, |_| Sent::Done).await;
        assert_eq!(sent, [(0, 0), (8, 8), (16, 16)]);
    }

    #[tokio::test(start_paused = true)]
    async fn silence_sends_nothing() {
        let heartbeats = Heartbeats::default();
        let activity = async {
            heartbeats.record(details(1));
            sleep(Duration::from_secs(100)).await;
            heartbeats.record(details(2));
            sleep(Duration::from_secs(100)).await;
        };
        assert_eq!(sent(&heartbeats, activity, |_| Sent::Done).await, [(0, 1), (100, 2)]);
    }

    #[tokio::test(start_paused = true)]
    async fn what_failed_is_tried_again_after_the_pause_unless_there_is_something_newer() {
        let heartbeats = Heartbeats::default();
        let activity = async {
            heartbeats.record(details(1));
            sleep(Duration::from_secs(12)).await;
            heartbeats.record(details(2));
            sleep(Duration::from_secs(100)).await;
        };
        let answer = |number| if number == 1 { Sent::Failed } else { Sent::Done };
        assert_eq!(sent(&heartbeats, activity, answer).await, [(0, 1), (8, 1), (16, 2)]);
    }

    #[tokio::test(start_paused = true)]
    async fn what_was_under_way_when_the_attempt_ended_is_flushed() {
        let heartbeats = Heartbeats::default();
        heartbeats.record(details(1));
        let stuck = heartbeats.deliver(PAUSE, |_| std::future::pending());
        timeout(Duration::from_secs(1), stuck).await.expect_err("the server does not answer");
        heartbeats.record(details(2));
        heartbeats.flush(async |details| if number(&details) == 2 { Sent::Done } else { Sent::Failed }).await;
        assert_eq!(heartbeats.take_unsent(), None);
    }

    #[tokio::test]
    async fn what_could_not_be_flushed_is_still_there() {
        let heartbeats = Heartbeats::default();
        heartbeats.flush(async |_| unreachable!("nothing was recorded")).await;
        heartbeats.record(details(3));
        heartbeats.flush(async |_| Sent::Failed).await;
        assert_eq!(heartbeats.take_unsent(), Some(details(3)));
        assert_eq!(heartbeats.take_unsent(), None);
    }
}
