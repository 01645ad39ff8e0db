//! Running local activities.

use perpetua_convert::ActivityFailure;
use perpetua_vocab::RetryPolicy;
use perpetua_workflow::{CancellationType, LocalActivityEffect, Progress};

use crate::support::*;

workflow! {
    Greetings
    run |_, ctx, (names,)| (Vec<String>,) => String {
        let mut greetings = Vec::new();
        for name in names {
            let greet = activity::<String>("greet", (name,));
            greetings.push(ctx.local_activity(greet).start_to_close(seconds(10)).await?);
        }
        Ok(greetings.join(" "))
    }
}

fn greetings() -> Scenario {
    Scenario::of::<Greetings>(|| (vec!["Ann".to_owned(), "Bob".to_owned()],))
}

#[test]
fn local_activities_give_their_results_within_a_task() {
    let scenario =
        greetings().turn(|server| server.complete_locally(1, "Hello, Ann!").complete_locally(2, "Hello, Bob!"));
    scenario.check(expect![[r#"
        turn 1
            local 1 1 greet "Hello, Ann!"
            local 2 2 greet "Hello, Bob!"
            complete "Hello, Ann! Hello, Bob!"
    "#]]);
}

#[test]
fn a_task_that_takes_long_is_answered_and_another_takes_the_result() {
    let scenario = greetings()
        .turn(|server| server.complete_locally(1, "Hello, Ann!"))
        .start()
        .turn(|server| server.complete_locally(2, "Hello, Bob!"));
    scenario.check(expect![[r#"
        turn 1
            local 1 1 greet "Hello, Ann!"
            asks for another task
        turn 2
            asks for another task
        turn 3
            local 2 2 greet "Hello, Bob!"
            complete "Hello, Ann! Hello, Bob!"
    "#]]);
}

workflow! {
    Careful
    run |_, ctx, ()| () => String {
        let charged = ctx
            .local_activity(activity::<u32>("charge", (250,)))
            .id("the-charge")
            .start_to_close(seconds(1))
            .schedule_to_close(seconds(2))
            .schedule_to_start(seconds(3))
            .retry(RetryPolicy::exponential().max_attempts(5))
            .local_retry_threshold(seconds(4))
            .cancellation(CancellationType::WaitCompleted)
            .summary("charges Ann")
            .await;
        Ok(match charged {
            Ok(charged) => format!("charged {charged}"),
            Err(ActivityFailure::Application(error, _)) => format!("error: {error}"),
            Err(ActivityFailure::Timeout(kind, _)) => format!("timeout: {kind:?}"),
            Err(ActivityFailure::Canceled(_)) => "canceled".to_owned(),
            Err(other) => format!("other: {other}"),
        })
    }
}

#[test]
fn a_failure_is_told_apart_and_the_summary_is_in_the_marker() {
    let scenario = Scenario::of::<Careful>(|| ()).turn(|server| server.fail_locally(1, "Broke", "no money"));
    scenario.check(expect![[r#"
        turn 1
            local 1 the-charge charge failed: no money [Broke] summary="charges Ann"
            complete "error: Broke: no money"
    "#]]);
}

#[test]
fn all_that_is_said_of_it_reaches_the_worker() {
    let scenario = Scenario::of::<Careful>(|| ());
    let mut server = scenario.server();
    server.hand_out();
    let mut live = scenario.live();
    live.begin(server.head());
    let Ok(Progress::Waits(effects)) = live.feed(server.history().to_vec(), true) else { panic!("the task waits") };
    let [LocalActivityEffect::Run(task)] = effects.as_slice() else { panic!("one is to be run: {effects:?}") };
    assert_eq!((task.number, task.attempt, task.scheduled), (1, 1, None));
    assert_eq!(task.activity, "the-charge");
    let request = &task.request;
    assert_eq!(request.activity_type, "charge");
    assert_eq!(request.input.len(), 1);
    assert_eq!(request.start_to_close, Some(seconds(1)));
    assert_eq!(request.schedule_to_close, Some(seconds(2)));
    assert_eq!(request.schedule_to_start, Some(seconds(3)));
    assert_eq!(request.retry_policy.as_ref().map(|policy| policy.maximum_attempts), Some(5));
    assert_eq!(request.local_retry_threshold, seconds(4));
    assert!(live.has_local_activities());
    assert!(!live.continues(&server.head(), None), "a task that is not answered is not followed by another");
    let Ok(Progress::Answered(answer)) = live.answer_now() else { panic!("it can be answered") };
    assert!(answer.needs_task && answer.commands.is_empty() && !answer.closed);
}

workflow! {
    Unlimited
    run |_, ctx, ()| () => () {
        Ok(ctx.local_activity(activity::<()>("endless", ())).await?)
    }
}

#[test]
fn one_without_limits_is_refused_where_it_is_described() {
    Scenario::of::<Unlimited>(|| ()).start().check(expect![[r#"
        turn 1
            fault: local activity `endless` has neither `.start_to_close(..)` nor `.schedule_to_close(..)`: say how long it may take (at local_activities.rs)
    "#]]);
}

workflow! {
    Hasty
    run |_, ctx, ()| () => () {
        Ok(ctx.local_activity(activity::<()>("hurry", ())).schedule_to_close(seconds(0)).await?)
    }
}

#[test]
fn a_limit_of_zero_is_refused_where_it_is_described() {
    Scenario::of::<Hasty>(|| ()).start().check(expect![[r#"
        turn 1
            fault: local activity `hurry` has a `.schedule_to_close(..)` of zero: it could never be met (at local_activities.rs)
    "#]]);
}

workflow! {
    Persistent
    run |_, ctx, ()| () => String {
        let ask = ctx.local_activity(activity::<String>("ask", ())).start_to_close(seconds(1));
        match ask.await {
            Ok(answer) => Ok(answer),
            Err(ActivityFailure::Canceled(_)) => Ok("nobody asks any more".to_owned()),
            Err(other) => Err(other.into()),
        }
    }
}

#[test]
fn a_long_wait_before_the_next_attempt_is_a_timer() {
    let scenario = Scenario::of::<Persistent>(|| ())
        .turn(|server| server.back_off_locally(1, seconds(90)))
        .turn(|server| server.fire("1").complete_locally(2, "yes"));
    scenario.check(expect![[r#"
        turn 1
            local 1 1 ask failed: not yet [Busy] again after 90s
            start_timer 1 90s
        turn 2
            local 2 2 ask "yes"
            complete "yes"
    "#]]);
}

#[test]
fn a_workflow_that_is_canceled_during_that_wait_takes_the_timer_back() {
    let scenario = Scenario::of::<Persistent>(|| ())
        .turn(|server| server.back_off_locally(1, seconds(90)))
        .turn(|server| server.cancel("enough"));
    scenario.check(expect![[r#"
        turn 1
            local 1 1 ask failed: not yet [Busy] again after 90s
            start_timer 1 90s
        turn 2
            cancel_timer 1
            complete "nobody asks any more"
    "#]]);
}

#[test]
fn a_workflow_that_is_canceled_goes_on_without_it() {
    let scenario = Scenario::of::<Persistent>(|| ()).start().turn(|server| server.cancel("enough"));
    scenario.check(expect![[r#"
        turn 1
            asks for another task
        turn 2
            local 1 1 ask failed: canceled [canceled]
            complete "nobody asks any more"
    "#]]);
}

workflow! {
    Patient
    run |_, ctx, ()| () => String {
        let slow = ctx.local_activity(activity::<String>("slow", ())).start_to_close(seconds(9));
        let slow = slow.cancellation(CancellationType::WaitCompleted);
        match slow.await {
            Ok(value) => Ok(format!("it was done all the same: {value}")),
            Err(ActivityFailure::Canceled(_)) => Ok("it stopped".to_owned()),
            Err(other) => Err(other.into()),
        }
    }
}

#[test]
fn who_waits_for_the_cancellation_sees_what_the_activity_says() {
    let patient = || Scenario::of::<Patient>(|| ()).start();
    patient().turn(|server| server.cancel("enough").stop_locally(1)).check(expect![[r#"
        turn 1
            asks for another task
        turn 2
            local 1 1 slow failed: stopped [canceled]
            complete "it stopped"
    "#]]);
    patient().turn(|server| server.cancel("enough").complete_locally(1, "yes")).check(expect![[r#"
        turn 1
            asks for another task
        turn 2
            local 1 1 slow "yes"
            complete "it was done all the same: yes"
    "#]]);
}

workflow! {
    Race
    run |_, ctx, ()| () => String {
        let run = |name: &'static str| ctx.local_activity(activity::<String>(name, ())).start_to_close(seconds(9));
        let first = first_of(run("hare"), run("tortoise")).await?;
        ctx.sleep(seconds(1)).await?;
        Ok(first)
    }
}

/// The first of two; the other is dropped.
async fn first_of<E>(
    one: impl IntoFuture<Output = Result<String, E>>,
    other: impl IntoFuture<Output = Result<String, E>>,
) -> Result<String, E> {
    let (mut one, mut other) = (Box::pin(one.into_future()), Box::pin(other.into_future()));
    std::future::poll_fn(|context| match one.as_mut().poll(context) {
        std::task::Poll::Ready(value) => std::task::Poll::Ready(value),
        std::task::Poll::Pending => other.as_mut().poll(context),
    })
    .await
}

#[test]
fn the_one_that_loses_is_dropped_and_keeps_nobody_waiting() {
    let scenario = Scenario::of::<Race>(|| ())
        .turn(|server| server.complete_locally(2, "the tortoise wins"))
        .turn(|server| server.fire("1"));
    scenario.check(expect![[r#"
        turn 1
            local 2 2 tortoise "the tortoise wins"
            local 1 1 hare failed: canceled [canceled]
            start_timer 1 1s
        turn 2
            complete "the tortoise wins"
    "#]]);
}

workflow! {
    Clock
    run |_, ctx, ()| () => Vec<u64> {
        let begin = ctx.now();
        let mut passed = Vec::new();
        for _ in 0..2 {
            ctx.local_activity(activity::<()>("work", ())).start_to_close(seconds(9)).await?;
            passed.push(ctx.now().duration_since(begin).map_or(0, |passed| passed.as_secs()));
        }
        Ok(passed)
    }
}

#[test]
fn the_present_is_later_when_a_local_activity_has_ended() {
    let scenario = Scenario::of::<Clock>(|| ()).turn(|server| server.complete_locally(1, ()).complete_locally(2, ()));
    scenario.check(expect![[r#"
        turn 1
            local 1 1 work null
            local 2 2 work null
            complete [2,4]
    "#]]);
}

workflow! {
    Handled { seen: State<Vec<String>> }
    run |this, ctx, ()| () => Vec<String> {
        ctx.wait_until(|| this.seen.with(|seen| seen.len() == 2)).await?;
        Ok(this.seen.get())
    }
    handlers |handlers| {
        handlers.update("look", |this, ctx, (what,): (String,)| later(async move {
            let looked = activity::<String>("look", (what,));
            let found = ctx.local_activity(looked).start_to_close(seconds(9)).await?;
            this.seen.update(|seen| seen.push(found.clone()));
            fine(found)
        }));
    }
}

#[test]
fn a_handler_can_run_one_and_its_update_is_answered_in_the_same_task() {
    let scenario = Scenario::of::<Handled>(|| ())
        .start()
        .turn(|server| server.update("u", "look", ("left".to_owned(),)).complete_locally(1, "nothing"))
        .turn(|server| server.update("v", "look", ("right".to_owned(),)))
        .turn(|server| server.complete_locally(2, "a door"));
    scenario.check(expect![[r#"
        turn 1
        turn 2
            accept u
            local 1 1 look "nothing"
            respond u "nothing"
        turn 3
            accept v
            asks for another task
        turn 4
            local 2 2 look "a door"
            respond v "a door"
            complete ["nothing","a door"]
    "#]]);
}
