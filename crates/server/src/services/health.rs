//! The health service.

use perpetua_proto::health::health_check_response::ServingStatus;
use perpetua_proto::health::health_server::Health;
use perpetua_proto::health::{HealthCheckRequest, HealthCheckResponse};
use tokio_stream::Once;
use tonic::{Request, Response, Status};

/// Says that the server serves.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct HealthApi;

const SERVICES: [&str; 4] = [
    "",
    "temporal.api.workflowservice.v1.WorkflowService",
    "temporal.api.operatorservice.v1.OperatorService",
    "temporal.api.testservice.v1.TestService",
];

fn check(service: &str) -> Result<HealthCheckResponse, Status> {
    if SERVICES.contains(&service) {
        Ok(HealthCheckResponse { status: ServingStatus::Serving.into() })
    } else {
        Err(Status::not_found(format!("there is no service {service:?}")))
    }
}

#[tonic::async_trait]
impl Health for HealthApi {
    type WatchStream = Once<Result<HealthCheckResponse, Status>>;

    async fn check(&self, request: Request<HealthCheckRequest>) -> Result<Response<HealthCheckResponse>, Status> {
        check(&request.get_ref().service).map(Response::new)
    }

    async fn watch(&self, request: Request<HealthCheckRequest>) -> Result<Response<Self::WatchStream>, Status> {
        Ok(Response::new(tokio_stream::once(check(&request.get_ref().service))))
    }
}
