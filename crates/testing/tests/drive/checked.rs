//! What is found in workflows that are wrong.

use std::sync::atomic::{AtomicU64, Ordering};

use perpetua::prelude::*;
use perpetua::testing::{Check, drive};

use crate::{Approval, charge};

#[workflow]
async fn counts_elsewhere(ctx: Ctx) -> WorkflowResult<()> {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    ctx.activity(charge("ann".into(), COUNT.fetch_add(1, Ordering::Relaxed))).start_to_close(seconds(1)).await?;
    Ok(())
}

#[test]
fn another_value_is_found_in_the_first_turn() {
    let fault = drive(counts_elsewhere()).try_start().expect_err("the arguments differ");
    let report = fault.to_string();
    assert!(report.contains("activity `charge`: its arguments was") && report.contains("event 5"), "{report}");
    drive(counts_elsewhere()).without(Check::Replay).start();
}

#[workflow]
async fn changes_its_mind(ctx: Ctx) -> WorkflowResult<()> {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    if COUNT.fetch_add(1, Ordering::Relaxed).is_multiple_of(2) {
        ctx.sleep(days(1)).await?;
    }
    ctx.activity(charge("ann".into(), 1)).start_to_close(seconds(1)).await?;
    Ok(())
}

#[test]
fn another_operation_is_found() {
    let report = drive(changes_its_mind()).try_start().expect_err("it does something else").to_string();
    assert!(report.contains("executed anew from its history"), "{report}");
}

#[derive(Default)]
struct Leaks {
    seen: State<u64>,
}

#[workflow]
impl Leaks {
    #[run]
    async fn run(&self, ctx: Ctx) -> WorkflowResult<()> {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        self.seen.set(COUNT.fetch_add(1, Ordering::Relaxed));
        Ok(ctx.sleep(days(1)).await?)
    }

    #[query]
    fn seen(&self) -> u64 {
        self.seen.get()
    }
}

#[test]
fn state_from_elsewhere_is_found_by_a_query() {
    let mut run = drive(Leaks::run()).start();
    let report = run.attempt(|run| run.query(Leaks::seen())).expect_err("the answers differ").to_string();
    assert!(report.contains("query `seen` is answered with"), "{report}");
}

#[workflow]
async fn panics(ctx: Ctx, late: bool) -> WorkflowResult<()> {
    if late {
        ctx.sleep(days(1)).await?;
    }
    panic!("no idea what to do")
}

#[test]
fn a_panic_is_told_to_the_test_and_ends_the_run() {
    let fault = drive(panics(false)).try_start().expect_err("it panics");
    assert!(fault.to_string().contains("no idea what to do"), "{fault}");
    let mut run = drive(panics(true)).start();
    let fault = run.attempt(|run| run.advance(days(1))).expect_err("it panics");
    assert!(
        fault.to_string().contains("workflow `panics` (id driven)") && fault.to_string().contains("no idea"),
        "{fault}"
    );
    let again = run.attempt(|run| run.cancel()).expect_err("nothing goes on");
    assert_eq!(again.to_string(), fault.to_string());
}

#[derive(Default)]
struct Hasty {}

#[workflow]
impl Hasty {
    #[run]
    async fn run(&self, ctx: Ctx) -> WorkflowResult<()> {
        Ok(ctx.sleep(hours(1)).await?)
    }

    #[update]
    async fn slow(&self, ctx: Ctx) -> Result<(), AnyError> {
        ctx.sleep(days(1)).await?;
        Ok(())
    }
}

#[test]
fn a_handler_that_is_cut_off_is_found() {
    let mut run = drive(Hasty::run()).start();
    run.start_update(Hasty::slow());
    let report = run.attempt(|run| run.advance(hours(1))).expect_err("a handler runs").to_string();
    assert!(report.contains("the workflow ended while handlers were still running"), "{report}");
    let mut run = drive(Hasty::run()).without(Check::UnfinishedHandlers).start();
    run.start_update(Hasty::slow());
    run.advance(hours(1));
    assert!(run.result().is_ok());
}

#[workflow]
async fn leaves_work_behind(ctx: Ctx) -> WorkflowResult<()> {
    let charging = ctx.activity(charge("ann".into(), 1)).start_to_close(seconds(1)).into_future();
    let _handle = ctx.spawn(charging);
    ctx.sleep(seconds(1)).await?;
    Ok(())
}

#[test]
fn work_that_is_left_running_is_found() {
    let mut run = drive(leaves_work_behind()).start();
    let report = run.attempt(|run| run.advance(seconds(1))).expect_err("an activity runs").to_string();
    assert!(report.contains("activity `charge` (event 6)"), "{report}");
}

#[tokio::test]
async fn no_runtime_may_be_in_reach() {
    let fault = drive(Approval::run("ann".into(), 1)).try_start().expect_err("there is a runtime");
    assert!(fault.to_string().contains("a tokio runtime is in reach"), "{fault}");
}

#[test]
fn a_result_that_is_not_there_says_what_is_waited_for() {
    let mut run = drive(Approval::run("ann".into(), 1)).start();
    let report = run.attempt(|run| run.result()).expect_err("it waits").to_string();
    assert!(report.contains("it has no result yet; it waits for:"), "{report}");
    assert!(report.contains("tests/drive/main.rs:"), "{report}");
}
