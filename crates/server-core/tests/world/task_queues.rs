//! Task queues: who goes first, how fast work goes out, and what is said of it.

use std::time::Duration;

use perpetua_proto::common::Priority;
use perpetua_proto::enums::{RateLimitSource, TaskQueueType};
use perpetua_proto::taskqueue::{RateLimit, TaskQueueMetadata};
use perpetua_proto::workflowservice::update_task_queue_config_request::RateLimitUpdate;
use perpetua_proto::workflowservice::*;
use perpetua_server_core::Reply;

use crate::bench::{Bench, activity_with, queue, start, words};

fn priority(priority_key: i32, fairness_key: &str, fairness_weight: f32) -> Option<Priority> {
    Some(Priority { priority_key, fairness_key: fairness_key.into(), fairness_weight })
}

fn describe(bench: &Bench, kind: TaskQueueType) -> DescribeTaskQueueResponse {
    let request = DescribeTaskQueueRequest {
        namespace: "default".into(),
        task_queue: Some(queue()),
        task_queue_type: kind.into(),
        report_stats: true,
        report_config: true,
        ..Default::default()
    };
    bench.world.describe_task_queue(&request).expect("the queue can be described")
}

/// The ids of the activities that polls get at once.
fn ids(bench: &mut Bench) -> Vec<String> {
    std::iter::from_fn(|| bench.activity()).map(|task| task.activity_id).collect()
}

fn limit(rate: Option<f32>, reason: &str) -> Option<RateLimitUpdate> {
    let rate_limit = rate.map(|requests_per_second| RateLimit { requests_per_second });
    Some(RateLimitUpdate { rate_limit, reason: reason.into() })
}

fn update() -> UpdateTaskQueueConfigRequest {
    UpdateTaskQueueConfigRequest {
        namespace: "default".into(),
        identity: "operator".into(),
        task_queue: "queue".into(),
        task_queue_type: TaskQueueType::Activity.into(),
        ..Default::default()
    }
}

/// A bench whose workflow has scheduled activities of these ids and priorities.
fn with_activities(activities: &[(&str, Option<Priority>)]) -> Bench {
    let mut bench = Bench::with_other_work();
    bench.start();
    let task = bench.task();
    let commands = activities.iter().map(|(id, priority)| {
        activity_with(id, |asked| {
            asked.priority.clone_from(priority);
            asked.start_to_close_timeout = crate::bench::seconds(1000);
        })
    });
    bench.answer(&task, commands.collect()).expect("the activities are scheduled");
    bench
}

#[test]
fn lower_priorities_go_first_and_fairness_keys_take_turns_within_one() {
    let mut bench = with_activities(&[
        ("low", priority(5, "", 0.0)),
        ("a1", priority(0, "a", 0.0)),
        ("a2", priority(3, "a", 0.0)),
        ("a3", None),
        ("b1", priority(3, "b", 0.0)),
        ("high", priority(1, "", 0.0)),
    ]);
    assert_eq!(ids(&mut bench), ["high", "a1", "a3", "b1", "a2", "low"]);
}

#[test]
fn weights_that_are_configured_count_more_than_those_of_the_work() {
    let keys = [("a1", "a"), ("a2", "a"), ("a3", "a"), ("b1", "b"), ("b2", "b"), ("b3", "b")];
    let mut bench = with_activities(&keys.map(|(id, key)| (id, priority(0, key, 1.0))));
    let set =
        UpdateTaskQueueConfigRequest { set_fairness_weight_overrides: [("b".to_owned(), 3.0)].into(), ..update() };
    bench.world.update_task_queue_config(set).expect("a weight can be set");
    assert_eq!(ids(&mut bench), ["a1", "b1", "b2", "b3", "a2", "a3"]);
}

#[test]
fn a_worker_gets_no_more_activities_a_second_than_it_says() {
    let mut bench = with_activities(&["1", "2", "3", "4"].map(|id| (id, None)));
    let request = PollActivityTaskQueueRequest {
        namespace: "default".into(),
        task_queue: Some(queue()),
        identity: "worker".into(),
        task_queue_metadata: Some(TaskQueueMetadata { max_tasks_per_second: Some(2.0) }),
        ..Default::default()
    };
    let calls: Vec<_> = (0..4)
        .map(|_| bench.call(|world, call| world.poll_activity_task(call, request.clone())).expect("a worker may poll"))
        .collect();
    let answered = |bench: &mut Bench| calls.iter().filter(|call| bench.reply(**call).is_some()).count();
    assert_eq!(answered(&mut bench), 2);
    bench.pass(Duration::from_millis(499));
    assert_eq!(answered(&mut bench), 0);
    bench.pass(Duration::from_millis(1));
    assert_eq!(answered(&mut bench), 1);
    let description = describe(&bench, TaskQueueType::Activity);
    let rate = description.effective_rate_limit.expect("it is always there");
    assert_eq!((rate.requests_per_second, rate.rate_limit_source()), (2.0, RateLimitSource::Worker));
    assert!(description.stats.is_some_and(|stats| stats.rate_limiting_active));
    assert!((description.pollers[0].rate_per_second - 2.0).abs() < 0.001);
    bench.pass(Duration::from_millis(500));
    assert_eq!(answered(&mut bench), 1);
}

#[test]
fn a_configured_rate_holds_work_back_until_it_is_taken_away() {
    let mut bench = with_activities(&["1", "2", "3"].map(|id| (id, None)));
    let slow = UpdateTaskQueueConfigRequest { update_queue_rate_limit: limit(Some(0.0), "stop"), ..update() };
    let config = bench.world.update_task_queue_config(slow).expect("a limit can be set").config.unwrap_or_default();
    let metadata = config.queue_rate_limit.and_then(|limit| limit.metadata).unwrap_or_default();
    assert_eq!((metadata.reason.as_str(), metadata.update_identity.as_str()), ("stop", "operator"));
    assert!(ids(&mut bench).is_empty());
    let free = UpdateTaskQueueConfigRequest { update_queue_rate_limit: limit(None, "go"), ..update() };
    bench.world.update_task_queue_config(free).expect("a limit can be taken away");
    assert_eq!(ids(&mut bench), ["1", "2", "3"]);
}

#[test]
fn a_limit_of_keys_holds_back_only_the_key_that_has_had_its_share() {
    let keys = [("a1", "a"), ("a2", "a"), ("b1", "b"), ("b2", "b")];
    let mut bench = with_activities(&keys.map(|(id, key)| (id, priority(0, key, 1.0))));
    let set = UpdateTaskQueueConfigRequest {
        update_fairness_key_rate_limit_default: limit(Some(1.0), ""),
        set_fairness_weight_overrides: [("b".to_owned(), 2.0)].into(),
        ..update()
    };
    bench.world.update_task_queue_config(set).expect("a limit can be set");
    assert_eq!(ids(&mut bench), ["a1", "b1", "b2"]);
    bench.pass(Duration::from_secs(1));
    assert_eq!(ids(&mut bench), ["a2"]);
}

#[test]
fn wrong_configurations_are_refused_in_known_words() {
    let mut bench = Bench::new();
    let workflow = UpdateTaskQueueConfigRequest {
        task_queue_type: TaskQueueType::Workflow.into(),
        update_queue_rate_limit: limit(Some(1.0), ""),
        ..update()
    };
    let negative = UpdateTaskQueueConfigRequest { update_queue_rate_limit: limit(Some(-1.0), ""), ..update() };
    let both = UpdateTaskQueueConfigRequest {
        set_fairness_weight_overrides: [("a".to_owned(), 1.0)].into(),
        unset_fairness_weight_overrides: vec!["a".into()],
        ..update()
    };
    let weightless =
        UpdateTaskQueueConfigRequest { set_fairness_weight_overrides: [("a".to_owned(), 0.0)].into(), ..update() };
    let said = [
        (workflow, "InvalidArgument: Setting rate limit on workflow task queues is not allowed."),
        (negative, "InvalidArgument: RequestsPerSecond for UpdateQueueRateLimit rate limit must be non-negative."),
        (both, "InvalidArgument: fairness weight override key \"a\" present in both set and unset lists"),
        (weightless, "InvalidArgument: invalid fairness weight weight for key \"a\": must be greater than zero"),
    ];
    for (request, said) in said {
        assert_eq!(words(bench.world.update_task_queue_config(request)), said);
    }
}

#[test]
fn a_description_says_what_waits_and_forgets_who_polled_long_ago() {
    let mut bench = Bench::new();
    for (id, key) in [("w", 0), ("v", 1), ("u", 1)] {
        let start = StartWorkflowExecutionRequest { priority: priority(key, "", 0.0), ..start(id) };
        bench.world.start_workflow(start).expect("the workflow starts");
    }
    bench.pass(Duration::from_secs(2));
    let description = describe(&bench, TaskQueueType::Workflow);
    let counts: Vec<_> =
        description.stats_by_priority_key.iter().map(|(key, it)| (*key, it.approximate_backlog_count)).collect();
    assert_eq!(counts, [(1, 2), (3, 1)]);
    let stats = description.stats.unwrap_or_default();
    assert_eq!((stats.approximate_backlog_count, stats.approximate_backlog_age.map(|age| age.seconds)), (3, Some(2)));
    assert!(stats.tasks_add_rate > 1.0 && stats.tasks_dispatch_rate == 0.0);
    let task = bench.task();
    assert_eq!(task.poller_scaling_decision.map(|it| it.poll_request_delta_suggestion), Some(1));
    assert_eq!(describe(&bench, TaskQueueType::Workflow).pollers[0].identity, "worker");
    bench.pass(Duration::from_secs(301));
    assert_eq!(describe(&bench, TaskQueueType::Workflow).pollers, []);
}

#[test]
fn a_poll_that_had_to_wait_was_one_too_many() {
    let mut bench = Bench::new();
    let call = bench.poll();
    bench.pass(Duration::from_secs(2));
    bench.start();
    match bench.reply(call) {
        Some(Ok(Reply::WorkflowTask(task))) => {
            assert_eq!(task.poller_scaling_decision.map(|it| it.poll_request_delta_suggestion), Some(-1));
        }
        other => panic!("there is no task: {other:?}"),
    }
}

#[test]
fn work_that_nobody_wants_done_any_longer_does_not_stay() {
    let mut bench = Bench::new();
    for round in 0..3 {
        bench.start();
        bench
            .world
            .terminate_workflow(TerminateWorkflowExecutionRequest {
                namespace: "default".into(),
                workflow_execution: Some(crate::bench::execution("w")),
                ..Default::default()
            })
            .expect("the workflow is there");
        assert_eq!(describe(&bench, TaskQueueType::Workflow).stats.unwrap_or_default().approximate_backlog_count, 0);
        bench.pass(Duration::from_secs(round * 400));
    }
    assert!(bench.is_idle());
}
