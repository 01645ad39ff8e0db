//! Batch operations: one thing that is done to many workflows, a few at a time.
//!
//! ```text
//! Running --nothing is left--> Completed
//!    |------the query is wrong, or it is stopped--> Failed
//! ```

use std::time::Duration;

use perpetua_proto::batch::batch_operation_reset_activities::Activity as ResetActivity;
use perpetua_proto::batch::batch_operation_unpause_activities::Activity as UnpauseActivity;
use perpetua_proto::batch::batch_operation_update_activity_options::Activity as UpdateActivity;
use perpetua_proto::common::Execution;
use perpetua_proto::enums::{BatchOperationState, BatchOperationType, ExecutionType, ResetType};
use perpetua_proto::workflowservice::StartBatchOperationRequest;
use perpetua_proto::workflowservice::start_batch_operation_request::Operation;

use crate::refusal::{Answer, Refusal};

/// How long others have their turn before each step.
pub(crate) const REST: Duration = Duration::from_millis(1);

/// A batch operation, as it is stored.
#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct BatchJob {
    #[prost(message, required, tag = "1")]
    pub(crate) request: StartBatchOperationRequest,
    #[prost(enumeration = "BatchOperationState", tag = "2")]
    pub(crate) state: i32,
    #[prost(int64, tag = "3")]
    pub(crate) start_time: i64,
    /// 0 while it runs.
    #[prost(int64, tag = "4")]
    pub(crate) close_time: i64,
    /// To how many it was to be done when it began.
    #[prost(int64, tag = "5")]
    pub(crate) total: i64,
    #[prost(int64, tag = "6")]
    pub(crate) completed: i64,
    #[prost(int64, tag = "7")]
    pub(crate) failed: i64,
    /// How many of those that are named one by one are done.
    #[prost(uint64, tag = "8")]
    pub(crate) done: u64,
    /// Where the next page of those that the query finds begins.
    #[prost(bytes = "vec", tag = "9")]
    pub(crate) page: Vec<u8>,
    #[prost(string, tag = "10")]
    pub(crate) run_id: String,
    /// When its next step is.
    #[prost(int64, tag = "11")]
    pub(crate) next_time: i64,
}

/// The key of a batch operation.
pub(crate) fn key(namespace: &str, id: &str) -> String {
    format!("{}:{namespace}{id}", namespace.len())
}

impl BatchJob {
    pub(crate) fn is_running(&self) -> bool {
        self.state() == BatchOperationState::Running
    }

    /// Whether it is done to activities that clients have started, and not to workflows.
    pub(crate) fn is_of_activities(&self) -> bool {
        self.request.operation.as_ref().is_some_and(is_of_activities)
    }

    /// What the query asks for, of what the operation can be done to.
    pub(crate) fn query(&self) -> String {
        let asked = &self.request.visibility_query;
        match self.request.operation {
            Some(
                Operation::DeletionOperation(_)
                | Operation::ResetOperation(_)
                | Operation::DeleteActivitiesOperation(_),
            ) => asked.clone(),
            Some(_) if self.is_of_activities() => format!("({asked}\n) AND ExecutionStatus IN ('Running', 'Paused')"),
            // A comment at its end ends there.
            _ => format!("({asked}\n) AND ExecutionStatus = 'Running'"),
        }
    }

    /// Those that are named one by one.
    pub(crate) fn executions(&self) -> Vec<Execution> {
        let kind = if self.is_of_activities() { ExecutionType::Activity } else { ExecutionType::Workflow };
        let workflows = self.request.executions.iter().map(|it| Execution {
            r#type: kind.into(),
            business_id: it.workflow_id.clone(),
            run_id: it.run_id.clone(),
        });
        workflows.chain(self.request.target_executions.iter().cloned()).collect()
    }

    pub(crate) fn kind(&self) -> BatchOperationType {
        use BatchOperationType as Kind;
        match &self.request.operation {
            None => Kind::Unspecified,
            Some(operation) => match operation {
                Operation::TerminationOperation(_) => Kind::TerminateWorkflow,
                Operation::SignalOperation(_) => Kind::SignalWorkflow,
                Operation::CancellationOperation(_) => Kind::CancelWorkflow,
                Operation::DeletionOperation(_) => Kind::DeleteWorkflow,
                Operation::ResetOperation(_) => Kind::ResetWorkflow,
                Operation::UpdateWorkflowOptionsOperation(_) => Kind::UpdateWorkflowExecutionOptions,
                Operation::UnpauseActivitiesOperation(_) => Kind::UnpauseActivity,
                Operation::ResetActivitiesOperation(_) => Kind::ResetActivity,
                Operation::UpdateActivityOptionsOperation(_) => Kind::UpdateActivityOptions,
                Operation::CancelActivitiesOperation(_) => Kind::CancelActivity,
                Operation::TerminateActivitiesOperation(_) => Kind::TerminateActivity,
                Operation::DeleteActivitiesOperation(_) => Kind::DeleteActivity,
            },
        }
    }

    /// Who asked for it.
    pub(crate) fn identity(&self) -> &str {
        match &self.request.operation {
            None | Some(Operation::DeleteActivitiesOperation(_)) => "",
            Some(operation) => match operation {
                Operation::TerminationOperation(it) => &it.identity,
                Operation::SignalOperation(it) => &it.identity,
                Operation::CancellationOperation(it) => &it.identity,
                Operation::DeletionOperation(it) => &it.identity,
                Operation::ResetOperation(it) => &it.identity,
                Operation::UpdateWorkflowOptionsOperation(it) => &it.identity,
                Operation::UnpauseActivitiesOperation(it) => &it.identity,
                Operation::ResetActivitiesOperation(it) => &it.identity,
                Operation::UpdateActivityOptionsOperation(it) => &it.identity,
                Operation::CancelActivitiesOperation(it) => &it.identity,
                Operation::TerminateActivitiesOperation(it) => &it.identity,
                Operation::DeleteActivitiesOperation(_) => "",
            },
        }
    }
}

fn is_of_activities(operation: &Operation) -> bool {
    matches!(
        operation,
        Operation::CancelActivitiesOperation(_)
            | Operation::TerminateActivitiesOperation(_)
            | Operation::DeleteActivitiesOperation(_)
    )
}

/// Checks that those who are named are such things.
pub(crate) fn check_targets(operation: &Operation, targets: &[Execution]) -> Answer<()> {
    let wanted = if is_of_activities(operation) { ExecutionType::Activity } else { ExecutionType::Workflow };
    let Some(at) = targets.iter().position(|target| target.r#type() != wanted) else { return Ok(()) };
    let (is, wanted) = (type_name(targets[at].r#type()), type_name(wanted));
    let name = operation_name(operation);
    Err(Refusal::invalid(format!(
        "target_executions[{at}] has type {is}, but operation *workflowservice.StartBatchOperationRequest_{name} requires \
         {wanted}"
    )))
}

/// What the real server calls an operation in refusals.
fn operation_name(operation: &Operation) -> &'static str {
    match operation {
        Operation::TerminationOperation(_) => "TerminationOperation",
        Operation::SignalOperation(_) => "SignalOperation",
        Operation::CancellationOperation(_) => "CancellationOperation",
        Operation::DeletionOperation(_) => "DeletionOperation",
        Operation::ResetOperation(_) => "ResetOperation",
        Operation::UpdateWorkflowOptionsOperation(_) => "UpdateWorkflowOptionsOperation",
        Operation::UnpauseActivitiesOperation(_) => "UnpauseActivitiesOperation",
        Operation::ResetActivitiesOperation(_) => "ResetActivitiesOperation",
        Operation::UpdateActivityOptionsOperation(_) => "UpdateActivityOptionsOperation",
        Operation::CancelActivitiesOperation(_) => "CancelActivitiesOperation",
        Operation::TerminateActivitiesOperation(_) => "TerminateActivitiesOperation",
        Operation::DeleteActivitiesOperation(_) => "DeleteActivitiesOperation",
    }
}

fn type_name(kind: ExecutionType) -> &'static str {
    match kind {
        ExecutionType::Unspecified => "Unspecified",
        ExecutionType::Workflow => "Workflow",
        ExecutionType::Activity => "Activity",
        ExecutionType::NexusOperation => "NexusOperation",
    }
}

/// Checks what is to be done.
pub(crate) fn check_operation(operation: &Operation) -> Answer<()> {
    let problem = match operation {
        Operation::SignalOperation(it) if it.signal.is_empty() => "must provide signal name",
        Operation::UpdateWorkflowOptionsOperation(it) if it.workflow_execution_options.is_none() => {
            "must provide UpdateOptions"
        }
        Operation::UpdateWorkflowOptionsOperation(it) if it.update_mask.is_none() => "must provide UpdateMask",
        Operation::ResetOperation(it) => return check_reset(it),
        Operation::UnpauseActivitiesOperation(it) => match &it.activity {
            None => "activity filter must be set",
            Some(UnpauseActivity::Type(name)) if name.is_empty() => "Either activity type must be set, or match all",
            Some(_) => return Ok(()),
        },
        Operation::ResetActivitiesOperation(it) => match &it.activity {
            None => "must provide ActivityType or MatchAll",
            Some(ResetActivity::Type(name)) if name.is_empty() => "must provide ActivityType or MatchAll",
            Some(_) => return Ok(()),
        },
        Operation::UpdateActivityOptionsOperation(it) => match &it.activity {
            None if !it.restore_original => {
                "Either activity type must be set, or restore original should be set to true"
            }
            Some(UpdateActivity::Type(name)) if name.is_empty() => {
                "Either activity type must be set, or restore original should be set to true"
            }
            _ => return Ok(()),
        },
        _ => return Ok(()),
    };
    Err(Refusal::invalid(problem))
}

fn check_reset(reset: &perpetua_proto::batch::BatchOperationReset) -> Answer<()> {
    match &reset.options {
        Some(options) if options.target.is_none() => Err(Refusal::invalid("batch reset missing target")),
        None if reset.reset_type() == ResetType::Unspecified => {
            Err(Refusal::invalid("unknown batch reset type Unspecified"))
        }
        _ => Ok(()),
    }
}
