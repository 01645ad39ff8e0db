//! A server that does what a test tells it to.
//!
//! It stands where a connection would: calls reach it without a network. Polls wait for what the test gives; every other
//! call lies in the inbox of its method until the test looks at it and answers.

use std::convert::Infallible;
use std::fmt::Debug;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use perpetua_client::{Client, ClientBuilder, RpcRetry};
use perpetua_proto::MessageCodec;
use perpetua_proto::enums::TaskQueueKind;
use perpetua_proto::namespace::{NamespaceInfo, namespace_info::Capabilities};
use perpetua_proto::workflowservice::*;
use prost::Message;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::{Mutex, oneshot};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tonic::body::Body;
use tonic::codegen::Service;
use tonic::server::{Grpc, UnaryService};
use tonic::{Request, Response, Status};

/// No test waits longer for anything.
const PATIENCE: Duration = Duration::from_secs(300);

/// A mock server; clones are the same one.
#[derive(Clone, Default)]
pub(crate) struct Mock(Arc<Desk>);

#[derive(Default)]
pub(crate) struct Desk {
    normal: Given<PollWorkflowTaskQueueResponse>,
    sticky: Given<PollWorkflowTaskQueueResponse>,
    activities: Given<PollActivityTaskQueueResponse>,
    pub(crate) completed: Inbox<RespondWorkflowTaskCompletedRequest, RespondWorkflowTaskCompletedResponse>,
    pub(crate) failed: Inbox<RespondWorkflowTaskFailedRequest, RespondWorkflowTaskFailedResponse>,
    pub(crate) queries: Inbox<RespondQueryTaskCompletedRequest, RespondQueryTaskCompletedResponse>,
    pub(crate) histories: Inbox<GetWorkflowExecutionHistoryRequest, GetWorkflowExecutionHistoryResponse>,
    pub(crate) activity_completed: Inbox<RespondActivityTaskCompletedRequest, RespondActivityTaskCompletedResponse>,
    pub(crate) activity_failed: Inbox<RespondActivityTaskFailedRequest, RespondActivityTaskFailedResponse>,
    pub(crate) activity_canceled: Inbox<RespondActivityTaskCanceledRequest, RespondActivityTaskCanceledResponse>,
    pub(crate) heartbeats: Inbox<RecordActivityTaskHeartbeatRequest, RecordActivityTaskHeartbeatResponse>,
    pub(crate) shutdowns: Inbox<ShutdownWorkerRequest, ShutdownWorkerResponse>,
    /// Polls that began, by the name of their queue.
    pub(crate) polls: Inbox<String, ()>,
    /// That the polls of a worker that shuts down will be answered, and that they now are.
    promise: CancellationToken,
    goodbye: CancellationToken,
    /// That the namespace does not exist.
    homeless: CancellationToken,
}

impl std::ops::Deref for Mock {
    type Target = Desk;

    fn deref(&self) -> &Desk {
        &self.0
    }
}

/// What polls get, first come, first served.
pub(crate) struct Given<T>(UnboundedSender<Result<T, Status>>, Mutex<UnboundedReceiver<Result<T, Status>>>);

impl<T> Default for Given<T> {
    fn default() -> Self {
        let (sender, receiver) = unbounded_channel();
        Self(sender, Mutex::new(receiver))
    }
}

impl<T> Given<T> {
    fn give(&self, result: Result<T, Status>) {
        self.0.send(result).expect("the receiver is here");
    }

    async fn take(&self) -> Result<T, Status> {
        self.1.lock().await.recv().await.expect("the sender is here")
    }
}

/// The calls of one method, in the order of arrival.
pub(crate) struct Inbox<Q, R>(UnboundedSender<Call<Q, R>>, Mutex<UnboundedReceiver<Call<Q, R>>>);

/// A call that waits for its answer.
pub(crate) struct Call<Q, R> {
    pub(crate) request: Q,
    reply: oneshot::Sender<Result<R, Status>>,
}

impl<Q, R> Default for Inbox<Q, R> {
    fn default() -> Self {
        let (sender, receiver) = unbounded_channel();
        Self(sender, Mutex::new(receiver))
    }
}

impl<Q: Debug, R: Default> Inbox<Q, R> {
    /// Waits for the next call.
    pub(crate) async fn next(&self) -> Call<Q, R> {
        self.next_within(PATIENCE).await
    }

    /// Waits for the next call; for tests in which time passes quickly.
    pub(crate) async fn next_within(&self, patience: Duration) -> Call<Q, R> {
        let next = async { self.1.lock().await.recv().await.expect("the sender is here") };
        timeout(patience, next).await.unwrap_or_else(|_| panic!("no {} came", std::any::type_name::<Q>()))
    }

    /// Waits for the next call and answers that all is well.
    pub(crate) async fn ok(&self) -> Q {
        self.next().await.answer(R::default())
    }

    /// Asserts that no call lies here.
    pub(crate) async fn assert_empty(&self) {
        if let Ok(call) = self.1.lock().await.try_recv() {
            panic!("nobody expected {:?}", call.request);
        }
    }

    async fn call(&self, request: Q) -> Result<R, Status> {
        let (reply, answer) = oneshot::channel();
        self.0.send(Call { request, reply }).expect("the receiver is here");
        answer.await.unwrap_or_else(|_| Err(Status::cancelled("the test is over")))
    }
}

impl<Q, R> Call<Q, R> {
    pub(crate) fn answer(self, response: R) -> Q {
        let _ = self.reply.send(Ok(response)); // whoever asked may be gone
        self.request
    }

    pub(crate) fn refuse(self, status: Status) -> Q {
        let _ = self.reply.send(Err(status)); // whoever asked may be gone
        self.request
    }
}

impl Mock {
    /// A client of this server, which tries nothing twice.
    pub(crate) fn client(&self) -> Client {
        self.client_with(|builder| builder)
    }

    pub(crate) fn client_with(&self, options: impl FnOnce(ClientBuilder) -> ClientBuilder) -> Client {
        let builder = Client::builder().address("mock:7233").identity("test").retry(RpcRetry::none());
        options(builder.transport(self.clone())).lazy().expect("nothing can be wrong with the options")
    }

    /// Promises to answer the polls of a worker that shuts down.
    pub(crate) fn promise_to_complete_polls(&self) {
        self.promise.cancel();
    }

    /// Keeps the promise.
    pub(crate) fn complete_polls(&self) {
        self.goodbye.cancel();
    }

    /// Has no namespace any more.
    pub(crate) fn lose_the_namespace(&self) {
        self.homeless.cancel();
    }

    pub(crate) fn give_workflow_task(&self, task: PollWorkflowTaskQueueResponse) {
        self.normal.give(Ok(task));
    }

    pub(crate) fn give_sticky_task(&self, task: PollWorkflowTaskQueueResponse) {
        self.sticky.give(Ok(task));
    }

    pub(crate) fn fail_workflow_poll(&self, status: Status) {
        self.normal.give(Err(status));
    }

    pub(crate) fn give_activity(&self, task: PollActivityTaskQueueResponse) {
        self.activities.give(Ok(task));
    }

    pub(crate) fn fail_activity_poll(&self, status: Status) {
        self.activities.give(Err(status));
    }

    /// Asserts that nothing was said that the test did not look at.
    pub(crate) async fn assert_quiet(&self) {
        self.completed.assert_empty().await;
        self.failed.assert_empty().await;
        self.queries.assert_empty().await;
        self.histories.assert_empty().await;
        self.activity_completed.assert_empty().await;
        self.activity_failed.assert_empty().await;
        self.activity_canceled.assert_empty().await;
        self.heartbeats.assert_empty().await;
    }

    fn note_poll(&self, queue: &str) {
        let (reply, _) = oneshot::channel();
        let _ = self.polls.0.send(Call { request: queue.to_owned(), reply });
    }

    async fn poll_workflow(
        &self,
        request: PollWorkflowTaskQueueRequest,
    ) -> Result<PollWorkflowTaskQueueResponse, Status> {
        let queue = request.task_queue.unwrap_or_default();
        self.note_poll(&queue.name);
        let given = if queue.kind == TaskQueueKind::Sticky as i32 { &self.sticky } else { &self.normal };
        tokio::select! {
            task = given.take() => task,
            () = self.goodbye.cancelled() => Ok(PollWorkflowTaskQueueResponse::default()),
        }
    }

    async fn poll_activity(
        &self,
        request: PollActivityTaskQueueRequest,
    ) -> Result<PollActivityTaskQueueResponse, Status> {
        self.note_poll(&format!("activities of {}", request.task_queue.unwrap_or_default().name));
        tokio::select! {
            task = self.activities.take() => task,
            () = self.goodbye.cancelled() => Ok(PollActivityTaskQueueResponse::default()),
        }
    }

    async fn describe_namespace(&self, _: DescribeNamespaceRequest) -> Result<DescribeNamespaceResponse, Status> {
        if self.homeless.is_cancelled() {
            return Err(Status::not_found("Namespace default is not found."));
        }
        let capabilities =
            Capabilities { worker_poll_complete_on_shutdown: self.promise.is_cancelled(), ..Default::default() };
        let info = NamespaceInfo { capabilities: Some(capabilities), ..Default::default() };
        Ok(DescribeNamespaceResponse { namespace_info: Some(info), ..Default::default() })
    }
}

type BoxFuture<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// A function as a service.
struct Function<Q, R>(Box<dyn FnMut(Q) -> BoxFuture<Result<R, Status>> + Send>);

impl<Q, R: 'static> UnaryService<Q> for Function<Q, R> {
    type Response = R;
    type Future = BoxFuture<Result<Response<R>, Status>>;

    fn call(&mut self, request: Request<Q>) -> Self::Future {
        let answer = (self.0)(request.into_inner());
        Box::pin(async move { answer.await.map(Response::new) })
    }
}

/// Reads a request, has it answered, writes the response.
fn serve<Q, R>(
    request: http::Request<Body>,
    answer: impl FnMut(Q) -> BoxFuture<Result<R, Status>> + Send + 'static,
) -> BoxFuture<Result<http::Response<Body>, Infallible>>
where
    Q: Message + Default + 'static,
    R: Message + Default + 'static,
{
    let function = Function(Box::new(answer));
    Box::pin(async move { Ok(Grpc::new(MessageCodec::<R, Q>::default()).unary(function, request).await) })
}

impl Service<http::Request<Body>> for Mock {
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = BoxFuture<Result<http::Response<Body>, Infallible>>;

    fn poll_ready(&mut self, _cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        let mock = self.clone();
        macro_rules! dispatch {
            ($($method:literal => |$desk:ident, $request:ident| $answer:expr;)+) => {
                match request.uri().path().rsplit('/').next().unwrap_or_default() {
                    $($method => serve(request, move |$request| {
                        let $desk = mock.clone();
                        Box::pin(async move { $answer.await })
                    }),)+
                    other => {
                        let status = Status::unimplemented(format!("the mock does not know {other}"));
                        Box::pin(async move { Ok(status.into_http()) })
                    }
                }
            };
        }
        dispatch! {
            "PollWorkflowTaskQueue" => |mock, request| mock.poll_workflow(request);
            "PollActivityTaskQueue" => |mock, request| mock.poll_activity(request);
            "DescribeNamespace" => |mock, request| mock.describe_namespace(request);
            "ShutdownWorker" => |mock, request| mock.shutdowns.call(request);
            "RespondWorkflowTaskCompleted" => |mock, request| mock.completed.call(request);
            "RespondWorkflowTaskFailed" => |mock, request| mock.failed.call(request);
            "RespondQueryTaskCompleted" => |mock, request| mock.queries.call(request);
            "GetWorkflowExecutionHistory" => |mock, request| mock.histories.call(request);
            "RespondActivityTaskCompleted" => |mock, request| mock.activity_completed.call(request);
            "RespondActivityTaskFailed" => |mock, request| mock.activity_failed.call(request);
            "RespondActivityTaskCanceled" => |mock, request| mock.activity_canceled.call(request);
            "RecordActivityTaskHeartbeat" => |mock, request| mock.heartbeats.call(request);
        }
    }
}
