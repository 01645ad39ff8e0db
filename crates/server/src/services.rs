//! The methods of gRPC, over the engine.

mod health;
mod operator;
mod patience;
mod test;
mod workflow;

use std::future::{Future, ready};
use std::sync::Arc;

use perpetua_server_core::Answer;
use prost::Message;
use tonic::{Request, Status};

use self::health::HealthApi;
use self::operator::OperatorApi;
use self::test::TestApi;
use self::workflow::WorkflowApi;
use crate::calls::{Asked, Telling, frame};
use crate::engine::Engine;
use crate::status::status;

pub(crate) use self::health::{WATCH, Watching, watch};
pub(crate) use self::patience::deadline;

/// Answers a call by the method that its path names.
pub(crate) fn tell(engine: &Arc<Engine>, path: &str, asked: Asked) -> Telling {
    let engine = Arc::clone(engine);
    match path.strip_prefix('/').and_then(|path| path.split_once('/')) {
        Some((WorkflowApi::NAME, method)) => WorkflowApi(engine).tell(method, asked),
        Some((OperatorApi::NAME, method)) => OperatorApi(engine).tell(method, asked),
        Some((TestApi::NAME, method)) => TestApi(engine).tell(method, asked),
        Some((HealthApi::NAME, method)) => HealthApi(engine).tell(method, asked),
        _ => unknown(),
    }
}

/// Tells methods of a service by their names: those that the type has, and those that are refused.
macro_rules! service {
    ($service:literal, $api:ident: does { $($name:literal => $done:ident;)* } refuses { $($not:literal => $refused:ident;)* }) => {
        impl $api {
            /// The name of the service.
            pub(in crate::services) const NAME: &str = $service;

            pub(in crate::services) fn tell(
                self,
                method: &str,
                asked: $crate::calls::Asked,
            ) -> $crate::calls::Telling {
                match method {
                    $($name => $crate::services::told(asked, |request| async move { self.$done(request).await }),)*
                    $($not => $crate::services::refused(stringify!($refused)),)*
                    _ => $crate::services::unknown(),
                }
            }
        }
    };
}
pub(crate) use service;

/// Reads what is asked, and writes what it is answered with.
fn told<T, R, F>(asked: Asked, act: impl FnOnce(Request<T>) -> F) -> Telling
where
    T: Message + Default,
    R: Message,
    F: Future<Output = Answer<R>> + Send + 'static,
{
    match asked.read() {
        Ok(request) => {
            let acting = act(request);
            Box::pin(async move { acting.await.map(|answer| frame(&answer)).map_err(|refusal| status(&refusal)) })
        }
        Err(status) => Box::pin(ready(Err(status))),
    }
}

fn refused(method: &str) -> Telling {
    Box::pin(ready(Err(Status::unimplemented(format!("this server does not do `{method}`")))))
}

fn unknown() -> Telling {
    Box::pin(ready(Err(Status::unimplemented(""))))
}
