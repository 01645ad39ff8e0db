//! Work meets workers.

use std::collections::BTreeSet;

use perpetua_proto::common::Priority;
use perpetua_proto::workflowservice::PollWorkflowTaskQueueResponse;

use super::{Reply, RunNumber, World};
use crate::matching::{Poller, QueueKey};
use crate::nexus::{Errand, Owner};

/// Work for a queue.
#[derive(Clone, Debug)]
pub(crate) struct Offer {
    pub(crate) queue: QueueKey,
    /// 1 goes first, 5 last; 3 for what has none.
    pub(crate) priority: i32,
    pub(crate) what: Work,
}

/// What there is to do.
#[derive(Clone, Debug)]
pub(crate) enum Work {
    /// The run's workflow task, as it was offered this time.
    Workflow {
        run: RunNumber,
        offer: u64,
    },
    Activity {
        run: RunNumber,
        scheduled: i64,
        attempt: i32,
    },
    Query {
        run: RunNumber,
        id: String,
        sticky: bool,
    },
    Nexus(Errand),
}

impl Offer {
    pub(crate) fn new(queue: QueueKey, priority: Option<Priority>, what: Work) -> Self {
        Self { queue, priority: level(priority), what }
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
        match &offer.what {
            Work::Workflow { run, offer } => self.run(*run).is_some_and(|run| run.offers_task(*offer)),
            Work::Activity { run, scheduled, attempt } => {
                self.run(*run).is_some_and(|run| run.offers_activity(*scheduled, *attempt))
            }
            Work::Query { run, id, .. } => self.run(*run).is_some_and(|run| run.live.queries.contains_key(id)),
            Work::Nexus(errand) => match &errand.owner {
                Owner::Run(run, scheduled) => {
                    self.run(*run).is_some_and(|run| run.offers_operation(*scheduled, errand))
                }
            },
        }
    }

    fn hand_over(&mut self, offer: &Offer, poller: &Poller) -> Option<Reply> {
        match &offer.what {
            Work::Workflow { run, .. } => {
                let backlog = self.matching.backlog(&offer.queue);
                let response = self.with(*run, |run, cx| {
                    let sticky = run.state.task.as_ref().is_some_and(|task| task.sticky);
                    run.start_task(cx, &poller.identity);
                    run.task_response(cx, sticky)
                });
                let response = PollWorkflowTaskQueueResponse { backlog_count_hint: backlog, ..response.flatten()? };
                Some(Reply::WorkflowTask(Box::new(response)))
            }
            Work::Activity { run, scheduled, .. } => {
                let response = self.with(*run, |run, cx| run.start_activity(cx, *scheduled, &poller.identity));
                Some(Reply::ActivityTask(Box::new(response.flatten()?)))
            }
            Work::Query { run, id, sticky } => {
                let response = self.attend(*run, |run, cx| run.query_response(cx, id, *sticky));
                Some(Reply::WorkflowTask(Box::new(response.flatten()?)))
            }
            Work::Nexus(errand) => match &errand.owner {
                Owner::Run(run, scheduled) => {
                    let response = self.with(*run, |run, cx| run.operation_request(cx, *scheduled, errand));
                    Some(Reply::NexusTask(Box::new(response.flatten()?)))
                }
            },
        }
    }
}
