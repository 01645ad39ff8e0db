//! What fails the workflow, what fails the task, and what fails something smaller; the cases that no other test of a single
//! thing has. `docs/failures.md` has the whole table.

use perpetua_contract::{NamedWorkflow, Workflow, WorkflowCall};
use perpetua_convert::Canceled;
use perpetua_core::Fault;

use crate::support::*;

/// A value that no converter can write.
#[derive(serde::Deserialize)]
struct Unspeakable;

impl serde::Serialize for Unspeakable {
    fn serialize<S: serde::Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
        Err(serde::ser::Error::custom("words fail me"))
    }
}

workflow! {
    Renewals
    run |_, ctx, (how,)| (String,) => () {
        let renew = |ctx: &Ctx| ctx.continue_as_new::<Renewals, (), AnyError>(WorkflowCall::new(("again".to_owned(),)));
        match how.as_str() {
            "returned by a task" => { let inner = ctx.clone(); ctx.spawn(async move { renew(&inner) }).await }
            "kept by a task" => {
                let inner = ctx.clone();
                drop(ctx.spawn(async move { renew(&inner) }));
                Ok(ctx.sleep(seconds(1)).await?)
            }
            "not returned" => { drop(renew(&ctx)); Ok(()) }
            "within a scope" => ctx.scope().run(async { renew(&ctx) }).await,
            "after a request to stop" => { ctx.canceled().await; renew(&ctx) }
            "from init" => Ok(()),
            other => panic!("{other}"),
        }
    }
    init |ctx, input| {
        if input.0 == "from init" {
            drop(ctx.continue_as_new::<Renewals, (), AnyError>(WorkflowCall::new(("again".to_owned(),))));
        }
        Self::default()
    }
}

#[test]
fn only_what_the_main_function_returns_continues_as_new() {
    Scenario::of::<Renewals>(|| ("returned by a task".to_owned(),)).start().check(expect![[r#"
        turn 1
            continue_as_new Renewals("again")
    "#]]);
    let kept = Scenario::of::<Renewals>(|| ("kept by a task".to_owned(),)).start();
    kept.turn(|server| server.fire("1")).check(expect![[r#"
        turn 1
            start_timer 1 1s
        turn 2
            complete null
    "#]]);
    Scenario::of::<Renewals>(|| ("not returned".to_owned(),)).start().check(expect![[r#"
        turn 1
            complete null
    "#]]);
    Scenario::of::<Renewals>(|| ("within a scope".to_owned(),)).start().check(expect![[r#"
        turn 1
            continue_as_new Renewals("again")
    "#]]);
    let asked = Scenario::of::<Renewals>(|| ("after a request to stop".to_owned(),)).start();
    asked.turn(|server| server.cancel("enough")).check(expect![[r#"
        turn 1
        turn 2
            continue_as_new Renewals("again")
    "#]]);
}

#[test]
fn what_builds_the_state_does_not_continue_as_new() {
    Scenario::of::<Renewals>(|| ("from init".to_owned(),)).start().check(expect![[r#"
        turn 1
            fault: an `#[init]` function tried to continue as new; it only builds the state; the main function does the rest
    "#]]);
}

workflow! {
    Errors { flag: State<bool> }
    run |this, ctx, (how,)| (String,) => String {
        Ok(match how.as_str() {
            "of a task" => {
                let failing = ctx.spawn(async { "x".parse::<u32>() });
                let unseen = ctx.spawn(async { "y".parse::<u32>() });
                drop(unseen);
                failing.await.expect_err("it is no number").to_string()
            }
            "in a condition" => {
                ctx.wait_until(|| { assert!(!this.flag.get(), "it is set"); false }).await?;
                String::new()
            }
            other => panic!("{other}"),
        })
    }
    handlers |handlers| {
        handlers.signal("set", |this, _, (): ()| { this.flag.set(true); Handling::Done(()) });
        handlers.signal("stop", |_, _, (): ()| Handling::Done(WorkflowResult::<()>::Err(Canceled::because("so says a signal").into())));
        handlers.update("stop", |_, _, (): ()| done(WorkflowResult::<()>::Err(Canceled::because("so says an update").into())));
    }
}

#[test]
fn the_error_of_a_task_is_for_whoever_awaits_it() {
    Scenario::of::<Errors>(|| ("of a task".to_owned(),)).start().check(expect![[r#"
        turn 1
            complete "invalid digit found in string"
    "#]]);
}

#[test]
fn a_panic_in_a_condition_is_a_fault_of_whoever_waits() {
    let run = Scenario::of::<Errors>(|| ("in a condition".to_owned(),)).start();
    run.turn(|server| server.signal("set", ())).check(expect![[r#"
        turn 1
        turn 2
            fault: workflow `Errors` panicked in its main function: it is set
    "#]]);
}

#[test]
fn a_handler_that_says_it_was_canceled_fails() {
    let run = || Scenario::of::<Errors>(|| ("in a condition".to_owned(),)).start();
    run().turn(|server| server.update("u", "stop", ())).turn(|server| server.signal("stop", ())).check(expect![[r#"
            turn 1
            turn 2
                accept u
                respond u failed: canceled: so says an update [canceled]
            turn 3
                fail canceled: so says a signal [canceled]
        "#]]);
    // Also where the workflow was asked to stop: a handler is not the one who was asked.
    run().turn(|server| server.signal("stop", ()).cancel("enough")).check(expect![[r#"
        turn 1
        turn 2
            fail canceled: so says a signal [canceled]
    "#]]);
}

workflow! {
    Speechless
    run |_, ctx, (to,)| (String,) => () {
        let other = || ctx.external::<NamedWorkflow>("other");
        match to.as_str() {
            "a child" => drop(ctx.child(Workflow::named("Child").args((Unspeakable,))).await),
            "another workflow" => drop(other().signal_named("hear", (Unspeakable,)).await),
            other => panic!("{other}"),
        }
        Ok(())
    }
}

#[test]
fn what_cannot_be_written_to_others_is_a_fault() {
    for to in ["a child", "another workflow"] {
        TO.set(to);
        let played = Scenario::of::<Speechless>(|| (TO.get().to_owned(),)).start().play_once();
        assert!(played.faulted && played.text.contains("words fail me"), "{}", played.text);
    }
}

thread_local! {
    static TO: Cell<&'static str> = const { Cell::new("") };
}

workflow! {
    Faulty
    run |_, ctx, (how,)| (String,) => () {
        match how.as_str() {
            "panic" => panic!("no way"),
            "panic in a task" => ctx.spawn(async { panic!("no way") }).await,
            "code" => { ctx.activity(activity::<()>("boundless", ())).await?; }
            _ => { ctx.sleep(seconds(1)).await?; }
        }
        Ok(())
    }
}

#[test]
fn a_panic_is_told_from_other_faults() {
    let fault = |how: fn() -> (String,)| {
        let scenario = Scenario::of::<Faulty>(how);
        Worker::new(&scenario).try_answer(&mut scenario.server()).expect_err("it fails")
    };
    assert!(matches!(fault(|| ("panic".to_owned(),)), Fault::Panic(_)));
    assert!(matches!(fault(|| ("panic in a task".to_owned(),)), Fault::Panic(_)));
    assert!(matches!(fault(|| ("code".to_owned(),)), Fault::Code(_)));
}
