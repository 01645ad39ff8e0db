//! What a server says of itself.

use perpetua_proto::workflowservice::{
    DescribeNamespaceRequest, GetSystemInfoRequest, GetSystemInfoResponse, get_system_info_response as wire,
};

use crate::{Client, RpcCode, RpcError};

/// What a server says of itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ServerInfo {
    /// Its version; empty if it does not say.
    pub version: String,
    /// What it can do.
    pub capabilities: Capabilities,
}

macro_rules! capabilities {
    ($($(#[$doc:meta])* $name:ident)+) => {
        /// What a server can do; all false for one that does not say.
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
        #[non_exhaustive]
        pub struct Capabilities {$(
            $(#[$doc])*
            pub $name: bool,
        )+}

        impl From<wire::Capabilities> for Capabilities {
            fn from(wire: wire::Capabilities) -> Self {
                let wire::Capabilities { $($name),+ } = wire;
                Self { $($name),+ }
            }
        }
    };
}

capabilities! {
    /// Signals and queries carry headers.
    signal_and_query_header
    /// Internal errors are told apart from those of the task.
    internal_error_differentiation
    /// The failure of an activity may carry its last heartbeat.
    activity_failure_include_heartbeat
    /// There are schedules.
    supports_schedules
    /// Failures may hide their message in a payload.
    encoded_failure_attributes
    /// Workers may be told apart by build.
    build_id_based_versioning
    /// Workflows may change their memo.
    upsert_memo
    /// The first task of a workflow may come with the answer to its start.
    eager_workflow_start
    /// SDK metadata of workflow tasks is kept.
    sdk_metadata
    /// Counts may be grouped by status.
    count_group_by_execution_status
    /// There is Nexus.
    nexus
    /// The server may scale workers.
    server_scaled_deployments
    /// The server may scale workers on Cloud Run.
    server_scaled_provider_cloud_run
}

impl Client {
    /// Asks the server who it is and whether the namespace exists. Connecting does it, unless [`lazy`] was chosen.
    ///
    /// Servers without the method, and permissions that do not cover it, are no error.
    ///
    /// [`lazy`]: crate::ClientBuilder::lazy
    ///
    /// # Errors
    /// When the server cannot be reached, does not let us in, or does not have the namespace.
    pub async fn check(&self) -> Result<ServerInfo, RpcError> {
        let namespace = self.namespace().to_string();
        let request = DescribeNamespaceRequest { namespace, ..Default::default() };
        // Side by side: the server is asked once, as far as time goes.
        let (info, described) = tokio::join!(self.rpc(&GetSystemInfoRequest {}).send(), self.rpc(&request).send());
        let info = match info {
            Ok(GetSystemInfoResponse { server_version, capabilities }) => {
                ServerInfo { version: server_version, capabilities: capabilities.unwrap_or_default().into() }
            }
            Err(error) if error.code() == RpcCode::Unimplemented => ServerInfo::default(),
            Err(error) => return Err(error),
        };
        self.remember_server(info.clone());
        match described {
            Ok(_) => Ok(info),
            Err(error) if matches!(error.code(), RpcCode::Unimplemented | RpcCode::PermissionDenied) => Ok(info),
            Err(error) => Err(error),
        }
    }
}
