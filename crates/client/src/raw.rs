//! The generated clients, with nothing between but the headers.

use perpetua_proto::health::health_client::HealthClient;
use perpetua_proto::operatorservice::operator_service_client::OperatorServiceClient;
use perpetua_proto::testservice::test_service_client::TestServiceClient;
use perpetua_proto::workflowservice::workflow_service_client::WorkflowServiceClient;
use tonic::codec::CompressionEncoding;

use crate::rpc::MAX_RESPONSE_BYTES;
pub use crate::transport::Transport;

/// What a [`Transport`] carries: the frames of a message. [`ClientBuilder::transport`](crate::ClientBuilder::transport)
/// takes any service of it.
pub use tonic::body::Body;

/// Gives the generated clients of the server's services. They send the client's headers (who we are, the API key, the
/// metadata) and nothing else: no deadline, no retry, no codec.
#[derive(Clone, Debug)]
pub struct Raw {
    transport: Transport,
    compresses: bool,
}

macro_rules! services {
    ($($(#[$doc:meta])* $name:ident: $client:ident;)+) => {$(
        $(#[$doc])*
        pub fn $name(&self) -> $client<Transport> {
            let client = $client::new(self.transport.clone())
                .max_decoding_message_size(MAX_RESPONSE_BYTES)
                .accept_compressed(CompressionEncoding::Gzip);
            if self.compresses { client.send_compressed(CompressionEncoding::Gzip) } else { client }
        }
    )+};
}

impl Raw {
    pub(crate) fn new(transport: Transport, compresses: bool) -> Self {
        Self { transport, compresses }
    }

    services! {
        /// What workers and clients call.
        workflow: WorkflowServiceClient;
        /// What operators call: search attributes, Nexus endpoints, the deletion of namespaces.
        operator: OperatorServiceClient;
        /// What tests call of a server that can skip time.
        test: TestServiceClient;
        /// Whether the server is well.
        health: HealthClient;
    }
}
