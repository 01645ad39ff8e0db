//! Queries, and the answers to those that are tasks of their own.

use perpetua_proto::enums::{QueryRejectCondition, QueryResultType, WorkflowExecutionStatus};
use perpetua_proto::errordetails::WorkflowNotReadyFailure;
use perpetua_proto::query::QueryRejected;
use perpetua_proto::workflowservice::{QueryWorkflowRequest, QueryWorkflowResponse, RespondQueryTaskCompletedRequest};

use super::check_id;
use crate::refusal::{Answer, Refusal};
use crate::run::query::{not_ready, query_failed};
use crate::token::TaskToken;
use crate::world::{CallId, Reply, Waiting};
use crate::{World, limits};

impl World {
    /// Asks a workflow. The answer comes when a worker gives it.
    ///
    /// # Errors
    /// When the request is wrong, or the workflow is not there or cannot answer.
    pub fn query_workflow(&mut self, call: CallId, request: QueryWorkflowRequest) -> Answer<()> {
        let query = request.query.clone().ok_or_else(|| Refusal::invalid("WorkflowQuery is not set on request."))?;
        self.check_blob(query.query_args.as_ref())?;
        if query.query_type.is_empty() {
            return Err(Refusal::invalid("QueryType is not set on request."));
        }
        let number = self.find(&request.namespace, request.execution.as_ref())?;
        check_id("QueryType", &query.query_type)?;
        let Some(run) = self.run(number) else { return Err(Refusal::not_found("workflow not found")) };
        let status = run.state.status();
        let rejected = match request.query_reject_condition() {
            _ if status == WorkflowExecutionStatus::Paused => true,
            QueryRejectCondition::NotOpen => status != WorkflowExecutionStatus::Running,
            QueryRejectCondition::NotCompletedCleanly => {
                !matches!(status, WorkflowExecutionStatus::Running | WorkflowExecutionStatus::Completed)
            }
            _ => false,
        };
        if rejected {
            let response = QueryWorkflowResponse {
                query_rejected: Some(QueryRejected { status: status.into() }),
                ..QueryWorkflowResponse::default()
            };
            self.cx().reply(call, Ok(Reply::Query(response)));
            return Ok(());
        }
        if !run.is_open() && run.state.previous_started == 0 {
            return Err(Refusal::precondition("Workflow execution closed before WorkflowTaskStarted event")
                .with(&WorkflowNotReadyFailure::default()));
        }
        if run.state.attempt > limits::FAILED_TASKS {
            return Err(not_ready());
        }
        self.calls.insert(call, Waiting::Query(number));
        self.attend(number, |run, cx| run.ask(cx, call, query));
        self.settle();
        Ok(())
    }

    /// A worker has answered a query that was a task of its own.
    ///
    /// # Errors
    /// When nobody waits for the answer any longer.
    pub fn respond_query_task_completed(&mut self, request: RespondQueryTaskCompletedRequest) -> Answer<()> {
        self.check_given_namespace(&request.namespace)?;
        let token = TaskToken::read(&request.task_token, self.server)?;
        let missing = || Refusal::not_found("query task not found, or already expired");
        let number = self.run_of_id(&token.namespace, &token.run_id).map(|run| run.number).ok_or_else(missing)?;
        let query =
            self.attend(number, |run, _| run.live.queries.remove(&token.query)).flatten().ok_or_else(missing)?;
        let answer = if request.completed_type() == QueryResultType::Failed {
            Err(query_failed(request.error_message, request.failure))
        } else {
            Ok(Reply::Query(QueryWorkflowResponse {
                query_result: request.query_result,
                ..QueryWorkflowResponse::default()
            }))
        };
        self.calls.remove(&query.call);
        self.cx().reply(query.call, answer);
        self.settle();
        Ok(())
    }
}
