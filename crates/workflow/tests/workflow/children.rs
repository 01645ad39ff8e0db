//! Children: who gets their results.

use perpetua_contract::Workflow;

use crate::support::*;

workflow! {
    Parent
    run |_, ctx, (how,)| (String,) => Vec<u32> {
        let call = Workflow::named("Child").args((1,)).returning::<u32>();
        let child = ctx.child(call).id("c").start().await?;
        match how.as_str() {
            "again" => Ok(vec![child.result().await?, child.result().await?, child.clone().result().await?]),
            "at once" => {
                let other = child.clone();
                let task = ctx.spawn(async move { other.result().await });
                let (first, second) = perpetua_workflow::join!(child.result(), child.result());
                Ok(vec![first?, second?, task.await?])
            }
            // The last one to have asked gives up before the child ends.
            "left" => {
                let other = child.clone();
                let task = ctx.spawn(async move { other.result().await });
                yield_once().await;
                perpetua_workflow::select! {
                    result = child.result() => drop(result?),
                    slept = ctx.sleep(seconds(1)) => slept?,
                }
                Ok(vec![task.await?])
            }
            other => panic!("{other}"),
        }
    }
}

fn parent(how: fn() -> (String,)) -> Scenario {
    Scenario::of::<Parent>(how).start().turn(|server| server.start_child("c"))
}

#[test]
fn a_result_is_there_for_everybody_who_asks() {
    parent(|| ("again".to_owned(),)).turn(|server| server.complete_child("c", 7)).check(expect![[r#"
        turn 1
            start_child c Child(1)
        turn 2
        turn 3
            complete [7,7,7]
    "#]]);
    parent(|| ("at once".to_owned(),)).turn(|server| server.complete_child("c", 7)).check(expect![[r#"
        turn 1
            start_child c Child(1)
        turn 2
        turn 3
            complete [7,7,7]
    "#]]);
}

#[test]
fn who_gives_up_takes_the_result_from_nobody() {
    let run = parent(|| ("left".to_owned(),)).turn(|server| server.fire("1"));
    run.turn(|server| server.complete_child("c", 7)).check(expect![[r#"
        turn 1
            start_child c Child(1)
        turn 2
            start_timer 1 1s
        turn 3
        turn 4
            complete [7]
    "#]]);
    let run = parent(|| ("left".to_owned(),));
    run.turn(|server| server.fire("1").complete_child("c", 7)).check(expect![[r#"
        turn 1
            start_child c Child(1)
        turn 2
            start_timer 1 1s
        turn 3
            complete [7]
    "#]]);
}
