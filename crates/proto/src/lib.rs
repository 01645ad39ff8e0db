//! The Temporal wire contract as Rust types: messages, enums, and gRPC clients and servers.
//!
//! Everything here is generated from `proto/` by `cargo xtask codegen` and committed, so building it needs neither
//! `protoc` nor a build script, nor the derives of prost. There is no behaviour in this crate; what the messages mean is
//! said in `perpetua-vocab`, and most users never see either.
//!
//! Read first: [`workflowservice`] (what a worker and a client call), [`history`] (what happened to a workflow),
//! [`command`] (what a workflow asks for).
//!
//! ```text
//! proto/temporal/api/history/v1/*.proto  ->  perpetua_proto::temporal::api::history::v1  =  perpetua_proto::history
//! ```
//!
//! Modules mirror protobuf packages, below [`temporal`], [`grpc`], [`google`] and [`nexusannotations`]; the packages
//! that people use have a short name at the top. All `bytes` are [`bytes::Bytes`], all maps are ordered, and the
//! variants of [`history::history_event::Attributes`] and [`command::command::Attributes`] are boxed, as is the rare
//! `user_metadata` beside them.
//!
//! The well-known types of protobuf that the contract uses are in [`protobuf`].
//!
//! # Features
//!
//! - `client`: clients such as `workflowservice::workflow_service_client::WorkflowServiceClient`, over any transport.
//! - `server`: service traits and servers such as `workflowservice::workflow_service_server::WorkflowService`.
//! - `cloud`: the Temporal Cloud control plane, `temporal::api::cloud`.
//!
//! The contract is Temporal's, under the MIT license; `LICENSE-TEMPORAL-API` is its notice.

#[allow(
    missing_docs,
    missing_debug_implementations,
    deprecated,
    unreachable_pub,
    unused_qualifications,
    clippy::all,
    clippy::nursery,
    clippy::pedantic
)]
#[path = "generated/tree.rs"]
mod generated;

mod codec;
pub mod schema;
mod time;

#[cfg(any(feature = "client", feature = "server"))]
pub use codec::MessageCodec;
pub use generated::{google, grpc, nexusannotations, temporal};

#[cfg(feature = "cloud")]
pub use generated::temporal::api::cloud::cloudservice::v1 as cloudservice;
pub use generated::{
    google::{protobuf, rpc},
    grpc::health::v1 as health,
    temporal::api::{
        activity::v1 as activity, batch::v1 as batch, callback::v1 as callback, command::v1 as command,
        common::v1 as common, compute::v1 as compute, deployment::v1 as deployment, enums::v1 as enums,
        errordetails::v1 as errordetails, export::v1 as export, failure::v1 as failure, filter::v1 as filter,
        history::v1 as history, namespace::v1 as namespace, nexus::v1 as nexus, nexusoperation::v1 as nexusoperation,
        nexusservices::workerservice::v1 as workerservice, notificationservice::v1 as notificationservice,
        operatorservice::v1 as operatorservice, protocol::v1 as protocol, query::v1 as query,
        replication::v1 as replication, rules::v1 as rules, schedule::v1 as schedule, sdk::v1 as sdk,
        taskqueue::v1 as taskqueue, testservice::v1 as testservice, update::v1 as update, version::v1 as version,
        worker::v1 as worker, workflow::v1 as workflow, workflowservice::v1 as workflowservice,
    },
};

#[cfg(test)]
mod tests {
    use std::mem::size_of;

    use super::{command::Command, history::HistoryEvent};

    #[test]
    fn a_history_event_is_small_whatever_it_holds() {
        assert!(size_of::<HistoryEvent>() < 256, "{} bytes", size_of::<HistoryEvent>());
    }

    #[test]
    fn a_command_is_small_whatever_it_holds() {
        assert!(size_of::<Command>() < 128, "{} bytes", size_of::<Command>());
    }
}
