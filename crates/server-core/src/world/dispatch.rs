//! Work meets workers.

use std::collections::BTreeSet;

use perpetua_proto::common::Priority;
use perpetua_proto::workflowservice::PollWorkflowTaskQueueResponse;

use super::{Reply, RunNumber, World};
use crate::matching::{Poller, QueueKey};
use crate::token::{self, TaskToken};

/// Work for a queue.
#[derive(Clone, Debug)]
pub(crate) struct Offer {
    pub(crate) run: RunNumber,
    pub(crate) queue: QueueKey,
    /// 1 goes first, 5 last; 3 for what has none.
    pub(crate) priority: i32,
    pub(crate) what: Work,
}

/// What there is to do.
#[derive(Clone, Debug)]
pub(crate) enum Work {
    /// The run's workflow task, as it was offered this time.
    Workflow(u64),
    Activity {
        scheduled: i64,
        attempt: i32,
    },
    Query {
        id: String,
        sticky: bool,
    },
}

impl Offer {
    pub(crate) fn workflow(
        run: RunNumber,
        offer: u64,
        namespace: &str,
        queue: String,
        priority: Option<Priority>,
    ) -> Self {
        let queue = QueueKey::workflow(namespace, &queue);
        Self { run, queue, priority: level(priority), what: Work::Workflow(offer) }
    }

    pub(crate) fn activity(
        run: RunNumber,
        scheduled: i64,
        attempt: i32,
        namespace: &str,
        queue: String,
        priority: Option<Priority>,
    ) -> Self {
        let queue = QueueKey::activity(namespace, &queue);
        Self { run, queue, priority: level(priority), what: Work::Activity { scheduled, attempt } }
    }

    pub(crate) fn query(run: RunNumber, id: &str, namespace: &str, queue: String, sticky: bool) -> Self {
        let queue = QueueKey::workflow(namespace, &queue);
        Self { run, queue, priority: level(None), what: Work::Query { id: id.to_owned(), sticky } }
    }
}

fn level(priority: Option<Priority>) -> i32 {
    match priority.map(|priority| priority.priority_key) {
        None | Some(0) => 3,
        Some(key) => key.clamp(1, 5),
    }
}

impl World {
    /// Puts what was offered into its queues; the queues.
    pub(super) fn place_offers(&mut self) -> BTreeSet<QueueKey> {
        let offers = std::mem::take(&mut self.offers);
        offers
            .into_iter()
            .map(|offer| {
                let key = offer.queue.clone();
                self.matching.push(offer);
                key
            })
            .collect()
    }

    /// Brings the work of a queue and those who wait for it together.
    pub(crate) fn dispatch(&mut self, queue: &QueueKey) {
        while self.matching.has_pollers(queue) {
            let Some(offer) = self.matching.pop_task(queue) else { return };
            if !self.stands(&offer) {
                continue;
            }
            let Some(poller) = self.matching.pop_poller(queue) else { return };
            self.calls.remove(&poller.call);
            if let Some(reply) = self.hand_over(&offer, &poller) {
                self.replies.push((poller.call, Ok(reply)));
            } else {
                self.matching.put_poller_back(queue, poller);
            }
        }
    }

    /// Whether an offer still means something.
    pub(crate) fn stands(&self, offer: &Offer) -> bool {
        let Some(run) = self.run(offer.run) else { return false };
        match &offer.what {
            Work::Workflow(number) => {
                run.is_open()
                    && run.live.offers == *number
                    && run.state.task.as_ref().is_some_and(|task| task.started == 0)
            }
            Work::Activity { scheduled, attempt } => run.offers_activity(*scheduled, *attempt),
            Work::Query { id, .. } => run.live.queries.contains_key(id),
        }
    }

    fn hand_over(&mut self, offer: &Offer, poller: &Poller) -> Option<Reply> {
        let backlog = self.matching.backlog(&offer.queue);
        self.with(offer.run, |run, cx| match &offer.what {
            Work::Workflow(_) => {
                let sticky = run.state.task.as_ref().is_some_and(|task| task.sticky);
                run.start_task(cx, &poller.identity);
                let mut response = run.task_response(cx, sticky)?;
                response.backlog_count_hint = backlog;
                Some(Reply::WorkflowTask(Box::new(response)))
            }
            Work::Activity { scheduled, .. } => {
                let response = run.start_activity(cx, *scheduled, &poller.identity)?;
                Some(Reply::ActivityTask(Box::new(response)))
            }
            Work::Query { id, sticky } => {
                let query = run.live.queries.get(id)?.query.clone();
                let token = TaskToken {
                    server: cx.server,
                    namespace: run.state.namespace.clone(),
                    workflow_id: run.state.workflow_id.clone(),
                    run_id: run.state.run_id.clone(),
                    query: id.clone(),
                    ..TaskToken::default()
                };
                let (history, next_page_token) = run.query_history(*sticky);
                let response = PollWorkflowTaskQueueResponse {
                    task_token: token::write(&token),
                    previous_started_event_id: run.state.previous_started,
                    query: Some(query),
                    history: Some(history),
                    next_page_token,
                    ..run.response_head()
                };
                Some(Reply::WorkflowTask(Box::new(response)))
            }
        })
        .flatten()
    }
}
