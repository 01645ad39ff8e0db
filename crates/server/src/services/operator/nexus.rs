//! Nexus endpoints.

use perpetua_proto::operatorservice::*;
use perpetua_server_core::Answer;
use tonic::Request;

use super::OperatorApi;

impl OperatorApi {
    pub(super) async fn create_nexus_endpoint(
        &self,
        request: Request<CreateNexusEndpointRequest>,
    ) -> Answer<CreateNexusEndpointResponse> {
        let endpoint = self.0.now(|world| world.create_nexus_endpoint(request.into_inner())).await?;
        Ok(CreateNexusEndpointResponse { endpoint: Some(endpoint) })
    }

    pub(super) async fn get_nexus_endpoint(
        &self,
        request: Request<GetNexusEndpointRequest>,
    ) -> Answer<GetNexusEndpointResponse> {
        let endpoint = self.0.now(|world| world.get_nexus_endpoint(&request.into_inner().id)).await?;
        Ok(GetNexusEndpointResponse { endpoint: Some(endpoint) })
    }

    pub(super) async fn update_nexus_endpoint(
        &self,
        request: Request<UpdateNexusEndpointRequest>,
    ) -> Answer<UpdateNexusEndpointResponse> {
        let endpoint = self.0.now(|world| world.update_nexus_endpoint(request.into_inner())).await?;
        Ok(UpdateNexusEndpointResponse { endpoint: Some(endpoint) })
    }

    pub(super) async fn delete_nexus_endpoint(
        &self,
        request: Request<DeleteNexusEndpointRequest>,
    ) -> Answer<DeleteNexusEndpointResponse> {
        self.0.now(|world| world.delete_nexus_endpoint(&request.into_inner())).await?;
        Ok(DeleteNexusEndpointResponse::default())
    }

    pub(super) async fn list_nexus_endpoints(
        &self,
        request: Request<ListNexusEndpointsRequest>,
    ) -> Answer<ListNexusEndpointsResponse> {
        self.0.now(|world| world.list_nexus_endpoints(&request.into_inner())).await
    }
}
