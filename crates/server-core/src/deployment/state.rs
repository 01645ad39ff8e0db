//! What is known of a deployment and its versions, in the form in which it is stored. Times are nanoseconds since 1970, 0
//! for none.

use std::collections::BTreeMap;

use perpetua_proto::common::Payload;
use perpetua_proto::enums::{TaskQueueType, VersionDrainageStatus, WorkerDeploymentVersionStatus as Status};

use super::Version;
use crate::matching::{Kind, QueueKey};

/// A deployment: workers of one kind, in versions.
#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct Deployment {
    #[prost(string, tag = "1")]
    pub(crate) namespace: String,
    #[prost(string, tag = "2")]
    pub(crate) name: String,
    #[prost(int64, tag = "3")]
    pub(crate) created: i64,
    /// The build that new work goes to; empty for workers without a version.
    #[prost(string, tag = "4")]
    pub(crate) current: String,
    /// The build that some of it goes to already; empty for workers without a version.
    #[prost(string, optional, tag = "5")]
    pub(crate) ramping: Option<String>,
    /// How much of it.
    #[prost(float, tag = "6")]
    pub(crate) percentage: f32,
    #[prost(int64, tag = "7")]
    pub(crate) current_changed: i64,
    #[prost(int64, tag = "8")]
    pub(crate) ramping_changed: i64,
    #[prost(int64, tag = "9")]
    pub(crate) percentage_changed: i64,
    /// How often it was changed where work goes.
    #[prost(int64, tag = "10")]
    pub(crate) revision: i64,
    /// How often anything was changed by request.
    #[prost(uint64, tag = "11")]
    pub(crate) changes: u64,
    #[prost(string, tag = "12")]
    pub(crate) modified_by: String,
    #[prost(string, tag = "13")]
    pub(crate) manager: String,
    /// The request that made it, if one did.
    #[prost(string, tag = "14")]
    pub(crate) create_request: String,
    /// By build.
    #[prost(btree_map = "string, message", tag = "15")]
    pub(crate) versions: BTreeMap<String, VersionState>,
}

/// A version of a deployment.
#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct VersionState {
    #[prost(int64, tag = "1")]
    pub(crate) created: i64,
    #[prost(int64, tag = "2")]
    pub(crate) routing_changed: i64,
    #[prost(int64, tag = "3")]
    pub(crate) current_since: i64,
    #[prost(int64, tag = "4")]
    pub(crate) ramping_since: i64,
    #[prost(int64, tag = "5")]
    pub(crate) first_activation: i64,
    #[prost(int64, tag = "6")]
    pub(crate) last_current: i64,
    #[prost(int64, tag = "7")]
    pub(crate) last_deactivation: i64,
    #[prost(enumeration = "VersionDrainageStatus", tag = "8")]
    pub(crate) drainage: i32,
    #[prost(int64, tag = "9")]
    pub(crate) drainage_changed: i64,
    #[prost(int64, tag = "10")]
    pub(crate) drainage_checked: i64,
    #[prost(btree_map = "string, message", tag = "11")]
    pub(crate) metadata: BTreeMap<String, Payload>,
    /// The queues that its workers polled.
    #[prost(message, repeated, tag = "12")]
    pub(crate) queues: Vec<QueueName>,
    #[prost(string, tag = "13")]
    pub(crate) modified_by: String,
    /// The request that made it, if one did.
    #[prost(string, tag = "14")]
    pub(crate) create_request: String,
}

/// A queue that workers of a version polled.
#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct QueueName {
    #[prost(string, tag = "1")]
    pub(crate) name: String,
    #[prost(enumeration = "TaskQueueType", tag = "2")]
    pub(crate) kind: i32,
}

impl QueueName {
    pub(crate) fn of(key: &QueueKey) -> Self {
        Self { name: key.name.clone(), kind: key.kind.to_wire().into() }
    }

    /// The queue of this name for workers without a version.
    pub(crate) fn key(&self, namespace: &str) -> QueueKey {
        QueueKey::new(namespace, Kind::of(self.kind()), &self.name)
    }
}

impl VersionState {
    pub(crate) fn has(&self, queue: &QueueName) -> bool {
        self.queues.contains(queue)
    }

    pub(crate) fn status(&self) -> Status {
        match self.drainage() {
            _ if self.current_since != 0 => Status::Current,
            _ if self.ramping_since != 0 => Status::Ramping,
            VersionDrainageStatus::Draining => Status::Draining,
            VersionDrainageStatus::Drained => Status::Drained,
            VersionDrainageStatus::Unspecified if self.queues.is_empty() => Status::Created,
            VersionDrainageStatus::Unspecified => Status::Inactive,
        }
    }
}

impl Deployment {
    pub(crate) fn version(&self, build: &str) -> Option<Version> {
        (!build.is_empty()).then(|| Version { deployment: self.name.clone(), build: build.to_owned() })
    }

    pub(crate) fn current_version(&self) -> Option<Version> {
        self.version(&self.current)
    }

    /// Distinguishes what is known now from what was known before.
    pub(crate) fn conflict_token(&self) -> bytes::Bytes {
        self.changes.to_be_bytes().to_vec().into()
    }
}
