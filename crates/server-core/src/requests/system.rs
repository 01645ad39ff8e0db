//! What the server says of itself.

use perpetua_proto::workflowservice::get_system_info_response::Capabilities;
use perpetua_proto::workflowservice::{GetClusterInfoResponse, GetSystemInfoResponse};

use crate::World;

/// The version of the protocol's server that this one follows.
const VERSION: &str = "1.32.0";

/// The clients that the protocol knows, and which versions of them may be used.
const CLIENTS: [(&str, &str); 8] = [
    ("Nexus-go-sdk", "<2.0.0"),
    ("temporal-cli", "<2.0.0"),
    ("temporal-go", "<2.0.0"),
    ("temporal-java", "<2.0.0"),
    ("temporal-php", "<2.0.0"),
    ("temporal-server", "<2.0.0"),
    ("temporal-typescript", "<2.0.0"),
    ("temporal-ui", "<3.0.0"),
];

impl World {
    /// What the server can do.
    pub fn system_info(&self) -> GetSystemInfoResponse {
        GetSystemInfoResponse {
            server_version: VERSION.to_owned(),
            capabilities: Some(Capabilities {
                signal_and_query_header: true,
                internal_error_differentiation: true,
                activity_failure_include_heartbeat: true,
                supports_schedules: true,
                encoded_failure_attributes: true,
                build_id_based_versioning: true,
                upsert_memo: true,
                eager_workflow_start: true,
                nexus: true,
                sdk_metadata: true,
                ..Capabilities::default()
            }),
        }
    }

    /// Which cluster this is: one of one.
    pub fn cluster_info(&self) -> GetClusterInfoResponse {
        GetClusterInfoResponse {
            server_version: VERSION.to_owned(),
            cluster_id: format!("{:016x}", self.server),
            cluster_name: "active".to_owned(),
            history_shard_count: 1,
            initial_failover_version: 1,
            failover_version_increment: 10,
            supported_clients: CLIENTS.map(|(name, versions)| (name.to_owned(), versions.to_owned())).into(),
            persistence_store: "perpetua".to_owned(),
            visibility_store: "perpetua".to_owned(),
            ..GetClusterInfoResponse::default()
        }
    }
}
