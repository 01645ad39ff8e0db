//! What is switched off on every server: older ways to keep versions apart, and configuration of workers from afar.

use perpetua_proto::errordetails::PermissionDeniedFailure;
use perpetua_proto::workflowservice::*;
use perpetua_server_core::{Answer, Code, Refusal};
use tonic::Request;

use super::WorkflowApi;

/// Requests that are refused in the same words, unless their namespace is wrong.
macro_rules! refused {
    ($refusal:expr => $($name:ident($request:ident) -> $response:ident;)*) => {
        impl WorkflowApi {
            $(pub(super) async fn $name(&self, request: Request<$request>) -> Answer<$response> {
                self.now(request, |world, request| world.check_namespace(&request.namespace)).await?;
                Err($refusal)
            })*
        }
    };
}

refused! { denied("v0.1 (Version Set-based, deprecated)") =>
    update_worker_build_id_compatibility(UpdateWorkerBuildIdCompatibilityRequest)
        -> UpdateWorkerBuildIdCompatibilityResponse;
    get_worker_build_id_compatibility(GetWorkerBuildIdCompatibilityRequest) -> GetWorkerBuildIdCompatibilityResponse;
}

refused! { denied("v0.2 (Rules-based, deprecated)") =>
    get_worker_task_reachability(GetWorkerTaskReachabilityRequest) -> GetWorkerTaskReachabilityResponse;
    update_worker_versioning_rules(UpdateWorkerVersioningRulesRequest) -> UpdateWorkerVersioningRulesResponse;
    get_worker_versioning_rules(GetWorkerVersioningRulesRequest) -> GetWorkerVersioningRulesResponse;
}

refused! { gone("Deployments are deprecated and no longer supported, use Worker Deployments instead") =>
    describe_deployment(DescribeDeploymentRequest) -> DescribeDeploymentResponse;
    list_deployments(ListDeploymentsRequest) -> ListDeploymentsResponse;
    get_deployment_reachability(GetDeploymentReachabilityRequest) -> GetDeploymentReachabilityResponse;
    get_current_deployment(GetCurrentDeploymentRequest) -> GetCurrentDeploymentResponse;
    set_current_deployment(SetCurrentDeploymentRequest) -> SetCurrentDeploymentResponse;
}

refused! { gone("FetchWorkerConfig command is not enabled.") =>
    fetch_worker_config(FetchWorkerConfigRequest) -> FetchWorkerConfigResponse;
}

refused! { gone("UpdateWorkerConfig command is not enabled.") =>
    update_worker_config(UpdateWorkerConfigRequest) -> UpdateWorkerConfigResponse;
}

fn denied(what: &str) -> Refusal {
    let words = format!("Worker versioning {what} is disabled on this namespace.");
    Refusal::new(Code::PermissionDenied, words).with(&PermissionDeniedFailure::default())
}

fn gone(words: &str) -> Refusal {
    Refusal::new(Code::Unimplemented, words)
}
