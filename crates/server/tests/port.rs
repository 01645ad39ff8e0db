//! Calls over a port, frame by frame.

use std::future::Future;
use std::time::{Duration, Instant};

use bytes::{BufMut, Bytes, BytesMut};
use h2::client::{ResponseFuture, SendRequest};
use http::{HeaderMap, Request};
use perpetua_proto::health::health_check_response::ServingStatus;
use perpetua_proto::health::{HealthCheckRequest, HealthCheckResponse};
use perpetua_proto::taskqueue::TaskQueue;
use perpetua_proto::workflowservice::{
    GetSystemInfoRequest, GetSystemInfoResponse, ListNamespacesRequest, PollActivityTaskQueueRequest,
    PollActivityTaskQueueResponse,
};
use perpetua_server::{Listening, Server};
use prost::Message;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;

const WORKFLOW: &str = "temporal.api.workflowservice.v1.WorkflowService";

/// A connection, and the task that drives it.
struct Connected {
    sender: SendRequest<Bytes>,
    task: JoinHandle<Result<(), h2::Error>>,
}

/// What a call was answered with.
#[derive(Debug)]
struct Answered {
    headers: HeaderMap,
    body: Bytes,
    trailers: Option<HeaderMap>,
}

async fn listening() -> (Server, Listening) {
    let server = Server::builder().start().expect("it starts");
    let listening = server.listen(([127, 0, 0, 1], 0).into()).await.expect("a free port");
    (server, listening)
}

async fn connect(listening: &Listening) -> Connected {
    let socket = TcpStream::connect(listening.address()).await.expect("somebody listens");
    let (sender, connection) = h2::client::handshake(socket).await.expect("it speaks HTTP/2");
    Connected { sender, task: tokio::spawn(connection) }
}

impl Connected {
    /// Sends a call.
    fn ask(&mut self, service: &str, method: &str, message: &impl Message) -> ResponseFuture {
        let mut framed = BytesMut::new();
        framed.put_u8(0);
        framed.put_u32(u32::try_from(message.encoded_len()).expect("it is short"));
        message.encode(&mut framed).expect("it has place");
        let request = Request::post(format!("http://server/{service}/{method}"))
            .header("content-type", "application/grpc")
            .header("te", "trailers")
            .body(())
            .expect("it is a request");
        let (response, mut stream) = self.sender.send_request(request, false).expect("the connection stands");
        stream.send_data(framed.freeze(), true).expect("the stream stands");
        response
    }

    async fn call(&mut self, service: &str, method: &str, message: &impl Message) -> Answered {
        answered(self.ask(service, method, message)).await
    }

    fn poll(&mut self) -> ResponseFuture {
        let request = PollActivityTaskQueueRequest {
            namespace: "default".into(),
            task_queue: Some(TaskQueue { name: "queue".into(), ..Default::default() }),
            ..Default::default()
        };
        self.ask(WORKFLOW, "PollActivityTaskQueue", &request)
    }
}

async fn answered(response: ResponseFuture) -> Answered {
    let (head, mut stream) = response.await.expect("it is answered").into_parts();
    assert_eq!(head.status, 200);
    let mut body = BytesMut::new();
    while let Some(data) = stream.data().await {
        body.extend_from_slice(&data.expect("it is whole"));
    }
    let trailers = stream.trailers().await.expect("it ends well");
    Answered { headers: head.headers, body: body.freeze(), trailers }
}

impl Answered {
    fn message<M: Message + Default>(&self) -> M {
        assert_eq!(self.headers["content-type"], "application/grpc");
        assert_eq!(self.trailers.as_ref().expect("it says how it ended")["grpc-status"], "0");
        M::decode(&self.body[5..]).expect("it is such a message")
    }

    /// The code and words of a refusal, which has no message.
    fn refusal(&self) -> (&str, &str) {
        assert!(self.body.is_empty() && self.trailers.is_none(), "{self:?}");
        let text = |name| self.headers.get(name).map_or("", |value| value.to_str().expect("it is text"));
        (text("grpc-status"), text("grpc-message"))
    }
}

/// Waits until something is so.
async fn until(mut is_so: impl FnMut() -> bool) {
    within(async {
        while !is_so() {
            tokio::task::yield_now().await;
        }
    })
    .await;
}

async fn within<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(30), future).await.expect("it does not take so long")
}

#[tokio::test]
async fn an_answer_is_a_head_a_message_and_how_it_ended() {
    let (_server, listening) = listening().await;
    let mut client = connect(&listening).await;
    let answer = client.call(WORKFLOW, "GetSystemInfo", &GetSystemInfoRequest {}).await;
    assert!(!answer.message::<GetSystemInfoResponse>().server_version.is_empty());
}

#[tokio::test]
async fn what_nobody_knows_is_not_implemented() {
    let (_server, listening) = listening().await;
    let mut client = connect(&listening).await;
    for (service, method) in [(WORKFLOW, "Frobnicate"), ("Frobnicator", "GetSystemInfo"), (WORKFLOW, "a/b"), ("", "")] {
        let answer = client.call(service, method, &GetSystemInfoRequest {}).await;
        assert_eq!(answer.refusal(), ("12", ""), "{service}/{method}");
    }
}

#[tokio::test]
async fn a_message_that_is_too_long_is_refused_when_it_was_heard() {
    let (_server, listening) = listening().await;
    let mut client = connect(&listening).await;
    let token = Bytes::from(vec![7; 5 * 1024 * 1024]);
    let request = ListNamespacesRequest { next_page_token: token, ..Default::default() };
    let answer = client.call(WORKFLOW, "ListNamespaces", &request).await;
    let (code, words) = answer.refusal();
    assert_eq!(code, "8");
    assert!(words.contains("received%20message%20larger%20than%20max"), "{words}");
    assert!(client.call(WORKFLOW, "ListNamespaces", &ListNamespacesRequest::default()).await.trailers.is_some());
}

#[tokio::test]
async fn many_calls_share_a_connection() {
    let (_server, listening) = listening().await;
    let mut client = connect(&listening).await;
    let asked: Vec<_> = (0..100).map(|_| client.ask(WORKFLOW, "GetSystemInfo", &GetSystemInfoRequest {})).collect();
    for response in asked {
        answered(response).await.message::<GetSystemInfoResponse>();
    }
}

#[tokio::test]
async fn a_client_that_vanishes_takes_its_calls_with_it() {
    let (server, listening) = listening().await;
    let mut client = connect(&listening).await;
    let _first = client.poll();
    let _second = client.poll();
    until(|| server.waiting_calls() == 2).await;
    client.task.abort();
    until(|| server.waiting_calls() == 0).await;
}

#[tokio::test]
async fn a_call_that_is_given_up_does_not_wait_any_longer() {
    let (server, listening) = listening().await;
    let mut client = connect(&listening).await;
    let given_up = client.poll();
    let kept = client.poll();
    until(|| server.waiting_calls() == 2).await;
    drop(given_up);
    until(|| server.waiting_calls() == 1).await;
    client.call(WORKFLOW, "GetSystemInfo", &GetSystemInfoRequest {}).await.message::<GetSystemInfoResponse>();
    drop(kept);
}

#[tokio::test]
async fn a_server_that_stops_answers_what_waits_and_closes_its_connections_at_once() {
    let (server, listening) = listening().await;
    let mut client = connect(&listening).await;
    let idle = connect(&listening).await;
    // One that does nothing any more, and one that has not even begun.
    let socket = TcpStream::connect(listening.address()).await.expect("somebody listens");
    let _frozen = h2::client::handshake(socket).await.expect("it speaks HTTP/2");
    let _silent = TcpStream::connect(listening.address()).await.expect("somebody listens");
    let poll = client.poll();
    until(|| server.waiting_calls() == 1).await;
    let begun = Instant::now();
    let (answer, ()) = tokio::join!(answered(poll), server.shutdown());
    assert!(begun.elapsed() < Duration::from_millis(500), "{:?}", begun.elapsed());
    assert!(answer.message::<PollActivityTaskQueueResponse>().task_token.is_empty());
    for connected in [client, idle] {
        within(connected.task).await.expect("it does not panic").expect("it ends in good order");
    }
    assert!(TcpStream::connect(listening.address()).await.is_err(), "the port is closed");
}

#[tokio::test]
async fn who_watches_over_a_port_hears_that_the_server_stops() {
    let (server, listening) = listening().await;
    let mut client = connect(&listening).await;
    let response = client.ask("grpc.health.v1.Health", "Watch", &HealthCheckRequest::default());
    let mut stream = response.await.expect("it is answered").into_body();
    let status = |data: Bytes| HealthCheckResponse::decode(&data[5..]).expect("it is such a message").status();
    let first = stream.data().await.expect("it is told").expect("it is whole");
    assert_eq!(status(first), ServingStatus::Serving);
    let (second, ()) = tokio::join!(stream.data(), server.shutdown());
    assert_eq!(status(second.expect("it is told").expect("it is whole")), ServingStatus::NotServing);
    let ended = stream.trailers().await.expect("it ends well").expect("it says how");
    assert_eq!(ended["grpc-status"], "0");
}

#[tokio::test]
async fn a_port_that_is_dropped_lets_calls_finish_and_one_that_is_closed_cuts_them_off() {
    let (server, listening) = listening().await;
    let address = listening.address();
    let mut client = connect(&listening).await;
    let poll = client.poll();
    until(|| server.waiting_calls() == 1).await;
    drop(listening);
    until(|| std::net::TcpStream::connect(address).is_err()).await;
    assert_eq!(server.waiting_calls(), 1);
    drop(poll);
    within(client.task).await.expect("it does not panic").expect("it ends in good order");

    let listening = server.listen(([127, 0, 0, 1], 0).into()).await.expect("a free port");
    let mut client = connect(&listening).await;
    let poll = client.poll();
    until(|| server.waiting_calls() == 1).await;
    listening.close().await;
    within(poll).await.expect_err("it is cut off");
    until(|| server.waiting_calls() == 0).await;
}

#[tokio::test]
async fn what_is_not_http_2_is_turned_away() {
    let (_server, listening) = listening().await;
    let preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".as_slice();
    let flood = [preface, &[0xff; 64]].concat();
    for bytes in [b"GET / HTTP/1.1\r\nhost: server\r\n\r\n".as_slice(), &[0; 100], &flood] {
        let mut socket = TcpStream::connect(listening.address()).await.expect("somebody listens");
        socket.write_all(bytes).await.expect("it is taken");
        let mut told = Vec::new();
        // That it ends is what matters.
        let _ = within(socket.read_to_end(&mut told)).await;
    }
    let mut client = connect(&listening).await;
    client.call(WORKFLOW, "GetSystemInfo", &GetSystemInfoRequest {}).await.message::<GetSystemInfoResponse>();
}
