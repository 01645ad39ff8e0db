//! Workers that say how they are doing.

use std::time::Duration;

use perpetua_proto::enums::WorkerStatus;
use perpetua_proto::worker::{WorkerHeartbeat, WorkerHostInfo};
use perpetua_proto::workflowservice::*;

use crate::bench::{Bench, words};

fn heartbeat(key: &str, task_queue: &str) -> WorkerHeartbeat {
    WorkerHeartbeat {
        worker_instance_key: key.into(),
        worker_identity: format!("{key}@host"),
        task_queue: task_queue.into(),
        status: WorkerStatus::Running.into(),
        host_info: Some(WorkerHostInfo { host_name: "host".into(), ..Default::default() }),
        ..Default::default()
    }
}

fn with_workers(keys: &[(&str, &str)]) -> Bench {
    let mut bench = Bench::new();
    let worker_heartbeat = keys.iter().map(|(key, queue)| heartbeat(key, queue)).collect();
    let request = RecordWorkerHeartbeatRequest { namespace: "default".into(), worker_heartbeat, ..Default::default() };
    bench.world.record_worker_heartbeat(request).expect("workers may speak");
    bench
}

fn list(bench: &Bench, query: &str) -> Vec<String> {
    let request = ListWorkersRequest { namespace: "default".into(), query: query.into(), ..Default::default() };
    let workers = bench.world.list_workers(&request).expect("workers can be listed").workers;
    workers.into_iter().map(|worker| worker.worker_instance_key).collect()
}

#[test]
fn workers_are_listed_by_what_they_say() {
    let bench = with_workers(&[("a", "q"), ("b", "r"), ("c", "q")]);
    assert_eq!(list(&bench, ""), ["a", "b", "c"]);
    assert_eq!(list(&bench, "TaskQueue = 'q' AND (WorkerIdentity = 'c@host' OR HostName = 'other')"), ["c"]);
    assert_eq!(list(&bench, "TaskQueue STARTS_WITH 'r' AND Status = 'Running'"), ["b"]);
    assert!(list(&bench, "Color = 'red'").is_empty());
    let wrong = ListWorkersRequest { namespace: "default".into(), query: "a = = b".into(), ..Default::default() };
    assert!(words(bench.world.list_workers(&wrong)).starts_with("InvalidArgument: malformed query: syntax error"));
    let count =
        CountWorkersRequest { namespace: "default".into(), query: "TaskQueue != 'q'".into(), ..Default::default() };
    assert_eq!(bench.world.count_workers(&count).map(|it| it.count), Ok(1));
}

#[test]
fn pages_of_workers_meet_without_gaps() {
    let bench = with_workers(&[("a", "q"), ("b", "q"), ("c", "q")]);
    let mut request = ListWorkersRequest { namespace: "default".into(), page_size: 2, ..Default::default() };
    let first = bench.world.list_workers(&request).expect("workers can be listed");
    request.next_page_token = first.next_page_token;
    let second = bench.world.list_workers(&request).expect("workers can be listed");
    assert_eq!((first.workers.len(), second.workers[0].worker_instance_key.as_str()), (2, "c"));
    assert!(second.next_page_token.is_empty());
    request.next_page_token = b"no token".to_vec().into();
    assert_eq!(words(bench.world.list_workers(&request)), "InvalidArgument: invalid next_page_token");
}

#[test]
fn a_worker_that_goes_or_is_silent_for_a_day_is_forgotten() {
    let mut bench = with_workers(&[("a", "q"), ("b", "q")]);
    let shutdown =
        ShutdownWorkerRequest { namespace: "default".into(), worker_instance_key: "a".into(), ..Default::default() };
    bench.world.shutdown_worker(&shutdown).expect("a worker may go");
    let describe = |key: &str| DescribeWorkerRequest { namespace: "default".into(), worker_instance_key: key.into() };
    assert_eq!(words(bench.world.describe_worker(&describe("a"))), "NotFound: Worker a not found");
    assert!(bench.world.describe_worker(&describe("b")).is_ok());
    bench.pass(Duration::from_secs(24 * 3600));
    assert_eq!(words(bench.world.describe_worker(&describe("b"))), "NotFound: Worker b not found");
    assert!(list(&bench, "").is_empty());
}
