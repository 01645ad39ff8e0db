//! Looking at a workflow without leaving a trace.

use std::future::{Future, IntoFuture};
use std::pin::{Pin, pin};
use std::task::{Context, Waker};

use perpetua_workflow::{JoinHandle, SleepFuture};

use crate::support::*;

workflow! {
    Counter { count: State<u32> }
    run |this, ctx, (goal,)| (u32,) => u32 {
        ctx.wait_until(|| this.count.get() >= goal).await?;
        Ok(this.count.get())
    }
    handlers |handlers| {
        handlers.signal("add", |this, _, (more,): (u32,)| { this.count.update(|count| *count += more); Handling::Done(()) });
        handlers.query("count", |this, (): ()| this.count.get());
        handlers.query("plus", |this, (more,): (u32,)| this.count.get() + more);
        handlers.fallible_query("half", |this, (): ()| {
            let count = this.count.get();
            if count % 2 == 0 { Ok(count / 2) } else { Err(AnyError::message("it is odd").failure_type("Odd")) }
        });
        handlers.query("panic", |_, (): ()| -> u32 { panic!("do not ask") });
        handlers.query("mute", |_, (): ()| std::collections::BTreeMap::from([((1, 2), 3)]));
        handlers.query("write", |this, (): ()| this.count.set(7));
        handlers.query("replace", |this, (): ()| this.count.replace(7));
        handlers.query("update", |this, (): ()| this.count.update(|count| *count = 7));
    }
}

fn counter() -> Scenario {
    Scenario::of::<Counter>(|| (3,)).start()
}

#[test]
fn a_query_is_answered_from_the_state_at_the_end_of_the_turn() {
    let run =
        counter().asking("count").turn(|server| server.signal("add", (1,)).query("count", ()).query("plus", (10,)));
    run.turn(|server| server.signal("add", (5,)).query("count", ())).check(expect![[r#"
        turn 1
            count? 0
        turn 2
            count#1 -> 1
            plus#2 -> 11
            count? 1
        turn 3
            complete 6
            count#1 -> 6
            count? 6
    "#]]);
}

#[test]
fn a_query_that_cannot_be_answered_fails_alone() {
    let run = counter().turn(|server| server.signal("add", (1,)).query("half", ()).query("plus", ("a".to_owned(),)));
    let run = run.turn(|server| server.signal("add", (1,)).query("half", ()).query("panic", ()).query("mute", ()));
    run.turn(|server| server.signal("add", (1,)).query("unknown", ())).check(expect![[r#"
        turn 1
        turn 2
            half#1 -> failed: it is odd [Odd]
            plus#2 -> failed: argument 1 of 1: `u32` cannot be read from `json/plain` <- invalid type: string "a", expected u32 at line 1 column 3
        turn 3
            half#1 -> 1
            mute#3 -> failed: `alloc::collections::btree::map::BTreeMap<(i32, i32), i32>` cannot be encoded <- key must be a string
            panic#2 -> failed: query `panic` panicked: do not ask
        turn 4
            complete 3
            unknown#1 -> failed: workflow `Counter` takes no query named `unknown`; it takes: count, half, mute, panic, plus, replace, update, write
    "#]]);
}

#[test]
fn a_query_that_writes_is_refused_and_nothing_is_written() {
    let run = counter()
        .asking("count")
        .turn(|server| server.signal("add", (1,)).query("write", ()).query("replace", ()).query("update", ()));
    run.turn(|server| server.signal("add", (2,))).check(expect![[r#"
        turn 1
            count? 0
        turn 2
            replace#2 -> failed: a query wrote to a `State` (at queries.rs); it may only look, since what it does leaves no trace in history
            update#3 -> failed: a query wrote to a `State` (at queries.rs); it may only look, since what it does leaves no trace in history
            write#1 -> failed: a query wrote to a `State` (at queries.rs); it may only look, since what it does leaves no trace in history
            count? 1
        turn 3
            complete 3
            count? 3
    "#]]);
}

#[test]
fn a_run_whose_query_was_refused_stays_known() {
    let run = counter();
    let (mut server, mut worker) = (run.server(), Worker::new(&run));
    worker.answer(&mut server);
    for query in ["write", "panic", "mute", "unknown", "count"] {
        worker.ask(&server, query);
        assert!(worker.continues(&server), "{query}");
    }
}

#[test]
fn a_closed_run_answers_queries_from_its_history() {
    let run = counter().turn(|server| server.signal("add", (4,)));
    let played = run.play_once();
    assert_eq!(Worker::new(&run).ask(&played.server, "count"), "4");
}

#[test]
fn a_run_that_has_not_begun_cannot_be_asked() {
    let run = counter();
    assert_eq!(Worker::new(&run).ask(&run.server(), "count"), "failed: the workflow has not run yet");
}

workflow! {
    Curious {
        ctx: RefCell<Option<Ctx>>,
        sleeps: RefCell<Vec<Pin<Box<SleepFuture>>>>,
        task: RefCell<Option<JoinHandle<()>>>,
        channel: Channel<u32>,
    }
    run |this, ctx, ()| () => (u32, u64) {
        this.ctx.replace(Some(ctx.clone()));
        this.task.replace(Some(ctx.spawn(async {})));
        let mut sleep = Box::pin(ctx.sleep(seconds(60)).into_future());
        std::future::poll_fn(|context| {
            assert!(sleep.as_mut().poll(context).is_pending());
            std::task::Poll::Ready(())
        }).await;
        this.sleeps.borrow_mut().push(sleep);
        let received = this.channel.receive().await;
        Ok((received, ctx.random().below(1000)))
    }
    handlers |handlers| {
        handlers.signal("send", |this, _, (value,): (u32,)| { this.channel.send(value); Handling::Done(()) });
        handlers.query("fine", |this, (): ()| {
            let ctx = this.ctx();
            ctx.log().info("asked");
            (ctx.is_canceled(), ctx.info().attempt())
        });
        handlers.query("sleep", |this, (): ()| poll_once(this.ctx().sleep(seconds(1)).into_future()));
        handlers.query("wait", |this, (): ()| poll_once(this.ctx().wait_until(|| false)));
        handlers.query("wait for cancellation", |this, (): ()| poll_once(this.ctx().canceled()));
        handlers.query("start an activity", |this, (): ()| {
            drop(this.ctx().activity(activity::<()>("a", ())).start_to_close(seconds(1)).start());
        });
        handlers.query("spawn", |this, (): ()| drop(this.ctx().spawn(async {})));
        handlers.query("wait for a task", |this, (): ()| {
            let mut task = this.task.borrow_mut();
            poll_once(task.as_mut().expect("it was spawned"));
        });
        handlers.query("draw", |this, (): ()| this.ctx().random().u64());
        handlers.query("draw a uuid", |this, (): ()| this.ctx().uuid().to_string());
        handlers.query("continue as new", |this, (): ()| {
            let call = perpetua_contract::WorkflowCall::<Curious>::new(());
            this.ctx().continue_as_new::<_, (), AnyError>(call).is_ok()
        });
        handlers.query("wait on", |this, (): ()| {
            let mut sleeps = this.sleeps.borrow_mut();
            poll_once(sleeps.first_mut().expect("it was started").as_mut());
        });
        handlers.query("drop", |this, (): ()| this.sleeps.borrow_mut().clear());
        handlers.query("wake", |this, (): ()| this.channel.send(13));
    }
}

impl Curious {
    fn ctx(&self) -> Ctx {
        self.ctx.borrow().clone().expect("the workflow has begun")
    }
}

fn poll_once<F: Future>(future: F) {
    let _ = pin!(future).poll(&mut Context::from_waker(Waker::noop()));
}

fn curious() -> Scenario {
    Scenario::of::<Curious>(|| ())
}

#[test]
fn a_query_may_look_at_everything_and_log() {
    let run = curious();
    let (mut server, mut worker) = (run.server(), Worker::new(&run));
    worker.answer(&mut server);
    assert_eq!(logged(|| worker.ask(&server, "fine")), (vec!["INFO asked".to_owned()], "[false,1]".to_owned()));
    worker.evict();
    assert_eq!(logged(|| worker.ask(&server, "fine")), (vec!["INFO asked".to_owned()], "[false,1]".to_owned()));
}

#[test]
fn a_query_starts_nothing_waits_for_nothing_and_draws_nothing() {
    let run = curious();
    let (mut server, mut worker) = (run.server(), Worker::new(&run));
    worker.answer(&mut server);
    let mut answers = String::new();
    let queries = [
        "sleep",
        "wait",
        "wait for cancellation",
        "start an activity",
        "spawn",
        "wait for a task",
        "draw",
        "draw a uuid",
        "continue as new",
        "wait on",
    ];
    for query in queries {
        let answer = worker.ask(&server, query);
        assert!(worker.continues(&server), "{query} was stopped in time");
        answers += &format!("{answer}\n");
    }
    expect![[r#"
        failed: a query tried to start a timer; it may only look, since what it does leaves no trace in history
        failed: a query tried to wait for a condition; it may only look, since what it does leaves no trace in history
        failed: a query tried to wait for a cancellation; it may only look, since what it does leaves no trace in history
        failed: a query tried to start an activity; it may only look, since what it does leaves no trace in history
        failed: a query tried to spawn a task; it may only look, since what it does leaves no trace in history
        failed: a query tried to wait for a task; it may only look, since what it does leaves no trace in history
        failed: a query tried to draw from the workflow's randomness; it may only look, since what it does leaves no trace in history
        failed: a query tried to draw from the workflow's randomness; it may only look, since what it does leaves no trace in history
        failed: a query tried to continue as new; it may only look, since what it does leaves no trace in history
        failed: a query tried to wait for an operation; it may only look, since what it does leaves no trace in history
    "#]].assert_eq(&answers);
    // The run goes on as if nobody had asked.
    server.signal("send", (1,));
    assert_eq!(worker.answer(&mut server), [unasked()]);
}

/// What the run ends with if nobody asks anything.
fn unasked() -> String {
    let played = curious().start().turn(|server| server.signal("send", (1,))).play();
    played.lines().last().expect("it has two turns").trim().to_owned()
}

#[test]
fn a_query_that_wakes_or_drops_something_fails_and_its_run_is_built_again() {
    for (query, says) in [
        (
            "wake",
            "failed: a query woke a task of the workflow; it may only look, since what it does leaves no trace in history",
        ),
        (
            "drop",
            "failed: a query dropped a pending operation of the workflow; it may only look, since what it does leaves no \
             trace in history",
        ),
    ] {
        let run = curious();
        let (mut server, mut worker) = (run.server(), Worker::new(&run));
        worker.answer(&mut server);
        assert_eq!(worker.ask(&server, query), says);
        assert!(!worker.continues(&server), "{query} has changed the run");
        worker.evict();
        server.signal("send", (1,));
        assert_eq!(worker.answer(&mut server), [unasked()], "{query}");
    }
}
