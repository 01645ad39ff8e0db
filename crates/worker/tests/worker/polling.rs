//! Polls that fail, and how a worker ends.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Waker};
use std::time::Duration;

use perpetua_proto::enums::TaskQueueType;
use perpetua_worker::{RunningWorker, Worker, WorkerError};
use tokio::time::Instant;
use tonic::Status;

use crate::mock::Mock;
use crate::script::{Asynchronous, double, first};

fn worker(mock: &Mock) -> RunningWorker {
    let activities = Asynchronous::new(async |_, number| Ok(number * 2));
    Worker::builder(&mock.client(), "orders").activities(activities).spawn().expect("nothing is wrong with the worker")
}

#[tokio::test(start_paused = true)]
async fn polls_that_fail_are_tried_again_with_longer_and_longer_waits() {
    let mock = Mock::default();
    let activities = Asynchronous::new(async |_, number| Ok(number * 2));
    let builder = Worker::builder(&mock.client(), "orders").activities(activities).activity_pollers(1);
    let worker = builder.spawn().expect("nothing is wrong with the worker");
    let begun = Instant::now();
    for _ in 0..10 {
        mock.fail_activity_poll(Status::unavailable("moving"));
    }
    mock.give_activity(double("4"));
    let call = mock.activity_completed.next_within(Duration::from_secs(3600)).await;
    assert_eq!(first(call.answer(Default::default()).result), "8");
    let waited = begun.elapsed();
    assert!(waited > Duration::from_secs(28) && waited < Duration::from_secs(44), "{waited:?}");
    let (ended, _) = tokio::join!(worker.shutdown(), mock.shutdowns.ok());
    ended.expect("the worker ends well");
}

#[tokio::test(start_paused = true)]
async fn a_success_ends_the_long_waits() {
    let mock = Mock::default();
    let activities = Asynchronous::new(async |_, number| Ok(number * 2));
    let builder = Worker::builder(&mock.client(), "orders").activities(activities).activity_pollers(1);
    let worker = builder.spawn().expect("nothing is wrong with the worker");
    for _ in 0..8 {
        mock.fail_activity_poll(Status::unavailable("moving"));
    }
    mock.give_activity(double("1"));
    mock.activity_completed.next_within(Duration::from_secs(3600)).await.answer(Default::default());
    let begun = Instant::now();
    mock.fail_activity_poll(Status::unavailable("moving"));
    mock.give_activity(double("2"));
    mock.activity_completed.ok().await;
    assert!(begun.elapsed() < Duration::from_millis(200), "{:?}", begun.elapsed());
    let (ended, _) = tokio::join!(worker.shutdown(), mock.shutdowns.ok());
    ended.expect("the worker ends well");
}

#[tokio::test(start_paused = true)]
async fn a_poller_that_waits_does_not_keep_others_from_polling() {
    let mock = Mock::default();
    let activities = Asynchronous::new(async |_, number| Ok(number * 2));
    let builder = Worker::builder(&mock.client(), "orders").activities(activities);
    let builder = builder.activity_pollers(2).max_concurrent_activities(1);
    let worker = builder.spawn().expect("nothing is wrong with the worker");
    let begun = Instant::now();
    mock.fail_activity_poll(Status::unavailable("moving"));
    mock.give_activity(double("1"));
    mock.activity_completed.ok().await;
    assert_eq!(begun.elapsed(), Duration::ZERO, "the other poller had the slot");
    let (ended, _) = tokio::join!(worker.shutdown(), mock.shutdowns.ok());
    ended.expect("the worker ends well");
}

#[tokio::test]
async fn a_worker_that_may_not_poll_ends_and_says_why() {
    let mock = Mock::default();
    let worker = worker(&mock);
    mock.fail_activity_poll(Status::permission_denied("not you"));
    let (ended, _) = tokio::join!(worker.ended(), mock.shutdowns.ok());
    let error = ended.expect_err("it may not poll");
    assert!(matches!(error, WorkerError::Refused { tasks: "activity tasks", .. }), "{error:?}");
    assert!(error.to_string().contains("`orders`"), "{error}");
    let source = std::error::Error::source(&error).expect("what the server said").to_string();
    assert!(source.contains("not you"), "{source}");
}

#[tokio::test]
async fn a_namespace_that_does_not_exist_ends_the_worker() {
    let mock = Mock::default();
    let worker = worker(&mock);
    mock.fail_activity_poll(Status::not_found("Namespace default is not found."));
    let (ended, _) = tokio::join!(worker.ended(), mock.shutdowns.ok());
    let error = ended.expect_err("there is no such namespace");
    assert!(matches!(error, WorkerError::NamespaceNotFound { .. }), "{error:?}");
    assert!(error.to_string().contains("`default`"), "{error}");
}

#[tokio::test]
async fn that_the_namespace_does_not_exist_is_known_even_if_polls_do_not_say_so() {
    let mock = Mock::default();
    mock.lose_the_namespace();
    let worker = worker(&mock);
    let (ended, _) = tokio::join!(worker.ended(), mock.shutdowns.ok());
    let error = ended.expect_err("there is no such namespace");
    assert!(matches!(error, WorkerError::NamespaceNotFound { .. }), "{error:?}");
}

#[tokio::test]
async fn the_server_is_told_and_polls_are_given_up() {
    let mock = Mock::default();
    let worker = worker(&mock);
    assert_eq!(mock.polls.next().await.request, "activities of orders");
    let (ended, request) = tokio::join!(worker.shutdown(), mock.shutdowns.ok());
    ended.expect("the worker ends well");
    assert_eq!(request.task_queue, "orders");
    assert_eq!(request.task_queue_types, [TaskQueueType::Activity as i32]);
    assert_eq!(request.sticky_task_queue, "", "there are no workflows");
    assert!(!request.worker_instance_key.is_empty());
}

#[tokio::test]
async fn a_task_that_arrives_while_the_worker_says_goodbye_is_done() {
    let mock = Mock::default();
    mock.promise_to_complete_polls();
    let worker = worker(&mock);
    mock.polls.next().await;
    let mut shutdown = pin!(worker.shutdown());
    assert!(shutdown.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
    let goodbye = async {
        mock.shutdowns.ok().await;
        // Long enough for a worker without patience to give its polls up.
        for _ in 0..100 {
            tokio::task::yield_now().await;
        }
        mock.give_activity(double("4"));
        assert_eq!(first(mock.activity_completed.ok().await.result), "8");
        mock.complete_polls();
    };
    let (ended, ()) = tokio::join!(shutdown, goodbye);
    ended.expect("the worker ends well");
    mock.assert_quiet().await;
}

#[tokio::test]
async fn dropping_a_running_worker_begins_its_shutdown() {
    let mock = Mock::default();
    let worker = worker(&mock);
    let handle = worker.shutdown_handle();
    mock.polls.next().await;
    assert!(!handle.is_shutting_down());
    drop(worker);
    assert!(handle.is_shutting_down());
    mock.shutdowns.ok().await;
}

#[tokio::test]
async fn a_worker_can_be_run_in_place_and_ended_from_elsewhere() {
    let mock = Mock::default();
    let activities = Asynchronous::new(async |_, number| Ok(number * 2));
    let worker = Worker::builder(&mock.client(), "orders").activities(activities).build().expect("nothing is wrong");
    let handle = worker.shutdown_handle();
    let elsewhere = async {
        mock.give_activity(double("4"));
        mock.activity_completed.ok().await;
        handle.shutdown();
        mock.shutdowns.ok().await;
    };
    let (ended, ()) = tokio::join!(worker.run(), elsewhere);
    ended.expect("the worker ends well");
}

#[tokio::test]
async fn dropping_the_future_of_a_worker_drops_what_it_does() {
    let mock = Mock::default();
    let held = Arc::new(());
    let weak = Arc::downgrade(&held);
    let (started, starts) = tokio::sync::oneshot::channel();
    let once = std::sync::Mutex::new(Some((started, held)));
    let activities = Asynchronous::new(move |_, _| {
        let (started, held) = once.lock().expect("not poisoned").take().expect("there is one attempt");
        async move {
            let _held = held;
            let _ = started.send(());
            std::future::pending().await
        }
    });
    let worker = Worker::builder(&mock.client(), "orders").activities(activities).build().expect("nothing is wrong");
    mock.give_activity(double("1"));
    tokio::select! {
        _ = worker.run() => panic!("nobody told it to end"),
        started = starts => started.expect("the activity has started"),
    }
    while weak.upgrade().is_some() {
        tokio::task::yield_now().await;
    }
}
