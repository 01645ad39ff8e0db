//! Queries: questions that a workflow answers without leaving a trace.

use crate::{Failure, Header, Payloads, QueryName};

/// The server's id of a query that travels with a workflow task.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct QueryId(pub String);

/// A question to a workflow.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Query {
    /// Which query.
    pub name: QueryName,
    /// Its arguments.
    pub arguments: Option<Payloads>,
    /// Context handed along by interceptors.
    pub header: Option<Header>,
}

/// The answer to a query.
#[derive(Clone, Debug, PartialEq)]
pub enum QueryAnswer {
    /// A value.
    Answered(Payloads),
    /// The handler, or the look-up of the handler, failed.
    Failed(Box<Failure>),
}
