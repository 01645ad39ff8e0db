//! Where in the source code something that is waited for was described.

use std::panic::Location;

use perpetua_contract::NamedWorkflow;
use perpetua_workflow::{Pending, TaskHead};

use crate::support::*;

/// The line before the ones that describe something.
const BEFORE: u32 = line!();
workflow! {
    Waiting { open: State<bool> }
    run |this, ctx, ()| () => () {
        let charge = ctx.activity(activity::<()>("charge", ()));
        let timer = ctx.sleep(seconds(5));
        let child = ctx.child(perpetua_contract::Workflow::named("Ship").args(())).id("ship-1");
        let other = ctx.external::<NamedWorkflow>("other");
        let signal = other.signal_named("go", ());
        let stop = other.cancel();
        let open = ctx.wait_until(|| this.open.get());
        let soon = ctx.wait_until(|| this.open.get()).timeout(seconds(7));
        let charge = charge
            .start_to_close(seconds(1));
        join!(async { join!(charge, timer, child, signal, stop, open) }, soon).1?;
        Ok(())
    }
    handlers |handlers| { handlers.signal("open", |this, _, (): ()| { this.open.set(true); Handling::Done(()) }); }
}

/// What the workflow waits for, and how many lines further down than [`BEFORE`] that is described.
fn waits(pending: &[Pending]) -> Vec<(String, u32)> {
    let line = |at: &Location<'_>| {
        assert_eq!(at.file(), file!());
        at.line() - BEFORE
    };
    pending.iter().map(|pending| (pending.what.clone(), pending.at.map_or(0, line))).collect()
}

#[test]
fn each_operation_knows_the_line_that_describes_it() {
    let run = Scenario::of::<Waiting>(|| ()).start();
    let mut live = run.live();
    let mut server = run.server();
    server.hand_out();
    live.begin(server.head());
    feed(&mut live, vec![server.history().to_vec()]).expect("it waits");
    let expected = [
        ("activity `charge` (id 1)", 4),
        ("timer 1", 5),
        ("child workflow `Ship` (id ship-1)", 6),
        ("signal `go` to workflow other", 8),
        ("request to stop to workflow other", 9),
        ("timer 2", 11),
        ("condition", 10),
        ("condition", 11),
    ];
    assert_eq!(waits(&live.pending()), expected.map(|(what, line)| (what.to_owned(), line)));
    let shown = live.pending()[0].to_string();
    assert!(shown.starts_with("activity `charge` (id 1) (at ") && shown.contains("places.rs:"), "{shown}");
}

workflow! {
    Brief { open: State<bool> }
    run |this, ctx, ()| () => () {
        drop(ctx.activity(activity::<()>("dropped", ())).start_to_close(seconds(1)).start());
        ctx.sleep(seconds(5)).await?;
        ctx.wait_until(|| this.open.get()).await?;
        ctx.sleep(seconds(9)).await?;
        Ok(())
    }
    handlers |handlers| { handlers.signal("open", |this, _, (): ()| { this.open.set(true); Handling::Done(()) }); }
}

#[test]
fn what_is_over_or_was_given_up_is_not_waited_for() {
    let run = Scenario::of::<Brief>(|| ())
        .start()
        .turn(|server| server.fire("1"))
        .turn(|server| server.signal("open", ()))
        .turn(|server| server.fire("2"));
    let history = run.play_once().server.history().to_vec();
    let mut seen = Vec::new();
    let mut live = run.live();
    live.begin(TaskHead::default());
    for (number, event) in history.iter().enumerate() {
        live.feed(vec![event.clone()], number + 1 == history.len()).expect("it replays");
        let now: Vec<_> = live.pending().into_iter().map(|pending| pending.what).collect();
        if seen.last() != Some(&now) {
            seen.push(now);
        }
    }
    assert_eq!(seen, [vec![], vec!["timer 1"], vec!["condition"], vec!["timer 2"], vec![]]);
}
