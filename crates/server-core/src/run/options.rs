//! The options of a run that can be changed while it is open.

use perpetua_proto::enums::EventType;
use perpetua_proto::history::history_event::Attributes;
use perpetua_proto::history::{HistoryEvent, WorkflowExecutionOptionsUpdatedEventAttributes};
use perpetua_proto::workflow::WorkflowExecutionOptions;

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
        // Its place in the queue follows its priority, and its queue the version.
        let stays = self.stays(cx.deployments);
        if let Some(task) = self.state.task.as_mut().filter(|task| task.started == 0) {
            task.sticky &= stays;
            self.offer_task(cx);
        }
        self.offer_activities(cx);
    }
}

impl RunState {
    /// Takes what an event says of the options.
    pub(crate) fn set_options(&mut self, said: &WorkflowExecutionOptionsUpdatedEventAttributes, at: Time) {
        self.priority.clone_from(&said.priority);
        if self.versioning_override != said.versioning_override {
            self.versioning_override.clone_from(&said.versioning_override);
            self.note_version();
        }
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
