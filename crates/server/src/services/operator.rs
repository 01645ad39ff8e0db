//! The operator service.

mod nexus;

use std::sync::Arc;

use perpetua_proto::operatorservice::*;
use perpetua_server_core::Answer;
use tonic::Request;

use super::service;
use crate::engine::Engine;

/// The operator service.
#[derive(Clone, Debug)]
pub(crate) struct OperatorApi(pub(crate) Arc<Engine>);

service! {
    "temporal.api.operatorservice.v1.OperatorService", OperatorApi:
    does {
        "AddSearchAttributes" => add_search_attributes;
        "RemoveSearchAttributes" => remove_search_attributes;
        "ListSearchAttributes" => list_search_attributes;
        "GetNexusEndpoint" => get_nexus_endpoint;
        "CreateNexusEndpoint" => create_nexus_endpoint;
        "UpdateNexusEndpoint" => update_nexus_endpoint;
        "DeleteNexusEndpoint" => delete_nexus_endpoint;
        "ListNexusEndpoints" => list_nexus_endpoints;
        "DeleteNamespace" => delete_namespace;
        "ListClusters" => list_clusters;
    }
    refuses {
        "AddOrUpdateRemoteCluster" => add_or_update_remote_cluster;
        "RemoveRemoteCluster" => remove_remote_cluster;
    }
}

impl OperatorApi {
    async fn add_search_attributes(
        &self,
        request: Request<AddSearchAttributesRequest>,
    ) -> Answer<AddSearchAttributesResponse> {
        let request = request.into_inner();
        self.0.now(|world| world.add_search_attributes(request)).await.map(|()| AddSearchAttributesResponse::default())
    }

    async fn remove_search_attributes(
        &self,
        request: Request<RemoveSearchAttributesRequest>,
    ) -> Answer<RemoveSearchAttributesResponse> {
        let request = request.into_inner();
        self.0
            .now(|world| world.remove_search_attributes(&request))
            .await
            .map(|()| RemoveSearchAttributesResponse::default())
    }

    async fn list_search_attributes(
        &self,
        request: Request<ListSearchAttributesRequest>,
    ) -> Answer<ListSearchAttributesResponse> {
        let request = request.into_inner();
        self.0.now(|world| world.list_search_attributes(&request)).await
    }

    async fn delete_namespace(&self, request: Request<DeleteNamespaceRequest>) -> Answer<DeleteNamespaceResponse> {
        let request = request.into_inner();
        self.0.now(|world| world.delete_namespace(&request)).await
    }

    async fn list_clusters(&self, _request: Request<ListClustersRequest>) -> Answer<ListClustersResponse> {
        self.0.now(|world| Ok(world.list_clusters())).await
    }
}
