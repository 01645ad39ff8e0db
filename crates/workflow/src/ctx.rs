//! The context: everything a workflow can do that is not plain computation.

use std::fmt;
use std::future::{Future, IntoFuture};
use std::rc::Rc;
use std::time::{Duration, SystemTime};

use perpetua_contract::{ActivityCall, ActivityDefinition, WorkflowCall, WorkflowDefinition};
use perpetua_convert::{Canceled, DataConverter};
use perpetua_vocab::WorkflowId;
use uuid::Uuid;

use crate::activity::PendingActivity;
use crate::cancel::{Cancelable, CancellationFuture, CancellationScope, Shielded};
use crate::child::PendingChildWorkflow;
use crate::concurrent::{JoinAll, TryJoinAll};
use crate::external::ExternalHandle;
use crate::guard::unguarded;
use crate::info::{UpdateInfo, WorkflowInfo};
use crate::local_activity::PendingLocalActivity;
use crate::log::Logger;
use crate::random::Random;
use crate::runtime::Runtime;
use crate::scope::Scope;
use crate::sleep::Sleep;
use crate::spawn::{JoinHandle, spawn};
use crate::timeout::Timeout;
use crate::wait::WaitUntil;

/// A workflow's way to everything that is not plain computation: activities, timers, the present, randomness.
///
/// Cheap to clone. It stays on its thread: an operation of a workflow cannot be moved into another thread or runtime.
#[derive(Clone)]
pub struct Ctx {
    pub(crate) runtime: Rc<Runtime>,
    pub(crate) scope: Rc<Scope>,
}

impl Ctx {
    /// Runs an activity. Options are chained on it; awaiting it gives the activity's result.
    ///
    /// With the stub of an activity, `greet(name)` or `Bank::withdraw(account, cents)`, names and types are checked; without
    /// one, an activity is called by its name:
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use perpetua_contract::Activity;
    /// # use perpetua_convert::WorkflowResult;
    /// # use perpetua_workflow::Ctx;
    /// # async fn example(ctx: Ctx) -> WorkflowResult<String> {
    /// let greet = Activity::named("greet").args(("Ann".to_owned(),)).returning::<String>();
    /// let greeting = ctx.activity(greet).start_to_close(Duration::from_secs(30)).await?;
    /// # Ok(greeting)
    /// # }
    /// ```
    #[track_caller]
    pub fn activity<D: ActivityDefinition>(&self, call: ActivityCall<D>) -> PendingActivity<D> {
        PendingActivity::new(self.clone(), call)
    }

    /// Runs an activity in the worker that has the workflow, while it works on the task: without a queue, without a word
    /// to the server before its result, and so much faster than [`activity`](Self::activity). Options are chained on it;
    /// awaiting it gives the activity's result.
    ///
    /// For what is short. The task stays open as long as it runs, so signals, queries and updates wait; a task that takes
    /// long is renewed, at most four fifths of its timeout later. A worker that ends takes its local activities with it, and
    /// the next one begins them anew with the first attempt: they should do no harm when they run twice. Heartbeats are
    /// not sent; a request to stop reaches them without.
    ///
    /// When it ends, [`now`](Self::now) is later by the time it took.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use perpetua_contract::Activity;
    /// # use perpetua_convert::WorkflowResult;
    /// # use perpetua_workflow::Ctx;
    /// # async fn example(ctx: Ctx) -> WorkflowResult<String> {
    /// let greet = Activity::named("greet").args(("Ann".to_owned(),)).returning::<String>();
    /// let greeting = ctx.local_activity(greet).start_to_close(Duration::from_secs(2)).await?;
    /// # Ok(greeting)
    /// # }
    /// ```
    #[track_caller]
    pub fn local_activity<D: ActivityDefinition>(&self, call: ActivityCall<D>) -> PendingLocalActivity<D> {
        PendingLocalActivity::new(self.clone(), call)
    }

    /// Runs another workflow as a child of this one. Options are chained on it; awaiting it gives the child's result, and
    /// [`start`](PendingChildWorkflow::start) a handle of the running child.
    ///
    /// Dropping the future cancels the child, dropping a handle does not. When this workflow closes, children that still
    /// run are terminated, if [`parent_close`](PendingChildWorkflow::parent_close) does not say otherwise.
    ///
    /// ```
    /// # use perpetua_contract::Workflow;
    /// # use perpetua_convert::WorkflowResult;
    /// # use perpetua_workflow::Ctx;
    /// # async fn example(ctx: Ctx) -> WorkflowResult<u64> {
    /// let approval = Workflow::named("Approval").args(("order-7".to_owned(),)).returning::<u64>();
    /// let child = ctx.child(approval).id("approval-7").start().await?;
    /// child.signal_named("approve", ("ann".to_owned(),)).await?;
    /// let amount = child.result().await?;
    /// # Ok(amount)
    /// # }
    /// ```
    #[track_caller]
    pub fn child<D: WorkflowDefinition>(&self, call: WorkflowCall<D>) -> PendingChildWorkflow<D> {
        PendingChildWorkflow::new(self.clone(), call)
    }

    /// Another workflow, by its id: for signals and requests to stop. Makes no call.
    ///
    /// ```
    /// # use perpetua_contract::NamedWorkflow;
    /// # use perpetua_convert::WorkflowResult;
    /// # use perpetua_workflow::Ctx;
    /// # async fn example(ctx: Ctx) -> WorkflowResult<()> {
    /// let other = ctx.external::<NamedWorkflow>("approval-9");
    /// other.signal_named("approve", ("bob".to_owned(),)).await?;
    /// other.cancel().reason("the order was withdrawn").await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn external<D: WorkflowDefinition>(&self, workflow_id: impl Into<WorkflowId>) -> D::Handle<ExternalHandle<D>> {
        D::handle(ExternalHandle::new(self.clone(), workflow_id.into()))
    }

    /// Waits for a time. The time is kept by the server: it passes while no worker runs. A sleep of zero is over at once and
    /// leaves no trace; one of more than 10,000 years is one of 10,000 years.
    ///
    /// # Errors
    /// [`Canceled`] when the workflow is asked to stop.
    #[track_caller]
    pub fn sleep(&self, after: Duration) -> Sleep {
        Sleep::new(self.clone(), after)
    }

    /// Waits until a condition on the workflow's [`State`](crate::State) holds. It is looked at now, and again whenever
    /// state was written, and at the end of every turn. It must only look.
    ///
    /// ```
    /// # use perpetua_convert::WorkflowResult;
    /// # use perpetua_workflow::{Ctx, State};
    /// # async fn example(ctx: Ctx, approved: State<bool>) -> WorkflowResult<()> {
    /// ctx.wait_until(|| approved.get()).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`Canceled`] when the workflow is asked to stop.
    #[track_caller]
    pub fn wait_until<P: Fn() -> bool>(&self, condition: P) -> WaitUntil<P> {
        WaitUntil::new(self.clone(), condition)
    }

    /// Waits for all of them; the results are in the order of the futures. [`JoinAll::limit`] bounds how many run at a time.
    ///
    /// They begin in order; afterwards only those that were woken are polled, in the order in which they were woken.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use perpetua_contract::Activity;
    /// # use perpetua_workflow::Ctx;
    /// # async fn example(ctx: Ctx, cards: Vec<String>) {
    /// let calls = cards.into_iter().map(|card| {
    ///     let charge = Activity::named("charge").args((card,)).returning::<u64>();
    ///     ctx.activity(charge).start_to_close(Duration::from_secs(60))
    /// });
    /// let results: Vec<_> = ctx.join_all(calls).limit(100).await;
    /// # }
    /// ```
    pub fn join_all<I>(&self, futures: I) -> JoinAll<std::vec::IntoIter<I::Item>>
    where
        I: IntoIterator<Item: IntoFuture>,
    {
        JoinAll::new(futures.into_iter().collect::<Vec<_>>().into_iter(), usize::MAX)
    }

    /// Waits for all of them, which give a `Result`; the values are in the order of the futures. With the first error the
    /// others are dropped, and what they had started is canceled. [`TryJoinAll::limit`] bounds how many run at a time.
    ///
    /// # Errors
    /// The first error of any of them.
    pub fn try_join_all<I, T, E>(&self, futures: I) -> TryJoinAll<std::vec::IntoIter<I::Item>, T, E>
    where
        I: IntoIterator<Item: IntoFuture<Output = Result<T, E>>>,
    {
        TryJoinAll::new(futures.into_iter().collect::<Vec<_>>().into_iter(), usize::MAX)
    }

    /// Makes a future of each item and waits for all of them, at most so many at a time; a limit of 0 counts as 1. The
    /// results are in the order of the items. The function is called when its future may begin, and not before, so a long
    /// list takes no more room than a short one.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use perpetua_contract::Activity;
    /// # use perpetua_workflow::Ctx;
    /// # async fn example(ctx: Ctx, cards: Vec<String>) {
    /// let charge = |card| Activity::named("charge").args((card,)).returning::<u64>();
    /// let results = ctx.map_concurrent(cards, 10, |card| ctx.activity(charge(card)).start_to_close(Duration::from_secs(60)));
    /// let results: Vec<_> = results.await;
    /// # }
    /// ```
    pub fn map_concurrent<I, M, F>(&self, items: I, limit: usize, map: M) -> JoinAll<std::iter::Map<I::IntoIter, M>>
    where
        I: IntoIterator,
        M: FnMut(I::Item) -> F,
        F: IntoFuture,
    {
        JoinAll::new(items.into_iter().map(map), limit)
    }

    /// The same for futures that give a `Result`. With the first error no more are begun, the others are dropped, and what
    /// they had started is canceled.
    ///
    /// # Errors
    /// The first error of any of them.
    pub fn try_map_concurrent<I, M, F, T, E>(
        &self,
        items: I,
        limit: usize,
        map: M,
    ) -> TryJoinAll<std::iter::Map<I::IntoIter, M>, T, E>
    where
        I: IntoIterator,
        M: FnMut(I::Item) -> F,
        F: IntoFuture<Output = Result<T, E>>,
    {
        TryJoinAll::new(items.into_iter().map(map), limit)
    }

    /// Runs a future as a task of this workflow, beside the others. It goes on when the handle is dropped, until the
    /// workflow ends. The scopes and shields around the caller are around the task, too.
    #[track_caller]
    pub fn spawn<F: Future<Output: 'static> + 'static>(&self, future: F) -> JoinHandle<F::Output> {
        self.runtime.assert_may_act("spawn a task");
        spawn(self, future)
    }

    /// Gives a future up after a time, which the server keeps. The timer is set only if the future is not done at once,
    /// and taken back when it is done. What the future had started is canceled when the time is over.
    ///
    /// A request to stop reaches the future, and does not lift the limit. A time of zero gives the future one chance.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use perpetua_contract::Activity;
    /// # use perpetua_convert::WorkflowResult;
    /// # use perpetua_workflow::Ctx;
    /// # async fn example(ctx: Ctx) -> WorkflowResult<Option<u64>> {
    /// let both = async {
    ///     let price = Activity::named("price").args(("pen".to_owned(),)).returning::<u64>();
    ///     let price = ctx.activity(price).start_to_close(Duration::from_secs(30)).await?;
    ///     let tax = Activity::named("tax").args((price,)).returning::<u64>();
    ///     Ok::<_, perpetua_convert::WorkflowError<_>>(price + ctx.activity(tax).start_to_close(Duration::from_secs(30)).await?)
    /// };
    /// match ctx.timeout(Duration::from_secs(60), both).await {
    ///     Ok(sum) => Ok(Some(sum?)),
    ///     Err(_elapsed) => Ok(None),
    /// }
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`Elapsed`](perpetua_convert::Elapsed) when the time is over.
    #[track_caller]
    pub fn timeout<F: IntoFuture>(&self, after: Duration, future: F) -> Timeout<F::IntoFuture> {
        Timeout::new(self.clone(), after, future.into_future())
    }

    /// Waits until somebody asks the workflow to stop, or cancels a scope around the caller, and says why. A shield does
    /// not keep this from it.
    #[track_caller]
    pub fn canceled(&self) -> impl Future<Output = Canceled> + use<> {
        CancellationFuture::new(self.clone())
    }

    /// Whether somebody asked the workflow to stop, or canceled a scope around the caller, shielded or not.
    pub fn is_canceled(&self) -> bool {
        self.cancellation().is_some()
    }

    /// A part of this workflow that can be canceled apart from the rest. A request to stop that reaches the caller of
    /// [`run`](CancellationScope::run) reaches what it runs as well, and not the other way round.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use perpetua_convert::WorkflowResult;
    /// # use perpetua_workflow::{Ctx, State, join};
    /// # async fn example(ctx: Ctx, withdrawn: State<bool>) -> WorkflowResult<()> {
    /// let scope = ctx.scope();
    /// let work = scope.run(async {
    ///     ctx.sleep(Duration::from_secs(60)).await?;
    ///     ctx.sleep(Duration::from_secs(60)).await
    /// });
    /// let watch = async {
    ///     ctx.wait_until(|| withdrawn.get()).await?;
    ///     scope.cancel_because("the order was withdrawn");
    ///     Ok::<_, perpetua_convert::Canceled>(())
    /// };
    /// let (worked, watched) = join!(work, watch);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// For what must go on after a request to stop, put a shield around it; then only the scope's own
    /// [`cancel`](CancellationScope::cancel) reaches it: `ctx.shielded(scope.run(..))`.
    pub fn scope(&self) -> CancellationScope {
        CancellationScope::new(self.clone())
    }

    /// Runs a future that cancellation does not reach: for what must be done after, or in spite of, a request to stop. It
    /// covers what is awaited in it, wherever that was started. A scope that is run within it still reaches what it runs.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use perpetua_contract::Activity;
    /// # use perpetua_convert::WorkflowResult;
    /// # use perpetua_workflow::Ctx;
    /// # async fn example(ctx: Ctx) -> WorkflowResult<()> {
    /// let refund = Activity::named("refund").args(("Ann".to_owned(), 250)).returning::<()>();
    /// ctx.shielded(async { ctx.activity(refund).start_to_close(Duration::from_secs(30)).await }).await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn shielded<F: IntoFuture>(&self, future: F) -> Shielded<F::IntoFuture> {
        Shielded::new(self.clone(), future.into_future())
    }

    /// Gives a future up when a request to stop reaches it: for what cancellation does not reach by itself, such as a
    /// lock, a channel, or the handle of a task.
    ///
    /// ```
    /// # use perpetua_convert::WorkflowResult;
    /// # use perpetua_workflow::Ctx;
    /// # use perpetua_workflow::sync::Channel;
    /// # async fn example(ctx: Ctx, orders: Channel<String>) -> WorkflowResult<()> {
    /// while let Some(order) = ctx.cancelable(orders.receive()).await? {
    ///     ctx.log().info(order);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`Canceled`] when a scope around the caller is canceled.
    pub fn cancelable<F: IntoFuture>(&self, future: F) -> Cancelable<F::IntoFuture> {
        Cancelable::new(self.clone(), future.into_future())
    }

    /// The present: when the workflow task in hand started. The same on every replay; it does not move while the
    /// workflow runs, except when a local activity ends, by the time it took.
    pub fn now(&self) -> SystemTime {
        self.runtime.info.borrow().now
    }

    /// Randomness that is the same on every replay.
    pub fn random(&self) -> Random {
        Random { runtime: Rc::clone(&self.runtime) }
    }

    /// A random UUID (version 4) that is the same on every replay.
    pub fn uuid(&self) -> Uuid {
        let random = self.random();
        Uuid::from_u64_pair(random.u64(), random.u64()).into_random()
    }

    /// What the workflow can know of itself.
    pub fn info(&self) -> WorkflowInfo {
        self.runtime.info.borrow().clone()
    }

    /// Whether history is being replayed: what the workflow does now, it has done before. For what must happen once, and
    /// leaves no trace in history, such as a line of a log. What the workflow asks for must never depend on it.
    pub fn is_replaying(&self) -> bool {
        self.runtime.run.borrow().is_replaying()
    }

    /// The update whose handler runs, or whose handler spawned the task that runs; in an update's validator, that update.
    pub fn current_update(&self) -> Option<UpdateInfo> {
        self.runtime.tasks.update().map(|update| UpdateInfo::clone(&update))
    }

    /// Whether no handler of a signal or an update is running. A handler that asks is running itself.
    ///
    /// Handlers that are running when the workflow ends are cut off. To let them finish:
    ///
    /// ```
    /// # use perpetua_convert::WorkflowResult;
    /// # use perpetua_workflow::Ctx;
    /// # async fn example(ctx: Ctx) -> WorkflowResult<()> {
    /// ctx.wait_until(|| ctx.all_handlers_finished()).await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn all_handlers_finished(&self) -> bool {
        !self.runtime.tasks.has_handlers()
    }

    /// The value whose `#[run]` function is running, shared: for what outlives the caller, such as handlers that are
    /// registered at run time and spawned tasks.
    ///
    /// ```
    /// # use perpetua_workflow::{Ctx, State};
    /// # struct Basket { items: State<Vec<String>> }
    /// # impl Basket {
    /// # fn example(&self, ctx: Ctx) {
    /// let this = ctx.this::<Self>();
    /// ctx.on_signal("add", move |item: String| this.items.update(|items| items.push(item)));
    /// # }
    /// # }
    /// ```
    ///
    /// # Panics
    /// When the workflow that runs is not a `W`, and in its `#[init]` function, which is still making the value.
    #[track_caller]
    pub fn this<W: 'static>(&self) -> Rc<W> {
        let Some(instance) = self.runtime.instance() else {
            panic!("there is no workflow yet: its `#[init]` function is still making it");
        };
        let name = self.info().workflow_type().clone();
        instance
            .workflow()
            .downcast()
            .unwrap_or_else(|_| panic!("workflow `{name}` is not a `{}`", std::any::type_name::<W>()))
    }

    /// Values to payloads and back, as the worker's client does it. For values whose types are known only at run time.
    pub fn converter(&self) -> &DataConverter {
        &self.runtime.converter
    }

    /// A logger that is silent while history is replayed.
    pub fn log(&self) -> Logger {
        Logger::new(&self.runtime)
    }

    /// A span of `tracing`, for what the workflow does next; while history is replayed there is none, so that each span
    /// appears once. Workflow code is in a span already that names the workflow.
    ///
    /// ```
    /// # use perpetua_convert::WorkflowResult;
    /// # use perpetua_workflow::Ctx;
    /// # use std::time::Duration;
    /// use tracing::Instrument;
    ///
    /// # async fn example(ctx: Ctx) -> WorkflowResult<()> {
    /// let pause = ctx.sleep(Duration::from_secs(60));
    /// let paused = async { pause.await }.instrument(ctx.span(|| tracing::info_span!("pause"))).await?;
    /// # Ok(paused)
    /// # }
    /// ```
    pub fn span(&self, make: impl FnOnce() -> tracing::Span) -> tracing::Span {
        if self.runtime.is_silent() { tracing::Span::none() } else { unguarded(make) }
    }

    /// Metrics that record nothing while history is replayed, through the `metrics` crate.
    ///
    /// ```
    /// # use perpetua_workflow::Ctx;
    /// # fn example(ctx: &Ctx) {
    /// ctx.metrics().label("currency", "EUR").counter("orders").increment(1);
    /// # }
    /// ```
    #[cfg(feature = "metrics")]
    pub fn metrics(&self) -> crate::Metrics {
        crate::Metrics::new(&self.runtime)
    }
}

/// Sets the version and variant bits of random bits.
trait IntoRandom {
    fn into_random(self) -> Uuid;
}

impl IntoRandom for Uuid {
    fn into_random(self) -> Uuid {
        uuid::Builder::from_random_bytes(self.into_bytes()).into_uuid()
    }
}

impl fmt::Debug for Ctx {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let info = self.runtime.info.borrow();
        f.debug_struct("Ctx")
            .field("workflow_type", info.workflow_type())
            .field("execution", info.execution())
            .finish_non_exhaustive()
    }
}
