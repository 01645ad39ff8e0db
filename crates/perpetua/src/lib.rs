//! Durable execution for Rust: a Temporal SDK whose workflows are ordinary async Rust.
//!
//! A workflow is an async function that survives the process it runs in: each step is recorded by a server, and when the
//! process is gone, another one takes up where it was. What a workflow does to the world, it does through activities,
//! which are tried again until they succeed. This crate is the one to add; it is made of smaller ones, which need not be
//! named.
//!
//! ```no_run
//! use perpetua::prelude::*;
//!
//! #[activity]
//! async fn greet(name: String) -> Result<String, ActivityError> {
//!     Ok(format!("Hello, {name}!"))
//! }
//!
//! #[workflow]
//! async fn greeting(ctx: Ctx, name: String) -> WorkflowResult<String> {
//!     Ok(ctx.activity(greet(name)).start_to_close(seconds(10)).await?)
//! }
//!
//! # async fn hello() -> Result<(), Box<dyn std::error::Error>> {
//! let client = Client::connect_or_embedded().await?; // the server at `TEMPORAL_ADDRESS`, or one in this process
//! let worker = Worker::builder(&client, "hello").workflow(greeting).activity(greet).spawn()?;
//! let reply = client.run(greeting("World".into())).task_queue("hello").id("hello-1").await?;
//! println!("{reply}");
//! worker.shutdown().await?;
//! # Ok(()) }
//! ```
//!
//! Every operation is one expression: a call that describes what is meant, options that refine it, and `.await`. Nothing
//! happens before the `.await`.
//!
//! # Features
//!
//! Only `embedded` is on by default. A worker of a server elsewhere is built faster without it, by
//! `default-features = false`.
//!
//! | Feature | Adds |
//! |---|---|
//! | `embedded` | a server in the same process: `Client::connect_or_embedded()` and the module `server` |
//! | `testing` | for the dev-dependency: `#[perpetua::test]`, `TestEnv` and the module `testing` |
//! | `guard` | for the dev-dependency: calls that workflow code must not make fail its task, with the line |
//! | `metrics` | `ctx.metrics()`, replay-silent metrics through the `metrics` crate |
//! | `tracing-subscriber` | `replay_filter()`, with which plain `tracing` in workflow code is replay-silent |
//!
//! Not here: logic of its own. Everything is re-exported.
//!
//! Read first: [`workflow`], [`activity`], [`Ctx`], [`Client`], [`Worker`].
//!
//! ```text
//! #[activity] fn greet --> greet(..) : ActivityCall ---> ctx.activity(call)         in a workflow
//! #[workflow] fn hi    --> hi(..)    : WorkflowCall ---> client.start(call), ..     in a program
//!                     `--> the implementation       ---> Worker::builder(..).workflow(hi).activity(greet)
//! ```

// So that generated code can name this crate in its own tests.
extern crate self as perpetua;

#[doc(hidden)]
#[path = "macro_support.rs"]
pub mod __macro;
mod duration;
#[cfg(feature = "embedded")]
mod embedded;
pub mod prelude;
pub mod replay;

/// All of the client, also what is not re-exported at the top, because something there has its name.
pub use perpetua_client as client;

/// A server in the same process: what [`ConnectEmbedded`] makes, with options, and on a port for other processes.
#[cfg(feature = "embedded")]
pub use perpetua_server as server;

#[cfg(feature = "embedded")]
pub use embedded::{ConnectEmbedded, Embedded, EmbeddedError};

/// Finds calls that workflow code must not make, by being linked. For tests and development: put the feature `guard` into
/// the dev-dependency.
#[cfg(feature = "guard")]
pub use perpetua_guard as guard;

/// Tests of workflows: a server for each test, time that skips, mocks, and checks that find nondeterminism.
#[cfg(feature = "testing")]
pub use perpetua_testing as testing;

#[cfg(feature = "testing")]
pub use perpetua_testing::{TestEnv, TestEnvBuilder};

pub use duration::{days, hours, milliseconds, minutes, seconds};
pub use perpetua_client::{
    CancelRequest, Capabilities, Client, ClientBuilder, ConnectError, DescribeRequest, Handle, History, HistoryPages,
    HistoryRequest, IdConflict, IdReuse, OperationStatus, Patience, PayloadError, PendingActivityState, PendingChild,
    PendingWorkflowTask, QueryFailure, QueryReject, QueryRequest, RawHistoryRequest, RequestError, ResultRequest, Rpc,
    RpcCall, RpcCode, RpcDetail, RpcError, RpcRetry, RunWorkflow, ServerInfo, SignalRequest, StartError, StartWorkflow,
    TerminateRequest, TlsOptions, UpdateCallRequest, UpdateFailure, UpdateHandle, UpdateResultRequest,
    WorkflowDescription, WorkflowFailure, WorkflowHandle, WorkflowStatus, raw,
};
pub use perpetua_client::{ResetPoint, ResetRequest};
pub use perpetua_contract::{
    Activity, ActivityCall, ActivityDefinition, ActivityStub, NamedActivity, NamedWorkflow, QueryCall, QueryTarget,
    SignalCall, SignalTarget, UpdateCall, UpdateTarget, Workflow, WorkflowCall, WorkflowDefinition, WorkflowStub,
};
pub use perpetua_convert::{
    ActivityFailure, AnyError, ApplicationDescription, ApplicationError, Arguments, Bool, BoxFuture, CallError,
    Canceled, ChildFailure, CodecError, ConversionError, DataConverter, Datetime, Double, Elapsed, ExternalFailure,
    FromCause, Int, Keyword, KeywordList, Memo, MemoUpdate, PayloadCodec, PayloadConverter, RawArguments, RawValue,
    Remote, RemoteApplication, ReturnedError, SearchAttributeKey, SearchAttributeKind, SearchAttributeUpdate,
    SearchAttributeValue, SearchAttributes, Text, Value, WaitFailure, WorkflowError, WorkflowResult,
};
pub use perpetua_vocab::{
    ActivityId, ActivityType, ContinueAsNewReason, ContinueAsNewVersioning, ErrorCategory, Failure, FailureInfo,
    Header, Identity, Namespace, ParentClosePolicy, ParentWorkflow, Payload, Payloads, Priority, RetryPolicy,
    RetryState, RunId, TaskQueue, TimeoutKind, VersioningOverride, WorkerDeploymentVersion, WorkflowExecution,
    WorkflowId, WorkflowIdReusePolicy, WorkflowType,
};
pub use perpetua_worker::{
    ActivityContext, ActivityImplementation, ActivityInfo, ActivitySet, BuildError, CancelReason, RunningWorker,
    ShutdownHandle, Worker, WorkerBuilder, WorkerError,
};
pub use perpetua_workflow::implementation::WorkflowImplementation;
pub use perpetua_workflow::{
    ActivityFuture, Cancelable, CancellationScope, CancellationType, ChildCancellationType, ChildFuture, ChildHandle,
    ChildResult, ChildStart, Ctx, Dynamic, ExternalHandle, JoinAll, JoinHandle, LocalActivityFuture, Logger,
    MessageName, NamesMessages, NextRun, PendingActivity, PendingCancel, PendingChildWorkflow, PendingLocalActivity,
    PendingSignal, QueryFunction, Random, RegisteredQuery, RegisteredSignal, RegisteredUpdate, Scoped, Shielded,
    SignalFunction, Sleep, SleepFuture, State, Timeout, TryJoinAll, UnfinishedPolicy, UpdateFunction, UpdateInfo,
    ValidatorFunction, WaitUntil, WaitUntilTimeout, WorkflowInfo, is_replaying, join, select, sync, try_join,
    unguarded,
};
#[cfg(feature = "metrics")]
pub use perpetua_workflow::{Counter, Gauge, Histogram, Metrics};
pub use perpetua_workflow::{ReplayFailure, Replayed, Replayer};
#[cfg(feature = "tracing-subscriber")]
pub use perpetua_workflow::{ReplayFilter, replay_filter};

/// Any error, where an activity has no error type of its own.
pub type ActivityError = AnyError;

/// Makes an activity of a function.
///
/// The name of the function becomes a stub: calling it describes a call of the activity, which a workflow hands to
/// [`Ctx::activity`]. The function itself stays callable as `name::call(..)`, for example in a unit test.
///
/// ```
/// use perpetua::prelude::*;
///
/// #[activity]
/// async fn greet(name: String, times: u8) -> Result<String, ActivityError> {
///     Ok(format!("Hello, {name}!").repeat(times.into()))
/// }
///
/// #[workflow]
/// async fn greeting(ctx: Ctx, name: String) -> WorkflowResult<String> {
///     Ok(ctx.activity(greet(name, 2)).start_to_close(seconds(10)).await?)
/// }
/// ```
///
/// # What the function looks like
///
/// * It is `async`, or, with the option `blocking`, a plain `fn`.
/// * A first parameter called `ctx` (or `_ctx`) is the [`ActivityContext`]. It is no argument; callers do not see it.
/// * The other parameters, eight at most, are the arguments. They travel, so they are owned and implement serde's traits.
/// * It returns a `Result`, under this or any other name. The error is an [`ApplicationError`](macro@ApplicationError),
///   which callers get back as the same type, or [`ActivityError`], which takes any error.
/// * It is not generic. Its future is `Send`.
///
/// # Options
///
/// | Option | Meaning | Otherwise |
/// |---|---|---|
/// | `name = "..."` | the name it is registered under | the function's name |
/// | `blocking` | it blocks its thread, and gets one of its own | it is `async` |
/// | `dynamic` | it runs every activity that no other one of the worker runs; it takes [`RawArguments`] | it has one name |
/// | `crate = path` | the path by which this code reaches the crate `perpetua` | `::perpetua` |
///
/// ```
/// use perpetua::prelude::*;
///
/// #[activity(name = "hash_statement", blocking)]
/// fn hash(ctx: ActivityContext, statement: Vec<u8>) -> Result<u64, ActivityError> {
///     let mut hash = 0_u64;
///     for (index, byte) in statement.iter().enumerate() {
///         hash = hash.rotate_left(5) ^ u64::from(*byte);
///         ctx.heartbeat(index);
///     }
///     Ok(hash)
/// }
/// ```
///
/// A worker gets it by its stub: `.activity(greet)`. Activities that share something, such as a connection, are methods of
/// one type: see [`activities`].
pub use perpetua_macros::activity;

/// Makes activities of methods, or describes activities that run elsewhere.
///
/// On an `impl` block, the methods marked with `#[activity]` become activities. The type gets a stub of the same name for
/// each; the methods stay methods. All attempts share one value.
///
/// ```no_run
/// use perpetua::prelude::*;
/// # struct Pool;
///
/// #[derive(Debug, thiserror::Error, ApplicationError)]
/// enum BankError {
///     #[error("insufficient funds: {available} of {needed}")]
///     #[application(non_retryable)]
///     InsufficientFunds { available: u64, needed: u64 },
///     #[error("bank is down")]
///     #[application(next_retry_delay = "30s")]
///     Unavailable,
/// }
///
/// struct Bank {
///     pool: Pool,
/// }
///
/// #[activities]
/// impl Bank {
///     #[activity]
///     async fn withdraw(&self, ctx: ActivityContext, account: String, cents: u64) -> Result<u64, BankError> {
///         ctx.heartbeat(&account);
///         self.check(cents)
///     }
///
///     fn check(&self, cents: u64) -> Result<u64, BankError> {
///         Err(BankError::InsufficientFunds { available: 0, needed: cents })
///     }
/// }
///
/// #[workflow]
/// async fn transfer(ctx: Ctx, account: String, cents: u64) -> WorkflowResult<u64> {
///     match ctx.activity(Bank::withdraw(account, cents)).start_to_close(minutes(1)).await {
///         Err(ActivityFailure::Application(BankError::InsufficientFunds { available, .. }, ..)) => Ok(available),
///         other => Ok(other?),
///     }
/// }
///
/// # fn worker(client: &Client, pool: Pool) -> perpetua::WorkerBuilder {
/// Worker::builder(client, "bank").workflow(transfer).activities(Bank { pool })
/// # }
/// ```
///
/// The methods take `&self`; otherwise they are like the functions of [`activity`], with the same options. What is not
/// marked is left as it is. The type is not generic, but a block for one type of several, as in `impl Bank<Postgres>`, is
/// fine.
///
/// In another module, the name of a marked method is the stub's: `bank.withdraw(..)` is found where the block is, and in
/// the modules below it, such as `tests`.
///
/// # Activities that run elsewhere
///
/// On a trait, which is turned into a type of the same name with a stub for each function. Nothing implements it, and
/// registering one of its activities does not compile.
///
/// ```
/// use perpetua::prelude::*;
///
/// #[activities]
/// trait Payments {
///     #[activity(name = "charge_card")]
///     async fn charge(card: String, cents: u64) -> Result<String, ActivityError>;
/// }
///
/// #[workflow]
/// async fn paying(ctx: Ctx, card: String) -> WorkflowResult<String> {
///     Ok(ctx.activity(Payments::charge(card, 100)).start_to_close(minutes(1)).await?)
/// }
/// ```
pub use perpetua_macros::activities;

/// Makes a workflow of a function or of an `impl` block, or describes one that runs elsewhere.
///
/// # A function
///
/// A workflow without messages. The name of the function becomes a stub, which describes a call; the function itself is
/// `name::call`.
///
/// ```
/// use perpetua::prelude::*;
///
/// #[workflow]
/// async fn reminder(ctx: Ctx, text: String) -> WorkflowResult<String> {
///     ctx.sleep(days(3)).await?;
///     Ok(text)
/// }
///
/// # async fn client(client: Client) -> Result<(), Box<dyn std::error::Error>> {
/// let text = client.run(reminder("water the plants".into())).task_queue("home").await?;
/// # Ok(()) }
/// ```
///
/// The first parameter is the [`Ctx`], whatever it is called; the others, eight at most, are the arguments. It returns a
/// [`WorkflowResult`], under this or any other name; `?` makes its error from the failure of any operation.
///
/// # A type
///
/// A workflow with state and messages. Exactly one method is marked with `#[run]`: it is the main function. All methods
/// take `&self`, because they run in turns; what changes is kept in [`State`] fields. The state begins as its `Default`, or
/// as the function marked with `#[init]` makes it.
///
/// ```no_run
/// use perpetua::prelude::*;
///
/// #[derive(Default)]
/// struct Approval {
///     approved_by: State<Option<String>>,
///     notes: State<Vec<String>>,
/// }
///
/// #[workflow]
/// impl Approval {
///     #[run]
///     async fn run(&self, ctx: Ctx, order: String) -> WorkflowResult<String> {
///         ctx.wait_until(|| self.approved_by.get().is_some()).await?;
///         Ok(format!("{order} is approved"))
///     }
///
///     #[signal]
///     fn approve(&self, by: String) {
///         self.approved_by.set(Some(by));
///     }
///
///     #[query]
///     fn approver(&self) -> Option<String> {
///         self.approved_by.get()
///     }
///
///     #[update(validator = check_note)]
///     async fn note(&self, ctx: Ctx, text: String) -> Result<usize, AnyError> {
///         ctx.sleep(seconds(1)).await?;
///         self.notes.update(|notes| notes.push(text));
///         Ok(self.notes.with(Vec::len))
///     }
///
///     fn check_note(&self, text: &str) -> Result<(), AnyError> {
///         if text.is_empty() { Err(AnyError::message("a note has a text")) } else { Ok(()) }
///     }
/// }
///
/// # fn worker(client: &Client) -> perpetua::WorkerBuilder {
/// Worker::builder(client, "approvals").workflow(Approval::run)
/// # }
/// ```
///
/// | Method | Is | Takes, after `&self` | Returns |
/// |---|---|---|---|
/// | `#[run]` | `async` | the context, the arguments | [`WorkflowResult`] |
/// | `#[signal]` | either | the context if it is `async`, the arguments | nothing, or `WorkflowResult<()>`, whose error fails the workflow |
/// | `#[query]` | a plain `fn` | the arguments | the answer; with `fallible` a `Result` |
/// | `#[update]` | either | the context if it is `async`, the arguments | a `Result` |
/// | `#[init]` | a plain `fn` without `&self` | `&Ctx`, a reference for each argument of `#[run]` | `Self` |
/// | a validator | a plain `fn` | a reference for each argument of its update | a `Result<(), E>` |
///
/// For each message the type gets a stub of the same name, `Approval::approve(by)`, and its handles get a method:
/// `handle.approve(by).await`. Stubs and handle methods are as visible as the methods that they stand for. A message that
/// is called like something every handle can do, such as `cancel`, hides it; `(*handle).cancel()` still reaches it.
/// The methods themselves stay methods, in the module of the block and below.
///
/// # Options
///
/// | Option | On | Meaning | Otherwise |
/// |---|---|---|---|
/// | `name = "..."` | `#[workflow]` | the name it is registered under | the function's or the type's name |
/// | `name = "..."` | `#[signal]`, `#[query]`, `#[update]` | the name that senders use | the method's name |
/// | `fallible` | `#[query]` | it returns a `Result`; the error is what the sender gets | what it returns is the answer |
/// | `validator = function` | `#[update]` | may refuse the update before it is accepted | every update is accepted |
/// | `dynamic` | `#[signal]`, `#[query]`, `#[update]` | it takes every name that no other handler takes | it takes one name |
/// | `dynamic` | `#[workflow]` | it runs every workflow that no other one of the worker runs | it has one name |
/// | `unfinished_policy = Abandon` | `#[signal]`, `#[update]` | no warning if it is running when the workflow ends | a warning |
/// | `crate = path` | `#[workflow]` | the path by which this code reaches the crate `perpetua` | `::perpetua` |
///
/// The first paragraph of a handler's documentation is what tools show beside its name.
///
/// # Whatever comes
///
/// A dynamic handler takes the name of the message and its [`RawArguments`]; its stub takes both from the sender. A dynamic
/// workflow takes the arguments, and knows its name from [`Ctx::info`]. Names that begin with `__temporal_` do not reach
/// them. Handlers can also come and go while a workflow runs: [`Ctx::on_signal`], [`Ctx::on_query`], [`Ctx::on_update`].
///
/// ```
/// use perpetua::prelude::*;
/// use perpetua::{RawArguments, RawValue};
///
/// #[derive(Default)]
/// struct Desk {
///     seen: State<Vec<String>>,
/// }
///
/// #[workflow(dynamic)]
/// impl Desk {
///     #[run]
///     async fn run(&self, ctx: Ctx, arguments: RawArguments) -> WorkflowResult<RawValue> {
///         let (first, count) = arguments.decode::<(String, u32)>()?;
///         ctx.wait_until(|| self.seen.with(Vec::len) == count as usize).await?;
///         Ok(arguments.answer(&format!("{first} ran {}", ctx.info().workflow_type()))?)
///     }
///
///     #[signal(dynamic)]
///     fn other(&self, name: String, arguments: RawArguments) {
///         self.seen.update(|seen| seen.push(format!("{name} with {} arguments", arguments.len())));
///     }
/// }
/// ```
///
/// # Workflows that run elsewhere
///
/// On a trait, which is turned into a type of the same name with the same stubs and handles, for callers in another crate
/// or of a workflow in another language. Its functions name the arguments only.
///
/// ```no_run
/// use perpetua::prelude::*;
///
/// #[workflow(name = "OrderWorkflow")]
/// trait Order {
///     #[run]
///     async fn run(item: String, count: u32) -> Result<String, AnyError>;
///
///     #[signal]
///     fn remove(item: String);
/// }
///
/// # async fn client(client: Client) -> Result<(), Box<dyn std::error::Error>> {
/// let handle = client.start(Order::run("pen".into(), 2)).task_queue("orders").id("order-7").await?;
/// handle.remove("pen".into()).await?;
/// let receipt: String = handle.result().await?;
/// # Ok(()) }
/// ```
pub use perpetua_macros::workflow;

/// Makes a test of an async function that takes a world of its own.
///
/// ```
/// use perpetua::prelude::*;
///
/// #[activity]
/// async fn greet(name: String) -> Result<String, ActivityError> {
///     Ok(format!("Hello, {name}!"))
/// }
///
/// #[workflow]
/// async fn late_greeting(ctx: Ctx, name: String) -> WorkflowResult<String> {
///     ctx.sleep(days(30)).await?;
///     Ok(ctx.activity(greet(name)).start_to_close(seconds(10)).await?)
/// }
///
/// #[perpetua::test]
/// async fn a_month_passes_at_once(env: TestEnv) {
///     let begun = env.now();
///     env.worker().workflow(late_greeting).activity(greet).start();
///     assert_eq!(env.run(late_greeting("World".into())).await.unwrap(), "Hello, World!");
///     assert!(env.now().duration_since(begun).unwrap() >= days(30));
/// }
/// ```
///
/// The function returns nothing, or a `Result` whose error can be shown with `{:?}`. When it is over, the runs it made are
/// looked at: see [`testing::Check`] for what is found, and [`TestEnvBuilder::without`] for how to do without.
///
/// | Option | Meaning | Otherwise |
/// |---|---|---|
/// | `env = function` | the function makes the [`TestEnvBuilder`] of the world | it is `TestEnv::builder()` |
/// | `real_time` | time passes as it does outside | the time in which nothing happens is skipped |
/// | `crate = path` | the path by which this code reaches the crate `perpetua` | `::perpetua` |
#[cfg(feature = "testing")]
pub use perpetua_macros::test;

/// Makes an error type travel: whoever calls the workflow or the activity that returns it gets the same type back.
///
/// ```
/// use perpetua::prelude::*;
///
/// #[derive(Debug, thiserror::Error, ApplicationError)]
/// enum BankError {
///     #[error("insufficient funds: {available} of {needed}")]
///     #[application(non_retryable)]
///     InsufficientFunds { available: u64, needed: u64 },
///
///     #[error("account {0} is closed")]
///     #[application(type = "Closed", benign)]
///     AccountClosed(String),
///
///     #[error("bank is down")]
///     #[application(next_retry_delay = "30s")]
///     Unavailable(#[source] std::io::Error),
/// }
/// ```
///
/// It goes on enums and structs that implement [`Error`](std::error::Error), for which `thiserror` is one way. Each
/// variant, or the struct, is
/// one kind of error with a type name, by which callers in any language and retry policies know it. Its fields travel as
/// details: named ones as one object, others as one value each. So they implement serde's traits. A field called `source`,
/// or marked `#[source]` or `#[from]`, travels as the cause instead; it is of a type that can hold what arrives, such as
/// another application error, [`Remote`], or a boxed error.
///
/// | Option | Meaning | Otherwise |
/// |---|---|---|
/// | `type = "..."` | the type name | the name of the variant, or of the struct |
/// | `non_retryable` | trying again is pointless | the retry policy decides |
/// | `next_retry_delay = "30s"` | how long to wait before the next attempt; in `ms`, `s`, `m` or `h` | the retry policy decides |
/// | `benign` | it is expected, and makes no noise in logs and metrics | it is an error like any other |
/// | `crate = path` | on the type itself: the path by which this code reaches the crate `perpetua` | `::perpetua` |
pub use perpetua_macros::ApplicationError;
