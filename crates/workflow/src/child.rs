//! Child workflows.

mod handle;

use std::fmt;
use std::future::{Future, IntoFuture};
use std::panic::Location;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use perpetua_contract::{WorkflowCall, WorkflowDefinition};
use perpetua_convert::{
    AnyError, Arguments, CallError, ChildFailure, ConversionError, Remote, SearchAttributeKey, SearchAttributeKind,
    SearchAttributeValue,
};
use perpetua_core::{ChildCancellationType, ChildRequest, Fault, Origin, Outcome};
use perpetua_vocab::{
    Failure, FailureInfo, Fields, Header, Identity, ParentClosePolicy, Priority, RetryPolicy, StartChildWorkflow,
    TaskQueue, UserMetadata, WorkflowExecution, WorkflowId, WorkflowIdReusePolicy, WorkflowType,
};
use serde::Serialize;

pub use handle::{ChildHandle, ChildResult};

use crate::Ctx;
use crate::contained::with_causes;
use crate::instance::{SOURCE, failure};
use crate::operation::Operation;

/// A child workflow with its options, described. Await it for its result, or [`start`](Self::start) it for a handle;
/// nothing happens before.
#[must_use = "a child workflow does nothing until it is awaited or started"]
pub struct PendingChildWorkflow<D: WorkflowDefinition> {
    ctx: Ctx,
    call: WorkflowCall<D>,
    options: Options,
    metadata: UserMetadata,
    location: &'static Location<'static>,
}

#[derive(Default)]
struct Options {
    workflow_id: Option<WorkflowId>,
    task_queue: Option<TaskQueue>,
    execution_timeout: Option<Duration>,
    run_timeout: Option<Duration>,
    task_timeout: Option<Duration>,
    parent_close_policy: ParentClosePolicy,
    id_reuse_policy: WorkflowIdReusePolicy,
    retry_policy: Option<RetryPolicy>,
    cron_schedule: String,
    priority: Option<Priority>,
    cancellation: ChildCancellationType,
    memo: Fields,
    search_attributes: Fields,
    /// The first value that cannot be sent, and why not.
    unsendable: Option<ConversionError>,
}

/// A child workflow under way; gives its result. Dropped before it is over, it cancels the child, as the child's
/// [`cancellation`](PendingChildWorkflow::cancellation) has it.
#[must_use = "a child workflow does nothing until it is awaited"]
pub struct ChildFuture<D: WorkflowDefinition> {
    state: State<D, Operation>,
}

/// A child workflow about to start; gives its handle when it runs. Dropped before, it cancels the child.
#[must_use = "await it to know whether the child runs; dropped before, it cancels the child"]
pub struct ChildStart<D: WorkflowDefinition> {
    state: State<D, Starting>,
}

/// A child that was asked for.
struct Starting {
    started: Operation,
    result: Operation,
    workflow_id: WorkflowId,
}

enum State<D: WorkflowDefinition, S> {
    Described(Box<PendingChildWorkflow<D>>),
    Started {
        ctx: Ctx,
        name: String,
        pending: S,
    },
    /// The child was described wrongly: the workflow task fails at the end of the turn.
    Refused,
    Over,
}

impl<D: WorkflowDefinition> PendingChildWorkflow<D> {
    #[track_caller]
    pub(crate) fn new(ctx: Ctx, call: WorkflowCall<D>) -> Self {
        Self { ctx, call, options: Options::default(), metadata: UserMetadata::default(), location: Location::caller() }
    }

    /// Its workflow id. By default a UUID from the workflow's randomness.
    pub fn id(mut self, id: impl Into<WorkflowId>) -> Self {
        self.options.workflow_id = Some(id.into());
        self
    }

    /// The queue whose workers may run it. By default that of this workflow.
    pub fn task_queue(mut self, task_queue: impl Into<TaskQueue>) -> Self {
        self.options.task_queue = Some(task_queue.into());
        self
    }

    /// What happens to it when this workflow closes. By default it is terminated.
    pub fn parent_close(mut self, policy: ParentClosePolicy) -> Self {
        self.options.parent_close_policy = policy;
        self
    }

    /// Whether the id of a closed workflow may be used again. By default it may.
    pub fn id_reuse(mut self, policy: WorkflowIdReusePolicy) -> Self {
        self.options.id_reuse_policy = policy;
        self
    }

    /// The longest all its runs together may take. By default there is no limit.
    pub fn execution_timeout(mut self, limit: Duration) -> Self {
        self.options.execution_timeout = Some(limit);
        self
    }

    /// The longest one run of it may take. By default there is no limit.
    pub fn run_timeout(mut self, limit: Duration) -> Self {
        self.options.run_timeout = Some(limit);
        self
    }

    /// The longest one workflow task of it may take. By default 10 s.
    pub fn task_timeout(mut self, limit: Duration) -> Self {
        self.options.task_timeout = Some(limit);
        self
    }

    /// How its failures are tried again. By default not at all.
    pub fn retry(mut self, policy: RetryPolicy) -> Self {
        self.options.retry_policy = Some(policy);
        self
    }

    /// The cron expression by which it runs again and again.
    pub fn cron(mut self, schedule: impl Into<String>) -> Self {
        self.options.cron_schedule = schedule.into();
        self
    }

    /// Who goes first when the queue has a backlog. By default the same as for this workflow.
    pub fn priority(mut self, priority: Priority) -> Self {
        self.options.priority = Some(priority);
        self
    }

    /// What canceling it means. By default it is asked to stop, and the workflow waits for how it ends.
    pub fn cancellation(mut self, cancellation: ChildCancellationType) -> Self {
        self.options.cancellation = cancellation;
        self
    }

    /// Adds a value that is shown with the child and in lists, but cannot be searched for.
    pub fn memo(mut self, key: impl Into<String>, value: impl Serialize) -> Self {
        match self.ctx.runtime.converter.payloads().encode(&value) {
            Ok(payload) => {
                self.options.memo.insert(key.into(), payload);
            }
            Err(error) => {
                self.options.unsendable.get_or_insert(error);
            }
        }
        self
    }

    /// Sets a search attribute of the child, by which it is found. The server must know it, with the kind of the key.
    pub fn search_attribute<K: SearchAttributeKind>(
        mut self,
        key: SearchAttributeKey<K>,
        value: impl SearchAttributeValue<K>,
    ) -> Self {
        match key.set(value).into_field() {
            Ok((name, payload)) => {
                self.options.search_attributes.insert(name, payload);
            }
            Err(error) => {
                self.options.unsendable.get_or_insert(error);
            }
        }
        self
    }

    /// One line, in Markdown, that tools show beside the child, and with the child itself.
    pub fn summary(mut self, summary: impl Into<String>) -> Self {
        self.metadata.summary = self.ctx.runtime.converter.payloads().encode(&summary.into()).ok();
        self
    }

    /// Several lines, in Markdown, that tools show with the child itself.
    pub fn details(mut self, details: impl Into<String>) -> Self {
        self.metadata.details = self.ctx.runtime.converter.payloads().encode(&details.into()).ok();
        self
    }

    /// Starts it now; awaiting that gives a handle as soon as the child runs.
    pub fn start(self) -> ChildStart<D> {
        let mut start = ChildStart { state: State::Described(Box::new(self)) };
        start.state.begin(|starting| starting);
        start
    }

    /// What to ask of the server, or what is wrong with it.
    fn request(&self) -> Result<ChildRequest, String> {
        let name = self.call.name();
        let options = &self.options;
        let limits = [
            ("execution_timeout", options.execution_timeout),
            ("run_timeout", options.run_timeout),
            ("task_timeout", options.task_timeout),
        ];
        if let Some((limit, _)) = limits.iter().find(|(_, limit)| limit.is_some_and(|limit| limit.is_zero())) {
            return Err(format!("child workflow `{name}` has a `.{limit}(..)` of zero: it could never be met"));
        }
        if let Some(error) = &options.unsendable {
            return Err(format!("child workflow `{name}` cannot be started: {}", with_causes(error)));
        }
        let converter = &self.ctx.runtime.converter;
        let input = self
            .call
            .input()
            .encode(converter.payloads())
            .map_err(|error| format!("child workflow `{name}` cannot be started: {}", with_causes(&error)))?;
        let workflow_id = options.workflow_id.clone();
        let workflow_id = workflow_id.unwrap_or_else(|| WorkflowId::new(self.ctx.uuid().to_string()));
        let info = self.ctx.runtime.info.borrow();
        Ok(ChildRequest {
            start: StartChildWorkflow {
                namespace: info.namespace().clone(),
                workflow_id,
                workflow_type: WorkflowType::new(name),
                task_queue: options.task_queue.clone().unwrap_or_else(|| info.task_queue().clone()),
                input,
                header: Header::default(),
                execution_timeout: options.execution_timeout,
                run_timeout: options.run_timeout,
                task_timeout: options.task_timeout,
                parent_close_policy: options.parent_close_policy,
                id_reuse_policy: options.id_reuse_policy,
                retry_policy: options.retry_policy.clone(),
                cron_schedule: options.cron_schedule.clone(),
                memo: Some(options.memo.clone()).filter(|memo| !memo.is_empty()),
                search_attributes: Some(options.search_attributes.clone()).filter(|attributes| !attributes.is_empty()),
                priority: options.priority.clone(),
            },
            cancellation: options.cancellation,
        })
    }
}

impl<D: WorkflowDefinition> IntoFuture for PendingChildWorkflow<D> {
    type Output = Result<D::Output, ChildFailure<D::Error>>;
    type IntoFuture = ChildFuture<D>;

    fn into_future(self) -> ChildFuture<D> {
        ChildFuture { state: State::Described(Box::new(self)) }
    }
}

impl<D: WorkflowDefinition, S> State<D, S> {
    /// Asks for the child, unless that was done, or the workflow was asked to stop.
    fn begin(&mut self, keep: impl FnOnce(Starting) -> S) {
        let Self::Described(described) = self else { return };
        let ctx = described.ctx.clone();
        ctx.runtime.assert_may_act("start a child workflow");
        if ctx.reached_by().is_some() {
            return;
        }
        *self = match described.request() {
            Ok(request) => {
                let metadata = std::mem::take(&mut described.metadata);
                let name = described.call.name().to_owned();
                let workflow_id = request.start.workflow_id.clone();
                let origin = Origin::new(metadata, described.location);
                let tickets = ctx.runtime.run.borrow_mut().start_child(request, origin);
                let (started, result) = (Operation::of(&ctx, tickets.started), Operation::of(&ctx, tickets.result));
                let pending = keep(Starting { started, result, workflow_id });
                Self::Started { ctx, name, pending }
            }
            Err(problem) => {
                ctx.runtime.fail_task(Fault::code(format!("{problem} (at {})", described.location)));
                Self::Refused
            }
        };
    }

    /// What is to be waited for; or how it ended already.
    fn poll<T>(
        &mut self,
        keep: impl FnOnce(Starting) -> S,
        poll: impl FnOnce(&mut S) -> Poll<Outcome>,
        settle: impl FnOnce(Ctx, String, S, Outcome) -> Result<T, ChildFailure<D::Error>>,
    ) -> Poll<Result<T, ChildFailure<D::Error>>> {
        self.begin(keep);
        match self {
            Self::Described(described) => {
                let canceled = canceled(&described.ctx);
                *self = Self::Over;
                Poll::Ready(Err(canceled))
            }
            Self::Started { pending, .. } => {
                let Poll::Ready(outcome) = poll(pending) else { return Poll::Pending };
                match std::mem::replace(self, Self::Over) {
                    Self::Started { ctx, name, pending } => Poll::Ready(settle(ctx, name, pending, outcome)),
                    _ => Poll::Pending,
                }
            }
            Self::Refused => Poll::Pending,
            Self::Over => panic!("a child workflow was polled again after it gave its result"),
        }
    }
}

/// The child of a workflow that was asked to stop is not asked for.
fn canceled<E>(ctx: &Ctx) -> ChildFailure<E> {
    ChildFailure::Canceled(Remote::new(Failure {
        message: ctx.reached_by().unwrap_or_default().to_string(),
        source: SOURCE.to_owned(),
        info: FailureInfo::Canceled { details: None, identity: Identity::default() },
        ..Failure::default()
    }))
}

fn settle<D: WorkflowDefinition>(ctx: &Ctx, name: &str, outcome: Outcome) -> Result<D::Output, ChildFailure<D::Error>> {
    let converter = &ctx.runtime.converter;
    match outcome {
        Outcome::Child(Ok(result)) => converter.payloads().decode_result(result).map_err(|error| {
            let cause = CallError::into_failure(AnyError::from(error), converter);
            let mut failure = failure(format!("the result of child workflow `{name}` cannot be read"));
            failure.cause = Some(Box::new(cause));
            ChildFailure::Other(Remote::new(*failure))
        }),
        Outcome::Child(Err(failure)) | Outcome::ChildNotStarted { failure, .. } => {
            Err(ChildFailure::read(*failure, converter))
        }
        _ => Err(canceled(ctx)),
    }
}

impl<D: WorkflowDefinition> Future for ChildFuture<D> {
    type Output = Result<D::Output, ChildFailure<D::Error>>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        // Nobody waits for the start.
        let keep = |Starting { started, result, .. }: Starting| {
            started.detach();
            result
        };
        self.state.poll(
            keep,
            |result| result.poll_outcome(context),
            |ctx, name, _, outcome| settle::<D>(&ctx, &name, outcome),
        )
    }
}

impl<D: WorkflowDefinition> Future for ChildStart<D> {
    type Output = Result<D::Handle<ChildHandle<D>>, ChildFailure<D::Error>>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        self.state.poll(
            |starting| starting,
            |starting| starting.started.poll_outcome(context),
            |ctx, name, starting, outcome| match outcome {
                Outcome::ChildStarted(run_id) => {
                    let Starting { started: _, result, workflow_id } = starting;
                    let execution = WorkflowExecution { workflow_id, run_id };
                    Ok(D::handle(ChildHandle::new(ctx, name, execution, result)))
                }
                Outcome::Child(Err(failure)) | Outcome::ChildNotStarted { failure, .. } => {
                    Err(ChildFailure::read(*failure, &ctx.runtime.converter))
                }
                _ => Err(canceled(&ctx)),
            },
        )
    }
}

// The call's arguments are never pinned.
impl<D: WorkflowDefinition> Unpin for ChildFuture<D> {}
impl<D: WorkflowDefinition> Unpin for ChildStart<D> {}

impl<D: WorkflowDefinition> fmt::Debug for PendingChildWorkflow<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PendingChildWorkflow").field("call", &self.call).finish_non_exhaustive()
    }
}

impl<D: WorkflowDefinition> fmt::Debug for ChildFuture<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ChildFuture").finish_non_exhaustive()
    }
}

impl<D: WorkflowDefinition> fmt::Debug for ChildStart<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ChildStart").finish_non_exhaustive()
    }
}
