//! Queries: on the next task, or as a task of their own.

use perpetua_proto::enums::QueryResultType;
use perpetua_proto::errordetails::QueryFailedFailure;
use perpetua_proto::failure::Failure;
use perpetua_proto::query::{WorkflowQuery, WorkflowQueryResult};
use perpetua_proto::workflowservice::{PollWorkflowTaskQueueResponse, QueryWorkflowResponse};

use super::Run;
use crate::limits;
use crate::matching::QueueKey;
use crate::refusal::{Code, Refusal};
use crate::token::{self, TaskToken};
use crate::world::{CallId, Cx, Offer, Reply, Work};

/// A query that is on its way.
#[derive(Clone, Debug)]
pub(crate) struct QueryState {
    pub(crate) call: CallId,
    pub(crate) query: WorkflowQuery,
    pub(crate) way: Way,
}

/// How a query reaches a worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    /// With the next task.
    NextTask,
    /// With the task that a worker has.
    ThisTask,
    /// As a task of its own.
    Alone,
}

impl Run {
    /// Sends a query on its way.
    pub(crate) fn ask(&mut self, cx: &mut Cx<'_>, call: CallId, query: WorkflowQuery) {
        let id = cx.uuid();
        self.live.queries.insert(id.clone(), QueryState { call, query, way: Way::NextTask });
        if !self.is_open() || (self.state.task.is_none() && self.state.previous_started != 0) {
            self.send_alone(cx, &id);
        }
    }

    fn send_alone(&mut self, cx: &mut Cx<'_>, id: &str) {
        let Some(query) = self.live.queries.get_mut(id) else { return };
        query.way = Way::Alone;
        let sticky = !self.state.sticky_queue.is_empty() && cx.is_polled(&self.sticky_key());
        let queue = if sticky { self.state.sticky_queue.clone() } else { self.task_queue().to_owned() };
        let queue = QueueKey::workflow(&self.state.namespace, &queue);
        cx.offer(Offer::new(queue, None, Work::Query { run: self.number, id: id.to_owned(), sticky }));
    }

    /// A query as a task of its own.
    pub(crate) fn query_response(&self, cx: &Cx<'_>, id: &str, sticky: bool) -> Option<PollWorkflowTaskQueueResponse> {
        let token = TaskToken {
            server: cx.server,
            namespace: self.state.namespace.clone(),
            workflow_id: self.state.workflow_id.clone(),
            run_id: self.state.run_id.clone(),
            query: id.to_owned(),
            ..TaskToken::default()
        };
        let (history, next_page_token) = self.query_history(sticky);
        Some(PollWorkflowTaskQueueResponse {
            task_token: token::write(&token),
            previous_started_event_id: self.state.previous_started,
            query: Some(self.live.queries.get(id)?.query.clone()),
            history: Some(history),
            next_page_token,
            ..self.response_head()
        })
    }

    /// The queries that go with the task that a worker is given.
    pub(crate) fn attach_queries(&mut self) -> std::collections::BTreeMap<String, WorkflowQuery> {
        let waiting = self.live.queries.iter_mut().filter(|(_, query)| query.way == Way::NextTask);
        waiting
            .map(|(id, query)| {
                query.way = Way::ThisTask;
                (id.clone(), query.query.clone())
            })
            .collect()
    }

    /// The answers that came with a task.
    pub(crate) fn answer_queries(
        &mut self,
        cx: &mut Cx<'_>,
        answers: std::collections::BTreeMap<String, WorkflowQueryResult>,
    ) {
        for (id, answer) in answers {
            let Some(query) = self.live.queries.remove(&id) else { continue };
            let failed = answer.result_type() == QueryResultType::Failed;
            let outcome = if failed {
                Err(query_failed(answer.error_message, answer.failure))
            } else {
                Ok(QueryWorkflowResponse { query_result: answer.answer, ..QueryWorkflowResponse::default() })
            };
            cx.reply(query.call, outcome.map(Reply::Query));
        }
    }

    /// A task was completed: what is still not answered goes with the next, or by itself if there is none.
    pub(crate) fn send_left_queries(&mut self, cx: &mut Cx<'_>) {
        let left: Vec<String> = self
            .live
            .queries
            .iter_mut()
            .filter(|(_, query)| query.way != Way::Alone)
            .map(|(id, query)| {
                query.way = Way::NextTask;
                id.clone()
            })
            .collect();
        if self.state.task.is_none() {
            for id in left {
                self.send_alone(cx, &id);
            }
        }
    }

    /// A task was not answered: queries wait for the next attempt, unless too many failed.
    pub(crate) fn fail_buffered_queries(&mut self, cx: &mut Cx<'_>) {
        let hopeless = self.state.attempt > limits::FAILED_TASKS;
        let mut failed = Vec::new();
        self.live.queries.retain(|_, query| {
            if query.way == Way::Alone {
                return true;
            }
            query.way = Way::NextTask;
            if hopeless {
                failed.push(query.call);
            }
            !hopeless
        });
        for call in failed {
            cx.reply(call, Err(not_ready()));
        }
    }
}

/// The worker could not answer.
pub(crate) fn query_failed(message: String, failure: Option<Failure>) -> Refusal {
    Refusal::invalid(message).with(&QueryFailedFailure { failure })
}

/// Too many tasks have failed for a worker to be expected to answer.
pub(crate) fn not_ready() -> Refusal {
    Refusal::new(Code::FailedPrecondition, "Unable to query workflow due to Workflow Task in failed state.")
        .with(&perpetua_proto::errordetails::WorkflowNotReadyFailure::default())
}
