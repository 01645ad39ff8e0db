//! The operator service.

mod nexus;

use std::sync::Arc;

use perpetua_proto::operatorservice::operator_service_server::OperatorService;
use perpetua_proto::operatorservice::*;
use perpetua_server_core::Answer;
use tonic::Request;

use super::service;
use crate::engine::Engine;

/// The operator service.
#[derive(Clone, Debug)]
pub(crate) struct OperatorApi(pub(crate) Arc<Engine>);

service! {
    OperatorService, OperatorApi:
    does {
        add_search_attributes(AddSearchAttributesRequest) -> AddSearchAttributesResponse
        remove_search_attributes(RemoveSearchAttributesRequest) -> RemoveSearchAttributesResponse
        list_search_attributes(ListSearchAttributesRequest) -> ListSearchAttributesResponse
        get_nexus_endpoint(GetNexusEndpointRequest) -> GetNexusEndpointResponse
        create_nexus_endpoint(CreateNexusEndpointRequest) -> CreateNexusEndpointResponse
        update_nexus_endpoint(UpdateNexusEndpointRequest) -> UpdateNexusEndpointResponse
        delete_nexus_endpoint(DeleteNexusEndpointRequest) -> DeleteNexusEndpointResponse
        list_nexus_endpoints(ListNexusEndpointsRequest) -> ListNexusEndpointsResponse
        delete_namespace(DeleteNamespaceRequest) -> DeleteNamespaceResponse
        list_clusters(ListClustersRequest) -> ListClustersResponse
    }
    refuses {
        add_or_update_remote_cluster(AddOrUpdateRemoteClusterRequest) -> AddOrUpdateRemoteClusterResponse
        remove_remote_cluster(RemoveRemoteClusterRequest) -> RemoveRemoteClusterResponse
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
