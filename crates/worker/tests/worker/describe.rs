//! Workers that cannot be built, and what they say.

use std::time::Duration;

use perpetua_worker::{BuildError, Worker, WorkerBuilder};

use crate::mock::Mock;
use crate::script::Asynchronous;

fn activities() -> Asynchronous {
    Asynchronous::new(async |_, number| Ok(number))
}

fn refused(describe: impl FnOnce(WorkerBuilder) -> WorkerBuilder) -> (BuildError, String) {
    let builder = Worker::builder(&Mock::default().client(), "orders").activities(activities());
    let error = describe(builder).build().expect_err("something is wrong with the worker");
    let text = error.to_string();
    (error, text)
}

#[test]
fn a_worker_that_can_do_nothing_is_refused() {
    let error = Worker::builder(&Mock::default().client(), "orders").build().expect_err("nothing is registered");
    assert!(matches!(error, BuildError::NothingRegistered { .. }), "{error:?}");
    assert!(error.to_string().contains("`orders`"), "{error}");
}

#[test]
fn a_name_can_be_registered_once() {
    let (error, text) = refused(|builder| builder.activities(activities()));
    assert!(matches!(error, BuildError::Duplicates(_)), "{error:?}");
    assert!(text.contains("activity `double` is registered twice"), "{text}");
}

#[test]
fn a_queue_has_a_name() {
    let error = Worker::builder(&Mock::default().client(), "").activities(activities()).build();
    assert!(matches!(error, Err(BuildError::EmptyTaskQueue)), "{error:?}");
}

#[test]
fn counts_of_nothing_are_refused_by_name() {
    type Setter = fn(WorkerBuilder, usize) -> WorkerBuilder;
    let cases: [(&str, Setter); 5] = [
        ("lanes", WorkerBuilder::lanes),
        ("max_concurrent_workflow_tasks", WorkerBuilder::max_concurrent_workflow_tasks),
        ("max_concurrent_activities", WorkerBuilder::max_concurrent_activities),
        ("workflow_pollers", WorkerBuilder::workflow_pollers),
        ("activity_pollers", WorkerBuilder::activity_pollers),
    ];
    for (name, set) in cases {
        let (error, text) = refused(|builder| set(builder, 0));
        assert!(matches!(error, BuildError::TooSmall { option, given: 0, .. } if option == name), "{error:?}");
        assert!(text.starts_with(&format!("`{name}` is 0")), "{text}");
    }
}

#[test]
fn a_worker_that_remembers_runs_polls_two_queues() {
    let (error, text) = refused(|builder| builder.workflow_pollers(1));
    assert!(matches!(error, BuildError::TooSmall { least: 2, .. }), "{error:?}");
    assert!(text.contains("max_cached_workflows"), "{text}");
    let builder = Worker::builder(&Mock::default().client(), "orders").activities(activities());
    let _worker = builder.max_cached_workflows(0).workflow_pollers(1).build().expect("one queue, one poller");
}

#[test]
fn times_of_nothing_are_refused_by_name() {
    type Setter = fn(WorkerBuilder, Duration) -> WorkerBuilder;
    let cases: [(&str, Setter); 4] = [
        ("sticky_timeout", WorkerBuilder::sticky_timeout),
        ("deadlock_timeout", |builder, time| builder.deadlock_timeout(time)),
        ("heartbeat_throttle", WorkerBuilder::heartbeat_throttle),
        ("max_heartbeat_throttle", WorkerBuilder::max_heartbeat_throttle),
    ];
    for (name, set) in cases {
        let (error, text) = refused(|builder| set(builder, Duration::ZERO));
        assert!(matches!(error, BuildError::ZeroDuration { option } if option == name), "{error:?}");
        assert!(text.contains(name), "{text}");
    }
}

#[test]
fn spawning_needs_a_runtime() {
    let error = Worker::builder(&Mock::default().client(), "orders").activities(activities()).spawn();
    assert!(matches!(error, Err(BuildError::NoRuntime)), "{error:?}");
}
