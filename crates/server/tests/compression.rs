//! Whose answers are compressed.

use perpetua_proto::workflowservice::GetSystemInfoRequest;
use perpetua_proto::workflowservice::workflow_service_client::WorkflowServiceClient;
use perpetua_server::Server;
use tonic::codec::CompressionEncoding::Gzip;

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
