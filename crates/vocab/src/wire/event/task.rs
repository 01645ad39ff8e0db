//! Workflow tasks.

use std::mem::take;

use perpetua_proto::deployment::WorkerDeploymentVersion as DeploymentVersion;
use perpetua_proto::history::{
    WorkflowTaskCompletedEventAttributes, WorkflowTaskFailedEventAttributes, WorkflowTaskStartedEventAttributes,
    history_event::Attributes,
};

use crate::{
    ContinueAsNewReason, EventId, EventKind, Failure, Malformed, Opaque, WorkerDeploymentVersion,
    WorkflowTaskCompleted, WorkflowTaskFailed, WorkflowTaskStarted, wire::text::optional,
};

pub(super) fn started(mut wire: Box<WorkflowTaskStartedEventAttributes>) -> Result<EventKind, Malformed> {
    let size = take(&mut wire.history_size_bytes);
    let scheduled = take(&mut wire.scheduled_event_id);
    Ok(EventKind::WorkflowTaskStarted(Box::new(WorkflowTaskStarted {
        scheduled: EventId::parse("WorkflowTaskStarted.scheduled_event_id", scheduled)?,
        suggest_continue_as_new: take(&mut wire.suggest_continue_as_new),
        history_size: u64::try_from(size)
            .map_err(|_| Malformed::new("WorkflowTaskStarted.history_size_bytes", format!("is negative: {size}")))?,
        rest: Opaque::new(wire),
    })))
}

pub(super) fn encode_started(started: WorkflowTaskStarted) -> Attributes {
    let WorkflowTaskStarted { scheduled, suggest_continue_as_new, history_size, rest } = started;
    let mut wire = rest.into_inner();
    wire.scheduled_event_id = scheduled.to_wire();
    wire.suggest_continue_as_new = suggest_continue_as_new;
    wire.history_size_bytes = i64::try_from(history_size).unwrap_or(i64::MAX);
    Attributes::WorkflowTaskStartedEventAttributes(wire)
}

pub(super) fn completed(mut wire: Box<WorkflowTaskCompletedEventAttributes>) -> Result<EventKind, Malformed> {
    let scheduled = take(&mut wire.scheduled_event_id);
    let started = take(&mut wire.started_event_id);
    // The metadata itself stays, also when it is empty: it names the SDK.
    let (core_flags, language_flags) = match &mut wire.sdk_metadata {
        Some(metadata) => (take(&mut metadata.core_used_flags), take(&mut metadata.lang_used_flags)),
        None => (Vec::new(), Vec::new()),
    };
    Ok(EventKind::WorkflowTaskCompleted(Box::new(WorkflowTaskCompleted {
        scheduled: EventId::parse("WorkflowTaskCompleted.scheduled_event_id", scheduled)?,
        started: EventId::parse_optional("WorkflowTaskCompleted.started_event_id", started)?,
        core_flags,
        language_flags,
        rest: Opaque::new(wire),
    })))
}

pub(super) fn encode_completed(completed: WorkflowTaskCompleted) -> Attributes {
    let WorkflowTaskCompleted { scheduled, started, core_flags, language_flags, rest } = completed;
    let mut wire = rest.into_inner();
    wire.scheduled_event_id = scheduled.to_wire();
    wire.started_event_id = EventId::optional_to_wire(started);
    if !core_flags.is_empty() || !language_flags.is_empty() {
        let metadata = wire.sdk_metadata.get_or_insert_default();
        metadata.core_used_flags = core_flags;
        metadata.lang_used_flags = language_flags;
    }
    Attributes::WorkflowTaskCompletedEventAttributes(wire)
}

pub(super) fn failed(mut wire: Box<WorkflowTaskFailedEventAttributes>) -> Result<EventKind, Malformed> {
    Ok(EventKind::WorkflowTaskFailed(Box::new(WorkflowTaskFailed {
        cause: take(&mut wire.cause).into(),
        failure: wire.failure.take().map(Failure::try_from).transpose()?,
        new_run: optional(take(&mut wire.new_run_id)),
        rest: Opaque::new(wire),
    })))
}

pub(super) fn encode_failed(failed: WorkflowTaskFailed) -> Attributes {
    let WorkflowTaskFailed { cause, failure, new_run, rest } = failed;
    let mut wire = rest.into_inner();
    wire.cause = cause.into();
    wire.failure = failure.map(Into::into);
    wire.new_run_id = new_run.unwrap_or_default().into_string();
    Attributes::WorkflowTaskFailedEventAttributes(wire)
}

impl WorkflowTaskStarted {
    /// Why the server would like the workflow to continue as new; older servers give no reasons.
    pub fn continue_as_new_reasons(&self) -> Vec<ContinueAsNewReason> {
        let reasons = self.rest.get().map(|wire| wire.suggest_continue_as_new_reasons.as_slice());
        reasons.unwrap_or_default().iter().map(|number| ContinueAsNewReason::from(*number)).collect()
    }

    /// Sets, or takes away, the reasons to continue as new.
    pub fn set_continue_as_new_reasons(&mut self, reasons: &[ContinueAsNewReason]) {
        let reasons = reasons.iter().map(|reason| i32::from(*reason)).collect();
        self.rest.change(|wire| wire.suggest_continue_as_new_reasons = reasons);
    }

    /// Whether the version of the deployment that runs of this workflow should move to is another one than before.
    pub fn target_version_changed(&self) -> bool {
        self.rest.get().is_some_and(|wire| wire.target_worker_deployment_version_changed)
    }

    /// Sets whether the version to move to is another one than before.
    pub fn set_target_version_changed(&mut self, changed: bool) {
        self.rest.change(|wire| wire.target_worker_deployment_version_changed = changed);
    }
}

impl WorkflowTaskCompleted {
    /// The version of the worker that answered; none if it had none.
    pub fn deployment_version(&self) -> Option<WorkerDeploymentVersion> {
        let DeploymentVersion { build_id, deployment_name } = self.rest.get()?.deployment_version.clone()?;
        Some(WorkerDeploymentVersion { deployment_name, build_id })
    }

    /// Sets, or takes away, the version of the worker that answered.
    pub fn set_deployment_version(&mut self, version: Option<WorkerDeploymentVersion>) {
        let version = version.map(|version| {
            let WorkerDeploymentVersion { deployment_name, build_id } = version;
            DeploymentVersion { build_id, deployment_name }
        });
        self.rest.change(|wire| wire.deployment_version = version);
    }
}
