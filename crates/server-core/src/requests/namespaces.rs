//! Namespaces.

use perpetua_proto::errordetails::NamespaceAlreadyExistsFailure;
use perpetua_proto::namespace::namespace_info::{Capabilities, Limits};
use perpetua_proto::replication::{ClusterReplicationConfig, NamespaceReplicationConfig};
use perpetua_proto::workflowservice::{
    DescribeNamespaceRequest, DescribeNamespaceResponse, ListNamespacesRequest, ListNamespacesResponse,
    RegisterNamespaceRequest,
};

use super::check_id;
use crate::World;
use crate::namespace::Namespace;
use crate::refusal::{Answer, Code, Refusal};
use crate::settings::Settings;

impl World {
    /// Makes a namespace.
    ///
    /// # Errors
    /// When the request is wrong, or there is one of this name.
    pub fn register_namespace(&mut self, request: RegisterNamespaceRequest) -> Answer<()> {
        check_id("Namespace", &request.namespace)?;
        if self.namespaces.shelf.contains(&request.namespace) {
            return Err(Refusal::new(Code::AlreadyExists, "Namespace already exists.")
                .with(&NamespaceAlreadyExistsFailure::default()));
        }
        let id = self.cx().uuid();
        let mut namespace = Namespace::new(&request.namespace, id);
        namespace.info.description = request.description;
        namespace.info.owner_email = request.owner_email;
        namespace.info.data = request.data;
        if request.workflow_execution_retention_period.is_some() {
            namespace.config.workflow_execution_retention_ttl = request.workflow_execution_retention_period;
        }
        self.namespaces.shelf.insert(request.namespace, namespace);
        Ok(())
    }

    /// Says what is known of a namespace.
    ///
    /// # Errors
    /// When there is none of this name or id.
    pub fn describe_namespace(&self, request: &DescribeNamespaceRequest) -> Answer<DescribeNamespaceResponse> {
        if request.namespace.is_empty() && request.id.is_empty() {
            return Err(Refusal::invalid("Namespace not set on request."));
        }
        let namespace = if request.namespace.is_empty() {
            let missing = || Refusal::not_found(format!("Namespace with id {} is not found.", request.id));
            self.namespaces.shelf.values().find(|namespace| namespace.info.id == request.id).ok_or_else(missing)?
        } else {
            self.namespaces.check(&request.namespace)?
        };
        Ok(described(namespace, &self.settings))
    }

    /// Lists the namespaces, in the order of their names.
    pub fn list_namespaces(&self, _request: &ListNamespacesRequest) -> ListNamespacesResponse {
        ListNamespacesResponse {
            namespaces: self.namespaces.shelf.values().map(|namespace| described(namespace, &self.settings)).collect(),
            ..ListNamespacesResponse::default()
        }
    }
}

fn described(namespace: &Namespace, settings: &Settings) -> DescribeNamespaceResponse {
    let mut info = namespace.info.clone();
    info.capabilities = Some(Capabilities {
        eager_workflow_start: true,
        workflow_pause: true,
        sync_update: true,
        async_update: true,
        poller_autoscaling: true,
        worker_heartbeats: true,
        worker_poll_complete_on_shutdown: true,
        standalone_nexus_operation: true,
        workflow_task_completion_pagination: true,
        ..Capabilities::default()
    });
    let blob = i64::try_from(settings.blob_bytes).unwrap_or(i64::MAX);
    info.limits = Some(Limits { blob_size_limit_error: blob, memo_size_limit_error: blob, ..Limits::default() });
    DescribeNamespaceResponse {
        namespace_info: Some(info),
        config: Some(namespace.config.clone()),
        replication_config: Some(NamespaceReplicationConfig {
            active_cluster_name: "active".to_owned(),
            clusters: vec![ClusterReplicationConfig {
                cluster_name: "active".to_owned(),
                ..ClusterReplicationConfig::default()
            }],
            ..NamespaceReplicationConfig::default()
        }),
        ..DescribeNamespaceResponse::default()
    }
}
