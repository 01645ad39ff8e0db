//! Durable execution for Rust: a Temporal SDK whose workflows are ordinary async Rust.

// So that generated code can name this crate in its own tests.
extern crate self as perpetua;

#[doc(hidden)]
#[path = "macro_support.rs"]
pub mod __macro;
mod duration;
pub mod prelude;

pub use perpetua_client::{
    Capabilities, Client, ClientBuilder, ConnectError, Handle, IdConflict, IdReuse, OperationStatus, Patience,
    PayloadError, ResultRequest, Rpc, RpcCall, RpcCode, RpcDetail, RpcError, RpcRetry, RunWorkflow, ServerInfo,
    StartError, StartWorkflow, TlsOptions, WorkflowFailure, WorkflowHandle, raw,
};
pub use perpetua_contract::{
    Activity, ActivityCall, ActivityDefinition, ActivityStub, NamedActivity, NamedWorkflow, QueryCall, QueryTarget,
    SignalCall, SignalTarget, UpdateCall, UpdateTarget, Workflow, WorkflowCall, WorkflowDefinition, WorkflowStub,
};
pub use perpetua_convert::{
    ActivityFailure, AnyError, ApplicationDescription, ApplicationError, Arguments, BoxFuture, CallError, Canceled,
    CodecError, ConversionError, DataConverter, Elapsed, FromCause, PayloadCodec, PayloadConverter, RawValue, Remote,
    RemoteApplication, ReturnedError, Value, WaitFailure, WorkflowError, WorkflowResult,
};
pub use perpetua_vocab::{
    ActivityId, ActivityType, ErrorCategory, Failure, FailureInfo, Header, Identity, Namespace, Payload, Payloads,
    Priority, RetryPolicy, RetryState, RunId, TaskQueue, TimeoutKind, WorkflowExecution, WorkflowId, WorkflowType,
};
pub use perpetua_worker::{
    ActivityContext, ActivityImplementation, ActivityInfo, ActivitySet, BuildError, CancelReason, RunningWorker,
    ShutdownHandle, Worker, WorkerBuilder, WorkerError,
};
pub use perpetua_workflow::implementation::WorkflowImplementation;
pub use perpetua_workflow::{
    ActivityFuture, CancellationType, Ctx, JoinAll, JoinHandle, Logger, PendingActivity, Random, Shielded, Sleep,
    SleepFuture, State, WaitUntil, WaitUntilTimeout, WorkflowInfo, join, select,
};

pub use duration::{days, hours, milliseconds, minutes, seconds};
pub use perpetua_macros::{ApplicationError, activities, activity, workflow};

/// Any error, where an activity has no error type of its own.
pub type ActivityError = AnyError;
