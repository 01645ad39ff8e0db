//! The version of a run as lists and descriptions show it.

use bytes::Bytes;
use perpetua_proto::common::Payload;
use perpetua_proto::deployment::WorkerDeploymentVersion;
use perpetua_proto::enums::{IndexedValueType as Kind, VersioningBehavior};
use perpetua_proto::workflow::versioning_override::Override;
use perpetua_proto::workflow::{DeploymentVersionTransition, VersioningOverride, WorkflowExecutionVersioningInfo};

use super::{Run, RunState};
use crate::deployment::{Version, old_name};
use crate::search_attributes::type_name;

/// The search attributes that speak of a run's own workers. They are not handed on.
pub(crate) const OWN: [&str; 5] = [BEHAVIOR, DEPLOYMENT, VERSION, USED, BUILDS];
const BEHAVIOR: &str = "TemporalWorkflowVersioningBehavior";
const DEPLOYMENT: &str = "TemporalWorkerDeployment";
const VERSION: &str = "TemporalWorkerDeploymentVersion";
const USED: &str = "TemporalUsedWorkerDeploymentVersions";
const BUILDS: &str = "BuildIds";
/// How many versions are remembered that a run was on.
const REMEMBERED: usize = 100;

impl RunState {
    /// Notes for lists where the run is, and how it is bound.
    pub(super) fn note_version(&mut self) {
        let behavior = self.behavior();
        let version = self.pinned().or_else(|| self.version());
        let deployment = version.as_ref().map(|version| version.deployment.clone());
        let deployment = deployment.or_else(|| self.versioning.as_ref().map(|state| state.deployment.clone()));
        let words = match behavior {
            VersioningBehavior::Pinned => "Pinned",
            VersioningBehavior::AutoUpgrade => "AutoUpgrade",
            VersioningBehavior::Unspecified => "",
        };
        self.set_text(BEHAVIOR, words);
        self.set_text(DEPLOYMENT, deployment.as_deref().unwrap_or_default());
        self.set_text(VERSION, &version.as_ref().map(Version::with_colon).unwrap_or_default());
        self.note_builds(behavior, version.as_ref());
    }

    fn note_builds(&mut self, behavior: VersioningBehavior, version: Option<&Version>) {
        let mut builds = self.texts(BUILDS);
        builds.retain(|build| build != "unversioned" && !build.starts_with("pinned:"));
        let stamp = self.versioning.as_ref().and_then(|state| state.stamp.as_ref());
        if let Some(stamp) = stamp.filter(|stamp| !stamp.build_id.is_empty()) {
            let build = format!("unversioned:{}", stamp.build_id);
            if !builds.contains(&build) {
                builds.push(build);
            }
        }
        match (behavior, version) {
            (VersioningBehavior::Pinned, Some(version)) => builds.insert(0, format!("pinned:{}", version.with_colon())),
            (VersioningBehavior::Unspecified, _) => builds.insert(0, "unversioned".to_owned()),
            _ => {}
        }
        self.set_texts(BUILDS, &builds);
    }

    /// Notes for lists that workers of a version have completed a task.
    pub(super) fn note_used(&mut self, version: &Version) {
        let mut used = self.texts(USED);
        let version = version.with_colon();
        if !used.contains(&version) {
            used.push(version);
            used.drain(..used.len().saturating_sub(REMEMBERED));
            self.set_texts(USED, &used);
        }
    }

    fn texts(&self, name: &str) -> Vec<String> {
        let payload = self.search_attributes.get(name);
        payload.and_then(|payload| serde_json::from_slice(&payload.data).ok()).unwrap_or_default()
    }

    fn set_text(&mut self, name: &str, text: &str) {
        let json = (!text.is_empty()).then(|| serde_json::Value::from(text));
        self.set_json(name, json, Kind::Keyword);
    }

    fn set_texts(&mut self, name: &str, texts: &[String]) {
        let json = (!texts.is_empty()).then(|| serde_json::Value::from(texts));
        self.set_json(name, json, Kind::KeywordList);
    }

    fn set_json(&mut self, name: &str, json: Option<serde_json::Value>, kind: Kind) {
        let Some(json) = json else {
            self.search_attributes.remove(name);
            return;
        };
        let json = json.to_string();
        if self.search_attributes.get(name).is_some_and(|known| known.data == json) {
            return;
        }
        let metadata = [("encoding", "json/plain"), ("type", type_name(kind))];
        let metadata = metadata.map(|(key, value)| (key.to_owned(), Bytes::from_static(value.as_bytes()))).into();
        let payload = Payload { metadata, data: json.into_bytes().into(), ..Payload::default() };
        self.search_attributes.insert(name.to_owned(), payload);
    }
}

impl Run {
    /// The version of the run as descriptions show it.
    #[allow(deprecated, reason = "older clients look there")]
    pub(crate) fn versioning_info(&self) -> Option<WorkflowExecutionVersioningInfo> {
        let state = self.state.versioning.clone().unwrap_or_default();
        let version = Version::of_wire(state.version.as_ref());
        let info = WorkflowExecutionVersioningInfo {
            behavior: state.behavior,
            version: version.as_ref().map(|version| old_name(Some(version))).unwrap_or_default(),
            deployment_version: version.as_ref().map(Version::to_wire),
            versioning_override: self.state.versioning_override.clone().map(with_older_fields),
            version_transition: state.transition.as_ref().map(transition),
            revision_number: state.revision,
            continue_as_new_initial_versioning_behavior: state.initial,
            ..WorkflowExecutionVersioningInfo::default()
        };
        (info != WorkflowExecutionVersioningInfo::default()).then_some(info)
    }
}

#[allow(deprecated, reason = "older clients look there")]
fn transition(to: &WorkerDeploymentVersion) -> DeploymentVersionTransition {
    let version = Version::of_wire(Some(to));
    DeploymentVersionTransition {
        version: old_name(version.as_ref()),
        deployment_version: version.as_ref().map(Version::to_wire),
    }
}

/// An override as it is shown: in the newer and the older way.
#[allow(deprecated, reason = "older clients look there")]
fn with_older_fields(mut given: VersioningOverride) -> VersioningOverride {
    match &given.r#override {
        Some(Override::Pinned(pinned)) => {
            let version = Version::of_wire(pinned.version.as_ref());
            given.behavior = VersioningBehavior::Pinned.into();
            given.pinned_version = version.map(|version| version.to_string()).unwrap_or_default();
        }
        Some(Override::AutoUpgrade(_)) => given.behavior = VersioningBehavior::AutoUpgrade.into(),
        Some(Override::OneTime(_)) | None => {}
    }
    given
}
