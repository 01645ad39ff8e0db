//! Search attributes: those that a namespace gets, and what values they may have. The words are those of the real server.

use perpetua_proto::common::{Payload, SearchAttributes};
use perpetua_proto::enums::IndexedValueType as Kind;
use perpetua_proto::operatorservice::{
    AddSearchAttributesRequest, ListSearchAttributesRequest, RemoveSearchAttributesRequest,
};
use perpetua_proto::workflowservice::{DescribeWorkflowExecutionRequest, StartWorkflowExecutionRequest};
use perpetua_server_core::Answer;

use crate::bench::{Bench, execution, start, words};

fn add(bench: &mut Bench, attributes: &[(&str, i32)]) -> Answer<()> {
    bench.world.add_search_attributes(AddSearchAttributesRequest {
        namespace: "default".into(),
        search_attributes: attributes.iter().map(|(name, kind)| ((*name).to_owned(), *kind)).collect(),
    })
}

fn known(bench: &Bench) -> Vec<String> {
    let request = ListSearchAttributesRequest { namespace: "default".into() };
    let listed = bench.world.list_search_attributes(&request).expect("there is such a namespace");
    listed.custom_attributes.into_keys().collect()
}

fn json(text: &str) -> Payload {
    Payload {
        metadata: [("encoding".to_owned(), "json/plain".into())].into(),
        data: text.to_owned().into(),
        ..Payload::default()
    }
}

/// Starts `w` with an attribute; the refusal, or what is then known of it.
fn started_with(bench: &mut Bench, name: &str, value: Payload) -> String {
    let fields = SearchAttributes { indexed_fields: [(name.to_owned(), value)].into() };
    let request = StartWorkflowExecutionRequest { search_attributes: Some(fields), ..start("w") };
    let request = StartWorkflowExecutionRequest { workflow_id_reuse_policy: 4, ..request };
    if let Err(refusal) = bench.world.start_workflow(request) {
        return refusal.message;
    }
    let request = DescribeWorkflowExecutionRequest { namespace: "default".into(), execution: Some(execution("w")) };
    let info = bench.world.describe_workflow(&request).expect("it runs").workflow_execution_info;
    let fields = info.and_then(|info| info.search_attributes).unwrap_or_default().indexed_fields;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    fields.get(name).map_or_else(String::new, |it| format!("{} {}", text(&it.metadata["type"]), text(&it.data)))
}

#[test]
fn attributes_are_added_once_and_taken_away() {
    let mut bench = Bench::new();
    add(&mut bench, &[("Color", Kind::Keyword.into()), ("Number", Kind::Int.into())]).expect("they are new");
    add(&mut bench, &[("Color", Kind::Int.into())]).expect("one that is there stays as it is");
    assert_eq!(known(&bench), ["Color", "Number"]);
    let remove = |bench: &mut Bench, name: &str| {
        bench.world.remove_search_attributes(&RemoveSearchAttributesRequest {
            namespace: "default".into(),
            search_attributes: vec![name.into()],
        })
    };
    remove(&mut bench, "Number").expect("it is there");
    remove(&mut bench, "Number").expect("it stays away");
    assert_eq!(known(&bench), ["Color"]);
    assert_eq!(
        words(remove(&mut bench, "RunId")),
        "InvalidArgument: Unable to remove non-custom search attributes: RunId."
    );
}

#[test]
fn attributes_that_cannot_be_are_not_added() {
    let mut bench = Bench::new();
    let numbers = ["A", "B", "C", "D"].map(|name| (name, Kind::Int.into()));
    for (wrong, problem) in [
        (&[][..], "SearchAttributes are not set on request."),
        (&[("RunId", Kind::Keyword.into())], "Search attribute RunId is reserved by system."),
        (&[("TemporalNew", Kind::Keyword.into())], "Search attribute TemporalNew is reserved by system."),
        (&[("A", 99)], "Unknown search attribute type: 99."),
        (
            &[("A", 0)],
            "Unable to create search attributes: cannot have more than 0 search attribute of type Unspecified.",
        ),
        (&numbers, "Unable to create search attributes: cannot have more than 3 search attribute of type Int."),
    ] {
        assert_eq!(words(add(&mut bench, wrong)), format!("InvalidArgument: {problem}"));
    }
    assert!(known(&bench).is_empty());
}

#[test]
fn a_value_has_the_type_of_its_attribute_or_is_refused() {
    let mut bench = Bench::new();
    let kinds = [
        ("Color", Kind::Keyword),
        ("Number", Kind::Int),
        ("Ratio", Kind::Double),
        ("Flag", Kind::Bool),
        ("Moment", Kind::Datetime),
        ("Tags", Kind::KeywordList),
    ];
    add(&mut bench, &kinds.map(|(name, kind)| (name, kind.into()))).expect("they are new");
    for (name, value, expected) in [
        ("Color", "\"red\"", "Keyword \"red\""),
        ("Color", "[\"red\"]", "Keyword [\"red\"]"),
        ("Color", "null", ""),
        ("Color", "[]", ""),
        ("Color", "5", "invalid value for search attribute Color of type Keyword: 5"),
        ("Color", "[\"a\",\"b\"]", "invalid value for search attribute Color of type Keyword: [a b]"),
        ("Number", "-5", "Int -5"),
        ("Number", "5.5", "invalid value for search attribute Number of type Int: 5.5"),
        ("Number", "\"5\"", "invalid value for search attribute Number of type Int: 5"),
        ("Ratio", "5", "Double 5"),
        ("Flag", "true", "Bool true"),
        ("Flag", "1", "invalid value for search attribute Flag of type Bool: 1"),
        ("Moment", "\"2024-01-01T00:00:00+05:00\"", "Datetime \"2024-01-01T00:00:00+05:00\""),
        ("Moment", "\"tomorrow\"", "invalid value for search attribute Moment of type Datetime: tomorrow"),
        ("Tags", "[\"a\",\"b\"]", "KeywordList [\"a\",\"b\"]"),
        ("Tags", "\"a\"", "invalid value for search attribute Tags of type KeywordList: a"),
        ("Tags", "[\"a\",5]", "invalid value for search attribute Tags of type KeywordList: [a 5]"),
        ("BuildIds", "[\"a\"]", "KeywordList [\"a\"]"),
        ("RunId", "\"a\"", "RunId attribute can't be set in SearchAttributes"),
        ("TemporalWorkerDeployment", "\"a\"", "TemporalWorkerDeployment attribute can't be set in SearchAttributes"),
        ("Unknown", "null", "Namespace default has no mapping defined for search attribute Unknown"),
    ] {
        assert_eq!(started_with(&mut bench, name, json(value)), expected, "{name} {value}");
    }
    let long = format!("\"{}\"", "x".repeat(2047));
    assert_eq!(
        started_with(&mut bench, "Color", json(&long)),
        "search attribute Color value size 2049 exceeds size limit 2048"
    );
}
