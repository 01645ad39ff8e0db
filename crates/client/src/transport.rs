//! Whatever carries calls: a connection, or a server in the same process.

use std::fmt;
use std::future::poll_fn;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use perpetua_convert::BoxFuture;
use tonic::Status;
use tonic::body::Body;
use tower_service::Service;

use crate::channel::{Call, Channel, call_service};
use crate::headers::Headers;

type BoxError = Box<dyn std::error::Error + Send + Sync>;
pub(crate) type Reply = Result<http::Response<Body>, BoxError>;

/// Carries calls and adds the client's headers to them. A service that the generated clients can use; cheap to clone.
#[derive(Clone)]
pub struct Transport {
    carrier: Carrier,
    headers: Headers,
}

/// What carries calls.
#[derive(Clone)]
pub(crate) enum Carrier {
    /// A connection of ours, which takes calls as they are.
    Channel(Channel),
    /// Whatever answers gRPC requests.
    Service(Arc<dyn Carry>),
}

/// Something that answers gRPC requests.
pub(crate) trait Carry: Send + Sync + 'static {
    fn carry(&self, request: http::Request<Body>) -> BoxFuture<'static, Reply>;
}

/// A service, cloned for each call.
struct Cloned<S>(S);

impl<S> Carry for Cloned<S>
where
    S: Service<http::Request<Body>, Response = http::Response<Body>> + Clone + Send + Sync + 'static,
    S::Error: Into<BoxError>,
    S::Future: Send,
{
    fn carry(&self, request: http::Request<Body>) -> BoxFuture<'static, Reply> {
        let mut service = self.0.clone();
        Box::pin(async move {
            poll_fn(|cx| service.poll_ready(cx)).await.map_err(Into::into)?;
            service.call(request).await.map_err(Into::into)
        })
    }
}

/// Makes a carrier of a service.
pub(crate) fn carrier<S>(service: S) -> Carrier
where
    S: Service<http::Request<Body>, Response = http::Response<Body>> + Clone + Send + Sync + 'static,
    S::Error: Into<BoxError>,
    S::Future: Send,
{
    Carrier::Service(Arc::new(Cloned(service)))
}

impl Transport {
    pub(crate) fn new(carrier: Carrier, headers: Headers) -> Self {
        Self { carrier, headers }
    }

    /// Makes a call that has all its headers; the answer's message, as it came.
    pub(crate) async fn call(&self, call: Call) -> Result<Bytes, Status> {
        match &self.carrier {
            Carrier::Channel(channel) => channel.call(call).await,
            Carrier::Service(service) => call_service(&**service, call).await,
        }
    }

    pub(crate) fn headers(&self) -> &Headers {
        &self.headers
    }

    /// The same carrier with other headers.
    pub(crate) fn with_headers(&self, headers: Headers) -> Self {
        Self { carrier: self.carrier.clone(), headers }
    }
}

impl Service<http::Request<Body>> for Transport {
    type Response = http::Response<Body>;
    type Error = BoxError;
    type Future = BoxFuture<'static, Reply>;

    fn poll_ready(&mut self, _cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(())) // readiness is waited for in each call
    }

    fn call(&mut self, mut request: http::Request<Body>) -> Self::Future {
        self.headers.add_to(request.headers_mut());
        match &self.carrier {
            Carrier::Channel(channel) => channel.carry(request),
            Carrier::Service(service) => service.carry(request),
        }
    }
}

impl fmt::Debug for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Transport").finish_non_exhaustive()
    }
}
