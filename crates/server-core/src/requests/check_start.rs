//! What can be wrong with a start.

use std::time::Duration;

use perpetua_proto::common::{Link, link};
use perpetua_proto::enums::{WorkflowIdConflictPolicy as Conflict, WorkflowIdReusePolicy as Reuse};
use perpetua_proto::history::WorkflowExecutionStartedEventAttributes;
use perpetua_proto::taskqueue::TaskQueue;
use perpetua_proto::workflowservice::StartWorkflowExecutionRequest;
use prost::Message;

use super::{check_id, check_start_length};
use crate::refusal::{Answer, Refusal};
use crate::run::{attach, callback};
use crate::time::{self, duration};
use crate::{cron, limits, priority, retry};

/// How many links one request may bring.
const LINKS: usize = 10;
/// The longest that a link may be, in bytes.
const LINK_BYTES: usize = 4000;
/// How the names of queues begin that are the platform's own.
const RESERVED: &str = "/_sys/";

/// What history will say, if there is nothing wrong with the request.
pub(super) fn check(request: &StartWorkflowExecutionRequest) -> Answer<WorkflowExecutionStartedEventAttributes> {
    if request.workflow_id.is_empty() {
        return Err(Refusal::invalid("WorkflowId is not set on request."));
    }
    check_start_length("WorkflowId", &request.workflow_id)?;
    check_id("WorkflowType", request.workflow_type.as_ref().map_or("", |kind| &kind.name))?;
    check_queue(request.task_queue.as_ref()).map_err(Refusal::invalid)?;
    if request.request_id.len() > limits::ID_LENGTH {
        return Err(Refusal::invalid("RequestId length exceeds limit."));
    }
    check_links(&request.links)?;
    let (reuse, conflict) = (request.workflow_id_reuse_policy(), request.workflow_id_conflict_policy());
    if reuse == Reuse::TerminateIfRunning && conflict != Conflict::Unspecified {
        return Err(Refusal::invalid(
            "Invalid WorkflowIDReusePolicy: WORKFLOW_ID_REUSE_POLICY_TERMINATE_IF_RUNNING cannot be used together with a \
             WorkflowIDConflictPolicy",
        ));
    }
    if reuse == Reuse::RejectDuplicate && conflict == Conflict::TerminateExisting {
        return Err(Refusal::invalid(
            "Invalid WorkflowIDReusePolicy: WORKFLOW_ID_REUSE_POLICY_REJECT_DUPLICATE cannot be used together with \
             WorkflowIdConflictPolicy WORKFLOW_ID_CONFLICT_POLICY_TERMINATE_EXISTING",
        ));
    }
    let delay = duration(request.workflow_start_delay.as_ref());
    if delay.is_some() && !request.cron_schedule.is_empty() {
        return Err(Refusal::invalid("CronSchedule and WorkflowStartDelay may not be used together."));
    }
    for (name, limit) in [
        ("WorkflowExecutionTimeout", &request.workflow_execution_timeout),
        ("WorkflowRunTimeout", &request.workflow_run_timeout),
        ("WorkflowTaskTimeout", &request.workflow_task_timeout),
        ("WorkflowStartDelay", &request.workflow_start_delay),
    ] {
        if limit.as_ref().is_some_and(|limit| limit.seconds < 0 || limit.nanos < 0) {
            let words = format!("An invalid {name}Seconds is set on request. cause: negative duration");
            return Err(Refusal::invalid(words));
        }
    }
    if !request.cron_schedule.is_empty() {
        cron::check(&request.cron_schedule).map_err(|_| Refusal::invalid("invalid CronSchedule."))?;
    }
    priority::check(request.priority.as_ref()).map_err(Refusal::invalid)?;
    callback::check(&request.completion_callbacks, 0)?;
    attach::check(request.on_conflict_options.as_ref())?;
    let mut retry_policy = request.retry_policy.clone();
    if let Some(policy) = &mut retry_policy {
        retry::check(policy).map_err(Refusal::invalid)?;
        retry::complete(policy);
    }
    let whole = duration(request.workflow_execution_timeout.as_ref());
    let (run, task) = timeouts(
        request.workflow_execution_timeout.as_ref(),
        request.workflow_run_timeout.as_ref(),
        request.workflow_task_timeout.as_ref(),
    );
    // What was not limited is not; what was limited to nothing is not either, and says so.
    let wire =
        |limit: Option<Duration>, asked: Option<perpetua_proto::protobuf::Duration>| limit.map(time::to_wire).or(asked);
    Ok(WorkflowExecutionStartedEventAttributes {
        workflow_type: request.workflow_type.clone(),
        task_queue: request.task_queue.as_ref().map(|queue| TaskQueue {
            name: queue.name.clone(),
            kind: 1,
            ..TaskQueue::default()
        }),
        input: request.input.clone(),
        workflow_execution_timeout: wire(whole, request.workflow_execution_timeout),
        workflow_run_timeout: wire(run, request.workflow_run_timeout),
        workflow_task_timeout: Some(time::to_wire(task)),
        continued_failure: request.continued_failure.clone(),
        last_completion_result: request.last_completion_result.clone(),
        identity: request.identity.clone(),
        retry_policy,
        attempt: 1,
        cron_schedule: request.cron_schedule.clone(),
        memo: request.memo.clone(),
        search_attributes: request.search_attributes.clone(),
        header: request.header.clone(),
        workflow_id: request.workflow_id.clone(),
        completion_callbacks: request.completion_callbacks.clone(),
        priority: request.priority.clone(),
        ..WorkflowExecutionStartedEventAttributes::default()
    })
}

/// How long a run and its workflow tasks may take, given the time of all runs together.
pub(crate) fn timeouts(
    whole: Option<&perpetua_proto::protobuf::Duration>,
    run: Option<&perpetua_proto::protobuf::Duration>,
    task: Option<&perpetua_proto::protobuf::Duration>,
) -> (Option<Duration>, Duration) {
    let run = match (duration(run), duration(whole)) {
        (Some(run), Some(whole)) => Some(run.min(whole)),
        (run, whole) => run.or(whole),
    };
    let task = duration(task).unwrap_or(limits::TASK_TIMEOUT).min(limits::LONGEST_TASK_TIMEOUT);
    (run, run.map_or(task, |run| task.min(run)))
}

/// Checks the name of a task queue.
///
/// # Errors
/// What is wrong with it.
pub(crate) fn check_queue(queue: Option<&TaskQueue>) -> Result<(), &'static str> {
    let Some(queue) = queue else { return Err("taskQueue is not set") };
    match &*queue.name {
        "" => Err("missing task queue name"),
        name if name.len() > limits::ID_LENGTH => Err("taskQueue length exceeds limit"),
        name if name.starts_with(RESERVED) => Err("task queue name cannot start with reserved prefix /_sys/"),
        _ => Ok(()),
    }
}

/// Checks the links of a request.
///
/// # Errors
/// What is wrong with them.
pub(super) fn check_links(links: &[Link]) -> Answer<()> {
    if links.len() > LINKS {
        let words = format!("cannot attach more than {LINKS} links per request, got {}", links.len());
        return Err(Refusal::invalid(words));
    }
    for link in links {
        let size = link.encoded_len();
        if size > LINK_BYTES {
            return Err(Refusal::invalid(format!("link exceeds allowed size of {LINK_BYTES}, got {size}")));
        }
        match &link.variant {
            None => return Err(Refusal::invalid("unsupported link variant")),
            Some(link::Variant::WorkflowEvent(event)) => {
                let fields =
                    [("namespace", &event.namespace), ("workflow ID", &event.workflow_id), ("run ID", &event.run_id)];
                if let Some((name, _)) = fields.into_iter().find(|(_, value)| value.is_empty()) {
                    return Err(Refusal::invalid(format!("workflow event link must not have an empty {name} field")));
                }
            }
            Some(_) => {}
        }
    }
    Ok(())
}
