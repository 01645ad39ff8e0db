//! Running a local activity from a workflow.

use std::fmt;
use std::future::{Future, IntoFuture};
use std::panic::Location;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use perpetua_contract::{ActivityCall, ActivityDefinition};
use perpetua_convert::{ActivityFailure, Arguments};
use perpetua_core::{CancellationType, Fault, LocalActivityRequest, Origin};
use perpetua_vocab::{ActivityId, ActivityType, Header, RetryPolicy, UserMetadata};

use crate::Ctx;
use crate::activity::{canceled_before, settle};
use crate::contained::with_causes;
use crate::operation::Operation;

/// The longest wait between two attempts that keeps the workflow task, unless told otherwise.
const LOCAL_RETRY_THRESHOLD: Duration = Duration::from_secs(60);

/// A local activity with its options, described. Await it, or [`start`](Self::start) it; nothing happens before.
///
/// At least one of [`start_to_close`](Self::start_to_close) and [`schedule_to_close`](Self::schedule_to_close) is needed:
/// without them a slow activity could keep the worker for ever.
#[must_use = "a local activity does nothing until it is awaited or started"]
pub struct PendingLocalActivity<D: ActivityDefinition> {
    ctx: Ctx,
    call: ActivityCall<D>,
    options: Options,
    metadata: UserMetadata,
    location: &'static Location<'static>,
}

#[derive(Default)]
struct Options {
    activity: Option<ActivityId>,
    schedule_to_close: Option<Duration>,
    schedule_to_start: Option<Duration>,
    start_to_close: Option<Duration>,
    retry_policy: Option<RetryPolicy>,
    local_retry_threshold: Option<Duration>,
    cancellation: CancellationType,
}

/// A local activity, under way. Dropped before it is over, it is asked to stop.
#[must_use = "a local activity does nothing until it is awaited"]
pub struct LocalActivityFuture<D: ActivityDefinition> {
    ctx: Ctx,
    state: State<D>,
}

enum State<D: ActivityDefinition> {
    Described(Box<PendingLocalActivity<D>>),
    Started {
        operation: Operation,
        name: String,
    },
    /// It was described wrongly: the workflow task fails at the end of the turn.
    Refused,
    Over,
}

impl<D: ActivityDefinition> PendingLocalActivity<D> {
    #[track_caller]
    pub(crate) fn new(ctx: Ctx, call: ActivityCall<D>) -> Self {
        Self { ctx, call, options: Options::default(), metadata: UserMetadata::default(), location: Location::caller() }
    }

    /// The longest one attempt may take. One that takes longer is tried again, if the policy allows it.
    pub fn start_to_close(mut self, limit: Duration) -> Self {
        self.options.start_to_close = Some(limit);
        self
    }

    /// The longest all attempts together may take, with the waits between them.
    pub fn schedule_to_close(mut self, limit: Duration) -> Self {
        self.options.schedule_to_close = Some(limit);
        self
    }

    /// The longest it may wait until the worker has room for it. Not tried again when it passes.
    pub fn schedule_to_start(mut self, limit: Duration) -> Self {
        self.options.schedule_to_start = Some(limit);
        self
    }

    /// How failures are tried again. By default without end: after 1 s, then twice as long each time, up to 100 s.
    pub fn retry(mut self, policy: RetryPolicy) -> Self {
        self.options.retry_policy = Some(policy);
        self
    }

    /// The longest wait between two attempts during which the workflow task is kept, so that nothing of it is in the
    /// history; 1 minute by default. A longer one is a timer of the workflow, and may end on another worker.
    pub fn local_retry_threshold(mut self, wait: Duration) -> Self {
        self.options.local_retry_threshold = Some(wait);
        self
    }

    /// Its id. By default a number.
    pub fn id(mut self, id: impl Into<ActivityId>) -> Self {
        self.options.activity = Some(id.into());
        self
    }

    /// What canceling it means. By default it is asked to stop, and the workflow goes on at once.
    pub fn cancellation(mut self, cancellation: CancellationType) -> Self {
        self.options.cancellation = cancellation;
        self
    }

    /// One line that tools show beside its result.
    pub fn summary(mut self, summary: impl Into<String>) -> Self {
        self.metadata.summary = self.ctx.runtime.converter.payloads().encode(&summary.into()).ok();
        self
    }

    /// Starts it now; the future gives its result. Awaiting it directly starts it when it is first polled.
    pub fn start(self) -> LocalActivityFuture<D> {
        let mut future = self.into_future();
        future.begin();
        future
    }

    /// What to ask of the worker, or what is wrong with it.
    fn request(&self) -> Result<LocalActivityRequest, String> {
        let name = self.call.name();
        let options = &self.options;
        if options.start_to_close.is_none() && options.schedule_to_close.is_none() {
            return Err(format!(
                "local activity `{name}` has neither `.start_to_close(..)` nor `.schedule_to_close(..)`: say how long it \
                 may take"
            ));
        }
        let limits = [
            ("start_to_close", options.start_to_close),
            ("schedule_to_close", options.schedule_to_close),
            ("schedule_to_start", options.schedule_to_start),
        ];
        if let Some((limit, _)) = limits.iter().find(|(_, limit)| limit.is_some_and(|limit| limit.is_zero())) {
            return Err(format!("local activity `{name}` has a `.{limit}(..)` of zero: it could never be met"));
        }
        let converter = &self.ctx.runtime.converter;
        let input = self
            .call
            .input()
            .encode(converter.payloads())
            .map_err(|error| format!("local activity `{name}` cannot be started: {}", with_causes(&error)))?;
        Ok(LocalActivityRequest {
            activity_type: ActivityType::new(name),
            activity: options.activity.clone(),
            input,
            header: Header::default(),
            schedule_to_close: options.schedule_to_close,
            schedule_to_start: options.schedule_to_start,
            start_to_close: options.start_to_close,
            retry_policy: options.retry_policy.clone(),
            local_retry_threshold: options.local_retry_threshold.unwrap_or(LOCAL_RETRY_THRESHOLD),
            cancellation: options.cancellation,
        })
    }
}

impl<D: ActivityDefinition> IntoFuture for PendingLocalActivity<D> {
    type Output = Result<D::Output, ActivityFailure<D::Error>>;
    type IntoFuture = LocalActivityFuture<D>;

    fn into_future(self) -> LocalActivityFuture<D> {
        LocalActivityFuture { ctx: self.ctx.clone(), state: State::Described(Box::new(self)) }
    }
}

impl<D: ActivityDefinition> LocalActivityFuture<D> {
    /// Asks for the activity, unless that was done, or the workflow was asked to stop.
    fn begin(&mut self) {
        let State::Described(described) = &mut self.state else { return };
        self.ctx.runtime.assert_may_act("start a local activity");
        if self.ctx.reached_by().is_some() {
            return;
        }
        self.state = match described.request() {
            Ok(request) => {
                let origin = Origin::new(std::mem::take(&mut described.metadata), described.location);
                let name = described.call.name().to_owned();
                let operation = Operation::start(&self.ctx, |run| run.start_local_activity(request, origin));
                State::Started { operation, name }
            }
            Err(problem) => {
                self.ctx.runtime.fail_task(Fault::code(format!("{problem} (at {})", described.location)));
                State::Refused
            }
        };
    }
}

impl<D: ActivityDefinition> Future for LocalActivityFuture<D> {
    type Output = Result<D::Output, ActivityFailure<D::Error>>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        self.begin();
        match &mut self.state {
            State::Described(_) => {
                self.state = State::Over;
                Poll::Ready(Err(canceled_before::<D>(&self.ctx)))
            }
            State::Started { operation, name } => {
                let Poll::Ready(outcome) = operation.poll_outcome(context) else { return Poll::Pending };
                let name = std::mem::take(name);
                self.state = State::Over;
                Poll::Ready(settle::<D>(&name, outcome, &self.ctx.runtime.converter))
            }
            State::Refused => Poll::Pending,
            State::Over => panic!("a local activity was polled again after it gave its result"),
        }
    }
}

// The call's arguments are never pinned.
impl<D: ActivityDefinition> Unpin for LocalActivityFuture<D> {}

impl<D: ActivityDefinition> fmt::Debug for PendingLocalActivity<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PendingLocalActivity").field("call", &self.call).finish_non_exhaustive()
    }
}

impl<D: ActivityDefinition> fmt::Debug for LocalActivityFuture<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LocalActivityFuture").finish_non_exhaustive()
    }
}
