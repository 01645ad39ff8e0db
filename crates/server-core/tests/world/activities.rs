//! Activities: attempts, limits, requests to stop.

use std::time::Duration;

use perpetua_proto::command::command::Attributes as CommandAttributes;
use perpetua_proto::command::{Command, RequestCancelActivityTaskCommandAttributes};
use perpetua_proto::enums::{EventType, RetryState, TimeoutType};
use perpetua_proto::failure::failure::FailureInfo;
use perpetua_proto::failure::{ApplicationFailureInfo, Failure};
use perpetua_proto::history::history_event::Attributes;
use perpetua_proto::workflowservice::{
    PollActivityTaskQueueResponse, RecordActivityTaskHeartbeatRequest, RespondActivityTaskCanceledRequest,
    RespondActivityTaskFailedRequest,
};

use crate::bench::{Bench, activity, activity_with, command, last, seconds, timer, words};

fn fail(bench: &mut Bench, work: &PollActivityTaskQueueResponse) {
    let request = RespondActivityTaskFailedRequest {
        task_token: work.task_token.clone(),
        failure: Some(failure(ApplicationFailureInfo::default())),
        ..Default::default()
    };
    bench.world.respond_activity_failed(request).expect("it is running");
}

fn failure(info: ApplicationFailureInfo) -> Failure {
    let failure_info = Some(FailureInfo::ApplicationFailureInfo(info));
    Failure { message: "no luck".into(), failure_info, ..Default::default() }
}

fn cancel(scheduled_event_id: i64) -> Command {
    let asked = RequestCancelActivityTaskCommandAttributes { scheduled_event_id };
    command(CommandAttributes::RequestCancelActivityTaskCommandAttributes(Box::new(asked)))
}

#[test]
fn a_failed_attempt_is_tried_again_after_a_wait_that_grows() {
    let mut bench = Bench::new();
    bench.start();
    let task = bench.task();
    bench.answer(&task, vec![activity("a")]).expect("it can be done");
    for (attempt, wait) in [(1, 1), (2, 2), (3, 4)] {
        let work = bench.activity().expect("an attempt is due");
        assert_eq!(work.attempt, attempt);
        fail(&mut bench, &work);
        bench.pass(Duration::from_millis(wait * 1000 - 1));
        assert!(bench.activity().is_none(), "it waits {wait} s");
        bench.pass(Duration::from_millis(1));
    }
    let work = bench.activity().expect("an attempt is due");
    bench.complete(&work).expect("it is running");
    let Some(Attributes::ActivityTaskStartedEventAttributes(started)) =
        last(&bench.events(), EventType::ActivityTaskStarted).attributes
    else {
        panic!("it is what its type says")
    };
    assert_eq!((started.attempt, started.last_failure.map(|it| it.message)), (4, Some("no luck".into())));
}

#[test]
fn an_activity_that_nobody_takes_or_ends_runs_out_of_time() {
    for (limit, taken, kind) in [
        ("schedule_to_start", false, TimeoutType::ScheduleToStart),
        ("schedule_to_close", false, TimeoutType::ScheduleToStart),
        ("schedule_to_close", true, TimeoutType::ScheduleToClose),
        ("start_to_close", true, TimeoutType::StartToClose),
        ("heartbeat", true, TimeoutType::Heartbeat),
    ] {
        let mut bench = Bench::new();
        bench.start();
        let task = bench.task();
        let asked = activity_with("a", |asked| {
            let field = match limit {
                "schedule_to_start" => &mut asked.schedule_to_start_timeout,
                "schedule_to_close" => &mut asked.schedule_to_close_timeout,
                "start_to_close" => &mut asked.start_to_close_timeout,
                _ => &mut asked.heartbeat_timeout,
            };
            *field = seconds(5);
            asked.retry_policy =
                Some(perpetua_proto::common::RetryPolicy { maximum_attempts: 1, ..Default::default() });
        });
        bench.answer(&task, vec![asked]).expect("it can be done");
        if taken {
            bench.activity().expect("it is due");
        }
        bench.pass(Duration::from_secs(5));
        let Some(Attributes::ActivityTaskTimedOutEventAttributes(timed_out)) =
            last(&bench.events(), EventType::ActivityTaskTimedOut).attributes
        else {
            panic!("it is what its type says")
        };
        let Some(FailureInfo::TimeoutFailureInfo(info)) = timed_out.failure.and_then(|it| it.failure_info) else {
            panic!("it is a timeout")
        };
        assert_eq!(info.timeout_type(), kind, "{limit}");
    }
}

#[test]
fn an_activity_that_no_worker_has_stops_at_once() {
    let mut bench = Bench::new();
    bench.start();
    let task = bench.task();
    bench.answer(&task, vec![activity("a"), timer("t", 1)]).expect("it can be done");
    bench.pass(Duration::from_secs(1));
    let task = bench.task();
    bench.answer(&task, vec![cancel(5)]).expect("it can be done");
    assert_eq!(
        bench.history()[9..],
        [
            "10 workflow_task_completed",
            "11 activity_task_cancel_requested",
            "12 activity_task_canceled",
            "13 workflow_task_scheduled",
        ]
    );
    assert!(bench.activity().is_none());
}

#[test]
fn a_running_activity_learns_by_its_heartbeat_that_it_should_stop() {
    let mut bench = Bench::new();
    bench.start();
    let task = bench.task();
    bench.answer(&task, vec![activity("a"), timer("t", 1)]).expect("it can be done");
    let work = bench.activity().expect("it is due");
    let beat = |bench: &mut Bench| {
        let request = RecordActivityTaskHeartbeatRequest { task_token: work.task_token.clone(), ..Default::default() };
        bench.world.heartbeat(request).expect("it is running").cancel_requested
    };
    let stop = |bench: &mut Bench| {
        let request = RespondActivityTaskCanceledRequest { task_token: work.task_token.clone(), ..Default::default() };
        bench.world.respond_activity_canceled(request)
    };
    assert!(!beat(&mut bench));
    assert!(words(stop(&mut bench)).starts_with("InvalidArgument"));
    bench.pass(Duration::from_secs(1));
    let task = bench.task();
    bench.answer(&task, vec![cancel(5)]).expect("it can be done");
    assert!(beat(&mut bench));
    stop(&mut bench).expect("it was asked to");
    assert!(words(stop(&mut bench)).starts_with("NotFound"));
    assert_eq!(
        bench.history()[11..],
        ["12 activity_task_started", "13 activity_task_canceled", "14 workflow_task_scheduled"]
    );
}

#[test]
fn attempts_run_out() {
    let mut bench = Bench::new();
    bench.start();
    let task = bench.task();
    let twice = activity_with("a", |asked| {
        asked.retry_policy = Some(perpetua_proto::common::RetryPolicy { maximum_attempts: 2, ..Default::default() });
    });
    bench.answer(&task, vec![twice]).expect("it can be done");
    for _ in 0..2 {
        let work = bench.activity().expect("an attempt is due");
        fail(&mut bench, &work);
        bench.pass(Duration::from_secs(1));
    }
    let Some(Attributes::ActivityTaskFailedEventAttributes(failed)) =
        last(&bench.events(), EventType::ActivityTaskFailed).attributes
    else {
        panic!("it is what its type says")
    };
    assert_eq!(failed.retry_state(), RetryState::MaximumAttemptsReached);
}
