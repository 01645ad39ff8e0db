//! Whose answers are compressed.

use http_body_util::{BodyExt, Full};
use perpetua_proto::workflowservice::GetSystemInfoRequest;
use perpetua_proto::workflowservice::workflow_service_client::WorkflowServiceClient;
use perpetua_server::Server;
use tonic::body::Body;
use tonic::codec::CompressionEncoding::Gzip;
use tower_service::Service;

#[tokio::test]
async fn answers_are_compressed_only_for_those_who_compress_what_they_ask() {
    let server = Server::builder().start().expect("it starts");
    let accepts = WorkflowServiceClient::new(server.transport()).accept_compressed(Gzip);
    for (mut client, encoding) in [(accepts.clone(), None), (accepts.send_compressed(Gzip), Some("gzip"))] {
        let answer = client.get_system_info(GetSystemInfoRequest {}).await.expect("it answers");
        let told = answer.metadata().get("grpc-encoding").map(|value| value.to_str().expect("it is text"));
        assert_eq!(told, encoding);
        assert!(!answer.get_ref().server_version.is_empty());
    }
}

#[tokio::test]
async fn short_answers_are_not_compressed_for_anybody() {
    let server = (0..100).fold(Server::builder(), |builder, number| builder.namespace(format!("namespace-{number}")));
    let server = server.start().expect("it starts");
    for (method, is_compressed) in [("GetSystemInfo", false), ("ListNamespaces", true)] {
        let nothing = Body::new(Full::from(&[0; 5][..]));
        let request = http::Request::post(format!("/temporal.api.workflowservice.v1.WorkflowService/{method}"))
            .header("content-type", "application/grpc")
            .header("grpc-encoding", "gzip")
            .header("grpc-accept-encoding", "gzip")
            .body(nothing)
            .expect("it is a request");
        let answer = server.transport().call(request).await.expect("it answers");
        let message = answer.into_body().collect().await.expect("it is whole").to_bytes();
        assert_eq!(message.first(), Some(&u8::from(is_compressed)), "{method}");
    }
}
