//! Connecting, and what every call carries.

use std::error::Error;

use perpetua_client::{Client, ConnectError, RpcDetail};
use perpetua_proto::errordetails::NamespaceNotFoundFailure;
use perpetua_proto::workflowservice::{
    DescribeNamespaceRequest, GetSystemInfoRequest, GetSystemInfoResponse, ListNamespacesRequest,
    ListNamespacesResponse, get_system_info_response::Capabilities,
};
use tonic::{Code, Status};

use crate::mock::{Mock, status_with};

#[tokio::test]
async fn connecting_asks_who_the_server_is() {
    let mock = Mock::new();
    mock.on(|_: GetSystemInfoRequest| {
        let capabilities = Some(Capabilities { nexus: true, ..Default::default() });
        Ok(GetSystemInfoResponse { server_version: "1.2.3".to_owned(), capabilities })
    });
    let client = mock.builder().connect().await.expect("connected");
    let server = client.server().expect("it was asked");
    assert_eq!(server.version, "1.2.3");
    assert!(server.capabilities.nexus && !server.capabilities.upsert_memo);
}

#[tokio::test]
async fn a_server_that_does_not_say_who_it_is_will_do() {
    let mock = Mock::new();
    mock.in_turn::<GetSystemInfoRequest>([Err(Status::unimplemented("old"))]);
    let client = mock.builder().connect().await.expect("connected");
    assert_eq!(client.server().map(|server| server.version.as_str()), Some(""));
}

#[tokio::test]
async fn a_lazy_client_makes_no_call() {
    let mock = Mock::new();
    let client = mock.client();
    assert!(client.server().is_none());
    assert!(mock.seen::<GetSystemInfoRequest>().is_empty());
}

#[tokio::test]
async fn a_namespace_that_does_not_exist_is_named() {
    let mock = Mock::new();
    mock.on(|request: DescribeNamespaceRequest| {
        let detail = NamespaceNotFoundFailure { namespace: request.namespace };
        Err(status_with(Code::NotFound, "Namespace nope is not found.", "NamespaceNotFoundFailure", &detail))
    });
    let error = mock.builder().namespace("nope").connect().await.expect_err("no such namespace");
    let ConnectError::Rpc(rpc) = &error else { panic!("{error:?}") };
    assert_eq!(rpc.details(), [RpcDetail::NamespaceNotFound { namespace: "nope".into() }]);
    assert_eq!(
        error.to_string(),
        "DescribeNamespace at mock failed: namespace `nope` does not exist; create it with `temporal operator \
         namespace create -n nope`, or choose another when connecting"
    );
}

#[tokio::test]
async fn who_may_not_see_the_namespace_may_use_it() {
    let mock = Mock::new();
    mock.in_turn::<DescribeNamespaceRequest>([Err(Status::permission_denied("not yours"))]);
    mock.builder().connect().await.expect("connected");
}

#[tokio::test]
async fn an_address_where_nobody_listens_is_named() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("bound").to_string();
    drop(listener);
    let error = Client::connect(&address).await.expect_err("nobody listens");
    assert!(matches!(&error, ConnectError::Unreachable { .. }), "{error:?}");
    let text = error.to_string();
    assert!(text.contains(&address) && text.contains("refused") && text.contains("start-dev"), "{text}");
    assert!(error.source().is_some());
}

#[tokio::test]
async fn a_lazy_client_finds_out_with_the_first_call() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("bound").to_string();
    drop(listener);
    let client = Client::builder().address(&address).retry(perpetua_client::RpcRetry::none()).lazy().expect("lazy");
    let error = client.check().await.expect_err("nobody listens");
    let text = error.to_string();
    assert!(text.starts_with(&format!("GetSystemInfo at {address} failed: the server cannot be reached")), "{text}");
}

#[tokio::test]
async fn a_malformed_address_is_quoted() {
    let error = Client::connect("localhost").await.expect_err("no port");
    assert_eq!(error.to_string(), "the address `localhost` has no port; Temporal servers usually listen on 7233");
}

#[tokio::test]
async fn an_option_that_cannot_be_used_is_named() {
    let mock = Mock::new();
    for (builder, words) in [
        (mock.builder().namespace(""), "namespace is empty"),
        (mock.builder().api_key("a\nb"), "api_key has characters"),
        (mock.builder().metadata("a b", "c"), "the name of `a b`"),
    ] {
        let error = builder.lazy().expect_err(words).to_string();
        assert!(error.contains(words), "{error}");
    }
}

#[tokio::test]
async fn metadata_and_the_api_key_go_with_every_call() {
    let mock = Mock::new();
    mock.on(|_: ListNamespacesRequest| Ok(ListNamespacesResponse::default()));
    let builder = mock.builder().namespace("orders").api_key("one").metadata("x-team", "blue");
    let client = builder.metadata_bytes("x-trace-bin", [0, 255]).lazy().expect("valid");
    let request = ListNamespacesRequest::default();
    client.rpc(&request).await.expect("answered");
    client.set_api_key("two").expect("valid");
    client.in_namespace("other").expect("valid").rpc(&request).await.expect("answered");
    client.raw().workflow().list_namespaces(request).await.expect("answered");

    let seen = mock.seen::<ListNamespacesRequest>();
    let header = |call: usize, name: &str| seen[call].headers[name].to_str().expect("text").to_owned();
    for call in 0..3 {
        assert_eq!(header(call, "client-name"), "perpetua");
        assert_eq!(header(call, "x-team"), "blue");
        assert_eq!(header(call, "x-trace-bin"), "AP8");
    }
    assert_eq!([0, 1, 2].map(|call| header(call, "authorization")), ["Bearer one", "Bearer two", "Bearer two"]);
    assert_eq!([0, 1, 2].map(|call| header(call, "temporal-namespace")), ["orders", "other", "orders"]);
}

#[tokio::test]
async fn who_we_are_is_process_and_host_unless_said() {
    let mock = Mock::new();
    assert_eq!(mock.client().identity(), &"tester");
    let client = Client::builder().transport(mock).lazy().expect("valid");
    let identity = client.identity().as_str();
    assert!(identity.starts_with(&format!("{}@", std::process::id())), "{identity}");
}

#[tokio::test]
async fn requests_are_compressed_only_if_asked_for_and_responses_may_be() {
    let mock = Mock::new();
    mock.client().check().await.expect("answered");
    mock.builder().gzip().lazy().expect("valid").check().await.expect("answered");
    let seen = mock.seen::<GetSystemInfoRequest>();
    let header = |call: usize, name: &str| seen[call].headers.get(name).and_then(|value| value.to_str().ok());
    assert_eq!((header(0, "grpc-encoding"), header(1, "grpc-encoding")), (None, Some("gzip")));
    assert!(header(0, "grpc-accept-encoding").is_some_and(|accepted| accepted.contains("gzip")));
}
