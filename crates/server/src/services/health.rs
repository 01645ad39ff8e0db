//! The health service.

use std::sync::Arc;

use perpetua_proto::health::health_check_response::ServingStatus;
use perpetua_proto::health::health_server::Health;
use perpetua_proto::health::{HealthCheckRequest, HealthCheckResponse};
use tokio_stream::Once;
use tonic::{Request, Response, Status};

use crate::engine::Engine;

/// Says whether the server serves.
#[derive(Clone, Debug)]
pub(crate) struct HealthApi(pub(crate) Arc<Engine>);

const SERVICES: [&str; 4] = [
    "",
    "temporal.api.workflowservice.v1.WorkflowService",
    "temporal.api.operatorservice.v1.OperatorService",
    "temporal.api.testservice.v1.TestService",
];

impl HealthApi {
    fn state(&self, service: &str) -> Result<HealthCheckResponse, Status> {
        if !SERVICES.contains(&service) {
            return Err(Status::not_found(format!("there is no service {service:?}")));
        }
        let status = if self.0.is_serving() { ServingStatus::Serving } else { ServingStatus::NotServing };
        Ok(HealthCheckResponse { status: status.into() })
    }
}

#[tonic::async_trait]
impl Health for HealthApi {
    type WatchStream = Once<Result<HealthCheckResponse, Status>>;

    async fn check(&self, request: Request<HealthCheckRequest>) -> Result<Response<HealthCheckResponse>, Status> {
        self.state(&request.get_ref().service).map(Response::new)
    }

    async fn watch(&self, request: Request<HealthCheckRequest>) -> Result<Response<Self::WatchStream>, Status> {
        Ok(Response::new(tokio_stream::once(self.state(&request.get_ref().service))))
    }
}
