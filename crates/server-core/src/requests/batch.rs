//! Batch operations: started, described, listed, stopped.

use perpetua_proto::batch::BatchOperationInfo;
use perpetua_proto::enums::{BatchOperationState, ResourceExhaustedCause, ResourceExhaustedScope};
use perpetua_proto::errordetails::{ResourceExhaustedFailure, WorkflowExecutionAlreadyStartedFailure};
use perpetua_proto::workflowservice::{
    DescribeBatchOperationRequest, DescribeBatchOperationResponse, ListBatchOperationsRequest,
    ListBatchOperationsResponse, StartBatchOperationRequest, StopBatchOperationRequest,
};

use crate::World;
use crate::batch::{BatchJob, REST, check_operation, check_targets, key};
use crate::refusal::{Answer, Code, Refusal};
use crate::time::{Time, shown, stored};
use crate::visibility::{self, Page, Place};

/// How many batch operations of a namespace may run at the same time.
const AT_A_TIME: usize = 1;

impl World {
    /// Starts a batch operation.
    ///
    /// # Errors
    /// When the request is wrong, another one is running, or there was one of this id.
    pub fn start_batch(&mut self, request: StartBatchOperationRequest) -> Answer<()> {
        self.check_batch(&request)?;
        let key = key(&request.namespace, &request.job_id);
        let of_namespace = |job: &&BatchJob| job.request.namespace == request.namespace;
        if self.batches.values().filter(of_namespace).filter(|job| job.is_running()).count() >= AT_A_TIME {
            let detail = ResourceExhaustedFailure {
                cause: ResourceExhaustedCause::ConcurrentLimit.into(),
                scope: ResourceExhaustedScope::Namespace.into(),
            };
            let message = "Max concurrent batch operations is reached";
            return Err(Refusal::new(Code::ResourceExhausted, message).with(&detail));
        }
        if let Some(job) = self.batches.get(&key) {
            let (id, run_id) = (&request.job_id, job.run_id.clone());
            let message = format!(
                "Workflow execution already finished. WorkflowId: {id}, RunId: {run_id}. Workflow Id reuse policy: reject \
                 duplicate workflow Id."
            );
            let first_execution_run_id = run_id.clone();
            let detail =
                WorkflowExecutionAlreadyStartedFailure { run_id, first_execution_run_id, ..Default::default() };
            return Err(Refusal::new(Code::AlreadyExists, message).with(&detail));
        }
        let run_id = self.cx().uuid();
        let start_time = self.now.nanos();
        let state = BatchOperationState::Running.into();
        // What it does comes after it was asked for, so that both can be told apart.
        let next_time = self.now.plus(REST).nanos();
        let mut job = BatchJob { request, state, start_time, next_time, run_id, ..BatchJob::default() };
        job.total = if job.request.visibility_query.is_empty() {
            i64::try_from(job.executions().len()).unwrap_or(i64::MAX)
        } else if job.is_of_activities() {
            let found = self.wanted_activities(&job.request.namespace, &job.query());
            found.map_or(0, |(_, found)| i64::try_from(found.len()).unwrap_or(i64::MAX))
        } else if let Ok(query) = self.workflow_query(&job.request.namespace, &job.query()) {
            let found = self.workflows(&job.request.namespace, &query, None).count();
            i64::try_from(found).unwrap_or(i64::MAX)
        } else {
            0
        };
        self.batches.insert(key.clone(), job);
        self.resume_batch(&key);
        Ok(())
    }

    fn check_batch(&self, request: &StartBatchOperationRequest) -> Answer<()> {
        let namespace = self.of_batch(&request.namespace, &request.job_id)?;
        self.namespaces.check_open(namespace)?;
        let (query, named) = (&request.visibility_query, &request.executions);
        let is_named = !named.is_empty() || !request.target_executions.is_empty();
        let Some(operation) = request.operation.as_ref().filter(|_| !request.reason.is_empty()) else {
            return Err(incomplete());
        };
        if query.is_empty() && !is_named {
            return Err(incomplete());
        }
        let ways = [!query.is_empty(), !named.is_empty(), !request.target_executions.is_empty()];
        if ways.iter().filter(|way| **way).count() > 1 {
            let message = "visibility query, executions, and target executions are mutually exclusive";
            return Err(Refusal::invalid(message));
        }
        visibility::check_form(query)
            .map_err(|problem| Refusal::invalid(format!("invalid visibility query: {problem}")))?;
        check_targets(operation, &request.target_executions)?;
        check_operation(operation)
    }

    /// Says how far a batch operation is.
    ///
    /// # Errors
    /// When there is none of this id.
    pub fn describe_batch(&self, request: &DescribeBatchOperationRequest) -> Answer<DescribeBatchOperationResponse> {
        self.of_batch(&request.namespace, &request.job_id)?;
        let job = self.batches.get(&key(&request.namespace, &request.job_id));
        let job = job.ok_or_else(|| unknown(&request.job_id))?;
        Ok(DescribeBatchOperationResponse {
            operation_type: job.kind().into(),
            job_id: request.job_id.clone(),
            state: job.state,
            start_time: shown(job.start_time),
            close_time: shown(job.close_time),
            total_operation_count: job.total,
            complete_operation_count: job.completed,
            failure_operation_count: job.failed,
            identity: job.identity().to_owned(),
            reason: job.request.reason.clone(),
            query: job.request.visibility_query.clone(),
            executions: job.executions(),
        })
    }

    /// Lists batch operations: what runs, and then what ended last.
    ///
    /// # Errors
    /// When the request is wrong.
    pub fn list_batches(&self, request: &ListBatchOperationsRequest) -> Answer<ListBatchOperationsResponse> {
        self.namespaces.check(&request.namespace)?;
        let page = Page::new(request.page_size, &request.next_page_token)?;
        let jobs = self.batches.values().filter(|job| job.request.namespace == request.namespace);
        let place =
            |job: &BatchJob| Place::new(stored(job.close_time), Time::from_nanos(job.start_time), job.run_id.clone());
        let mut jobs: Vec<_> = jobs.map(|job| (place(job), job)).collect();
        jobs.sort_by(|(one, _), (other, _)| one.cmp(other));
        let (operation_info, next_page_token) = page.fill(jobs.into_iter(), |job| BatchOperationInfo {
            job_id: job.request.job_id.clone(),
            state: job.state,
            start_time: shown(job.start_time),
            close_time: shown(job.close_time),
            operation_type: job.kind().into(),
        });
        Ok(ListBatchOperationsResponse { operation_info, next_page_token })
    }

    /// Stops a batch operation. What it has done stays done.
    ///
    /// # Errors
    /// When there is none of this id, or it is over.
    pub fn stop_batch(&mut self, request: &StopBatchOperationRequest) -> Answer<()> {
        self.of_batch(&request.namespace, &request.job_id)?;
        if request.reason.is_empty() {
            return Err(Refusal::invalid("Reason is not set on request."));
        }
        let key = key(&request.namespace, &request.job_id);
        let job = self.batches.get(&key).ok_or_else(|| unknown(&request.job_id))?;
        if !job.is_running() {
            return Err(Refusal::not_found("workflow execution already completed"));
        }
        let job = job.clone();
        self.end_batch(&key, job, BatchOperationState::Failed);
        Ok(())
    }

    fn of_batch<'a>(&self, namespace: &'a str, job_id: &str) -> Answer<&'a str> {
        self.namespaces.check(namespace)?;
        if job_id.is_empty() {
            return Err(Refusal::invalid("JobId is not set on request."));
        }
        Ok(namespace)
    }
}

fn incomplete() -> Refusal {
    Refusal::invalid(
        "must provide required parameters: BatchType,Reason,Namespace, AND one of (Query OR Executions OR \
         TargetExecutions)",
    )
}

fn unknown(job_id: &str) -> Refusal {
    Refusal::not_found(format!("workflow not found for ID: {job_id}"))
}
