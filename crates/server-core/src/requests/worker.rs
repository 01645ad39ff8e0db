//! Workers that say how they are doing, and lists of them.
//!
//! What they say is known while the server runs, and is not stored: it is out of date within a minute anyway. One that goes
//! without a last word is forgotten at once, one that is silent after a day.

use std::collections::BTreeMap;
use std::ops::Bound;

use perpetua_proto::enums::{IndexedValueType as Type, WorkerStatus};
use perpetua_proto::worker::{WorkerHeartbeat, WorkerHostInfo, WorkerInfo, WorkerListInfo};
use perpetua_proto::workflowservice::{
    CountWorkersRequest, CountWorkersResponse, DescribeWorkerRequest, DescribeWorkerResponse, ListWorkersRequest,
    ListWorkersResponse, RecordWorkerHeartbeatRequest,
};
use prost::Message;

use crate::refusal::{Answer, Refusal};
use crate::time::Time;
use crate::visibility::{Attributes, Query, Schema, Value};
use crate::{World, limits, token};

/// Workers that are heard of, by namespace and key.
#[derive(Debug, Default)]
pub(crate) struct Workers {
    known: BTreeMap<(String, String), Known>,
    tidied: Time,
}

#[derive(Debug)]
struct Known {
    said: WorkerHeartbeat,
    heard: Time,
}

/// Where the next page of a list begins: after this worker.
#[derive(Clone, PartialEq, Message)]
struct PageToken {
    #[prost(string, tag = "1")]
    last: String,
    /// Distinguishes the token of a worker without a key from none.
    #[prost(bool, tag = "2")]
    is_set: bool,
}

/// What lists can be asked for.
const ATTRIBUTES: [(&str, Type); 12] = [
    ("WorkerInstanceKey", Type::Keyword),
    ("WorkerIdentity", Type::Keyword),
    ("HostName", Type::Keyword),
    ("TaskQueue", Type::Keyword),
    ("DeploymentName", Type::Keyword),
    ("BuildId", Type::Keyword),
    ("SdkName", Type::Keyword),
    ("SdkVersion", Type::Keyword),
    ("StartTime", Type::Datetime),
    ("HeartbeatTime", Type::Datetime),
    ("Status", Type::Keyword),
    ("WorkerStatus", Type::Keyword),
];

impl World {
    /// Notes what workers say of themselves.
    ///
    /// # Errors
    /// When the namespace is not known.
    pub fn record_worker_heartbeat(&mut self, request: RecordWorkerHeartbeatRequest) -> Answer<()> {
        self.namespaces.check(&request.namespace)?;
        self.workers.tidy(self.now);
        for said in request.worker_heartbeat {
            self.workers.hear(&request.namespace, said, self.now);
        }
        self.workers.shrink();
        Ok(())
    }

    /// The workers of a namespace that are heard of.
    ///
    /// # Errors
    /// When the request is wrong.
    pub fn list_workers(&self, request: &ListWorkersRequest) -> Answer<ListWorkersResponse> {
        self.namespaces.check(&request.namespace)?;
        let wanted = query(&request.query)?;
        let after = if request.next_page_token.is_empty() {
            None
        } else {
            let token = PageToken::decode(&*request.next_page_token).ok().filter(|token| token.is_set);
            Some(token.ok_or_else(|| Refusal::invalid("invalid next_page_token"))?.last)
        };
        let size = usize::try_from(request.page_size).ok().filter(|size| *size > 0).unwrap_or(limits::WORKERS_PAGE);
        let mut found = self.workers.of(&request.namespace, after, self.now).filter(|it| matches(wanted.as_ref(), it));
        let page: Vec<_> = found.by_ref().take(size).collect();
        let last = page.last().map(|it| it.said.worker_instance_key.clone());
        let token = found.next().and(last).map(|last| token::write(&PageToken { last, is_set: true }));
        #[allow(deprecated, reason = "older clients look here")]
        Ok(ListWorkersResponse {
            workers_info: page.iter().map(|it| WorkerInfo { worker_heartbeat: Some(it.said.clone()) }).collect(),
            workers: page.iter().map(|it| listed(&it.said)).collect(),
            next_page_token: token.unwrap_or_default(),
        })
    }

    /// How many workers of a namespace are heard of.
    ///
    /// # Errors
    /// When the request is wrong.
    pub fn count_workers(&self, request: &CountWorkersRequest) -> Answer<CountWorkersResponse> {
        self.namespaces.check(&request.namespace)?;
        let wanted = query(&request.query)?;
        let workers = self.workers.of(&request.namespace, None, self.now);
        let count = workers.filter(|it| matches(wanted.as_ref(), it)).count();
        Ok(CountWorkersResponse { count: i64::try_from(count).unwrap_or(i64::MAX) })
    }

    /// What a worker said of itself last.
    ///
    /// # Errors
    /// When nothing is heard of it.
    pub fn describe_worker(&self, request: &DescribeWorkerRequest) -> Answer<DescribeWorkerResponse> {
        self.namespaces.check(&request.namespace)?;
        let key = (request.namespace.clone(), request.worker_instance_key.clone());
        let known = self.workers.known.get(&key).filter(|known| known.is_heard_of(self.now));
        let known =
            known.ok_or_else(|| Refusal::not_found(format!("Worker {} not found", request.worker_instance_key)))?;
        let worker_heartbeat = Some(known.said.clone());
        Ok(DescribeWorkerResponse { worker_info: Some(WorkerInfo { worker_heartbeat }) })
    }
}

impl Workers {
    /// A worker says how it is doing; also for the last time.
    pub(crate) fn hear(&mut self, namespace: &str, said: WorkerHeartbeat, now: Time) {
        let key = (namespace.to_owned(), said.worker_instance_key.clone());
        self.known.insert(key, Known { said, heard: now });
    }

    /// A worker goes without a word.
    pub(crate) fn forget(&mut self, namespace: &str, key: &str) {
        self.known.remove(&(namespace.to_owned(), key.to_owned()));
    }

    /// All workers of a namespace go with it.
    pub(crate) fn forget_all(&mut self, namespace: &str) {
        self.known.retain(|(of, _), _| of != namespace);
    }

    /// Those of a namespace, after one of these keys.
    fn of<'a>(&'a self, namespace: &'a str, after: Option<String>, now: Time) -> impl Iterator<Item = &'a Known> {
        let start = match after {
            Some(last) => Bound::Excluded((namespace.to_owned(), last)),
            None => Bound::Included((namespace.to_owned(), String::new())),
        };
        let workers = self.known.range((start, Bound::Unbounded)).take_while(move |((of, _), _)| of == namespace);
        workers.map(|(_, known)| known).filter(move |known| known.is_heard_of(now))
    }

    fn tidy(&mut self, now: Time) {
        if now.since(self.tidied) >= limits::POLLER_REMEMBERED {
            self.tidied = now;
            self.known.retain(|_, known| known.is_heard_of(now));
        }
    }

    /// Forgets those that were silent longest, if there are too many.
    fn shrink(&mut self) {
        let many = self.known.len().saturating_sub(limits::WORKERS);
        if many == 0 {
            return;
        }
        let mut silent: Vec<_> = self.known.iter().map(|(key, known)| (known.heard, key.clone())).collect();
        silent.sort_unstable();
        for (_, key) in silent.into_iter().take(many) {
            self.known.remove(&key);
        }
    }
}

impl Known {
    fn is_heard_of(&self, now: Time) -> bool {
        now.since(self.heard) < limits::WORKER_SILENT
    }
}

/// What is asked for. A query of what workers do not have asks for none of them.
fn query(text: &str) -> Answer<Option<Query>> {
    let schema = Schema { system: &ATTRIBUTES, custom: &BTreeMap::new(), statuses: &[] };
    match Query::parse(text, &schema) {
        Ok(query) => Ok(Some(query)),
        Err(refusal) if refusal.message.contains("syntax error") => {
            Err(Refusal::invalid(refusal.message.replacen("invalid query: malformed SQL query", "malformed query", 1)))
        }
        Err(_) => Ok(None),
    }
}

fn matches(wanted: Option<&Query>, known: &Known) -> bool {
    wanted.is_some_and(|query| query.matches(&known.said))
}

impl Attributes for WorkerHeartbeat {
    fn value(&self, name: &str) -> Option<Value<'_>> {
        let time =
            |at: &Option<perpetua_proto::protobuf::Timestamp>| at.as_ref().map(|at| Value::Time(Time::from_wire(at)));
        let version = self.deployment_version.as_ref();
        match name {
            "WorkerInstanceKey" => Value::text(&self.worker_instance_key),
            "WorkerIdentity" => Value::text(&self.worker_identity),
            "HostName" => Value::text(&self.host_info.as_ref()?.host_name),
            "TaskQueue" => Value::text(&self.task_queue),
            "DeploymentName" => Value::text(&version?.deployment_name),
            "BuildId" => Value::text(&version?.build_id),
            "SdkName" => Value::text(&self.sdk_name),
            "SdkVersion" => Value::text(&self.sdk_version),
            "StartTime" => time(&self.start_time),
            "HeartbeatTime" => time(&self.heartbeat_time),
            "Status" | "WorkerStatus" => Value::text(match self.status() {
                WorkerStatus::Unspecified => "Unspecified",
                WorkerStatus::Running => "Running",
                WorkerStatus::ShuttingDown => "ShuttingDown",
                WorkerStatus::Shutdown => "Shutdown",
            }),
            _ => None,
        }
    }
}

fn listed(said: &WorkerHeartbeat) -> WorkerListInfo {
    let WorkerHostInfo { host_name, worker_grouping_key, process_id, .. } = said.host_info.clone().unwrap_or_default();
    WorkerListInfo {
        worker_instance_key: said.worker_instance_key.clone(),
        worker_identity: said.worker_identity.clone(),
        task_queue: said.task_queue.clone(),
        deployment_version: said.deployment_version.clone(),
        sdk_name: said.sdk_name.clone(),
        sdk_version: said.sdk_version.clone(),
        status: said.status,
        start_time: said.start_time,
        host_name,
        worker_grouping_key,
        process_id,
        plugins: said.plugins.clone(),
        drivers: said.drivers.clone(),
    }
}
