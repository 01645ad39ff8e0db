//! Handlers that are registered at run time, handlers for all names, and what becomes of handlers at the end.

use perpetua_convert::RawArguments;
use perpetua_workflow::{Dynamic, UnfinishedPolicy};

use crate::support::*;

fn text(text: &str) -> (String,) {
    (text.to_owned(),)
}

workflow! {
    Late { seen: State<Vec<String>>, done: State<bool> }
    run |this, ctx, ()| () => Vec<String> {
        let seen = {
            let this = Rc::clone(&this);
            move |text: String| this.seen.update(|seen| seen.push(text))
        };
        ctx.wait_until(|| this.done.get()).await?;
        ctx.on_signal("b", { let seen = seen.clone(); move |text: String| seen(format!("b {text}")) });
        seen("b is there".to_owned());
        ctx.sleep(seconds(1)).await?;
        ctx.on_signal(Dynamic, { let seen = seen.clone(); move |name: String, arguments: RawArguments| {
            seen(format!("{name} with {}", arguments.len()));
        } });
        seen("all are there".to_owned());
        ctx.sleep(seconds(1)).await?;
        Ok(this.seen.take())
    }
    handlers |handlers| {
        handlers.signal("done", |this, _, (): ()| { this.done.set(true); Handling::Done(()) });
    }
}

#[test]
fn signals_wait_in_order_until_there_is_a_handler() {
    let run = Scenario::of::<Late>(|| ())
        .turn(|server| server.signal("a", text("1")).signal("b", text("2")).signal("c", (1, 2)).signal("b", text("3")));
    let run = run.turn(|server| server.signal("b", (5,)).signal("done", ()).signal("b", text("4")));
    let run = run.turn(|server| server.signal("b", text("5")).fire("1"));
    run.turn(|server| server.signal("d", ()).fire("2")).check(expect![[r#"
        turn 1
        turn 2
            start_timer 1 1s
        turn 3
            start_timer 2 1s
        turn 4
            complete ["b is there","b 2","b 3","b 4","b 5","all are there","a with 1","c with 2","d with 0"]
    "#]]);
}

workflow! {
    Opening { seen: State<Vec<String>> }
    run |this, ctx, ()| () => Vec<String> {
        ctx.wait_until(|| this.seen.with(Vec::len) == 5).await?;
        Ok(this.seen.take())
    }
    handlers |handlers| {
        handlers.signal("open", |this, ctx, (): ()| Handling::running(async move {
            let seen = Rc::clone(&this);
            ctx.on_signal("item", move |text: String| seen.seen.update(|seen| seen.push(text)));
            this.seen.update(|seen| seen.push("open".to_owned()));
            fine(())
        }));
    }
}

#[test]
fn what_waited_comes_before_what_comes_after_the_handler() {
    let run = Scenario::of::<Opening>(|| ()).turn(|server| server.signal("item", text("1")).signal("item", text("2")));
    let run = run.turn(|server| server.signal("open", ()).signal("item", text("3")));
    run.turn(|server| server.signal("item", text("4"))).check(expect![[r#"
        turn 1
        turn 2
        turn 3
            complete ["open","1","2","3","4"]
    "#]]);
}

thread_local! {
    static CTX: RefCell<Option<Ctx>> = const { RefCell::new(None) };
}

workflow! {
    Table { seen: State<Vec<String>>, step: State<u32> }
    run |this, ctx, ()| () => Vec<String> {
        let note = {
            let this = Rc::clone(&this);
            move |text: &str| this.seen.update(|seen| seen.push(text.to_owned()))
        };
        ctx.wait_until(|| this.step.get() == 1).await?;
        // Over what is declared.
        ctx.on_signal("add", { let note = note.clone(); move |text: String| note(&format!("over {text}")) });
        ctx.on_query("count", { let this = ctx.this::<Table>(); move |more: usize| this.seen.with(Vec::len) + more });
        ctx.on_update("put", { let note = note.clone(); move |text: String| { note(&text); fine(text.len()) } })
            .validator(|text: &String| if text.is_empty() { Err(AnyError::message("empty")) } else { Ok(()) });
        ctx.wait_until(|| this.step.get() == 2).await?;
        ctx.remove_signal_handler("add");
        ctx.remove_query_handler("count".to_owned());
        ctx.remove_update_handler("put");
        ctx.wait_until(|| this.step.get() == 3).await?;
        ctx.on_query(Dynamic, |name: String, arguments: RawArguments| format!("{name} of {}", arguments.len()));
        ctx.on_update(Dynamic, { let note = note.clone(); move |name: String, arguments: RawArguments| {
            note(&name);
            arguments.answer(&(name, arguments.get::<u32>(0)?)).map_err(AnyError::from)
        } })
        .validator(|name: &String, arguments: &RawArguments| match arguments.decode::<(u32,)>() {
            Ok(_) => Ok(()),
            Err(error) => Err(AnyError::message(format!("{name}: {error}"))),
        });
        ctx.wait_until(|| this.step.get() == 4).await?;
        ctx.on_fallible_query("half", |number: u32| {
            if number.is_multiple_of(2) { Ok(number / 2) } else { Err(AnyError::message("odd")) }
        });
        ctx.remove_query_handler(Dynamic);
        ctx.remove_update_handler(Dynamic);
        ctx.on_update("slow", |ctx: Ctx, seconds: u64| async move {
            ctx.sleep(std::time::Duration::from_secs(seconds)).await?;
            fine(ctx.current_update().map(|update| format!("{} {}", update.id, update.name)))
        });
        ctx.wait_until(|| this.step.get() == 5).await?;
        ctx.wait_until(|| ctx.all_handlers_finished()).await?;
        Ok(this.seen.take())
    }
    handlers |handlers| {
        handlers.signal("step", |this, _, (): ()| { this.step.update(|step| *step += 1); Handling::Done(()) });
        handlers.signal("add", |this, _, (text,): (String,)| {
            this.seen.update(|seen| seen.push(text));
            Handling::Done(())
        });
        handlers.query("count", |this, (): ()| this.seen.with(Vec::len));
        handlers.update("put", |this, _, (text,): (String,)| {
            this.seen.update(|seen| seen.push(text));
            done(fine("declared".to_owned()))
        });
    }
}

#[test]
fn handlers_are_put_over_others_and_removed() {
    let run = Scenario::of::<Table>(|| ()).start();
    let run = run.turn(|server| {
        server.signal("add", text("a")).update("u1", "put", text("")).query("count", ()).query("half", (4,))
    });
    let run = run.turn(|server| server.signal("step", ()));
    let run = run.turn(|server| {
        let server = server.signal("add", text("b")).update("u2", "put", text("")).update("u3", "put", text("four"));
        server.query("count", (10,))
    });
    let run = run.turn(|server| server.signal("step", ()));
    let run = run.turn(|server| server.signal("add", text("c")).update("u4", "put", text("x")).query("count", ()));
    let run = run.turn(|server| server.signal("step", ()));
    let run = run.turn(|server| {
        let server = server.update("u5", "put", text("x")).update("u6", "what", (7,)).query("count", (1, 2));
        server.update("u7", "__temporal_what", (7,)).query("__temporal_what", ())
    });
    let run = run.turn(|server| server.signal("step", ()));
    let run = run.turn(|server| {
        let server = server.update("u8", "slow", (1,)).update("u9", "what", (7,));
        server.query("what", ()).query("half", (4,)).query("half", (3,))
    });
    let run = run.turn(|server| server.signal("step", ()));
    run.turn(|server| server.fire("1")).check(expect![[r#"
        turn 1
        turn 2
            accept u1
            respond u1 "declared"
            count#1 -> 2
            half#2 -> failed: workflow `Table` takes no query named `half`; it takes: count
        turn 3
        turn 4
            accept u3
            respond u3 4
            reject u2: empty
            count#1 -> 14
        turn 5
        turn 6
            reject u4: workflow `Table` takes no update named `put`; it takes none
            count#1 -> failed: workflow `Table` takes no query named `count`; it takes none
        turn 7
        turn 8
            accept u6
            respond u6 ["what",7]
            reject u5: put: argument 1 of 1: `u32` cannot be read from `json/plain`
            reject u7: workflow `Table` takes no update named `__temporal_what`; it takes none
            __temporal_what#2 -> failed: workflow `Table` takes no query named `__temporal_what`; it takes none
            count#1 -> "count of 2"
        turn 9
        turn 10
            accept u8
            start_timer 1 1s
            reject u9: workflow `Table` takes no update named `what`; it takes: slow
            half#2 -> 2
            half#3 -> failed: odd
            what#1 -> failed: workflow `Table` takes no query named `what`; it takes: half
        turn 11
        turn 12
            respond u8 "u8 slow"
            complete ["a","","over b","four","what"]
    "#]]);
}

workflow! {
    Early { seen: State<Vec<String>> }
    run |this, ctx, ()| () => Vec<String> {
        let note = { let this = Rc::clone(&this); move |text: String| {
            this.seen.update(|seen| seen.push(text));
            fine(this.seen.with(Vec::len))
        } };
        this.seen.update(|seen| seen.push("main".to_owned()));
        let handler = note.clone();
        ctx.on_update("add", handler).validator(|text: &String| match text.as_str() {
            "bad" => Err(AnyError::message("bad")),
            _ => Ok(()),
        });
        ctx.sleep(seconds(1)).await?;
        ctx.wait_until(|| this.seen.with(Vec::len) > 3).await?;
        Ok(this.seen.take())
    }
    handlers |handlers| {
        handlers.update("declared", |this, _, (text,): (String,)| {
            this.seen.update(|seen| seen.push(text));
            done(fine(()))
        });
    }
}

#[test]
fn updates_that_came_with_the_start_find_what_the_main_function_registers() {
    let run = Scenario::of::<Early>(|| ()).turn(|server| {
        let server = server.update("u1", "add", text("1")).update("u2", "declared", text("2"));
        server.update("u3", "add", text("bad")).update("u4", "unknown", ()).update("u5", "add", text("3"))
    });
    run.turn(|server| server.fire("1")).check(expect![[r#"
        turn 1
            accept u2
            respond u2 null
            start_timer 1 1s
            accept u1
            respond u1 3
            accept u5
            respond u5 4
            reject u3: bad
            reject u4: workflow `Early` takes no update named `unknown`; it takes: add, declared
        turn 2
            complete ["2","main","1","3"]
    "#]]);
}

workflow! {
    Hasty
    run |_, ctx, ()| () => () {
        ctx.on_update("add", || fine(()));
        Ok(())
    }
}

#[test]
fn an_update_that_nobody_took_before_the_end_is_refused() {
    Scenario::of::<Hasty>(|| ()).turn(|server| server.update("u1", "add", ())).check(expect![[r#"
        turn 1
            complete null
            reject u1: the workflow ended before anything took the update
    "#]]);
}

workflow! {
    Prepared { seen: Rc<State<Vec<String>>> }
    run |this, ctx, ()| () => Vec<String> {
        ctx.wait_until(|| !this.seen.with(Vec::is_empty)).await?;
        this.seen.update(|seen| seen.push("main".to_owned()));
        Ok(this.seen.take())
    }
    init |ctx, _| {
        let seen = Rc::new(State::default());
        let theirs = Rc::clone(&seen);
        ctx.on_signal("add", move |text: String| theirs.update(|seen: &mut Vec<String>| seen.push(text)));
        Self { seen }
    }
}

#[test]
fn what_init_registers_is_there_from_the_beginning() {
    Scenario::of::<Prepared>(|| ()).turn(|server| server.signal("add", text("a"))).check(expect![[r#"
        turn 1
            complete ["a","main"]
    "#]]);
}

workflow! {
    CatchAll { seen: State<Vec<String>> }
    run |this, ctx, ()| () => Vec<String> {
        ctx.wait_until(|| this.seen.with(|seen| seen.len() == 3)).await?;
        Ok(this.seen.take())
    }
    handlers |handlers| {
        handlers.signal("known", |this, _, (text,): (String,)| {
            this.seen.update(|seen| seen.push(text));
            Handling::Done(())
        });
        handlers.dynamic_signal(|this, _, (name, arguments)| Handling::running(async move {
            this.seen.update(|seen| seen.push(format!("{name}{:?}", arguments.decode::<(String,)>().ok())));
        }));
        handlers.query("known", |_, (): ()| "known".to_owned());
        handlers.dynamic_fallible_query(|_, (name, arguments)| match arguments.is_empty() {
            true => Err(AnyError::message(format!("{name} of nothing"))),
            false => arguments.answer(&name).map_err(AnyError::from),
        });
        handlers.dynamic_update(|this, _, (name, arguments)| {
            this.seen.update(|seen| seen.push(name.clone()));
            done(fine((name, arguments.len())))
        });
        handlers.dynamic_validator(|_, (name, _)| if name == "no" { Err(AnyError::message("no")) } else { Ok(()) });
    }
}

#[test]
fn a_dynamic_handler_takes_what_no_other_takes() {
    let run = Scenario::of::<CatchAll>(|| ()).start();
    let run = run.turn(|server| {
        let server = server.signal("known", text("a")).signal("other", text("b")).signal("__temporal_other", ());
        server.query("known", ()).query("other", ()).query("more", (1,))
    });
    run.turn(|server| server.update("u1", "no", ()).update("u2", "yes", (1, 2))).check(expect![[r#"
        turn 1
        turn 2
            known#1 -> "known"
            more#3 -> "more"
            other#2 -> failed: other of nothing
        turn 3
            accept u2
            respond u2 ["yes",2]
            complete ["a","otherSome((\"b\",))","yes"]
            reject u1: no
    "#]]);
}

#[test]
fn a_signal_of_the_platform_is_dropped_and_logged() {
    let run = Scenario::of::<CatchAll>(|| ()).start().turn(|server| server.signal("__temporal_other", ()));
    let (lines, _) = logged(|| run.play_once());
    assert_eq!(lines, ["WARN signal `__temporal_other` is the platform's own, and unknown; it is dropped"]);
}

workflow! {
    Reserved
    run |_, ctx, (kind,)| (String,) => () {
        match kind.as_str() {
            "signal" => drop(ctx.on_signal("__temporal_signal", || ())),
            "update" => drop(ctx.on_update("__temporal_update", || fine(()))),
            "query" => drop(ctx.on_query("__temporal_query", || ())),
            _ => drop(ctx.on_query("__temporal_workflow_metadata", || "mine".to_owned())),
        }
        ctx.sleep(seconds(1)).await?;
        Ok(())
    }
}

#[test]
fn names_of_the_platform_cannot_be_registered_but_for_the_queries_that_every_workflow_answers() {
    Scenario::of::<Reserved>(|| text("signal")).start().check(expect![[r#"
        turn 1
            fault: a handler of signal `__temporal_signal` was registered (at handlers.rs), but names that begin with `__temporal_` are reserved for the platform; choose another one
    "#]]);
    Scenario::of::<Reserved>(|| text("update")).start().check(expect![[r#"
        turn 1
            fault: a handler of update `__temporal_update` was registered (at handlers.rs), but names that begin with `__temporal_` are reserved for the platform; choose another one
    "#]]);
    Scenario::of::<Reserved>(|| text("query")).start().check(expect![[r#"
        turn 1
            fault: a handler of query `__temporal_query` was registered (at handlers.rs), but names that begin with `__temporal_` are reserved for the platform; choose another one
    "#]]);
    let run = Scenario::of::<Reserved>(|| text("built in"));
    run.start().asking("__temporal_workflow_metadata").check(expect![[r#"
        turn 1
            start_timer 1 1s
            __temporal_workflow_metadata? "mine"
    "#]]);
}

workflow! {
    Onlooker
    run |_, ctx, ()| () => () {
        CTX.set(Some(ctx.clone()));
        ctx.sleep(seconds(1)).await?;
        Ok(())
    }
    handlers |handlers| {
        handlers.query("register", |_, (): ()| drop(CTX.with_borrow(|ctx| ctx.clone()).expect("it runs").on_signal("a", || ())));
        handlers.query("remove", |_, (): ()| CTX.with_borrow(|ctx| ctx.clone()).expect("it runs").remove_query_handler("a"));
        handlers.update("validated", |_, _, (): ()| done(fine(())));
        handlers.validator(|_, (): &()| {
            drop(CTX.with_borrow(|ctx| ctx.clone()).expect("it runs").on_update("a", || fine(())));
            Ok::<_, AnyError>(())
        });
    }
}

#[test]
fn whoever_may_only_look_registers_nothing() {
    let run = Scenario::of::<Onlooker>(|| ()).start();
    run.asking("register").check(expect![[r#"
        turn 1
            start_timer 1 1s
            register? failed: a query tried to register a handler; it may only look, since what it does leaves no trace in history
    "#]]);
    Scenario::of::<Onlooker>(|| ()).start().asking("remove").check(expect![[r#"
        turn 1
            start_timer 1 1s
            remove? failed: a query tried to remove a query handler; it may only look, since what it does leaves no trace in history
    "#]]);
    Scenario::of::<Onlooker>(|| ()).start().turn(|server| server.update("u", "validated", ())).check(expect![[r#"
        turn 1
            start_timer 1 1s
        turn 2
            fault: an update validator tried to register a handler; it may only look, since what it does leaves no trace in history
    "#]]);
}

workflow! {
    Ending { asked: State<Vec<bool>> }
    run |this, ctx, (waits,)| (bool,) => Vec<bool> {
        ctx.on_signal("quiet", |ctx: Ctx| async move { ctx.sleep(seconds(100)).await?; fine(()) })
            .unfinished_policy(UnfinishedPolicy::Abandon);
        ctx.on_update("loud", |ctx: Ctx| async move { ctx.sleep(seconds(100)).await?; fine(()) });
        ctx.sleep(seconds(1)).await?;
        this.asked.update(|asked| asked.push(ctx.all_handlers_finished()));
        if waits {
            ctx.wait_until(|| ctx.all_handlers_finished()).await?;
            this.asked.update(|asked| asked.push(ctx.all_handlers_finished()));
        }
        Ok(this.asked.take())
    }
    handlers |handlers| {
        handlers.signal("nap", |this, ctx, (): ()| Handling::running(async move {
            ctx.sleep(seconds(10)).await?;
            this.asked.update(|asked| asked.push(ctx.all_handlers_finished()));
            fine(())
        })).unfinished_policy(UnfinishedPolicy::Abandon);
        handlers.update("nap", |_, ctx, (): ()| later(async move { ctx.sleep(seconds(10)).await?; fine(()) }))
            .unfinished_policy(UnfinishedPolicy::WarnAndAbandon);
    }
}

#[test]
fn unfinished_handlers_are_warned_of_as_their_policies_say() {
    let run = Scenario::of::<Ending>(|| (false,)).start();
    let run = run
        .turn(|server| server.signal("quiet", ()).signal("nap", ()).update("u1", "loud", ()).update("u2", "nap", ()));
    let run = run.turn(|server| server.fire("1"));
    let (lines, played) = logged(|| run.play_once());
    expect!["WARN [TMPRL1102] the workflow ends while handlers are still running: the handler of update `loud` (id `u1`), the handler of update `nap` (id `u2`); what they were doing is cut off, and whoever waits for such an update gets an error; let the main function wait until they are done, with `ctx.wait_until(|| ctx.all_handlers_finished())`, or mark handlers for which that is fine with `unfinished_policy = Abandon`"].assert_eq(&lines.join("\n"));
    let (lines, ()) = logged(|| run.replay(&played));
    assert_eq!(lines, [""; 0]);
    let quiet = Scenario::of::<Ending>(|| (false,)).start().turn(|server| server.signal("quiet", ()).signal("nap", ()));
    let (lines, _) = logged(|| quiet.turn(|server| server.fire("1")).play_once());
    assert_eq!(lines, [""; 0]);
}

#[test]
fn a_workflow_waits_until_its_handlers_are_done() {
    let run = Scenario::of::<Ending>(|| (true,)).start().turn(|server| server.signal("nap", ()).update("u", "nap", ()));
    let run = run.turn(|server| server.fire("1")).turn(|server| server.fire("2"));
    run.turn(|server| server.fire("3")).check(expect![[r#"
        turn 1
            start_timer 1 1s
        turn 2
            accept u
            start_timer 2 10s
            start_timer 3 10s
        turn 3
        turn 4
        turn 5
            respond u null
            complete [false,false,true]
    "#]]);
}

workflow! {
    Asking { seen: Rc<State<Vec<String>>> }
    run |this, ctx, ()| () => Vec<String> {
        let note = |seen: &Rc<State<Vec<String>>>, ctx: &Ctx, place: &str| {
            let update = ctx.current_update().map_or("none".to_owned(), |update| format!("{} {}", update.id, update.name));
            seen.update(|seen| seen.push(format!("{place}: {update}")));
        };
        note(&this.seen, &ctx, "main");
        let (seen, main) = (Rc::clone(&this.seen), ctx.clone());
        ctx.on_update("plain", move || { note(&seen, &main, "plain"); fine(()) });
        let (seen, main) = (Rc::clone(&this.seen), ctx.clone());
        ctx.on_update("spawning", move |ctx: Ctx| {
            let (seen, main) = (Rc::clone(&seen), main.clone());
            async move {
                note(&seen, &ctx, "before");
                let task = ctx.spawn({ let (seen, main) = (Rc::clone(&seen), main.clone()); async move {
                    note(&seen, &main, "spawned");
                    main.sleep(seconds(1)).await?;
                    note(&seen, &main, "spawned, later");
                    fine(())
                } });
                task.await?;
                note(&seen, &ctx, "after");
                fine(())
            }
        });
        ctx.wait_until(|| this.seen.with(Vec::len) == 6).await?;
        note(&this.seen, &ctx, "main");
        Ok(this.seen.take())
    }
}

#[test]
fn the_current_update_is_known_to_its_handler_and_the_tasks_that_it_spawned() {
    let run = Scenario::of::<Asking>(|| ()).start();
    let run = run.turn(|server| server.update("u1", "plain", ()).update("u2", "spawning", ()));
    run.turn(|server| server.fire("1")).check(expect![[r#"
        turn 1
        turn 2
            accept u1
            respond u1 null
            accept u2
            start_timer 1 1s
        turn 3
            respond u2 null
            complete ["main: none","plain: u1 plain","before: u2 spawning","spawned: u2 spawning","spawned, later: u2 spawning","after: u2 spawning","main: none"]
    "#]]);
}

workflow! {
    Described
    run |_, ctx, ()| () => () {
        ctx.on_signal("b", || ()).description("Registered.");
        ctx.on_query(Dynamic, |name: String, _: RawArguments| name).description("Any.");
        ctx.remove_update_handler("gone");
        ctx.sleep(seconds(1)).await?;
        Ok(())
    }
    handlers |handlers| {
        handlers.signal("c", |_, _, (): ()| Handling::Done(())).description("Declared.");
        handlers.signal("a", |_, _, (): ()| Handling::Done(()));
        handlers.query("z", |_, (): ()| 1).description("Last.");
        handlers.update("gone", |_, _, (): ()| done(fine(())));
        handlers.dynamic_update(|_, _, (name, _)| done(fine(name))).description("All.");
    }
}

#[test]
fn a_workflow_says_which_messages_it_takes() {
    Scenario::of::<Described>(|| ()).start().asking("__temporal_workflow_metadata").check(expect![[r#"
        turn 1
            start_timer 1 1s
            __temporal_workflow_metadata? {"definition":{"type":"Described","queryDefinitions":[{"description":"Any."},{"name":"__enhanced_stack_trace","description":"Returns what the workflow waits for, with lines of source code, for tools."},{"name":"__stack_trace","description":"Returns what the workflow waits for, with lines of source code."},{"name":"__temporal_workflow_metadata","description":"Returns what the workflow is and which messages it takes."},{"name":"z","description":"Last."}],"signalDefinitions":[{"name":"a"},{"name":"b","description":"Registered."},{"name":"c","description":"Declared."}],"updateDefinitions":[{"description":"All."}]}}
    "#]]);
}

#[test]
fn the_workflow_itself_is_at_hand_where_its_type_is_known() {
    workflow! {
        Wrong
        run |_, ctx, ()| () => () {
            drop(ctx.this::<Table>());
            Ok(())
        }
    }
    Scenario::of::<Wrong>(|| ()).start().check(expect![[r#"
        turn 1
            fault: workflow `Wrong` panicked in its main function: workflow `Wrong` is not a `workflow::handlers::Table`
    "#]]);
}
