//! What the server says of itself.

use perpetua_proto::workflowservice::get_system_info_response::Capabilities;
use perpetua_proto::workflowservice::{GetClusterInfoResponse, GetSystemInfoResponse};

use crate::World;

/// The version of the protocol's server that this one follows.
const VERSION: &str = "1.32.0";

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
            persistence_store: "perpetua".to_owned(),
            visibility_store: "perpetua".to_owned(),
            ..GetClusterInfoResponse::default()
        }
    }
}
