//! The health service.

use std::pin::Pin;
use std::sync::Arc;

use bytes::Bytes;
use perpetua_proto::health::health_check_response::ServingStatus;
use perpetua_proto::health::{HealthCheckRequest, HealthCheckResponse};
use perpetua_server_core::{Answer, Code, Refusal};
use prost::Message;
use tokio::sync::watch;
use tokio_stream::wrappers::WatchStream;
use tokio_stream::{Stream, StreamExt};
use tonic::{Request, Status};

use super::operator::OperatorApi;
use super::service;
use super::test::TestApi;
use super::workflow::WorkflowApi;
use crate::calls::Asked;
use crate::engine::Engine;

/// Says whether the server serves.
#[derive(Clone, Debug)]
pub(crate) struct HealthApi(pub(crate) Arc<Engine>);

/// The path of the one method that is answered with many messages.
pub(crate) const WATCH: &str = "/grpc.health.v1.Health/Watch";

/// What is told to who watches, message by message.
pub(crate) type Watching = Pin<Box<dyn Stream<Item = Result<Bytes, Status>> + Send>>;

const SERVICES: [&str; 4] = ["", WorkflowApi::NAME, OperatorApi::NAME, TestApi::NAME];

service! {
    "grpc.health.v1.Health", HealthApi:
    does {
        "Check" => check;
    }
    refuses {}
}

impl HealthApi {
    fn state(&self, service: &str) -> ServingStatus {
        match service {
            service if !SERVICES.contains(&service) => ServingStatus::ServiceUnknown,
            _ if self.0.is_serving() => ServingStatus::Serving,
            _ => ServingStatus::NotServing,
        }
    }

    async fn check(&self, request: Request<HealthCheckRequest>) -> Answer<HealthCheckResponse> {
        match self.state(&request.get_ref().service) {
            ServingStatus::ServiceUnknown => Err(Refusal::new(Code::NotFound, "unknown service")),
            status => Ok(HealthCheckResponse { status: status.into() }),
        }
    }
}

/// Tells whether a service is there, and when it is not any more.
///
/// # Errors
/// When the request cannot be read.
pub(crate) fn watch(engine: &Arc<Engine>, asked: Asked) -> Result<Watching, Status> {
    let request = asked.read::<HealthCheckRequest>()?;
    let first = HealthApi(Arc::clone(engine)).state(&request.get_ref().service);
    Ok(Box::pin(until_stopped(first, engine.stopping.subscribe()).map(|said| Ok(said.encode_to_vec().into()))))
}

/// What is sent when a server is stopped, after what was sent before.
fn until_stopped(first: ServingStatus, stopping: watch::Receiver<bool>) -> impl Stream<Item = HealthCheckResponse> {
    let quiet = WatchStream::new(stopping).take_while(|stopping| !stopping).filter_map(|_| None);
    let last = tokio_stream::iter((first == ServingStatus::Serving).then_some(ServingStatus::NotServing));
    let sent = tokio_stream::once(first).chain(quiet).chain(last);
    sent.map(|status| HealthCheckResponse { status: status.into() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn who_watches_hears_that_the_server_is_there_and_that_it_stops() {
        let stopping = watch::Sender::new(false);
        let mut heard = Box::pin(until_stopped(ServingStatus::Serving, stopping.subscribe()));
        let status = |said: Option<HealthCheckResponse>| said.map(|it| it.status());
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
        let heard: Vec<_> = heard.map(|it| it.status()).collect().await;
        assert_eq!(heard, [ServingStatus::ServiceUnknown]);
    }
}
