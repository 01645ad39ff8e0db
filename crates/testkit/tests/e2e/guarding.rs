//! What workflow code must not do, found while it does it: calls that no replay could repeat, and threads that are not
//! given back.

use std::env;
use std::fs;
use std::net::UdpSocket;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Instant, SystemTime};

use perpetua::prelude::*;
use perpetua::{WorkflowDefinition, WorkflowHandle, WorkflowStatus, unguarded};
use perpetua_testkit::{Outcome, Stage, both_ways};

use crate::facts::{asked_for, task_failure};

crate::recorded::replayed_with!(Careless);

#[derive(Default)]
struct Careless {
    noted: State<bool>,
}

#[workflow]
impl Careless {
    /// Does this one thing, unless it is to be done by a handler.
    #[run]
    async fn run(&self, ctx: Ctx, what: String) -> WorkflowResult<bool> {
        careless(&what);
        if what.is_empty() {
            ctx.wait_until(|| self.noted.get()).await?;
        }
        Ok(true)
    }

    #[signal]
    async fn note_later(&self, ctx: Ctx, what: String) {
        if ctx.sleep(milliseconds(1)).await.is_ok() {
            careless(&what);
        }
        self.noted.set(true);
    }
}

/// Does something, far from the workflow's own lines.
fn careless(what: &str) {
    match what {
        "clock" => _ = SystemTime::now(),
        "ticks" => _ = Instant::now(),
        "random" => _ = uuid::Uuid::new_v4(),
        "sleep" => thread::sleep(milliseconds(1)),
        "thread" => drop(thread::spawn(|| ())),
        "environment" => _ = env::var("HOME"),
        "file" => _ = fs::read("/etc/hostname"),
        "network" => _ = UdpSocket::bind("127.0.0.1:0"),
        "process" => _ = Command::new("true").status(),
        "vouched for" => unguarded(|| careless("clock")),
        "log" => println!("a line of text"),
        _ => {}
    }
}

/// What the guard says, and what it says to do instead.
const FOUND: [(&str, &str, &str); 9] = [
    ("clock", "read the clock (`SystemTime::now`)", "use `ctx.now()`"),
    ("ticks", "read the clock (`Instant::now`)", "use `ctx.now()`"),
    ("random", "drew randomness of the process (`uuid::", "use `ctx.random()` or `ctx.uuid()`"),
    ("sleep", "blocked its thread to sleep (`thread::sleep`)", "use `ctx.sleep(..)`"),
    ("thread", "started a thread (`thread::spawn`)", "use `ctx.spawn(..)`"),
    ("environment", "read the environment (`env::var`, of `HOME`)", "pass the value in as an argument"),
    ("file", "used the file system (`/etc/hostname`)", "do it in an activity"),
    ("network", "used the network", "do it in an activity"),
    ("process", "started another process (`true`)", "do it in an activity"),
];

type Handle = <Careless as WorkflowDefinition>::Handle<WorkflowHandle<Careless>>;

async fn start(stage: &Stage, what: &str) -> Outcome<Handle> {
    let start = stage.client().start(Careless::run(what.into())).task_queue(stage.task_queue());
    Ok(start.id(stage.id(what)).await?)
}

#[tokio::test]
async fn what_no_replay_could_repeat_fails_the_task_with_the_line_and_what_to_do() -> Outcome {
    if !perpetua::guard::is_active() {
        return Ok(());
    }
    both_ways(async |stage| {
        let worker = stage.worker().workflow(Careless::run).spawn()?;
        for (what, did, instead) in FOUND {
            let handle = start(stage, what).await?;
            let (_, message) = task_failure(&handle).await?;
            assert!(message.starts_with(&format!("workflow `Careless` {did}")), "{message}");
            assert!(message.contains(" in its main function at tests/e2e/guarding.rs:"), "{message}");
            assert!(message.contains(instead), "{message}");
            assert_eq!(handle.describe().await?.status, WorkflowStatus::Running);
            handle.terminate().await?;
        }
        worker.shutdown().await?;
        Ok(())
    })
    .await
}

#[tokio::test]
async fn what_a_handler_does_is_found_in_the_turn_in_which_it_does_it() -> Outcome {
    if !perpetua::guard::is_active() {
        return Ok(());
    }
    both_ways(async |stage| {
        let worker = stage.worker().workflow(Careless::run).spawn()?;
        let id = stage.id("notes");
        let handle = stage.client().start(Careless::run(String::new())).task_queue(stage.task_queue()).id(&id).await?;
        handle.note_later("clock".into()).await?;
        let (_, message) = task_failure(&handle).await?;
        let words = "workflow `Careless` read the clock (`SystemTime::now`) in the handler of signal `note_later` at ";
        assert!(message.starts_with(words), "{message}");
        let asked = asked_for(stage, &id).await?;
        assert_eq!(asked, ["TimerStarted"], "the turn before was fine");
        handle.terminate().await?;
        worker.shutdown().await?;
        Ok(())
    })
    .await
}

#[tokio::test]
async fn what_the_author_vouches_for_and_what_is_printed_is_not_reported() -> Outcome {
    both_ways(async |stage| {
        let worker = stage.worker().workflow(Careless::run).spawn()?;
        for what in ["vouched for", "log"] {
            assert!(start(stage, what).await?.result().await?);
        }
        worker.shutdown().await?;
        Ok(())
    })
    .await
}

/// Set by the test when the workflow may end.
static DONE: AtomicBool = AtomicBool::new(false);

#[workflow]
async fn computes_endlessly(_ctx: Ctx) -> WorkflowResult<String> {
    while !DONE.load(Ordering::Acquire) {
        std::hint::spin_loop();
    }
    Ok("at last".into())
}

#[tokio::test]
async fn a_workflow_that_does_not_stop_computing_is_told_so() -> Outcome {
    both_ways(async |stage| {
        DONE.store(false, Ordering::Release);
        let worker =
            stage.worker().lanes(1).deadlock_timeout(milliseconds(300)).workflow(computes_endlessly).spawn()?;
        let start = stage.client().start(computes_endlessly()).task_queue(stage.task_queue());
        let handle = start.id(stage.id("computes")).await?;
        let (_, message) = task_failure(&handle).await?;
        for part in ["did not yield for 300ms in its main function ([TMPRL1101]", "put them in an activity"] {
            assert!(message.contains(part), "`{part}` is not in: {message}");
        }
        if cfg!(target_os = "linux") {
            assert!(message.contains("it computes, for "), "{message}");
        }
        DONE.store(true, Ordering::Release);
        assert_eq!(handle.result().await?, "at last");
        worker.shutdown().await?;
        Ok(())
    })
    .await
}
