//! How runs end.

use perpetua_contract::{Workflow, WorkflowCall};
use perpetua_convert::{Double, MemoUpdate, PayloadConverter, SearchAttributeKey};
use perpetua_vocab::{ContinueAsNewVersioning, RetryPolicy, WorkflowStarted};
use perpetua_workflow::NextRun;

use crate::support::*;

workflow! {
    Busy
    run |_, ctx, ()| () => String {
        // These run on in the turn in which the main function ends.
        for number in 1..=2 {
            let ctx = ctx.clone();
            drop(ctx.clone().spawn(async move {
                yield_once().await;
                ctx.activity(activity::<()>("clean", (number,))).start_to_close(seconds(1)).await
            }));
        }
        drop(ctx.activity(activity::<()>("never", ())).start_to_close(seconds(1)).start());
        yield_once().await;
        Ok("done".to_owned())
    }
}

#[test]
fn what_is_asked_for_in_the_turn_of_the_end_comes_before_the_end() {
    Scenario::of::<Busy>(|| ()).start().check(expect![[r#"
        turn 1
            start_activity 2 clean(1) start_to_close=1s
            start_activity 3 clean(2) start_to_close=1s
            complete "done"
    "#]]);
}

workflow! {
    Twice
    run |_, ctx, ()| () => String {
        let ctx_ = ctx.clone();
        ctx.sleep(seconds(1)).await?;
        drop(ctx_);
        Ok("by the main function".to_owned())
    }
    handlers |handlers| {
        handlers.signal("fail", |_, _, (): ()| Handling::Done(Err::<(), _>(WorkflowError::from(AnyError::message("by a signal")))));
    }
}

#[test]
fn the_first_end_is_the_end() {
    let run = Scenario::of::<Twice>(|| ()).start().turn(|server| server.fire("1").signal("fail", ()));
    run.check(expect![[r#"
        turn 1
            start_timer 1 1s
        turn 2
            fail by a signal
    "#]]);
}

workflow! {
    Renewing
    run |_, ctx, (count, last)| (u32, bool) => u32 {
        if last {
            return Ok(count);
        }
        ctx.sleep(seconds(1)).await?;
        ctx.continue_as_new(WorkflowCall::<Renewing>::new((count + 1, true)))
    }
}

#[test]
fn a_workflow_continues_as_new_with_new_arguments() {
    Scenario::of::<Renewing>(|| (1, false)).start().turn(|server| server.fire("1")).check(expect![[r#"
        turn 1
            start_timer 1 1s
        turn 2
            continue_as_new Renewing(2, true)
    "#]]);
    Scenario::of::<Renewing>(|| (2, true)).start().check(expect![[r#"
        turn 1
            complete 2
    "#]]);
}

workflow! {
    Particular
    run |_, ctx, (how,)| (String,) => () {
        let next = NextRun::new(Workflow::named("Other").args((1, 2)));
        let next = match how.as_str() {
            "all" => next
                .task_queue("slow")
                .run_timeout(seconds(60))
                .task_timeout(seconds(5))
                .retry(RetryPolicy::exponential().max_attempts(3))
                .start_delay(seconds(2))
                .versioning(ContinueAsNewVersioning::AutoUpgrade),
            "noted" => {
                ctx.upsert_memo([MemoUpdate::set("upserted", 1)]);
                next.memo("note", ()).memo("more", 2).search_attribute(RATE, 0.5)
            }
            "unsayable" => next.search_attribute(RATE, f64::NAN),
            "no time" => next.run_timeout(seconds(0)),
            _ => next,
        };
        ctx.continue_as_new(next)
    }
}

const RATE: SearchAttributeKey<Double> = SearchAttributeKey::double("Rate");

fn describe(started: &mut WorkflowStarted) {
    let value = PayloadConverter::default().encode(&"value").expect("a text can be encoded");
    let fields = |names: [&str; 2]| names.map(|name| (name.to_owned(), value.clone())).into();
    started.retry_policy = Some(RetryPolicy::exponential().max_attempts(7));
    started.memo = Some(fields(["origin", "note"]));
    started.search_attributes = Some(fields(["CustomerId", "TemporalChangeVersion"]));
}

#[test]
fn the_next_run_is_what_is_said_of_it() {
    Scenario::of::<Particular>(|| ("plain".to_owned(),)).start().check(expect![[r#"
        turn 1
            continue_as_new Other(1, 2)
    "#]]);
    Scenario::of::<Particular>(|| ("all".to_owned(),)).start().check(expect![[r#"
        turn 1
            continue_as_new Other(1, 2) task_queue=slow run_timeout=60s task_timeout=5s start_delay=2s max_attempts=3 AutoUpgrade
    "#]]);
    let described = || Server::start_as("Particular", &("plain".to_owned(),), describe);
    let kept = Scenario::of::<Particular>(|| (String::new(),)).given(described).start();
    kept.check(expect![[r#"
        turn 1
            continue_as_new Other(1, 2) max_attempts=7 memo=["note", "origin"] search_attributes=["CustomerId"]
    "#]]);
    let noted = move || Server::start_as("Particular", &("noted".to_owned(),), describe);
    Scenario::of::<Particular>(|| (String::new(),)).given(noted).start().check(expect![[r#"
        turn 1
            upsert_memo upserted=1
            continue_as_new Other(1, 2) max_attempts=7 memo=["more", "origin", "upserted"] search_attributes=["CustomerId", "Rate"]
    "#]]);
    Scenario::of::<Particular>(|| ("unsayable".to_owned(),)).start().check(expect![[r#"
        turn 1
            fault: workflow `Other` cannot be continued as new: `f64` cannot be encoded: search attribute `Rate`: there is no such Double in JSON (at ending.rs)
    "#]]);
    Scenario::of::<Particular>(|| ("no time".to_owned(),)).start().check(expect![[r#"
        turn 1
            fault: workflow `Other` cannot be continued as new: it has a `.run_timeout(..)` of zero, which could never be met (at ending.rs)
    "#]]);
}

#[derive(serde::Deserialize)]
struct Unspeakable;

impl serde::Serialize for Unspeakable {
    fn serialize<S: serde::Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
        Err(serde::ser::Error::custom("words fail me"))
    }
}

workflow! {
    Mute
    run |_, ctx, (renew,)| (bool,) => Unspeakable {
        if renew {
            let call = Workflow::named("Mute").args((Unspeakable,));
            return ctx.continue_as_new(call);
        }
        Ok(Unspeakable)
    }
}

#[test]
fn a_result_or_an_argument_that_cannot_be_written_is_a_fault() {
    Scenario::of::<Mute>(|| (false,)).start().check(expect![[r#"
        turn 1
            fault: the result of workflow `Mute` cannot be sent: `workflow::ending::Unspeakable` cannot be encoded: words fail me
    "#]]);
    Scenario::of::<Mute>(|| (true,)).start().check(expect![[r#"
        turn 1
            fault: workflow `Mute` cannot be continued as new: argument 1 of 1: `workflow::ending::Unspeakable` cannot be encoded: words fail me (at ending.rs)
    "#]]);
}

workflow! {
    Failing
    run |_, ctx, (how,)| (String,) => () {
        match how.as_str() {
            "message" => Err(AnyError::message("no").failure_type("No").into()),
            "error" => { "x".parse::<u32>()?; Ok(()) }
            "elapsed" => Ok(ctx.wait_until(|| false).timeout(seconds(0)).await?),
            other => panic!("{other}"),
        }
    }
}

#[test]
fn an_error_fails_the_workflow() {
    Scenario::of::<Failing>(|| ("message".to_owned(),)).start().check(expect![[r#"
        turn 1
            fail no [No]
    "#]]);
    Scenario::of::<Failing>(|| ("error".to_owned(),)).start().check(expect![[r#"
        turn 1
            fail invalid digit found in string
    "#]]);
    Scenario::of::<Failing>(|| ("elapsed".to_owned(),)).start().check(expect![[r#"
        turn 1
            fail the wait took longer than 0ns [Elapsed]
    "#]]);
}

workflow! {
    Hasty
    run |_, ctx, ()| () => () {
        ctx.sleep(seconds(1)).await?;
        Ok(())
    }
    handlers |handlers| {
        handlers.signal("slow", |_, ctx, (): ()| Handling::running(async move {
            let _ = ctx.sleep(seconds(60)).await;
        }));
        handlers.signal("quick", |_, _, (): ()| Handling::running(async move { yield_once().await }));
        handlers.update("slow", |_, ctx, (): ()| later(async move {
            ctx.sleep(seconds(60)).await?;
            fine(())
        }));
    }
}

#[test]
fn handlers_that_are_not_done_at_the_end_are_named_in_the_log_once() {
    let run = Scenario::of::<Hasty>(|| ()).start();
    let run = run.turn(|server| server.signal("slow", ()).update("u", "slow", ()).signal("quick", ()));
    let run = run.turn(|server| server.fire("1").signal("quick", ()));
    let (lines, played) = logged(|| run.play_once());
    expect![[r#"
        [
            "WARN [TMPRL1102] the workflow ends while handlers are still running: the handler of signal `slow`, the handler of update `slow` (id `u`); what they were doing is cut off, and whoever waits for such an update gets an error; let the main function wait until they are done, with `ctx.wait_until(|| ctx.all_handlers_finished())`, or mark handlers for which that is fine with `unfinished_policy = Abandon`",
        ]
    "#]].assert_debug_eq(&lines);
    let (lines, ()) = logged(|| run.replay(&played));
    assert_eq!(lines, [""; 0]);
    run.check(expect![[r#"
        turn 1
            start_timer 1 1s
        turn 2
            accept u
            start_timer 2 60s
            start_timer 3 60s
        turn 3
            complete null
    "#]]);
}

#[test]
fn handlers_that_are_done_at_the_end_are_not_spoken_of() {
    let run = Scenario::of::<Hasty>(|| ()).start().turn(|server| server.signal("quick", ()));
    let run = run.turn(|server| server.fire("1").signal("quick", ()));
    assert_eq!(logged(|| run.play_once()).0, [""; 0]);
}

workflow! {
    Wrong
    run |_, ctx, ()| () => () {
        let call = ctx.activity(activity::<()>("boundless", ())).start();
        let _ = ctx.continue_as_new::<Wrong, (), AnyError>(WorkflowCall::<Wrong>::new(()));
        drop(call);
        panic!("and a panic on top")
    }
}

#[test]
fn of_several_faults_the_first_one_is_reported() {
    Scenario::of::<Wrong>(|| ()).start().check(expect![[r#"
        turn 1
            fault: activity `boundless` has neither `.start_to_close(..)` nor `.schedule_to_close(..)`: say how long it may take (at ending.rs)
    "#]]);
}
