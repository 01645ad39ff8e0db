//! From options to a running workflow.

use std::time::Duration;

use perpetua_proto::{enums, workflowservice as wire};
use perpetua_vocab::wire::{
    encode_duration, encode_memo, encode_payloads, encode_search_attributes, encode_user_metadata,
};
use perpetua_vocab::{RunId, VisitPayloads, WorkflowId};

use super::options::{Options, Signal};
use crate::payloads::Memo;
use crate::{Client, StartError};

/// What was started, or found running.
pub(crate) struct Started {
    pub(crate) client: Client,
    pub(crate) workflow_id: WorkflowId,
    pub(crate) run_id: RunId,
    pub(crate) first_run: Option<RunId>,
}

/// Sends a start, with its signal if it has one.
pub(crate) async fn send(mut options: Options) -> Result<Started, StartError> {
    if let Some(mistake) = options.mistake.take() {
        return Err(*mistake);
    }
    check(&options)?;
    run_codecs(&mut options).await?;
    let client = options.client.clone();
    let workflow_id = options.id.clone();
    let (run_id, first_run, is_new) = match request(options) {
        Request::Start(request, limit) => {
            let response = client.rpc(&*request).timeout(limit).send().await;
            let wire::StartWorkflowExecutionResponse { run_id, first_execution_run_id, started, .. } =
                response.map_err(|error| StartError::of_rpc(workflow_id.clone(), error))?;
            (run_id, first_execution_run_id, started)
        }
        Request::SignalWithStart(request, limit) => {
            let response = client.rpc(&*request).timeout(limit).send().await;
            let wire::SignalWithStartWorkflowExecutionResponse {
                run_id,
                first_execution_run_id,
                started,
                signal_link: _,
            } = response.map_err(|error| StartError::of_rpc(workflow_id.clone(), error))?;
            (run_id, first_execution_run_id, started)
        }
    };
    // Older servers do not name the first run; a run that was just made is the first.
    let first_run = match (first_run.is_empty(), is_new) {
        (false, _) => Some(first_run.into()),
        (true, true) => Some(run_id.clone().into()),
        (true, false) => None,
    };
    Ok(Started { client, workflow_id, run_id: run_id.into(), first_run })
}

fn check(options: &Options) -> Result<(), StartError> {
    let problem = if options.task_queue.as_ref().is_none_or(|queue| queue.is_empty()) {
        "it has no task queue; add `.task_queue(\"..\")`, the one that its workers poll"
    } else if options.id.is_empty() {
        "its id is empty; leave `.id(..)` out for a random one"
    } else if options.workflow_type.is_empty() {
        "its name is empty"
    } else if options.cron.is_some() && options.start_delay.is_some() {
        "`.cron(..)` and `.start_delay(..)` exclude each other"
    } else if options.id_reuse == crate::IdReuse::RejectDuplicate
        && options.id_conflict == Some(crate::IdConflict::TerminateExisting)
    {
        "`.id_reuse(RejectDuplicate)` and `.id_conflict(TerminateExisting)` exclude each other"
    } else if [options.execution_timeout, options.run_timeout, options.task_timeout].contains(&Some(Duration::ZERO)) {
        "it has a timeout of zero, which could never be met; leave it out for no limit"
    } else {
        return Ok(());
    };
    Err(StartError::Invalid { workflow_type: options.workflow_type.to_string(), problem })
}

async fn run_codecs(options: &mut Options) -> Result<(), StartError> {
    let mut values = Values(options);
    let converter = values.0.client.converter().clone();
    let result = converter.encode(&mut values).await;
    result.map_err(|error| StartError::Unencodable {
        workflow_type: options.workflow_type.to_string(),
        error: error.into(),
    })
}

/// All that codecs must see of a start, so that they are asked once.
struct Values<'a>(&'a mut Options);

impl VisitPayloads for Values<'_> {
    fn visit_payloads(&mut self, visit: &mut dyn FnMut(&mut perpetua_vocab::Payload)) {
        self.0.input.visit_payloads(visit);
        if let Some(signal) = &mut self.0.signal {
            signal.input.visit_payloads(visit);
        }
        let mut memo = Memo(std::mem::take(&mut self.0.memo));
        memo.visit_payloads(visit);
        self.0.memo = memo.0;
        self.0.metadata.summary.visit_payloads(visit);
        self.0.metadata.details.visit_payloads(visit);
    }
}

enum Request {
    Start(Box<wire::StartWorkflowExecutionRequest>, Option<Duration>),
    SignalWithStart(Box<wire::SignalWithStartWorkflowExecutionRequest>, Option<Duration>),
}

fn request(options: Options) -> Request {
    let Options {
        client,
        workflow_type,
        input,
        task_queue,
        id,
        id_reuse,
        id_conflict,
        execution_timeout,
        run_timeout,
        task_timeout,
        retry,
        cron,
        start_delay,
        memo,
        search_attributes,
        metadata,
        priority,
        versioning,
        request_id,
        limit,
        signal,
        mistake: _, // there is none: it was returned
    } = options;
    let start = wire::StartWorkflowExecutionRequest {
        namespace: client.namespace().to_string(),
        workflow_id: id.into_string(),
        workflow_type: Some(workflow_type.into()),
        task_queue: task_queue.map(Into::into),
        input: Some(encode_payloads(input)),
        workflow_execution_timeout: execution_timeout.map(encode_duration),
        workflow_run_timeout: run_timeout.map(encode_duration),
        workflow_task_timeout: task_timeout.map(encode_duration),
        identity: client.identity().to_string(),
        request_id,
        workflow_id_reuse_policy: enums::WorkflowIdReusePolicy::from(id_reuse).into(),
        workflow_id_conflict_policy: id_conflict
            .map_or(enums::WorkflowIdConflictPolicy::Unspecified, enums::WorkflowIdConflictPolicy::from)
            .into(),
        retry_policy: retry.map(Into::into),
        cron_schedule: cron.unwrap_or_default(),
        memo: if memo.is_empty() { None } else { Some(encode_memo(memo)) },
        search_attributes: if search_attributes.is_empty() {
            None
        } else {
            Some(encode_search_attributes(search_attributes))
        },
        workflow_start_delay: start_delay.map(encode_duration),
        user_metadata: encode_user_metadata(metadata),
        priority: priority.map(Into::into),
        versioning_override: versioning.map(Into::into),
        ..Default::default()
    };
    match signal {
        None => Request::Start(Box::new(start), limit),
        Some(signal) => Request::SignalWithStart(Box::new(with_signal(start, signal)), limit),
    }
}

fn with_signal(
    start: wire::StartWorkflowExecutionRequest,
    Signal { name, input }: Signal,
) -> wire::SignalWithStartWorkflowExecutionRequest {
    wire::SignalWithStartWorkflowExecutionRequest {
        namespace: start.namespace,
        workflow_id: start.workflow_id,
        workflow_type: start.workflow_type,
        task_queue: start.task_queue,
        input: start.input,
        workflow_execution_timeout: start.workflow_execution_timeout,
        workflow_run_timeout: start.workflow_run_timeout,
        workflow_task_timeout: start.workflow_task_timeout,
        identity: start.identity,
        request_id: start.request_id,
        workflow_id_reuse_policy: start.workflow_id_reuse_policy,
        workflow_id_conflict_policy: start.workflow_id_conflict_policy,
        retry_policy: start.retry_policy,
        cron_schedule: start.cron_schedule,
        memo: start.memo,
        search_attributes: start.search_attributes,
        workflow_start_delay: start.workflow_start_delay,
        user_metadata: start.user_metadata,
        priority: start.priority,
        versioning_override: start.versioning_override,
        signal_name: name.into_string(),
        signal_input: Some(encode_payloads(input)),
        ..Default::default()
    }
}
