//! Mocks: what answers in the place of an activity or a workflow.
//!
//! ```text
//! env.mock(Bank::withdraw)          what is to be answered, and what was called
//!       |  Mock --> Core: answers, calls
//!       v
//! worker of the test -- activity.rs, workflow.rs --> Core::decide(arguments) --> Decision: an end, and when it comes
//! ```

mod activity;
mod answer;
mod api;
mod call;
mod core;
mod env;
mod external;
mod reply;
mod workflow;

pub use answer::{Answer, MockFunction};
pub use api::{ActivityMock, Mock, Mocked, OfActivity, OfWorkflow, WorkflowMock};
pub use call::{Call, LoggedCall, Received};
pub use external::External;
pub use reply::Reply;

pub(crate) use self::core::{AnyMock, Kind, said};
