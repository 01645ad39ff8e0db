//! Polls of workers, and calls that are given up.

use perpetua_proto::common::WorkerVersionCapabilities;
use perpetua_proto::deployment::WorkerDeploymentOptions;
use perpetua_proto::enums::{TaskQueueKind, WorkerVersioningMode};
use perpetua_proto::taskqueue::TaskQueue;
use perpetua_proto::workflowservice::{
    GetWorkflowExecutionHistoryResponse, PollActivityTaskQueueRequest, PollActivityTaskQueueResponse,
    PollNexusTaskQueueRequest, PollWorkflowTaskQueueRequest, PollWorkflowTaskQueueResponse,
    ResetStickyTaskQueueRequest, ShutdownWorkerRequest,
};

use crate::World;
use crate::attempt::options::check_queue;
use crate::deployment::{self, Version};
use crate::matching::{Kind, Poller, QueueKey, Seen};
use crate::refusal::{Answer, Code, Refusal};
use crate::world::{Alarm, CallId, Reply, Waiting};

/// What a worker says of itself when it asks for work.
struct Asking<'a> {
    namespace: &'a str,
    queue: Option<&'a TaskQueue>,
    kind: Kind,
    identity: String,
    instance: String,
    control_queue: String,
    deployment: Option<WorkerDeploymentOptions>,
    capabilities: Option<WorkerVersionCapabilities>,
    rate: Option<f64>,
}

impl World {
    /// Waits for a workflow task.
    ///
    /// # Errors
    /// When the request is wrong.
    pub fn poll_workflow_task(&mut self, call: CallId, request: PollWorkflowTaskQueueRequest) -> Answer<()> {
        #[allow(deprecated, reason = "older workers say it so")]
        let capabilities = request.worker_version_capabilities;
        self.poll(
            call,
            Asking {
                namespace: &request.namespace,
                queue: request.task_queue.as_ref(),
                kind: Kind::Workflow,
                identity: request.identity,
                instance: request.worker_instance_key,
                control_queue: request.worker_control_task_queue,
                deployment: request.deployment_options,
                capabilities,
                rate: None,
            },
        )
    }

    /// Waits for an activity.
    ///
    /// # Errors
    /// When the request is wrong.
    pub fn poll_activity_task(&mut self, call: CallId, request: PollActivityTaskQueueRequest) -> Answer<()> {
        #[allow(deprecated, reason = "older workers say it so")]
        let capabilities = request.worker_version_capabilities;
        self.poll(
            call,
            Asking {
                namespace: &request.namespace,
                queue: request.task_queue.as_ref(),
                kind: Kind::Activity,
                identity: request.identity,
                instance: request.worker_instance_key,
                control_queue: request.worker_control_task_queue,
                deployment: request.deployment_options,
                capabilities,
                rate: request.task_queue_metadata.and_then(|metadata| metadata.max_tasks_per_second),
            },
        )
    }

    /// Waits for a Nexus request.
    ///
    /// # Errors
    /// When the request is wrong.
    pub fn poll_nexus_task(&mut self, call: CallId, request: PollNexusTaskQueueRequest) -> Answer<()> {
        #[allow(deprecated, reason = "older workers say it so")]
        let capabilities = request.worker_version_capabilities;
        self.poll(
            call,
            Asking {
                namespace: &request.namespace,
                queue: request.task_queue.as_ref(),
                kind: Kind::Nexus,
                identity: request.identity,
                instance: request.worker_instance_key,
                control_queue: String::new(),
                deployment: request.deployment_options,
                capabilities,
                rate: None,
            },
        )
    }

    fn poll(&mut self, call: CallId, asking: Asking<'_>) -> Answer<()> {
        let Asking { namespace, queue, kind, identity, instance, control_queue, deployment, capabilities, rate } =
            asking;
        self.namespaces.check(namespace)?;
        check_queue(queue).map_err(Refusal::invalid)?;
        let name = queue.map_or("", |queue| &queue.name);
        if identity.len() > crate::limits::ID_LENGTH {
            return Err(Refusal::invalid("Identity length exceeds limit."));
        }
        let version = version_of(deployment.as_ref())?;
        let is_sticky = queue.is_some_and(|queue| queue.kind() == TaskQueueKind::Sticky);
        // Nobody but the worker itself polls its sticky queue.
        let key = QueueKey::new(namespace, kind, name).of(version.filter(|_| !is_sticky));
        if self.matching.is_gone(&instance, self.now) {
            self.calls.insert(call, Waiting::Task(key));
            self.expire(call);
            return Ok(());
        }
        self.register(&key)?;
        let seen = Seen { last: self.now, rate, deployment, capabilities };
        self.matching.wait(&key, Poller { call, identity, instance, control_queue, seen });
        self.calls.insert(call, Waiting::Task(key.clone()));
        self.dispatch(&key);
        self.settle();
        Ok(())
    }

    /// A worker goes away: its polls are answered with nothing, its sticky queue is not used any longer.
    ///
    /// # Errors
    /// When the request is wrong.
    pub fn shutdown_worker(&mut self, request: &ShutdownWorkerRequest) -> Answer<()> {
        self.namespaces.check(&request.namespace)?;
        if !request.worker_instance_key.is_empty() {
            match &request.worker_heartbeat {
                Some(said) => self.workers.hear(&request.namespace, said.clone(), self.now),
                None => self.workers.forget(&request.namespace, &request.worker_instance_key),
            }
            for call in self.matching.dismiss(&request.worker_instance_key, self.now) {
                self.expire(call);
            }
        }
        let sticky = &request.sticky_task_queue;
        if !sticky.is_empty() {
            // Nothing comes to closed runs but questions, and these look whether the queue is polled.
            self.matching.abandon(&QueueKey::workflow(&request.namespace, sticky));
            let of_worker: Vec<_> = self
                .that_may_stick_to(sticky)
                .into_iter()
                .filter_map(|number| self.glance(number))
                .filter(|run| run.state.namespace == request.namespace && run.state.sticky_queue == *sticky)
                .map(|run| run.number)
                .collect();
            for number in of_worker {
                self.with(number, |run, cx| {
                    run.forget_sticky();
                    run.offer_to_all(cx);
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
                    Kind::Workflow => Reply::WorkflowTask(Box::<PollWorkflowTaskQueueResponse>::default()),
                    Kind::Activity => Reply::ActivityTask(Box::<PollActivityTaskQueueResponse>::default()),
                    Kind::Nexus => Reply::NexusTask(Box::default()),
                })
            }
            Waiting::FastForward(number) => {
                let goes_on = self.attend(number, |run, _| {
                    run.live.fast_forward_waiters.retain(|waiter| waiter.call != call);
                    run.fast_forward_goes_on()
                });
                goes_on.map(|goes_on| Reply::FastForward(Box::new(goes_on))).ok_or_else(deleted)
            }
            Waiting::Linger(number) => {
                self.attend(number, |run, _| run.live.lingering.retain(|lingering| lingering.call != call));
                self.alarms.set(Alarm::Sleeper(call), None);
                Err(Refusal::new(Code::DeadlineExceeded, "the attempt of the activity is still open"))
            }
            Waiting::Time | Waiting::Bell => {
                self.alarms.set(Alarm::Sleeper(call), None);
                Err(Refusal::new(Code::DeadlineExceeded, "the time has not come yet"))
            }
            Waiting::Operation => match self.dismiss_operation_waiter(call) {
                Some(reply) => Ok(reply),
                None => return,
            },
            Waiting::Activity => match self.dismiss_activity_waiter(call) {
                Some(reply) => Ok(reply),
                None => return,
            },
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
                    Some(waiter.shape.reply(run.update_answer(&id, &waiter.request_id)))
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

/// The version of a worker that polls, if it has one.
fn version_of(options: Option<&WorkerDeploymentOptions>) -> Answer<Option<Version>> {
    let Some(options) = options.filter(|it| it.worker_versioning_mode() == WorkerVersioningMode::Versioned) else {
        return Ok(None);
    };
    if options.deployment_name.is_empty() || options.build_id.is_empty() {
        return Err(Refusal::invalid("Deployment name and build id must be set together."));
    }
    deployment::check_name(&options.deployment_name)?;
    Ok(Version::of_worker(Some(options)))
}
