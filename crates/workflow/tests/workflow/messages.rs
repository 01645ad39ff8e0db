//! Signals and updates.

use std::future::IntoFuture;

use crate::support::*;

workflow! {
    Ledger { entries: State<Vec<String>> }
    run |this, ctx, ()| () => Vec<String> {
        this.entries.update(|entries| entries.push("main".to_owned()));
        ctx.wait_until(|| this.entries.with(|entries| entries.iter().any(|entry| entry == "end"))).await?;
        Ok(this.entries.take())
    }
    handlers |handlers| {
        handlers.signal("note", |this, _, (text,): (String,)| {
            this.entries.update(|entries| entries.push(text));
            Handling::Done(())
        });
        handlers.signal("note_late", |this, _, (text,): (String,)| Handling::running(async move {
            this.entries.update(|entries| entries.push(format!("{text}, later")));
        }));
        handlers.update("add", |this, _, (text,): (String,)| {
            this.entries.update(|entries| entries.push(text));
            done(fine(this.entries.with(Vec::len)))
        });
        handlers.validator(|this, (text,): &(String,)| match text.as_str() {
            "" => Err(AnyError::message("nothing to add").failure_type("Empty")),
            "panic" => panic!("what is this?"),
            "meddle" => { this.entries.take(); Ok(()) }
            _ => Ok(()),
        });
        handlers.update("add_late", |this, ctx, (text,): (String,)| later(async move {
            ctx.sleep(seconds(1)).await?;
            if text.is_empty() {
                return Err(AnyError::message("still nothing to add").into());
            }
            this.entries.update(|entries| entries.push(text));
            fine(this.entries.with(Vec::len))
        }));
    }
}

fn ledger() -> Scenario {
    Scenario::of::<Ledger>(|| ())
}

fn text(text: &str) -> (String,) {
    (text.to_owned(),)
}

#[test]
fn the_main_function_begins_after_the_messages_that_came_with_the_start() {
    let run = ledger().turn(|server| {
        let server = server.signal("note", text("a")).signal("note_late", text("b")).signal("note", text("c"));
        server.update("u", "add", text("d"))
    });
    run.turn(|server| server.signal("note", text("end"))).check(expect![[r#"
        turn 1
            accept u
            respond u 3
        turn 2
            complete ["a","c","d","b, later","main","end"]
    "#]]);
}

#[test]
fn signals_and_updates_are_handled_in_order_before_anything_runs() {
    let run = ledger().start().turn(|server| {
        server
            .signal("note_late", text("a"))
            .signal("note", text("b"))
            .signal("note", text("end"))
            .signal("note", text("c"))
    });
    run.check(expect![[r#"
        turn 1
        turn 2
            complete ["main","b","end","c","a, later"]
    "#]]);
}

#[test]
fn a_signal_without_a_handler_is_kept_and_logged() {
    let run = ledger().start().turn(|server| server.signal("unknown", text("a")));
    let run = run.turn(|server| server.signal("note", text("end")));
    let (lines, played) = logged(|| run.play_once());
    assert_eq!(lines, ["WARN signal `unknown` has no handler; it is kept until there is one"]);
    let (lines, ()) = logged(|| run.replay(&played));
    assert_eq!(lines, [""; 0]);
    run.check(expect![[r#"
        turn 1
        turn 2
        turn 3
            complete ["main","end"]
    "#]]);
}

#[test]
fn a_signal_that_cannot_be_read_is_dropped_and_logged() {
    let run = ledger().start().turn(|server| server.signal("note", (5,)));
    let run = run.turn(|server| server.signal("note", text("end")));
    let (lines, _) = logged(|| run.play_once());
    let line = "ERROR signal `note` cannot be read; it is dropped: argument 1 of 1: `alloc::string::String` cannot be read \
                from `json/plain`: invalid type: integer `5`, expected a string at line 1 column 1";
    assert_eq!(lines, [line]);
    run.check(expect![[r#"
        turn 1
        turn 2
        turn 3
            complete ["main","end"]
    "#]]);
}

#[test]
fn an_update_is_accepted_and_answered() {
    let run = ledger().start().turn(|server| server.update("u1", "add", text("a")).update("u2", "add", text("b")));
    run.turn(|server| server.update("u3", "add", text("end"))).check(expect![[r#"
        turn 1
        turn 2
            accept u1
            respond u1 2
            accept u2
            respond u2 3
        turn 3
            accept u3
            respond u3 4
            complete ["main","a","b","end"]
    "#]]);
}

#[test]
fn an_update_is_accepted_now_and_answered_later() {
    let run =
        ledger().start().turn(|server| server.update("u1", "add_late", text("a")).update("u2", "add_late", text("")));
    let run = run.turn(|server| server.fire("2").update("u3", "add", text("b"))).turn(|server| server.fire("1"));
    run.turn(|server| server.signal("note", text("end"))).check(expect![[r#"
        turn 1
        turn 2
            accept u1
            accept u2
            start_timer 1 1s
            start_timer 2 1s
        turn 3
            accept u3
            respond u3 2
            respond u2 failed: still nothing to add
        turn 4
            respond u1 3
        turn 5
            complete ["main","b","a","end"]
    "#]]);
}

#[test]
fn an_update_is_refused_without_a_trace() {
    let run = ledger().start().turn(|server| server.update("u1", "add", text("")));
    let run = run.turn(|server| server.update("u2", "add", text("a")).update("u3", "add", text("")));
    let run = run.turn(|server| server.update("u4", "add", text("panic")));
    let run =
        run.turn(|server| server.update("u5", "unknown", text("a"))).turn(|server| server.update("u6", "add", (5,)));
    let run = run.turn(|server| server.update("u7", "add_late", (true,)));
    run.turn(|server| server.signal("note", text("end"))).check(expect![[r#"
        turn 1
        turn 2
            reject u1: nothing to add [Empty]
        turn 3
            accept u2
            respond u2 2
            reject u3: nothing to add [Empty]
        turn 4
            reject u4: the validator of update `add` panicked: what is this?
        turn 5
            reject u5: workflow `Ledger` takes no update named `unknown`; it takes: add, add_late
        turn 6
            reject u6: update `add`: argument 1 of 1: `alloc::string::String` cannot be read from `json/plain`: invalid type: integer `5`, expected a string at line 1 column 1
        turn 7
            reject u7: update `add_late`: argument 1 of 1: `alloc::string::String` cannot be read from `json/plain`: invalid type: boolean `true`, expected a string at line 1 column 4
        turn 8
            complete ["main","a","end"]
    "#]]);
}

#[test]
fn an_update_that_came_with_the_start_may_be_refused() {
    let run = ledger().turn(|server| server.update("u1", "add", text("")));
    run.turn(|server| server.signal("note", text("end"))).check(expect![[r#"
        turn 1
            reject u1: nothing to add [Empty]
        turn 2
            complete ["main","end"]
    "#]]);
}

#[test]
fn a_validator_that_writes_state_is_a_fault() {
    ledger().start().turn(|server| server.update("u1", "add", text("meddle"))).check(expect![[r#"
        turn 1
        turn 2
            fault: an update validator wrote to a `State` (at messages.rs); it may only look, since what it does leaves no trace in history
    "#]]);
}

thread_local! {
    static STRICT: Cell<bool> = const { Cell::new(false) };
}

workflow! {
    Lenient { count: State<u32> }
    run |this, ctx, ()| () => u32 {
        ctx.wait_until(|| this.count.get() == 2).await?;
        Ok(this.count.get())
    }
    handlers |handlers| {
        handlers.update("add", |this, _, (): ()| {
            this.count.update(|count| *count += 1);
            done(fine(()))
        });
        handlers.validator(|_, (): &()| if STRICT.get() { Err(AnyError::message("no more")) } else { Ok(()) });
    }
}

#[test]
fn a_validator_is_not_asked_about_what_history_has_accepted() {
    let run = Scenario::of::<Lenient>(|| ()).start().turn(|server| server.update("u1", "add", ()));
    let run = run.turn(|server| server.update("u2", "add", ()));
    let played = run.play_once();
    STRICT.set(true);
    run.replay(&played);
    let refused = run.play_once();
    STRICT.set(false);
    assert!(refused.text.contains("reject u2: no more"), "{}", refused.text);
}

thread_local! {
    static GONE: Cell<bool> = const { Cell::new(false) };
}

workflow! {
    Shrinking
    run |_, ctx, ()| () => () {
        ctx.sleep(seconds(1)).await?;
        Ok(())
    }
    handlers |handlers| {
        if !GONE.get() {
            handlers.update("add", |_, _, (_,): (u32,)| done(fine(())));
        }
    }
}

#[test]
fn an_update_that_history_has_and_the_code_has_not_is_a_fault() {
    let with = Scenario::of::<Shrinking>(|| ()).start().turn(|server| server.update("u1", "add", (1,)));
    let played = with.play_once();
    GONE.set(true);
    let without = Scenario::of::<Shrinking>(|| ());
    let fault = without.replay_history(played.server.history()).expect_err("the update is gone");
    GONE.set(false);
    expect!["history accepted an update that the code cannot take: workflow `Shrinking` takes no update named `add`; it takes none"].assert_eq(&fault.to_string());
}

/// A value that panics when it is read.
struct Explosive;

impl<'de> serde::Deserialize<'de> for Explosive {
    fn deserialize<D: serde::Deserializer<'de>>(_: D) -> Result<Self, D::Error> {
        panic!("it was read")
    }
}

impl serde::Serialize for Explosive {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u32(5)
    }
}

workflow! {
    Failing
    run |_, ctx, ()| () => () {
        ctx.sleep(seconds(60)).await?;
        Ok(())
    }
    handlers |handlers| {
        handlers.signal("fail", |_, _, (): ()| Handling::Done(WorkflowResult::Err(AnyError::message("no").into())));
        handlers.signal("fail_late", |_, _, (): ()| Handling::running(async {
            WorkflowResult::Err(AnyError::message("not later either").into())
        }));
        handlers.signal("panic", |_, _, (): ()| -> Handling<()> { panic!("at the signal") });
        handlers.signal("panic_late", |_, _, (): ()| Handling::<()>::running(async { panic!("after the signal") }));
        handlers.signal("renew", |_, ctx, (): ()| Handling::Done(
            ctx.continue_as_new::<Failing, (), AnyError>(perpetua_contract::WorkflowCall::new(()))
        ));
        handlers.update("fail", |_, _, (): ()| done(WorkflowResult::<()>::Err(AnyError::message("no").into())));
        handlers.update("panic", |_, _, (): ()| -> Handling<WorkflowResult<()>> { panic!("at the update") });
        handlers.update("panic_late", |_, _, (): ()| Handling::<WorkflowResult<()>>::running(async { panic!("after the update") }));
        handlers.update("renew", |_, ctx, (): ()| Handling::Done(
            ctx.continue_as_new::<Failing, (), AnyError>(perpetua_contract::WorkflowCall::new(()))
        ));
        handlers.update("explode", |_, _, (_,): (Explosive,)| done(fine(())));
        handlers.update("mute", |_, _, (): ()| done(fine(std::collections::BTreeMap::from([((1, 2), 3)]))));
    }
}

fn failing() -> Scenario {
    Scenario::of::<Failing>(|| ()).start()
}

#[test]
fn the_error_of_a_signal_handler_fails_the_workflow() {
    failing().turn(|server| server.signal("fail", ())).check(expect![[r#"
        turn 1
            start_timer 1 60s
        turn 2
            fail no
    "#]]);
    failing().turn(|server| server.signal("fail_late", ())).check(expect![[r#"
        turn 1
            start_timer 1 60s
        turn 2
            fail not later either
    "#]]);
}

#[test]
fn a_signal_handler_may_continue_as_new() {
    failing().turn(|server| server.signal("renew", ())).check(expect![[r#"
        turn 1
            start_timer 1 60s
        turn 2
            continue_as_new Failing()
    "#]]);
}

#[test]
fn the_error_of_an_update_handler_fails_the_update() {
    failing().turn(|server| server.update("u", "fail", ())).turn(|server| server.fire("1")).check(expect![[r#"
        turn 1
            start_timer 1 60s
        turn 2
            accept u
            respond u failed: no
        turn 3
            complete null
    "#]]);
}

#[test]
fn an_answer_that_cannot_be_written_is_a_fault() {
    failing().turn(|server| server.update("u", "mute", ())).check(expect![[r#"
        turn 1
            start_timer 1 60s
        turn 2
            fault: the answer to update `mute` cannot be sent: `alloc::collections::btree::map::BTreeMap<(i32, i32), i32>` cannot be encoded: key must be a string
    "#]]);
}

#[test]
fn a_panic_before_an_update_is_accepted_refuses_it() {
    let run = failing().turn(|server| server.update("u", "explode", (Explosive,)));
    run.turn(|server| server.fire("1")).check(expect![[r#"
        turn 1
            start_timer 1 60s
        turn 2
            reject u: update `explode`: a panic while its arguments were read: it was read
        turn 3
            complete null
    "#]]);
}

#[test]
fn an_update_handler_that_continues_as_new_is_a_fault() {
    failing().turn(|server| server.update("u", "renew", ())).check(expect![[r#"
        turn 1
            start_timer 1 60s
        turn 2
            fault: the handler of update `renew` continued as new (at messages.rs), but its caller waits for an answer; let the main function do it
    "#]]);
}

#[test]
fn a_panic_in_a_handler_is_a_fault_that_names_it() {
    failing().turn(|server| server.signal("panic", ())).check(expect![[r#"
        turn 1
            start_timer 1 60s
        turn 2
            fault: workflow `Failing` panicked in the handler of signal `panic`: at the signal
    "#]]);
    failing().turn(|server| server.signal("panic_late", ())).check(expect![[r#"
        turn 1
            start_timer 1 60s
        turn 2
            fault: workflow `Failing` panicked in the handler of signal `panic_late`: after the signal
    "#]]);
    failing().turn(|server| server.update("u", "panic", ())).check(expect![[r#"
        turn 1
            start_timer 1 60s
        turn 2
            fault: workflow `Failing` panicked in the handler of update `panic`: at the update
    "#]]);
    failing().turn(|server| server.update("u", "panic_late", ())).check(expect![[r#"
        turn 1
            start_timer 1 60s
        turn 2
            fault: workflow `Failing` panicked in the handler of update `panic_late`: after the update
    "#]]);
}

workflow! {
    Eager
    run |_, ctx, ()| () => () {
        ctx.sleep(seconds(60)).await?;
        Ok(())
    }
    handlers |handlers| {
        handlers.update("go", |_, ctx, (): ()| {
            // It starts something before it returns the future that goes on with it.
            let sleep = ctx.spawn(ctx.sleep(seconds(1)).into_future());
            let call = ctx.activity(activity::<u32>("count", ())).start_to_close(seconds(1)).start();
            later(async move {
                let count = call.await?;
                sleep.await?;
                fine(count)
            })
        });
    }
}

#[test]
fn an_update_is_accepted_before_its_handler_does_anything() {
    let run = Scenario::of::<Eager>(|| ()).start().turn(|server| server.update("u", "go", ()));
    run.turn(|server| server.complete("1", 7)).turn(|server| server.fire("2")).check(expect![[r#"
        turn 1
            start_timer 1 60s
        turn 2
            accept u
            start_activity 1 count() start_to_close=1s
            start_timer 2 1s
        turn 3
        turn 4
            respond u 7
    "#]]);
}

workflow! {
    Piped { channel: Channel<String> }
    run |this, _, ()| () => String {
        Ok(this.channel.receive().await + &this.channel.receive().await)
    }
    handlers |handlers| {
        handlers.signal("send", |this, _, (text,): (String,)| { this.channel.send(text); Handling::Done(()) });
    }
}

#[test]
fn a_channel_that_a_signal_feeds_is_part_of_the_workflow() {
    let run = Scenario::of::<Piped>(|| ()).start().turn(|server| server.signal("send", text("a")));
    run.turn(|server| server.signal("send", text("b"))).check(expect![[r#"
        turn 1
        turn 2
        turn 3
            complete "ab"
    "#]]);
}

#[test]
fn a_signal_that_arrives_while_the_workflow_ends_is_handled_before_it_ends() {
    let run = ledger();
    let (mut server, mut worker) = (run.server(), Worker::new(&run));
    server.signal("note", text("end"));
    let in_vain = worker.answer_in_vain(&mut server, |server| server.signal("note", text("late")));
    assert_eq!(in_vain, [r#"complete ["end","main"]"#]);
    assert_eq!(worker.answer(&mut server), [r#"complete ["end","late","main"]"#]);
}

#[test]
fn a_run_whose_answer_was_lost_goes_on_only_if_it_changed_nothing() {
    let run = ledger();
    let (mut server, mut worker) = (run.server(), Worker::new(&run));
    worker.answer(&mut server);
    server.update("u1", "add", text(""));
    assert_eq!(worker.answer_unheard(&mut server), ["reject u1: nothing to add [Empty]"]);
    assert!(worker.continues(&server));
    assert_eq!(worker.answer(&mut server), ["reject u1: nothing to add [Empty]"], "the update is brought again");
    server.update("u2", "add", text("a"));
    assert_eq!(worker.answer_unheard(&mut server), ["accept u2", "respond u2 2"]);
    assert!(!worker.continues(&server), "the run has done what nobody knows");
    worker.evict();
    assert_eq!(worker.answer(&mut server), ["accept u2", "respond u2 2"]);
}

#[test]
fn updates_take_their_places_among_the_signals() {
    let run = ledger().start().turn(|server| {
        // The signals are events 5, 6 and 7.
        server.signal("note", text("a")).signal("note", text("b")).signal("note", text("c"));
        server.update_after(6, "u2", "add", text("after b")).update_after(5, "u1", "add", text("after a"))
    });
    let run = run.turn(|server| server.signal("note", text("end")));
    let played = run.play_once();
    expect![[r#"
        turn 1
        turn 2
            accept u1
            respond u1 3
            accept u2
            respond u2 5
        turn 3
            complete ["main","a","after a","b","after b","c","end"]
    "#]]
    .assert_eq(&played.text);
    run.replay(&played);
}
