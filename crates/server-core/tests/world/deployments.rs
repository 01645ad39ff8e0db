//! Deployments: who may change them, and in which words it is refused.

use perpetua_proto::deployment::WorkerDeploymentVersion;
use perpetua_proto::workflowservice::set_worker_deployment_manager_request::NewManagerIdentity;
use perpetua_proto::workflowservice::*;
use perpetua_server_core::Answer;

use crate::bench::{Bench, queue, start, words};
use crate::versions::options;

fn poll(bench: &mut Bench, name: &str, build: &str) -> Answer<()> {
    let mut options = options(build);
    if let Some(options) = &mut options {
        options.deployment_name = name.into();
    }
    let request = PollWorkflowTaskQueueRequest {
        namespace: "default".into(),
        task_queue: Some(queue()),
        identity: "worker".into(),
        deployment_options: options,
        ..Default::default()
    };
    let call = bench.call(|world, call| world.poll_workflow_task(call, request))?;
    bench.world.expire(call);
    bench.reply(call);
    Ok(())
}

fn current(build: &str) -> SetWorkerDeploymentCurrentVersionRequest {
    SetWorkerDeploymentCurrentVersionRequest {
        namespace: "default".into(),
        deployment_name: "shop".into(),
        build_id: build.into(),
        identity: "operator".into(),
        ..Default::default()
    }
}

fn ramping(build: &str, percentage: f32) -> SetWorkerDeploymentRampingVersionRequest {
    SetWorkerDeploymentRampingVersionRequest {
        namespace: "default".into(),
        deployment_name: "shop".into(),
        build_id: build.into(),
        percentage,
        ..Default::default()
    }
}

fn describe(bench: &Bench) -> DescribeWorkerDeploymentResponse {
    let request = DescribeWorkerDeploymentRequest { namespace: "default".into(), deployment_name: "shop".into() };
    bench.world.describe_deployment(&request).expect("the deployment is there")
}

#[test]
fn names_of_deployments_are_checked_when_workers_poll() {
    let mut bench = Bench::with_other_work();
    for (name, build, said) in [
        ("", "1", "Deployment name and build id must be set together."),
        ("shop", "", "Deployment name and build id must be set together."),
        ("a.b", "1", "worker deployment name cannot contain '.'"),
        ("a:b", "1", "worker deployment name cannot contain ':'"),
        ("__a", "1", "WorkerDeploymentName cannot start with '__'"),
    ] {
        assert_eq!(words(poll(&mut bench, name, build)), format!("InvalidArgument: {said}"));
    }
}

#[test]
fn only_versions_that_polled_become_current_unless_it_is_allowed() {
    let mut bench = Bench::with_other_work();
    let missing = "NotFound: no Worker Deployment found with name 'shop'; does your Worker Deployment have pollers?";
    assert_eq!(words(bench.world.set_current_version(current("1"))), missing);
    poll(&mut bench, "shop", "1").expect("a worker may poll");
    let missing = "NotFound: build ID '9' not found in Worker Deployment 'shop'";
    assert_eq!(words(bench.world.set_current_version(current("9"))), missing);
    assert_eq!(words(bench.world.set_ramping_version(ramping("9", 5.0))), missing);
    let allowed = SetWorkerDeploymentCurrentVersionRequest { allow_no_pollers: true, ..current("9") };
    bench.world.set_current_version(allowed).expect("it is allowed");
    let info = describe(&bench).worker_deployment_info.unwrap_or_default();
    assert_eq!((info.version_summaries.len(), info.last_modifier_identity.as_str()), (2, "operator"));
}

#[test]
fn what_was_decided_in_the_meantime_is_not_overwritten() {
    let mut bench = Bench::with_other_work();
    for build in ["1", "2"] {
        poll(&mut bench, "shop", build).expect("a worker may poll");
    }
    let conflict_token = describe(&bench).conflict_token;
    bench.world.set_current_version(current("1")).expect("the version can be current");
    let late = SetWorkerDeploymentCurrentVersionRequest { conflict_token, ..current("2") };
    assert_eq!(words(bench.world.set_current_version(late)), "FailedPrecondition: conflict token mismatch");
    let is_current = "FailedPrecondition: requested ramping version shop.1 is already current";
    assert_eq!(words(bench.world.set_ramping_version(ramping("1", 10.0))), is_current);
    let wrong = "InvalidArgument: Percentage must be between 0 and 100 (inclusive)";
    assert_eq!(words(bench.world.set_ramping_version(ramping("2", 101.0))), wrong);
    bench.world.set_ramping_version(ramping("2", 10.0)).expect("the version can ramp");
    bench.world.set_current_version(current("2")).expect("the version can be current");
    let routing = describe(&bench).worker_deployment_info.and_then(|info| info.routing_config).unwrap_or_default();
    assert_eq!((routing.ramping_deployment_version, routing.revision_number), (None, 3));
}

#[test]
fn a_version_that_would_leave_work_behind_is_refused() {
    let mut bench = Bench::with_other_work();
    poll(&mut bench, "shop", "1").expect("a worker may poll");
    bench.world.set_current_version(current("1")).expect("the version can be current");
    bench.world.start_workflow(start("w")).expect("the workflow starts");
    let version = CreateWorkerDeploymentVersionRequest {
        namespace: "default".into(),
        deployment_version: Some(WorkerDeploymentVersion { deployment_name: "shop".into(), build_id: "2".into() }),
        ..Default::default()
    };
    bench.world.create_version(version).expect("a version can be made");
    assert_eq!(
        words(bench.world.set_current_version(current("2"))),
        "FailedPrecondition: proposed current version 'shop:2' is missing active task queues from the current \
         version; these would become unversioned if it is set as the current version"
    );
    let ignored = SetWorkerDeploymentCurrentVersionRequest { ignore_missing_task_queues: true, ..current("2") };
    bench.world.set_current_version(ignored).expect("it is accepted");
    assert_eq!(bench.task().attempt, 1);
}

#[test]
fn a_manager_alone_changes_where_work_goes() {
    let mut bench = Bench::with_other_work();
    poll(&mut bench, "shop", "1").expect("a worker may poll");
    let request = SetWorkerDeploymentManagerRequest {
        namespace: "default".into(),
        deployment_name: "shop".into(),
        identity: "boss".into(),
        new_manager_identity: Some(NewManagerIdentity::Self_(true)),
        ..Default::default()
    };
    bench.world.set_deployment_manager(request).expect("anybody may be the manager");
    assert_eq!(
        words(bench.world.set_current_version(current("1"))),
        "FailedPrecondition: ManagerIdentity 'boss' is set and does not match user identity 'operator'; to proceed, \
         set your own identity as the ManagerIdentity, remove the ManagerIdentity, or wait for the other client to do \
         so"
    );
    let own = SetWorkerDeploymentCurrentVersionRequest { identity: "boss".into(), ..current("1") };
    assert!(bench.world.set_current_version(own).is_ok());
}

#[test]
fn versions_that_are_needed_are_not_deleted() {
    let mut bench = Bench::with_other_work();
    for build in ["1", "2"] {
        poll(&mut bench, "shop", build).expect("a worker may poll");
    }
    bench.world.set_current_version(current("1")).expect("the version can be current");
    let delete = |build: &str, skip_drainage: bool| DeleteWorkerDeploymentVersionRequest {
        namespace: "default".into(),
        deployment_version: Some(WorkerDeploymentVersion { deployment_name: "shop".into(), build_id: build.into() }),
        skip_drainage,
        ..Default::default()
    };
    let refused = |why: &str| format!("FailedPrecondition: version 'shop:{why}");
    let answer = words(bench.world.delete_version(&delete("1", true)));
    assert_eq!(answer, refused("1' cannot be deleted since it is current or ramping"));
    let answer = words(bench.world.delete_version(&delete("2", false)));
    assert_eq!(answer, refused("2' cannot be deleted since it has active pollers"));
    bench.pass(std::time::Duration::from_secs(10));
    bench.world.set_current_version(current("2")).expect("the version can be current");
    let answer = words(bench.world.delete_version(&delete("1", false)));
    assert_eq!(answer, refused("1' cannot be deleted since it is draining"));
    assert!(bench.world.delete_version(&delete("1", true)).is_ok());
    assert!(bench.world.delete_version(&delete("7", false)).is_ok());
    let whole = DeleteWorkerDeploymentRequest {
        namespace: "default".into(),
        deployment_name: "shop".into(),
        ..Default::default()
    };
    let versions = "FailedPrecondition: deployment has versions, can't be deleted";
    assert_eq!(words(bench.world.delete_deployment(&whole)), versions);
}

#[test]
fn deployments_are_kept_and_listed_after_a_restart() {
    let mut bench = Bench::with_other_work();
    poll(&mut bench, "shop", "1").expect("a worker may poll");
    bench.pass(std::time::Duration::from_secs(1));
    poll(&mut bench, "bank", "1").expect("a worker may poll");
    bench.world.set_current_version(current("1")).expect("the version can be current");
    bench.restart();
    let mut request = ListWorkerDeploymentsRequest { namespace: "default".into(), page_size: 1, ..Default::default() };
    let first = bench.world.list_deployments(&request).expect("they can be listed");
    request.next_page_token = first.next_page_token;
    let second = bench.world.list_deployments(&request).expect("they can be listed");
    assert_eq!(
        (first.worker_deployments[0].name.as_str(), second.worker_deployments[0].name.as_str()),
        ("bank", "shop")
    );
    let routing = second.worker_deployments[0].routing_config.clone().unwrap_or_default();
    assert_eq!(routing.current_deployment_version.map(|it| it.build_id).as_deref(), Some("1"));
}
