//! Namespaces: made, changed, shown.

use perpetua_proto::enums::{NamespaceState, ReplicationState};
use perpetua_proto::errordetails::NamespaceAlreadyExistsFailure;
use perpetua_proto::namespace::namespace_info::{Capabilities, Limits};
use perpetua_proto::namespace::{BadBinaries, NamespaceConfig, UpdateNamespaceInfo};
use perpetua_proto::protobuf::Duration as WireDuration;
use perpetua_proto::replication::{ClusterReplicationConfig, NamespaceReplicationConfig};
use perpetua_proto::workflowservice::{
    DeprecateNamespaceRequest, DescribeNamespaceRequest, DescribeNamespaceResponse, ListNamespacesRequest,
    ListNamespacesResponse, RegisterNamespaceRequest, UpdateNamespaceRequest, UpdateNamespaceResponse,
};

use crate::World;
use crate::namespace::{Namespace, SYSTEM_NAMESPACE, missing_namespace};
use crate::refusal::{Answer, Code, Refusal};
use crate::settings::Settings;

/// The only cluster that there is.
const CLUSTER: &str = "active";
/// The shortest time for which closed workflows are kept, in seconds.
const SHORTEST_RETENTION: i64 = 3600;
/// How many namespaces a page has, unless it was told otherwise.
const PAGE: usize = 1000;

impl World {
    /// Makes a namespace.
    ///
    /// # Errors
    /// When the request is wrong, or there is one of this name.
    pub fn register_namespace(&mut self, request: RegisterNamespaceRequest) -> Answer<()> {
        let RegisterNamespaceRequest { namespace: name, .. } = &request;
        check_name(name)?;
        if name.len() > crate::limits::ID_LENGTH {
            return Err(Refusal::invalid("Namespace length exceeds limit."));
        }
        if request.is_global_namespace {
            return Err(Refusal::invalid("Cannot register global namespace when not enabled"));
        }
        check_retention(request.workflow_execution_retention_period.as_ref())?;
        let clusters = request.clusters.iter().map(|cluster| &cluster.cluster_name);
        let mut clusters = clusters.chain([&request.active_cluster_name]).filter(|cluster| !cluster.is_empty());
        if let Some(unknown) = clusters.find(|cluster| *cluster != CLUSTER) {
            return Err(Refusal::invalid(format!("Invalid cluster name: {unknown}")));
        }
        if self.namespaces.shelf.contains(name) {
            return Err(Refusal::new(Code::AlreadyExists, format!("Namespace {name:?} already exists"))
                .with(&NamespaceAlreadyExistsFailure::default()));
        }
        let id = self.cx().uuid();
        let mut namespace = Namespace::new(&request.namespace, id);
        namespace.info.description = request.description;
        namespace.info.owner_email = request.owner_email;
        namespace.info.data = request.data;
        namespace.config.workflow_execution_retention_ttl = request.workflow_execution_retention_period;
        self.namespaces.shelf.insert(request.namespace, namespace);
        Ok(())
    }

    /// Checks that there is such a namespace, for a request of which nothing else matters.
    ///
    /// # Errors
    /// When there is none.
    pub fn check_namespace(&self, name: &str) -> Answer<()> {
        self.namespaces.check(name).map(|_| ())
    }

    /// Checks the namespace of a request that also has it in its token, and need not say it.
    ///
    /// # Errors
    /// When one is named, and there is none.
    pub(super) fn check_given_namespace(&self, name: &str) -> Answer<()> {
        if name.is_empty() { Ok(()) } else { self.check_namespace(name) }
    }

    /// Says what is known of a namespace.
    ///
    /// # Errors
    /// When there is none of this name or id.
    pub fn describe_namespace(&self, request: &DescribeNamespaceRequest) -> Answer<DescribeNamespaceResponse> {
        let namespace = match (request.namespace.as_str(), request.id.as_str()) {
            ("", "") => return Err(Refusal::invalid("Namespace not set on request.")),
            ("", id) => self.namespaces.of_id(id).ok_or_else(|| missing_namespace(id))?,
            (name, "") => self.namespaces.check(name)?,
            _ => {
                let message = "GetNamespace operation failed.  Both ID and Name specified in request.";
                return Err(Refusal::invalid(message));
            }
        };
        Ok(described(namespace, &self.settings))
    }

    /// Lists the namespaces, in the order of their names.
    pub fn list_namespaces(&self, request: &ListNamespacesRequest) -> ListNamespacesResponse {
        let size = usize::try_from(request.page_size).ok().filter(|size| *size > 0).unwrap_or(PAGE);
        let after = request.next_page_token.as_ref();
        let mut left = self.namespaces.shelf.iter().filter(|(name, _)| name.as_bytes() > after || after.is_empty());
        let page: Vec<_> = left.by_ref().take(size).collect();
        let last = page.last().map(|(name, _)| (*name).to_owned().into_bytes());
        ListNamespacesResponse {
            next_page_token: left.next().and(last).unwrap_or_default().into(),
            namespaces: page.iter().map(|(_, namespace)| described(namespace, &self.settings)).collect(),
        }
    }

    /// Changes what is said in the request.
    ///
    /// # Errors
    /// When the request is wrong, or there is no such namespace.
    pub fn update_namespace(&mut self, request: UpdateNamespaceRequest) -> Answer<UpdateNamespaceResponse> {
        let name = &request.namespace;
        check_name(name)?;
        let mut changed = self.namespaces.check(name)?.clone();
        if request.promote_namespace {
            let message = "global namespace is not enabled on this cluster, cannot update global namespace or \
                           promote local namespace: ";
            return Err(Refusal::invalid(format!("{message}{name}")));
        }
        if !request.delete_bad_binary.is_empty() {
            let message = format!("Bad binary checksum {} doesn't exists.", request.delete_bad_binary);
            return Err(Refusal::invalid(message));
        }
        if let Some(config) = &request.config
            && config.workflow_execution_retention_ttl.is_some()
        {
            check_retention(config.workflow_execution_retention_ttl.as_ref())?;
            changed.config.workflow_execution_retention_ttl = config.workflow_execution_retention_ttl;
        }
        if let Some(info) = request.update_info {
            update_info(&mut changed, info)?;
        }
        let DescribeNamespaceResponse { namespace_info, config, replication_config, failover_version, .. } =
            described(&changed, &self.settings);
        self.namespaces.shelf.insert(request.namespace, changed);
        Ok(UpdateNamespaceResponse {
            namespace_info,
            config,
            replication_config,
            failover_version,
            ..UpdateNamespaceResponse::default()
        })
    }

    /// Lets nothing be started in a namespace any more.
    ///
    /// # Errors
    /// When there is no such namespace.
    pub fn deprecate_namespace(&mut self, request: &DeprecateNamespaceRequest) -> Answer<()> {
        check_name(&request.namespace)?;
        self.namespaces.check(&request.namespace)?;
        if let Some(namespace) = self.namespaces.shelf.get_mut(&request.namespace) {
            namespace.info.state = NamespaceState::Deprecated.into();
        }
        Ok(())
    }
}

pub(super) fn check_name(name: &str) -> Answer<()> {
    if name.is_empty() { Err(Refusal::invalid("Namespace not set on request.")) } else { Ok(()) }
}

fn check_retention(retention: Option<&WireDuration>) -> Answer<()> {
    match retention {
        Some(retention) if retention.seconds >= SHORTEST_RETENTION => Ok(()),
        _ => Err(Refusal::invalid("A valid retention period is not set on request.")),
    }
}

fn update_info(namespace: &mut Namespace, info: UpdateNamespaceInfo) -> Answer<()> {
    let (before, after) = (namespace.info.state(), info.state());
    match (before, after) {
        (_, NamespaceState::Unspecified) => {}
        (before, after) if before == after => {}
        (NamespaceState::Registered, NamespaceState::Deprecated) => namespace.info.state = after.into(),
        _ => return Err(Refusal::invalid("Invalid namespace state update.")),
    }
    if !info.description.is_empty() {
        namespace.info.description = info.description;
    }
    if !info.owner_email.is_empty() {
        namespace.info.owner_email = info.owner_email;
    }
    namespace.info.data.extend(info.data);
    Ok(())
}

fn described(namespace: &Namespace, settings: &Settings) -> DescribeNamespaceResponse {
    let mut info = namespace.info.clone();
    info.capabilities = Some(Capabilities {
        eager_workflow_start: true,
        workflow_pause: true,
        sync_update: true,
        async_update: true,
        workflow_update_callbacks: true,
        poller_autoscaling: true,
        worker_heartbeats: true,
        reported_problems_search_attribute: true,
        worker_commands: true,
        worker_poll_complete_on_shutdown: true,
        standalone_activities: true,
        standalone_activity_start_delay: true,
        standalone_activity_batch_operations: true,
        standalone_activity_operator_commands: true,
        standalone_nexus_operation: true,
        workflow_task_completion_pagination: true,
        ..Capabilities::default()
    });
    let blob = i64::try_from(settings.blob_bytes).unwrap_or(i64::MAX);
    info.limits = Some(Limits {
        blob_size_limit_error: blob,
        memo_size_limit_error: blob,
        workflow_task_completion_size_limit_error: i64::try_from(settings.answer_bytes).unwrap_or(i64::MAX),
    });
    let is_own = namespace.info.name == SYSTEM_NAMESPACE;
    let state = if is_own { ReplicationState::Unspecified } else { ReplicationState::Normal };
    DescribeNamespaceResponse {
        namespace_info: Some(info),
        config: Some(NamespaceConfig { bad_binaries: Some(BadBinaries::default()), ..namespace.config.clone() }),
        replication_config: Some(NamespaceReplicationConfig {
            active_cluster_name: CLUSTER.to_owned(),
            clusters: vec![ClusterReplicationConfig {
                cluster_name: CLUSTER.to_owned(),
                ..ClusterReplicationConfig::default()
            }],
            state: state.into(),
        }),
        ..DescribeNamespaceResponse::default()
    }
}
