//! Activities that clients start, without a workflow around them.

use std::time::Duration;

use perpetua_proto::activity::{ActivityExecutionOutcome, activity_execution_outcome::Value};
use perpetua_proto::common::{ActivityType, RetryPolicy};
use perpetua_proto::enums::{
    ActivityExecutionStatus as Status, ActivityIdConflictPolicy as Conflict, ActivityIdReusePolicy as Reuse,
    PendingActivityState as State, RetryState, TimeoutType,
};
use perpetua_proto::failure::failure::FailureInfo;
use perpetua_proto::failure::{ApplicationFailureInfo, Failure};
use perpetua_proto::workflowservice::*;
use perpetua_server_core::Reply;

use crate::bench::{Bench, queue, seconds, value, words};

fn start(change: impl FnOnce(&mut StartActivityExecutionRequest)) -> StartActivityExecutionRequest {
    let mut request = StartActivityExecutionRequest {
        namespace: "default".into(),
        activity_id: "a".into(),
        activity_type: Some(ActivityType { name: "work".into() }),
        task_queue: Some(queue()),
        start_to_close_timeout: seconds(10),
        input: Some(value("input")),
        request_id: "first".into(),
        ..Default::default()
    };
    change(&mut request);
    request
}

fn started(change: impl FnOnce(&mut StartActivityExecutionRequest)) -> Bench {
    let mut bench = Bench::new();
    bench.world.start_activity(start(change)).expect("it can be done");
    bench
}

fn describe(bench: &mut Bench) -> DescribeActivityExecutionResponse {
    let request = DescribeActivityExecutionRequest {
        namespace: "default".into(),
        activity_id: "a".into(),
        include_input: true,
        include_outcome: true,
        include_heartbeat_details: true,
        include_last_failure: true,
        ..Default::default()
    };
    let call = bench.call(|world, call| world.describe_activity(call, request)).expect("it is there");
    match bench.reply(call) {
        Some(Ok(Reply::Activity(response))) => *response,
        other => panic!("this is no description: {other:?}"),
    }
}

fn status(bench: &mut Bench) -> (Status, State, i32) {
    let info = describe(bench).info.expect("it is described");
    (info.status(), info.run_state(), info.attempt)
}

fn outcome(bench: &mut Bench) -> ActivityExecutionOutcome {
    describe(bench).outcome.expect("it is over")
}

fn failure(outcome: &ActivityExecutionOutcome) -> &Failure {
    match &outcome.value {
        Some(Value::Failure(failure)) => failure,
        other => panic!("this is no failure: {other:?}"),
    }
}

fn fail(bench: &mut Bench, work: &PollActivityTaskQueueResponse) {
    let failure_info = Some(FailureInfo::ApplicationFailureInfo(ApplicationFailureInfo::default()));
    let request = RespondActivityTaskFailedRequest {
        task_token: work.task_token.clone(),
        failure: Some(Failure { failure_info, message: "no luck".into(), ..Default::default() }),
        ..Default::default()
    };
    bench.world.respond_activity_failed(request).expect("it is running");
}

fn cancel(bench: &mut Bench, request_id: &str) -> perpetua_server_core::Answer<()> {
    bench.world.cancel_activity_execution(RequestCancelActivityExecutionRequest {
        namespace: "default".into(),
        activity_id: "a".into(),
        request_id: request_id.into(),
        reason: "enough".into(),
        ..Default::default()
    })
}

#[test]
fn a_worker_gets_it_from_the_queue_and_whoever_waits_gets_the_outcome() {
    let mut bench = started(|_| ());
    let request =
        PollActivityExecutionRequest { namespace: "default".into(), activity_id: "a".into(), ..Default::default() };
    let waits = bench.call(|world, call| world.poll_activity(call, request)).expect("it is there");
    let work = bench.activity().expect("it is due");
    assert_eq!((work.activity_id.as_str(), work.attempt, &work.input), ("a", 1, &Some(value("input"))));
    assert_eq!((work.workflow_type.clone(), work.activity_run_id.is_empty()), (None, false));
    assert!(bench.reply(waits).is_none());
    bench.complete(&work).expect("it is running");
    match bench.reply(waits) {
        Some(Ok(Reply::ActivityOutcome(response))) => {
            assert_eq!(response.outcome.and_then(|it| it.value), Some(Value::Result(value("done"))));
        }
        other => panic!("this is no outcome: {other:?}"),
    }
    assert_eq!(status(&mut bench), (Status::Completed, State::Unspecified, 1));
    assert_eq!(words(bench.complete(&work)), "NotFound: activity not found for ID: a");
}

#[test]
fn a_description_with_a_token_comes_when_something_has_changed() {
    let mut bench = started(|_| ());
    let first = describe(&mut bench);
    let request = DescribeActivityExecutionRequest {
        namespace: "default".into(),
        activity_id: "a".into(),
        run_id: first.run_id.clone(),
        long_poll_token: first.long_poll_token,
        ..Default::default()
    };
    let without_run = DescribeActivityExecutionRequest { run_id: String::new(), ..request.clone() };
    let refused = bench.call(|world, call| world.describe_activity(call, without_run));
    assert!(words(refused).contains("run id is required"));
    let waits = bench.call(|world, call| world.describe_activity(call, request)).expect("it is there");
    assert!(bench.reply(waits).is_none());
    bench.activity().expect("it is due");
    assert!(matches!(bench.reply(waits), Some(Ok(Reply::Activity(_)))));
}

#[test]
fn it_is_tried_again_also_by_a_server_that_was_killed() {
    let mut bench = started(|request| {
        request.retry_policy = Some(RetryPolicy { maximum_attempts: 2, ..Default::default() });
    });
    bench.restart();
    let work = bench.activity().expect("it is due");
    bench.restart();
    fail(&mut bench, &work);
    assert_eq!(status(&mut bench), (Status::Running, State::Scheduled, 2));
    bench.restart();
    assert!(bench.activity().is_none());
    bench.pass(Duration::from_secs(1));
    bench.restart();
    let work = bench.activity().expect("the second attempt is due");
    fail(&mut bench, &work);
    bench.restart();
    assert_eq!(status(&mut bench), (Status::Failed, State::Unspecified, 2));
    assert_eq!(outcome(&mut bench).retry_state(), RetryState::MaximumAttemptsReached);
}

#[test]
fn it_runs_out_of_time() {
    for (limit, taken, kind) in [
        ("start_to_close", true, TimeoutType::StartToClose),
        ("schedule_to_start", false, TimeoutType::ScheduleToStart),
        ("schedule_to_close", true, TimeoutType::ScheduleToClose),
        ("heartbeat", true, TimeoutType::Heartbeat),
    ] {
        let mut bench = started(|request| {
            let field = match limit {
                "start_to_close" => &mut request.start_to_close_timeout,
                "schedule_to_start" => &mut request.schedule_to_start_timeout,
                "schedule_to_close" => &mut request.schedule_to_close_timeout,
                _ => &mut request.heartbeat_timeout,
            };
            *field = seconds(5);
            request.retry_policy = Some(RetryPolicy { maximum_attempts: 1, ..Default::default() });
        });
        if taken {
            bench.activity().expect("it is due");
        }
        bench.pass(Duration::from_secs(5));
        assert_eq!(status(&mut bench).0, Status::TimedOut, "{limit}");
        let outcome = outcome(&mut bench);
        let Some(FailureInfo::TimeoutFailureInfo(info)) = &failure(&outcome).failure_info else {
            panic!("it is a timeout")
        };
        assert_eq!(info.timeout_type(), kind, "{limit}");
    }
}

#[test]
fn it_stops_at_once_or_when_the_worker_has_heard() {
    let mut bench = started(|_| ());
    cancel(&mut bench, "once").expect("it is open");
    cancel(&mut bench, "once").expect("it is the same request");
    assert!(words(cancel(&mut bench, "twice")).ends_with("activity is in terminal state Canceled"));
    assert_eq!(status(&mut bench).0, Status::Canceled);
    assert!(bench.activity().is_none());

    bench.world.start_activity(start(|request| request.request_id = "second".into())).expect("the id is free");
    let work = bench.activity().expect("it is due");
    let stop = RespondActivityTaskCanceledRequest { task_token: work.task_token.clone(), ..Default::default() };
    assert!(words(bench.world.respond_activity_canceled(stop.clone())).starts_with("InvalidArgument"));
    cancel(&mut bench, "once").expect("it is open");
    assert_eq!(status(&mut bench).1, State::CancelRequested);
    let beat = RecordActivityTaskHeartbeatRequest { task_token: work.task_token, ..Default::default() };
    assert!(bench.world.heartbeat(beat).expect("it is running").cancel_requested);
    bench.world.respond_activity_canceled(stop).expect("it was asked to");
    assert_eq!(status(&mut bench).0, Status::Canceled);
}

#[test]
fn an_id_is_shared_or_given_again_as_the_policies_say() {
    let mut bench = started(|_| ());
    let again = |request_id: &str, reuse: Reuse, conflict: Conflict| {
        start(|request| {
            request.request_id = request_id.into();
            request.set_id_reuse_policy(reuse);
            request.set_id_conflict_policy(conflict);
        })
    };
    let open =
        [("first", Conflict::Fail, true), ("other", Conflict::Fail, false), ("other", Conflict::UseExisting, true)];
    for (request_id, conflict, allowed) in open {
        let answer = bench.world.start_activity(again(request_id, Reuse::AllowDuplicate, conflict));
        assert_eq!(answer.as_ref().is_ok_and(|it| !it.started), allowed, "{answer:?}");
    }
    let work = bench.activity().expect("it is due");
    bench.complete(&work).expect("it is running");
    for (reuse, allowed) in
        [(Reuse::RejectDuplicate, false), (Reuse::AllowDuplicateFailedOnly, false), (Reuse::AllowDuplicate, true)]
    {
        let answer = bench.world.start_activity(again("third", reuse, Conflict::Fail));
        assert_eq!(answer.as_ref().is_ok_and(|it| it.started), allowed, "{answer:?}");
    }
    bench.restart();
    assert_eq!(status(&mut bench).0, Status::Running, "the newest counts");
}

#[test]
fn it_waits_before_its_first_attempt_as_long_as_is_said() {
    let mut bench = started(|request| {
        request.start_delay = seconds(30);
        request.schedule_to_close_timeout = seconds(5);
    });
    bench.pass(Duration::from_secs(29));
    assert!(bench.activity().is_none());
    bench.restart();
    bench.pass(Duration::from_secs(1));
    assert!(bench.activity().is_some());
}

#[test]
fn a_reset_lets_even_the_last_attempt_be_followed_by_a_first() {
    let mut bench = started(|request| {
        request.retry_policy = Some(RetryPolicy { maximum_attempts: 1, ..Default::default() });
    });
    let work = bench.activity().expect("it is due");
    let request =
        ResetActivityExecutionRequest { namespace: "default".into(), activity_id: "a".into(), ..Default::default() };
    bench.world.reset_activity_execution(&request).expect("it is open");
    fail(&mut bench, &work);
    let work = bench.activity().expect("it begins again at once");
    assert_eq!(work.attempt, 1);
    fail(&mut bench, &work);
    assert_eq!(status(&mut bench).0, Status::Failed);
    assert!(words(bench.world.reset_activity_execution(&request)).contains("activity execution is not running"));
}

#[test]
fn what_is_paused_has_a_status_of_its_own_and_goes_on_by_id() {
    let mut bench = started(|_| ());
    let request =
        PauseActivityExecutionRequest { namespace: "default".into(), activity_id: "a".into(), ..Default::default() };
    bench.world.pause_activity_execution(request.clone()).expect("it is open");
    assert!(words(bench.world.pause_activity_execution(request)).contains("non-pausable state Paused"));
    assert_eq!(status(&mut bench).0, Status::Paused);
    assert!(bench.activity().is_none());
    let list = CountActivityExecutionsRequest {
        namespace: "default".into(),
        query: "ExecutionStatus = 'Paused' AND ActivityType = 'work' GROUP BY ExecutionStatus".into(),
    };
    let counted = bench.world.count_activities(&list).expect("the query is right");
    assert_eq!((counted.count, counted.groups.len()), (1, 1));
    let done = RespondActivityTaskCompletedByIdRequest {
        namespace: "default".into(),
        activity_id: "a".into(),
        result: Some(value("done")),
        ..Default::default()
    };
    bench.world.respond_activity_completed_by_id(done.clone()).expect("it is open");
    assert_eq!(status(&mut bench).0, Status::Completed);
    let again = bench.world.respond_activity_completed_by_id(done);
    assert_eq!(words(again), "FailedPrecondition: invalid transition from Completed");
}

#[test]
fn what_is_over_is_forgotten_in_time() {
    let mut bench = started(|_| ());
    let request = TerminateActivityExecutionRequest {
        namespace: "default".into(),
        activity_id: "a".into(),
        reason: "enough".into(),
        ..Default::default()
    };
    bench.world.terminate_activity(request).expect("it is open");
    assert_eq!(status(&mut bench).0, Status::Terminated);
    assert_eq!(failure(&outcome(&mut bench)).message, "enough");
    bench.restart();
    bench.pass(Duration::from_secs(24 * 3600));
    let request =
        DescribeActivityExecutionRequest { namespace: "default".into(), activity_id: "a".into(), ..Default::default() };
    let gone = bench.call(|world, call| world.describe_activity(call, request));
    assert_eq!(words(gone), "NotFound: activity not found for ID: a");
}

#[test]
fn batch_operations_stop_and_forget_many() {
    use start_batch_operation_request::Operation;
    let mut bench = started(|_| ());
    bench.world.start_activity(start(|request| request.activity_id = "b".into())).expect("it can be done");
    let batch = |bench: &mut Bench, job: &str, operation: Operation| {
        let request = StartBatchOperationRequest {
            namespace: "default".into(),
            job_id: job.into(),
            reason: "enough".into(),
            visibility_query: "ActivityType = 'work'".into(),
            operation: Some(operation),
            ..Default::default()
        };
        bench.pass(Duration::from_secs(1));
        bench.world.start_batch(request).expect("it can be done");
        bench.pass(Duration::from_secs(1));
    };
    let count = |bench: &mut Bench, query: &str| {
        let request = CountActivityExecutionsRequest { namespace: "default".into(), query: query.into() };
        bench.world.count_activities(&request).expect("the query is right").count
    };
    batch(&mut bench, "cancel", Operation::CancelActivitiesOperation(Default::default()));
    assert_eq!(count(&mut bench, "ExecutionStatus = 'Canceled'"), 2);
    batch(&mut bench, "delete", Operation::DeleteActivitiesOperation(Default::default()));
    assert_eq!(count(&mut bench, ""), 0);
}

#[test]
fn who_has_ended_an_activity_is_shown_as_its_last_worker() {
    let last_worker = |bench: &mut Bench| describe(bench).info.expect("it is described").last_worker_identity;
    let mut bench = started(|_| ());
    let work = bench.activity().expect("it waits for a worker");
    assert_eq!(last_worker(&mut bench), "worker");
    let request = RespondActivityTaskCompletedRequest {
        task_token: work.task_token,
        identity: "somebody else".into(),
        ..Default::default()
    };
    bench.world.respond_activity_completed(request).expect("it is running");
    assert_eq!(last_worker(&mut bench), "somebody else");

    let mut bench = started(|_| ());
    let work = bench.activity().expect("it waits for a worker");
    fail(&mut bench, &work);
    assert_eq!(last_worker(&mut bench), "worker", "it will be tried again");
}
