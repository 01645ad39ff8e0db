//! Deployments and versions as descriptions and lists show them.

use perpetua_proto::deployment::worker_deployment_info::WorkerDeploymentVersionSummary;
use perpetua_proto::deployment::worker_deployment_version_info::VersionTaskQueueInfo;
use perpetua_proto::deployment::{
    RoutingConfig, VersionDrainageInfo, VersionMetadata, WorkerDeploymentInfo, WorkerDeploymentVersionInfo,
};
use perpetua_proto::enums::{RoutingConfigUpdateState, VersionDrainageStatus};
use perpetua_proto::workflowservice::list_worker_deployments_response::WorkerDeploymentSummary;

use super::{Deployment, UNVERSIONED, Version, VersionState};
use crate::time::shown;

/// A version in an older field.
pub(crate) fn old_name(version: Option<&Version>) -> String {
    version.map_or_else(|| UNVERSIONED.to_owned(), ToString::to_string)
}

impl Deployment {
    pub(crate) fn info(&self) -> WorkerDeploymentInfo {
        let mut versions: Vec<_> = self.versions.iter().collect();
        versions.sort_by_key(|(build, version)| std::cmp::Reverse((version.created, (*build).clone())));
        WorkerDeploymentInfo {
            name: self.name.clone(),
            version_summaries: versions.into_iter().map(|(build, version)| self.summary(build, version)).collect(),
            create_time: shown(self.created),
            routing_config: Some(self.routing()),
            last_modifier_identity: self.modified_by.clone(),
            manager_identity: self.manager.clone(),
            routing_config_update_state: RoutingConfigUpdateState::Completed.into(),
        }
    }

    pub(crate) fn listed(&self) -> WorkerDeploymentSummary {
        let summary = |build: &str| self.versions.get(build).map(|version| self.summary(build, version));
        let latest = self.versions.iter().max_by_key(|(build, version)| (version.created, *build));
        WorkerDeploymentSummary {
            name: self.name.clone(),
            create_time: shown(self.created),
            routing_config: Some(self.routing()),
            latest_version_summary: latest.map(|(build, version)| self.summary(build, version)),
            current_version_summary: summary(&self.current),
            ramping_version_summary: self.ramping.as_deref().and_then(summary),
        }
    }

    #[allow(deprecated, reason = "older clients look there")]
    fn routing(&self) -> RoutingConfig {
        let current = self.current_version();
        let ramping = self.ramping.as_ref().map(|build| self.version(build));
        RoutingConfig {
            current_deployment_version: current.as_ref().map(Version::to_wire),
            current_version: old_name(current.as_ref()),
            ramping_version: ramping.as_ref().map(|version| old_name(version.as_ref())).unwrap_or_default(),
            ramping_deployment_version: ramping.flatten().as_ref().map(Version::to_wire),
            ramping_version_percentage: self.percentage,
            current_version_changed_time: shown(self.current_changed),
            ramping_version_changed_time: shown(self.ramping_changed),
            ramping_version_percentage_changed_time: shown(self.percentage_changed),
            revision_number: self.revision,
        }
    }

    #[allow(deprecated, reason = "older clients look there")]
    fn summary(&self, build: &str, version: &VersionState) -> WorkerDeploymentVersionSummary {
        let name = self.version(build);
        WorkerDeploymentVersionSummary {
            version: old_name(name.as_ref()),
            status: version.status().into(),
            deployment_version: name.as_ref().map(Version::to_wire),
            create_time: shown(version.created),
            drainage_status: version.drainage,
            drainage_info: version.drainage_info(),
            current_since_time: shown(version.current_since),
            ramping_since_time: shown(version.ramping_since),
            routing_update_time: shown(version.routing_changed),
            first_activation_time: shown(version.first_activation),
            last_current_time: shown(version.last_current),
            last_deactivation_time: shown(version.last_deactivation),
            ..WorkerDeploymentVersionSummary::default()
        }
    }

    #[allow(deprecated, reason = "older clients look there")]
    pub(crate) fn version_info(&self, build: &str, version: &VersionState) -> WorkerDeploymentVersionInfo {
        let name = self.version(build);
        let queues = version.queues.iter();
        let metadata = (!version.metadata.is_empty()).then(|| VersionMetadata { entries: version.metadata.clone() });
        WorkerDeploymentVersionInfo {
            version: old_name(name.as_ref()),
            status: version.status().into(),
            deployment_version: name.as_ref().map(Version::to_wire),
            create_time: shown(version.created),
            routing_changed_time: shown(version.routing_changed),
            current_since_time: shown(version.current_since),
            ramping_since_time: shown(version.ramping_since),
            ramp_percentage: if version.ramping_since == 0 { 0.0 } else { self.percentage },
            task_queue_infos: queues
                .map(|queue| VersionTaskQueueInfo { name: queue.name.clone(), r#type: queue.kind })
                .collect(),
            drainage_info: version.drainage_info(),
            metadata,
            last_modifier_identity: version.modified_by.clone(),
            ..WorkerDeploymentVersionInfo::default()
        }
    }
}

impl VersionState {
    fn drainage_info(&self) -> Option<VersionDrainageInfo> {
        (self.drainage() != VersionDrainageStatus::Unspecified).then(|| VersionDrainageInfo {
            status: self.drainage,
            last_changed_time: shown(self.drainage_changed),
            last_checked_time: shown(self.drainage_checked),
        })
    }
}
