//! Activities in isolation.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use perpetua::prelude::*;
use perpetua::testing::ActivityEnv;
use perpetua::{CancelReason, Payload, Priority};

#[derive(Debug, PartialEq, thiserror::Error, ApplicationError)]
#[error("page {page} is torn")]
struct Torn {
    page: u32,
}

/// Reads pages, from where the attempt before stopped.
#[activity]
async fn read(ctx: ActivityContext, pages: u32) -> Result<u32, Torn> {
    let first = ctx.heartbeat_details::<u32>().ok().flatten().unwrap_or(0);
    for page in first + 1..=pages {
        if page == 13 {
            return Err(Torn { page });
        }
        ctx.heartbeat(page);
    }
    Ok(pages - first)
}

#[tokio::test]
async fn a_result_and_heartbeats_are_what_the_activity_said() {
    let env = ActivityEnv::new();
    assert_eq!(env.run(read(3)).await.expect("it reads"), 3);
    assert_eq!(env.heartbeats::<u32>().expect("numbers"), [1, 2, 3]);
}

#[tokio::test]
async fn an_attempt_goes_on_where_the_one_before_stopped() {
    let env = ActivityEnv::new().attempt(2).last_heartbeat(7_u32);
    assert_eq!(env.run(read(9)).await.expect("it reads"), 2);
    assert_eq!(env.heartbeats::<u32>().expect("numbers"), [8, 9]);
}

#[tokio::test]
async fn an_error_has_its_type() {
    let failure = ActivityEnv::new().run(read(20)).await.expect_err("it is torn");
    assert_eq!(failure.application(), Some(&Torn { page: 13 }));
}

/// Says what it knows of itself.
#[activity]
async fn introspect(ctx: ActivityContext) -> Result<String, ActivityError> {
    let info = ctx.info();
    let header: Vec<_> = info.header.keys().cloned().collect();
    let limit = info.start_to_close.map_or(0, |limit| limit.as_secs());
    Ok(format!(
        "{} attempt {} of {} in {limit} s, {header:?}, local {}, key {}, shutdown {}",
        info.activity_type,
        info.attempt,
        info.workflow_execution.workflow_id,
        info.is_local(),
        info.priority.key,
        ctx.is_worker_shutting_down()
    ))
}

#[tokio::test]
async fn an_attempt_knows_what_the_test_says() {
    let said = ActivityEnv::new().run(introspect()).await.expect("it says");
    assert_eq!(said, "introspect attempt 1 of test in 0 s, [], local false, key 0, shutdown false");
    let env = ActivityEnv::new()
        .attempt(3)
        .start_to_close(minutes(1))
        .heartbeat_timeout(seconds(5))
        .header("tenant", Payload::encoded("json/plain", "1"))
        .info(|info| {
            info.workflow_execution.workflow_id = "order-7".into();
            info.priority = Priority { key: 2, ..Priority::default() };
        })
        .local()
        .worker_shutdown();
    let said = env.run(introspect()).await.expect("it says");
    assert_eq!(said, "introspect attempt 3 of order-7 in 60 s, [\"tenant\"], local true, key 2, shutdown true");
}

/// Works until it is asked to stop, and says why.
#[activity]
async fn work(ctx: ActivityContext) -> Result<(), ActivityError> {
    ctx.heartbeat("begun");
    let reason = ctx.canceled().await;
    ctx.heartbeat(format!("{reason:?}"));
    Err(Canceled::from(reason).into())
}

#[tokio::test]
async fn each_reason_to_stop_ends_as_the_workflow_would_see_it() {
    let cases = [
        (CancelReason::Requested, "Canceled"),
        (CancelReason::Gone, "Canceled"),
        (CancelReason::TimedOut, "Timeout"),
        (CancelReason::WorkerShutdown, "Application"),
        (CancelReason::Paused, "Application"),
        (CancelReason::Reset, "Application"),
        (CancelReason::InvalidHeartbeat, "Application"),
    ];
    for (reason, expected) in cases {
        let env = ActivityEnv::new();
        let run = env.start(work());
        assert!(run.sent_heartbeats(1).await);
        run.cancel(reason);
        let failure = run.await.expect_err("it stops");
        assert!(format!("{failure:?}").starts_with(expected), "{reason:?}: {failure:?}");
        assert_eq!(env.heartbeats::<String>().expect("texts"), ["begun".to_owned(), format!("{reason:?}")]);
    }
}

#[tokio::test]
async fn an_attempt_is_asked_to_stop_with_a_heartbeat_or_before_it_begins() {
    let env = ActivityEnv::new().cancel_at_heartbeat(1, CancelReason::Requested);
    assert!(env.run(work()).await.expect_err("it stops").is_canceled());
    let env = ActivityEnv::new().cancel(CancelReason::Paused);
    env.run(work()).await.expect_err("it stops");
    assert_eq!(env.heartbeats::<String>().expect("texts")[1], "Paused");
}

#[tokio::test(start_paused = true)]
async fn an_attempt_that_takes_too_long_has_timed_out() {
    let env = ActivityEnv::new().start_to_close(hours(1));
    let failure = env.run(work()).await.expect_err("it takes too long");
    assert!(failure.is_timeout(), "{failure:?}");
    assert_eq!(env.heartbeats::<String>().expect("texts")[1], "TimedOut");
}

/// Goes on until the worker shuts down.
#[activity]
async fn watch(ctx: ActivityContext) -> Result<String, ActivityError> {
    ctx.heartbeat(());
    ctx.worker_shutdown().await;
    Ok(format!("{:?}", ctx.cancel_reason()))
}

#[tokio::test]
async fn an_attempt_sees_the_worker_shut_down() {
    let run = ActivityEnv::new().start(watch());
    assert!(run.sent_heartbeats(1).await);
    run.shut_down_worker();
    assert_eq!(run.await.expect("it ends"), "None");
}

#[derive(Default)]
struct Counter {
    count: AtomicU32,
}

#[activities]
impl Counter {
    #[activity]
    async fn add(&self, by: u32) -> Result<u32, ActivityError> {
        Ok(self.count.fetch_add(by, Ordering::Relaxed) + by)
    }

    #[activity(blocking)]
    fn fail(&self, ctx: ActivityContext) -> Result<(), ActivityError> {
        ctx.heartbeat(1);
        panic!("it was {}", self.count.load(Ordering::Relaxed))
    }
}

#[tokio::test]
async fn a_method_runs_with_its_value() {
    let counter = Arc::new(Counter::default());
    let env = ActivityEnv::new();
    for expected in [2, 4] {
        assert_eq!(env.run_with(Arc::clone(&counter), Counter::add(2)).await.expect("it counts"), expected);
    }
    assert_eq!(counter.count.load(Ordering::Relaxed), 4);
    let run = env.start_with(Arc::clone(&counter), Counter::fail());
    assert!(!run.sent_heartbeats(2).await, "it ends before that");
    let failure = run.await.expect_err("it panics");
    assert!(
        failure.remote().to_string().contains("it was 4") || format!("{failure:?}").contains("it was 4"),
        "{failure:?}"
    );
}

#[tokio::test]
async fn a_method_of_another_type_is_named() {
    #[derive(Default)]
    struct Other;
    #[activities]
    impl Other {
        #[activity]
        async fn nothing(&self) -> Result<(), ActivityError> {
            Ok(())
        }
    }
    let failure = ActivityEnv::new().run_with(Other, Counter::add(1)).await.expect_err("it is not one of its methods");
    assert!(format!("{failure:?}").contains("activity `add` is not registered"), "{failure:?}");
}

/// Asks the server something.
#[activity]
async fn ask(ctx: ActivityContext) -> Result<(), ActivityError> {
    ctx.client().run(Workflow::named("any").args(())).task_queue("any").await?;
    Ok(())
}

#[tokio::test]
async fn there_is_no_server_unless_the_test_gives_one() {
    let failure = ActivityEnv::new().run(ask()).await.expect_err("nobody listens");
    assert!(failure.application().is_some(), "{failure:?}");
}
