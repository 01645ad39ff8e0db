//! Futures of other runtimes, threads and channels: what wakes a workflow and is not part of it is named, with the part of
//! the workflow that waits for it and since when.

use std::future::poll_fn;
use std::sync::{Arc, Mutex};
use std::task::{Poll, Waker};
use std::thread;
use std::time::Duration;

use perpetua_workflow::implementation::LocalFuture;
use perpetua_workflow::unguarded;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::{mpsc, oneshot};

use crate::support::*;

thread_local! {
    /// What the workflow waits for, as the test made it.
    static AWAITED: RefCell<Option<LocalFuture<()>>> = const { RefCell::new(None) };
}

/// Waits for what the test made. A replay has nothing to wait for.
async fn awaited() {
    if let Some(awaited) = AWAITED.take() {
        awaited.await;
    }
}

workflow! {
    Waits
    run |_, ctx, (how,)| (String,) => () {
        match how.as_str() {
            "main" => awaited().await,
            "spawned" => ctx.spawn(awaited()).await,
            "select" => {
                ctx.sleep(seconds(1)).await?;
                select! { slept = ctx.sleep(seconds(9)) => slept?, _ = awaited() => {} }
            }
            "timer" => {
                // What the guard would find by itself is done where it does not look.
                let timer = unguarded(|| tokio::time::sleep(Duration::from_secs(5)));
                AWAITED.set(Some(Box::pin(timer)));
                awaited().await;
            }
            _ => {}
        }
        ctx.sleep(seconds(1)).await?;
        Ok(())
    }
    handlers |handlers| {
        handlers.signal("nothing", |_, _, (): ()| Handling::Done(()));
        handlers.signal("wait", |_, _, (): ()| Handling::running(awaited()));
        handlers.update("wait", |_, _, (): ()| later(async {
            awaited().await;
            fine(())
        }));
    }
}

thread_local! {
    static HOW: Cell<&'static str> = const { Cell::new("") };
}

fn waits(how: &'static str) -> Scenario {
    HOW.set(how);
    Scenario::of::<Waits>(|| (HOW.get().to_owned(),))
}

/// Plays until the workflow waits, wakes it, and asserts that the next task says so.
#[track_caller]
fn assert_named(how: &'static str, before: fn(&mut Server) -> &mut Server, wake: impl FnOnce(), words: &str) {
    let scenario = waits(how);
    let (mut server, mut worker) = (scenario.server(), Worker::new(&scenario));
    worker.answer(before(&mut server));
    wake();
    server.signal("nothing", ());
    let fault = worker.try_answer(&mut server).expect_err("something foreign woke it").to_string();
    assert!(fault.starts_with(&format!("workflow `Waits` was woken in {words}")), "{fault}");
    assert!(fault.contains("it awaits a future of another runtime, thread or channel"), "{fault}");
}

/// A channel of tokio; the workflow waits for one end, this is the other.
fn channel() -> mpsc::UnboundedSender<()> {
    let (sender, mut receiver) = mpsc::unbounded_channel();
    AWAITED.set(Some(Box::pin(async move { assert_eq!(receiver.recv().await, Some(())) })));
    sender
}

/// Sends from a thread of this name, and waits until it has.
fn send_from(name: &str, sender: mpsc::UnboundedSender<()>) {
    let thread = thread::Builder::new().name(name.to_owned()).spawn(move || sender.send(()));
    thread.expect("it can be started").join().expect("it does not panic").expect("somebody listens");
}

fn runtime() -> Runtime {
    Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .thread_name("blocking")
        .build()
        .expect("it can be built")
}

#[test]
fn a_channel_in_each_part_of_a_workflow() {
    let sender = channel();
    let words =
        "its main function by something that is not part of it (on the thread `billing`): since turn 1 it awaits";
    assert_named("main", |server| server, || send_from("billing", sender), words);
    let sender = channel();
    assert_named("spawned", |server| server, || send_from("billing", sender), "a spawned task by something");
    let sender = channel();
    let words = "the handler of signal `wait` by something";
    assert_named("", |server| server.signal("wait", ()), || send_from("billing", sender), words);
    let sender = channel();
    let words = "the handler of update `wait` by something";
    assert_named("", |server| server.update("u", "wait", ()), || send_from("billing", sender), words);
}

#[test]
fn it_is_said_since_when_it_waits() {
    let sender = channel();
    let scenario = waits("select");
    let (mut server, mut worker) = (scenario.server(), Worker::new(&scenario));
    worker.answer(&mut server);
    server.fire("1");
    worker.answer(&mut server);
    send_from("billing", sender);
    server.signal("nothing", ());
    let fault = worker.try_answer(&mut server).expect_err("something foreign woke it").to_string();
    assert!(fault.contains("(on the thread `billing`): since turn 2 it awaits"), "{fault}");
}

#[test]
fn a_timer_of_tokio_that_the_guard_does_not_see() {
    let runtime = runtime();
    let _context = runtime.enter();
    let pass = || runtime.block_on(tokio::time::sleep(Duration::from_secs(10)));
    assert_named("timer", |server| server, pass, "its main function by something that is not part of it");
}

#[test]
fn a_thread_of_the_blocking_pool() {
    let runtime = runtime();
    let (go, gone) = oneshot::channel::<()>();
    let blocking = runtime.spawn_blocking(move || drop(gone.blocking_recv()));
    AWAITED.set(Some(Box::pin(async move { blocking.await.expect("it does not panic") })));
    let finish = move || {
        drop(go);
        // Waits until what was begun is done.
        drop(runtime);
    };
    assert_named(
        "main",
        |server| server,
        finish,
        "its main function by something that is not part of it (on the thread",
    );
}

/// A waker of the workflow, for whoever wakes it.
type Left = Arc<Mutex<Option<Waker>>>;

/// Makes the workflow leave its waker, and wait for ever.
fn leave_waker() -> Left {
    let left = Left::default();
    let kept = Arc::clone(&left);
    AWAITED.set(Some(Box::pin(poll_fn(move |context| {
        *kept.lock().expect("nobody panics with it") = Some(context.waker().clone());
        Poll::Pending
    }))));
    left
}

fn taken(left: &Left) -> Waker {
    left.lock().expect("nobody panics with it").take().expect("the workflow left it there")
}

#[test]
fn a_thread_with_a_waker() {
    let left = leave_waker();
    let wake = move || {
        let waker = taken(&left);
        thread::spawn(move || waker.wake()).join().expect("it does not panic");
    };
    assert_named("main", |server| server, wake, "its main function by something that is not part of it: since turn 1");
}

#[test]
fn a_run_that_is_not_in_memory_any_more_is_named_in_the_log() {
    let left = leave_waker();
    let scenario = waits("main");
    let (mut server, mut worker) = (scenario.server(), Worker::new(&scenario));
    worker.answer(&mut server);
    assert_eq!(logged(|| worker.evict()).0, [""; 0]);
    let waker = taken(&left);
    let (said, ()) = logged(|| {
        waker.wake_by_ref();
        waker.wake();
    });
    let [line] = &said[..] else { panic!("it is said once: {said:?}") };
    assert!(line.starts_with("ERROR workflow `Waits` (id `workflow`, run "), "{line}");
    assert!(line.contains("), which is not in memory any more, was woken in its main function by something"), "{line}");
}
