//! The gRPC services, over the engine.

mod health;
mod operator;
mod patience;
mod test;
mod workflow;

pub(crate) use health::HealthApi;
pub(crate) use operator::OperatorApi;
pub(crate) use test::TestApi;
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
                $crate::services::check_size(request.get_ref())?;
                let is_compressed = request.metadata().contains_key("grpc-encoding");
                let answer: perpetua_server_core::Answer<$done_response> = Self::$done(self, request).await;
                match answer {
                    Ok(answer) => Ok($crate::services::response(answer, is_compressed)),
                    Err(refusal) => Err(crate::status::status(&refusal)),
                }
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

/// The longest message that is taken, in bytes, as the real server has it.
const LONGEST_MESSAGE: usize = 4 * 1024 * 1024;

/// The shortest answer that is compressed, in bytes. What is shorter goes into one packet either way, and a compressor takes a
/// third of a megabyte of fresh memory.
const WORTH_COMPRESSING: usize = 1024;

/// The response with an answer, which is compressed if the request was and if that is worth it.
fn response<M: prost::Message>(answer: M, is_compressed: bool) -> tonic::Response<M> {
    let is_short = is_compressed && answer.encoded_len() < WORTH_COMPRESSING;
    let mut response = tonic::Response::new(answer);
    if is_short {
        response.disable_compression();
    }
    response
}

/// Refuses what is too long, in the words that workers know.
fn check_size(message: &impl prost::Message) -> Result<(), tonic::Status> {
    let length = message.encoded_len();
    if length <= LONGEST_MESSAGE {
        return Ok(());
    }
    let words = format!("grpc: received message larger than max ({length} vs. {LONGEST_MESSAGE})");
    Err(tonic::Status::resource_exhausted(words))
}
