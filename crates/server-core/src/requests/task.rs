//! Answers to workflow tasks.

use std::time::Duration;

use perpetua_proto::common::WorkflowExecution;
use perpetua_proto::enums::{EventType, VersioningBehavior, WorkflowTaskFailedCause};
use perpetua_proto::history::WorkflowTaskCompletedEventAttributes;
use perpetua_proto::history::history_event::Attributes;
use perpetua_proto::protocol::Message;
use perpetua_proto::update::Rejection;
use perpetua_proto::workflowservice::{
    RespondWorkflowTaskCompletedRequest, RespondWorkflowTaskCompletedResponse,
    RespondWorkflowTaskFailedRequest as Request,
};

use crate::any::read;
use crate::commands::{self, Bad, Step};
use crate::deployment::Version;
use crate::refusal::{Answer, Refusal};
use crate::run::activity::Taker;
use crate::run::state::TaskState;
use crate::run::task::Failed;
use crate::run::{Run, event};
use crate::time::{self, nanos};
use crate::token::TaskToken;
use crate::world::{Cx, RunNumber};
use crate::{World, limits};

impl World {
    /// A worker has done a workflow task.
    ///
    /// # Errors
    /// When the task is not the worker's any longer, or what it asks for cannot be done; the task has failed then.
    pub fn respond_workflow_task_completed(
        &mut self,
        request: RespondWorkflowTaskCompletedRequest,
    ) -> Answer<RespondWorkflowTaskCompletedResponse> {
        let number = self.task_of(&request.task_token, &request.namespace)?;
        let response = self.with(number, |run, cx| match run.take_page(cx.settings, request)? {
            Some(request) => complete(run, cx, request),
            None => Ok(RespondWorkflowTaskCompletedResponse::default()),
        });
        self.settle();
        response.unwrap_or_else(|| Err(not_found()))
    }

    /// A worker could not do a workflow task.
    ///
    /// # Errors
    /// When the task is not the worker's any longer.
    pub fn respond_workflow_task_failed(&mut self, request: Request) -> Answer<()> {
        let number = self.task_of(&request.task_token, &request.namespace)?;
        let cause = request.cause();
        self.with(number, |run, cx| match cause {
            // Another try would be as large.
            WorkflowTaskFailedCause::GrpcMessageTooLarge => {
                run.terminate(cx, "GrpcMessageTooLarge", None, limits::HISTORY_SERVICE);
            }
            cause => {
                let Request { failure, identity, binary_checksum, .. } = request;
                run.fail_task(cx, Failed { cause, failure, identity, binary_checksum });
            }
        });
        self.settle();
        Ok(())
    }

    /// The run whose task a token names, if it is the one that a worker has.
    fn task_of(&self, token: &[u8], namespace: &str) -> Answer<RunNumber> {
        self.check_given_namespace(namespace)?;
        let token = TaskToken::read(token, self.server)?;
        let execution = WorkflowExecution { workflow_id: token.workflow_id, run_id: token.run_id };
        let number = self.find(&token.namespace, Some(&execution)).map_err(|_| not_found())?;
        let run = self.run(number).filter(|run| run.is_open()).ok_or_else(not_found)?;
        let is_it = |task: &&TaskState| {
            task.started != 0
                && task.started == token.started
                && task.scheduled == token.scheduled
                && task.attempt == token.attempt
                && task.request == token.request
        };
        run.state.task.as_ref().filter(is_it).map(|_| number).ok_or_else(not_found)
    }
}

fn not_found() -> Refusal {
    Refusal::not_found("Workflow task not found.")
}

/// The version of the worker that completes a task. Only one that has a version can bind the run to it.
fn check_versioning(request: &RespondWorkflowTaskCompletedRequest) -> Answer<Option<Version>> {
    let version = Version::of_worker(request.deployment_options.as_ref());
    if version.is_none() && request.versioning_behavior() != VersioningBehavior::Unspecified {
        return Err(Refusal::invalid(
            "versioning behavior cannot be specified without deployment options being set with versioned mode",
        ));
    }
    Ok(version)
}

fn complete(
    run: &mut Run,
    cx: &mut Cx<'_>,
    request: RespondWorkflowTaskCompletedRequest,
) -> Answer<RespondWorkflowTaskCompletedResponse> {
    commands::order::check(cx, &request.commands)?;
    if request.messages.iter().any(|message| message.body.is_none()) {
        return Err(Refusal::invalid("nil message body"));
    }
    if is_only_rejection(run, &request) {
        return Ok(drop_task(run, cx, request));
    }
    let version = check_versioning(&request)?;
    let before = (run.state.clone(), run.live.clone(), run.history.len(), cx.said());
    let RespondWorkflowTaskCompletedRequest {
        commands,
        identity,
        sticky_attributes,
        return_new_workflow_task,
        force_create_new_workflow_task,
        query_results,
        messages,
        sdk_metadata,
        metering_metadata,
        binary_checksum,
        versioning_behavior,
        deployment_options,
        worker_version_stamp,
        worker_control_task_queue,
        ..
    } = request;
    let Some(task) = run.take_started_task() else { return Err(not_found()) };
    let attributes = WorkflowTaskCompletedEventAttributes {
        scheduled_event_id: task.scheduled,
        started_event_id: task.started,
        identity: identity.clone(),
        sdk_metadata,
        metering_metadata,
        binary_checksum,
        versioning_behavior,
        worker_deployment_name: deployment_options.map(|options| options.deployment_name).unwrap_or_default(),
        deployment_version: version.as_ref().map(Version::to_wire),
        worker_version: worker_version_stamp,
        ..WorkflowTaskCompletedEventAttributes::default()
    };
    let has_moved = run.state.complete_on(&attributes);
    let attributes = Attributes::WorkflowTaskCompletedEventAttributes(Box::new(attributes));
    let completed = run.append(event(EventType::WorkflowTaskCompleted, cx.now, attributes));
    run.state.previous_started = task.started;
    run.state.attempt = 1;
    run.forget_problems();
    run.forget_sticky();
    if let Some(sticky) = sticky_attributes {
        let queue = sticky.worker_task_queue.map(|queue| queue.name).unwrap_or_default();
        run.state.sticky_queue = queue;
        let limit = time::duration(sticky.schedule_to_start_timeout.as_ref()).unwrap_or(Duration::from_secs(10));
        run.state.sticky_timeout = nanos(limit);
    }
    let mut step = Step {
        completed,
        identity: identity.clone(),
        order: messages.iter().map(|message| message.id.clone()).collect(),
        messages: messages.into_iter().map(|message| (message.id.clone(), message)).collect(),
        ..Step::default()
    };
    if let Err(bad) = perform(run, cx, &mut step, commands) {
        (run.state, run.live) = (before.0, before.1);
        run.history.truncate(before.2);
        cx.unsay(before.3);
        let words = bad.words();
        let failure = Some(bad.failure());
        let failed = Failed { cause: bad.cause, failure, identity, binary_checksum: String::new() };
        if bad.for_good {
            run.fail_task_for_good(cx, failed);
            run.terminate(cx, &words, None, limits::HISTORY_SERVICE);
        } else {
            run.fail_task(cx, failed);
        }
        return Err(Refusal::invalid(words));
    }
    run.answer_queries(cx, query_results);
    if let Some(closing) = step.closing {
        let before = run.history.len();
        run.close(cx, closing);
        if !step.closing_groups.is_empty() {
            run.history.group(before, &step.closing_groups);
        }
        return Ok(RespondWorkflowTaskCompletedResponse::default());
    }
    run.reject_ignored_updates(cx);
    let taker = Taker { identity: &identity, control_queue: &worker_control_task_queue, version: version.as_ref() };
    let activity_tasks = step.eager.iter().filter_map(|scheduled| run.start_activity(cx, *scheduled, &taker)).collect();
    go_on(run, cx, &task, step.needs_task, force_create_new_workflow_task)?;
    if has_moved {
        run.offer_activities(cx);
    }
    run.send_left_queries(cx);
    let goes_back = return_new_workflow_task && run.is_open() && run.target(cx.deployments) == version;
    let workflow_task = if goes_back { next_task(run, cx, &identity, version.as_ref()) } else { None };
    Ok(RespondWorkflowTaskCompletedResponse { workflow_task, activity_tasks, ..Default::default() })
}

/// Does what the worker asked for, in order: commands, then the messages that none of them placed.
fn perform(
    run: &mut Run,
    cx: &mut Cx<'_>,
    step: &mut Step,
    commands: Vec<perpetua_proto::command::Command>,
) -> Result<(), Bad> {
    for command in commands {
        commands::apply(run, cx, step, command)?;
    }
    for id in std::mem::take(&mut step.order) {
        if let Some(message) = step.messages.remove(&id) {
            commands::take(run, cx, &message)?;
        }
    }
    Ok(())
}

/// Stores what was held back, and schedules the next task if there is reason to.
fn go_on(run: &mut Run, cx: &mut Cx<'_>, task: &TaskState, needs_task: bool, forced: bool) -> Answer<()> {
    let news = !run.state.buffered.is_empty();
    run.flush();
    if forced && !news && !needs_task {
        let since = if run.state.heartbeating_since == 0 { cx.now.nanos() } else { run.state.heartbeating_since };
        run.state.heartbeating_since = since;
        if cx.now.since(crate::Time::from_nanos(since)) > limits::HEARTBEATING {
            run.state.heartbeating_since = 0;
            run.schedule_task(cx);
            return Err(Refusal::not_found("workflow task heartbeat timeout"));
        }
    } else {
        run.state.heartbeating_since = 0;
    }
    if news || needs_task || forced {
        let original = if forced { crate::Time::from_nanos(task.original_scheduled_time) } else { cx.now };
        run.schedule_task_for(cx, false, original);
    } else if run.has_unsent_updates() {
        run.schedule_speculative_task(cx);
    }
    if run.history.len() >= cx.settings.history_events || run.state.history_bytes >= cx.settings.history_bytes {
        let reason = "Workflow history count or size exceeds limit.";
        run.terminate(cx, reason, None, limits::HISTORY_SERVICE);
    }
    Ok(())
}

/// The next task, given to the worker with the answer to the last.
fn next_task(
    run: &mut Run,
    cx: &mut Cx<'_>,
    identity: &str,
    version: Option<&Version>,
) -> Option<perpetua_proto::workflowservice::PollWorkflowTaskQueueResponse> {
    run.state.task.as_ref().filter(|task| task.started == 0)?;
    run.live.offers += 1;
    run.start_task(cx, identity, version);
    run.task_response(cx, true)
}

/// Whether a task for updates alone came to nothing.
fn is_only_rejection(run: &Run, request: &RespondWorkflowTaskCompletedRequest) -> bool {
    let rejects = |message: &Message| message.body.as_ref().is_some_and(|body| read::<Rejection>(body).is_some());
    run.state.task.as_ref().is_some_and(|task| task.speculative)
        && request.commands.is_empty()
        && !request.force_create_new_workflow_task
        && !request.messages.is_empty()
        && request.messages.iter().all(rejects)
        && run.state.buffered.is_empty()
}

/// Ends such a task without a trace.
fn drop_task(
    run: &mut Run,
    cx: &mut Cx<'_>,
    request: RespondWorkflowTaskCompletedRequest,
) -> RespondWorkflowTaskCompletedResponse {
    run.state.task = None;
    for message in &request.messages {
        // What cannot be rejected is rejected with the rest below.
        let _ = run.take_message(cx, message);
    }
    run.reject_ignored_updates(cx);
    run.answer_queries(cx, request.query_results);
    if run.has_unsent_updates() {
        run.schedule_speculative_task(cx);
    }
    run.send_left_queries(cx);
    let version = Version::of_worker(request.deployment_options.as_ref());
    let goes_back = request.return_new_workflow_task && run.target(cx.deployments) == version;
    let workflow_task = if goes_back { next_task(run, cx, &request.identity, version.as_ref()) } else { None };
    RespondWorkflowTaskCompletedResponse {
        workflow_task,
        reset_history_event_id: run.state.previous_started,
        ..RespondWorkflowTaskCompletedResponse::default()
    }
}
