//! Calls about workflow tasks.

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;
use perpetua_client::RpcError;
use perpetua_proto::enums::QueryResultType;
use perpetua_proto::workflowservice as wire;
use perpetua_proto::workflowservice::respond_workflow_task_completed_request::Capabilities;
use perpetua_proto::{history, sdk, taskqueue};
use perpetua_vocab::wire::{encode_duration, encode_payloads};
use perpetua_vocab::{
    Command, Failure, Message, QueryAnswer, QueryId, TaskToken, WorkflowExecution, WorkflowTaskFailedCause,
};
use perpetua_workflow::CORE_FLAGS;

use super::Calls;

/// The name under which histories show who answered.
const SDK_NAME: &str = "perpetua";

/// The answer to a workflow task.
#[derive(Debug)]
pub(crate) struct Completion {
    pub(crate) token: TaskToken,
    pub(crate) commands: Vec<Command>,
    pub(crate) messages: Vec<Message>,
    pub(crate) query_answers: BTreeMap<QueryId, QueryAnswer>,
    /// How long the next task may wait for this worker, where the run is remembered.
    pub(crate) sticky: Option<Duration>,
    /// Whether the next task, if there is one already, may come back with the acceptance.
    pub(crate) wants_next: bool,
    /// Whether the run needs a next task at once, though nothing has happened.
    pub(crate) needs_next: bool,
    /// Whether it is the run's first answer, which says which SDK made it.
    pub(crate) first: bool,
}

/// What came back with the acceptance of an answer.
#[derive(Debug, Default)]
pub(crate) struct Followed {
    /// The next task of the run, if there is one already.
    pub(crate) next: Option<wire::PollWorkflowTaskQueueResponse>,
    /// The attempts of activities that are handed back at once.
    pub(crate) activities: Vec<wire::PollActivityTaskQueueResponse>,
    /// Whether the task was speculative and has been dropped: it leaves no trace in history.
    pub(crate) dropped: bool,
}

impl Calls {
    /// Waits for a workflow task; an empty response if nothing came in a minute.
    pub(crate) async fn poll_workflow(&self, sticky: bool) -> Result<wire::PollWorkflowTaskQueueResponse, RpcError> {
        let request = wire::PollWorkflowTaskQueueRequest {
            namespace: self.namespace(),
            task_queue: Some(if sticky { self.sticky_queue() } else { self.normal_queue() }),
            identity: self.identity(),
            worker_instance_key: self.instance.clone(),
            ..Default::default()
        };
        self.client.rpc(&request).send().await
    }

    pub(crate) async fn complete_workflow_task(&self, completion: Completion) -> Result<Followed, RpcError> {
        let Completion { token, commands, messages, query_answers, sticky, wants_next, needs_next, first } = completion;
        let request = wire::RespondWorkflowTaskCompletedRequest {
            task_token: token.0,
            commands: commands.into_iter().map(Into::into).collect(),
            identity: self.identity(),
            sticky_attributes: sticky.map(|wait| taskqueue::StickyExecutionAttributes {
                worker_task_queue: Some(self.sticky_queue()),
                schedule_to_start_timeout: Some(encode_duration(wait)),
            }),
            return_new_workflow_task: wants_next,
            force_create_new_workflow_task: needs_next,
            query_results: query_answers.into_iter().map(|(id, answer)| (id.0, answer.into())).collect(),
            namespace: self.namespace(),
            messages: messages.into_iter().map(Into::into).collect(),
            sdk_metadata: first.then(|| sdk::WorkflowTaskCompletedMetadata {
                sdk_name: SDK_NAME.to_owned(),
                sdk_version: env!("CARGO_PKG_VERSION").to_owned(),
                core_used_flags: CORE_FLAGS.into(),
                ..Default::default()
            }),
            capabilities: Some(Capabilities { discard_speculative_workflow_task_with_events: true }),
            worker_instance_key: self.instance.clone(),
            ..Default::default()
        };
        let response = self.client.rpc(&request).send().await?;
        Ok(Followed {
            next: response.workflow_task,
            activities: response.activity_tasks,
            dropped: response.reset_history_event_id != 0,
        })
    }

    pub(crate) async fn fail_workflow_task(
        &self,
        token: TaskToken,
        cause: WorkflowTaskFailedCause,
        failure: Failure,
    ) -> Result<(), RpcError> {
        let request = wire::RespondWorkflowTaskFailedRequest {
            task_token: token.0,
            cause: cause.into(),
            failure: Some(failure.into()),
            identity: self.identity(),
            namespace: self.namespace(),
            ..Default::default()
        };
        self.client.rpc(&request).send().await.map(|_| ())
    }

    /// Answers a task that is only a query.
    pub(crate) async fn answer_query(&self, token: TaskToken, answer: QueryAnswer) -> Result<(), RpcError> {
        let mut request = wire::RespondQueryTaskCompletedRequest {
            task_token: token.0,
            namespace: self.namespace(),
            ..Default::default()
        };
        match answer {
            QueryAnswer::Answered(values) => {
                request.completed_type = QueryResultType::Answered.into();
                request.query_result = Some(encode_payloads(values));
            }
            QueryAnswer::Failed(failure) => {
                request.completed_type = QueryResultType::Failed.into();
                request.error_message = failure.message.clone();
                request.failure = Some((*failure).into());
            }
        }
        self.client.rpc(&request).send().await.map(|_| ())
    }

    /// One page of a run's history, from the beginning where `page` is empty; and where the next one begins.
    pub(crate) async fn history(
        &self,
        execution: &WorkflowExecution,
        page: Bytes,
    ) -> Result<(history::History, Bytes), RpcError> {
        let request = wire::GetWorkflowExecutionHistoryRequest {
            namespace: self.namespace(),
            execution: Some(execution.clone().into()),
            next_page_token: page,
            ..Default::default()
        };
        let response = self.client.rpc(&request).send().await?;
        Ok((response.history.unwrap_or_default(), response.next_page_token))
    }
}
