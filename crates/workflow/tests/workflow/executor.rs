//! In which order tasks run, what may wake them, and what happens when they panic.

use std::future::{Future, IntoFuture, pending, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};
use std::thread;

use perpetua_workflow::unguarded;

use crate::support::*;

// The order
// ---------

workflow! {
    Crowd { log: State<Vec<String>> }
    run |this, ctx, ()| () => Vec<String> {
        let note = |text: String| this.log.update(|log| log.push(text));
        let mut tasks = Vec::new();
        for task in 1..=3 {
            let (this, ctx) = (Rc::clone(&this), ctx.clone());
            tasks.push(ctx.clone().spawn(async move {
                this.log.update(|log| log.push(format!("begin {task}")));
                yield_once().await;
                this.log.update(|log| log.push(format!("yielded {task}")));
                let slept = ctx.sleep(seconds(1)).await;
                this.log.update(|log| log.push(format!("slept {task}")));
                slept
            }));
        }
        note("spawned".to_owned());
        for task in tasks {
            task.await?;
        }
        note("joined".to_owned());
        Ok(this.log.take())
    }
    handlers |handlers| {
        handlers.signal("note", |this, _, (text,): (String,)| Handling::running(async move {
            this.log.update(|log| log.push(text));
        }));
    }
}

#[test]
fn tasks_run_in_the_order_in_which_they_were_woken() {
    let run = Scenario::of::<Crowd>(|| ()).turn(|server| server.signal("note", ("first".to_owned(),)));
    let run = run.turn(|server| server.fire("2").signal("note", ("signal".to_owned(),)).fire("1"));
    run.turn(|server| server.fire("3")).check(expect![[r#"
        turn 1
            start_timer 1 1s
            start_timer 2 1s
            start_timer 3 1s
        turn 2
        turn 3
            complete ["first","spawned","begin 1","begin 2","begin 3","yielded 1","yielded 2","yielded 3","signal","slept 2","slept 1","slept 3","joined"]
    "#]]);
}

workflow! {
    Restless
    run |_, ctx, (count,)| (usize,) => usize {
        // Each of them yields once more than the one before it, and then waits for an activity of its own.
        let ordered = Rc::new(RefCell::new(Vec::new()));
        let futures = (0..count).map(|number| {
            let (ctx, ordered) = (ctx.clone(), Rc::clone(&ordered));
            async move {
                for _ in 0..number % 3 {
                    yield_once().await;
                }
                ordered.borrow_mut().push(number);
                ctx.activity(activity::<usize>("echo", (number,))).start_to_close(seconds(1)).await
            }
        });
        let echoes = ctx.join_all(futures).await;
        for (number, echo) in echoes.into_iter().enumerate() {
            assert_eq!(echo?, number);
        }
        Ok(ordered.take().len())
    }
}

#[test]
fn join_all_polls_in_the_order_of_waking_and_gives_results_in_the_order_of_the_futures() {
    let run = Scenario::of::<Restless>(|| (5,)).start();
    let run = run.turn(|server| server.complete("2", 3).complete("5", 2).complete("1", 0));
    run.turn(|server| server.complete("4", 4)).turn(|server| server.complete("3", 1)).check(expect![[r#"
        turn 1
            start_activity 1 echo(0) start_to_close=1s
            start_activity 2 echo(3) start_to_close=1s
            start_activity 3 echo(1) start_to_close=1s
            start_activity 4 echo(4) start_to_close=1s
            start_activity 5 echo(2) start_to_close=1s
        turn 2
        turn 3
        turn 4
            complete 5
    "#]]);
}

workflow! {
    Many
    run |_, ctx, (count, limit)| (u64, usize) => u64 {
        let sleeps = (1..=count).map(|number| {
            let ctx = ctx.clone();
            Polled(Box::pin(async move { ctx.sleep(seconds(number)).await.map(|()| number) }))
        });
        let mut sum = 0;
        for slept in ctx.join_all(sleeps).limit(limit).await {
            sum += slept?;
        }
        Ok(sum)
    }
}

#[test]
fn a_thousand_futures_are_not_polled_a_thousand_times_a_turn() {
    let scenario = Scenario::of::<Many>(|| (1000, usize::MAX));
    let (mut server, mut worker) = (scenario.server(), Worker::new(&scenario));
    polls();
    assert_eq!(worker.answer(&mut server).len(), 1000);
    assert_eq!(polls(), 1000, "each is begun");
    server.fire("500").fire("1");
    assert!(worker.answer(&mut server).is_empty());
    assert_eq!(polls(), 2, "two are due");
    for timer in (2..=1000).filter(|timer| *timer != 500) {
        server.fire(&timer.to_string());
    }
    assert_eq!(worker.answer(&mut server), ["complete 500500"]);
    assert_eq!(polls(), 998, "the others are due");
}

#[test]
fn join_all_begins_as_many_as_it_may() {
    let run = Scenario::of::<Many>(|| (4, 2)).start().turn(|server| server.fire("2"));
    run.turn(|server| server.fire("3").fire("1")).turn(|server| server.fire("4")).check(expect![[r#"
        turn 1
            start_timer 1 1s
            start_timer 2 2s
        turn 2
            start_timer 3 3s
        turn 3
            start_timer 4 4s
        turn 4
            complete 10
    "#]]);
    Scenario::of::<Many>(|| (2, 0)).start().turn(|server| server.fire("1")).turn(|server| server.fire("2")).check(
        expect![[r#"
        turn 1
            start_timer 1 1s
        turn 2
            start_timer 2 2s
        turn 3
            complete 3
    "#]],
    );
    Scenario::of::<Many>(|| (0, 5)).start().check(expect![[r#"
        turn 1
            complete 0
    "#]]);
}

thread_local! {
    static KEPT: RefCell<Vec<Waker>> = const { RefCell::new(Vec::new()) };
}

workflow! {
    Outlived
    run |_, ctx, ()| () => u64 {
        // A waker that outlives its task wakes nobody, above all not the task that came after.
        ctx.spawn(poll_fn(|context| { KEPT.with_borrow_mut(|kept| kept.push(context.waker().clone())); Poll::Ready(()) })).await;
        polls();
        let successor = ctx.spawn(Polled(Box::pin(pending::<()>())));
        yield_once().await;
        KEPT.take().into_iter().for_each(Waker::wake);
        yield_once().await;
        drop(successor);
        Ok(polls())
    }
}

#[test]
fn a_waker_that_outlives_its_task_wakes_nobody() {
    Scenario::of::<Outlived>(|| ()).start().check(expect![[r#"
        turn 1
            complete 1
    "#]]);
}

workflow! {
    Doorbells { first: Channel<()>, second: Channel<()> }
    run |this, ctx, ()| () => u64 {
        let listener = Rc::clone(&this);
        let task = ctx.spawn(Polled(Box::pin(async move {
            join!(listener.first.receive(), listener.second.receive());
            listener.first.receive().await;
        })));
        yield_once().await;
        polls();
        this.first.send(());
        this.second.send(());
        yield_once().await;
        let polled = polls();
        this.first.send(());
        task.await;
        Ok(polled)
    }
}

#[test]
fn a_task_that_is_woken_twice_is_polled_once() {
    Scenario::of::<Doorbells>(|| ()).start().check(expect![[r#"
        turn 1
            complete 1
    "#]]);
}

workflow! {
    Detached { done: State<bool> }
    run |this, ctx, ()| () => bool {
        let (shared, inner) = (Rc::clone(&this), ctx.clone());
        drop(ctx.spawn(async move {
            inner.sleep(seconds(1)).await.expect("nobody asks it to stop");
            shared.done.set(true);
        }));
        ctx.sleep(seconds(2)).await?;
        Ok(this.done.get())
    }
}

#[test]
fn a_task_goes_on_when_its_handle_is_dropped() {
    let run = Scenario::of::<Detached>(|| ()).start();
    run.turn(|server| server.fire("2")).turn(|server| server.fire("1")).check(expect![[r#"
        turn 1
            start_timer 1 2s
            start_timer 2 1s
        turn 2
        turn 3
            complete true
    "#]]);
}

workflow! {
    Handled
    run |_, ctx, ()| () => () {
        let mut task = ctx.spawn(async {});
        (&mut task).await;
        (&mut task).await;
        Ok(())
    }
}

#[test]
fn the_handle_of_a_task_gives_its_result_once() {
    Scenario::of::<Handled>(|| ()).start().check(expect![[r#"
        turn 1
            fault: workflow `Handled` panicked in its main function: the handle of a task was polled again after it gave the task's result
    "#]]);
}

// Wakes from elsewhere
// --------------------

/// A channel for one value, between threads.
struct Oneshot<T>(Arc<Mutex<(Option<T>, Option<Waker>)>>);

impl<T> Clone for Oneshot<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T> Oneshot<T> {
    fn new() -> Self {
        Self(Arc::new(Mutex::new((None, None))))
    }

    fn send(&self, value: T) {
        let waker = {
            let mut slot = self.0.lock().expect("nobody panics with it");
            slot.0 = Some(value);
            slot.1.take()
        };
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

impl<T> Future for Oneshot<T> {
    type Output = T;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<T> {
        let mut slot = self.0.lock().expect("nobody panics with it");
        match slot.0.take() {
            Some(value) => Poll::Ready(value),
            None => {
                slot.1 = Some(context.waker().clone());
                Poll::Pending
            }
        }
    }
}

thread_local! {
    /// What the workflow below waits for.
    static OUTSIDE: RefCell<Option<Oneshot<u32>>> = const { RefCell::new(None) };
}

fn outside() -> Oneshot<u32> {
    OUTSIDE.with_borrow_mut(|outside| outside.get_or_insert_with(Oneshot::new).clone())
}

workflow! {
    Foreign
    run |_, ctx, (at_once,)| (bool,) => u32 {
        let value = outside();
        let sent = value.clone();
        if at_once {
            // The other thread sends while this one is in the same turn.
            poll_fn(|context| {
                assert!(Pin::new(&mut value.clone()).poll(context).is_pending());
                let sent = sent.clone();
                unguarded(|| thread::spawn(move || sent.send(7))).join().expect("it does not panic");
                Poll::Ready(())
            }).await;
        }
        let (value, slept) = join!(value, ctx.sleep(seconds(1)));
        slept?;
        Ok(value)
    }
    handlers |handlers| {
        handlers.signal("nothing", |_, _, (): ()| Handling::Done(()));
    }
}

#[test]
fn a_wake_from_another_thread_is_a_fault() {
    let scenario = Scenario::of::<Foreign>(|| (true,));
    let fault = Worker::new(&scenario).try_answer(&mut scenario.server()).expect_err("another thread woke it");
    expect!["workflow `Foreign` was woken in its main function by something that is not part of it: since turn 1 it awaits a future of another runtime, thread or channel, which no replay could repeat; await operations of `Ctx` only, and do everything else in an activity"].assert_eq(&fault.to_string());
}

#[test]
fn a_wake_from_another_thread_between_two_turns_is_a_fault_in_the_next() {
    let scenario = Scenario::of::<Foreign>(|| (false,));
    let (mut server, mut worker) = (scenario.server(), Worker::new(&scenario));
    assert_eq!(worker.answer(&mut server), ["start_timer 1 1s"]);
    let sender = outside();
    thread::spawn(move || sender.send(7)).join().expect("it does not panic");
    server.signal("nothing", ());
    let fault = worker.try_answer(&mut server).expect_err("another thread woke it");
    let words =
        "workflow `Foreign` was woken in its main function by something that is not part of it: since turn 1 it awaits";
    assert!(fault.to_string().starts_with(words), "{fault}");
    // A run that failed stays failed.
    assert!(!worker.continues(&server));
}

#[test]
fn a_wake_from_this_thread_between_two_turns_is_a_fault_in_the_next() {
    let scenario = Scenario::of::<Foreign>(|| (false,));
    let (mut server, mut worker) = (scenario.server(), Worker::new(&scenario));
    worker.answer(&mut server);
    outside().send(7);
    server.signal("nothing", ());
    assert!(worker.try_answer(&mut server).is_err());
}

thread_local! {
    static SHARED: Channel<u32> = Channel::default();
}

workflow! {
    Sender
    run |_, _, ()| () => () {
        SHARED.with(|shared| shared.send(1));
        Ok(())
    }
}

workflow! {
    Receiver
    run |_, ctx, ()| () => u32 {
        let mut receiving = Box::pin(async {
            poll_fn(|context| SHARED.with(|shared| Box::pin(shared.receive()).as_mut().poll(context))).await
        });
        let slept = ctx.sleep(seconds(1));
        Ok(select! {
            received = &mut receiving => received,
            slept = slept => { slept?; 0 },
        })
    }
}

#[test]
fn a_wake_by_another_workflow_is_a_fault() {
    let receiver = Scenario::of::<Receiver>(|| ());
    let (mut server, mut worker) = (receiver.server(), Worker::new(&receiver));
    worker.answer(&mut server);
    let sender = Scenario::of::<Sender>(|| ());
    assert_eq!(Worker::new(&sender).answer(&mut sender.server()), ["complete null"], "the other one is none the wiser");
    server.fire("1");
    assert!(worker.try_answer(&mut server).is_err());
}

thread_local! {
    static LEAKED: RefCell<Option<Ctx>> = const { RefCell::new(None) };
}

workflow! {
    Leaky
    run |_, ctx, ()| () => () {
        LEAKED.replace(Some(ctx.clone()));
        ctx.sleep(seconds(1)).await?;
        Ok(())
    }
}

#[test]
fn a_context_is_of_no_use_outside_of_its_workflow() {
    let scenario = Scenario::of::<Leaky>(|| ());
    let (mut server, mut worker) = (scenario.server(), Worker::new(&scenario));
    worker.answer(&mut server);
    let ctx = LEAKED.take().expect("the workflow has leaked it");
    let spawned = catch_unwind(AssertUnwindSafe(|| drop(ctx.spawn(async {}))));
    let message = spawned.expect_err("it is not its turn").downcast::<String>().expect("a panic has a message");
    expect!["something that is not part of the workflow tried to spawn a task by its context"].assert_eq(&message);
    // The run is as it was.
    server.fire("1");
    assert_eq!(worker.answer(&mut server), ["complete null"]);
}

workflow! {
    Endless
    run |_, ctx, (spawned,)| (bool,) => () {
        if spawned { ctx.spawn(pending()).await } else { pending().await }
        Ok(())
    }
}

#[test]
fn a_workflow_that_nothing_can_wake_is_a_fault() {
    Scenario::of::<Endless>(|| (false,)).start().check(expect![[r#"
        turn 1
            fault: workflow `Endless` waits in its main function for something that Perpetua does not know, and takes no signal or update that could wake it: it awaits a future of another runtime, thread or channel, or one that is never done; await operations of `Ctx` only, and do everything else in an activity
    "#]]);
    Scenario::of::<Endless>(|| (true,)).start().check(expect![[r#"
        turn 1
            fault: workflow `Endless` waits in its main function, a spawned task for something that Perpetua does not know, and takes no signal or update that could wake it: it awaits a future of another runtime, thread or channel, or one that is never done; await operations of `Ctx` only, and do everything else in an activity
    "#]]);
}

workflow! {
    Stalled { never: State<bool> }
    run |this, ctx, ()| () => () {
        // What was waited for, and is no more, does not count.
        select! {
            slept = ctx.sleep(seconds(1)) => slept?,
            slept = ctx.sleep(seconds(9)) => slept?,
            met = ctx.wait_until(|| this.never.get()) => met?,
            _ = ctx.canceled() => {}
        }
        pending::<()>().await;
        Ok(())
    }
}

#[test]
fn a_workflow_that_nothing_can_wake_any_more_is_a_fault_in_the_turn_in_which_it_stalls() {
    Scenario::of::<Stalled>(|| ()).start().turn(|server| server.fire("1")).check(expect![[r#"
        turn 1
            start_timer 1 1s
            start_timer 2 9s
        turn 2
            fault: workflow `Stalled` waits in its main function for something that Perpetua does not know, and takes no signal or update that could wake it: it awaits a future of another runtime, thread or channel, or one that is never done; await operations of `Ctx` only, and do everything else in an activity
    "#]]);
}

workflow! {
    Waiting { flag: State<bool> }
    run |this, ctx, (how,)| (String,) => () {
        let nap = { let ctx = ctx.clone(); async move { ctx.sleep(seconds(1)).await } };
        match how.as_str() {
            "in a spawned task" => { let task = ctx.spawn(nap); pending::<()>().await; drop(task) }
            "for a spawned task" => ctx.spawn(nap).await?,
            "for the cancellation in a task" => { ctx.spawn(ctx.canceled()).await; }
            "for a condition" => ctx.wait_until(|| this.flag.get()).await?,
            "for a condition beneath a shield" => ctx.shielded(ctx.wait_until(|| this.flag.get())).await?,
            "for a started activity" => {
                let _call = ctx.activity(activity::<()>("a", ())).start_to_close(seconds(1)).start();
                pending::<()>().await;
            }
            other => panic!("nobody waits {other}"),
        }
        Ok(())
    }
}

#[test]
fn a_workflow_that_something_can_wake_may_wait() {
    for how in [
        "in a spawned task",
        "for a spawned task",
        "for the cancellation in a task",
        "for a condition",
        "for a condition beneath a shield",
        "for a started activity",
    ] {
        HOW.set(how);
        let played = Scenario::of::<Waiting>(|| (HOW.get().to_owned(),)).start().play_once();
        assert!(!played.faulted, "{how}: {}", played.text);
    }
}

thread_local! {
    static HOW: Cell<&'static str> = const { Cell::new("") };
}

// Panics and destructors
// ----------------------

workflow! {
    Panicking
    run |_, ctx, (where_,)| (String,) => () {
        match where_.as_str() {
            "main" => panic!("in main"),
            "main, later" => { ctx.sleep(seconds(1)).await?; panic!("in main, {}", "later") }
            "task" => ctx.spawn(async { panic!("in a task") }).await,
            "value" => std::panic::panic_any(5),
            "result" => { let _guard = Explosive("a result"); }
            "dropped" => drop(ctx.spawn(async { let _guard = Explosive("a task"); })),
            other => panic!("nobody panics in {other}"),
        }
        ctx.sleep(seconds(1)).await?;
        Ok(())
    }
}

/// Its destructor panics.
struct Explosive(&'static str);

impl Drop for Explosive {
    fn drop(&mut self) {
        panic!("while dropping {}", self.0);
    }
}

#[test]
fn a_panic_is_a_fault_that_says_where_it_happened() {
    Scenario::of::<Panicking>(|| ("main".to_owned(),)).start().check(expect![[r#"
        turn 1
            fault: workflow `Panicking` panicked in its main function: in main
    "#]]);
    Scenario::of::<Panicking>(|| ("main, later".to_owned(),)).start().turn(|server| server.fire("1")).check(expect![[
        r#"
        turn 1
            start_timer 1 1s
        turn 2
            fault: workflow `Panicking` panicked in its main function: in main, later
    "#
    ]]);
    Scenario::of::<Panicking>(|| ("task".to_owned(),)).start().check(expect![[r#"
        turn 1
            fault: workflow `Panicking` panicked in a spawned task: in a task
    "#]]);
    Scenario::of::<Panicking>(|| ("value".to_owned(),)).start().check(expect![[r#"
        turn 1
            fault: workflow `Panicking` panicked in its main function: (no message)
    "#]]);
    Scenario::of::<Panicking>(|| ("result".to_owned(),)).start().check(expect![[r#"
        turn 1
            fault: workflow `Panicking` panicked in its main function: while dropping a result
    "#]]);
    Scenario::of::<Panicking>(|| ("dropped".to_owned(),)).start().check(expect![[r#"
        turn 1
            fault: workflow `Panicking` panicked in a spawned task: while dropping a task
    "#]]);
}

/// A future whose destructor panics once it is done.
struct DoneAndExplosive;

impl Future for DoneAndExplosive {
    type Output = ();

    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
        Poll::Ready(())
    }
}

impl Drop for DoneAndExplosive {
    fn drop(&mut self) {
        panic!("while dropping what is done");
    }
}

workflow! {
    Evicted { held: RefCell<Vec<Explosive>>, dropped: DropLog }
    run |this, ctx, ()| () => () {
        this.held.borrow_mut().push(Explosive("the state"));
        this.dropped.0.replace(Some(ctx.clone()));
        for _ in 0..3 {
            let ctx = ctx.clone();
            drop(ctx.clone().spawn(async move {
                let _guard = Explosive("a task");
                ctx.sleep(seconds(1)).await
            }));
        }
        let _busy = Busy(ctx.clone(), Rc::clone(&this));
        let _done = ctx.spawn(async { pending::<()>().await });
        ctx.sleep(seconds(60)).await?;
        Ok(())
    }
}

thread_local! {
    static DROPPED: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
}

/// Says when it is dropped, and then tries to go on.
#[derive(Default)]
struct DropLog(RefCell<Option<Ctx>>);

impl Drop for DropLog {
    fn drop(&mut self) {
        DROPPED.with_borrow_mut(|dropped| dropped.push("the workflow".to_owned()));
        let ctx = self.0.take().expect("the workflow has run");
        let late = Late(ctx.clone());
        drop(ctx.spawn(async move { drop(late) }));
    }
}

/// What must not outlive the run, though it owns a part of it.
struct Late(#[expect(dead_code, reason = "it is owned")] Ctx);

impl Drop for Late {
    fn drop(&mut self) {
        DROPPED.with_borrow_mut(|dropped| dropped.push("a task of the workflow's destructor".to_owned()));
    }
}

/// Its destructor does everything a workflow can do.
struct Busy(Ctx, Rc<Evicted>);

impl Drop for Busy {
    fn drop(&mut self) {
        let ctx = &self.0;
        ctx.log().info("nobody should see this");
        let this = Rc::clone(&self.1);
        drop(ctx.spawn(async move { drop(this) }));
        drop(ctx.activity(activity::<()>("late", ())).start_to_close(seconds(1)).start());
        DROPPED.with_borrow_mut(|dropped| dropped.push("the main function".to_owned()));
    }
}

#[test]
fn eviction_drops_everything_in_silence_whatever_destructors_do() {
    let scenario = Scenario::of::<Evicted>(|| ());
    let (mut server, mut worker) = (scenario.server(), Worker::new(&scenario));
    worker.answer(&mut server);
    let (lines, ()) = logged(|| worker.evict());
    assert_eq!(lines, [""; 0]);
    assert_eq!(DROPPED.take(), ["the main function", "the workflow", "a task of the workflow's destructor"]);
}

workflow! {
    Completing
    run |_, ctx, ()| () => () {
        drop(ctx.spawn(DoneAndExplosive));
        ctx.sleep(seconds(1)).await?;
        Ok(())
    }
}

#[test]
fn a_destructor_that_panics_after_its_task_is_done_is_a_fault() {
    Scenario::of::<Completing>(|| ()).start().check(expect![[r#"
        turn 1
            fault: workflow `Completing` panicked in a spawned task: while dropping what is done
    "#]]);
}

workflow! {
    Reentrant { cell: State<Vec<u32>> }
    run |this, _, (write,)| (bool,) => () {
        this.cell.update(|_| if write { this.cell.set(Vec::new()) } else { this.cell.with(|_| ()) });
        Ok(())
    }
}

#[test]
fn a_state_that_is_used_while_it_is_changed_says_so() {
    Scenario::of::<Reentrant>(|| (true,)).start().check(expect![[r#"
        turn 1
            fault: workflow `Reentrant` panicked in its main function: a `State` is written while one of its own closures, `with` or `update`, is still running
    "#]]);
    Scenario::of::<Reentrant>(|| (false,)).start().check(expect![[r#"
        turn 1
            fault: workflow `Reentrant` panicked in its main function: a `State` is read while it is being changed: its own `update` is still running
    "#]]);
}

workflow! {
    Entangled
    run |_, ctx, ()| () => String {
        // A future that owns, in its waker, the other future: what drops the one drops the other.
        let slow = ctx.activity(activity::<()>("slow", ())).start_to_close(seconds(9)).start();
        let waker = Waker::from(Arc::new(Owner(Mutex::new(Some(send(slow))))));
        let mut sleep = Box::pin(ctx.sleep(seconds(1)).into_future());
        assert!(sleep.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
        drop(waker);
        // This waker takes the place of the other one, which is thereby dropped, with the activity.
        sleep.await?;
        Ok("no knot".to_owned())
    }
}

/// Owns something as long as somebody may wake it.
struct Owner(#[expect(dead_code, reason = "it is dropped")] Mutex<Option<Boxed>>);

/// The test has one thread, but a waker must be ready for many: the value is kept on this one.
struct Boxed(u64);

thread_local! {
    static BOXES: RefCell<std::collections::BTreeMap<u64, Box<dyn std::any::Any>>> = const { RefCell::new(std::collections::BTreeMap::new()) };
}

fn send<T: 'static>(value: T) -> Boxed {
    BOXES.with_borrow_mut(|boxes| {
        let key = boxes.len() as u64;
        boxes.insert(key, Box::new(value));
        Boxed(key)
    })
}

impl Drop for Boxed {
    fn drop(&mut self) {
        let value = BOXES.with_borrow_mut(|boxes| boxes.remove(&self.0));
        drop(value);
    }
}

impl Wake for Owner {
    fn wake(self: Arc<Self>) {}
}

#[test]
fn a_future_may_be_dropped_by_the_change_of_a_waker() {
    Scenario::of::<Entangled>(|| ()).start().turn(|server| server.fire("1")).check(expect![[r#"
        turn 1
            start_timer 1 1s
        turn 2
            complete "no knot"
    "#]]);
}
