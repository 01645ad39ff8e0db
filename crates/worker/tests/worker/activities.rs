//! Attempts of activities: what is run, what is reported, what is heard of the server meanwhile.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, mpsc};
use std::time::Duration;

use perpetua_contract::ActivityDefinition;
use perpetua_convert::{AnyError, BoxFuture, CodecError, DataConverter, PayloadCodec};
use perpetua_proto::common::Payloads;
use perpetua_proto::failure::{ApplicationFailureInfo, Failure, failure::FailureInfo};
use perpetua_proto::workflowservice::{RecordActivityTaskHeartbeatResponse, RespondActivityTaskFailedRequest};
use perpetua_vocab::Payload;
use perpetua_worker::{Activities, ActivityExecution, ActivitySet, CancelReason, RunningWorker, Worker, WorkerBuilder};
use serde::{Deserialize, Serialize, Serializer};
use tokio::sync::Notify;
use tokio::sync::mpsc::unbounded_channel;
use tokio::time::{Instant, sleep};
use tonic::Status;

use crate::mock::Mock;
use crate::script::{Asynchronous, Blocking, activity, double, first, json, seconds, until_canceled};

fn worker(mock: &Mock, activities: impl ActivitySet) -> RunningWorker {
    worker_with(mock, activities, |builder| builder)
}

fn worker_with(
    mock: &Mock,
    activities: impl ActivitySet,
    options: impl FnOnce(WorkerBuilder) -> WorkerBuilder,
) -> RunningWorker {
    let builder = Worker::builder(&mock.client(), "orders").activities(activities);
    options(builder).spawn().expect("nothing is wrong with the worker")
}

/// Shuts the worker down; nothing may have been said that the test did not look at.
async fn end(mock: &Mock, worker: RunningWorker) {
    let (ended, _) = tokio::join!(worker.shutdown(), mock.shutdowns.ok());
    ended.expect("the worker ends well");
    mock.assert_quiet().await;
}

async fn doubles(_ctx: perpetua_worker::ActivityContext, number: u32) -> Result<u32, AnyError> {
    Ok(number * 2)
}

fn application(failure: Option<Failure>) -> (String, ApplicationFailureInfo) {
    let failure = failure.expect("a failure");
    assert_eq!(failure.source, "Perpetua");
    match failure.failure_info {
        Some(FailureInfo::ApplicationFailureInfo(application)) => (failure.message, application),
        other => panic!("no application failure: {other:?}"),
    }
}

/// The message of a failure of this type that may be tried again.
fn retryable(request: RespondActivityTaskFailedRequest, failure_type: &str) -> String {
    let (message, application) = application(request.failure);
    assert_eq!(application.r#type, failure_type, "{message}");
    assert!(!application.non_retryable);
    message
}

#[tokio::test]
async fn a_value_is_reported_with_what_the_server_needs() {
    let mock = Mock::default();
    let worker = worker_with(&mock, Asynchronous::new(doubles), |builder| builder.identity("me"));
    mock.give_activity(double("21"));
    let request = mock.activity_completed.ok().await;
    assert_eq!(first(request.result), "42");
    assert_eq!(request.task_token, "token of double");
    assert_eq!(request.namespace, "default");
    assert_eq!(request.identity, "me");
    end(&mock, worker).await;
}

#[tokio::test]
async fn an_activity_can_know_what_it_is() {
    let mock = Mock::default();
    let worker = worker(
        &mock,
        Asynchronous::new(async |ctx, _| {
            let info = ctx.info();
            assert_eq!(info.activity_type, "double");
            assert_eq!(info.activity_id, "1");
            assert_eq!(info.attempt, 3);
            assert_eq!(info.task_queue, "orders");
            assert_eq!(info.workflow_type, "order");
            assert_eq!(info.workflow_execution.workflow_id, "order-1");
            assert_eq!(info.start_to_close, Some(Duration::from_secs(600)));
            assert_eq!(info.schedule_to_close, None, "zero is no limit");
            assert_eq!(info.heartbeat, Some(Duration::from_secs(10)));
            assert_eq!(ctx.client().address(), "mock:7233");
            assert_eq!(ctx.heartbeat_details::<(String, u8)>()?, Some(("page".to_owned(), 7)));
            assert!(ctx.heartbeat_details::<u8>().is_err());
            Ok(0)
        }),
    );
    let mut task = double("1");
    task.attempt = 3;
    task.schedule_to_close_timeout = Some(seconds(0));
    task.heartbeat_details = Some(Payloads { payloads: vec![json(r#"["page", 7]"#)] });
    mock.give_activity(task);
    mock.activity_completed.ok().await;
    end(&mock, worker).await;
}

#[tokio::test]
async fn an_error_is_reported_and_may_be_tried_again() {
    let mock = Mock::default();
    let worker = worker(&mock, Asynchronous::new(async |_, _| Err(AnyError::message("no luck").failure_type("Luck"))));
    mock.give_activity(double("1"));
    let message = retryable(mock.activity_failed.ok().await, "Luck");
    assert_eq!(message, "no luck");
    end(&mock, worker).await;
}

#[tokio::test]
async fn a_panic_costs_the_attempt_and_nothing_else() {
    let mock = Mock::default();
    let worker = worker(
        &mock,
        Asynchronous::new(async |_, number| if number == 0 { panic!("number {number}") } else { Ok(number) }),
    );
    mock.give_activity(double("0"));
    let message = retryable(mock.activity_failed.ok().await, "Panic");
    assert!(message.contains("number 0"), "{message}");
    mock.give_activity(double("1"));
    mock.activity_completed.ok().await;
    end(&mock, worker).await;
}

#[tokio::test]
async fn a_blocking_activity_has_a_thread_of_its_own() {
    let mock = Mock::default();
    let worker = worker(
        &mock,
        Blocking(|_, number| match number {
            0 => panic!("number 0"),
            number => Ok(std::thread::spawn(move || number * 2).join().expect("a number")),
        }),
    );
    mock.give_activity(double("4"));
    assert_eq!(first(mock.activity_completed.ok().await.result), "8");
    mock.give_activity(double("0"));
    let message = retryable(mock.activity_failed.ok().await, "Panic");
    assert!(message.contains("number 0"), "{message}");
    end(&mock, worker).await;
}

#[tokio::test]
async fn an_activity_that_is_not_registered_is_named_with_those_that_are() {
    let mock = Mock::default();
    let worker = worker(&mock, Asynchronous::new(doubles));
    mock.give_activity(activity("tripple", "1"));
    let message = retryable(mock.activity_failed.ok().await, "NotFoundError");
    assert!(message.contains("`tripple`") && message.contains("`orders`"), "{message}");
    assert!(message.contains("`double`"), "{message}");
    end(&mock, worker).await;
}

#[tokio::test]
async fn an_argument_that_cannot_be_read_is_named() {
    let mock = Mock::default();
    let worker = worker(&mock, Asynchronous::new(doubles));
    mock.give_activity(double(r#""two""#));
    let message = retryable(mock.activity_failed.ok().await, "UndecodableArguments");
    assert!(message.contains("argument 1"), "{message}");
    end(&mock, worker).await;
}

#[tokio::test]
async fn a_task_that_cannot_be_read_is_failed_with_what_is_wrong() {
    let mock = Mock::default();
    let worker = worker(&mock, Asynchronous::new(doubles));
    let mut task = double("1");
    task.activity_type = None;
    mock.give_activity(task);
    let request = mock.activity_failed.ok().await;
    assert_eq!(request.task_token, "token of double");
    let message = retryable(request, "MalformedTask");
    assert!(message.contains("activity_type"), "{message}");
    end(&mock, worker).await;
}

/// Something that reads but does not write.
#[derive(Deserialize)]
struct Shy;

impl Serialize for Shy {
    fn serialize<S: Serializer>(&self, _serializer: S) -> Result<S::Ok, S::Error> {
        Err(serde::ser::Error::custom("too shy"))
    }
}

struct Hide;

impl ActivityDefinition for Hide {
    const NAME: &'static str = "hide";
    type Input = ();
    type Output = Shy;
    type Error = AnyError;
}

/// `hide`, which also reports something that does not write, if told so.
struct Hiding {
    heartbeats: bool,
}

impl ActivitySet for Hiding {
    fn register(self: Arc<Self>, activities: &mut Activities) {
        let heartbeats = self.heartbeats;
        activities.add::<Hide>(move |ctx, ()| {
            ActivityExecution::running(async move {
                if heartbeats {
                    ctx.heartbeat(Shy);
                    assert_eq!(ctx.canceled().await, CancelReason::InvalidHeartbeat);
                    return Err(AnyError::message("canceled"));
                }
                Ok(Shy)
            })
        });
    }
}

#[tokio::test]
async fn a_result_that_cannot_be_written_is_a_failure() {
    let mock = Mock::default();
    let worker = worker(&mock, Hiding { heartbeats: false });
    mock.give_activity(activity("hide", "1"));
    let request = mock.activity_failed.ok().await;
    let cause = request.failure.as_ref().and_then(|failure| failure.cause.as_ref()).map(|cause| cause.message.clone());
    assert!(cause.is_some_and(|cause| cause.contains("too shy")));
    retryable(request, "UnencodableResult");
    end(&mock, worker).await;
}

#[tokio::test]
async fn heartbeat_details_that_cannot_be_written_cancel_and_fail_the_attempt() {
    let mock = Mock::default();
    let worker = worker(&mock, Hiding { heartbeats: true });
    mock.give_activity(activity("hide", "1"));
    retryable(mock.activity_failed.ok().await, "InvalidHeartbeat");
    end(&mock, worker).await;
}

#[tokio::test]
async fn a_result_that_the_server_refuses_is_reported_as_a_failure() {
    let mock = Mock::default();
    let worker = worker(&mock, Asynchronous::new(doubles));
    mock.give_activity(double("1"));
    mock.activity_completed.next().await.refuse(Status::invalid_argument("the result is too beautiful"));
    let message = retryable(mock.activity_failed.ok().await, "ResultRefused");
    assert!(message.contains("too beautiful"), "{message}");
    end(&mock, worker).await;
}

#[tokio::test(start_paused = true)]
async fn heartbeats_are_throttled_to_four_fifths_of_the_timeout() {
    let mock = Mock::default();
    let done = Arc::new(Notify::new());
    let waits = Arc::clone(&done);
    let worker = worker(
        &mock,
        Asynchronous::new(move |ctx, _| {
            let done = Arc::clone(&waits);
            async move {
                for number in 0.. {
                    ctx.heartbeat(number);
                    tokio::select! {
                        () = done.notified() => break,
                        () = sleep(Duration::from_millis(999)) => {}
                    }
                }
                Ok(0)
            }
        }),
    );
    let begun = Instant::now();
    mock.give_activity(double("1"));
    let mut heard = Vec::new();
    for _ in 0..3 {
        let request = mock.heartbeats.ok().await;
        assert_eq!(request.task_token, "token of double");
        heard.push((begun.elapsed().as_secs(), first(request.details)));
    }
    assert_eq!(heard, [(0, "0".to_owned()), (8, "8".to_owned()), (16, "16".to_owned())]);
    done.notify_one();
    mock.activity_completed.ok().await;
    end(&mock, worker).await;
}

/// Runs an activity that heartbeats, gets this answer, and ends as canceled; gives back its worker, and for which reason.
async fn canceled_by(
    mock: &Mock,
    answer: Result<RecordActivityTaskHeartbeatResponse, Status>,
) -> (RunningWorker, CancelReason) {
    let (tell, mut told) = unbounded_channel();
    let worker = worker(
        mock,
        Asynchronous::new(move |ctx, _| {
            let tell = tell.clone();
            async move {
                assert!(!ctx.is_canceled());
                ctx.heartbeat("here");
                let _ = tell.send(ctx.canceled().await);
                until_canceled(ctx).await
            }
        }),
    );
    mock.give_activity(double("1"));
    let call = mock.heartbeats.next().await;
    match answer {
        Ok(response) => call.answer(response),
        Err(status) => call.refuse(status),
    };
    (worker, told.recv().await.expect("the activity is told"))
}

#[tokio::test]
async fn a_request_to_cancel_arrives_with_a_heartbeat_and_is_reported_as_such() {
    let mock = Mock::default();
    let answer = RecordActivityTaskHeartbeatResponse { cancel_requested: true, ..Default::default() };
    let (worker, reason) = canceled_by(&mock, Ok(answer)).await;
    assert_eq!(reason, CancelReason::Requested);
    let request = mock.activity_canceled.ok().await;
    assert_eq!(request.task_token, "token of double");
    end(&mock, worker).await;
}

#[tokio::test]
async fn pause_and_reset_are_failures_of_their_own_kind() {
    let pause = RecordActivityTaskHeartbeatResponse { activity_paused: true, ..Default::default() };
    let reset = RecordActivityTaskHeartbeatResponse { activity_reset: true, ..Default::default() };
    for (answer, failure_type) in [(pause, "ActivityPause"), (reset, "ActivityReset")] {
        let mock = Mock::default();
        let (worker, _) = canceled_by(&mock, Ok(answer)).await;
        retryable(mock.activity_failed.ok().await, failure_type);
        end(&mock, worker).await;
    }
}

#[tokio::test]
async fn an_attempt_that_nobody_waits_for_reports_nothing() {
    let mock = Mock::default();
    let (worker, reason) = canceled_by(&mock, Err(Status::not_found("the activity is gone"))).await;
    assert_eq!(reason, CancelReason::Gone);
    end(&mock, worker).await;
}

#[tokio::test(start_paused = true)]
async fn an_attempt_whose_time_is_over_is_told() {
    let mock = Mock::default();
    let (tell, told) = mpsc::channel();
    let worker = worker(
        &mock,
        Asynchronous::new(move |ctx, _| {
            let tell = tell.clone();
            async move {
                let begun = Instant::now();
                let reason = ctx.canceled().await;
                let _ = tell.send((reason, begun.elapsed().as_secs(), ctx.cancellation_token().is_cancelled()));
                Ok(0)
            }
        }),
    );
    mock.give_activity(double("1"));
    mock.activity_completed.next_within(Duration::from_secs(3600)).await.answer(Default::default());
    assert_eq!(told.recv().expect("the activity ended"), (CancelReason::TimedOut, 600, true));
    end(&mock, worker).await;
}

#[tokio::test]
async fn the_newest_details_are_known_before_a_failure_is() {
    let mock = Mock::default();
    let worker = worker(
        &mock,
        Asynchronous::new(async |ctx, _| {
            ctx.heartbeat(1);
            ctx.heartbeat(2);
            Err(AnyError::message("no luck"))
        }),
    );
    mock.give_activity(double("1"));
    let mut newest = String::new();
    while newest != "2" {
        newest = first(mock.heartbeats.ok().await.details);
    }
    let request = mock.activity_failed.ok().await;
    assert_eq!(request.last_heartbeat_details, None);
    end(&mock, worker).await;
}

#[tokio::test]
async fn details_that_could_not_be_sent_travel_with_the_failure() {
    let mock = Mock::default();
    let worker = worker(
        &mock,
        Asynchronous::new(async |ctx, _| {
            ctx.heartbeat(2);
            Err(AnyError::message("no luck"))
        }),
    );
    mock.give_activity(double("1"));
    let refuse = async {
        loop {
            mock.heartbeats.next().await.refuse(Status::unavailable("the line is cut"));
        }
    };
    let request = tokio::select! {
        () = refuse => unreachable!("it never ends"),
        request = mock.activity_failed.ok() => request,
    };
    assert_eq!(first(request.last_heartbeat_details), "2");
    end(&mock, worker).await;
}

#[tokio::test]
async fn a_worker_takes_no_more_than_it_has_slots_for() {
    let mock = Mock::default();
    let go_on = Arc::new(Notify::new());
    let waits = Arc::clone(&go_on);
    let running = Arc::new(AtomicU32::new(0));
    let worker = worker_with(
        &mock,
        Asynchronous::new(move |_, number| {
            let (go_on, running) = (Arc::clone(&waits), Arc::clone(&running));
            async move {
                let now = running.fetch_add(1, Ordering::SeqCst) + 1;
                if number == 0 {
                    go_on.notified().await;
                }
                running.fetch_sub(1, Ordering::SeqCst);
                Ok(now)
            }
        }),
        |builder| builder.max_concurrent_activities(1),
    );
    mock.give_activity(double("0"));
    mock.give_activity(double("1"));
    assert_eq!(mock.polls.next().await.request, "activities of orders");
    tokio::task::yield_now().await;
    mock.polls.assert_empty().await;
    go_on.notify_one();
    for _ in 0..2 {
        assert_eq!(first(mock.activity_completed.ok().await.result), "1", "one at a time");
    }
    end(&mock, worker).await;
}

#[tokio::test]
async fn activities_see_the_shutdown_coming_and_may_finish() {
    let mock = Mock::default();
    let started = Arc::new(Notify::new());
    let starts = Arc::clone(&started);
    let worker = worker_with(
        &mock,
        Asynchronous::new(move |ctx, _| {
            let started = Arc::clone(&starts);
            async move {
                assert!(!ctx.is_worker_shutting_down());
                started.notify_one();
                ctx.worker_shutdown().await;
                assert!(ctx.is_worker_shutting_down() && !ctx.is_canceled());
                Ok(5)
            }
        }),
        |builder| builder.graceful_shutdown(Duration::from_secs(3600)),
    );
    mock.give_activity(double("1"));
    started.notified().await;
    let finished = async { first(mock.activity_completed.ok().await.result) };
    let (ended, result, _) = tokio::join!(worker.shutdown(), finished, mock.shutdowns.ok());
    ended.expect("the worker ends well");
    assert_eq!(result, "5");
    mock.assert_quiet().await;
}

#[tokio::test]
async fn an_activity_that_the_shutdown_cancels_is_tried_again_elsewhere() {
    let mock = Mock::default();
    let started = Arc::new(Notify::new());
    let starts = Arc::clone(&started);
    let worker = worker(
        &mock,
        Asynchronous::new(move |ctx, _| {
            starts.notify_one();
            until_canceled(ctx)
        }),
    );
    mock.give_activity(double("1"));
    started.notified().await;
    let (ended, request, _) = tokio::join!(worker.shutdown(), mock.activity_failed.ok(), mock.shutdowns.ok());
    ended.expect("the worker ends well");
    retryable(request, "WorkerShutdown");
    mock.assert_quiet().await;
}

#[tokio::test(start_paused = true)]
async fn an_activity_that_ignores_everything_is_abandoned() {
    let mock = Mock::default();
    let started = Arc::new(Notify::new());
    let starts = Arc::clone(&started);
    let worker = worker_with(
        &mock,
        Asynchronous::new(move |_, _| {
            starts.notify_one();
            std::future::pending()
        }),
        |builder| builder.graceful_shutdown(Duration::from_secs(20)).cancel_grace(Duration::from_secs(5)),
    );
    mock.give_activity(double("1"));
    started.notified().await;
    let begun = Instant::now();
    end(&mock, worker).await;
    assert_eq!(begun.elapsed().as_secs(), 25);
}

/// A codec that can neither read nor write what says "bad".
#[derive(Debug)]
struct Picky;

impl Picky {
    fn check(payloads: Vec<Payload>) -> Result<Vec<Payload>, CodecError> {
        match payloads.iter().any(|payload| payload.data == "\"bad\"" || payload.data == "13") {
            true => Err(CodecError::new("I do not like it")),
            false => Ok(payloads),
        }
    }
}

impl PayloadCodec for Picky {
    fn encode(&self, payloads: Vec<Payload>) -> BoxFuture<'_, Result<Vec<Payload>, CodecError>> {
        Box::pin(async { Self::check(payloads) })
    }

    fn decode(&self, payloads: Vec<Payload>) -> BoxFuture<'_, Result<Vec<Payload>, CodecError>> {
        Box::pin(async { Self::check(payloads) })
    }
}

#[tokio::test]
async fn a_codec_that_gives_up_fails_the_attempt() {
    let mock = Mock::default();
    let client = mock.client_with(|builder| builder.converter(DataConverter::default().with_codec(Picky)));
    let activities = Asynchronous::new(async |_, number| Ok(number + 3));
    let worker = Worker::builder(&client, "orders").activities(activities).spawn().expect("nothing is wrong with it");
    mock.give_activity(double("\"bad\""));
    retryable(mock.activity_failed.ok().await, "UndecodableArguments");
    mock.give_activity(double("10"));
    retryable(mock.activity_failed.ok().await, "UnencodableResult");
    mock.give_activity(double("11"));
    assert_eq!(first(mock.activity_completed.ok().await.result), "14");
    end(&mock, worker).await;
}
