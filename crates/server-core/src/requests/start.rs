//! Starting workflows: new ones, those whose id is in use, with a signal, with an update.

use std::time::Duration;

use perpetua_proto::enums::{
    ContinueAsNewInitiator, UpdateWorkflowExecutionLifecycleStage as Stage, WorkflowExecutionStatus,
    WorkflowIdConflictPolicy as Conflict, WorkflowIdReusePolicy as Reuse,
};
use perpetua_proto::errordetails::{PermissionDeniedFailure, WorkflowExecutionAlreadyStartedFailure};
use perpetua_proto::history::WorkflowExecutionSignaledEventAttributes;
use perpetua_proto::workflowservice::{
    SignalWithStartWorkflowExecutionRequest, SignalWithStartWorkflowExecutionResponse, StartWorkflowExecutionRequest,
    StartWorkflowExecutionResponse,
};

use super::check_start::check;
use super::check_start_length;
use super::versioning_override::in_newer_form;
use crate::deployment::Version;
use crate::matching::QueueKey;
use crate::refusal::{Answer, Code, Refusal};
use crate::run::{Run, RunState, Start, callback, skipping};
use crate::time::{self, Time, duration};
use crate::world::RunNumber;
use crate::{World, cron, limits, search_attributes};

/// What a start comes to, given who has the id.
pub(super) enum Resolved {
    /// A new run.
    New,
    /// A new run, after this one is terminated.
    Replace(RunNumber),
    /// The run that is there; whether this very request had made it.
    Existing(RunNumber, bool),
}

impl World {
    /// Starts a workflow.
    ///
    /// # Errors
    /// When the request is wrong, or the id is in use and the policies do not allow for that.
    pub fn start_workflow(&mut self, request: StartWorkflowExecutionRequest) -> Answer<StartWorkflowExecutionResponse> {
        let response = self.begin_workflow(request)?;
        self.settle();
        Ok(response)
    }

    /// Starts a workflow while the world is not at rest.
    ///
    /// # Errors
    /// As [`start_workflow`](Self::start_workflow).
    pub(crate) fn begin_workflow(
        &mut self,
        request: StartWorkflowExecutionRequest,
    ) -> Answer<StartWorkflowExecutionResponse> {
        let eager = request.request_eager_execution;
        let version = Version::of_worker(request.eager_worker_deployment_options.as_ref());
        let start = self.prepare(&request)?;
        Ok(match self.resolve(&request, false)? {
            Resolved::Existing(number, same) => {
                if !same {
                    self.with(number, |run, cx| run.attach(cx, &request)).transpose()?;
                }
                let link = self.run(number).map(|run| run.link_for(&request.request_id));
                StartWorkflowExecutionResponse { link, ..self.started_response(number, same) }
            }
            Resolved::New => self.start_new(start, eager, version),
            Resolved::Replace(number) => {
                self.make_room(number, &start.run_id);
                self.start_new(start, eager, version)
            }
        })
    }

    /// Signals a workflow that runs, or starts it with the signal.
    ///
    /// # Errors
    /// As [`start_workflow`](Self::start_workflow).
    pub fn signal_with_start(
        &mut self,
        request: SignalWithStartWorkflowExecutionRequest,
    ) -> Answer<SignalWithStartWorkflowExecutionResponse> {
        let response = self.begin_signal_with_start(request)?;
        self.settle();
        Ok(response)
    }

    /// Signals a workflow that runs, or starts it with the signal, while the world is not at rest.
    ///
    /// # Errors
    /// As [`start_workflow`](Self::start_workflow).
    pub(crate) fn begin_signal_with_start(
        &mut self,
        request: SignalWithStartWorkflowExecutionRequest,
    ) -> Answer<SignalWithStartWorkflowExecutionResponse> {
        check_signal(&request)?;
        self.check_blob(request.signal_input.as_ref())?;
        let signal = WorkflowExecutionSignaledEventAttributes {
            signal_name: request.signal_name.clone(),
            input: request.signal_input.clone(),
            identity: request.identity.clone(),
            header: request.header.clone(),
            ..WorkflowExecutionSignaledEventAttributes::default()
        };
        let links = request.links.clone();
        let request_id = request.request_id.clone();
        let request = as_start(request);
        let start = self.prepare(&request)?;
        let (number, started) = match self.resolve(&request, true)? {
            Resolved::Existing(number, _) => (number, false),
            resolved => {
                if let Resolved::Replace(number) = resolved {
                    self.make_room(number, &start.run_id);
                }
                let number = self.next_number();
                let run = Run::begin(&self.cx(), number, start);
                (self.add(run), true)
            }
        };
        let signal = WorkflowExecutionSignaledEventAttributes { request_id: request_id.clone(), ..signal };
        self.with(number, |run, cx| {
            if !started {
                run.end_delay();
            }
            run.signal(cx, signal, links);
        });
        let run = self.run(number);
        Ok(SignalWithStartWorkflowExecutionResponse {
            run_id: run.map(|run| run.state.run_id.clone()).unwrap_or_default(),
            started,
            signal_link: run.map(|run| run.link_to_signal(&request_id)),
            first_execution_run_id: run.map(|it| it.started().first_execution_run_id.clone()).unwrap_or_default(),
        })
    }

    /// Checks a request and completes what it leaves open.
    pub(super) fn prepare(&mut self, request: &StartWorkflowExecutionRequest) -> Answer<Start> {
        self.namespaces.check_open(&request.namespace)?;
        let mut attributes = check(request)?;
        attributes.time_skipping_config.clone_from(&request.time_skipping_config);
        if let Some(config) = &mut attributes.time_skipping_config {
            skipping::check(&self.settings, config)?;
        }
        self.check_blob(request.input.as_ref())?;
        if request.memo.as_ref().map_or(0, prost::Message::encoded_len) > self.settings.blob_bytes {
            return Err(Refusal::invalid("Memo size exceeds limit."));
        }
        if let Some(fields) = &mut attributes.search_attributes {
            self.namespaces
                .check_search_attributes(&request.namespace, &mut fields.indexed_fields)
                .map_err(Refusal::invalid)?;
            fields.indexed_fields.retain(|_, value| !search_attributes::is_nothing(value));
        }
        let queue = attributes.task_queue.as_ref().map_or("", |queue| &queue.name);
        attributes.versioning_override = in_newer_form(request.versioning_override.clone())?;
        self.check_override(&request.namespace, queue, attributes.versioning_override.as_ref())?;
        let run_id = self.cx().uuid();
        attributes.original_execution_run_id.clone_from(&run_id);
        attributes.first_execution_run_id.clone_from(&run_id);
        let backoff = match duration(request.workflow_start_delay.as_ref()) {
            Some(delay) => time::to_wire(delay),
            None => first_backoff(&request.cron_schedule, self.now),
        };
        if !request.cron_schedule.is_empty() {
            attributes.set_initiator(ContinueAsNewInitiator::CronSchedule);
        }
        attributes.first_workflow_task_backoff = Some(backoff);
        let limit = duration(attributes.workflow_execution_timeout.as_ref());
        let backoff = duration(Some(&backoff)).unwrap_or_default();
        attributes.workflow_execution_expiration_time = limit.map(|limit| self.now.plus(backoff).plus(limit).to_wire());
        let request_id = if request.request_id.is_empty() { self.cx().uuid() } else { request.request_id.clone() };
        Ok(Start {
            namespace: request.namespace.clone(),
            run_id,
            request_id,
            attributes,
            metadata: request.user_metadata.clone(),
            links: callback::other_links(&request.links, &request.completion_callbacks),
        })
    }

    /// Who has the id, and what that means for the request. With `join`, a run that is there is used.
    pub(super) fn resolve(&self, request: &StartWorkflowExecutionRequest, join: bool) -> Answer<Resolved> {
        let Some(current) = self.current(&request.namespace, &request.workflow_id) else {
            return Ok(Resolved::New);
        };
        if current.state.attached.contains_key(&request.request_id) {
            return Ok(Resolved::Existing(current.number, false));
        }
        if !request.request_id.is_empty()
            && (current.state.start_request == request.request_id
                || current.state.requests.contains_key(&request.request_id))
        {
            return Ok(Resolved::Existing(current.number, true));
        }
        let reuse = request.workflow_id_reuse_policy();
        if current.is_open() {
            let conflict = match (request.workflow_id_conflict_policy(), reuse) {
                (_, Reuse::TerminateIfRunning) => Conflict::TerminateExisting,
                (Conflict::Unspecified, _) if join => Conflict::UseExisting,
                (conflict, _) => conflict,
            };
            return match conflict {
                Conflict::UseExisting => Ok(Resolved::Existing(current.number, false)),
                Conflict::TerminateExisting => Ok(Resolved::Replace(current.number)),
                Conflict::Fail | Conflict::Unspecified => {
                    Err(in_use(current, "Workflow execution is already running.", ""))
                }
            };
        }
        match reuse {
            Reuse::RejectDuplicate => {
                let policy = "reject duplicate workflow Id.";
                Err(in_use(current, "Workflow execution already finished.", policy))
            }
            Reuse::AllowDuplicateFailedOnly if !ended_badly(current) => {
                let policy = "allow duplicate workflow Id if last run failed.";
                Err(in_use(current, "Workflow execution already finished successfully.", policy))
            }
            _ => Ok(Resolved::New),
        }
    }

    /// Terminates a run, so that another can have its id.
    pub(crate) fn make_room(&mut self, number: RunNumber, next: &str) {
        let details = super::activity::text_payload(&format!("terminated by new runID: {next}"));
        self.with(number, |run, cx| {
            run.terminate(cx, "TerminateIfRunning WorkflowIdReusePolicy", Some(details), limits::HISTORY_SERVICE);
        });
    }

    /// Starts a run; with `eager`, its first task goes to the worker of this version that asked, if it is for such.
    pub(super) fn start_new(
        &mut self,
        start: Start,
        eager: bool,
        version: Option<Version>,
    ) -> StartWorkflowExecutionResponse {
        let number = self.next_number();
        let identity = start.attributes.identity.clone();
        let backoff = duration(start.attributes.first_workflow_task_backoff.as_ref());
        let eager = eager && backoff.is_none() && self.first_version(&start) == version;
        let mut start = start;
        start.attributes.eager_execution_accepted = eager;
        let run = Run::begin(&self.cx(), number, start);
        self.add(run);
        let task = self.with(number, |run, cx| {
            run.wake(cx);
            if !eager {
                return None;
            }
            run.live.offers += 1;
            run.start_task(cx, &identity, version.as_ref());
            run.task_response(cx, false)
        });
        StartWorkflowExecutionResponse { eager_workflow_task: task.flatten(), ..self.started_response(number, true) }
    }

    /// The version whose workers get the first task of a run.
    fn first_version(&self, start: &Start) -> Option<Version> {
        let attributes = &start.attributes;
        let name = attributes.task_queue.as_ref().map_or("", |queue| &queue.name);
        let queue = QueueKey::workflow(&start.namespace, name);
        let pinned = RunState::begun(attributes, self.now).pinned();
        pinned.or_else(|| self.deployments.target(&queue, &attributes.workflow_id).0)
    }

    pub(super) fn started_response(&self, number: RunNumber, started: bool) -> StartWorkflowExecutionResponse {
        let Some(run) = self.run(number) else { return StartWorkflowExecutionResponse::default() };
        StartWorkflowExecutionResponse {
            run_id: run.state.run_id.clone(),
            first_execution_run_id: run.started().first_execution_run_id.clone(),
            started,
            status: run.state.status,
            link: Some(run.link()),
            ..StartWorkflowExecutionResponse::default()
        }
    }

    /// How far an update must be for a caller to be answered.
    pub(super) fn wanted(stage: Option<&perpetua_proto::update::WaitPolicy>) -> Answer<Stage> {
        match stage.map(|policy| policy.lifecycle_stage()) {
            Some(Stage::Admitted) => {
                let words =
                    "UpdateWorkflowExecution issued asynchronously and waiting on update admitted is not supported.";
                Err(Refusal::new(Code::PermissionDenied, words).with(&PermissionDeniedFailure::default()))
            }
            Some(stage) => Ok(stage),
            None => Ok(Stage::Unspecified),
        }
    }
}

/// Whether a run ended in a way that allows another try.
pub(crate) fn ended_badly(run: &Run) -> bool {
    use WorkflowExecutionStatus as S;
    matches!(run.state.status(), S::Failed | S::Canceled | S::Terminated | S::TimedOut)
}

fn in_use(run: &Run, words: &str, policy: &str) -> Refusal {
    let (workflow_id, run_id) = (&run.state.workflow_id, &run.state.run_id);
    let policy = if policy.is_empty() { String::new() } else { format!(" Workflow Id reuse policy: {policy}") };
    Refusal::new(Code::AlreadyExists, format!("{words} WorkflowId: {workflow_id}, RunId: {run_id}.{policy}")).with(
        &WorkflowExecutionAlreadyStartedFailure {
            start_request_id: run.state.start_request.clone(),
            run_id: run_id.clone(),
            first_execution_run_id: run.started().first_execution_run_id.clone(),
        },
    )
}

/// Checks a start with a signal, without what only a world knows.
///
/// # Errors
/// What is wrong with it.
pub(crate) fn check_signal(request: &SignalWithStartWorkflowExecutionRequest) -> Answer<()> {
    if request.signal_name.is_empty() {
        return Err(Refusal::invalid("signal not set"));
    }
    check_start_length("signal name", &request.signal_name)?;
    if request.workflow_id_conflict_policy() == Conflict::Fail {
        return Err(Refusal::invalid(
            "Invalid WorkflowIDConflictPolicy: WORKFLOW_ID_CONFLICT_POLICY_FAIL is not supported for this operation.",
        ));
    }
    if request.workflow_type.as_ref().is_none_or(|kind| kind.name.is_empty()) {
        return Err(Refusal::invalid("workflow type not set"));
    }
    check_start_length("workflow type name", request.workflow_type.as_ref().map_or("", |kind| &kind.name))?;
    check_start_length("Request ID", &request.request_id)?;
    check(&as_start(request.clone())).map(|_| ())
}

/// How long the first task of a run with this schedule waits that begins now.
pub(crate) fn first_backoff(schedule: &str, now: Time) -> perpetua_proto::protobuf::Duration {
    let due = if schedule.is_empty() { None } else { cron::next(schedule, now, now) };
    let wait = due.map_or(Duration::ZERO, |due| due.since(now));
    time::to_wire(time::whole_seconds(wait))
}

fn as_start(request: SignalWithStartWorkflowExecutionRequest) -> StartWorkflowExecutionRequest {
    StartWorkflowExecutionRequest {
        namespace: request.namespace,
        workflow_id: request.workflow_id,
        workflow_type: request.workflow_type,
        task_queue: request.task_queue,
        input: request.input,
        workflow_execution_timeout: request.workflow_execution_timeout,
        workflow_run_timeout: request.workflow_run_timeout,
        workflow_task_timeout: request.workflow_task_timeout,
        identity: request.identity,
        request_id: request.request_id,
        workflow_id_reuse_policy: request.workflow_id_reuse_policy,
        workflow_id_conflict_policy: request.workflow_id_conflict_policy,
        retry_policy: request.retry_policy,
        cron_schedule: request.cron_schedule,
        memo: request.memo,
        search_attributes: request.search_attributes,
        header: request.header,
        workflow_start_delay: request.workflow_start_delay,
        user_metadata: request.user_metadata,
        links: request.links,
        versioning_override: request.versioning_override,
        priority: request.priority,
        time_skipping_config: request.time_skipping_config,
        ..StartWorkflowExecutionRequest::default()
    }
}
