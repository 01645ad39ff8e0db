//! What a caller knows of a callee.
//!
//! A definition says what a workflow or an activity is called, takes, returns and throws. A call is a definition with its
//! arguments: what the generated stubs return, and what a client, a workflow or a test hands on. Generated code
//! implements these traits, so they change rarely.
//!
//! Not here: how a call is made (client, workflow) and how it is answered (workflow, worker).
//!
//! Read first: [`WorkflowDefinition`], [`ActivityDefinition`], [`SignalTarget`].
//!
//! ```text
//! #[workflow] impl Approval  -->  WorkflowDefinition for Approval
//! Approval::run(order)       -->  WorkflowCall<Approval>          client.start(..), ctx.child(..)
//! handle.approve("ann")      -->  SignalTarget::signal(SignalCall<Approval, (String,)>)
//! ```

mod activity;
mod call;
mod named;
mod returned;
mod stub;
mod workflow;

pub use activity::{ActivityCall, ActivityDefinition};
pub use call::{QueryCall, SignalCall, UpdateCall};
pub use named::{Activity, NamedActivity, NamedWorkflow, Workflow};
pub use returned::{Returned, WorkflowReturned};
pub use stub::{ActivityStub, WorkflowStub};
pub use workflow::{QueryTarget, SignalTarget, UpdateTarget, WorkflowCall, WorkflowDefinition};
