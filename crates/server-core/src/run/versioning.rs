//! On which version of workers a run goes on.
//!
//! ```text
//! unversioned --a versioned worker completes a task--> on a version --another takes the next task--> moving
//!                                                           ^------- the other completes it ----------'
//! ```
//! A run that is pinned, by its workers or by an override, does not move. Others follow the routes of their queue.

use perpetua_proto::common::WorkerVersionStamp;
use perpetua_proto::deployment::{InheritedAutoUpgradeInfo, WorkerDeploymentVersion};
use perpetua_proto::enums::{ContinueAsNewVersioningBehavior, VersioningBehavior};
use perpetua_proto::history::{
    DeclinedTargetVersionUpgrade, WorkflowExecutionStartedEventAttributes, WorkflowTaskCompletedEventAttributes,
};
use perpetua_proto::workflow::VersioningOverride;
use perpetua_proto::workflow::versioning_override::Override;

use super::{Run, RunState};
use crate::deployment::{Deployments, Version};
use crate::matching::QueueKey;
use crate::world::Cx;

/// What is stored of the version of a run.
#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct VersioningState {
    /// What the workers said that completed the last task.
    #[prost(enumeration = "VersioningBehavior", tag = "1")]
    pub(crate) behavior: i32,
    #[prost(message, optional, tag = "2")]
    pub(crate) version: Option<WorkerDeploymentVersion>,
    /// Where it is moving; an empty version stands for workers without one.
    #[prost(message, optional, tag = "4")]
    pub(crate) transition: Option<WorkerDeploymentVersion>,
    /// The revision of the deployment that sent it where it is.
    #[prost(int64, tag = "5")]
    pub(crate) revision: i64,
    /// How its first task was to be routed.
    #[prost(enumeration = "ContinueAsNewVersioningBehavior", tag = "6")]
    pub(crate) initial: i32,
    #[prost(string, tag = "7")]
    pub(crate) deployment: String,
    /// The version that it was told it could move to by continuing as new.
    #[prost(message, optional, tag = "8")]
    pub(crate) told: Option<WorkerDeploymentVersion>,
    /// What the last worker said of its build, in the older way.
    #[prost(message, optional, tag = "9")]
    pub(crate) stamp: Option<WorkerVersionStamp>,
}

impl RunState {
    /// What a run begins with.
    pub(super) fn begin_versioning(&mut self, attributes: &WorkflowExecutionStartedEventAttributes) {
        let mut state = VersioningState::default();
        if let Some(pinned) = &attributes.inherited_pinned_version {
            state.set_behavior(VersioningBehavior::Pinned);
            state.version = Some(pinned.clone());
        } else if let Some(inherited) = &attributes.inherited_auto_upgrade_info {
            state.set_behavior(VersioningBehavior::AutoUpgrade);
            state.version = inherited.source_deployment_version.clone();
            state.revision = inherited.source_deployment_revision_number;
            state.initial = inherited.continue_as_new_initial_versioning_behavior;
        }
        self.versioning = (state != VersioningState::default()).then_some(state);
        if self.versioning.is_some() || self.versioning_override.is_some() {
            self.note_version();
        }
    }

    /// A worker has completed a task. Whether the run was moving before.
    pub(crate) fn complete_on(&mut self, attributes: &WorkflowTaskCompletedEventAttributes) -> bool {
        #[allow(deprecated, reason = "older workers say what they are so")]
        let stamp = attributes.worker_version.clone();
        let state = self.versioning.get_or_insert_default();
        let was_moving = state.transition.take().is_some();
        let version = attributes.deployment_version.clone();
        let once = self.versioning_override.as_ref().and_then(|given| given.r#override.as_ref());
        if let Some(Override::OneTime(once)) = once
            && once.target_deployment_version == version
        {
            self.versioning_override = None;
        }
        state.set_behavior(attributes.versioning_behavior());
        // Who does not say how it is bound to its version is not.
        state.version = version.clone().filter(|_| state.behavior() != VersioningBehavior::Unspecified);
        state.initial = 0;
        state.deployment.clone_from(&attributes.worker_deployment_name);
        state.stamp = stamp.or(state.stamp.take());
        self.note_version();
        if let Some(version) = Version::of_wire(version.as_ref()) {
            self.note_used(&version);
        }
        was_moving
    }

    /// The version to which the run is bound.
    pub(crate) fn pinned(&self) -> Option<Version> {
        match self.overridden() {
            Some(Override::Pinned(pinned)) => Version::of_wire(pinned.version.as_ref()),
            Some(Override::OneTime(once)) => Version::of_wire(once.target_deployment_version.as_ref()),
            Some(Override::AutoUpgrade(_)) => None,
            None => {
                let state = self.versioning.as_ref()?;
                Version::of_wire(state.version.as_ref()).filter(|_| state.behavior() == VersioningBehavior::Pinned)
            }
        }
    }

    /// How the run is bound to its version.
    pub(crate) fn behavior(&self) -> VersioningBehavior {
        match self.overridden() {
            Some(Override::Pinned(_) | Override::OneTime(_)) => VersioningBehavior::Pinned,
            Some(Override::AutoUpgrade(_)) => VersioningBehavior::AutoUpgrade,
            None => self.versioning.as_ref().map(VersioningState::behavior).unwrap_or_default(),
        }
    }

    /// What was said from outside, which counts more than what workers say.
    fn overridden(&self) -> Option<&Override> {
        self.versioning_override.as_ref()?.r#override.as_ref()
    }

    /// The version that completed the last task.
    pub(crate) fn version(&self) -> Option<Version> {
        Version::of_wire(self.versioning.as_ref()?.version.as_ref())
    }
}

impl Run {
    fn queue_key(&self) -> QueueKey {
        QueueKey::workflow(&self.state.namespace, self.task_queue())
    }

    pub(crate) fn pinned(&self) -> Option<Version> {
        self.state.pinned()
    }

    /// The version whose workers get its next task.
    pub(crate) fn target(&self, deployments: &Deployments) -> Option<Version> {
        if let Some(pinned) = self.pinned() {
            return Some(pinned);
        }
        let (queue, state) = (self.queue_key(), self.state.versioning.as_ref());
        if state.is_some_and(|state| state.initial() == ContinueAsNewVersioningBehavior::UseRampingVersion)
            && let Some(ramping) = deployments.ramping(&queue)
        {
            return ramping;
        }
        deployments.target(&queue, &self.state.workflow_id).0
    }

    /// The version whose workers get the pending task; in a sticky queue there is but one worker.
    pub(crate) fn task_version(&self, deployments: &Deployments) -> Option<Version> {
        let is_sticky = self.state.task.as_ref().is_some_and(|task| task.sticky);
        if is_sticky { None } else { self.target(deployments) }
    }

    /// The version whose workers get an activity on this queue.
    pub(crate) fn activity_version(&self, deployments: &Deployments, queue: &QueueKey) -> Option<Version> {
        match self.pinned() {
            Some(pinned) if deployments.has_queue(&pinned, queue) => Some(pinned),
            _ => deployments.target(queue, &self.state.workflow_id).0,
        }
    }

    /// Whether the next task is for the workers of the version that had the last.
    pub(crate) fn stays(&self, deployments: &Deployments) -> bool {
        self.target(deployments) == self.state.version()
    }

    /// A worker of this version takes a task. Whether the run is to be told that it could move.
    pub(crate) fn meet(&mut self, cx: &Cx<'_>, version: Option<&Version>) -> bool {
        let (queue, id) = (self.queue_key(), self.state.workflow_id.clone());
        let (target, revision) = cx.deployments.target(&queue, &id);
        if self.pinned().is_none() && self.state.version().as_ref() != version {
            let state = self.state.versioning.get_or_insert_default();
            state.transition = Some(version.map(Version::to_wire).unwrap_or_default());
            state.revision = revision;
        }
        let declined = self.started().declined_target_version_upgrade.as_ref();
        let declined = declined.and_then(|declined| Version::of_wire(declined.deployment_version.as_ref()));
        let is_free = self.state.versioning_override.is_none();
        let Some(state) = &mut self.state.versioning else { return false };
        let is_bound = is_free && state.behavior() == VersioningBehavior::Pinned;
        let own = Version::of_wire(state.version.as_ref());
        let is_new = is_bound && target.is_some() && target != own && target != declined;
        state.told = target.filter(|_| is_new).map(|target| target.to_wire());
        is_new
    }

    /// A worker of another version would take an activity: the run is to move there first. Whether that is so.
    pub(crate) fn moves_before_activity(&mut self, cx: &mut Cx<'_>, version: Option<&Version>) -> bool {
        if self.state.behavior() != VersioningBehavior::AutoUpgrade {
            return false;
        }
        if self.state.versioning.as_ref().is_some_and(|state| state.transition.is_some()) {
            return true;
        }
        let queue = self.queue_key();
        let goes = |version: &&Version| cx.deployments.has_queue(version, &queue);
        let Some(version) = version.filter(goes).filter(|version| self.state.version().as_ref() != Some(version))
        else {
            return false;
        };
        let revision = cx.deployments.target(&queue, &self.state.workflow_id).1;
        let state = self.state.versioning.get_or_insert_default();
        state.transition = Some(version.to_wire());
        state.revision = revision;
        self.wake(cx);
        true
    }

    /// What a child, or the next run, has from this one; `initial` is what the next run was asked to be.
    pub(crate) fn bequeath(
        &self,
        deployments: &Deployments,
        heir: &mut WorkflowExecutionStartedEventAttributes,
        namespace: &str,
        initial: i32,
    ) {
        heir.versioning_override = None;
        heir.inherited_pinned_version = None;
        heir.inherited_auto_upgrade_info = None;
        heir.declined_target_version_upgrade = None;
        if namespace != self.state.namespace {
            return;
        }
        let queue = heir.task_queue.as_ref().map_or("", |queue| &queue.name);
        let queue = QueueKey::workflow(namespace, queue);
        let has_queue = |version: &Version| deployments.has_queue(version, &queue);
        let pinned = self.pinned().filter(has_queue);
        if pinned.is_some() {
            heir.versioning_override = self.state.versioning_override.clone().filter(is_pinned);
        }
        if let Some(pinned) = pinned.filter(|_| initial == 0) {
            heir.inherited_pinned_version = Some(pinned.to_wire());
        } else if let Some(version) = self.state.version().filter(has_queue)
            && (initial != 0 || self.state.behavior() == VersioningBehavior::AutoUpgrade)
        {
            heir.inherited_auto_upgrade_info = Some(InheritedAutoUpgradeInfo {
                source_deployment_version: Some(version.to_wire()),
                source_deployment_revision_number: self.state.versioning.as_ref().map_or(0, |state| state.revision),
                continue_as_new_initial_versioning_behavior: initial,
            });
        }
    }

    /// That the run was told that it could move, and goes on where it is all the same.
    pub(crate) fn declined(&self, cx: &Cx<'_>) -> Option<DeclinedTargetVersionUpgrade> {
        let deployment_version = Some(self.state.versioning.as_ref()?.told.clone()?);
        let revision_number = cx.deployments.target(&self.queue_key(), &self.state.workflow_id).1;
        Some(DeclinedTargetVersionUpgrade { deployment_version, revision_number })
    }
}

/// Whether an override binds to one version for good.
pub(crate) fn is_pinned(given: &VersioningOverride) -> bool {
    matches!(given.r#override, Some(Override::Pinned(_)))
}
