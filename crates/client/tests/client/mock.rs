//! A server that answers as a test says, in the same process or behind a socket.

use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Context, Poll};

use perpetua_client::{Client, ClientBuilder, Rpc};
use perpetua_convert::BoxFuture;
use perpetua_proto::workflowservice::{
    DescribeNamespaceRequest, DescribeNamespaceResponse, GetSystemInfoRequest, GetSystemInfoResponse,
};
use prost::Message;
use prost::bytes::{Buf, BufMut, Bytes};
use tokio::sync::Notify;
use tonic::body::Body;
use tonic::codec::{Codec, CompressionEncoding, DecodeBuf, Decoder, EncodeBuf, Encoder};
use tonic::codegen::Service;
use tonic::server::{Grpc, NamedService, UnaryService};
use tonic::{Code, Request, Response, Status};

/// What a handler says: bytes, an error, or nothing ever.
enum Answer {
    Reply(Result<Bytes, Status>),
    Silence,
}

type Handler = Box<dyn FnMut(Bytes) -> Answer + Send>;

/// A server whose answers are set per method. A method without an answer is unimplemented.
#[derive(Clone, Default)]
pub(crate) struct Mock(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    handlers: HashMap<&'static str, Handler>,
    seen: Vec<Seen>,
    arrived: Arc<Notify>,
    /// Whether nothing is compressed, whoever accepts it.
    plain: bool,
}

/// A call that arrived.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub(crate) method: String,
    pub(crate) headers: http::HeaderMap,
    message: Bytes,
}

impl Mock {
    /// A server that knows the namespace and says nothing of itself.
    pub(crate) fn new() -> Self {
        let mock = Self::default();
        mock.on(|_: GetSystemInfoRequest| Ok(GetSystemInfoResponse::default()));
        mock.on(|_: DescribeNamespaceRequest| Ok(DescribeNamespaceResponse::default()));
        mock
    }

    /// Compresses no answers.
    pub(crate) fn plain(self) -> Self {
        self.state().plain = true;
        self
    }

    /// Sets the answer to a method.
    pub(crate) fn on<R: Rpc + Default>(
        &self,
        mut handler: impl FnMut(R) -> Result<R::Response, Status> + Send + 'static,
    ) {
        let handler = move |message: Bytes| {
            let request = R::decode(message).expect("the client sends what it says it sends");
            Answer::Reply(handler(request).map(|response| response.encode_to_vec().into()))
        };
        self.state().handlers.insert(R::PATH, Box::new(handler));
    }

    /// Sets the answers to a method, one after the other. The last one stays.
    pub(crate) fn in_turn<R: Rpc + Default>(&self, answers: impl IntoIterator<Item = Result<R::Response, Status>>)
    where
        R::Response: Clone,
    {
        let mut answers = answers.into_iter().collect::<Vec<_>>().into_iter();
        let mut last = None;
        self.on(move |_: R| {
            last = answers.next().or_else(|| last.take());
            last.clone().expect("at least one answer")
        });
    }

    /// Never answers a method.
    pub(crate) fn silent<R: Rpc>(&self) {
        self.state().handlers.insert(R::PATH, Box::new(|_| Answer::Silence));
    }

    /// Answers a method with bytes that need not be a message.
    pub(crate) fn bytes<R: Rpc>(&self, bytes: &'static [u8]) {
        self.state().handlers.insert(R::PATH, Box::new(move |_| Answer::Reply(Ok(Bytes::from_static(bytes)))));
    }

    /// The calls of a method that have arrived.
    pub(crate) fn seen<R: Rpc>(&self) -> Vec<Seen> {
        self.state().seen.iter().filter(|seen| seen.method == R::METHOD).cloned().collect()
    }

    /// The requests of a method that have arrived.
    pub(crate) fn requests<R: Rpc + Default>(&self) -> Vec<R> {
        let decode = |seen: Seen| R::decode(seen.message).expect("the client sends what it says it sends");
        self.seen::<R>().into_iter().map(decode).collect()
    }

    /// Waits until a call of a method has arrived. Only one may wait.
    pub(crate) async fn arrival<R: Rpc>(&self) {
        let arrived = Arc::clone(&self.state().arrived);
        while self.seen::<R>().is_empty() {
            arrived.notified().await;
        }
    }

    /// Forgets what has arrived.
    pub(crate) fn forget(&self) {
        self.state().seen.clear();
    }

    /// Options of a client of this server, in the same process.
    pub(crate) fn builder(&self) -> ClientBuilder {
        Client::builder().address("mock").identity("tester").transport(self.clone())
    }

    /// A client of this server, which has made no call.
    pub(crate) fn client(&self) -> Client {
        self.builder().lazy().expect("nothing to go wrong")
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().expect("no test panics while it holds the lock")
    }

    fn answer(&self, path: &str, headers: http::HeaderMap, message: Bytes) -> Answer {
        let mut state = self.state();
        let method = path.rsplit('/').next().unwrap_or_default().to_owned();
        state.seen.push(Seen { method, headers, message: message.clone() });
        state.arrived.notify_one();
        match state.handlers.get_mut(path) {
            Some(handler) => handler(message),
            None => Answer::Reply(Err(Status::unimplemented("the test set no answer"))),
        }
    }
}

impl Service<http::Request<Body>> for Mock {
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        let call = Call { mock: self.clone(), path: request.uri().path().to_owned() };
        let mut grpc = Grpc::new(Raw).accept_compressed(CompressionEncoding::Gzip);
        if !self.state().plain {
            grpc = grpc.send_compressed(CompressionEncoding::Gzip);
        }
        Box::pin(async move { Ok(grpc.unary(call, request).await) })
    }
}

/// For the server of the transport. It routes nothing: every path arrives.
impl NamedService for Mock {
    const NAME: &'static str = "temporal.api.workflowservice.v1.WorkflowService";
}

struct Call {
    mock: Mock,
    path: String,
}

impl UnaryService<Bytes> for Call {
    type Response = Bytes;
    type Future = BoxFuture<'static, Result<Response<Bytes>, Status>>;

    fn call(&mut self, request: Request<Bytes>) -> Self::Future {
        let (metadata, _, message) = request.into_parts();
        let answer = self.mock.answer(&self.path, metadata.into_headers(), message);
        Box::pin(async move {
            match answer {
                Answer::Reply(reply) => reply.map(Response::new),
                Answer::Silence => std::future::pending().await,
            }
        })
    }
}

/// Messages as bytes.
#[derive(Clone, Copy)]
struct Raw;

impl Codec for Raw {
    type Encode = Bytes;
    type Decode = Bytes;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        Self
    }

    fn decoder(&mut self) -> Self {
        Self
    }
}

impl Encoder for Raw {
    type Item = Bytes;
    type Error = Status;

    fn encode(&mut self, item: Bytes, buffer: &mut EncodeBuf<'_>) -> Result<(), Status> {
        buffer.put(item);
        Ok(())
    }
}

impl Decoder for Raw {
    type Item = Bytes;
    type Error = Status;

    fn decode(&mut self, buffer: &mut DecodeBuf<'_>) -> Result<Option<Bytes>, Status> {
        Ok(Some(buffer.copy_to_bytes(buffer.remaining())))
    }
}

/// A status with one detail, as servers pack it.
pub(crate) fn status_with(code: Code, message: &str, type_name: &str, detail: &impl Message) -> Status {
    let any = perpetua_proto::protobuf::Any {
        type_url: format!("type.googleapis.com/temporal.api.errordetails.v1.{type_name}"),
        value: detail.encode_to_vec().into(),
    };
    let packed = perpetua_proto::rpc::Status { code: code.into(), message: message.to_owned(), details: vec![any] };
    Status::with_details(code, message, packed.encode_to_vec().into())
}
