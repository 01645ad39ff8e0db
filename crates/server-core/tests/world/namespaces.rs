//! Namespaces, and how long what is in them is kept. The words are those of the real server.

use std::time::Duration;

use perpetua_proto::common::WorkflowExecution;
use perpetua_proto::enums::EventType;
use perpetua_proto::namespace::{NamespaceConfig, UpdateNamespaceInfo};
use perpetua_proto::operatorservice::DeleteNamespaceRequest;
use perpetua_proto::workflowservice::*;
use perpetua_server_core::{Answer, Reply};

use crate::bench::{Bench, complete, execution, seconds, start, words};

const DAY: Duration = Duration::from_secs(24 * 3600);

fn register(bench: &mut Bench, change: impl FnOnce(&mut RegisterNamespaceRequest)) -> Answer<()> {
    let mut request = RegisterNamespaceRequest {
        namespace: "other".into(),
        workflow_execution_retention_period: seconds(3600),
        ..Default::default()
    };
    change(&mut request);
    bench.world.register_namespace(request)
}

fn describe(bench: &Bench, name: &str) -> Answer<DescribeNamespaceResponse> {
    bench.world.describe_namespace(&DescribeNamespaceRequest { namespace: name.into(), ..Default::default() })
}

fn delete(bench: &mut Bench, execution: WorkflowExecution) -> Answer<()> {
    bench.world.delete_workflow(&DeleteWorkflowExecutionRequest {
        namespace: "default".into(),
        workflow_execution: Some(execution),
    })
}

fn status(bench: &Bench, execution: WorkflowExecution) -> Result<i32, String> {
    let request = DescribeWorkflowExecutionRequest { namespace: "default".into(), execution: Some(execution) };
    let described = bench.world.describe_workflow(&request).map_err(|refusal| refusal.message)?;
    Ok(described.workflow_execution_info.expect("it says what it is").status)
}

#[test]
fn a_namespace_is_made_if_nothing_is_wrong_with_it() {
    let mut bench = Bench::new();
    let missing = "InvalidArgument: A valid retention period is not set on request.";
    assert_eq!(words(register(&mut bench, |it| it.workflow_execution_retention_period = None)), missing);
    assert_eq!(words(register(&mut bench, |it| it.workflow_execution_retention_period = seconds(3599))), missing);
    for (change, problem) in [
        (
            (|it| it.is_global_namespace = true) as fn(&mut RegisterNamespaceRequest),
            "Cannot register global namespace when not enabled",
        ),
        (|it| it.active_cluster_name = "far".into(), "Invalid cluster name: far"),
        (|it| it.namespace = String::new(), "Namespace not set on request."),
        (|it| it.namespace = "x".repeat(1001), "Namespace length exceeds limit."),
    ] {
        assert_eq!(words(register(&mut bench, change)), format!("InvalidArgument: {problem}"));
    }
    register(&mut bench, |_| ()).expect("it is new");
    assert_eq!(words(register(&mut bench, |_| ())), "AlreadyExists: Namespace \"other\" already exists");
}

#[test]
fn namespaces_are_found_by_name_or_id_and_listed_in_pages() {
    let mut bench = Bench::new();
    register(&mut bench, |_| ()).expect("it is new");
    let described = describe(&bench, "other").expect("it is there");
    let id = described.namespace_info.as_ref().expect("it says what it is").id.clone();
    let by_id = DescribeNamespaceRequest { id, ..Default::default() };
    assert_eq!(bench.world.describe_namespace(&by_id), Ok(described));
    let unknown = DescribeNamespaceRequest { id: "nobody".into(), ..Default::default() };
    assert_eq!(words(bench.world.describe_namespace(&unknown)), "NotFound: Namespace nobody is not found.");
    let page = |token: &[u8]| {
        let next_page_token = token.to_vec().into();
        let request = ListNamespacesRequest { page_size: 2, next_page_token, ..Default::default() };
        let page = bench.world.list_namespaces(&request);
        let names = page.namespaces.into_iter().map(|it| it.namespace_info.expect("it says what it is").name);
        (names.collect::<Vec<_>>(), page.next_page_token)
    };
    let (first, token) = page(b"");
    assert_eq!(first, ["default", "other"]);
    assert_eq!(page(&token), (vec!["temporal-system".to_owned()], "".into()));
}

#[test]
fn a_namespace_is_changed_where_the_request_says_something() {
    let mut bench = Bench::new();
    register(&mut bench, |it| it.data = [("kept".into(), "a".into()), ("new".into(), "a".into())].into())
        .expect("it is new");
    let mut update = |change: fn(&mut UpdateNamespaceRequest)| {
        let mut request = UpdateNamespaceRequest { namespace: "other".into(), ..Default::default() };
        change(&mut request);
        bench.world.update_namespace(request)
    };
    let info = update(|it| {
        it.update_info = Some(UpdateNamespaceInfo {
            description: "what it is for".into(),
            data: [("new".into(), "b".into())].into(),
            ..Default::default()
        });
    });
    let info = info.expect("nothing is wrong").namespace_info.expect("it says what it is");
    assert_eq!((info.description.as_str(), info.data.len(), info.data["new"].as_str()), ("what it is for", 2, "b"));
    let short = |it: &mut UpdateNamespaceRequest| {
        it.config = Some(NamespaceConfig { workflow_execution_retention_ttl: seconds(60), ..Default::default() });
    };
    assert_eq!(words(update(short)), "InvalidArgument: A valid retention period is not set on request.");
    let promote = words(update(|it| it.promote_namespace = true));
    assert!(promote.starts_with("InvalidArgument: global namespace is not enabled on this cluster"), "{promote}");
}

#[test]
fn nothing_is_started_in_a_deprecated_namespace() {
    let mut bench = Bench::new();
    bench.start();
    let request = DeprecateNamespaceRequest { namespace: "default".into(), ..Default::default() };
    bench.world.deprecate_namespace(&request).expect("it is there");
    let refused = bench.world.start_workflow(start("late")).expect_err("it is deprecated");
    assert_eq!(refused.message, "Namespace has invalid state: Deprecated. Must be Registered.");
    assert!(refused.detail.is_some_and(|it| it.type_url.ends_with("NamespaceInvalidStateFailure")));
    bench.signal("hello").expect("what runs goes on");
}

#[test]
fn a_deleted_namespace_takes_everything_along() {
    let mut bench = Bench::new();
    bench.start();
    let delete = |bench: &mut Bench, name: &str| {
        bench.world.delete_namespace(&DeleteNamespaceRequest { namespace: name.into(), ..Default::default() })
    };
    let deleted = delete(&mut bench, "default").expect("it is there").deleted_namespace;
    assert!(deleted.starts_with("default-deleted-"), "{deleted}");
    assert_eq!(words(describe(&bench, "default")), "NotFound: Namespace default is not found.");
    register(&mut bench, |it| it.namespace = "default".into()).expect("the name is free");
    assert_eq!(status(&bench, execution("w")), Err("workflow not found for ID: w".to_owned()));
    assert_eq!(words(delete(&mut bench, "temporal-system")), "FailedPrecondition: unable to delete system namespace");
}

#[test]
fn closed_workflows_are_kept_as_long_as_their_namespace_says() {
    let mut bench = Bench::new();
    bench.start();
    bench.pass(DAY * 2);
    let task = bench.task();
    bench.answer(&task, vec![complete()]).expect("it can be done");
    bench.pass(DAY - Duration::from_secs(1));
    assert_eq!(status(&bench, execution("w")), Ok(2));
    assert_eq!(bench.world.next_awaited(), None, "nobody waits for that");
    bench.pass(Duration::from_secs(1));
    assert_eq!(status(&bench, execution("w")), Err("workflow not found for ID: w".to_owned()));
    let list = ListWorkflowExecutionsRequest { namespace: "default".into(), ..Default::default() };
    assert!(bench.world.list_workflows(&list).expect("it is right").executions.is_empty());
}

#[test]
fn who_waits_for_a_deleted_workflow_hears_how_it_ended() {
    let mut bench = Bench::new();
    bench.start();
    let request = GetWorkflowExecutionHistoryRequest {
        namespace: "default".into(),
        execution: Some(execution("w")),
        wait_new_event: true,
        history_event_filter_type: 2,
        ..Default::default()
    };
    let reader = bench.call(|world, call| world.history(call, request)).expect("it runs");
    let request = QueryWorkflowRequest {
        namespace: "default".into(),
        execution: Some(execution("w")),
        query: Some(perpetua_proto::query::WorkflowQuery { query_type: "state".into(), ..Default::default() }),
        ..Default::default()
    };
    let query = bench.call(|world, call| world.query_workflow(call, request)).expect("it runs");
    delete(&mut bench, execution("w")).expect("it runs");
    let Some(Ok(Reply::History(response))) = bench.reply(reader) else { panic!("there is news") };
    let events = response.history.unwrap_or_default().events;
    assert_eq!(events[0].event_type(), EventType::WorkflowExecutionTerminated);
    assert!(matches!(bench.reply(query), Some(Err(_))));
    assert_eq!(words(delete(&mut bench, execution("w"))), "NotFound: workflow not found for ID: w");
}

#[test]
fn deleting_one_run_leaves_the_others_of_its_id() {
    let mut bench = Bench::new();
    let run = |bench: &mut Bench| {
        let run_id = bench.start().run_id;
        let task = bench.task();
        bench.answer(&task, vec![complete()]).expect("it can be done");
        WorkflowExecution { workflow_id: "w".into(), run_id }
    };
    let runs = [run(&mut bench), run(&mut bench), run(&mut bench)];
    delete(&mut bench, runs[0].clone()).expect("it is there");
    assert_eq!(status(&bench, execution("w")), Ok(2));
    delete(&mut bench, runs[2].clone()).expect("it is there");
    // The id stood for the newest run, also after a restart.
    for _ in 0..2 {
        assert_eq!(status(&bench, execution("w")), Err("workflow not found for ID: w".to_owned()));
        assert_eq!(status(&bench, runs[1].clone()), Ok(2));
        bench.restart();
    }
}
