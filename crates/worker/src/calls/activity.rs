//! Calls about activities.

use perpetua_client::RpcError;
use perpetua_proto::workflowservice as wire;
use perpetua_vocab::wire::{self as vocab_wire, encode_payloads};
use perpetua_vocab::{ActivityTask, ActivityTaskExtra, Failure, Payloads, TaskToken};

use super::Calls;

/// What the server answers to a heartbeat.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct HeartbeatAnswer {
    pub(crate) cancel_requested: bool,
    pub(crate) paused: bool,
    pub(crate) reset: bool,
}

/// An attempt to be made, and what is said of it besides; or what cannot be read.
pub(crate) type PolledActivity = Result<(ActivityTask, ActivityTaskExtra), vocab_wire::BadTask>;

/// Reads an attempt to be made; none if there is none.
pub(crate) fn read_activity(wire: wire::PollActivityTaskQueueResponse) -> Option<PolledActivity> {
    let extra = vocab_wire::activity_task_extra(&wire);
    vocab_wire::activity_task(wire).transpose().map(|task| task.map(|task| (task, extra)))
}

impl Calls {
    /// Waits for an attempt to be made; none if nothing came in a minute.
    pub(crate) async fn poll_activity(&self) -> Result<Option<PolledActivity>, RpcError> {
        let request = wire::PollActivityTaskQueueRequest {
            namespace: self.namespace(),
            task_queue: Some(self.normal_queue()),
            identity: self.identity(),
            worker_instance_key: self.instance.clone(),
            ..Default::default()
        };
        Ok(read_activity(self.client.rpc(&request).send().await?))
    }

    pub(crate) async fn heartbeat(&self, token: &TaskToken, details: Payloads) -> Result<HeartbeatAnswer, RpcError> {
        let request = wire::RecordActivityTaskHeartbeatRequest {
            task_token: token.0.clone(),
            details: Some(encode_payloads(details)),
            identity: self.identity(),
            namespace: self.namespace(),
            ..Default::default()
        };
        let wire::RecordActivityTaskHeartbeatResponse { cancel_requested, activity_paused, activity_reset } =
            self.client.rpc(&request).send().await?;
        Ok(HeartbeatAnswer { cancel_requested, paused: activity_paused, reset: activity_reset })
    }

    pub(crate) async fn complete_activity(&self, token: &TaskToken, result: Payloads) -> Result<(), RpcError> {
        let request = wire::RespondActivityTaskCompletedRequest {
            task_token: token.0.clone(),
            result: Some(encode_payloads(result)),
            identity: self.identity(),
            namespace: self.namespace(),
            ..Default::default()
        };
        self.client.rpc(&request).send().await.map(|_| ())
    }

    /// `last_heartbeat` is what the server does not know yet of what the attempt reported.
    pub(crate) async fn fail_activity(
        &self,
        token: &TaskToken,
        failure: Failure,
        last_heartbeat: Option<Payloads>,
    ) -> Result<(), RpcError> {
        let request = wire::RespondActivityTaskFailedRequest {
            task_token: token.0.clone(),
            failure: Some(failure.into()),
            identity: self.identity(),
            namespace: self.namespace(),
            last_heartbeat_details: last_heartbeat.map(encode_payloads),
            ..Default::default()
        };
        self.client.rpc(&request).send().await.map(|_| ())
    }

    pub(crate) async fn cancel_activity(&self, token: &TaskToken, details: Option<Payloads>) -> Result<(), RpcError> {
        let request = wire::RespondActivityTaskCanceledRequest {
            task_token: token.0.clone(),
            details: details.map(encode_payloads),
            identity: self.identity(),
            namespace: self.namespace(),
            ..Default::default()
        };
        self.client.rpc(&request).send().await.map(|_| ())
    }
}
