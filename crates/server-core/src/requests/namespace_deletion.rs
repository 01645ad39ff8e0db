//! Namespaces that go away, with everything in them; and the cluster that they are in.

use perpetua_proto::operatorservice::{
    ClusterMetadata, DeleteNamespaceRequest, DeleteNamespaceResponse, ListClustersResponse,
};

use crate::World;
use crate::namespace::{SYSTEM_NAMESPACE, missing_namespace};
use crate::refusal::{Answer, Refusal};
use crate::world::Shelf;

impl World {
    /// Deletes a namespace with everything in it.
    ///
    /// # Errors
    /// When the request is wrong, or there is no such namespace.
    pub fn delete_namespace(&mut self, request: &DeleteNamespaceRequest) -> Answer<DeleteNamespaceResponse> {
        let namespace = match (request.namespace.as_str(), request.namespace_id.as_str()) {
            ("", "") => return Err(Refusal::invalid("Namespace not set on request.")),
            ("", id) => self.namespaces.of_id(id).ok_or_else(|| missing_namespace(id))?,
            (name, "") => self.namespaces.check(name)?,
            _ => return Err(Refusal::invalid("Only one of namespace name or Id should be set on request.")),
        };
        let (name, id) = (namespace.info.name.clone(), namespace.info.id.clone());
        if name == SYSTEM_NAMESPACE {
            return Err(Refusal::precondition("unable to delete system namespace"));
        }
        self.empty_namespace(&name);
        self.namespaces.shelf.remove(&name);
        self.settle();
        // The real server gives what it still has to delete this name.
        let short: String = id.chars().take(5).collect();
        Ok(DeleteNamespaceResponse { deleted_namespace: format!("{name}-deleted-{short}") })
    }

    /// Takes away everything that is in a namespace. What starts things goes first.
    fn empty_namespace(&mut self, name: &str) {
        for key in keys(&self.schedules.shelf, |schedule| schedule.namespace == name) {
            self.remove_schedule(&key);
        }
        for key in keys(&self.batches, |job| job.request.namespace == name) {
            self.remove_batch(&key);
        }
        for key in keys(&self.nexus.operations, |operation| operation.namespace == name) {
            self.remove_operation(&key);
        }
        for key in keys(&self.activities.shelf, |activity| activity.namespace == name) {
            self.remove_activity(&key);
        }
        self.workers.forget_all(name);
        self.end_runs(name);
        self.remove_deployments(name);
        self.forget_task_queues(name);
    }

    fn end_runs(&mut self, name: &str) {
        // What is ended may start something, such as the next run of a chain.
        loop {
            let runs = self.index.of_namespace(name);
            if runs.is_empty() {
                return;
            }
            for number in runs {
                self.delete(number);
            }
        }
    }

    /// Lists the clusters that know of each other: this one.
    pub fn list_clusters(&self) -> ListClustersResponse {
        let own = self.cluster_info();
        let cluster = ClusterMetadata {
            cluster_name: own.cluster_name,
            cluster_id: own.cluster_id,
            initial_failover_version: own.initial_failover_version,
            history_shard_count: own.history_shard_count,
            is_connection_enabled: true,
            ..ClusterMetadata::default()
        };
        ListClustersResponse { clusters: vec![cluster], ..ListClustersResponse::default() }
    }
}

/// The keys of all that are like this.
fn keys<T>(shelf: &Shelf<T>, is_wanted: impl Fn(&T) -> bool) -> Vec<String> {
    shelf.iter().filter(|(_, item)| is_wanted(item)).map(|(key, _)| key.to_owned()).collect()
}
