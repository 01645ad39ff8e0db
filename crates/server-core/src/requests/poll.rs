//! Polls of workers, and calls that are given up.

use perpetua_proto::taskqueue::TaskQueue;
use perpetua_proto::workflowservice::{
    GetWorkflowExecutionHistoryResponse, PollActivityTaskQueueRequest, PollActivityTaskQueueResponse,
    PollNexusTaskQueueRequest, PollWorkflowTaskQueueRequest, PollWorkflowTaskQueueResponse,
    ResetStickyTaskQueueRequest, ShutdownWorkerRequest,
};

use super::check_id;
use crate::World;
use crate::matching::{Poller, QueueKey};
use crate::refusal::{Answer, Code, Refusal};
use crate::world::{Alarm, CallId, Reply, Waiting};

impl World {
    /// Waits for a workflow task.
    ///
    /// # Errors
    /// When the request is wrong.
    pub fn poll_workflow_task(&mut self, call: CallId, request: PollWorkflowTaskQueueRequest) -> Answer<()> {
        let queue = self.check_poll(&request.namespace, request.task_queue.as_ref(), &request.identity)?;
        let key = QueueKey::workflow(&request.namespace, &queue);
        self.wait(call, key, request.identity, request.worker_instance_key);
        Ok(())
    }

    /// Waits for an activity.
    ///
    /// # Errors
    /// When the request is wrong.
    pub fn poll_activity_task(&mut self, call: CallId, request: PollActivityTaskQueueRequest) -> Answer<()> {
        let queue = self.check_poll(&request.namespace, request.task_queue.as_ref(), &request.identity)?;
        let key = QueueKey::activity(&request.namespace, &queue);
        self.wait(call, key, request.identity, request.worker_instance_key);
        Ok(())
    }

    /// Waits for a Nexus request.
    ///
    /// # Errors
    /// When the request is wrong.
    pub fn poll_nexus_task(&mut self, call: CallId, request: PollNexusTaskQueueRequest) -> Answer<()> {
        let queue = self.check_poll(&request.namespace, request.task_queue.as_ref(), &request.identity)?;
        let key = QueueKey::nexus(&request.namespace, &queue);
        self.wait(call, key, request.identity, request.worker_instance_key);
        Ok(())
    }

    fn check_poll(&self, namespace: &str, queue: Option<&TaskQueue>, identity: &str) -> Answer<String> {
        self.namespaces.check(namespace)?;
        let name = queue.map_or("", |queue| &queue.name);
        check_id("TaskQueue", name)?;
        if identity.len() > crate::limits::ID_LENGTH {
            return Err(Refusal::invalid("Identity length exceeds limit."));
        }
        Ok(name.to_owned())
    }

    fn wait(&mut self, call: CallId, key: QueueKey, identity: String, instance: String) {
        let now = self.now;
        if self.matching.is_gone(&instance) {
            self.calls.insert(call, Waiting::Task(key));
            return self.expire(call);
        }
        self.matching.wait(&key, Poller { call, identity, instance }, now);
        self.calls.insert(call, Waiting::Task(key.clone()));
        self.dispatch(&key);
        self.settle();
    }

    /// A worker goes away: its polls are answered with nothing, its sticky queue is not used any longer.
    ///
    /// # Errors
    /// When the request is wrong.
    pub fn shutdown_worker(&mut self, request: &ShutdownWorkerRequest) -> Answer<()> {
        self.namespaces.check(&request.namespace)?;
        if !request.worker_instance_key.is_empty() {
            for call in self.matching.dismiss(&request.worker_instance_key, self.now) {
                self.expire(call);
            }
        }
        let sticky = &request.sticky_task_queue;
        if !sticky.is_empty() {
            let of_worker: Vec<_> = self
                .runs()
                .filter(|run| run.state.namespace == request.namespace && run.state.sticky_queue == *sticky)
                .map(|run| run.number)
                .collect();
            for number in of_worker {
                self.with(number, |run, cx| {
                    if run.state.task.as_ref().is_some_and(|task| task.sticky && task.started == 0) {
                        run.time_out_task(cx);
                    } else {
                        run.forget_sticky();
                    }
                });
            }
            self.settle();
        }
        Ok(())
    }

    /// Lets the next task of a run go to any worker, and not to the one that remembers it.
    ///
    /// # Errors
    /// When the request is wrong, or the workflow is not there.
    pub fn reset_sticky_task_queue(&mut self, request: &ResetStickyTaskQueueRequest) -> Answer<()> {
        let number = self.find(&request.namespace, request.execution.as_ref())?;
        self.with(number, |run, _| run.forget_sticky());
        self.settle();
        Ok(())
    }

    /// A call has waited long enough: it is answered with what there is.
    pub fn expire(&mut self, call: CallId) {
        let Some(waiting) = self.calls.remove(&call) else { return };
        let answer = match waiting {
            Waiting::Task(queue) => {
                self.matching.leave(&queue, call);
                Ok(match queue.kind {
                    crate::matching::Kind::Workflow => {
                        Reply::WorkflowTask(Box::<PollWorkflowTaskQueueResponse>::default())
                    }
                    crate::matching::Kind::Activity => {
                        Reply::ActivityTask(Box::<PollActivityTaskQueueResponse>::default())
                    }
                    crate::matching::Kind::Nexus => Reply::NexusTask(Box::default()),
                })
            }
            Waiting::Time => {
                self.alarms.set(Alarm::Sleeper(call), None);
                Ok(Reply::Slept)
            }
            Waiting::History(number) => {
                let reader = self.attend(number, |run, _| {
                    let at = run.live.readers.iter().position(|reader| reader.call == call)?;
                    let reader = run.live.readers.remove(at);
                    Some(GetWorkflowExecutionHistoryResponse {
                        history: Some(perpetua_proto::history::History::default()),
                        next_page_token: run.reader_token(reader.from),
                        ..GetWorkflowExecutionHistoryResponse::default()
                    })
                });
                reader.flatten().map(Reply::History).ok_or_else(deleted)
            }
            Waiting::Query(number) => {
                let gone = self.attend(number, |run, _| {
                    let before = run.live.queries.len();
                    run.live.queries.retain(|_, query| query.call != call);
                    before != run.live.queries.len()
                });
                Err(match gone {
                    Some(true) => Refusal::new(Code::DeadlineExceeded, "no worker answered the query in time"),
                    _ => deleted(),
                })
            }
            Waiting::Update(number, id) => {
                let reached = self.attend(number, |run, _| {
                    let waiters = run.live.update_waiters.get_mut(&id)?;
                    let at = waiters.iter().position(|waiter| waiter.call == call)?;
                    let waiter = waiters.remove(at);
                    Some(waiter.shape.reply(run.update_answer(&id)))
                });
                reached.flatten().ok_or_else(deleted)
            }
        };
        self.cx().reply(call, answer);
        self.settle();
    }
}

/// What was waited for was deleted.
fn deleted() -> Refusal {
    Refusal::not_found("workflow execution not found")
}
