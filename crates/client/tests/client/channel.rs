//! Calls over a socket.

use std::net::SocketAddr;
use std::time::Duration;

use h2::server::{Connection, SendResponse};
use perpetua_client::{Client, ClientBuilder, RpcCode, RpcDetail, RpcRetry};
use perpetua_proto::errordetails::NamespaceNotFoundFailure;
use perpetua_proto::workflowservice::{ListNamespacesRequest, ListNamespacesResponse};
use prost::bytes::Bytes;
use tokio::net::{TcpListener, TcpStream};
use tokio_stream::wrappers::TcpListenerStream;
use tonic::transport::Server;
use tonic::{Code, Status};

use crate::mock::{Mock, status_with};

type List = ListNamespacesRequest;

/// What is asked for and answered in these tests: a page that goes on.
fn page(bytes: usize) -> (List, ListNamespacesResponse) {
    let token = Bytes::from(vec![7; bytes]);
    let request = List { next_page_token: token.clone(), ..List::default() };
    (request, ListNamespacesResponse { next_page_token: token, ..ListNamespacesResponse::default() })
}

/// Answers with what was asked for.
fn echoing(mock: Mock) -> Mock {
    mock.on(|request: List| {
        Ok(ListNamespacesResponse { next_page_token: request.next_page_token, ..ListNamespacesResponse::default() })
    });
    mock
}

/// A client of the mock behind a socket.
async fn client(mock: &Mock) -> Client {
    builder(mock).await.lazy().expect("valid")
}

/// Options of such a client.
async fn builder(mock: &Mock) -> ClientBuilder {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("bound").to_string();
    tokio::spawn(Server::builder().serve_with_incoming(mock.clone(), TcpListenerStream::new(listener)));
    Client::builder().address(address)
}

#[tokio::test]
async fn a_call_has_what_grpc_asks_for() {
    let mock = echoing(Mock::new().plain());
    let client = client(&mock).await;
    client.rpc(&List::default()).timeout(Duration::from_millis(99_000)).await.expect("answered");
    let headers = &mock.seen::<List>()[0].headers;
    let header = |name: &str| headers[name].to_str().expect("text");
    assert_eq!(header("te"), "trailers");
    assert_eq!(header("content-type"), "application/grpc");
    assert_eq!(header("grpc-accept-encoding"), "gzip,identity");
    assert!(header("user-agent").starts_with("perpetua/"));
    // Part of the time is over when it is sent.
    assert!(header("grpc-timeout").ends_with('u') && header("grpc-timeout") < "99000000u", "{headers:?}");
    assert_eq!(header("temporal-namespace"), "default");
    assert!(!headers.contains_key("authorization"));
}

#[tokio::test]
async fn messages_arrive_whether_compressed_or_not_and_in_how_many_pieces_they_come() {
    for (mock, compresses) in [(Mock::new(), false), (Mock::new().plain(), false), (Mock::new(), true)] {
        let builder = builder(&echoing(mock)).await;
        let client = if compresses { builder.gzip() } else { builder }.lazy().expect("valid");
        for bytes in [0, 1, 20_000, 3_000_000] {
            let (request, expected) = page(bytes);
            assert_eq!(client.rpc(&request).await.expect("answered"), expected, "{bytes}");
            let raw = client.raw().workflow().list_namespaces(request).await.expect("answered");
            assert_eq!(raw.into_inner(), expected, "{bytes}");
        }
    }
}

#[tokio::test]
async fn calls_share_a_connection() {
    let client = client(&echoing(Mock::new().plain())).await;
    let calls = (1..300).map(|bytes| {
        let client = client.clone();
        tokio::spawn(async move {
            let (request, expected) = page(bytes);
            assert_eq!(client.rpc(&request).await.expect("answered"), expected);
        })
    });
    for call in calls.collect::<Vec<_>>() {
        call.await.expect("no panic");
    }
}

#[tokio::test]
async fn an_error_arrives_with_its_details() {
    let mock = Mock::new().plain();
    mock.on(|_: List| {
        let detail = NamespaceNotFoundFailure { namespace: "nope".to_owned() };
        Err(status_with(Code::NotFound, "it is not: 100 % sure", "NamespaceNotFoundFailure", &detail))
    });
    let error = client(&mock).await.rpc(&List::default()).await.expect_err("not found");
    assert_eq!((error.code(), error.message()), (RpcCode::NotFound, "it is not: 100 % sure"));
    assert_eq!(error.details(), [RpcDetail::NamespaceNotFound { namespace: "nope".into() }]);
}

#[tokio::test]
async fn what_is_no_message_cannot_be_read() {
    let mock = Mock::new().plain();
    mock.bytes::<List>(b"\xff\xff");
    let error = client(&mock).await.rpc(&List::default()).await.expect_err("no message");
    assert!(error.to_string().contains("the response cannot be read"), "{error}");
    assert_eq!(error.attempts(), 1);
}

#[tokio::test]
async fn a_deadline_of_the_generated_clients_is_kept() {
    let mock = Mock::new();
    mock.silent::<List>();
    let client = client(&mock).await;
    let mut request = tonic::Request::new(List::default());
    request.set_timeout(Duration::from_millis(1));
    let status = client.raw().workflow().list_namespaces(request).await.expect_err("no answer");
    // Ours, or the server's, whichever is first.
    assert!(matches!(status.code(), Code::Cancelled | Code::DeadlineExceeded), "{status:?}"); // tidy-allow: so gRPC spells it
}

/// A server that does with HTTP/2 what a test wants.
async fn listen() -> (TcpListener, Client) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address: SocketAddr = listener.local_addr().expect("bound");
    let client = Client::builder().address(address.to_string()).retry(RpcRetry::none()).lazy().expect("valid");
    (listener, client)
}

async fn shake_hands(listener: &TcpListener) -> Connection<TcpStream, Bytes> {
    let (socket, _) = listener.accept().await.expect("a connection");
    h2::server::handshake(socket).await.expect("HTTP/2")
}

/// Answers with an empty message.
fn answer(mut respond: SendResponse<Bytes>) {
    let mut stream = respond.send_response(http::Response::new(()), false).expect("it may be sent");
    stream.send_data(Bytes::from_static(b"\0\0\0\0\0"), false).expect("it may be sent");
    let trailers = [(http::HeaderName::from_static("grpc-status"), http::HeaderValue::from_static("0"))];
    stream.send_trailers(trailers.into_iter().collect()).expect("it may be sent");
}

#[tokio::test]
async fn a_call_that_is_dropped_is_taken_back() {
    let (listener, client) = listen().await;
    let calling = client.clone();
    let call = tokio::spawn(async move { calling.rpc(&List::default()).await });
    let mut connection = shake_hands(&listener).await;
    let (_, mut respond) = connection.accept().await.expect("a call").expect("HTTP/2");
    let taken_back = std::future::poll_fn(|cx| respond.poll_reset(cx));
    call.abort();
    let serving = async { while connection.accept().await.is_some() {} };
    tokio::select! {
        reason = taken_back => assert_eq!(reason.expect("it is taken back"), h2::Reason::CANCEL),
        () = serving => panic!("the connection is closed without a word"),
    }
    drop(client);
}

#[tokio::test]
async fn a_server_that_does_not_answer_is_given_up() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("bound").to_string();
    let client = Client::builder().address(address).retry(RpcRetry::none());
    let client = client.keep_alive(Duration::from_millis(2), Duration::from_millis(1)).lazy().expect("valid");
    let call = tokio::spawn(async move { client.rpc(&List::default()).await });
    // It shakes hands and says nothing more.
    let connection = shake_hands(&listener).await;
    let error = call.await.expect("no panic").expect_err("no answer");
    assert_eq!(error.code(), RpcCode::Unavailable);
    assert!(error.to_string().contains("the server cannot be reached (keep-alive timed out)"), "{error}");
    drop(connection);
}

#[tokio::test]
async fn a_server_that_says_goodbye_is_connected_to_anew() {
    let (listener, client) = listen().await;
    let server = tokio::spawn(async move {
        for _ in 0..3 {
            let mut connection = shake_hands(&listener).await;
            let (_, respond) = connection.accept().await.expect("a call").expect("HTTP/2");
            answer(respond);
            connection.graceful_shutdown();
            while connection.accept().await.is_some() {}
        }
    });
    for _ in 0..3 {
        // It may be on its way out when the next call comes, which is then not begun.
        while let Err(error) = client.rpc(&List::default()).await {
            assert!(matches!(error.code(), RpcCode::Unavailable | RpcCode::Unknown), "{error}");
        }
    }
    server.await.expect("no panic");
}

#[tokio::test]
async fn those_who_wait_for_a_connection_share_what_comes_of_it() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("bound").to_string();
    drop(listener);
    let client = Client::builder().address(address).retry(RpcRetry::none()).lazy().expect("valid");
    let calls: Vec<_> = (0..20).map(|_| client.clone()).collect();
    let calls: Vec<_> =
        calls.into_iter().map(|client| tokio::spawn(async move { client.rpc(&List::default()).await })).collect();
    for call in calls {
        let error = call.await.expect("no panic").expect_err("nobody listens");
        assert!(error.to_string().contains("the server cannot be reached (Connection refused"), "{error}");
    }
}

#[tokio::test]
async fn what_is_no_server_of_grpc_is_told_by_its_status() {
    let (listener, client) = listen().await;
    tokio::spawn(async move {
        let mut connection = shake_hands(&listener).await;
        while let Some(Ok((_, mut respond))) = connection.accept().await {
            let response = http::Response::builder().status(401).body(()).expect("valid");
            respond.send_response(response, true).expect("it may be sent");
        }
    });
    let error = client.rpc(&List::default()).await.expect_err("no server of gRPC");
    assert_eq!(error.code(), RpcCode::Unauthenticated, "{error}");
    let status: Status = client.raw().workflow().list_namespaces(List::default()).await.expect_err("the same");
    assert_eq!(status.code(), Code::Unauthenticated);
}
