//! Worker deployments.

use perpetua_proto::workflowservice::*;
use perpetua_server_core::Answer;
use tonic::Request;

use super::WorkflowApi;

at_once! {
    set_worker_deployment_current_version(SetWorkerDeploymentCurrentVersionRequest)
        -> SetWorkerDeploymentCurrentVersionResponse = |world, request| world.set_current_version(request);
    set_worker_deployment_ramping_version(SetWorkerDeploymentRampingVersionRequest)
        -> SetWorkerDeploymentRampingVersionResponse = |world, request| world.set_ramping_version(request);
    set_worker_deployment_manager(SetWorkerDeploymentManagerRequest) -> SetWorkerDeploymentManagerResponse =
        |world, request| world.set_deployment_manager(request);
    describe_worker_deployment(DescribeWorkerDeploymentRequest) -> DescribeWorkerDeploymentResponse =
        |world, request| world.describe_deployment(&request);
    describe_worker_deployment_version(DescribeWorkerDeploymentVersionRequest)
        -> DescribeWorkerDeploymentVersionResponse = |world, request| world.describe_version(&request);
    list_worker_deployments(ListWorkerDeploymentsRequest) -> ListWorkerDeploymentsResponse =
        |world, request| world.list_deployments(&request);
    create_worker_deployment(CreateWorkerDeploymentRequest) -> CreateWorkerDeploymentResponse =
        |world, request| world.create_deployment(request);
    create_worker_deployment_version(CreateWorkerDeploymentVersionRequest) -> CreateWorkerDeploymentVersionResponse =
        |world, request| world.create_version(request).map(|()| CreateWorkerDeploymentVersionResponse {});
    delete_worker_deployment(DeleteWorkerDeploymentRequest) -> DeleteWorkerDeploymentResponse =
        |world, request| world.delete_deployment(&request).map(|()| DeleteWorkerDeploymentResponse {});
    delete_worker_deployment_version(DeleteWorkerDeploymentVersionRequest) -> DeleteWorkerDeploymentVersionResponse =
        |world, request| world.delete_version(&request).map(|()| DeleteWorkerDeploymentVersionResponse {});
    update_worker_deployment_version_metadata(UpdateWorkerDeploymentVersionMetadataRequest)
        -> UpdateWorkerDeploymentVersionMetadataResponse = |world, request| world.update_version_metadata(request);
}
