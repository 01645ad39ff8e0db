//! Work meets workers.

use std::collections::BTreeSet;

use perpetua_proto::common::Priority;
use perpetua_proto::taskqueue::PollerScalingDecision;
use perpetua_proto::workerservice::ExecuteCommandsRequest;
use perpetua_proto::workflowservice::PollWorkflowTaskQueueResponse;

use super::{Alarm, Reply, RunNumber, World};
use crate::Time;
use crate::deployment::Version;
use crate::matching::{Poller, QueueKey, Taken};
use crate::nexus::{Errand, Owner, command};
use crate::run::activity::Taker;

/// Work for a queue.
#[derive(Clone, Debug)]
pub(crate) struct Offer {
    pub(crate) queue: QueueKey,
    /// 1 goes first, 5 last; 3 for what has none.
    pub(crate) priority: i32,
    /// Work of one priority is done in turns between these.
    pub(crate) fairness_key: String,
    /// How many turns its key gets, in proportion to others.
    pub(crate) fairness_weight: f32,
    /// When it was put into a queue.
    pub(crate) offered: Time,
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
        /// As it was offered this time.
        offer: i32,
    },
    /// An activity that a client has started, by its run id.
    Standalone {
        activity: String,
        /// As it was offered this time.
        offer: i32,
    },
    Query {
        run: RunNumber,
        id: String,
        sticky: bool,
    },
    Nexus(Errand),
    /// A worker is told something, in its control queue.
    Command {
        command: ExecuteCommandsRequest,
        /// Until when it is worth it.
        until: Time,
    },
}

impl Offer {
    pub(crate) fn new(queue: QueueKey, priority: Option<Priority>, what: Work) -> Self {
        let Priority { priority_key, fairness_key, fairness_weight } = priority.unwrap_or_default();
        Self {
            queue,
            priority: if priority_key == 0 { 3 } else { priority_key.clamp(1, 5) },
            fairness_key,
            fairness_weight: if fairness_weight > 0.0 { fairness_weight } else { 1.0 },
            offered: Time::default(),
            what,
        }
    }

    /// Whether it is a question, and not a step of anything.
    pub(crate) fn is_query(&self) -> bool {
        matches!(self.what, Work::Query { .. })
    }
}

impl World {
    /// Puts what was offered into its queues; the queues.
    pub(super) fn place_offers(&mut self) -> BTreeSet<QueueKey> {
        self.tidy_queues();
        let offers = std::mem::take(&mut self.offers);
        offers
            .into_iter()
            .map(|mut offer| {
                offer.queue.version = self.version_for(&offer);
                let key = offer.queue.clone();
                self.matching.push(offer, self.now);
                key
            })
            .collect()
    }

    /// Forgets now and then what queues need no longer: who polled them long ago, and work that nobody wants done.
    fn tidy_queues(&mut self) {
        for key in self.matching.tidy(self.now) {
            for offer in self.matching.drain(&key) {
                if self.stands(&offer) {
                    self.matching.put_back(offer);
                }
            }
        }
    }

    /// Brings the work of a queue and those who wait for it together.
    pub(crate) fn dispatch(&mut self, queue: &QueueKey) {
        while self.matching.has_pollers(queue) {
            let offer = match self.matching.take(queue, self.now) {
                Taken::Work(offer) => offer,
                Taken::Later(at) => return self.alarms.set(Alarm::Queue(queue.clone()), Some(at)),
                Taken::Nothing => return,
            };
            if !self.stands(&offer) {
                continue;
            }
            let Some(poller) = self.matching.pop_poller(queue) else { return };
            if let Some(reply) = self.hand_over(&offer, &poller) {
                self.calls.remove(&poller.call);
                self.matching.spend(&offer, self.now);
                let reply = self.advise(reply, queue, &poller);
                self.replies.push((poller.call, Ok(reply)));
            } else {
                self.matching.put_poller_back(queue, poller);
            }
        }
    }

    /// Tells a worker whether it should have more or fewer polls under way.
    fn advise(&mut self, mut reply: Reply, queue: &QueueKey, poller: &Poller) -> Reply {
        let oldest = self.matching.oldest(queue);
        let waited = self.now.since(poller.seen.last);
        let poll_request_delta_suggestion = self.matching.advice(queue, waited, oldest, self.now);
        let decision =
            (poll_request_delta_suggestion != 0).then_some(PollerScalingDecision { poll_request_delta_suggestion });
        match &mut reply {
            Reply::WorkflowTask(response) => response.poller_scaling_decision = decision,
            Reply::ActivityTask(response) => response.poller_scaling_decision = decision,
            Reply::NexusTask(response) => response.poller_scaling_decision = decision,
            _ => {}
        }
        reply
    }

    /// Whether an offer still means something.
    pub(crate) fn stands(&self, offer: &Offer) -> bool {
        match &offer.what {
            Work::Workflow { run, offer } => self.run(*run).is_some_and(|run| run.offers_task(*offer)),
            Work::Activity { run, scheduled, offer } => {
                self.run(*run).is_some_and(|run| run.offers_activity(*scheduled, *offer))
            }
            Work::Standalone { activity, offer } => self.offers_standalone(activity, *offer),
            Work::Query { run, id, .. } => self.run(*run).is_some_and(|run| run.live.queries.contains_key(id)),
            Work::Nexus(errand) => match &errand.owner {
                Owner::Run(run, scheduled) => {
                    self.run(*run).is_some_and(|run| run.offers_operation(*scheduled, errand))
                }
                Owner::Client(key) => self.offers_operation(key, errand),
            },
            Work::Command { until, .. } => self.now < *until,
        }
    }

    fn hand_over(&mut self, offer: &Offer, poller: &Poller) -> Option<Reply> {
        let version = Version::of_worker(poller.seen.deployment.as_ref());
        match &offer.what {
            Work::Workflow { run, .. } => {
                let backlog = self.matching.backlog(&offer.queue);
                let response = self.with(*run, |run, cx| {
                    let sticky = run.state.task.as_ref().is_some_and(|task| task.sticky);
                    run.start_task(cx, &poller.identity, version.as_ref());
                    run.task_response(cx, sticky)
                });
                let response = PollWorkflowTaskQueueResponse { backlog_count_hint: backlog, ..response.flatten()? };
                Some(Reply::WorkflowTask(Box::new(response)))
            }
            Work::Activity { run, scheduled, .. } => {
                let response = self.with(*run, |run, cx| {
                    if run.moves_before_activity(cx, version.as_ref()) {
                        return None;
                    }
                    let Poller { identity, control_queue, .. } = poller;
                    run.start_activity(cx, *scheduled, &Taker { identity, control_queue, version: version.as_ref() })
                });
                Some(Reply::ActivityTask(Box::new(response.flatten()?)))
            }
            Work::Standalone { activity, .. } => {
                Some(Reply::ActivityTask(Box::new(self.start_standalone(activity, &poller.identity)?)))
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
                Owner::Client(key) => Some(Reply::NexusTask(Box::new(self.operation_request(key, errand)?))),
            },
            Work::Command { command, .. } => {
                let token = command::token(self.server, &offer.queue.namespace);
                Some(Reply::NexusTask(Box::new(command::request(command, token))))
            }
        }
    }
}
