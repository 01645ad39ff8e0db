//! Deadlines and retries, in Tokio's time.

use std::time::Duration;

use perpetua_client::{Client, RpcCode, RpcRetry};
use perpetua_proto::workflowservice::{
    GetWorkflowExecutionHistoryRequest, GetWorkflowExecutionHistoryResponse, ListNamespacesRequest,
    ListNamespacesResponse,
};
use tokio::time::Instant;
use tonic::Status;

use crate::mock::Mock;

type List = ListNamespacesRequest;
type Wait = GetWorkflowExecutionHistoryRequest;

fn wait() -> Wait {
    Wait { wait_new_event: true, ..Default::default() }
}

fn grpc_timeout(headers: &http::HeaderMap) -> Duration {
    let text = headers["grpc-timeout"].to_str().expect("text");
    let (number, unit) = text.split_at(text.len() - 1);
    let number: u64 = number.parse().expect("a number");
    match unit {
        "n" => Duration::from_nanos(number),
        "u" => Duration::from_micros(number),
        "m" => Duration::from_millis(number),
        "S" => Duration::from_secs(number),
        other => panic!("unit {other}"),
    }
}

/// A client whose waits are not left to chance.
fn steady(mock: &Mock) -> Client {
    mock.builder().retry(RpcRetry::default().jitter(0.0)).lazy().expect("valid")
}

#[tokio::test(start_paused = true)]
async fn what_passes_is_tried_again() {
    let mock = Mock::new();
    let gone = || Err(Status::unavailable("gone"));
    mock.in_turn::<List>([gone(), gone(), Ok(ListNamespacesResponse::default())]);
    let start = Instant::now();
    steady(&mock).rpc(&List::default()).await.expect("the third attempt");
    assert!((270..280).contains(&start.elapsed().as_millis()), "100 ms and 170 ms, not {:?}", start.elapsed());
    assert_eq!(mock.seen::<List>().len(), 3);
}

#[tokio::test(start_paused = true)]
async fn what_does_not_pass_is_not_tried_again() {
    let mock = Mock::new();
    mock.in_turn::<List>([Err(Status::invalid_argument("bad page"))]);
    let error = mock.client().rpc(&List::default()).await.expect_err("refused");
    assert_eq!((error.code(), error.message(), error.attempts()), (RpcCode::InvalidArgument, "bad page", 1));
    assert_eq!(error.to_string(), "ListNamespaces at mock failed: INVALID_ARGUMENT: bad page");
    assert_eq!(mock.seen::<List>().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn after_ten_seconds_there_is_no_hope() {
    let mock = Mock::new();
    mock.in_turn::<List>([Err(Status::unavailable("gone"))]);
    let start = Instant::now();
    let error = steady(&mock).rpc(&List::default()).await.expect_err("gone");
    assert!((9.8..9.9).contains(&start.elapsed().as_secs_f64()), "eight waits, not {:?}", start.elapsed());
    assert_eq!(error.attempts(), 9, "the next one would begin after ten seconds");
    assert!(error.to_string().ends_with("UNAVAILABLE: gone (9 attempts)"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn no_retry_means_none() {
    let mock = Mock::new();
    mock.in_turn::<List>([Err(Status::unavailable("gone"))]);
    mock.in_turn::<Wait>([Err(Status::unavailable("gone"))]);
    let client = mock.builder().retry(RpcRetry::none()).lazy().expect("valid");
    client.rpc(&List::default()).await.expect_err("gone");
    client.rpc(&wait()).await.expect_err("gone");
    assert_eq!((mock.seen::<List>().len(), mock.seen::<Wait>().len()), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn an_exhausted_resource_is_given_a_second() {
    let mock = Mock::new();
    mock.in_turn::<List>([Err(Status::resource_exhausted("slow down")), Ok(ListNamespacesResponse::default())]);
    let start = Instant::now();
    mock.client().rpc(&List::default()).await.expect("the second attempt");
    assert!(start.elapsed() >= Duration::from_millis(800), "{:?}", start.elapsed());
}

#[tokio::test(start_paused = true)]
async fn an_answer_is_waited_for_for_ten_seconds() {
    let mock = Mock::new();
    mock.silent::<List>();
    let start = Instant::now();
    let error = mock.client().rpc(&List::default()).await.expect_err("silence");
    assert_eq!(start.elapsed().as_secs(), 10);
    assert!(error.is_timeout());
    assert_eq!(error.to_string(), "ListNamespaces at mock failed: no answer within 10s");
    let seen = mock.seen::<List>();
    assert_eq!((seen.len(), grpc_timeout(&seen[0].headers)), (1, Duration::from_secs(10)));
}

#[tokio::test(start_paused = true)]
async fn the_callers_own_deadline_is_told_and_kept() {
    let mock = Mock::new();
    mock.silent::<List>();
    for limit in [Duration::from_secs(2), Duration::from_secs(40)] {
        mock.forget();
        let start = Instant::now();
        let error = mock.client().rpc(&List::default()).timeout(limit).await.expect_err("silence");
        assert_eq!(start.elapsed().as_millis(), limit.as_millis());
        assert_eq!(error.to_string(), format!("ListNamespaces at mock failed: no answer within {limit:?}"));
        assert_eq!(grpc_timeout(&mock.seen::<List>()[0].headers), limit);
    }
}

#[tokio::test(start_paused = true)]
async fn a_deadline_after_failures_says_what_failed() {
    let mock = Mock::new();
    let mut first = true;
    mock.on(
        move |_: List| {
            if std::mem::take(&mut first) { Err(Status::unavailable("gone")) } else { Ok(Default::default()) }
        },
    );
    let client = mock.client();
    client.rpc(&List::default()).timeout(Duration::from_secs(5)).await.expect("the second attempt");

    mock.in_turn::<List>([Err(Status::unavailable("gone"))]);
    let error = client.rpc(&List::default()).timeout(Duration::from_secs(1)).await.expect_err("gone");
    assert_eq!(error.code(), RpcCode::Unavailable);
    assert!(error.attempts() > 1);
}

#[tokio::test(start_paused = true)]
async fn a_wait_goes_on_for_as_long_as_the_caller_waits() {
    let mock = Mock::new();
    let mut failures = 60;
    mock.on(move |_: Wait| {
        failures -= 1;
        match failures {
            0 => Ok(GetWorkflowExecutionHistoryResponse::default()),
            n if n % 2 == 0 => Err(Status::unavailable("restarting")),
            _ => Err(Status::cancelled("a proxy lost patience")),
        }
    });
    let start = Instant::now();
    mock.client().rpc(&wait()).await.expect("the sixtieth attempt");
    assert!(start.elapsed() > Duration::from_secs(120), "{:?}", start.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_wait_without_an_answer_begins_again_after_seventy_seconds() {
    let mock = Mock::new();
    mock.silent::<Wait>();
    let start = Instant::now();
    let error = mock.client().rpc(&wait()).timeout(Duration::from_secs(100)).await.expect_err("silence");
    assert_eq!(start.elapsed().as_secs(), 100);
    assert!(error.is_timeout());
    let seen = mock.seen::<Wait>();
    assert_eq!(seen.len(), 2);
    // The server always gets its minute, so that it is the caller's own clock that counts.
    assert!(seen.iter().all(|seen| grpc_timeout(&seen.headers) == Duration::from_secs(70)));
}

#[tokio::test(start_paused = true)]
async fn what_can_never_be_read_is_not_asked_for_again() {
    let mock = Mock::new();
    mock.bytes::<Wait>(&[0xff, 0xff]);
    let error = mock.client().rpc(&wait()).await.expect_err("no message");
    assert!(error.to_string().contains("the response cannot be read"), "{error}");
    assert_eq!(mock.seen::<Wait>().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn what_is_too_large_is_not_sent_again() {
    let mock = Mock::new();
    let message = "grpc: received message larger than max (5000000 vs. 4194304)";
    mock.in_turn::<List>([Err(Status::resource_exhausted(message))]);
    mock.client().rpc(&List::default()).await.expect_err("too large");
    assert_eq!(mock.seen::<List>().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_wait_that_is_cut_off_every_minute_is_taken_up_at_once() {
    let mock = Mock::new();
    mock.silent::<Wait>();
    let start = Instant::now();
    let error = mock.client().rpc(&wait()).timeout(Duration::from_secs(7 * 70 + 5)).await.expect_err("silence");
    // Seven attempts of 70 s with six or seven first waits between them.
    assert_eq!(error.attempts(), 8);
    assert!(start.elapsed() >= Duration::from_secs(7 * 70), "{:?}", start.elapsed());
}
