//! Running an activity from a workflow.

use std::fmt;
use std::future::{Future, IntoFuture};
use std::panic::Location;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use perpetua_contract::{ActivityCall, ActivityDefinition};
use perpetua_convert::{ActivityFailure, AnyError, Arguments, CallError, DataConverter, Remote};
use perpetua_core::{ActivityRequest, CancellationType, Fault, Origin, Outcome};
use perpetua_vocab::{
    ActivityId, ActivityType, Failure, FailureInfo, Header, Identity, Priority, RetryPolicy, TaskQueue, UserMetadata,
};

use crate::Ctx;
use crate::contained::with_causes;
use crate::instance::{SOURCE, failure};
use crate::operation::Operation;

/// An activity with its options, described. Await it, or [`start`](Self::start) it; nothing happens before.
///
/// At least one of [`start_to_close`](Self::start_to_close) and [`schedule_to_close`](Self::schedule_to_close) is needed:
/// without them the server could not tell a slow activity from a lost one.
#[must_use = "an activity does nothing until it is awaited or started"]
pub struct PendingActivity<D: ActivityDefinition> {
    ctx: Ctx,
    call: ActivityCall<D>,
    options: Options,
    metadata: UserMetadata,
    location: &'static Location<'static>,
}

#[derive(Default)]
struct Options {
    activity: Option<ActivityId>,
    task_queue: Option<TaskQueue>,
    schedule_to_close: Option<Duration>,
    schedule_to_start: Option<Duration>,
    start_to_close: Option<Duration>,
    heartbeat: Option<Duration>,
    retry_policy: Option<RetryPolicy>,
    priority: Option<Priority>,
    cancellation: CancellationType,
}

/// An activity, under way. Dropped before it is over, it is asked to stop.
#[must_use = "an activity does nothing until it is awaited"]
pub struct ActivityFuture<D: ActivityDefinition> {
    ctx: Ctx,
    state: State<D>,
}

enum State<D: ActivityDefinition> {
    Described(Box<PendingActivity<D>>),
    Started {
        operation: Operation,
        name: String,
    },
    /// The activity was described wrongly: the workflow task fails at the end of the turn.
    Refused,
    Over,
}

impl<D: ActivityDefinition> PendingActivity<D> {
    #[track_caller]
    pub(crate) fn new(ctx: Ctx, call: ActivityCall<D>) -> Self {
        Self { ctx, call, options: Options::default(), metadata: UserMetadata::default(), location: Location::caller() }
    }

    /// The longest one attempt may take, from the moment a worker has it.
    pub fn start_to_close(mut self, limit: Duration) -> Self {
        self.options.start_to_close = Some(limit);
        self
    }

    /// The longest all attempts together may take, waiting included.
    pub fn schedule_to_close(mut self, limit: Duration) -> Self {
        self.options.schedule_to_close = Some(limit);
        self
    }

    /// The longest it may wait for a worker. Not tried again when it passes.
    pub fn schedule_to_start(mut self, limit: Duration) -> Self {
        self.options.schedule_to_start = Some(limit);
        self
    }

    /// The longest silence of a running attempt. Needed for the activity to learn that it should stop.
    pub fn heartbeat(mut self, limit: Duration) -> Self {
        self.options.heartbeat = Some(limit);
        self
    }

    /// How failures are tried again. By default without end: after 1 s, then twice as long each time, up to 100 s.
    pub fn retry(mut self, policy: RetryPolicy) -> Self {
        self.options.retry_policy = Some(policy);
        self
    }

    /// The queue whose workers may run it. By default that of the workflow.
    pub fn task_queue(mut self, task_queue: impl Into<TaskQueue>) -> Self {
        self.options.task_queue = Some(task_queue.into());
        self
    }

    /// Its id, unique among the pending activities of the run. By default a number.
    pub fn id(mut self, id: impl Into<ActivityId>) -> Self {
        self.options.activity = Some(id.into());
        self
    }

    /// What canceling it means. By default it is asked to stop, and the workflow goes on at once.
    pub fn cancellation(mut self, cancellation: CancellationType) -> Self {
        self.options.cancellation = cancellation;
        self
    }

    /// Who goes first when the queue has a backlog.
    pub fn priority(mut self, priority: Priority) -> Self {
        self.options.priority = Some(priority);
        self
    }

    /// One line that tools show beside the activity.
    pub fn summary(mut self, summary: impl Into<String>) -> Self {
        self.metadata.summary = self.ctx.runtime.converter.payloads().encode(&summary.into()).ok();
        self
    }

    /// Starts it now; the future gives its result. Awaiting it directly starts it when it is first polled.
    pub fn start(self) -> ActivityFuture<D> {
        let mut future = self.into_future();
        future.begin();
        future
    }

    /// What to ask of the server, or what is wrong with it.
    fn request(&self) -> Result<ActivityRequest, String> {
        let name = self.call.name();
        let options = &self.options;
        if options.start_to_close.is_none() && options.schedule_to_close.is_none() {
            return Err(format!(
                "activity `{name}` has neither `.start_to_close(..)` nor `.schedule_to_close(..)`: say how long it may take"
            ));
        }
        let limits = [
            ("start_to_close", options.start_to_close),
            ("schedule_to_close", options.schedule_to_close),
            ("schedule_to_start", options.schedule_to_start),
            ("heartbeat", options.heartbeat),
        ];
        if let Some((limit, _)) = limits.iter().find(|(_, limit)| limit.is_some_and(|limit| limit.is_zero())) {
            return Err(format!("activity `{name}` has a `.{limit}(..)` of zero: it could never be met"));
        }
        let converter = &self.ctx.runtime.converter;
        let input = self
            .call
            .input()
            .encode(converter.payloads())
            .map_err(|error| format!("activity `{name}` cannot be started: {}", with_causes(&error)))?;
        Ok(ActivityRequest {
            activity_type: ActivityType::new(name),
            activity: options.activity.clone(),
            task_queue: options
                .task_queue
                .clone()
                .unwrap_or_else(|| self.ctx.runtime.info.borrow().task_queue().clone()),
            input,
            header: Header::default(),
            schedule_to_close: options.schedule_to_close,
            schedule_to_start: options.schedule_to_start,
            start_to_close: options.start_to_close,
            heartbeat: options.heartbeat,
            retry_policy: options.retry_policy.clone(),
            priority: options.priority.clone(),
            cancellation: options.cancellation,
        })
    }
}

impl<D: ActivityDefinition> IntoFuture for PendingActivity<D> {
    type Output = Result<D::Output, ActivityFailure<D::Error>>;
    type IntoFuture = ActivityFuture<D>;

    fn into_future(self) -> ActivityFuture<D> {
        ActivityFuture { ctx: self.ctx.clone(), state: State::Described(Box::new(self)) }
    }
}

impl<D: ActivityDefinition> ActivityFuture<D> {
    /// Asks for the activity, unless that was done, or the workflow was asked to stop.
    fn begin(&mut self) {
        let State::Described(described) = &mut self.state else { return };
        self.ctx.runtime.assert_may_act("start an activity");
        if self.ctx.reached_by().is_some() {
            return;
        }
        self.state = match described.request() {
            Ok(request) => {
                let metadata = std::mem::take(&mut described.metadata);
                let name = described.call.name().to_owned();
                let origin = Origin::new(metadata, described.location);
                let operation = Operation::start(&self.ctx, |run| run.start_activity(request, origin));
                State::Started { operation, name }
            }
            Err(problem) => {
                self.ctx.runtime.fail_task(Fault::code(format!("{problem} (at {})", described.location)));
                State::Refused
            }
        };
    }
}

/// What the outcome of an activity means to the code that waits for it.
pub(crate) fn settle<D: ActivityDefinition>(
    name: &str,
    outcome: Outcome,
    converter: &DataConverter,
) -> Result<D::Output, ActivityFailure<D::Error>> {
    match outcome {
        Outcome::Activity(Ok(result)) => converter.payloads().decode_result(result).map_err(|error| {
            let cause = CallError::into_failure(AnyError::from(error), converter);
            let mut failure = failure(format!("the result of activity `{name}` cannot be read"));
            failure.cause = Some(Box::new(cause));
            ActivityFailure::Other(Remote::new(*failure))
        }),
        Outcome::Activity(Err(failure)) => Err(ActivityFailure::read(*failure, converter)),
        _ => Err(ActivityFailure::Canceled(Remote::new(Failure::default()))),
    }
}

/// What code sees that wants an activity after it was asked to stop.
pub(crate) fn canceled_before<D: ActivityDefinition>(ctx: &Ctx) -> ActivityFailure<D::Error> {
    let canceled = ctx.reached_by().unwrap_or_default();
    ActivityFailure::Canceled(Remote::new(Failure {
        message: canceled.to_string(),
        source: SOURCE.to_owned(),
        info: FailureInfo::Canceled { details: None, identity: Identity::default() },
        ..Failure::default()
    }))
}

impl<D: ActivityDefinition> Future for ActivityFuture<D> {
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
            State::Over => panic!("an activity was polled again after it gave its result"),
        }
    }
}

// The call's arguments are never pinned.
impl<D: ActivityDefinition> Unpin for ActivityFuture<D> {}

impl<D: ActivityDefinition> fmt::Debug for PendingActivity<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PendingActivity").field("call", &self.call).finish_non_exhaustive()
    }
}

impl<D: ActivityDefinition> fmt::Debug for ActivityFuture<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ActivityFuture").finish_non_exhaustive()
    }
}
