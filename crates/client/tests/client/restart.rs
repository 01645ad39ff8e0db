//! A server that goes away and comes back.

use std::future::IntoFuture;
use std::net::SocketAddr;

use perpetua_client::Client;
use perpetua_contract::NamedWorkflow;
use perpetua_proto::workflowservice::GetWorkflowExecutionHistoryRequest;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::transport::Server;

use crate::mock::Mock;
use crate::result::completed;

/// Ends a server and all its connections, and waits until that is done.
async fn end(runtime: Runtime) {
    tokio::task::spawn_blocking(move || drop(runtime)).await.expect("no panic");
}

/// Serves at the address on a runtime of its own.
async fn serve(mock: Mock, address: &str) -> (Runtime, SocketAddr) {
    let runtime = Runtime::new().expect("a runtime");
    let address = address.to_owned();
    let (tell, told) = tokio::sync::oneshot::channel();
    runtime.spawn(async move {
        let listener = TcpListener::bind(address).await.expect("a free port");
        tell.send(listener.local_addr().expect("bound")).expect("somebody waits");
        Server::builder().serve_with_incoming(mock, TcpListenerStream::new(listener)).await
    });
    (runtime, told.await.expect("it serves"))
}

#[tokio::test]
async fn a_wait_outlives_the_server() {
    let first = Mock::new();
    first.silent::<GetWorkflowExecutionHistoryRequest>();
    let (runtime, address) = serve(first.clone(), "127.0.0.1:0").await;
    let client = Client::connect(address.to_string()).await.expect("connected");
    let handle = client.handle::<NamedWorkflow<(), String>>("order-7");
    let result = tokio::spawn(handle.result().into_future());
    first.arrival::<GetWorkflowExecutionHistoryRequest>().await;
    end(runtime).await;

    let second = Mock::new();
    second.in_turn::<GetWorkflowExecutionHistoryRequest>([Ok(completed("\"done\"", ""))]);
    let (runtime, _) = serve(second, &address.to_string()).await;
    let result = result.await.expect("no panic");
    assert_eq!(result.expect("completed"), "done");
    end(runtime).await;
}
