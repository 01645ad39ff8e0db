//! Many futures at once: ours, and those of the `futures` crates.

use futures_util::future::{self, Either, FutureExt as _, TryFutureExt as _};
use futures_util::stream::{self, FuturesOrdered, FuturesUnordered, StreamExt as _, TryStreamExt as _};
use futures_util::{pin_mut, select_biased};
use perpetua_workflow::sync::mpsc;
use perpetua_workflow::try_join;

use crate::support::*;

/// An activity that answers with a number.
async fn ask(ctx: &Ctx, name: &'static str, number: u32) -> WorkflowResult<u32> {
    Ok(ctx.activity(activity::<u32>(name, (number,))).start_to_close(seconds(9)).await?)
}

workflow! {
    Mapped
    run |_, ctx, (count, limit)| (u32, usize) => Vec<u32> {
        let begun = Cell::new(0);
        let answers = ctx.map_concurrent(1..=count, limit, |number| {
            begun.set(begun.get() + 1);
            assert_eq!(begun.get(), number, "it is called in order, when it may begin");
            ask(&ctx, "ask", number)
        });
        answers.await.into_iter().collect()
    }
}

#[test]
fn map_concurrent_begins_as_many_as_it_may_and_keeps_the_order_of_the_items() {
    let run = Scenario::of::<Mapped>(|| (4, 2)).start().turn(|server| server.complete("2", 20));
    let run = run.turn(|server| server.complete("3", 30).complete("1", 10)).turn(|server| server.complete("4", 40));
    run.check(expect![[r#"
        turn 1
            start_activity 1 ask(1) start_to_close=9s
            start_activity 2 ask(2) start_to_close=9s
        turn 2
            start_activity 3 ask(3) start_to_close=9s
        turn 3
            start_activity 4 ask(4) start_to_close=9s
        turn 4
            complete [10,20,30,40]
    "#]]);
    Scenario::of::<Mapped>(|| (0, 2)).start().check(expect![[r#"
        turn 1
            complete []
    "#]]);
}

workflow! {
    Tried
    run |_, ctx, (how,)| (String,) => Vec<u32> {
        let call = |number| ask(&ctx, "ask", number);
        let asked = match how.as_str() {
            "map" => ctx.try_map_concurrent(1..=4, 2, call).await,
            "all" => ctx.try_join_all((1..=3).map(call)).await,
            "limited" => ctx.try_join_all((1..=3).map(call)).limit(1).await,
            "macro" => try_join!(call(1), call(2), call(3)).map(|(first, second, third)| vec![first, second, third]),
            _ => try_join!(call(1)).map(|(only,)| vec![only]),
        };
        // What was left is taken back before anything else happens.
        if asked.is_err() {
            ctx.sleep(seconds(1)).await?;
        }
        asked
    }
}

#[test]
fn the_first_error_takes_back_what_is_left() {
    let failing =
        |how: fn() -> (String,)| Scenario::of::<Tried>(how).start().turn(|server| server.fail("2", "No", "no"));
    let run = failing(|| ("map".to_owned(),)).turn(|server| server.fire("1"));
    run.check(expect![[r#"
        turn 1
            start_activity 1 ask(1) start_to_close=9s
            start_activity 2 ask(2) start_to_close=9s
        turn 2
            cancel_activity 1
            start_timer 1 1s
        turn 3
            fail activity failed [activity 2] <- no [No]
    "#]]);
    let run = failing(|| ("all".to_owned(),)).turn(|server| server.fire("1"));
    run.check(expect![[r#"
        turn 1
            start_activity 1 ask(1) start_to_close=9s
            start_activity 2 ask(2) start_to_close=9s
            start_activity 3 ask(3) start_to_close=9s
        turn 2
            cancel_activity 1
            cancel_activity 3
            start_timer 1 1s
        turn 3
            fail activity failed [activity 2] <- no [No]
    "#]]);
    let run = failing(|| ("macro".to_owned(),)).turn(|server| server.fire("1"));
    run.check(expect![[r#"
        turn 1
            start_activity 1 ask(1) start_to_close=9s
            start_activity 2 ask(2) start_to_close=9s
            start_activity 3 ask(3) start_to_close=9s
        turn 2
            cancel_activity 1
            cancel_activity 3
            start_timer 1 1s
        turn 3
            fail activity failed [activity 2] <- no [No]
    "#]]);
    let run = Scenario::of::<Tried>(|| ("limited".to_owned(),)).start().turn(|server| server.complete("1", 10));
    run.turn(|server| server.fail("2", "No", "no")).turn(|server| server.fire("1")).check(expect![[r#"
        turn 1
            start_activity 1 ask(1) start_to_close=9s
        turn 2
            start_activity 2 ask(2) start_to_close=9s
        turn 3
            start_timer 1 1s
        turn 4
            fail activity failed [activity 2] <- no [No]
    "#]]);
}

#[test]
fn without_an_error_there_are_all_values_in_order() {
    for how in [|| ("all".to_owned(),), || ("macro".to_owned(),)] {
        let run = Scenario::of::<Tried>(how).start().turn(|server| server.complete("3", 30).complete("1", 10));
        let played = run.turn(|server| server.complete("2", 20)).play();
        assert!(played.ends_with("complete [10,20,30]\n"), "{played}");
    }
    let run = Scenario::of::<Tried>(|| ("one".to_owned(),)).start();
    assert!(run.turn(|server| server.complete("1", 10)).play().ends_with("complete [10]\n"));
    let run = Scenario::of::<Tried>(|| ("map".to_owned(),)).start();
    let run = run.turn(|server| server.complete("1", 10).complete("2", 20)).turn(|server| server.complete("4", 40));
    assert!(run.turn(|server| server.complete("3", 30)).play().ends_with("complete [10,20,30,40]\n"));
}

// The crates of others
// --------------------

workflow! {
    Foreign
    run |_, ctx, (how,)| (String,) => Vec<u32> {
        let call = |number| ask(&ctx, "ask", number);
        let mut seen = Vec::new();
        match how.as_str() {
            "unordered" => {
                let mut answers: FuturesUnordered<_> = (1..=4).map(call).collect();
                while let Some(answer) = answers.next().await {
                    seen.push(answer?);
                    // It may grow meanwhile.
                    if seen.len() == 1 {
                        answers.push(call(5));
                    }
                }
            }
            "ordered" => {
                let mut answers: FuturesOrdered<_> = (1..=4).map(call).collect();
                while let Some(answer) = answers.next().await {
                    seen.push(answer?);
                }
            }
            "buffered" => seen = stream::iter(1..=4).map(call).buffered(2).try_collect().await?,
            "buffer_unordered" => seen = stream::iter(1..=4).map(call).buffer_unordered(2).try_collect().await?,
            "join_all" => for answer in future::join_all((1..=4).map(call)).await {
                seen.push(answer?);
            },
            // Above 30 it is a `FuturesOrdered` inside.
            "try_join_all" => seen = future::try_join_all((1..=35).map(call)).await?,
            "for_each_concurrent" => {
                let log = RefCell::new(Vec::new());
                stream::iter(1..=4).for_each_concurrent(2, |number| {
                    let log = &log;
                    call(number).map(move |answer| log.borrow_mut().push(answer.expect("nobody fails")))
                }).await;
                seen = log.take();
            }
            "select" => {
                let (left, right) = (Box::pin(call(1)), Box::pin(call(2)));
                match future::select(left, right).await {
                    Either::Left((answer, right)) => { seen.push(answer?); drop(right); }
                    Either::Right((answer, left)) => { seen.push(answer?); drop(left); }
                }
                ctx.sleep(seconds(1)).await?;
            }
            "select_biased" => {
                let (left, right) = (call(1).fuse(), call(2).fuse());
                pin_mut!(left, right);
                loop {
                    select_biased! {
                        answer = left => seen.push(answer?),
                        answer = right => seen.push(answer?),
                        complete => break,
                    }
                }
            }
            "try_join" => {
                let joined = futures_util::try_join!(call(1), call(2), call(3));
                ctx.sleep(seconds(1)).await?;
                let (first, second, third) = joined?;
                seen = vec![first, second, third];
            }
            "shared" => {
                // One answer for two, who wait by wakers of its own.
                let answer = call(1).map_err(drop).shared();
                let (left, right) = futures_util::join!(answer.clone(), answer);
                seen = vec![left.expect("nobody fails"), right.expect("nobody fails")];
            }
            "select_all" => {
                let mut calls: Vec<_> = (1..=3).map(|number| Box::pin(call(number))).collect();
                while !calls.is_empty() {
                    let (answer, _, rest) = future::select_all(calls).await;
                    seen.push(answer?);
                    calls = rest;
                }
            }
            other => panic!("{other}"),
        }
        Ok(seen)
    }
}

/// Answers all, two of them in another order, and says what the workflow made of it.
#[track_caller]
fn answered(how: fn() -> (String,), rounds: &'static [&'static [&'static str]]) -> String {
    let mut run = Scenario::of::<Foreign>(how).start();
    for round in rounds {
        run = run.turn(|server| {
            round.iter().fold(server, |server, call| server.complete(call, call.parse::<u32>().expect("a number") * 10))
        });
    }
    run.play()
}

#[test]
fn the_combinators_of_the_futures_crates_work_and_replay() {
    let all: &[&[&str]] = &[&["3", "1"], &["4", "2"]];
    expect![[r#"
        turn 1
            start_activity 1 ask(1) start_to_close=9s
            start_activity 2 ask(2) start_to_close=9s
            start_activity 3 ask(3) start_to_close=9s
            start_activity 4 ask(4) start_to_close=9s
        turn 2
            start_activity 5 ask(5) start_to_close=9s
        turn 3
        turn 4
            complete [30,10,40,20,50]
    "#]]
    .assert_eq(&answered(|| ("unordered".to_owned(),), &[&["3", "1"], &["4", "2"], &["5"]]));
    expect![[r#"
        turn 1
            start_activity 1 ask(1) start_to_close=9s
            start_activity 2 ask(2) start_to_close=9s
            start_activity 3 ask(3) start_to_close=9s
            start_activity 4 ask(4) start_to_close=9s
        turn 2
        turn 3
            complete [10,20,30,40]
    "#]]
    .assert_eq(&answered(|| ("ordered".to_owned(),), all));
    expect![[r#"
        turn 1
            start_activity 1 ask(1) start_to_close=9s
            start_activity 2 ask(2) start_to_close=9s
        turn 2
            start_activity 3 ask(3) start_to_close=9s
            start_activity 4 ask(4) start_to_close=9s
        turn 3
            complete [10,20,30,40]
    "#]]
    .assert_eq(&answered(|| ("buffered".to_owned(),), &[&["2", "1"], &["4", "3"]]));
    expect![[r#"
        turn 1
            start_activity 1 ask(1) start_to_close=9s
            start_activity 2 ask(2) start_to_close=9s
        turn 2
            start_activity 3 ask(3) start_to_close=9s
        turn 3
            start_activity 4 ask(4) start_to_close=9s
        turn 4
            complete [20,30,10,40]
    "#]]
    .assert_eq(&answered(|| ("buffer_unordered".to_owned(),), &[&["2"], &["3", "1"], &["4"]]));
    expect![[r#"
        turn 1
            start_activity 1 ask(1) start_to_close=9s
            start_activity 2 ask(2) start_to_close=9s
        turn 2
            start_activity 3 ask(3) start_to_close=9s
        turn 3
            start_activity 4 ask(4) start_to_close=9s
        turn 4
            complete [20,30,10,40]
    "#]]
    .assert_eq(&answered(|| ("for_each_concurrent".to_owned(),), &[&["2"], &["3", "1"], &["4"]]));
    expect![[r#"
        turn 1
            start_activity 1 ask(1) start_to_close=9s
            start_activity 2 ask(2) start_to_close=9s
            start_activity 3 ask(3) start_to_close=9s
            start_activity 4 ask(4) start_to_close=9s
        turn 2
        turn 3
            complete [10,20,30,40]
    "#]]
    .assert_eq(&answered(|| ("join_all".to_owned(),), all));
    expect![[r#"
        turn 1
            start_activity 1 ask(1) start_to_close=9s
            start_activity 2 ask(2) start_to_close=9s
        turn 2
            complete [10,20]
    "#]]
    .assert_eq(&answered(|| ("select_biased".to_owned(),), &[&["2", "1"]]));
    expect![[r#"
        turn 1
            start_activity 1 ask(1) start_to_close=9s
        turn 2
            complete [10,10]
    "#]]
    .assert_eq(&answered(|| ("shared".to_owned(),), &[&["1"]]));
    expect![[r#"
        turn 1
            start_activity 1 ask(1) start_to_close=9s
            start_activity 2 ask(2) start_to_close=9s
            start_activity 3 ask(3) start_to_close=9s
        turn 2
        turn 3
            complete [20,30,10]
    "#]]
    .assert_eq(&answered(|| ("select_all".to_owned(),), &[&["3", "2"], &["1"]]));
}

#[test]
fn what_loses_in_their_combinators_is_taken_back_where_it_is_dropped() {
    let run = Scenario::of::<Foreign>(|| ("select".to_owned(),)).start().turn(|server| server.complete("2", 20));
    run.turn(|server| server.fire("1")).check(expect![[r#"
        turn 1
            start_activity 1 ask(1) start_to_close=9s
            start_activity 2 ask(2) start_to_close=9s
        turn 2
            cancel_activity 1
            start_timer 1 1s
        turn 3
            complete [20]
    "#]]);
    let run = Scenario::of::<Foreign>(|| ("try_join".to_owned(),)).start().turn(|server| server.fail("2", "No", "no"));
    run.turn(|server| server.fire("1")).check(expect![[r#"
        turn 1
            start_activity 1 ask(1) start_to_close=9s
            start_activity 2 ask(2) start_to_close=9s
            start_activity 3 ask(3) start_to_close=9s
        turn 2
            cancel_activity 3
            cancel_activity 1
            start_timer 1 1s
        turn 3
            fail activity failed [activity 2] <- no [No]
    "#]]);
}

#[test]
fn the_order_in_which_many_futures_are_polled_is_that_of_their_waking() {
    let played = answered(
        || ("try_join_all".to_owned(),),
        &[
            &["35", "1", "17", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11", "12", "13", "14", "15", "16"],
            &["34", "33", "18", "19", "20", "21", "22", "23", "24", "25", "26", "27", "28", "29", "30", "31", "32"],
        ],
    );
    assert!(played.contains("start_activity 35 ask(35)") && played.contains("complete [10,20,"), "{played}");
}

workflow! {
    Relayed
    run |_, ctx, ()| () => Vec<u32> {
        let (sender, receiver) = mpsc::bounded(1);
        let mut streams = FuturesUnordered::new();
        for number in 1..=3 {
            let sender = sender.clone();
            streams.push(async move { for step in 0..2 { let _ = sender.send(number * 10 + step).await; } });
        }
        drop(sender);
        let mut seen = Vec::new();
        let all = async { while streams.next().await.is_some() {} };
        let receive = async { while let Some(value) = receiver.receive().await { seen.push(value); } };
        join!(all, receive);
        ctx.sleep(seconds(1)).await?;
        Ok(seen)
    }
}

#[test]
fn wakers_that_pass_through_their_combinators_are_not_taken_for_foreign() {
    Scenario::of::<Relayed>(|| ()).start().turn(|server| server.fire("1")).check(expect![[r#"
        turn 1
            start_timer 1 1s
        turn 2
            complete [10,11,20,30,21,31]
    "#]]);
}
