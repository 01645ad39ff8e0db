//! What most programs use: `use perpetua::prelude::*;`.

pub use crate::{
    Activity, ActivityContext, ActivityError, ActivityFailure, AnyError, ApplicationError, Canceled, ChildFailure,
    Client, Ctx, Elapsed, ExternalFailure, MemoUpdate, ParentClosePolicy, RetryPolicy, SearchAttributeKey, State,
    WaitFailure, Worker, Workflow, WorkflowError, WorkflowFailure, WorkflowResult, activities, activity, days, hours,
    join, milliseconds, minutes, seconds, select, try_join, workflow,
};

#[cfg(feature = "testing")]
pub use crate::TestEnv;

#[cfg(feature = "embedded")]
pub use crate::ConnectEmbedded;
