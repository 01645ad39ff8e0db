//! The health service.

use std::pin::Pin;
use std::sync::Arc;

use perpetua_proto::health::health_check_response::ServingStatus;
use perpetua_proto::health::health_server::Health;
use perpetua_proto::health::{HealthCheckRequest, HealthCheckResponse};
use tokio::sync::watch;
use tokio_stream::wrappers::WatchStream;
use tokio_stream::{Stream, StreamExt};
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
    fn state(&self, service: &str) -> ServingStatus {
        match service {
            service if !SERVICES.contains(&service) => ServingStatus::ServiceUnknown,
            _ if self.0.is_serving() => ServingStatus::Serving,
            _ => ServingStatus::NotServing,
        }
    }
}

/// What is sent when a server is stopped, after what was sent before.
fn until_stopped(
    first: ServingStatus,
    stopping: watch::Receiver<bool>,
) -> impl Stream<Item = Result<HealthCheckResponse, Status>> {
    let quiet = WatchStream::new(stopping).take_while(|stopping| !stopping).filter_map(|_| None);
    let last = tokio_stream::iter((first == ServingStatus::Serving).then_some(ServingStatus::NotServing));
    let sent = tokio_stream::once(first).chain(quiet).chain(last);
    sent.map(|status| Ok(HealthCheckResponse { status: status.into() }))
}

#[tonic::async_trait]
impl Health for HealthApi {
    type WatchStream = Pin<Box<dyn Stream<Item = Result<HealthCheckResponse, Status>> + Send>>;

    async fn check(&self, request: Request<HealthCheckRequest>) -> Result<Response<HealthCheckResponse>, Status> {
        match self.state(&request.get_ref().service) {
            ServingStatus::ServiceUnknown => Err(Status::not_found("unknown service")),
            status => Ok(Response::new(HealthCheckResponse { status: status.into() })),
        }
    }

    async fn watch(&self, request: Request<HealthCheckRequest>) -> Result<Response<Self::WatchStream>, Status> {
        let first = self.state(&request.get_ref().service);
        Ok(Response::new(Box::pin(until_stopped(first, self.0.stopping.subscribe()))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn who_watches_hears_that_the_server_is_there_and_that_it_stops() {
        let stopping = watch::Sender::new(false);
        let mut heard = Box::pin(until_stopped(ServingStatus::Serving, stopping.subscribe()));
        let status =
            |said: Option<Result<HealthCheckResponse, Status>>| said.and_then(Result::ok).map(|it| it.status());
        assert_eq!(status(heard.next().await), Some(ServingStatus::Serving));
        stopping.send_replace(true);
        assert_eq!(status(heard.next().await), Some(ServingStatus::NotServing));
        assert_eq!(status(heard.next().await), None);
    }

    #[tokio::test]
    async fn who_watches_what_is_not_there_hears_just_that() {
        let stopping = watch::Sender::new(false);
        let heard = until_stopped(ServingStatus::ServiceUnknown, stopping.subscribe());
        stopping.send_replace(true);
        let heard: Vec<_> = heard.filter_map(Result::ok).map(|it| it.status()).collect().await;
        assert_eq!(heard, [ServingStatus::ServiceUnknown]);
    }
}
