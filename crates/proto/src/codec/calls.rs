//! The names that the generated clients use.

pub(crate) use ::http::{self, Uri};
pub(crate) use http_body::Body;
pub(crate) use prost::bytes::Bytes;
pub(crate) use tonic::GrpcMethod;
pub(crate) use tonic::codec::CompressionEncoding;
pub(crate) use tonic::service::interceptor::InterceptedService;

/// Any error.
pub(crate) type StdError = Box<dyn std::error::Error + Send + Sync + 'static>;
