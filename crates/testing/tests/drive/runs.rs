//! How runs begin, continue and note things.

use perpetua::prelude::*;
use perpetua::testing::drive;
use perpetua::testing::drive::{Drive, RunOutcome};
use perpetua::{Keyword, MemoUpdate, Replayer, SearchAttributeKey};

use crate::{charge, replays};

const STATUS: SearchAttributeKey<Keyword> = SearchAttributeKey::keyword("Status");

#[workflow]
async fn counting(ctx: Ctx, from: u32) -> WorkflowResult<u32> {
    ctx.sleep(hours(1)).await?;
    if from < 2 {
        return ctx.continue_as_new(counting(from + 1));
    }
    Ok(from)
}

#[test]
fn a_workflow_that_continues_as_new_is_driven_on() {
    let mut run = drive(counting(0)).id("count").start();
    let mut history = Vec::new();
    for next in 1..=2 {
        run.fire_next_timer();
        match run.outcome() {
            RunOutcome::ContinuedAsNew(continued) => assert_eq!(continued.arguments(), (next,)),
            other => panic!("{other:?}"),
        }
        history.push(run.history());
        let now = run.now();
        run = run.next_run().start();
        assert_eq!(run.now(), now);
    }
    run.advance(hours(1));
    assert_eq!(run.result().expect("it completes"), 2);
    history.push(run.history());
    for history in &history {
        replays(Replayer::new().workflow(counting), history);
    }
    let fault = run.attempt(|run| run.next_run()).expect_err("it has completed");
    assert!(fault.to_string().contains("did not continue as new"), "{fault}");
}

#[workflow]
async fn noting(ctx: Ctx) -> WorkflowResult<(String, String, Option<String>, Option<u8>, bool)> {
    let first = ctx.side_effect(|| "made once".to_owned());
    let patched = ctx.patched("newer");
    ctx.upsert_memo([MemoUpdate::set("step", 1)]);
    ctx.upsert_search_attributes([STATUS.set("waiting")]);
    let before = ctx.memo().get::<String>("customer")?;
    ctx.sleep(seconds(1)).await?;
    let last = ctx.last_result::<u8>()?;
    Ok((first, ctx.uuid().to_string(), before, last, patched))
}

#[test]
fn what_a_run_begins_with_and_notes_is_in_its_history() {
    let start = |seed| {
        let run = drive(noting()).id("noting-1").seed(seed).memo([MemoUpdate::set("customer", "ann")]);
        let run = run.search_attributes([STATUS.set("new")]).last_result(7_u8).task_queue("notes");
        let mut run = run.start();
        run.fire_next_timer();
        run
    };
    let (run, same, other) = (start(1), start(1), start(2));
    let result = |run: &Drive<_>| run.result().expect("it completes");
    assert_eq!(result(&run), result(&same));
    assert_ne!(result(&run).1, result(&other).1);
    let (first, _, customer, last, patched) = result(&run);
    assert_eq!((first.as_str(), customer.as_deref(), last, patched), ("made once", Some("ann"), Some(7), true));
    let names: Vec<_> = run.history().events.iter().map(|event| event.kind.name().to_owned()).collect();
    for name in ["MarkerRecorded", "WorkflowPropertiesModified", "UpsertWorkflowSearchAttributes"] {
        assert!(names.iter().any(|seen| seen == name), "{names:?}");
    }
    replays(Replayer::new().workflow(noting), &run.history());
}

#[workflow]
async fn giving_up(ctx: Ctx) -> WorkflowResult<()> {
    ctx.activity(charge("ann".into(), 1)).start_to_close(minutes(1)).await?;
    Ok(())
}

#[test]
fn a_failure_that_is_passed_on_fails_the_run() {
    let mut run = drive(giving_up()).start();
    run.fail(run.activity(charge), crate::BankError::InsufficientFunds { available: 0 });
    let failure = run.result().expect_err("it fails");
    assert!(failure.remote().expect("it failed").is_non_retryable(), "{failure}");
    assert_eq!(run.commands().len(), 1);
}
