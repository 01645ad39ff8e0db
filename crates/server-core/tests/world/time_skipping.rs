//! The time of a workflow of its own: it skips while the workflow waits for nothing else.

use std::time::Duration;

use perpetua_proto::command::command::Attributes as Ask;
use perpetua_proto::command::{
    ContinueAsNewWorkflowExecutionCommandAttributes, StartChildWorkflowExecutionCommandAttributes,
};
use perpetua_proto::common::{
    FastForwardConfig, RetryPolicy, TimeSkippingConfig, TimeSkippingStatePropagation, WorkflowType,
};
use perpetua_proto::enums::{EventType, FastForwardPollingResult as Polled};
use perpetua_proto::failure::{ApplicationFailureInfo, Failure, failure::FailureInfo};
use perpetua_proto::history::history_event::Attributes;
use perpetua_proto::history::{
    WorkflowExecutionStartedEventAttributes, WorkflowExecutionTimeSkippingTransitionedEventAttributes,
};
use perpetua_proto::workflow::WorkflowExecutionOptions;
use perpetua_proto::workflowservice::*;
use perpetua_server_core::{Answer, CallId, Reply, Time};

use crate::bench::*;

const HOUR: i64 = 3600;

fn bench() -> Bench {
    let mut bench = Bench::new();
    bench.world.set("frontend.WorkflowTimeSkippingEnabled", "true").expect("there is such a setting");
    bench
}

fn skipping() -> TimeSkippingConfig {
    TimeSkippingConfig { enabled: true, ..Default::default() }
}

fn forward(id: &str, length: i64) -> TimeSkippingConfig {
    TimeSkippingConfig {
        fast_forward_config: Some(FastForwardConfig { id: id.into(), duration: seconds(length) }),
        ..skipping()
    }
}

fn begin(bench: &mut Bench, config: TimeSkippingConfig) {
    let request = StartWorkflowExecutionRequest { time_skipping_config: Some(config), ..start("w") };
    bench.world.start_workflow(request).expect("the workflow starts");
}

/// What the next task is answered with.
fn answer_next(bench: &mut Bench, commands: Vec<perpetua_proto::command::Command>) {
    let task = bench.task();
    bench.answer(&task, commands).expect("the answer is taken");
}

fn configure(bench: &mut Bench, config: Option<TimeSkippingConfig>) -> Answer<Option<TimeSkippingConfig>> {
    let request = UpdateWorkflowExecutionOptionsRequest {
        namespace: "default".into(),
        workflow_execution: Some(execution("w")),
        workflow_execution_options: Some(WorkflowExecutionOptions {
            time_skipping_config: config,
            ..Default::default()
        }),
        update_mask: Some(perpetua_proto::protobuf::FieldMask { paths: vec!["time_skipping_config".into()] }),
        ..Default::default()
    };
    let response = bench.world.update_workflow_options(request)?;
    Ok(response.workflow_execution_options.unwrap_or_default().time_skipping_config)
}

fn poll(bench: &mut Bench, id: &str) -> Answer<CallId> {
    let request = PollWorkflowExecutionTimeSkippingRequest {
        namespace: "default".into(),
        workflow_execution: Some(execution("w")),
        fast_forward_id: id.into(),
    };
    bench.call(|world, call| world.poll_time_skipping(call, request))
}

fn polled(bench: &mut Bench, call: CallId) -> Option<(Polled, String)> {
    match bench.reply(call)? {
        Ok(Reply::FastForward(it)) => Some((it.fast_forward_polling_result(), it.failed_reason)),
        other => panic!("this is no answer to that: {other:?}"),
    }
}

/// The seconds from the start of `w` to each of its events of this kind.
fn times(bench: &mut Bench, kind: EventType) -> Vec<i64> {
    let events = bench.events();
    let seconds = |event: &perpetua_proto::history::HistoryEvent| event.event_time.map_or(0, |time| time.seconds);
    let first = events.first().map_or(0, seconds);
    events.iter().filter(|event| event.event_type() == kind).map(|event| seconds(event) - first).collect()
}

fn skips(bench: &mut Bench) -> Vec<WorkflowExecutionTimeSkippingTransitionedEventAttributes> {
    let skip = |event| match event {
        Some(Attributes::WorkflowExecutionTimeSkippingTransitionedEventAttributes(it)) => Some(*it),
        _ => None,
    };
    bench.events().into_iter().filter_map(|event| skip(event.attributes)).collect()
}

fn started(bench: &mut Bench) -> WorkflowExecutionStartedEventAttributes {
    match bench.events().swap_remove(0).attributes {
        Some(Attributes::WorkflowExecutionStartedEventAttributes(started)) => *started,
        other => panic!("no workflow begins so: {other:?}"),
    }
}

#[test]
fn timers_fire_at_once_at_their_own_time() {
    let mut bench = bench();
    begin(&mut bench, skipping());
    for id in ["1", "2"] {
        answer_next(&mut bench, vec![timer(id, HOUR)]);
        bench.pass(Duration::ZERO);
    }
    answer_next(&mut bench, vec![complete()]);
    assert_eq!(times(&mut bench, EventType::TimerFired), [HOUR, 2 * HOUR]);
    assert_eq!(times(&mut bench, EventType::WorkflowExecutionTimeSkippingTransitioned), [0, HOUR]);
    assert_eq!(bench.history()[5..7], ["6 workflow_execution_time_skipping_transitioned", "7 timer_fired"]);
}

#[test]
fn another_workflow_keeps_its_time() {
    let mut bench = bench();
    let now = bench.world.now();
    begin(&mut bench, skipping());
    answer_next(&mut bench, vec![timer("1", HOUR)]);
    bench.pass(Duration::ZERO);
    assert_eq!(bench.world.now(), now);
    let info = bench.world.describe_workflow(&DescribeWorkflowExecutionRequest {
        namespace: "default".into(),
        execution: Some(execution("w")),
    });
    let info = info.expect("it is there").workflow_extended_info.and_then(|info| info.time_skipping_info);
    let current = info.and_then(|info| info.current_time).map(|time| Time::from_wire(&time));
    assert_eq!(current, Some(now.plus(Duration::from_secs(3600))));
}

#[test]
fn an_activity_is_worked_on_in_real_time_and_tried_again_at_once() {
    let mut bench = bench();
    begin(&mut bench, skipping());
    let policy = RetryPolicy { initial_interval: seconds(HOUR), ..Default::default() };
    answer_next(&mut bench, vec![activity_with("1", |asked| asked.retry_policy = Some(policy)), timer("2", 5 * HOUR)]);
    assert_eq!(skips(&mut bench), [], "somebody is to work");
    let attempt = bench.activity().expect("it is there");
    let failure = Failure {
        failure_info: Some(FailureInfo::ApplicationFailureInfo(ApplicationFailureInfo::default())),
        ..Default::default()
    };
    let request = RespondActivityTaskFailedRequest {
        task_token: attempt.task_token,
        failure: Some(failure),
        ..Default::default()
    };
    bench.world.respond_activity_failed(request).expect("the failure is taken");
    bench.pass(Duration::ZERO);
    let attempt = bench.activity().expect("it is there again");
    assert_eq!(attempt.attempt, 2);
    bench.complete(&attempt).expect("the result is taken");
    assert_eq!(times(&mut bench, EventType::ActivityTaskCompleted), [HOUR]);
}

#[test]
fn a_fast_forward_ends_the_skipping_where_it_ends() {
    let mut bench = bench();
    begin(&mut bench, forward("a", HOUR));
    let call = poll(&mut bench, "a").expect("it waits");
    assert_eq!(polled(&mut bench, call), None);
    answer_next(&mut bench, vec![timer("1", 2 * HOUR)]);
    assert_eq!(polled(&mut bench, call), Some((Polled::FastForwardCompleted, String::new())));
    bench.pass(Duration::ZERO);
    assert!(times(&mut bench, EventType::TimerFired).is_empty(), "time does not skip any longer");
    let other = poll(&mut bench, "b").expect("it is answered");
    let reason = "the requested fast_forward_id does not match the execution's current fast-forward";
    assert_eq!(polled(&mut bench, other), Some((Polled::FastForwardFailed, reason.to_owned())));
    let config = configure(&mut bench, Some(forward("b", 2 * HOUR))).expect("it is taken");
    assert!(config.is_some_and(|config| config.enabled), "the timer comes first");
    bench.pass(Duration::ZERO);
    assert_eq!(times(&mut bench, EventType::TimerFired), [2 * HOUR]);
}

#[test]
fn a_fast_forward_ends_in_real_time_while_somebody_works() {
    let mut bench = bench();
    begin(&mut bench, forward("a", 2));
    answer_next(&mut bench, vec![activity("1")]);
    let call = poll(&mut bench, "a").expect("it waits");
    bench.pass(Duration::from_secs(1));
    assert_eq!(polled(&mut bench, call), None);
    bench.pass(Duration::from_secs(1));
    assert_eq!(polled(&mut bench, call), Some((Polled::FastForwardCompleted, String::new())));
    let skips = skips(&mut bench);
    assert_eq!((skips.len(), skips[0].target_time, skips[0].disabled_after_fast_forward), (1, None, true));
}

#[test]
fn who_waits_for_a_fast_forward_hears_that_the_workflow_ended_before() {
    let mut bench = bench();
    begin(&mut bench, forward("a", HOUR));
    let call = poll(&mut bench, "a").expect("it waits");
    answer_next(&mut bench, vec![complete()]);
    let reason = "the execution ended before the fast-forward completed";
    assert_eq!(polled(&mut bench, call), Some((Polled::FastForwardFailed, reason.to_owned())));
}

#[test]
fn who_has_waited_long_enough_hears_that_it_goes_on() {
    let mut bench = bench();
    begin(&mut bench, forward("a", HOUR));
    let call = poll(&mut bench, "a").expect("it waits");
    bench.world.expire(call);
    assert_eq!(polled(&mut bench, call), Some((Polled::PollTimeout, String::new())));
}

#[test]
fn a_fast_forward_goes_on_in_the_next_run() {
    let mut bench = bench();
    begin(&mut bench, forward("a", 2 * HOUR));
    let call = poll(&mut bench, "a").expect("it waits");
    answer_next(&mut bench, vec![timer("1", HOUR)]);
    bench.pass(Duration::ZERO);
    let asked = ContinueAsNewWorkflowExecutionCommandAttributes {
        workflow_type: Some(WorkflowType { name: "greeting".into() }),
        task_queue: Some(queue()),
        backoff_start_interval: seconds(2),
        ..Default::default()
    };
    let next = command(Ask::ContinueAsNewWorkflowExecutionCommandAttributes(Box::new(asked)));
    answer_next(&mut bench, vec![next]);
    let inherited = started(&mut bench).time_skipping_state_propagation.expect("it is told");
    assert_eq!((inherited.initial_skipped_duration, inherited.initial_skip_count), (seconds(HOUR), 1));
    assert_eq!(polled(&mut bench, call), None);
    bench.pass(Duration::ZERO);
    answer_next(&mut bench, vec![]);
    assert_eq!(polled(&mut bench, call), Some((Polled::FastForwardCompleted, String::new())));
    let begun = bench.events()[0].event_time.map(|time| Time::from_wire(&time));
    assert_eq!(begun, Some(bench.world.now().plus(Duration::from_secs(3600))));
}

#[test]
fn a_child_begins_at_its_parents_time_and_holds_it_up() {
    let mut bench = bench();
    begin(&mut bench, skipping());
    answer_next(&mut bench, vec![timer("1", HOUR)]);
    bench.pass(Duration::ZERO);
    let asked = StartChildWorkflowExecutionCommandAttributes {
        workflow_id: "c".into(),
        workflow_type: Some(WorkflowType { name: "child".into() }),
        ..Default::default()
    };
    let child = command(Ask::StartChildWorkflowExecutionCommandAttributes(Box::new(asked)));
    answer_next(&mut bench, vec![child, timer("2", 100 * HOUR)]);
    let is_child = |task: &PollWorkflowTaskQueueResponse| {
        task.workflow_execution.as_ref().is_some_and(|execution| execution.workflow_id == "c")
    };
    let task = [bench.task(), bench.task()].into_iter().find(is_child);
    let task = task.expect("the child has a task");
    let events = task.history.clone().unwrap_or_default().events;
    let Some(Attributes::WorkflowExecutionStartedEventAttributes(began)) = &events[0].attributes else {
        panic!("it does not begin with its start")
    };
    let inherited = TimeSkippingStatePropagation { initial_skipped_duration: seconds(HOUR), ..Default::default() };
    assert_eq!(began.time_skipping_state_propagation, Some(inherited));
    assert!(began.time_skipping_config.as_ref().is_some_and(|config| config.enabled));
    bench.answer(&task, vec![timer("1", 2 * HOUR)]).expect("the answer is taken");
    bench.pass(Duration::ZERO);
    assert_eq!(skips(&mut bench).len(), 1, "the parent waits for its child");
    let task = bench.task();
    assert!(is_child(&task));
}

#[test]
fn time_skips_no_more_often_than_it_may() {
    let mut bench = bench();
    begin(&mut bench, TimeSkippingConfig { max_session_skip_count: 2, ..skipping() });
    for id in ["1", "2"] {
        answer_next(&mut bench, vec![timer(id, HOUR)]);
        bench.pass(Duration::ZERO);
    }
    answer_next(&mut bench, vec![timer("3", HOUR)]);
    bench.pass(Duration::ZERO);
    assert!(bench.is_idle(), "it waits in real time");
    let config = configure(&mut bench, Some(skipping())).expect("it is taken").expect("there is one");
    assert_eq!((config.enabled, config.max_session_skip_count), (true, 200));
    bench.pass(Duration::ZERO);
    assert_eq!(times(&mut bench, EventType::TimerFired), [HOUR, 2 * HOUR, 3 * HOUR]);
}

#[test]
fn what_changes_nothing_leaves_no_trace() {
    let mut bench = bench();
    bench.start();
    answer_next(&mut bench, vec![]);
    let updated = |bench: &mut Bench| times(bench, EventType::WorkflowExecutionOptionsUpdated).len();
    configure(&mut bench, None).expect("it is taken");
    assert_eq!(updated(&mut bench), 0);
    for _ in 0..2 {
        configure(&mut bench, Some(skipping())).expect("it is taken");
        assert_eq!(updated(&mut bench), 1);
    }
    configure(&mut bench, None).expect("it is taken");
    assert_eq!(updated(&mut bench), 2);
    assert!(bench.is_idle(), "no worker has to see it");
}

#[test]
fn a_run_times_out_by_its_own_time() {
    let mut bench = bench();
    let request = StartWorkflowExecutionRequest {
        time_skipping_config: Some(skipping()),
        workflow_start_delay: seconds(HOUR),
        workflow_run_timeout: seconds(HOUR),
        ..start("w")
    };
    bench.world.start_workflow(request).expect("the workflow starts");
    bench.pass(Duration::ZERO);
    answer_next(&mut bench, vec![]);
    bench.pass(Duration::ZERO);
    assert_eq!(times(&mut bench, EventType::WorkflowExecutionTimedOut), [2 * HOUR]);
}

#[test]
fn what_cannot_be_meant_is_refused_in_known_words() {
    let mut bench = bench();
    bench.start();
    let wrong = [
        (
            TimeSkippingConfig { enabled: false, ..forward("a", 1) },
            "InvalidArgument: time_skipping_config: cannot set fast_forward when enabled is false",
        ),
        (forward("", 1), "InvalidArgument: Time skipping config invalid: fast_forward_id must be set"),
        (forward("a", 0), "InvalidArgument: Time skipping config invalid: fast_forward duration must be positive"),
        (forward("a", -1), "InvalidArgument: Time skipping config invalid: fast_forward duration must be positive"),
    ];
    for (config, expected) in wrong {
        let request = StartWorkflowExecutionRequest { time_skipping_config: Some(config.clone()), ..start("v") };
        assert_eq!(words(bench.world.start_workflow(request)), expected);
        assert_eq!(words(configure(&mut bench, Some(config))), expected);
    }
    assert_eq!(
        words(poll(&mut bench, "")),
        "InvalidArgument: Time skipping config invalid: fast_forward_id must be set"
    );
}

#[test]
fn a_server_whose_workflows_have_no_time_of_their_own_says_so() {
    let mut bench = Bench::new();
    bench.start();
    let expected = "Unimplemented: The Time-Skipping feature is not enabled for namespace.";
    let request = StartWorkflowExecutionRequest { time_skipping_config: Some(skipping()), ..start("v") };
    assert_eq!(words(bench.world.start_workflow(request)), expected);
    assert_eq!(words(configure(&mut bench, Some(skipping()))), expected);
    assert_eq!(words(poll(&mut bench, "a")), expected);
}

#[test]
fn a_restarted_server_goes_on_with_the_time_of_a_workflow() {
    let mut bench = bench();
    begin(&mut bench, forward("a", 10 * HOUR));
    answer_next(&mut bench, vec![timer("1", HOUR)]);
    bench.pass(Duration::ZERO);
    bench.restart();
    answer_next(&mut bench, vec![timer("2", HOUR)]);
    bench.pass(Duration::ZERO);
    assert_eq!(times(&mut bench, EventType::TimerFired), [HOUR, 2 * HOUR]);
}
