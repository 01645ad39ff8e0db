//! The options of a run that can be changed while it is open.

use perpetua_proto::enums::{EventType, VersioningBehavior};
use perpetua_proto::history::history_event::Attributes;
use perpetua_proto::history::{HistoryEvent, WorkflowExecutionOptionsUpdatedEventAttributes};
use perpetua_proto::workflow::versioning_override::Override;
use perpetua_proto::workflow::{
    VersioningOverride, WorkflowExecutionOptions, WorkflowExecutionVersioningInfo as VersioningInfo,
};

use super::{Run, RunState, event};
use crate::refusal::{Answer, Refusal};
use crate::time::Time;
use crate::world::Cx;

impl Run {
    /// The options as they are.
    pub(crate) fn options(&self) -> WorkflowExecutionOptions {
        WorkflowExecutionOptions {
            versioning_override: self.state.versioning_override.clone(),
            priority: self.state.priority.clone(),
            time_skipping_config: self.state.skipping.as_ref().and_then(|skipping| skipping.config.clone()),
        }
    }

    /// Sets options; an event says so. No worker is told.
    pub(crate) fn change_options(&mut self, cx: &mut Cx<'_>, options: WorkflowExecutionOptions, identity: &str) {
        let attributes = WorkflowExecutionOptionsUpdatedEventAttributes {
            time_skipping_config_updated: options.time_skipping_config != self.options().time_skipping_config,
            time_skipping_config: options.time_skipping_config,
            unset_versioning_override: options.versioning_override.is_none(),
            versioning_override: options.versioning_override,
            priority: options.priority,
            identity: identity.to_owned(),
            ..WorkflowExecutionOptionsUpdatedEventAttributes::default()
        };
        self.state.set_options(&attributes, cx.now);
        let attributes = Attributes::WorkflowExecutionOptionsUpdatedEventAttributes(Box::new(attributes));
        let updated = event(EventType::WorkflowExecutionOptionsUpdated, cx.now, attributes);
        self.record(HistoryEvent { worker_may_ignore: true, ..updated });
        // Its place in the queue follows its priority.
        if self.state.task.as_ref().is_some_and(|task| task.started == 0) {
            self.offer_task(cx);
        }
    }

    /// How it is bound to versions of workers, where it is.
    pub(crate) fn versioning_info(&self) -> Option<VersioningInfo> {
        let mut versioning_override = self.state.versioning_override.clone()?;
        match versioning_override.r#override {
            Some(Override::AutoUpgrade(_)) => versioning_override.set_behavior(VersioningBehavior::AutoUpgrade),
            Some(Override::Pinned(_)) => versioning_override.set_behavior(VersioningBehavior::Pinned),
            _ => {}
        }
        Some(VersioningInfo { versioning_override: Some(versioning_override), ..VersioningInfo::default() })
    }
}

impl RunState {
    /// Takes what an event says of the options.
    pub(crate) fn set_options(&mut self, said: &WorkflowExecutionOptionsUpdatedEventAttributes, at: Time) {
        self.priority.clone_from(&said.priority);
        self.versioning_override.clone_from(&said.versioning_override);
        if said.time_skipping_config_updated {
            self.skipping.get_or_insert_default().configure(said.time_skipping_config.clone(), at);
        }
    }
}

/// The options after those that are named are changed.
///
/// # Errors
/// When something is named that cannot be changed.
pub(crate) fn merge(
    known: WorkflowExecutionOptions,
    asked: &WorkflowExecutionOptions,
    paths: &[String],
) -> Answer<WorkflowExecutionOptions> {
    let mut options = known;
    for path in paths {
        let given = asked.priority.clone().unwrap_or_default();
        if path.starts_with("versioning_override.") {
            let words = "error applying update_options: versioning_override doesn't support partial updates";
            return Err(Refusal::invalid(words));
        }
        if path.starts_with("time_skipping_config.") {
            let words = "error applying update_options: time_skipping_config doesn't support partial update";
            return Err(Refusal::invalid(words));
        }
        match path.as_str() {
            "priority" => options.priority.clone_from(&asked.priority),
            "versioning_override" => options.versioning_override.clone_from(&asked.versioning_override),
            "priority.priority_key" => options.priority.get_or_insert_default().priority_key = given.priority_key,
            "priority.fairness_key" => options.priority.get_or_insert_default().fairness_key = given.fairness_key,
            "priority.fairness_weight" => {
                options.priority.get_or_insert_default().fairness_weight = given.fairness_weight;
            }
            "time_skipping_config" => options.time_skipping_config.clone_from(&asked.time_skipping_config),
            path => return Err(astray(path)),
        }
    }
    Ok(options)
}

/// Checks that all paths lead somewhere.
///
/// # Errors
/// The path that does not.
pub(crate) fn check_paths(paths: &[String]) -> Answer<()> {
    let leads = |path: &str| match path.split_once('.') {
        None => ["versioning_override", "priority", "time_skipping_config"].contains(&path),
        Some((first, rest)) => match first {
            "versioning_override" | "time_skipping_config" => true,
            "priority" => ["priority_key", "fairness_key", "fairness_weight"].contains(&rest),
            _ => false,
        },
    };
    paths.iter().find(|path| !leads(path)).map_or(Ok(()), |path| Err(astray(path)))
}

/// A path that leads nowhere.
fn astray(path: &str) -> Refusal {
    Refusal::invalid(format!(
        "error parsing UpdateMask: proto: invalid path {path:?} for message \
         \"temporal.api.workflow.v1.WorkflowExecutionOptions\""
    ))
}

/// Checks an override by itself.
///
/// # Errors
/// What is missing.
pub(crate) fn check_override(versioning: Option<&VersioningOverride>) -> Answer<()> {
    let Some(versioning) = versioning else { return Ok(()) };
    let wrong = match (&versioning.r#override, versioning.behavior()) {
        (Some(Override::AutoUpgrade(_)), _) | (None, VersioningBehavior::AutoUpgrade) => None,
        (Some(Override::Pinned(pinned)), _) => {
            pinned.version.is_none().then_some("must provide version if override is pinned.")
        }
        (None, VersioningBehavior::Pinned) => {
            let missing = versioning.deployment.is_none() && versioning.pinned_version.is_empty();
            missing.then_some("must provide deployment (deprecated) or pinned version if behavior is 'PINNED'")
        }
        _ => Some("override behavior is required"),
    };
    wrong.map_or(Ok(()), |words| Err(Refusal::invalid(words)))
}

/// Whether an override binds to one version.
pub(crate) fn is_pinned(versioning: &VersioningOverride) -> bool {
    matches!(versioning.r#override, Some(Override::Pinned(_))) || versioning.behavior() == VersioningBehavior::Pinned
}

/// The version that an override binds to, in words.
pub(crate) fn pinned_version(versioning: &VersioningOverride) -> Option<String> {
    if let Some(Override::Pinned(pinned)) = &versioning.r#override {
        let version = pinned.version.clone().unwrap_or_default();
        return Some(format!("{}:{}", version.deployment_name, version.build_id));
    }
    let (name, deployment) = (&versioning.pinned_version, versioning.deployment.as_ref());
    match deployment {
        _ if !is_pinned(versioning) => None,
        Some(deployment) if name.is_empty() => Some(format!("{}:{}", deployment.series_name, deployment.build_id)),
        _ => Some(name.replacen('.', ":", 1)),
    }
}
