//! Queries, and those who wait for news.

use perpetua_proto::enums::{HistoryEventFilterType, QueryResultType};
use perpetua_proto::query::{WorkflowQuery, WorkflowQueryResult};
use perpetua_proto::taskqueue::{StickyExecutionAttributes, TaskQueue};
use perpetua_proto::workflowservice::{
    GetWorkflowExecutionHistoryRequest, PollWorkflowTaskQueueRequest, QueryWorkflowRequest,
    RespondQueryTaskCompletedRequest, ShutdownWorkerRequest,
};
use perpetua_server_core::{CallId, Reply};

use crate::bench::{Bench, answer, complete, execution, seconds, timer, value, words};

fn query(bench: &mut Bench) -> CallId {
    let request = QueryWorkflowRequest {
        namespace: "default".into(),
        execution: Some(execution("w")),
        query: Some(WorkflowQuery { query_type: "state".into(), ..Default::default() }),
        ..Default::default()
    };
    bench.call(|world, call| world.query_workflow(call, request)).expect("it is there")
}

#[test]
fn a_query_goes_with_the_task_that_is_due() {
    let mut bench = Bench::new();
    bench.start();
    let call = query(&mut bench);
    let task = bench.task();
    let id = task.queries.keys().next().expect("the query is there").clone();
    let mut request = answer(&task, vec![timer("t", 1)]);
    request.query_results = [(
        id,
        WorkflowQueryResult {
            result_type: QueryResultType::Answered.into(),
            answer: Some(value("waiting")),
            ..Default::default()
        },
    )]
    .into();
    bench.world.respond_workflow_task_completed(request).expect("it can be done");
    let Some(Ok(Reply::Query(response))) = bench.reply(call) else { panic!("it is answered") };
    assert_eq!(response.query_result, Some(value("waiting")));
}

#[test]
fn a_query_of_a_closed_workflow_goes_to_the_worker_that_remembers_it_and_to_others_when_that_has_gone() {
    let mut bench = Bench::new();
    bench.start();
    let task = bench.task();
    let sticky = TaskQueue { name: "sticky".into(), kind: 2, normal_name: "queue".into() };
    let poll = PollWorkflowTaskQueueRequest {
        namespace: "default".into(),
        task_queue: Some(sticky.clone()),
        ..Default::default()
    };
    let own = bench.call(|world, call| world.poll_workflow_task(call, poll.clone())).expect("a worker may poll");
    let mut request = answer(&task, vec![complete()]);
    request.sticky_attributes =
        Some(StickyExecutionAttributes { worker_task_queue: Some(sticky), schedule_to_start_timeout: seconds(5) });
    bench.world.respond_workflow_task_completed(request).expect("it can be done");
    query(&mut bench);
    let Some(Ok(Reply::WorkflowTask(task))) = bench.reply(own) else { panic!("the query goes to its worker") };
    assert!(task.query.is_some());
    let gone =
        ShutdownWorkerRequest { namespace: "default".into(), sticky_task_queue: "sticky".into(), ..Default::default() };
    bench.world.shutdown_worker(&gone).expect("the namespace is there");
    query(&mut bench);
    assert!(bench.task().query.is_some(), "the query goes to any worker");
    bench.call(|world, call| world.poll_workflow_task(call, poll)).expect("it has come back");
    query(&mut bench);
    assert!(bench.is_idle(), "the query goes to its worker again");
}

#[test]
fn a_query_of_a_workflow_at_rest_or_closed_is_a_task_of_its_own() {
    for closing in [false, true] {
        let mut bench = Bench::new();
        bench.start();
        let task = bench.task();
        bench.answer(&task, vec![if closing { complete() } else { timer("t", 1) }]).expect("it can be done");
        let before = bench.history();
        let call = query(&mut bench);
        let task = bench.task();
        assert!(task.query.is_some() && task.started_event_id == 0);
        let request = RespondQueryTaskCompletedRequest {
            task_token: task.task_token,
            completed_type: QueryResultType::Failed.into(),
            error_message: "there is no such query".into(),
            ..Default::default()
        };
        bench.world.respond_query_task_completed(request.clone()).expect("somebody waits");
        let refused = bench.reply(call).expect("it is answered");
        assert_eq!(words(refused), "InvalidArgument: there is no such query");
        assert!(words(bench.world.respond_query_task_completed(request)).starts_with("NotFound"));
        assert_eq!(bench.history(), before);
    }
}

#[test]
fn a_reader_hears_of_what_is_new_and_of_the_end() {
    let mut bench = Bench::new();
    bench.start();
    let request = |filter: HistoryEventFilterType, token: bytes::Bytes| GetWorkflowExecutionHistoryRequest {
        namespace: "default".into(),
        execution: Some(execution("w")),
        wait_new_event: true,
        history_event_filter_type: filter.into(),
        next_page_token: token,
        ..Default::default()
    };
    let all = request(HistoryEventFilterType::AllEvent, bytes::Bytes::new());
    let first = bench.call(|world, call| world.history(call, all)).expect("it is there");
    let Some(Ok(Reply::History(page))) = bench.reply(first) else { panic!("there are events") };
    let rest = request(HistoryEventFilterType::AllEvent, page.next_page_token);
    let waiting = bench.call(|world, call| world.history(call, rest)).expect("it is there");
    let end = request(HistoryEventFilterType::CloseEvent, bytes::Bytes::new());
    let ending = bench.call(|world, call| world.history(call, end)).expect("it is there");
    assert_eq!((bench.reply(waiting), bench.reply(ending)), (None, None));
    let task = bench.task();
    let Some(Ok(Reply::History(page))) = bench.reply(waiting) else { panic!("there is news") };
    assert_eq!(page.history.map(|it| it.events.len()), Some(1));
    bench.answer(&task, vec![complete()]).expect("it can be done");
    let Some(Ok(Reply::History(page))) = bench.reply(ending) else { panic!("it is over") };
    assert_eq!(page.history.map(|it| it.events.len()), Some(1));
    assert!(page.next_page_token.is_empty());
}
