//! What operators do to activities of workflows: pause, let go on, have begin again, change options.

use std::time::Duration;

use perpetua_proto::activity::ActivityOptions;
use perpetua_proto::common::RetryPolicy;
use perpetua_proto::enums::PendingActivityState as State;
use perpetua_proto::failure::failure::FailureInfo;
use perpetua_proto::failure::{ApplicationFailureInfo, Failure};
use perpetua_proto::protobuf::FieldMask;
use perpetua_proto::taskqueue::TaskQueue;
use perpetua_proto::workflow::PendingActivityInfo;
use perpetua_proto::workflowservice::*;

use crate::bench::{Bench, activity, activity_with, execution, seconds, value, words};

fn with_activity() -> Bench {
    let mut bench = Bench::new();
    bench.start();
    let task = bench.task();
    bench.answer(&task, vec![activity("a")]).expect("it can be done");
    bench
}

fn pause(bench: &mut Bench) {
    let activity = Some(pause_activity_request::Activity::Id("a".into()));
    let request = PauseActivityRequest {
        namespace: "default".into(),
        execution: Some(execution("w")),
        identity: "operator".into(),
        activity,
        reason: "lunch".into(),
        ..Default::default()
    };
    bench.world.pause_activity(request).expect("it is pending");
}

fn unpause(bench: &mut Bench, change: impl FnOnce(&mut UnpauseActivityRequest)) {
    let activity = Some(unpause_activity_request::Activity::Type("work".into()));
    let mut request = UnpauseActivityRequest {
        namespace: "default".into(),
        execution: Some(execution("w")),
        activity,
        ..Default::default()
    };
    change(&mut request);
    bench.world.unpause_activity(&request).expect("it is pending");
}

fn reset(bench: &mut Bench, change: impl FnOnce(&mut ResetActivityRequest)) {
    let activity = Some(reset_activity_request::Activity::MatchAll(true));
    let mut request = ResetActivityRequest {
        namespace: "default".into(),
        execution: Some(execution("w")),
        activity,
        ..Default::default()
    };
    change(&mut request);
    bench.world.reset_activity(&request).expect("it is pending");
}

fn update(bench: &mut Bench, paths: &[&str], options: ActivityOptions) -> Result<ActivityOptions, String> {
    let request = UpdateActivityExecutionOptionsRequest {
        namespace: "default".into(),
        workflow_id: "w".into(),
        activity_id: "a".into(),
        activity_options: Some(options),
        update_mask: Some(FieldMask { paths: paths.iter().map(|&path| path.to_owned()).collect() }),
        ..Default::default()
    };
    let response = bench.world.update_activity_execution_options(request);
    response.map(|it| it.activity_options.unwrap_or_default()).map_err(|refusal| refusal.to_string())
}

fn pending(bench: &mut Bench) -> PendingActivityInfo {
    let request = DescribeWorkflowExecutionRequest { namespace: "default".into(), execution: Some(execution("w")) };
    let described = bench.world.describe_workflow(&request).expect("it is there");
    described.pending_activities.first().cloned().expect("it is pending")
}

fn beat(bench: &mut Bench, work: &PollActivityTaskQueueResponse) -> RecordActivityTaskHeartbeatResponse {
    let request = RecordActivityTaskHeartbeatRequest {
        task_token: work.task_token.clone(),
        details: Some(value("half")),
        ..Default::default()
    };
    bench.world.heartbeat(request).expect("it is running")
}

fn fail(bench: &mut Bench, work: &PollActivityTaskQueueResponse) {
    let failure_info = Some(FailureInfo::ApplicationFailureInfo(ApplicationFailureInfo::default()));
    let request = RespondActivityTaskFailedRequest {
        task_token: work.task_token.clone(),
        failure: Some(Failure { failure_info, ..Default::default() }),
        ..Default::default()
    };
    bench.world.respond_activity_failed(request).expect("it is running");
}

#[test]
fn what_is_paused_waits_as_long_as_it_takes_and_is_offered_once_when_it_goes_on() {
    let mut bench = with_activity();
    pause(&mut bench);
    assert!(bench.activity().is_none());
    bench.pass(Duration::from_secs(3600));
    let info = pending(&mut bench);
    assert_eq!((info.state(), info.paused), (State::Paused, true));
    unpause(&mut bench, |_| ());
    let work = bench.activity().expect("it goes on");
    assert!(bench.activity().is_none(), "the offer from before the pause is void");
    assert!(!beat(&mut bench, &work).activity_paused);
}

#[test]
fn a_running_attempt_hears_of_a_pause_and_is_not_followed_by_another() {
    let mut bench = with_activity();
    let work = bench.activity().expect("it is due");
    pause(&mut bench);
    assert!(beat(&mut bench, &work).activity_paused);
    assert_eq!(pending(&mut bench).state(), State::PauseRequested);
    fail(&mut bench, &work);
    bench.pass(Duration::from_secs(100));
    assert!(bench.activity().is_none());
    let info = pending(&mut bench);
    assert_eq!((info.state(), info.attempt, info.next_attempt_schedule_time), (State::Paused, 2, None));
    unpause(&mut bench, |request| (request.reset_attempts, request.reset_heartbeat) = (true, true));
    let work = bench.activity().expect("it goes on at once");
    assert_eq!((work.attempt, work.heartbeat_details), (1, None));
}

#[test]
fn the_run_shows_which_types_of_activities_are_paused() {
    let mut bench = with_activity();
    let shown = |bench: &mut Bench| {
        let request = DescribeWorkflowExecutionRequest { namespace: "default".into(), execution: Some(execution("w")) };
        let info = bench.world.describe_workflow(&request).expect("it is there").workflow_execution_info;
        let fields = info.and_then(|info| info.search_attributes).unwrap_or_default().indexed_fields;
        fields.get("TemporalPauseInfo").map(|payload| String::from_utf8_lossy(&payload.data).into_owned())
    };
    pause(&mut bench);
    assert_eq!(shown(&mut bench).as_deref(), Some("[\"property:activityType=work\"]"));
    unpause(&mut bench, |_| ());
    assert_eq!(shown(&mut bench), None);
}

#[test]
fn an_activity_begins_again_at_once_or_tells_the_attempt_that_runs() {
    let mut bench = with_activity();
    let work = bench.activity().expect("it is due");
    beat(&mut bench, &work);
    fail(&mut bench, &work);
    reset(&mut bench, |request| request.reset_heartbeat = true);
    let work = bench.activity().expect("it does not wait any longer");
    assert_eq!((work.attempt, work.heartbeat_details.clone()), (1, None));
    reset(&mut bench, |request| request.reset_heartbeat = true);
    assert!(beat(&mut bench, &work).activity_reset);
    fail(&mut bench, &work);
    assert_eq!(pending(&mut bench).heartbeat_details, None);
    pause(&mut bench);
    reset(&mut bench, |request| request.keep_paused = true);
    assert!(bench.activity().is_none());
    reset(&mut bench, |_| ());
    assert!(bench.activity().is_some());
}

#[test]
fn options_are_changed_by_name_and_restored() {
    let mut bench = with_activity();
    let new = ActivityOptions {
        task_queue: Some(TaskQueue { name: "other".into(), ..Default::default() }),
        start_to_close_timeout: seconds(3),
        heartbeat_timeout: seconds(30),
        ..Default::default()
    };
    let paths = ["taskQueue.name", "start_to_close_timeout", "heartbeat_timeout"];
    let changed = update(&mut bench, &paths, new).expect("they can be changed");
    assert_eq!((changed.start_to_close_timeout, changed.heartbeat_timeout), (seconds(3), seconds(3)));
    assert!(bench.activity().is_none(), "it is in another queue");
    let none = update(&mut bench, &["start_to_close_timeout"], ActivityOptions::default());
    assert!(none.is_err_and(|words| words.contains("a valid StartToCloseTimeout or ScheduleToCloseTimeout")));
    reset(&mut bench, |request| request.restore_original_options = true);
    assert_eq!(pending(&mut bench).activity_options.and_then(|it| it.start_to_close_timeout), seconds(10));
    assert!(bench.activity().is_some());
}

#[test]
fn a_changed_interval_counts_for_the_attempt_that_waits() {
    let mut bench = with_activity();
    let work = bench.activity().expect("it is due");
    fail(&mut bench, &work);
    let policy = RetryPolicy { initial_interval: seconds(4), ..Default::default() };
    let new = ActivityOptions { retry_policy: Some(policy), ..Default::default() };
    update(&mut bench, &["retry_policy.initial_interval"], new).expect("it can be changed");
    bench.pass(Duration::from_secs(7));
    assert!(bench.activity().is_none());
    bench.pass(Duration::from_secs(1));
    assert!(bench.activity().is_some());
}

#[test]
fn who_pauses_what_is_paused_is_told() {
    let mut bench = with_activity();
    let request = PauseActivityExecutionRequest {
        namespace: "default".into(),
        workflow_id: "w".into(),
        activity_id: "a".into(),
        request_id: "first".into(),
        ..Default::default()
    };
    bench.world.pause_activity_execution(request.clone()).expect("it is pending");
    bench.world.pause_activity_execution(request.clone()).expect("it is the same request");
    let other = PauseActivityExecutionRequest { request_id: "second".into(), ..request.clone() };
    assert_eq!(words(bench.world.pause_activity_execution(other)), "FailedPrecondition: activity is already paused");
    let unknown = PauseActivityExecutionRequest { activity_id: "b".into(), ..request };
    assert!(words(bench.world.pause_activity_execution(unknown)).starts_with("NotFound: Can't find pending activity"));
}

#[test]
fn an_activity_may_have_been_given_other_limits_from_the_start() {
    let mut bench = Bench::new();
    bench.start();
    let task = bench.task();
    let hurried = activity_with("a", |asked| {
        asked.schedule_to_close_timeout = seconds(3);
        asked.heartbeat_timeout = seconds(9);
    });
    bench.answer(&task, vec![hurried]).expect("it can be done");
    let options = pending(&mut bench).activity_options.expect("they are shown");
    let limits = [options.schedule_to_start_timeout, options.start_to_close_timeout, options.heartbeat_timeout];
    assert_eq!(limits, [seconds(3); 3]);
}
