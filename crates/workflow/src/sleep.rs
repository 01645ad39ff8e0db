//! Waiting for a time.

use std::future::{Future, IntoFuture};
use std::panic::Location;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use perpetua_convert::Canceled;
use perpetua_core::{Origin, Outcome, Place, TimerRequest};
use perpetua_vocab::UserMetadata;

use crate::Ctx;
use crate::operation::Operation;

/// A wait for a time, described. Await it; nothing happens before.
#[derive(Debug)]
#[must_use = "a sleep does nothing until it is awaited"]
pub struct Sleep {
    ctx: Ctx,
    after: Duration,
    metadata: UserMetadata,
    at: Place,
}

/// A wait for a time, under way. Dropped before it is over, it takes its timer back.
#[derive(Debug)]
#[must_use = "a sleep does nothing until it is awaited"]
pub struct SleepFuture {
    ctx: Ctx,
    state: State,
}

#[derive(Debug)]
enum State {
    Described { after: Duration, metadata: UserMetadata, at: Place },
    Started(Operation),
    Over,
}

impl Sleep {
    #[track_caller]
    pub(crate) fn new(ctx: Ctx, after: Duration) -> Self {
        Self { ctx, after, metadata: UserMetadata::default(), at: Location::caller() }
    }

    /// Says which line of source code described it.
    pub(crate) fn described_at(mut self, at: Place) -> Self {
        self.at = at;
        self
    }

    /// One line that tools show beside the timer.
    pub fn summary(mut self, summary: impl Into<String>) -> Self {
        self.metadata.summary = self.ctx.runtime.converter.payloads().encode(&summary.into()).ok();
        self
    }
}

impl IntoFuture for Sleep {
    type Output = Result<(), Canceled>;
    type IntoFuture = SleepFuture;

    fn into_future(self) -> SleepFuture {
        let Self { ctx, after, metadata, at } = self;
        SleepFuture { ctx, state: State::Described { after, metadata, at } }
    }
}

impl Future for SleepFuture {
    type Output = Result<(), Canceled>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let Self { ctx, state } = &mut *self;
        if let State::Described { after, metadata, at } = state {
            ctx.runtime.assert_may_act("start a timer");
            let request = TimerRequest { after: *after };
            let origin = Origin::new(std::mem::take(metadata), at);
            if let Some(canceled) = ctx.reached_by() {
                *state = State::Over;
                return Poll::Ready(Err(canceled));
            }
            if request.after.is_zero() {
                *state = State::Over;
                return Poll::Ready(Ok(()));
            }
            let operation = Operation::start(ctx, |run| run.start_timer(request, origin));
            *state = State::Started(operation);
        }
        let State::Started(operation) = state else { panic!("a sleep was polled again after it was over") };
        let Poll::Ready(outcome) = operation.poll_outcome(context) else { return Poll::Pending };
        *state = State::Over;
        Poll::Ready(match outcome {
            Outcome::Fired => Ok(()),
            _ => Err(ctx.cancellation().unwrap_or_default()),
        })
    }
}
