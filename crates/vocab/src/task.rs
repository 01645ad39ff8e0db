//! Workflow tasks: what a worker polls.

use std::collections::BTreeMap;

use bytes::Bytes;

use crate::{Event, EventId, Message, Query, QueryId, TaskToken, WorkflowExecution, WorkflowType};

/// A piece of history to be answered, or a question to be answered from history.
#[derive(Clone, Debug, PartialEq)]
pub struct WorkflowTask {
    /// To be given back with the answer.
    pub token: TaskToken,
    /// Which run.
    pub execution: WorkflowExecution,
    /// Which workflow.
    pub workflow_type: WorkflowType,
    /// The started event of the last task that was answered; none before the first.
    pub previous_started: Option<EventId>,
    /// The started event of this task; none where the task is only a query outside the sticky queue.
    pub started: Option<EventId>,
    /// From 1; counts the tries to get this task answered.
    pub attempt: u32,
    /// The first page of history: all of it, or what came after `previous_started`.
    pub history: Vec<Event>,
    /// Where the next page begins; empty for none.
    pub next_page: Bytes,
    /// The question, where the task is only that. Answered by a call of its own.
    pub query: Option<Query>,
    /// Questions to be answered with the task.
    pub queries: BTreeMap<QueryId, Query>,
    /// Messages of the update protocol.
    pub messages: Vec<Message>,
}
