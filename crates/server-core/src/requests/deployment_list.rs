//! What is known of worker deployments and their versions.

use perpetua_proto::deployment::VersionMetadata;
use perpetua_proto::workflowservice::describe_worker_deployment_version_response::VersionTaskQueue;
use perpetua_proto::workflowservice::{
    DescribeWorkerDeploymentRequest, DescribeWorkerDeploymentResponse, DescribeWorkerDeploymentVersionRequest,
    DescribeWorkerDeploymentVersionResponse, ListWorkerDeploymentsRequest, ListWorkerDeploymentsResponse,
    UpdateWorkerDeploymentVersionMetadataRequest, UpdateWorkerDeploymentVersionMetadataResponse,
};

use super::deployment::{named, no_deployment};
use crate::World;
use crate::deployment::{Deployment, Version, VersionState, check_name, key};
use crate::refusal::{Answer, Refusal};
use crate::time::Time;
use crate::visibility::{Page, Place};

impl World {
    /// Says what is known of a deployment.
    ///
    /// # Errors
    /// When the request is wrong, or there is no such deployment.
    pub fn describe_deployment(
        &self,
        request: &DescribeWorkerDeploymentRequest,
    ) -> Answer<DescribeWorkerDeploymentResponse> {
        self.namespaces.check(&request.namespace)?;
        check_name(&request.deployment_name)?;
        let deployment = self.deployments.get(&request.namespace, &request.deployment_name);
        let deployment = deployment.ok_or_else(|| no_deployment(&request.deployment_name))?;
        Ok(DescribeWorkerDeploymentResponse {
            conflict_token: deployment.conflict_token(),
            worker_deployment_info: Some(deployment.info()),
        })
    }

    /// Says what is known of a version.
    ///
    /// # Errors
    /// When the request is wrong, or there is no such version.
    #[allow(deprecated, reason = "older clients say it so")]
    pub fn describe_version(
        &self,
        request: &DescribeWorkerDeploymentVersionRequest,
    ) -> Answer<DescribeWorkerDeploymentVersionResponse> {
        self.namespaces.check(&request.namespace)?;
        let version = named(request.deployment_version.as_ref(), &request.version)?;
        let (deployment, state) = self.version(&request.namespace, &version)?;
        let queues = state.queues.iter().map(|queue| {
            let key = queue.key(&request.namespace).of(Some(version.clone()));
            let stats = request.report_task_queue_stats.then(|| self.queue_stats([&key]));
            VersionTaskQueue {
                name: queue.name.clone(),
                r#type: queue.kind,
                stats_by_priority_key: stats.as_ref().map(|stats| stats.by_priority.clone()).unwrap_or_default(),
                stats: stats.map(|stats| stats.whole),
            }
        });
        Ok(DescribeWorkerDeploymentVersionResponse {
            version_task_queues: queues.collect(),
            worker_deployment_version_info: Some(deployment.version_info(&version.build, state)),
        })
    }

    /// The deployments of a namespace, the newest first.
    ///
    /// # Errors
    /// When the request is wrong.
    pub fn list_deployments(&self, request: &ListWorkerDeploymentsRequest) -> Answer<ListWorkerDeploymentsResponse> {
        self.namespaces.check(&request.namespace)?;
        let page = Page::new(request.page_size, &request.next_page_token)?;
        let mut known: Vec<_> = self
            .deployments
            .of(&request.namespace)
            .map(|deployment| (Place::new(None, Time::from_nanos(deployment.created), &*deployment.name), deployment))
            .collect();
        known.sort_by(|(one, _), (other, _)| one.cmp(other));
        let (worker_deployments, next_page_token) = page.fill(known.into_iter(), Deployment::listed);
        Ok(ListWorkerDeploymentsResponse { next_page_token, worker_deployments })
    }

    /// Changes what is noted of a version.
    ///
    /// # Errors
    /// When the request is wrong, or there is no such version.
    #[allow(deprecated, reason = "older clients say it so")]
    pub fn update_version_metadata(
        &mut self,
        request: UpdateWorkerDeploymentVersionMetadataRequest,
    ) -> Answer<UpdateWorkerDeploymentVersionMetadataResponse> {
        self.namespaces.check(&request.namespace)?;
        if request.upsert_entries.is_empty() && request.remove_entries.is_empty() {
            return Err(Refusal::invalid("At least one of remove_entries or upsert_entries must be provided"));
        }
        let version = named(request.deployment_version.as_ref(), &request.version)?;
        let deployment = self.deployments.shelf.get_mut(&key(&request.namespace, &version.deployment));
        let state = deployment.and_then(|deployment| deployment.versions.get_mut(&version.build));
        let missing = || {
            let id = version.with_colon();
            Refusal::not_found(format!("workflow not found for ID: temporal-sys-worker-deployment-version:{id}"))
        };
        let state = state.ok_or_else(missing)?;
        state.metadata.extend(request.upsert_entries);
        for entry in &request.remove_entries {
            state.metadata.remove(entry);
        }
        state.modified_by = request.identity;
        let entries = state.metadata.clone();
        Ok(UpdateWorkerDeploymentVersionMetadataResponse { metadata: Some(VersionMetadata { entries }) })
    }

    fn version(&self, namespace: &str, version: &Version) -> Answer<(&Deployment, &VersionState)> {
        let deployment = self.deployments.get(namespace, &version.deployment).ok_or_else(no_version)?;
        Ok((deployment, deployment.versions.get(&version.build).ok_or_else(no_version)?))
    }
}

fn no_version() -> Refusal {
    Refusal::not_found("Worker Deployment Version not found")
}
