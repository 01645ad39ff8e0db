//! The gRPC services, over the engine.

mod health;
mod operator;
mod patience;
mod workflow;

pub(crate) use health::HealthApi;
pub(crate) use operator::OperatorApi;
pub(crate) use workflow::WorkflowApi;

/// Implements a service by the methods of the same names that the type has, and by refusing what it has not.
macro_rules! service {
    ($service:path, $api:ident:
     does { $($done:ident($done_request:ident) -> $done_response:ident)* }
     refuses { $($refused:ident($refused_request:ident) -> $refused_response:ident)* }) => {
        #[tonic::async_trait]
        impl $service for $api {
            $(async fn $done(
                &self,
                request: tonic::Request<$done_request>,
            ) -> Result<tonic::Response<$done_response>, tonic::Status> {
                let answer: perpetua_server_core::Answer<$done_response> = Self::$done(self, request).await;
                answer.map(tonic::Response::new).map_err(|refusal| crate::status::status(&refusal))
            })*
            $(async fn $refused(
                &self,
                _request: tonic::Request<$refused_request>,
            ) -> Result<tonic::Response<$refused_response>, tonic::Status> {
                Err(tonic::Status::unimplemented(concat!("this server does not do `", stringify!($refused), "`")))
            })*
        }
    };
}
pub(crate) use service;
