//! Activities that do what a test tells them to.

use std::sync::Arc;

use perpetua_contract::ActivityDefinition;
use perpetua_convert::{AnyError, BoxFuture, Canceled};
use perpetua_proto::common;
use perpetua_proto::workflowservice::PollActivityTaskQueueResponse;
use perpetua_worker::{Activities, ActivityContext, ActivityExecution, ActivitySet};

/// The activity `double`, which takes a number and gives one back.
pub(crate) struct Double;

impl ActivityDefinition for Double {
    const NAME: &'static str = "double";
    type Input = (u32,);
    type Output = u32;
    type Error = AnyError;
}

type Body = dyn Fn(ActivityContext, u32) -> BoxFuture<'static, Result<u32, AnyError>> + Send + Sync;

/// `double`, implemented by a function of the test.
pub(crate) struct Asynchronous(Arc<Body>);

impl Asynchronous {
    pub(crate) fn new<F>(body: impl Fn(ActivityContext, u32) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Result<u32, AnyError>> + Send + 'static,
    {
        Self(Arc::new(move |ctx, number| Box::pin(body(ctx, number))))
    }
}

impl ActivitySet for Asynchronous {
    fn register(self: Arc<Self>, activities: &mut Activities) {
        activities.add::<Double>(move |ctx, (number,)| ActivityExecution::running((self.0)(ctx, number)));
    }
}

/// `double`, implemented by a function that blocks its thread.
pub(crate) struct Blocking(pub(crate) fn(ActivityContext, u32) -> Result<u32, AnyError>);

impl ActivitySet for Blocking {
    fn register(self: Arc<Self>, activities: &mut Activities) {
        activities.add::<Double>(move |ctx, (number,)| {
            let body = self.0;
            ActivityExecution::blocking(move || body(ctx, number))
        });
    }
}

/// Waits to be canceled, and ends as canceled.
pub(crate) async fn until_canceled(ctx: ActivityContext) -> Result<u32, AnyError> {
    Err(Canceled::from(ctx.canceled().await).into())
}

/// An attempt of `double`.
pub(crate) fn double(argument: &str) -> PollActivityTaskQueueResponse {
    activity("double", argument)
}

/// An attempt of an activity, with one argument in JSON.
pub(crate) fn activity(name: &str, argument: &str) -> PollActivityTaskQueueResponse {
    PollActivityTaskQueueResponse {
        task_token: format!("token of {name}").into(),
        workflow_namespace: "default".to_owned(),
        workflow_type: Some(common::WorkflowType { name: "order".to_owned() }),
        workflow_execution: Some(common::WorkflowExecution {
            workflow_id: "order-1".to_owned(),
            run_id: "run".to_owned(),
        }),
        activity_type: Some(common::ActivityType { name: name.to_owned() }),
        activity_id: "1".to_owned(),
        input: Some(common::Payloads { payloads: vec![json(argument)] }),
        attempt: 1,
        start_to_close_timeout: Some(seconds(600)),
        heartbeat_timeout: Some(seconds(10)),
        ..Default::default()
    }
}

pub(crate) fn seconds(seconds: i64) -> perpetua_proto::protobuf::Duration {
    perpetua_proto::protobuf::Duration { seconds, nanos: 0 }
}

/// A value in JSON.
pub(crate) fn json(text: &str) -> common::Payload {
    let metadata = [("encoding".to_owned(), "json/plain".into())].into();
    common::Payload { metadata, data: text.to_owned().into(), ..Default::default() }
}

/// What is in the first payload.
pub(crate) fn first(payloads: Option<common::Payloads>) -> String {
    let payloads = payloads.unwrap_or_default().payloads;
    payloads.first().map(|payload| String::from_utf8_lossy(&payload.data).into_owned()).unwrap_or_default()
}
