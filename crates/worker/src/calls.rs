//! The calls that a worker makes, each in our words.
//!
//! Deadlines and retries are the client's: a poll is tried again for as long as it is awaited, everything else for ten
//! seconds. Codecs have run before; nothing here changes a payload.

mod activity;
mod workflow;

use std::time::Duration;

use perpetua_client::{Client, RpcError};
use perpetua_proto::enums::{TaskQueueKind, TaskQueueType};
use perpetua_proto::{taskqueue, workflowservice as wire};
use perpetua_vocab::{Identity, TaskQueue};
use uuid::Uuid;

pub(crate) use activity::{PolledActivity, read_activity};
pub(crate) use workflow::Completion;

/// How long the server may take to let a worker go.
const FAREWELL: Duration = Duration::from_secs(3);

/// Who calls: one worker, its queues, and the client it calls through. Cheap to clone where an `Arc` is not at hand.
#[derive(Clone, Debug)]
pub(crate) struct Calls {
    client: Client,
    identity: Identity,
    task_queue: TaskQueue,
    /// The queue for the runs that this worker remembers. It has a name that nobody else has.
    sticky_queue: TaskQueue,
    /// Tells this worker apart from others of the same identity.
    instance: String,
}

/// What a worker wants to know of its namespace.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct NamespaceFacts {
    /// Whether the polls of a worker that shuts down are answered at once, so that no task is lost on its way.
    pub(crate) completes_polls_on_shutdown: bool,
}

impl Calls {
    pub(crate) fn new(client: Client, identity: Identity, task_queue: TaskQueue) -> Self {
        let instance = Uuid::new_v4().to_string();
        let sticky_queue = TaskQueue::new(format!("{identity}:{task_queue}:{instance}"));
        Self { client, identity, task_queue, sticky_queue, instance }
    }

    pub(crate) fn client(&self) -> &Client {
        &self.client
    }

    pub(crate) fn task_queue(&self) -> &TaskQueue {
        &self.task_queue
    }

    /// Asks for the facts of the namespace.
    pub(crate) async fn describe_namespace(&self) -> Result<NamespaceFacts, RpcError> {
        let request = wire::DescribeNamespaceRequest { namespace: self.namespace(), ..Default::default() };
        let capabilities = self.client.rpc(&request).send().await?.namespace_info.and_then(|info| info.capabilities);
        Ok(NamespaceFacts {
            completes_polls_on_shutdown: capabilities.is_some_and(|can| can.worker_poll_complete_on_shutdown),
        })
    }

    /// Tells the server that this worker polls no more: what waits in its sticky queue goes back to the normal one.
    pub(crate) async fn shutdown_worker(&self, sticky: bool, kinds: Vec<TaskQueueType>) -> Result<(), RpcError> {
        let request = wire::ShutdownWorkerRequest {
            namespace: self.namespace(),
            sticky_task_queue: if sticky { self.sticky_queue.to_string() } else { String::new() },
            identity: self.identity(),
            reason: "the worker was asked to shut down".to_owned(),
            worker_instance_key: self.instance.clone(),
            task_queue: self.task_queue.to_string(),
            task_queue_types: kinds.into_iter().map(Into::into).collect(),
            ..Default::default()
        };
        self.client.rpc(&request).timeout(FAREWELL).send().await.map(|_| ())
    }

    fn namespace(&self) -> String {
        self.client.namespace().to_string()
    }

    fn identity(&self) -> String {
        self.identity.to_string()
    }

    fn normal_queue(&self) -> taskqueue::TaskQueue {
        self.task_queue.clone().into()
    }

    fn sticky_queue(&self) -> taskqueue::TaskQueue {
        taskqueue::TaskQueue {
            name: self.sticky_queue.to_string(),
            kind: TaskQueueKind::Sticky.into(),
            normal_name: self.task_queue.to_string(),
        }
    }
}
