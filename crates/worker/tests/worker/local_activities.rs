//! Local activities: what a worker says of them, and when they run.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use perpetua_convert::{BoxFuture, CodecError, DataConverter, PayloadCodec};
use perpetua_proto::command::command::Attributes;
use perpetua_proto::command::{Command, RecordMarkerCommandAttributes};
use perpetua_proto::workflowservice::{
    RespondWorkflowTaskCompletedRequest as Request, RespondWorkflowTaskCompletedResponse as Response,
};
use perpetua_vocab::Payload;
use perpetua_worker::{CancelReason, RunningWorker, Worker, WorkerBuilder};
use tokio::sync::Notify;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tonic::Status;

use crate::mock::Mock;
use crate::script::{Asynchronous, first, until_canceled};
use crate::stage::{Story, scripted};

fn worker_with(mock: &Mock, options: impl FnOnce(WorkerBuilder) -> WorkerBuilder) -> RunningWorker {
    let builder = Worker::builder(&mock.client(), "orders").workflow(scripted).deadlock_timeout(None);
    options(builder).spawn().expect("nothing is wrong with the worker")
}

async fn end(mock: &Mock, worker: RunningWorker) {
    let (ended, _) = tokio::join!(worker.shutdown(), mock.shutdowns.ok());
    ended.expect("the worker ends well");
    mock.assert_quiet().await;
}

/// The commands of an answer in words: markers with their result, and what the run ends with.
fn commands(request: &Request) -> Vec<String> {
    let words = |command: &Command| match command.attributes.clone() {
        Some(Attributes::CompleteWorkflowExecutionCommandAttributes(complete)) => first(complete.result),
        Some(Attributes::RecordMarkerCommandAttributes(marker)) => {
            let RecordMarkerCommandAttributes { mut details, failure, .. } = *marker;
            let failure = failure.map(|failure| failure.message);
            failure.unwrap_or_else(|| first(details.remove("result")))
        }
        other => panic!("something else: {other:?}"),
    };
    request.commands.iter().map(words).collect()
}

/// Local activities that end when the test lets them.
struct Held {
    began: UnboundedReceiver<u32>,
    may_end: Arc<Notify>,
    times: Arc<AtomicU32>,
}

fn held() -> (Asynchronous, Held) {
    let (begin, began) = unbounded_channel();
    let (may_end, times) = (Arc::new(Notify::new()), Arc::new(AtomicU32::new(0)));
    let (until, count) = (Arc::clone(&may_end), Arc::clone(&times));
    let set = Asynchronous::new(move |_, number| {
        let (begin, until) = (begin.clone(), Arc::clone(&until));
        count.fetch_add(1, Ordering::Relaxed);
        async move {
            begin.send(number)?;
            until.notified().await;
            Ok(number * 2)
        }
    });
    (set, Held { began, may_end, times })
}

#[tokio::test]
async fn the_results_are_in_the_answer_of_the_same_task() {
    let mock = Mock::default();
    let worker = worker_with(&mock, |builder| builder.activities(Asynchronous::new(async |_, number| Ok(number * 2))));
    mock.give_workflow_task(Story::of("a", "local 21").whole());
    let request = mock.completed.ok().await;
    assert_eq!(commands(&request), ["42", "\"Ok(42)\""]);
    assert!(!request.force_create_new_workflow_task);
    end(&mock, worker).await;
}

#[tokio::test]
async fn a_task_that_takes_long_is_answered_in_time_and_the_next_one_goes_on() {
    // Remembered runs get their news; others the whole history, and are not begun again for it.
    for remembered in [1000, 0] {
        let mock = Mock::default();
        let (set, mut held) = held();
        let worker = worker_with(&mock, |builder| builder.activities(set).max_cached_workflows(remembered));
        let mut story = Story::of("a", "local 21").hasty();
        mock.give_workflow_task(story.whole());
        assert_eq!(held.began.recv().await, Some(21));
        // On a slow machine the end may be noticed in a later task than the third.
        let mut tasks = 0;
        let request = loop {
            let call = mock.completed.next().await;
            if !call.request.force_create_new_workflow_task {
                break call.answer(Response::default());
            }
            assert_eq!(commands(&call.request), [""; 0]);
            assert!(call.request.return_new_workflow_task);
            assert_eq!(call.request.sticky_attributes.is_some(), remembered > 0);
            story = story.answered().task();
            let next = if remembered > 0 { story.news() } else { story.whole() };
            call.answer(Response { workflow_task: Some(next), ..Default::default() });
            tasks += 1;
            if tasks == 2 {
                held.may_end.notify_one();
            }
        };
        assert_eq!(commands(&request), ["42", "\"Ok(42)\""]);
        assert!(tasks >= 2, "{tasks}");
        assert_eq!(held.times.load(Ordering::Relaxed), 1, "it was begun once");
        end(&mock, worker).await;
    }
}

/// Tells why an attempt was canceled.
fn telling(tell: UnboundedSender<CancelReason>) -> Asynchronous {
    Asynchronous::new(move |ctx, _| {
        let tell = tell.clone();
        async move {
            tell.send(ctx.canceled().await)?;
            until_canceled(ctx).await
        }
    })
}

#[tokio::test]
async fn a_task_that_was_lost_takes_its_local_activities_along() {
    let mock = Mock::default();
    let (tell, mut reasons) = unbounded_channel();
    let worker = worker_with(&mock, |builder| builder.activities(telling(tell)));
    let story = Story::of("a", "local 21").hasty();
    mock.give_workflow_task(story.whole());
    mock.completed.next().await.refuse(Status::not_found("Workflow task not found."));
    assert_eq!(reasons.recv().await, Some(CancelReason::Gone));
    end(&mock, worker).await;
}

#[tokio::test]
async fn a_worker_that_shuts_down_leaves_them_to_others() {
    let mock = Mock::default();
    let (tell, mut reasons) = unbounded_channel();
    let (began, mut begun) = unbounded_channel();
    let set = Asynchronous::new(move |ctx, number| {
        let (tell, began) = (tell.clone(), began.clone());
        async move {
            began.send(number)?;
            tell.send(ctx.canceled().await)?;
            until_canceled(ctx).await
        }
    });
    let worker = worker_with(&mock, |builder| builder.activities(set));
    mock.give_workflow_task(Story::of("a", "local 21").whole());
    assert_eq!(begun.recv().await, Some(21));
    let request = async {
        let request = mock.completed.ok().await;
        assert_eq!(reasons.recv().await, Some(CancelReason::WorkerShutdown));
        request
    };
    let (ended, _, request) = tokio::join!(worker.shutdown(), mock.shutdowns.ok(), request);
    ended.expect("the worker ends well");
    assert_eq!(commands(&request), [""; 0], "what was stopped leaves no marker");
    assert!(request.force_create_new_workflow_task && !request.return_new_workflow_task);
    assert_eq!(request.sticky_attributes, None);
    mock.assert_quiet().await;
}

#[tokio::test]
async fn only_so_many_run_at_once() {
    let mock = Mock::default();
    let (set, mut held) = held();
    let worker = worker_with(&mock, |builder| builder.activities(set).max_concurrent_local_activities(1));
    mock.give_workflow_task(Story::of("a", "local 1 2").whole());
    assert_eq!(held.began.recv().await, Some(1));
    assert!(held.began.try_recv().is_err(), "the other one waits for room");
    held.may_end.notify_one();
    assert_eq!(held.began.recv().await, Some(2));
    held.may_end.notify_one();
    assert_eq!(commands(&mock.completed.ok().await), ["2", "4", "\"Ok(2) Ok(4)\""]);
    end(&mock, worker).await;
}

#[tokio::test]
async fn one_that_is_not_registered_fails_the_task() {
    let mock = Mock::default();
    let worker = worker_with(&mock, |builder| builder);
    mock.give_workflow_task(Story::of("a", "local 21").whole());
    let message = mock.failed.ok().await.failure.expect("a failure").message;
    let expected = "local activity `double` is not registered with the worker of task queue `orders`, where its workflow \
                    runs; registered: none";
    assert_eq!(message, expected);
    end(&mock, worker).await;
}

#[tokio::test]
async fn a_panic_is_a_failure() {
    let mock = Mock::default();
    let set = Asynchronous::new(async |_, number| if number > 0 { panic!("as I was told") } else { Ok(0) });
    let worker = worker_with(&mock, |builder| builder.activities(set));
    mock.give_workflow_task(Story::of("a", "local 21").whole());
    let commands = commands(&mock.completed.ok().await);
    assert_eq!(commands[0], "the activity panicked: as I was told");
    end(&mock, worker).await;
}

/// A codec that turns all bytes around.
#[derive(Debug)]
struct Mirror;

impl Mirror {
    fn turn(payloads: Vec<Payload>) -> Vec<Payload> {
        let turn = |payload: Payload| Payload { data: payload.data.iter().rev().copied().collect(), ..payload };
        payloads.into_iter().map(turn).collect()
    }
}

impl PayloadCodec for Mirror {
    fn encode(&self, payloads: Vec<Payload>) -> BoxFuture<'_, Result<Vec<Payload>, CodecError>> {
        Box::pin(async { Ok(Self::turn(payloads)) })
    }

    fn decode(&self, payloads: Vec<Payload>) -> BoxFuture<'_, Result<Vec<Payload>, CodecError>> {
        Box::pin(async { Ok(Self::turn(payloads)) })
    }
}

#[tokio::test]
async fn codecs_see_the_result_and_not_what_other_sdks_must_read() {
    let mock = Mock::default();
    let client = mock.client_with(|builder| builder.converter(DataConverter::default().with_codec(Mirror)));
    let builder = Worker::builder(&client, "orders").workflow(scripted).deadlock_timeout(None);
    let set = Asynchronous::new(async |_, number| Ok(number * 2));
    let worker = builder.activities(set).spawn().expect("nothing is wrong with it");
    mock.give_workflow_task(Story::of("a", "12 lacol").whole());
    let request = mock.completed.ok().await;
    let marker = request.commands.first().and_then(|command| command.attributes.clone());
    let Some(Attributes::RecordMarkerCommandAttributes(mut marker)) = marker else { panic!("no marker: {request:?}") };
    assert_eq!(marker.marker_name, "core_local_activity");
    assert_eq!(first(marker.details.remove("result")), "24");
    let data = first(marker.details.remove("data"));
    assert!(data.starts_with(r#"{"seq":1,"attempt":1,"activity_id":"1","activity_type":"double","#), "{data}");
    end(&mock, worker).await;
}
