//! Task queues: who polls them, how they are doing, and how fast their work may go out.

use std::collections::BTreeMap;

use perpetua_proto::enums::{BuildIdTaskReachability, DescribeTaskQueueMode, TaskQueueType};
use perpetua_proto::taskqueue::{
    ConfigMetadata, PollerInfo, RateLimitConfig, TaskIdBlock, TaskQueueConfig, TaskQueuePartitionMetadata,
    TaskQueueStatus, TaskQueueTypeInfo, TaskQueueVersionInfo, TaskQueueVersioningInfo,
};
use perpetua_proto::workflowservice::describe_task_queue_response::EffectiveRateLimit;
use perpetua_proto::workflowservice::update_task_queue_config_request::RateLimitUpdate;
use perpetua_proto::workflowservice::{
    DescribeTaskQueueRequest, DescribeTaskQueueResponse, ListTaskQueuePartitionsRequest,
    ListTaskQueuePartitionsResponse, UpdateTaskQueueConfigRequest, UpdateTaskQueueConfigResponse,
};

use super::check_start::check_queue;
use crate::deployment::{Version, old_name};
use crate::matching::{Kind, QueueKey, Seen, Stats};
use crate::refusal::{Answer, Refusal};
use crate::time::Time;
use crate::{World, limits};

/// What was configured of a task queue, as it is stored.
#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct QueueRecord {
    #[prost(string, tag = "1")]
    namespace: String,
    #[prost(enumeration = "TaskQueueType", tag = "2")]
    kind: i32,
    #[prost(string, tag = "3")]
    name: String,
    #[prost(message, required, tag = "4")]
    config: TaskQueueConfig,
}

/// How fast a worker would like to be given work that does not say.
const UNLIMITED: f64 = 100_000.0;

/// The time that stands for none where clients expect one: the beginning of the calendar.
const NEVER: perpetua_proto::protobuf::Timestamp =
    perpetua_proto::protobuf::Timestamp { seconds: -62_135_596_800, nanos: 0 };

impl World {
    /// Says who polls a task queue, and how it is doing.
    ///
    /// # Errors
    /// When the request is wrong.
    pub fn describe_task_queue(&self, request: &DescribeTaskQueueRequest) -> Answer<DescribeTaskQueueResponse> {
        self.namespaces.check(&request.namespace)?;
        check_queue(request.task_queue.as_ref()).map_err(Refusal::invalid)?;
        let Some(queue) = &request.task_queue else { return Err(Refusal::invalid("taskQueue is not set")) };
        #[allow(deprecated, reason = "it is still asked for")]
        if request.api_mode() == DescribeTaskQueueMode::Enhanced {
            return Ok(self.describe_versions(request, &queue.name));
        }
        let key = QueueKey::new(&request.namespace, Kind::of(request.task_queue_type()), &queue.name);
        let pollers = self.matching.versions_of(&key).flat_map(|key| self.pollers(key)).collect();
        let (rate, source) = self.matching.effective_rate(&key);
        let stats = request.report_stats.then(|| self.queue_stats(self.matching.versions_of(&key)));
        #[allow(deprecated, reason = "it is still asked for")]
        let task_queue_status = request.include_task_queue_status.then(|| TaskQueueStatus {
            backlog_count_hint: self.queue_stats([&key]).whole.approximate_backlog_count,
            rate_per_second: rate,
            task_id_block: Some(TaskIdBlock { start_id: 1, end_id: 100_000 }),
            ..TaskQueueStatus::default()
        });
        #[allow(deprecated, reason = "it is still asked for")]
        Ok(DescribeTaskQueueResponse {
            pollers,
            stats_by_priority_key: stats.as_ref().map(|stats| stats.by_priority.clone()).unwrap_or_default(),
            stats: stats.map(|stats| stats.whole),
            versioning_info: Some(self.routing(&key)),
            config: request.report_config.then(|| self.matching.config(&key).cloned()).flatten(),
            effective_rate_limit: Some(EffectiveRateLimit {
                requests_per_second: as_wire(rate),
                rate_limit_source: source.into(),
            }),
            task_queue_status,
            ..DescribeTaskQueueResponse::default()
        })
    }

    /// To which versions the work of a queue goes.
    #[allow(deprecated, reason = "older clients look there")]
    fn routing(&self, key: &QueueKey) -> TaskQueueVersioningInfo {
        let route = self.deployments.route(key);
        let current = route.and_then(|route| route.current.as_ref());
        let ramping = route.and_then(|route| route.ramping.as_ref());
        TaskQueueVersioningInfo {
            current_version: old_name(current),
            current_deployment_version: current.map(Version::to_wire),
            ramping_version: ramping.map(|version| old_name(version.as_ref())).unwrap_or_default(),
            ramping_deployment_version: ramping.and_then(|version| version.as_ref()).map(Version::to_wire),
            ramping_version_percentage: route.map_or(0.0, |route| route.percentage),
            update_time: Some(route.map_or(NEVER, |route| Time::from_nanos(route.decided()).to_wire())),
        }
    }

    /// The older form: what is known of the queues of versions, one by one.
    #[allow(deprecated, reason = "it is still asked for")]
    fn describe_versions(&self, request: &DescribeTaskQueueRequest, name: &str) -> DescribeTaskQueueResponse {
        let mut kinds: Vec<_> = request.task_queue_types().collect();
        if kinds.is_empty() {
            kinds = vec![TaskQueueType::Workflow, TaskQueueType::Activity];
        }
        let info = |kind: TaskQueueType| {
            let key = QueueKey::new(&request.namespace, Kind::of(kind), name);
            // Without a word on what to report, everything is.
            let all = !request.report_pollers && !request.report_stats && !request.report_task_reachability;
            let pollers = self.pollers(&key).filter(|_| request.report_pollers || all).collect();
            let stats = (request.report_stats || all).then(|| self.queue_stats([&key]).whole);
            (kind.into(), TaskQueueTypeInfo { pollers, stats })
        };
        let reachable = BuildIdTaskReachability::Reachable.into();
        let version = TaskQueueVersionInfo {
            types_info: kinds.into_iter().map(info).collect(),
            task_reachability: if request.report_task_reachability { reachable } else { 0 },
        };
        DescribeTaskQueueResponse {
            versions_info: BTreeMap::from([(String::new(), version)]),
            ..DescribeTaskQueueResponse::default()
        }
    }

    fn pollers(&self, key: &QueueKey) -> impl Iterator<Item = PollerInfo> {
        self.matching.seen(key, self.now).map(|(identity, seen)| poller(identity, seen))
    }

    /// How queues are doing together.
    pub(crate) fn queue_stats<'a>(&self, queues: impl IntoIterator<Item = &'a QueueKey>) -> Stats {
        self.matching.stats(queues, |offer| self.stands(offer), self.now)
    }

    /// Names the parts of a task queue. There is one of each kind.
    ///
    /// # Errors
    /// When the request is wrong.
    pub fn list_task_queue_partitions(
        &self,
        request: &ListTaskQueuePartitionsRequest,
    ) -> Answer<ListTaskQueuePartitionsResponse> {
        self.namespaces.check(&request.namespace)?;
        check_queue(request.task_queue.as_ref()).map_err(Refusal::invalid)?;
        let Some(queue) = &request.task_queue else { return Err(Refusal::invalid("taskQueue is not set")) };
        let part = || vec![TaskQueuePartitionMetadata { key: queue.name.clone(), owner_host_name: "perpetua".into() }];
        Ok(ListTaskQueuePartitionsResponse {
            activity_task_queue_partitions: part(),
            workflow_task_queue_partitions: part(),
        })
    }

    /// Sets how fast the work of a queue may go out, and how much its fairness keys weigh.
    ///
    /// # Errors
    /// When the request is wrong.
    pub fn update_task_queue_config(
        &mut self,
        request: UpdateTaskQueueConfigRequest,
    ) -> Answer<UpdateTaskQueueConfigResponse> {
        self.namespaces.check(&request.namespace)?;
        check(&request)?;
        let kind = Kind::of(request.task_queue_type());
        let key = QueueKey::new(&request.namespace, kind, &request.task_queue);
        let before = self.matching.config(&key).cloned().unwrap_or_default();
        let mut config = before.clone();
        let metadata = |update: &RateLimitUpdate| ConfigMetadata {
            reason: update.reason.clone(),
            update_identity: request.identity.clone(),
            update_time: Some(self.now.to_wire()),
        };
        let limit = |update: RateLimitUpdate| RateLimitConfig {
            metadata: Some(metadata(&update)),
            rate_limit: update.rate_limit,
        };
        if let Some(update) = request.update_queue_rate_limit.clone() {
            config.queue_rate_limit = Some(limit(update));
        }
        if let Some(update) = request.update_fairness_key_rate_limit_default.clone() {
            config.fairness_keys_rate_limit_default = Some(limit(update));
        }
        config.fairness_weight_overrides.extend(request.set_fairness_weight_overrides);
        for key in &request.unset_fairness_weight_overrides {
            config.fairness_weight_overrides.remove(key);
        }
        if config.fairness_weight_overrides.len() > limits::FAIRNESS_WEIGHTS {
            return Err(Refusal::invalid(format!(
                "fairness weight overrides update rejected: would have {} entries, exceeding the maximum of {}",
                config.fairness_weight_overrides.len(),
                limits::FAIRNESS_WEIGHTS,
            )));
        }
        if config != before {
            let record = QueueRecord {
                namespace: request.namespace,
                kind: kind.to_wire().into(),
                name: request.task_queue,
                config: config.clone(),
            };
            self.task_queues.insert(record.key(), record);
            self.matching.configure(&key, config.clone());
            let queues: Vec<_> = self.matching.versions_of(&key).cloned().collect();
            for queue in queues {
                self.dispatch(&queue);
            }
            self.settle();
        }
        Ok(UpdateTaskQueueConfigResponse { config: Some(config) })
    }

    /// Forgets what was configured in a namespace.
    pub(crate) fn forget_task_queues(&mut self, namespace: &str) {
        let records = self.task_queues.iter().filter(|(_, record)| record.namespace == namespace);
        let records: Vec<(String, QueueKey)> = records.map(|(key, record)| (key.to_owned(), record.queue())).collect();
        for (key, queue) in records {
            self.task_queues.remove(&key);
            self.matching.configure(&queue, TaskQueueConfig::default());
        }
    }

    /// What was configured counts again.
    pub(crate) fn resume_task_queues(&mut self) {
        for record in self.task_queues.values() {
            self.matching.configure(&record.queue(), record.config.clone());
        }
    }
}

impl QueueRecord {
    fn queue(&self) -> QueueKey {
        QueueKey::new(&self.namespace, Kind::of(self.kind()), &self.name)
    }

    fn key(&self) -> String {
        format!("{}:{}{}:{}", self.namespace.len(), self.namespace, self.kind, self.name)
    }
}

fn check(request: &UpdateTaskQueueConfigRequest) -> Answer<()> {
    let limit = request.update_queue_rate_limit.as_ref();
    if limit.is_some() && Kind::of(request.task_queue_type()) == Kind::Workflow {
        return Err(Refusal::invalid("Setting rate limit on workflow task queues is not allowed."));
    }
    let limits = [
        ("UpdateQueueRateLimit", limit),
        ("UpdateFairnessKeyRateLimitDefault", request.update_fairness_key_rate_limit_default.as_ref()),
    ];
    for (name, update) in limits {
        let rate = update.and_then(|update| update.rate_limit.as_ref()).map_or(0.0, |it| it.requests_per_second);
        if rate < 0.0 || rate.is_nan() {
            let words = format!("RequestsPerSecond for {name} rate limit must be non-negative.");
            return Err(Refusal::invalid(words));
        }
        check_length(&format!("{name}.Reason"), update.map_or("", |update| &update.reason))?;
    }
    check_length("Identity", &request.identity)?;
    check_length("TaskQueue", &request.task_queue)?;
    let (set, unset) = (&request.set_fairness_weight_overrides, &request.unset_fairness_weight_overrides);
    if let Some(key) = unset.iter().find(|key| set.contains_key(*key)) {
        let words = format!("fairness weight override key {key:?} present in both set and unset lists");
        return Err(Refusal::invalid(words));
    }
    if let Some((key, _)) = set.iter().find(|(_, weight)| weight.is_nan() || **weight <= 0.0) {
        let words = format!("invalid fairness weight weight for key {key:?}: must be greater than zero");
        return Err(Refusal::invalid(words));
    }
    if let Some(key) = set.keys().find(|key| key.len() > limits::FAIRNESS_KEY) {
        let words = format!("invalid fairness key: length {} exceeds {} bytes", key.len(), limits::FAIRNESS_KEY);
        return Err(Refusal::invalid(words));
    }
    Ok(())
}

fn check_length(what: &str, text: &str) -> Answer<()> {
    if text.len() > limits::ID_LENGTH {
        let most = limits::ID_LENGTH;
        return Err(Refusal::invalid(format!("{what} field too long (max {most} characters).")));
    }
    Ok(())
}

#[allow(deprecated, reason = "older workers say what they are so")]
fn poller(identity: &str, seen: &Seen) -> PollerInfo {
    PollerInfo {
        last_access_time: Some(seen.last.to_wire()),
        identity: identity.to_owned(),
        rate_per_second: seen.rate.unwrap_or(UNLIMITED),
        worker_version_capabilities: seen.capabilities.clone(),
        deployment_options: seen.deployment.clone(),
    }
}

#[allow(clippy::cast_possible_truncation, reason = "rates are small, and shown only")]
fn as_wire(rate: f64) -> f32 {
    rate as f32
}
