//! Versions of workers: who gets the work of a workflow, and what it hands on.

use std::time::Duration;

use perpetua_proto::command::command::Attributes as Asked;
use perpetua_proto::command::{Command, StartChildWorkflowExecutionCommandAttributes};
use perpetua_proto::common::WorkflowType;
use perpetua_proto::deployment::{WorkerDeploymentOptions, WorkerDeploymentVersion};
use perpetua_proto::enums::{
    EventType, StartChildWorkflowExecutionFailedCause, TaskQueueType, VersionDrainageStatus, VersioningBehavior,
    WorkerDeploymentVersionStatus as Status, WorkerVersioningMode,
};
use perpetua_proto::history::history_event::Attributes;
use perpetua_proto::query::WorkflowQuery;
use perpetua_proto::workflow::versioning_override::{Override, PinnedOverride, PinnedOverrideBehavior};
use perpetua_proto::workflow::{VersioningOverride, WorkflowExecutionVersioningInfo};
use perpetua_proto::workflowservice::*;
use perpetua_server_core::{Answer, Reply};

use crate::bench::{Bench, activity, answer, command, complete, execution, last, queue, start, words};

const PINNED: VersioningBehavior = VersioningBehavior::Pinned;
const AUTO: VersioningBehavior = VersioningBehavior::AutoUpgrade;

pub(crate) fn options(build: &str) -> Option<WorkerDeploymentOptions> {
    Some(WorkerDeploymentOptions {
        deployment_name: "shop".into(),
        build_id: build.into(),
        worker_versioning_mode: WorkerVersioningMode::Versioned.into(),
    })
}

fn version(build: &str) -> Option<WorkerDeploymentVersion> {
    Some(WorkerDeploymentVersion { deployment_name: "shop".into(), build_id: build.into() })
}

fn bound(build: &str) -> Option<VersioningOverride> {
    let pinned = PinnedOverride { behavior: PinnedOverrideBehavior::Pinned.into(), version: version(build) };
    Some(VersioningOverride { r#override: Some(Override::Pinned(pinned)), ..Default::default() })
}

/// The workflow task that a worker of this build gets at once.
fn task(bench: &mut Bench, build: &str) -> Option<PollWorkflowTaskQueueResponse> {
    let request = PollWorkflowTaskQueueRequest {
        namespace: "default".into(),
        task_queue: Some(queue()),
        identity: build.into(),
        deployment_options: options(build),
        ..Default::default()
    };
    let call = bench.call(|world, call| world.poll_workflow_task(call, request)).expect("a worker may poll");
    let reply = bench.reply(call);
    bench.world.expire(call);
    bench.reply(call);
    match reply? {
        Ok(Reply::WorkflowTask(task)) => Some(*task),
        other => panic!("this is no task: {other:?}"),
    }
}

/// The activity that a worker of this build gets at once.
fn job(bench: &mut Bench, build: &str) -> Option<PollActivityTaskQueueResponse> {
    let request = PollActivityTaskQueueRequest {
        namespace: "default".into(),
        task_queue: Some(queue()),
        identity: build.into(),
        deployment_options: options(build),
        ..Default::default()
    };
    let call = bench.call(|world, call| world.poll_activity_task(call, request)).expect("a worker may poll");
    let reply = bench.reply(call);
    bench.world.expire(call);
    let reply = reply.or_else(|| bench.reply(call));
    match reply? {
        Ok(Reply::ActivityTask(task)) => Some(*task).filter(|task| !task.task_token.is_empty()),
        other => panic!("this is no activity: {other:?}"),
    }
}

fn finish(
    bench: &mut Bench,
    task: &PollWorkflowTaskQueueResponse,
    build: &str,
    behavior: VersioningBehavior,
    commands: Vec<Command>,
) -> Answer<RespondWorkflowTaskCompletedResponse> {
    bench.world.respond_workflow_task_completed(RespondWorkflowTaskCompletedRequest {
        deployment_options: options(build),
        versioning_behavior: behavior.into(),
        ..answer(task, commands)
    })
}

fn set_current(bench: &mut Bench, build: &str) {
    let request = SetWorkerDeploymentCurrentVersionRequest {
        namespace: "default".into(),
        deployment_name: "shop".into(),
        build_id: build.into(),
        ..Default::default()
    };
    bench.world.set_current_version(request).expect("the version can be current");
}

/// A bench where workers of these builds have polled, and the first is the current one.
fn with_builds(builds: &[&str]) -> Bench {
    let mut bench = Bench::with_other_work();
    for build in builds {
        task(&mut bench, build);
        job(&mut bench, build);
    }
    set_current(&mut bench, builds[0]);
    bench
}

fn info(bench: &Bench, id: &str) -> WorkflowExecutionVersioningInfo {
    let request = DescribeWorkflowExecutionRequest { namespace: "default".into(), execution: Some(execution(id)) };
    let described = bench.world.describe_workflow(&request).expect("the workflow is there");
    described.workflow_execution_info.and_then(|info| info.versioning_info).unwrap_or_default()
}

fn attribute(bench: &Bench, name: &str) -> String {
    let request = DescribeWorkflowExecutionRequest { namespace: "default".into(), execution: Some(execution("w")) };
    let described = bench.world.describe_workflow(&request).expect("the workflow is there");
    let fields = described.workflow_execution_info.and_then(|info| info.search_attributes).unwrap_or_default();
    let value = fields.indexed_fields.get(name).map(|payload| payload.data.to_vec()).unwrap_or_default();
    String::from_utf8(value).expect("it is JSON")
}

#[test]
fn without_a_current_version_work_is_for_workers_without_one() {
    let mut bench = Bench::with_other_work();
    task(&mut bench, "1");
    bench.start();
    assert_eq!(task(&mut bench, "1"), None);
    assert_eq!(bench.task().attempt, 1);
}

#[test]
fn work_that_waits_follows_the_current_version() {
    let mut bench = with_builds(&["1", "2"]);
    bench.start();
    assert_eq!(task(&mut bench, "2"), None);
    assert!(bench.is_idle());
    set_current(&mut bench, "2");
    assert_eq!(task(&mut bench, "1"), None);
    assert!(task(&mut bench, "2").is_some());
}

#[test]
fn a_pinned_workflow_stays_and_another_moves_on() {
    let mut bench = with_builds(&["1", "2"]);
    for (id, behavior) in [("w", PINNED), ("v", AUTO)] {
        bench.world.start_workflow(start(id)).expect("the workflow starts");
        let first = task(&mut bench, "1").expect("the current version gets it");
        assert_eq!(info(&bench, id).version_transition.and_then(|it| it.deployment_version), version("1"));
        finish(&mut bench, &first, "1", behavior, Vec::new()).expect("the task is done");
        assert_eq!(info(&bench, id).deployment_version, version("1"));
    }
    assert_eq!(attribute(&bench, "TemporalWorkflowVersioningBehavior"), "\"Pinned\"");
    assert_eq!(attribute(&bench, "TemporalWorkerDeploymentVersion"), "\"shop:1\"");
    assert_eq!(attribute(&bench, "TemporalUsedWorkerDeploymentVersions"), "[\"shop:1\"]");
    assert_eq!(attribute(&bench, "BuildIds"), "[\"pinned:shop:1\"]");
    set_current(&mut bench, "2");
    for id in ["w", "v"] {
        let signal = SignalWorkflowExecutionRequest {
            namespace: "default".into(),
            workflow_execution: Some(execution(id)),
            signal_name: "go".into(),
            ..Default::default()
        };
        bench.world.signal_workflow(signal).expect("the workflow is there");
    }
    let pinned = task(&mut bench, "1").expect("it stays");
    assert_eq!(pinned.workflow_execution.map(|it| it.workflow_id).as_deref(), Some("w"));
    let started = last(&bench.events(), EventType::WorkflowTaskStarted);
    let Some(Attributes::WorkflowTaskStartedEventAttributes(started)) = started.attributes else { panic!("it is one") };
    assert!(started.target_worker_deployment_version_changed);
    let moved = task(&mut bench, "2").expect("it moves");
    assert_eq!(moved.workflow_execution.as_ref().map(|it| it.workflow_id.as_str()), Some("v"));
    finish(&mut bench, &moved, "2", AUTO, Vec::new()).expect("the task is done");
    let moved = info(&bench, "v");
    assert_eq!((moved.deployment_version, moved.version_transition, moved.revision_number), (version("2"), None, 2));
}

#[test]
fn a_behavior_needs_a_version() {
    let mut bench = Bench::new();
    bench.start();
    let task = bench.task();
    let request = RespondWorkflowTaskCompletedRequest { versioning_behavior: 1, ..answer(&task, Vec::new()) };
    assert_eq!(
        words(bench.world.respond_workflow_task_completed(request)),
        "InvalidArgument: versioning behavior cannot be specified without deployment options being set with versioned \
         mode"
    );
    assert!(bench.answer(&task, vec![complete()]).is_ok());
    assert_eq!(attribute(&bench, "BuildIds"), "[\"unversioned\"]");
}

#[test]
fn a_workflow_moves_before_another_version_gets_its_activities() {
    let mut bench = with_builds(&["1", "2"]);
    bench.start();
    let first = task(&mut bench, "1").expect("the current version gets it");
    finish(&mut bench, &first, "1", AUTO, vec![activity("a")]).expect("the task is done");
    set_current(&mut bench, "2");
    assert_eq!(job(&mut bench, "2"), None);
    let second = task(&mut bench, "2").expect("the move is a task");
    assert_eq!(job(&mut bench, "2"), None);
    finish(&mut bench, &second, "2", AUTO, Vec::new()).expect("the task is done");
    assert_eq!(job(&mut bench, "2").map(|job| job.activity_id).as_deref(), Some("a"));
}

#[test]
fn activities_and_queries_of_a_pinned_workflow_go_to_its_version() {
    let mut bench = with_builds(&["1", "2"]);
    bench.start();
    let first = task(&mut bench, "1").expect("the current version gets it");
    finish(&mut bench, &first, "1", PINNED, vec![activity("a")]).expect("the task is done");
    set_current(&mut bench, "2");
    assert_eq!(job(&mut bench, "2"), None);
    assert!(job(&mut bench, "1").is_some());
    let query = QueryWorkflowRequest {
        namespace: "default".into(),
        execution: Some(execution("w")),
        query: Some(WorkflowQuery { query_type: "state".into(), ..Default::default() }),
        ..Default::default()
    };
    bench.call(|world, call| world.query_workflow(call, query)).expect("the workflow can be asked");
    assert_eq!(task(&mut bench, "2"), None);
    assert!(task(&mut bench, "1").is_some_and(|task| task.query.is_some()));
}

#[test]
fn children_and_next_runs_begin_where_the_workflow_is() {
    let child = StartChildWorkflowExecutionCommandAttributes {
        workflow_id: "c".into(),
        workflow_type: Some(WorkflowType { name: "child".into() }),
        ..Default::default()
    };
    let child = command(Asked::StartChildWorkflowExecutionCommandAttributes(Box::new(child)));
    for behavior in [PINNED, AUTO] {
        let mut bench = with_builds(&["1", "2"]);
        bench.start();
        let first = task(&mut bench, "1").expect("the current version gets it");
        finish(&mut bench, &first, "1", behavior, vec![child.clone()]).expect("the task is done");
        let of_child = info(&bench, "c");
        assert_eq!((of_child.behavior(), of_child.deployment_version), (behavior, version("1")));
        set_current(&mut bench, "2");
        let build = if behavior == PINNED { "1" } else { "2" };
        let mut tasks = std::iter::from_fn(|| task(&mut bench, build)).collect::<Vec<_>>();
        tasks.retain(|task| task.workflow_execution.as_ref().is_some_and(|it| it.workflow_id == "w"));
        let next = command(Asked::ContinueAsNewWorkflowExecutionCommandAttributes(Box::default()));
        finish(&mut bench, &tasks[0], build, behavior, vec![next]).expect("the task is done");
        let of_next = info(&bench, "w");
        assert_eq!((of_next.behavior(), of_next.deployment_version), (behavior, version(build)));
        let events = bench.events();
        let Some(Attributes::WorkflowExecutionStartedEventAttributes(started)) = &events[0].attributes else {
            panic!("it is the first event")
        };
        assert_eq!(started.search_attributes, None);
        let declined = started.declined_target_version_upgrade.clone().and_then(|it| it.deployment_version);
        assert_eq!(declined, version("2").filter(|_| behavior == PINNED));
    }
}

#[test]
fn an_override_counts_more_than_what_workers_say() {
    let mut bench = with_builds(&["1", "2"]);
    let request = StartWorkflowExecutionRequest { versioning_override: bound("9"), ..start("w") };
    assert_eq!(
        words(bench.world.start_workflow(request)),
        "FailedPrecondition: Pinned version 'shop:9' is not present in task queue 'queue' of type 'Workflow'"
    );
    let request = StartWorkflowExecutionRequest { versioning_override: bound("2"), ..start("w") };
    bench.world.start_workflow(request).expect("the workflow starts");
    assert_eq!(attribute(&bench, "TemporalWorkerDeploymentVersion"), "\"shop:2\"");
    let first = task(&mut bench, "2").expect("the override says so");
    finish(&mut bench, &first, "2", AUTO, Vec::new()).expect("the task is done");
    bench.signal("go").expect("the workflow is there");
    assert_eq!(task(&mut bench, "1"), None);
    let update = UpdateWorkflowExecutionOptionsRequest {
        namespace: "default".into(),
        workflow_execution: Some(execution("w")),
        workflow_execution_options: Some(Default::default()),
        update_mask: Some(perpetua_proto::protobuf::FieldMask { paths: vec!["versioning_override".into()] }),
        ..Default::default()
    };
    bench.world.update_workflow_options(update).expect("the override can be taken away");
    assert!(task(&mut bench, "1").is_some());
}

#[test]
fn a_ramping_version_gets_its_part_of_the_workflows() {
    let mut bench = with_builds(&["1", "2"]);
    let ramp = SetWorkerDeploymentRampingVersionRequest {
        namespace: "default".into(),
        deployment_name: "shop".into(),
        build_id: "2".into(),
        percentage: 50.0,
        ..Default::default()
    };
    bench.world.set_ramping_version(ramp).expect("the version can ramp");
    for id in 0..100 {
        bench.world.start_workflow(start(&format!("w{id}"))).expect("the workflow starts");
    }
    let mut count = |build: &str| std::iter::from_fn(|| task(&mut bench, build)).count();
    let (one, two) = (count("1"), count("2"));
    assert_eq!(one + two, 100);
    assert!((30..70).contains(&two), "{two}");
}

#[test]
fn a_version_is_drained_when_no_workflow_is_bound_to_it() {
    let mut bench = with_builds(&["1", "2"]);
    bench.start();
    let first = task(&mut bench, "1").expect("the current version gets it");
    finish(&mut bench, &first, "1", PINNED, Vec::new()).expect("the task is done");
    set_current(&mut bench, "2");
    let describe = |bench: &Bench| {
        let request = DescribeWorkerDeploymentVersionRequest {
            namespace: "default".into(),
            deployment_version: version("1"),
            report_task_queue_stats: true,
            ..Default::default()
        };
        bench.world.describe_version(&request).expect("the version is there").worker_deployment_version_info
    };
    bench.pass(Duration::from_secs(200));
    let info = describe(&bench).unwrap_or_default();
    assert_eq!(
        (info.status(), info.drainage_info.unwrap_or_default().status()),
        (Status::Draining, VersionDrainageStatus::Draining)
    );
    assert_eq!(
        info.task_queue_infos.iter().map(|it| it.r#type()).collect::<Vec<_>>(),
        [TaskQueueType::Workflow, TaskQueueType::Activity]
    );
    let terminate = TerminateWorkflowExecutionRequest {
        namespace: "default".into(),
        workflow_execution: Some(execution("w")),
        ..Default::default()
    };
    bench.world.terminate_workflow(terminate).expect("the workflow is there");
    bench.restart();
    bench.pass(Duration::from_secs(200));
    assert_eq!(describe(&bench).unwrap_or_default().status(), Status::Drained);
    let bound = StartWorkflowExecutionRequest { versioning_override: bound("1"), ..start("v") };
    bench.world.start_workflow(bound).expect("the workflow starts");
    assert_eq!(describe(&bench).unwrap_or_default().status(), Status::Draining);
}

fn child(versioning_override: Option<VersioningOverride>) -> Command {
    let asked = StartChildWorkflowExecutionCommandAttributes {
        workflow_id: "child".into(),
        workflow_type: Some(WorkflowType { name: "greeting".into() }),
        versioning_override,
        ..StartChildWorkflowExecutionCommandAttributes::default()
    };
    command(Asked::StartChildWorkflowExecutionCommandAttributes(Box::new(asked)))
}

#[test]
fn a_child_runs_on_the_version_that_its_parent_names() {
    let mut bench = Bench::with_other_work();
    assert!(task(&mut bench, "2").is_none());
    bench.start();
    let of_parent = bench.task();
    bench.answer(&of_parent, vec![child(bound("2"))]).expect("the version is there");
    let of_child = task(&mut bench, "2").expect("the child is for this version");
    assert_eq!(of_child.workflow_execution.map(|it| it.workflow_id).as_deref(), Some("child"));
}

#[test]
fn a_child_that_is_bound_to_no_version_does_not_start() {
    let mut bench = Bench::new();
    bench.start();
    let task = bench.task();
    let nowhere = PinnedOverride { behavior: PinnedOverrideBehavior::Pinned.into(), ..PinnedOverride::default() };
    let nowhere = VersioningOverride { r#override: Some(Override::Pinned(nowhere)), ..Default::default() };
    bench.answer(&task, vec![child(Some(nowhere))]).expect("the task itself is fine");
    let failed = last(&bench.events(), EventType::StartChildWorkflowExecutionFailed);
    match failed.attributes {
        Some(Attributes::StartChildWorkflowExecutionFailedEventAttributes(it)) => {
            assert_eq!(it.cause(), StartChildWorkflowExecutionFailedCause::InvalidVersioningOverride);
        }
        other => panic!("it is another event: {other:?}"),
    }
}
