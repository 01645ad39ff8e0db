//! Lists and counts of workflows: the query language, the order, pages. The words are those of the real server.

use std::time::Duration;

use perpetua_proto::common::{Payload, SearchAttributes};
use perpetua_proto::enums::IndexedValueType as Kind;
use perpetua_proto::operatorservice::AddSearchAttributesRequest;
use perpetua_proto::workflowservice::{
    CountWorkflowExecutionsRequest, ListClosedWorkflowExecutionsRequest, ListOpenWorkflowExecutionsRequest,
    ListWorkflowExecutionsRequest, StartWorkflowExecutionRequest, TerminateWorkflowExecutionRequest,
};

use crate::bench::{Bench, complete, execution, seconds, start, words};

/// `a` and `b` are completed, `c` is terminated, `d` waits for its first task. All but `d` have attributes.
fn scene() -> Bench {
    let mut bench = Bench::new();
    let kinds = [
        ("Color", Kind::Keyword),
        ("Note", Kind::Text),
        ("Number", Kind::Int),
        ("Ratio", Kind::Double),
        ("Flag", Kind::Bool),
        ("Moment", Kind::Datetime),
        ("Tags", Kind::KeywordList),
    ];
    let request = AddSearchAttributesRequest {
        namespace: "default".into(),
        search_attributes: kinds.map(|(name, kind)| (name.to_owned(), kind.into())).into(),
    };
    bench.world.add_search_attributes(request).expect("they are new");
    let all: [(&str, &[(&str, &str)]); 4] = [
        (
            "a",
            &[
                ("Color", "\"red\""),
                ("Note", "\"Hello big World\""),
                ("Number", "5"),
                ("Ratio", "1.5"),
                ("Flag", "true"),
                ("Moment", "\"2024-01-02T03:04:05Z\""),
                ("Tags", "[\"x\",\"y\"]"),
            ],
        ),
        ("b", &[("Color", "\"blue\""), ("Number", "7"), ("Tags", "[\"y\",\"z\"]")]),
        ("c", &[("Color", "\"green\"")]),
        ("d", &[]),
    ];
    for (id, attributes) in all {
        let payload = |json: &str| Payload {
            metadata: [("encoding".to_owned(), "json/plain".into())].into(),
            data: json.to_owned().into(),
            ..Payload::default()
        };
        let fields = attributes.iter().map(|(name, json)| ((*name).to_owned(), payload(json))).collect();
        let request = StartWorkflowExecutionRequest {
            search_attributes: Some(SearchAttributes { indexed_fields: fields }),
            workflow_start_delay: if id == "d" { seconds(3600) } else { None },
            ..start(id)
        };
        bench.world.start_workflow(request).expect("it starts");
        bench.pass(Duration::from_secs(1));
    }
    for _ in ["a", "b"] {
        let task = bench.task();
        bench.answer(&task, vec![complete()]).expect("it can be done");
        bench.pass(Duration::from_secs(1));
    }
    let request = TerminateWorkflowExecutionRequest {
        namespace: "default".into(),
        workflow_execution: Some(execution("c")),
        ..Default::default()
    };
    bench.world.terminate_workflow(request).expect("it runs");
    bench
}

fn request(query: &str) -> ListWorkflowExecutionsRequest {
    ListWorkflowExecutionsRequest { namespace: "default".into(), query: query.into(), ..Default::default() }
}

/// The ids of the workflows that a query asks for, in order.
fn ids(bench: &Bench, query: &str) -> String {
    let listed = bench.world.list_workflows(&request(query)).unwrap_or_else(|problem| panic!("{query}: {problem}"));
    listed.executions.into_iter().map(|it| it.execution.expect("each has an id").workflow_id).collect()
}

#[test]
fn a_query_finds_what_it_describes() {
    let bench = scene();
    for (query, found) in [
        ("", "dcba"),
        ("  ", "dcba"),
        ("WorkflowId = 'a'", "a"),
        ("`WorkflowId` = \"a\" OR WorkflowId in ('b', 'c') and ExecutionStatus = 'Terminated'", "ca"),
        ("(WorkflowId = 'a' or WorkflowId = 'c') and ExecutionStatus != 5", "a"),
        ("NOT WorkflowId = 'a' AND CloseTime IS NOT NULL", "cb"),
        ("ExecutionStatus = 'Running'", "d"),
        ("ExecutionStatus in (1, 2) && WorkflowType = 'greeting'", "dba"),
        ("WorkflowId BETWEEN 'b' AND 'c'", "cb"),
        ("WorkflowId NOT BETWEEN 'b' AND 'c'", "da"),
        ("WorkflowId STARTS_WITH 'a' || WorkflowId > 'c'", "da"),
        ("Color != 'red'", "cb"),
        ("NOT Color = 'red'", "cb"),
        ("Color IS NULL", "d"),
        ("Color NOT IN ('red', 'blue')", "c"),
        ("Color STARTS_WITH 'r'", "a"),
        ("Color NOT STARTS_WITH 'r'", "cb"),
        ("Number > 5", "b"),
        ("Number >= +5 AND Number <= 7.5", "ba"),
        ("Number NOT BETWEEN 5 AND 6", "b"),
        ("Ratio = 15e-1", "a"),
        ("Flag = true", "a"),
        ("Moment = '2024-01-02T04:04:05+01:00'", "a"),
        ("Moment > 1704164645000000000 OR Moment < '2025-01-01T00:00:00Z'", "a"),
        ("Tags = 'y'", "ba"),
        ("Tags = 'X'", "a"),
        ("Tags != 'x'", "dcb"),
        ("Tags in ('x', 'z')", "ba"),
        ("Note = 'hello nothing'", "a"),
        ("Note = 'wor'", ""),
        ("Note != 'hello'", "dcb"),
        ("StartTime < '2001-09-09T01:46:42Z'", "ba"),
        ("ExecutionDuration > '3s'", "cba"),
        ("ExecutionDuration >= '00:00:04'", "cba"),
        ("ExecutionDuration < 1000", ""),
        ("HistoryLength = 3", "c"),
        ("StateTransitionCount = 3", "ba"),
        ("RootWorkflowId = 'a' AND ParentWorkflowId IS NULL", "a"),
        ("TaskQueue = 'queue' GROUP BY ExecutionStatus", "dcba"),
        ("TemporalNamespaceDivision = 'x'", ""),
        ("TemporalNamespaceDivision IS NULL -- all of them", "dcba"),
    ] {
        assert_eq!(ids(&bench, query), found, "{query}");
    }
}

#[test]
fn a_wrong_query_is_refused_in_the_words_of_the_real_server() {
    let bench = scene();
    for (query, problem) in [
        ("Color = 'a' ORDER BY Color", "operation is not supported: 'ORDER BY' clause"),
        ("ORDER BY StartTime", "operation is not supported: 'ORDER BY' clause"),
        ("Color = 'red' LIMIT 5", "operation is not supported: 'LIMIT' clause"),
        ("GROUP BY Color", "operation is not supported: 'GROUP BY' clause is not supported for search attribute Color"),
        (
            "GROUP BY ExecutionStatus, Color",
            "operation is not supported: 'GROUP BY' clause supports only a single field",
        ),
        ("Unknown = 1", "invalid search attribute: Unknown"),
        ("color = 'red'", "invalid search attribute: color"),
        ("Color", "invalid expression: incomplete expression"),
        ("'red' = Color", "invalid expression: must be a column name but was *sqlparser.SQLVal"),
        (
            "Color = red",
            "operation is not supported: column name on the right side of comparison expression \
             (did you forget to quote \"red\"?)",
        ),
        (
            "Color = 5",
            "invalid expression: invalid value type for search attribute Color of type Keyword: 5 (type: int64)",
        ),
        (
            "Color LIKE 'r%'",
            "operation is not supported: operator 'LIKE' not supported for Keyword type search attribute 'Color'",
        ),
        (
            "Note IN ('x')",
            "operation is not supported: operator 'IN' not supported for Text type search attribute 'Note'",
        ),
        ("Note = ''", "invalid expression: no tokens found filtering on Text type search attribute Note"),
        (
            "Flag BETWEEN true AND false",
            "invalid expression: cannot do range condition on search attribute 'Flag' of type Bool",
        ),
        ("Moment > '2024-01-01'", "invalid expression: unable to parse datetime '2024-01-01'"),
        ("ExecutionStatus = 'running'", "invalid expression: invalid ExecutionStatus value 'running'"),
        (
            "ExecutionDuration > '1w'",
            "invalid expression: invalid duration value for search attribute ExecutionDuration: 1w",
        ),
        ("Color IS TRUE", "invalid expression: 'IS' operator can only be used as 'IS NULL' or 'IS NOT NULL'"),
        ("now()", "operation is not supported: function expression"),
        ("Color = 'red' AND", "malformed SQL query: syntax error at position 45"),
        ("Color == 'red'", "malformed SQL query: syntax error at position 36"),
        ("Color = 'red", "malformed SQL query: syntax error at position 40 near 'red'"),
        ("Color IN ()", "malformed SQL query: syntax error at position 39"),
        ("GROUP BY", "malformed SQL query: syntax error at position 30"),
    ] {
        let refused = words(bench.world.list_workflows(&request(query)));
        assert_eq!(refused, format!("InvalidArgument: invalid query: {problem}"), "{query}");
    }
    let deep = format!("{}Color = 'red'{}", "(".repeat(100_000), ")".repeat(100_000));
    assert!(words(bench.world.list_workflows(&request(&deep))).contains("nested too deeply"));
    let long = ["Color = 'red'"; 20_000].join(" OR ");
    assert_eq!(ids(&bench, &long), "a");
}

#[test]
fn pages_go_on_after_the_last_that_was_seen() {
    let mut bench = scene();
    let mut request = ListWorkflowExecutionsRequest { page_size: 3, ..request("") };
    let first = bench.world.list_workflows(&request).expect("it is right");
    assert_eq!(first.executions.len(), 3);
    bench.world.start_workflow(start("e")).expect("the id is free");
    request.next_page_token = first.next_page_token;
    let second = bench.world.list_workflows(&request).expect("it is right");
    assert_eq!(second.executions[0].execution.as_ref().expect("it has an id").workflow_id, "a");
    assert!(second.executions.len() == 1 && second.next_page_token.is_empty());
    request.next_page_token = "nonsense".into();
    words(bench.world.list_workflows(&request));
}

#[test]
fn counts_are_of_all_or_by_status() {
    let bench = scene();
    let count = |query: &str| {
        let request = CountWorkflowExecutionsRequest { namespace: "default".into(), query: query.into() };
        bench.world.count_workflows(&request).expect("it is right")
    };
    assert_eq!((count("").count, count("Color = 'red'").count), (4, 1));
    let grouped = count("GROUP BY ExecutionStatus");
    let groups = grouped.groups.iter().map(|it| (it.group_values[0].data.as_ref(), it.count)).collect::<Vec<_>>();
    assert_eq!(groups, [(b"\"Running\"".as_ref(), 1), (b"\"Completed\"", 2), (b"\"Terminated\"", 1)]);
}

#[test]
fn what_only_the_end_settles_is_listed_when_it_has_come() {
    let bench = scene();
    let listed = bench.world.list_workflows(&request("WorkflowId in ('c', 'd')")).expect("it is right").executions;
    let [open, closed] = listed.as_slice() else { panic!("there are two: {listed:?}") };
    assert_eq!((open.history_length, open.history_size_bytes, open.state_transition_count), (0, 0, 0));
    assert_eq!((closed.history_length, closed.state_transition_count), (3, 2));
    assert!(closed.close_time.is_some() && closed.execution_duration.is_some() && open.close_time.is_none());
    assert_eq!(
        closed.search_attributes.as_ref().expect("it has some").indexed_fields["Color"].metadata["type"],
        "Keyword"
    );
}

#[test]
fn open_and_closed_workflows_are_listed_by_filters_of_old() {
    use perpetua_proto::filter::{StatusFilter, WorkflowExecutionFilter};
    use perpetua_proto::workflowservice::list_closed_workflow_executions_request::Filters;
    let bench = scene();
    let open = ListOpenWorkflowExecutionsRequest { namespace: "default".into(), ..Default::default() };
    assert_eq!(bench.world.list_open_workflows(&open).expect("it is right").executions.len(), 1);
    let closed = |filters| {
        let namespace = "default".into();
        let request = ListClosedWorkflowExecutionsRequest { namespace, filters, ..Default::default() };
        bench.world.list_closed_workflows(&request).map(|listed| listed.executions.len())
    };
    assert_eq!(closed(None), Ok(3));
    assert_eq!(closed(Some(Filters::StatusFilter(StatusFilter { status: 2 }))), Ok(2));
    let tricky = WorkflowExecutionFilter { workflow_id: "it's \\ 'a'".into(), ..Default::default() };
    assert_eq!(closed(Some(Filters::ExecutionFilter(tricky))), Ok(0));
    let running = words(closed(Some(Filters::StatusFilter(StatusFilter { status: 1 }))));
    assert_eq!(running, "InvalidArgument: StatusFilter must be specified and must be not Running.");
}
