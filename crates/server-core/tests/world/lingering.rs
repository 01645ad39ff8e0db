//! Attempts of activities that are open although nobody works on them, and bells.

use std::time::Duration;

use perpetua_proto::enums::TimeoutType;
use perpetua_proto::workflowservice::{PollActivityTaskQueueResponse, TerminateWorkflowExecutionRequest};
use perpetua_server_core::{CallId, Lingered, Reply, Time};

use crate::bench::*;

const HOUR: Duration = Duration::from_secs(3600);
/// Far from those that the bench gives.
const CALL: CallId = CallId(1_000_000);

/// A run whose only work is an activity that a worker has, with half a day for each of two attempts.
fn at_work() -> (Bench, PollActivityTaskQueueResponse) {
    let mut bench = Bench::new();
    bench.start();
    let task = bench.task();
    let asked = activity_with("a", |asked| {
        asked.start_to_close_timeout = seconds(43_200);
        asked.retry_policy = Some(perpetua_proto::common::RetryPolicy { maximum_attempts: 2, ..Default::default() });
    });
    bench.answer(&task, vec![asked]).expect("it can be done");
    let work = bench.activity().expect("it is there");
    (bench, work)
}

fn linger(bench: &mut Bench, work: &PollActivityTaskQueueResponse, until: Option<Time>) {
    bench.world.linger_over(CALL, &work.task_token, until).expect("a worker has it");
}

fn lingered(bench: &mut Bench) -> Option<Lingered> {
    bench.reply(CALL).map(|reply| match reply {
        Ok(Reply::Lingered(lingered)) => lingered,
        other => panic!("another answer: {other:?}"),
    })
}

#[test]
fn who_lingers_holds_no_time_until_its_time_comes() {
    let (mut bench, work) = at_work();
    assert!(bench.world.is_busy() && bench.world.is_attended());
    let until = bench.world.now().plus(HOUR);
    linger(&mut bench, &work, Some(until));
    assert!(!bench.world.is_busy() && !bench.world.is_attended());
    assert!(!bench.world.is_waited_for(), "it is no reason to skip time");
    assert_eq!(bench.world.next_awaited(), Some(until));
    bench.world.advance(until);
    assert!(bench.world.is_busy(), "it is at work again");
    assert_eq!(lingered(&mut bench), Some(Lingered::TimeCame));
    bench.complete(&work).expect("it is its worker's");
}

#[test]
fn who_lingers_is_told_when_the_attempt_is_over() {
    let (mut bench, work) = at_work();
    linger(&mut bench, &work, None);
    let later = bench.world.now().plus(12 * HOUR);
    assert_eq!(bench.world.next_awaited(), Some(later), "the deadline of the attempt");
    bench.world.advance(later);
    assert_eq!(lingered(&mut bench), Some(Lingered::Over));
    bench.world.advance(later.plus(HOUR));
    assert!(bench.world.is_busy(), "the next attempt waits for a worker");
    let terminated = TerminateWorkflowExecutionRequest {
        namespace: "default".into(),
        workflow_execution: Some(execution("w")),
        ..Default::default()
    };
    let next = bench.activity().expect("it is tried again");
    linger(&mut bench, &next, Some(later.plus(50 * HOUR)));
    bench.world.terminate_workflow(terminated).expect("it is open");
    assert_eq!(lingered(&mut bench), Some(Lingered::Over));
    assert_ne!(bench.world.next_awaited(), Some(later.plus(50 * HOUR)), "nobody waits for that any more");
}

#[test]
fn only_what_a_worker_has_can_linger_or_time_out() {
    let (mut bench, work) = at_work();
    let foreign = words(bench.world.linger_over(CALL, &[1, 2, 3], None));
    assert!(foreign.contains("task token"), "{foreign}");
    bench.complete(&work).expect("it is its worker's");
    let over = words(bench.world.linger_over(CALL, &work.task_token, None));
    assert!(over.contains("no worker has this attempt"), "{over}");
    let over = words(bench.world.time_out_attempt(&work.task_token, TimeoutType::Heartbeat));
    assert!(over.contains("no worker has this attempt"), "{over}");
}

#[test]
fn an_attempt_that_is_to_have_timed_out_is_tried_again_or_was_the_last() {
    let (mut bench, work) = at_work();
    bench.world.time_out_attempt(&work.task_token, TimeoutType::StartToClose).expect("a worker has it");
    bench.pass(Duration::from_secs(1));
    let second = bench.activity().expect("it is tried again");
    assert_eq!(second.attempt, 2);
    bench.world.time_out_attempt(&second.task_token, TimeoutType::Heartbeat).expect("a worker has it");
    let history = bench.history();
    assert!(history.iter().any(|event| event.contains("activity_task_timed_out")), "{history:?}");
}

#[test]
fn who_gives_up_lingers_no_longer() {
    let (mut bench, work) = at_work();
    let until = bench.world.now().plus(HOUR);
    linger(&mut bench, &work, Some(until));
    bench.world.expire(CALL);
    assert!(bench.world.is_busy());
    assert_ne!(bench.world.next_awaited(), Some(until));
}

#[test]
fn a_bell_rings_at_its_time_and_is_no_reason_to_skip_time() {
    let mut bench = Bench::new();
    let until = bench.world.now().plus(HOUR);
    bench.world.ring_at(CALL, until).expect("anybody may ask");
    assert!(!bench.world.is_waited_for());
    assert_eq!(bench.world.next_awaited(), Some(until));
    bench.world.advance(until);
    assert_eq!(bench.reply(CALL), Some(Ok(Reply::Slept)));
    bench.world.ring_at(CALL, until).expect("anybody may ask");
    assert_eq!(bench.reply(CALL), Some(Ok(Reply::Slept)), "it is there already");
}
