//! Activities that come back with the answer to the workflow task that asked for them.

use perpetua_proto::command::command::Attributes;
use perpetua_proto::workflowservice::{RespondWorkflowTaskCompletedRequest, RespondWorkflowTaskCompletedResponse};
use perpetua_worker::{RunningWorker, Worker, WorkerBuilder};
use tokio::sync::oneshot;

use crate::mock::Mock;
use crate::script::{Asynchronous, activity, first};
use crate::stage::{Story, scripted};

/// A worker that can run workflows and `double`.
fn worker_with(mock: &Mock, options: impl FnOnce(WorkerBuilder) -> WorkerBuilder) -> RunningWorker {
    let double = Asynchronous::new(async |_, number| Ok(number * 2));
    let builder = Worker::builder(&mock.client(), "orders").workflow(scripted).activities(double);
    options(builder.deadlock_timeout(None)).spawn().expect("nothing is wrong with the worker")
}

/// Shuts the worker down; nothing may have been said that the test did not look at.
async fn end(mock: &Mock, worker: RunningWorker) {
    let (ended, _) = tokio::join!(worker.shutdown(), mock.shutdowns.ok());
    ended.expect("the worker ends well");
    mock.assert_quiet().await;
}

/// The activities that are asked for: their names, queues, and whether they may come back at once.
fn asked(request: &RespondWorkflowTaskCompletedRequest) -> Vec<(String, String, bool)> {
    let asked = request.commands.iter().map(|command| match command.attributes.as_ref() {
        Some(Attributes::ScheduleActivityTaskCommandAttributes(start)) => {
            let name = start.activity_type.clone().unwrap_or_default().name;
            let queue = start.task_queue.clone().unwrap_or_default().name;
            (name, queue, start.request_eager_execution)
        }
        other => panic!("something else than an activity: {other:?}"),
    });
    asked.collect()
}

/// How many of the activities that are asked for may come back at once.
async fn count_eager(mock: &Mock, what: &str) -> usize {
    mock.give_workflow_task(Story::of(what, what).whole());
    asked(&mock.completed.ok().await).iter().filter(|(_, _, is_eager)| *is_eager).count()
}

#[tokio::test]
async fn at_most_three_are_asked_for_and_what_comes_back_is_run() {
    let mock = Mock::default();
    let worker = worker_with(&mock, |builder| builder);
    mock.give_workflow_task(Story::of("a", "ask double double double double").whole());
    let call = mock.completed.next().await;
    let is_eager: Vec<_> = asked(&call.request).into_iter().map(|(.., is_eager)| is_eager).collect();
    assert_eq!(is_eager, [true, true, true, false]);
    let activity_tasks = vec![activity("double", "3"), activity("double", "4")];
    call.answer(RespondWorkflowTaskCompletedResponse { activity_tasks, ..Default::default() });
    let mut results =
        vec![first(mock.activity_completed.ok().await.result), first(mock.activity_completed.ok().await.result)];
    results.sort();
    assert_eq!(results, ["6", "8"]);
    end(&mock, worker).await;
}

#[tokio::test]
async fn only_what_the_worker_could_poll_and_run_is_asked_for() {
    let mock = Mock::default();
    let worker = worker_with(&mock, |builder| builder);
    mock.give_workflow_task(Story::of("a", "ask double@elsewhere treble double").whole());
    let request = mock.completed.ok().await;
    let expected = [("double", "elsewhere", false), ("treble", "orders", false), ("double", "orders", true)];
    assert_eq!(asked(&request), expected.map(|(name, queue, eager)| (name.to_owned(), queue.to_owned(), eager)));
    end(&mock, worker).await;
}

#[tokio::test]
async fn nothing_is_asked_for_where_that_is_disabled_or_no_activity_is_registered() {
    let mock = Mock::default();
    let worker = worker_with(&mock, WorkerBuilder::disable_eager_activities);
    assert_eq!(count_eager(&mock, "ask double").await, 0);
    end(&mock, worker).await;
    let mock = Mock::default();
    let builder = Worker::builder(&mock.client(), "orders").workflow(scripted).deadlock_timeout(None);
    let worker = builder.spawn().expect("nothing is wrong with the worker");
    assert_eq!(count_eager(&mock, "ask double").await, 0);
    end(&mock, worker).await;
}

#[tokio::test]
async fn what_is_asked_for_has_a_free_slot() {
    let mock = Mock::default();
    let worker = worker_with(&mock, |builder| builder.max_concurrent_activities(2).activity_pollers(1));
    // The poll holds one of the two.
    while mock.polls.next().await.request != "activities of orders" {}
    mock.give_workflow_task(Story::of("a", "ask double double").whole());
    let call = mock.completed.next().await;
    assert_eq!(asked(&call.request).iter().filter(|(.., is_eager)| *is_eager).count(), 1);
    // While that answer is out, its slot is taken.
    assert_eq!(count_eager(&mock, "ask double").await, 0);
    // A server that hands out none of what it was asked for gives the slot back.
    call.answer(RespondWorkflowTaskCompletedResponse::default());
    assert_eq!(count_eager(&mock, "ask double double double").await, 1);
    end(&mock, worker).await;
}

#[tokio::test]
async fn the_end_of_a_run_asks_for_nothing_to_come_back() {
    let mock = Mock::default();
    let worker = worker_with(&mock, |builder| builder);
    mock.give_workflow_task(Story::of("a", "leave double").whole());
    let request = mock.completed.ok().await;
    let Some(Attributes::ScheduleActivityTaskCommandAttributes(start)) = &request.commands[0].attributes else {
        panic!("something else than an activity: {request:?}")
    };
    assert!(!start.request_eager_execution);
    assert_eq!(request.commands.len(), 2, "the activity and the end");
    end(&mock, worker).await;
}

#[tokio::test]
async fn a_worker_that_shuts_down_waits_for_what_came_back() {
    let mock = Mock::default();
    let (began, mut has_begun) = tokio::sync::mpsc::unbounded_channel();
    let double = Asynchronous::new(move |ctx, number| {
        let began = began.clone();
        async move {
            let (may_end, end) = oneshot::channel::<()>();
            let _ = began.send(may_end); // the test may be over
            tokio::select! {
                _ = end => Ok(number * 2),
                reason = ctx.canceled() => Err(perpetua_convert::AnyError::message(format!("{reason:?}"))),
            }
        }
    });
    let builder = Worker::builder(&mock.client(), "orders").workflow(scripted).activities(double);
    let builder = builder.deadlock_timeout(None).graceful_shutdown(std::time::Duration::from_secs(600));
    let worker = builder.spawn().expect("nothing is wrong with the worker");
    mock.give_workflow_task(Story::of("a", "ask double").whole());
    let activity_tasks = vec![activity("double", "3")];
    let answer = RespondWorkflowTaskCompletedResponse { activity_tasks, ..Default::default() };
    mock.completed.next().await.answer(answer);
    let may_end = has_begun.recv().await.expect("it begins");
    let finishing = async {
        mock.shutdowns.ok().await;
        may_end.send(()).expect("it waits");
        assert_eq!(first(mock.activity_completed.ok().await.result), "6");
    };
    let (ended, ()) = tokio::join!(worker.shutdown(), finishing);
    ended.expect("the worker ends well");
    mock.assert_quiet().await;
}
