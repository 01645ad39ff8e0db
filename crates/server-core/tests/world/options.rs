//! Runs that are paused, and options that change while a run is open.

use perpetua_proto::common::Priority;
use perpetua_proto::enums::WorkflowExecutionStatus as Status;
use perpetua_proto::protobuf::FieldMask;
use perpetua_proto::workflow::{VersioningOverride, WorkflowExecutionOptions};
use perpetua_proto::workflowservice::*;

use crate::bench::{Bench, activity, complete, execution, timer, words};

fn pause(bench: &mut Bench) -> perpetua_server_core::Answer<()> {
    bench.world.pause_workflow(PauseWorkflowExecutionRequest {
        namespace: "default".into(),
        workflow_id: "w".into(),
        identity: "operator".into(),
        reason: "coffee".into(),
        ..Default::default()
    })
}

fn unpause(bench: &mut Bench) -> perpetua_server_core::Answer<()> {
    bench.world.unpause_workflow(UnpauseWorkflowExecutionRequest {
        namespace: "default".into(),
        workflow_id: "w".into(),
        ..Default::default()
    })
}

fn describe(bench: &Bench) -> DescribeWorkflowExecutionResponse {
    let request = DescribeWorkflowExecutionRequest { namespace: "default".into(), execution: Some(execution("w")) };
    bench.world.describe_workflow(&request).expect("it is there")
}

#[test]
fn nobody_gets_work_of_a_paused_workflow_until_it_goes_on() {
    let mut bench = Bench::new();
    bench.start();
    let task = bench.task();
    bench.answer(&task, vec![timer("t", 1), activity("a")]).expect("it can be done");
    pause(&mut bench).expect("it runs");
    assert_eq!(words(pause(&mut bench)), "FailedPrecondition: workflow is already paused.");
    bench.signal("s").expect("it is open");
    bench.pass(std::time::Duration::from_secs(2));
    assert!(bench.is_idle());
    assert_eq!(bench.activity(), None);
    let info = describe(&bench).workflow_execution_info.unwrap_or_default();
    assert_eq!(info.status(), Status::Paused);
    let attributes = info.search_attributes.unwrap_or_default().indexed_fields;
    let shown = attributes.get("TemporalPauseInfo").map(|payload| payload.data.clone()).unwrap_or_default();
    assert_eq!(shown, r#"["Workflow:w","Reason:coffee"]"#);
    unpause(&mut bench).expect("it is paused");
    assert_eq!(
        bench.history()[6..],
        [
            "7 workflow_execution_paused",
            "8 workflow_execution_signaled",
            "9 timer_fired",
            "10 workflow_execution_unpaused",
            "11 workflow_task_scheduled",
        ]
    );
    assert!(bench.activity().is_some());
    let task = bench.task();
    bench.answer(&task, vec![complete()]).expect("it can be done");
    assert_eq!(words(unpause(&mut bench)), "NotFound: workflow execution already completed");
}

#[test]
fn a_task_that_no_worker_has_is_taken_back_by_a_pause() {
    let mut bench = Bench::new();
    bench.start();
    pause(&mut bench).expect("it runs");
    assert!(bench.is_idle());
    assert_eq!(bench.history()[2..], ["3 workflow_task_failed", "4 workflow_execution_paused"]);
    unpause(&mut bench).expect("it is paused");
    let task = bench.task();
    assert_eq!(task.attempt, 1);
}

#[test]
fn the_end_of_a_run_waits_for_the_worker_to_have_seen_its_pause() {
    let mut bench = Bench::new();
    bench.start();
    let task = bench.task();
    pause(&mut bench).expect("it runs");
    assert_eq!(words(bench.answer(&task, vec![complete()])), "InvalidArgument: UnhandledCommand");
    assert_eq!(bench.history()[3..], ["4 workflow_task_failed", "5 workflow_execution_paused"]);
}

fn change(
    bench: &mut Bench,
    paths: &[&str],
    options: WorkflowExecutionOptions,
) -> Result<WorkflowExecutionOptions, String> {
    let request = UpdateWorkflowExecutionOptionsRequest {
        namespace: "default".into(),
        workflow_execution: Some(execution("w")),
        workflow_execution_options: Some(options),
        update_mask: Some(FieldMask { paths: paths.iter().map(|path| (*path).to_owned()).collect() }),
        ..Default::default()
    };
    match bench.world.update_workflow_options(request) {
        Ok(response) => Ok(response.workflow_execution_options.unwrap_or_default()),
        Err(refusal) => Err(words::<()>(Err(refusal))),
    }
}

#[test]
fn options_change_as_far_as_they_are_named() {
    let mut bench = Bench::new();
    bench.start();
    let priority = |priority_key, fairness_key: &str| {
        Some(Priority { priority_key, fairness_key: fairness_key.into(), fairness_weight: 0.0 })
    };
    let with = |priority| WorkflowExecutionOptions { priority, ..Default::default() };
    let changed = change(&mut bench, &["priority"], with(priority(1, "")));
    assert_eq!(changed.map(|it| it.priority), Ok(priority(1, "")));
    let changed = change(&mut bench, &["priority.fairness_key"], with(priority(4, "f")));
    assert_eq!(changed.map(|it| it.priority), Ok(priority(1, "f")));
    assert_eq!(describe(&bench).workflow_execution_info.and_then(|info| info.priority), priority(1, "f"));
    assert_eq!(bench.history()[2..], ["3 workflow_execution_options_updated", "4 workflow_execution_options_updated"]);
    let wrong = change(&mut bench, &["nonsense"], with(None));
    assert!(wrong.is_err_and(|words| words.contains("invalid path \"nonsense\"")));
    let versioning_override = Some(VersioningOverride::default());
    let empty = WorkflowExecutionOptions { versioning_override, ..Default::default() };
    let wrong = change(&mut bench, &["versioning_override"], empty);
    assert_eq!(wrong, Err("InvalidArgument: override behavior is required".to_owned()));
}
