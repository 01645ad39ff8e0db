//! What does not win is taken back: nothing is left behind, whatever it waited for, and however it lost.

use std::future::Future;
use std::pin::Pin;

use perpetua_workflow::sync::{Channel, Mutex, Notify, Semaphore, mpsc, oneshot};
use perpetua_workflow::try_join;

use crate::support::*;

/// Whatever a workflow can wait for.
const KINDS: [&str; 17] = [
    "timer",
    "activity",
    "started activity",
    "condition",
    "condition with a limit",
    "lock",
    "permit",
    "notice",
    "value",
    "room",
    "oneshot",
    "task",
    "cancellation",
    "cancelable",
    "scope",
    "shield",
    "many",
];

#[derive(Default)]
struct Things {
    mutex: Mutex<u32>,
    notify: Notify,
    channel: Channel<u32>,
}

thread_local! {
    static KIND: Cell<&'static str> = const { Cell::new("") };
    static HOW: Cell<&'static str> = const { Cell::new("") };
}

workflow! {
    Losing { things: Things, flag: State<bool> }
    run |this, ctx, (kind, how)| (String, String) => String {
        let this = &*this;
        let Things { mutex, notify, channel } = &this.things;
        let guard = mutex.lock().await;
        let semaphore = Semaphore::new(0);
        let (sender, receiver) = mpsc::bounded(1);
        sender.try_send(0_u32)?;
        let (held, oneshot) = oneshot::channel::<u32>();
        let scope = ctx.scope();
        let call = |name| ctx.activity(activity::<()>(name, ())).start_to_close(seconds(60));
        let nap = || async { drop(ctx.sleep(seconds(60)).await) };
        let loser: Pin<Box<dyn Future<Output = ()> + '_>> = match kind.as_str() {
            "timer" => Box::pin(nap()),
            "activity" => Box::pin(async { drop(call("slow").await) }),
            "started activity" => { let started = call("slow").start(); Box::pin(async { drop(started.await) }) }
            "condition" => Box::pin(async { drop(ctx.wait_until(|| this.flag.get()).await) }),
            "condition with a limit" => Box::pin(async { drop(ctx.wait_until(|| this.flag.get()).timeout(seconds(60)).await) }),
            "lock" => Box::pin(async { drop(mutex.lock().await) }),
            "permit" => Box::pin(async { drop(semaphore.acquire().await) }),
            "notice" => Box::pin(notify.notified()),
            "value" => Box::pin(async { let _ = channel.receive().await; }),
            "room" => Box::pin(async { let _ = sender.send(1).await; }),
            "oneshot" => Box::pin(async { let _ = oneshot.await; }),
            "task" => {
                // A task goes on without its handle, unless it is told.
                let ctx = ctx.clone();
                Box::pin(ctx.clone().spawn(async move { drop(ctx.sleep(seconds(30)).await) }))
            }
            "cancellation" => Box::pin(async { drop(ctx.canceled().await) }),
            "cancelable" => Box::pin(async { drop(ctx.cancelable(nap()).await) }),
            "scope" => Box::pin(scope.run(nap())),
            "shield" => Box::pin(ctx.shielded(nap())),
            "many" => Box::pin(async {
                drop(ctx.map_concurrent(0..10, 2, |_| nap()).await);
            }),
            other => panic!("{other}"),
        };
        match how.as_str() {
            "select" => select! {
                () = loser => panic!("it loses"),
                slept = ctx.sleep(seconds(1)) => slept?,
            },
            "timeout" => assert!(ctx.timeout(seconds(1), loser).await.is_err(), "it loses"),
            "try_join" => {
                let fails = async { ctx.sleep(seconds(1)).await?; Err::<(), _>(WorkflowError::from(AnyError::message("lost"))) };
                let joined = try_join!(async { loser.await; Ok(()) }, fails);
                assert!(joined.is_err(), "it loses");
            }
            "join_all" => {
                let fails = async { ctx.sleep(seconds(1)).await?; Err::<(), _>(WorkflowError::from(AnyError::message("lost"))) };
                let loser: Pin<Box<dyn Future<Output = WorkflowResult<()>> + '_>> = Box::pin(async { loser.await; Ok(()) });
                let joined = ctx.try_join_all([loser, Box::pin(fails)]).await;
                assert!(joined.is_err(), "it loses");
            }
            other => panic!("{other}"),
        }
        // Nobody waits any more: what was waited for is there for others.
        drop(guard);
        assert!(mutex.try_lock().is_some());
        semaphore.add_permits(1);
        assert!(semaphore.try_acquire().is_some());
        notify.notify_one();
        notify.notified().await;
        channel.send(7)?;
        assert_eq!(channel.try_receive(), Some(7));
        assert_eq!((receiver.try_receive(), receiver.try_receive()), (Some(0), None));
        assert_eq!(held.is_closed(), kind == "oneshot");
        Ok(kind)
    }
}

/// Plays every kind, and says what was asked for; the loser's own timer, if it has one, never fires.
#[track_caller]
fn lost(how: &'static str) -> String {
    HOW.set(how);
    let mut text = String::new();
    for kind in KINDS {
        KIND.set(kind);
        let run = Scenario::of::<Losing>(|| (KIND.get().to_owned(), HOW.get().to_owned())).start();
        let run = run.turn(|server| {
            let winner = server.timers().into_iter().find(|timer| server.after(timer) == seconds(1));
            server.fire(&winner.expect("there is a timer of a second"))
        });
        let played = run.play_in_a_few_ways();
        assert!(!played.faulted, "{kind}: {}", played.text);
        // But for the task, nothing is left that nobody wants.
        let timers = played.server.timers();
        assert_eq!(timers.len(), usize::from(kind == "task"), "{kind} leaves {timers:?}");
        let activities = played.server.activities();
        assert!(activities.iter().all(|(_, asked)| *asked), "{kind} leaves {activities:?}");
        text.extend(played.text.lines().map(|line| line.trim_start_matches("    ").to_owned() + "\n"));
    }
    text
}

#[test]
fn a_losing_branch_of_select_leaves_nothing_behind() {
    expect![[r#"
        turn 1
        start_timer 1 60s
        start_timer 2 1s
        turn 2
        cancel_timer 1
        complete "timer"
        turn 1
        start_activity 1 slow() start_to_close=60s
        start_timer 1 1s
        turn 2
        cancel_activity 1
        complete "activity"
        turn 1
        start_activity 1 slow() start_to_close=60s
        start_timer 1 1s
        turn 2
        cancel_activity 1
        complete "started activity"
        turn 1
        start_timer 1 1s
        turn 2
        complete "condition"
        turn 1
        start_timer 1 60s
        start_timer 2 1s
        turn 2
        cancel_timer 1
        complete "condition with a limit"
        turn 1
        start_timer 1 1s
        turn 2
        complete "lock"
        turn 1
        start_timer 1 1s
        turn 2
        complete "permit"
        turn 1
        start_timer 1 1s
        turn 2
        complete "notice"
        turn 1
        start_timer 1 1s
        turn 2
        complete "value"
        turn 1
        start_timer 1 1s
        turn 2
        complete "room"
        turn 1
        start_timer 1 1s
        turn 2
        complete "oneshot"
        turn 1
        start_timer 1 1s
        start_timer 2 30s
        turn 2
        complete "task"
        turn 1
        start_timer 1 1s
        turn 2
        complete "cancellation"
        turn 1
        start_timer 1 60s
        start_timer 2 1s
        turn 2
        cancel_timer 1
        complete "cancelable"
        turn 1
        start_timer 1 60s
        start_timer 2 1s
        turn 2
        cancel_timer 1
        complete "scope"
        turn 1
        start_timer 1 60s
        start_timer 2 1s
        turn 2
        cancel_timer 1
        complete "shield"
        turn 1
        start_timer 1 60s
        start_timer 2 60s
        start_timer 3 1s
        turn 2
        cancel_timer 1
        cancel_timer 2
        complete "many"
    "#]]
    .assert_eq(&lost("select"));
}

#[test]
fn what_takes_longer_than_its_limit_leaves_nothing_behind() {
    assert_eq!(lost("timeout").matches("complete").count(), KINDS.len());
}

#[test]
fn what_is_left_when_another_fails_leaves_nothing_behind() {
    assert_eq!(lost("try_join").matches("complete").count(), KINDS.len());
    assert_eq!(lost("join_all").matches("complete").count(), KINDS.len());
}
