//! When nobody works, so that the time of a whole world may skip, and when somebody waits for it to.

use perpetua_proto::common::RetryPolicy;
use perpetua_proto::failure::failure::FailureInfo;
use perpetua_proto::failure::{ApplicationFailureInfo, Failure};
use perpetua_proto::query::WorkflowQuery;
use perpetua_proto::workflowservice::*;
use perpetua_server_core::{CallId, Reply};

use crate::bench::*;

#[test]
fn a_world_is_busy_while_a_worker_has_something_to_do_and_not_while_it_waits_for_a_time() {
    let mut bench = Bench::new();
    assert!(!bench.world.is_busy());
    bench.start();
    assert!(bench.world.is_busy(), "a task waits");
    let task = bench.task();
    assert!(bench.world.is_busy(), "a worker has it");
    let policy = RetryPolicy { initial_interval: seconds(60), ..Default::default() };
    let commands = vec![timer("1", 60), activity_with("2", |asked| asked.retry_policy = Some(policy))];
    bench.answer(&task, commands).expect("the answer is taken");
    assert!(bench.world.is_busy(), "an activity waits");
    let attempt = bench.activity().expect("it is there");
    let failure_info = Some(FailureInfo::ApplicationFailureInfo(ApplicationFailureInfo::default()));
    let failed = RespondActivityTaskFailedRequest {
        task_token: attempt.task_token,
        failure: Some(Failure { failure_info, ..Default::default() }),
        ..Default::default()
    };
    bench.world.respond_activity_failed(failed).expect("the failure is taken");
    assert!(!bench.world.is_busy(), "a timer runs, and an activity is tried again later");
}

#[test]
fn a_query_keeps_a_world_busy_until_it_is_given_up_even_that_of_a_closed_workflow() {
    let mut bench = Bench::new();
    bench.start();
    let task = bench.task();
    bench.answer(&task, vec![complete()]).expect("the answer is taken");
    assert!(!bench.world.is_busy());
    let request = QueryWorkflowRequest {
        namespace: "default".into(),
        execution: Some(execution("w")),
        query: Some(WorkflowQuery { query_type: "state".into(), ..Default::default() }),
        ..Default::default()
    };
    let call = bench.call(|world, call| world.query_workflow(call, request)).expect("it may be asked");
    assert!(bench.world.is_busy());
    bench.world.expire(call);
    assert!(!bench.world.is_busy());
}

#[test]
fn who_waits_for_the_clock_is_told_when_it_is_there_and_is_somebody_to_skip_for() {
    let mut bench = Bench::new();
    let hour = std::time::Duration::from_secs(3600);
    let until = bench.world.now().plus(hour);
    assert!(!bench.world.is_waited_for());
    // Whoever waits is gone after a restart, so this world is not compared with one that was made anew.
    let call = CallId(1);
    bench.world.sleep_until(call, until).expect("anybody may sleep");
    assert!(bench.world.is_waited_for());
    assert_eq!(bench.world.next_awaited(), Some(until));
    bench.world.advance(until.back(hour / 2));
    assert_eq!(bench.reply(call), None);
    bench.world.advance(until);
    assert_eq!(bench.reply(call), Some(Ok(Reply::Slept)));
    assert!(!bench.world.is_waited_for());
}
