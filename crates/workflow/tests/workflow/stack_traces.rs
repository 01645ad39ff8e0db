//! What a workflow says it waits for, and where.

use std::future::IntoFuture;

use perpetua_workflow::sync::{Mutex, Notify};

use crate::support::*;

workflow! {
    Busy { door: Mutex<u32>, notify: Notify, go: State<bool>, ctx: RefCell<Option<Ctx>> }
    run |this, ctx, ()| () => () {
        this.ctx.replace(Some(ctx.clone()));
        let _guard = this.door.lock().await;
        let other = Rc::clone(&this);
        let task = ctx.spawn(async move { drop(other.door.lock().await); });
        drop(ctx.spawn(async { std::future::pending::<()>().await }));
        let call = ctx.activity(activity::<()>("slow", ())).start_to_close(seconds(60)).start();
        let (waited, noticed, task, canceled) = join!(
            ctx.wait_until(|| this.go.get()).timeout(seconds(5)),
            this.notify.notified(),
            task,
            ctx.canceled(),
        );
        drop((noticed, task, canceled));
        waited?;
        Ok(call.await?)
    }
    handlers |handlers| {
        handlers.signal("nap", |_, ctx, (after,): (u64,)| Handling::running(async move {
            ctx.sleep(seconds(after)).await?;
            fine(())
        }));
        handlers.signal("start", |this, _, (): ()| {
            let ctx = this.ctx.borrow().clone().expect("it runs");
            // Nobody waits for it.
            drop(ctx.spawn(ctx.sleep(seconds(9)).into_future()));
            Handling::Done(())
        });
        handlers.signal("go", |this, _, (): ()| { this.go.set(true); Handling::Done(()) });
        handlers.update("wait", |this, ctx, (): ()| later(async move {
            ctx.wait_until(|| this.go.get()).await?;
            fine(())
        }));
    }
}

/// A stack trace without the numbers of lines, which change with the tests.
fn without_lines(answer: &str) -> String {
    let text: String = serde_json::from_str(answer).expect("it is a text");
    let line = |line: &str| match line.split_once("(at ") {
        Some((before, place)) => {
            let file = place.split(':').next().and_then(|path| path.rsplit('/').next());
            format!("{before}(at {})\n", file.expect("a place names a file"))
        }
        None => format!("{line}\n"),
    };
    text.lines().map(line).collect()
}

#[test]
fn every_part_says_what_it_waits_for() {
    let run = Scenario::of::<Busy>(|| ());
    let (mut server, mut worker) = (run.server(), Worker::new(&run));
    server.signal("nap", (7,));
    worker.answer(&mut server);
    server.signal("start", ()).update("u1", "wait", ());
    worker.answer(&mut server);
    let cached = worker.ask(&server, "__stack_trace");
    worker.evict();
    assert_eq!(worker.ask(&server, "__stack_trace"), cached);
    expect![[r#"
        main function of workflow `Busy`
            activity `slow` (id 1) (at stack_traces.rs)
            timer 2 (at stack_traces.rs)
            condition (at stack_traces.rs)
            notice (at stack_traces.rs)
            spawned task (at stack_traces.rs)
            request to stop (at stack_traces.rs)

        handler of signal `nap`
            timer 1 (at stack_traces.rs)

        task spawned (at stack_traces.rs)
            permit or lock (at stack_traces.rs)

        task spawned (at stack_traces.rs)
            (nothing that is known here)

        task spawned (at stack_traces.rs)
            timer 3 (at stack_traces.rs)

        handler of update `wait` (id `u1`)
            condition (at stack_traces.rs)
    "#]]
    .assert_eq(&without_lines(&cached));
    server.signal("go", ()).fire("1");
    worker.answer(&mut server);
    expect![[r#"
        main function of workflow `Busy`
            activity `slow` (id 1) (at stack_traces.rs)
            notice (at stack_traces.rs)
            spawned task (at stack_traces.rs)
            request to stop (at stack_traces.rs)

        task spawned (at stack_traces.rs)
            permit or lock (at stack_traces.rs)

        task spawned (at stack_traces.rs)
            (nothing that is known here)

        task spawned (at stack_traces.rs)
            timer 3 (at stack_traces.rs)
    "#]]
    .assert_eq(&without_lines(&worker.ask(&server, "__stack_trace")));
}

workflow! {
    Napping
    run |_, ctx, ()| () => () {
        ctx.sleep(seconds(1)).await?;
        Ok(())
    }
}

/// The line of the sleep above.
const LINE: u32 = line!() - 6;

#[test]
fn tools_get_the_lines_of_source_code() {
    let run = Scenario::of::<Napping>(|| ());
    let (mut server, mut worker) = (run.server(), Worker::new(&run));
    worker.answer(&mut server);
    let text: String = serde_json::from_str(&worker.ask(&server, "__stack_trace")).expect("it is a text");
    assert_eq!(text, format!("main function of workflow `Napping`\n    timer 1 (at {}:{LINE}:13)\n", file!()));
    let answer: serde_json::Value =
        serde_json::from_str(&worker.ask(&server, "__enhanced_stack_trace")).expect("it is JSON");
    let expected = serde_json::json!({
        "sdk": { "name": "perpetua", "version": env!("CARGO_PKG_VERSION") },
        "stacks": [{ "locations": [{
            "filePath": file!(),
            "line": LINE,
            "column": 13,
            "functionName": "main function of workflow `Napping`: timer 1",
        }] }],
    });
    assert_eq!(answer, expected);
    server.fire("1");
    worker.answer(&mut server);
    let ended = run.turn(|server| server).turn(|server| server.fire("1")).play_once();
    assert_eq!(
        Worker::new(&Scenario::of::<Napping>(|| ())).ask(&ended.server, "__stack_trace"),
        r#""the workflow has ended\n""#
    );
}
