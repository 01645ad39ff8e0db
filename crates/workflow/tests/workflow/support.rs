//! What the tests have in common: workflows without macros, a server made of a list of events, and scenarios that are
//! played in every way in which they could reach a worker.

mod define;
mod futures;
mod log;
mod render;
mod scenario;
mod server;

pub(crate) use define::{activity, done, fine, later, seconds, workflow};
pub(crate) use futures::{Channel, Polled, polls, yield_once};
pub(crate) use log::logged;
pub(crate) use scenario::{Scenario, Worker, feed};
pub(crate) use server::Server;

pub(crate) use std::cell::{Cell, RefCell};
pub(crate) use std::rc::Rc;

pub(crate) use expect_test::expect;
pub(crate) use perpetua_convert::{AnyError, WorkflowError, WorkflowResult};
pub(crate) use perpetua_workflow::implementation::Handling;
pub(crate) use perpetua_workflow::{Ctx, State, join, select};
