//! What a workflow notes: patches, side effects, search attributes, memo, current details.

use perpetua_convert::{Double, Int, Keyword, MemoUpdate, SearchAttributeKey};
use perpetua_core::Fault;

use crate::support::*;

const CUSTOMER: SearchAttributeKey<Keyword> = SearchAttributeKey::keyword("Customer");
const AMOUNT: SearchAttributeKey<Int> = SearchAttributeKey::int("Amount");
const RATE: SearchAttributeKey<Double> = SearchAttributeKey::double("Rate");

thread_local! {
    /// Which version of the code runs.
    static VERSION: Cell<&'static str> = const { Cell::new("") };
    /// How often a closure was called.
    static CALLS: Cell<u32> = const { Cell::new(0) };
}

workflow! {
    Patched
    run |_, ctx, ()| () => String {
        let mut seen = Vec::new();
        for number in 0..2 {
            match VERSION.get() {
                "old" => {}
                "new" => seen.push(ctx.patched("ship-by-air")),
                "deprecated" => ctx.deprecate_patch("ship-by-air"),
                "late" if number == 1 => seen.push(ctx.patched("ship-by-air")),
                _ => {}
            }
            ctx.sleep(seconds(1)).await?;
        }
        Ok(format!("{seen:?}"))
    }
}

fn patched() -> Scenario {
    Scenario::of::<Patched>(|| ()).start().turn(|server| server.fire("1")).turn(|server| server.fire("2"))
}

#[test]
fn a_new_run_has_the_patch_and_says_so_once() {
    VERSION.set("new");
    patched().check(expect![[r#"
        turn 1
            record_marker core_patch patch-data={"id":"ship-by-air","deprecated":false}
            upsert_search_attributes TemporalChangeVersion=["ship-by-air"]
            start_timer 1 1s
        turn 2
            start_timer 2 1s
        turn 3
            complete "[true, true]"
    "#]]);
    VERSION.set("deprecated");
    patched().check(expect![[r#"
        turn 1
            record_marker core_patch patch-data={"id":"ship-by-air","deprecated":true}
            upsert_search_attributes TemporalChangeVersion=["ship-by-air"]
            start_timer 1 1s
        turn 2
            start_timer 2 1s
        turn 3
            complete "[]"
    "#]]);
}

/// Plays one version for two turns and another one from then on; what the last turn says.
fn changed(before: &'static str, after: &'static str) -> String {
    let scenario = patched();
    let (mut server, mut worker) = (scenario.server(), Worker::new(&scenario));
    VERSION.set(before);
    worker.answer(&mut server);
    worker.answer(server.fire("1"));
    worker.evict();
    VERSION.set(after);
    match worker.try_answer(server.fire("2")) {
        Ok(lines) => lines.join("; "),
        Err(fault) => fault.to_string().lines().skip(1).take(2).map(str::trim).collect::<Vec<_>>().join("; "),
    }
}

#[test]
fn a_patch_can_come_and_go_while_a_run_is_under_way() {
    for (before, after, expected) in [
        ("old", "new", r#"complete "[false, false]""#),
        ("old", "late", r#"complete "[false]""#),
        ("old", "deprecated", r#"complete "[]""#),
        ("new", "deprecated", r#"complete "[]""#),
        ("new", "old", "history: patch  id=ship-by-air; code:    start_timer  after=1s  id=1"),
        ("new", "late", "history: patch  id=ship-by-air; code:    start_timer  after=1s  id=1"),
        // The first call is answered with no, as history has it, and that holds for the second.
        ("late", "new", "history: patch  id=ship-by-air; code:    start_timer  after=1s  id=2"),
        ("deprecated", "old", r#"complete "[]""#),
        ("deprecated", "new", r#"complete "[true, true]""#),
        ("deprecated", "late", r#"complete "[true]""#),
    ] {
        let said = changed(before, after);
        assert_eq!(said, expected, "{before}, then {after}");
    }
}

workflow! {
    ManyPatches
    run |_, ctx, ()| () => () {
        for number in 0..3 {
            ctx.patched(format!("{number}{}", "x".repeat(1000)));
        }
        Ok(())
    }
}

#[test]
fn a_patch_that_has_no_room_in_the_list_is_warned_of() {
    let scenario = Scenario::of::<ManyPatches>(|| ()).start();
    let (mut server, mut worker) = (scenario.server(), Worker::new(&scenario));
    let (said, lines) = logged(|| worker.answer(&mut server));
    assert_eq!(said.len(), 1, "{said:?}");
    assert!(said[0].starts_with("WARN patch `2xxx"), "{said:?}");
    assert!(said[0].contains("`TemporalChangeVersion` has no room for it"), "{said:?}");
    let kinds: Vec<_> = lines.iter().filter_map(|line| line.split(' ').next()).collect();
    let upserted = "upsert_search_attributes";
    assert_eq!(kinds, ["record_marker", upserted, "record_marker", upserted, "record_marker", "complete"]);
}

workflow! {
    Affected
    run |_, ctx, ()| () => Vec<u32> {
        let one = ctx.side_effect(|| CALLS.replace(CALLS.get() + 1));
        ctx.sleep(seconds(1)).await?;
        let (two, three) = (ctx.side_effect(|| CALLS.replace(CALLS.get() + 1)), ctx.side_effect(|| 7));
        ctx.sleep(seconds(1)).await?;
        Ok(vec![one, two, three])
    }
}

#[test]
fn a_side_effect_happens_once_and_its_value_is_kept() {
    let scenario = Scenario::of::<Affected>(|| ());
    for evicts in [false, true] {
        CALLS.set(10);
        let (mut server, mut worker) = (scenario.server(), Worker::new(&scenario));
        let mut lines = worker.answer(&mut server);
        for timer in ["1", "2"] {
            if evicts {
                worker.evict();
            }
            lines.extend(worker.answer(server.fire(timer)));
        }
        let expected = [
            "record_marker SideEffect data=10 side-effect-id=1",
            "start_timer 1 1s",
            "record_marker SideEffect data=11 side-effect-id=2",
            "record_marker SideEffect data=7 side-effect-id=3",
            "start_timer 2 1s",
            "complete [10,11,7]",
        ];
        assert_eq!(lines, expected, "evicts: {evicts}");
        assert_eq!(CALLS.get(), 12, "evicts: {evicts}");
        scenario.replay_history(server.history()).expect("it replays");
        assert_eq!(CALLS.get(), 12, "evicts: {evicts}");
    }
}

#[test]
fn a_side_effect_of_a_lost_task_happens_again() {
    let scenario = Scenario::of::<Affected>(|| ());
    CALLS.set(0);
    let (mut server, mut worker) = (scenario.server(), Worker::new(&scenario));
    worker.answer_in_vain(&mut server, |server| server.signal("x", ()));
    assert_eq!(worker.answer(&mut server)[0], "record_marker SideEffect data=1 side-effect-id=1");
}

/// A value that changes on its way.
#[derive(serde::Serialize, serde::Deserialize)]
struct Lossy {
    #[serde(skip)]
    forgotten: u8,
    kept: u8,
}

/// A value that can be written and not read.
#[derive(serde::Serialize, serde::Deserialize)]
#[serde(rename_all(serialize = "UPPERCASE"))]
struct OneWay {
    value: u8,
}

workflow! {
    Kinds
    run |_, ctx, ()| () => String {
        match VERSION.get() {
            "lossy" => {
                let Lossy { forgotten, kept } = ctx.side_effect(|| Lossy { forgotten: 1, kept: 2 });
                Ok(format!("{forgotten} {kept}"))
            }
            "nothing" => Ok(format!("{:?}", ctx.side_effect(|| None::<u8>))),
            "one way" => Ok(ctx.side_effect(|| OneWay { value: 1 }).value.to_string()),
            "not JSON" => Ok(ctx.side_effect(|| std::collections::BTreeMap::from([((1, 2), 3)])).len().to_string()),
            "polls" => {
                let mut sleep = Box::pin(ctx.sleep(seconds(1)).into_future());
                ctx.side_effect(|| {
                    let polled = sleep.as_mut().poll(&mut std::task::Context::from_waker(std::task::Waker::noop()));
                    polled.is_ready()
                });
                Ok(String::new())
            }
            "draws" => Ok(ctx.side_effect(|| ctx.random().u64()).to_string()),
            "nests" => Ok(ctx.side_effect(|| ctx.side_effect(|| 1)).to_string()),
            "patches" => Ok(ctx.side_effect(|| ctx.patched("fix")).to_string()),
            "looks" => Ok(ctx.side_effect(|| ctx.info().workflow_type().to_string())),
            "panics" => Ok(ctx.side_effect(|| -> String { panic!("no region") })),
            other => Ok(other.to_owned()),
        }
    }
}

#[test]
fn a_side_effect_gives_at_once_what_a_replay_gives() {
    VERSION.set("lossy");
    Scenario::of::<Kinds>(|| ()).start().check(expect![[r#"
        turn 1
            record_marker SideEffect data={"kept":2} side-effect-id=1
            complete "0 2"
    "#]]);
    VERSION.set("nothing");
    Scenario::of::<Kinds>(|| ()).start().check(expect![[r#"
        turn 1
            record_marker SideEffect data=null side-effect-id=1
            complete "None"
    "#]]);
    VERSION.set("looks");
    Scenario::of::<Kinds>(|| ()).start().check(expect![[r#"
        turn 1
            record_marker SideEffect data="Kinds" side-effect-id=1
            complete "Kinds"
    "#]]);
}

#[test]
fn a_side_effect_that_cannot_be_kept_fails_the_task() {
    VERSION.set("one way");
    Scenario::of::<Kinds>(|| ()).start().check(expect![[r#"
        turn 1
            fault: the value of a side effect cannot be read: `workflow::notes::OneWay` cannot be read from `json/plain`: missing field `value` at line 1 column 11 (at notes.rs)
    "#]]);
    VERSION.set("not JSON");
    Scenario::of::<Kinds>(|| ()).start().check(expect![[r#"
        turn 1
            fault: the value of a side effect cannot be kept: `alloc::collections::btree::map::BTreeMap<(i32, i32), i32>` cannot be encoded: key must be a string (at notes.rs)
    "#]]);
    VERSION.set("panics");
    Scenario::of::<Kinds>(|| ()).start().check(expect![[r#"
        turn 1
            fault: workflow `Kinds` panicked in its main function: no region
    "#]]);
}

#[test]
fn a_side_effect_may_not_use_the_workflow() {
    VERSION.set("polls");
    Scenario::of::<Kinds>(|| ()).start().check(expect![[r#"
        turn 1
            fault: the closure of a side effect tried to start a timer; it may only look and return a value, since no replay calls it again
    "#]]);
    VERSION.set("draws");
    Scenario::of::<Kinds>(|| ()).start().check(expect![[r#"
        turn 1
            fault: the closure of a side effect tried to draw from the workflow's randomness; it may only look and return a value, since no replay calls it again
    "#]]);
    VERSION.set("nests");
    Scenario::of::<Kinds>(|| ()).start().check(expect![[r#"
        turn 1
            fault: the closure of a side effect tried to have a side effect; it may only look and return a value, since no replay calls it again
    "#]]);
    VERSION.set("patches");
    Scenario::of::<Kinds>(|| ()).start().check(expect![[r#"
        turn 1
            fault: the closure of a side effect tried to ask for a patch; it may only look and return a value, since no replay calls it again
    "#]]);
}

workflow! {
    Waiting
    run |_, ctx, ()| () => u32 {
        let value = match VERSION.get() {
            "new" => ctx.side_effect(|| 1),
            _ => 0,
        };
        ctx.sleep(seconds(1)).await?;
        Ok(value)
    }
}

#[test]
fn a_side_effect_that_history_does_not_have_never_happens() {
    let scenario = Scenario::of::<Waiting>(|| ());
    let (mut server, mut worker) = (scenario.server(), Worker::new(&scenario));
    VERSION.set("old");
    worker.answer(&mut server);
    worker.evict();
    VERSION.set("new");
    let fault = worker.try_answer(server.fire("1")).expect_err("history has no side effect");
    let Fault::Nondeterminism(mismatch) = &fault else { panic!("{fault:?}") };
    assert_eq!(mismatch.history.as_deref(), Some("start_timer  after=1s  id=1"));
    assert_eq!(mismatch.code.as_deref(), Some("side_effect  id=1"));
    assert!(mismatch.at.is_some_and(|at| at.file().ends_with("notes.rs")), "{mismatch:?}");
}

workflow! {
    Noting { shown: State<String> }
    run |this, ctx, ()| () => () {
        let show = || {
            let memo = ctx.memo();
            let status = memo.get::<String>("status").expect("it is a text").unwrap_or_default();
            let text = format!("{:?} {:?} {status} {}", ctx.search_attributes(), memo.keys().collect::<Vec<_>>(), ctx.current_details());
            this.shown.set(text);
        };
        show();
        ctx.sleep(seconds(1)).await?;
        ctx.upsert_search_attributes([CUSTOMER.set("bob"), AMOUNT.set(7)]);
        ctx.upsert_memo([MemoUpdate::set("status", "packed"), MemoUpdate::set("parcels", 3)]);
        ctx.set_current_details("**packed**");
        show();
        ctx.sleep(seconds(1)).await?;
        ctx.upsert_search_attributes([CUSTOMER.unset()]);
        ctx.upsert_memo([MemoUpdate::unset("parcels"), MemoUpdate::set("draft", None::<u8>)]);
        ctx.upsert_search_attributes([]);
        ctx.upsert_memo([]);
        show();
        ctx.sleep(seconds(1)).await?;
        Ok(())
    }
    handlers |handlers| {
        handlers.query("shown", |this: &Self, ()| this.shown.get());
    }
}

#[test]
fn what_was_noted_can_be_read() {
    let start = || {
        Server::start_as("Noting", &(), |started| {
            let converter = perpetua_convert::PayloadConverter::default();
            let draft = MemoUpdate::set("draft", true).into_field(&converter).expect("it can be sent");
            let customer = CUSTOMER.set("ann").into_field().expect("it can be sent");
            started.memo = Some([draft].into());
            started.search_attributes = Some([customer].into());
        })
    };
    Scenario::of::<Noting>(|| ())
        .given(start)
        .asking("shown")
        .start()
        .turn(|server| server.fire("1"))
        .turn(|server| server.fire("2"))
        .turn(|server| server.fire("3"))
        .check(expect![[r#"
            turn 1
                start_timer 1 1s
                shown? "{\"Customer\": \"\\\"ann\\\"\"} [\"draft\"]  "
            turn 2
                upsert_search_attributes Amount=7 Customer="bob"
                upsert_memo parcels=3 status="packed"
                start_timer 2 1s
                shown? "{\"Amount\": \"7\", \"Customer\": \"\\\"bob\\\"\"} [\"draft\", \"parcels\", \"status\"] packed **packed**"
            turn 3
                upsert_search_attributes Customer=null
                upsert_memo draft=null parcels=null
                start_timer 3 1s
                shown? "{\"Amount\": \"7\"} [\"status\"] packed **packed**"
            turn 4
                complete null
                shown? "{\"Amount\": \"7\"} [\"status\"] packed **packed**"
        "#]]);
}

workflow! {
    Misnoting
    run |_, ctx, ()| () => () {
        match VERSION.get() {
            "not a number" => ctx.upsert_search_attributes([RATE.set(f64::NAN)]),
            "a list of patches" => {
                ctx.upsert_search_attributes([SearchAttributeKey::<Keyword>::named("TemporalChangeVersion").set("x")]);
            }
            _ => ctx.upsert_memo([MemoUpdate::set("map", std::collections::BTreeMap::from([((1, 2), 3)]))]),
        }
        Ok(())
    }
}

#[test]
fn what_cannot_be_noted_fails_the_task() {
    VERSION.set("not a number");
    Scenario::of::<Misnoting>(|| ()).start().check(expect![[r#"
        turn 1
            fault: search attributes cannot be changed: `f64` cannot be encoded: search attribute `Rate`: there is no such Double in JSON (at notes.rs)
    "#]]);
    VERSION.set("a list of patches");
    Scenario::of::<Misnoting>(|| ()).start().check(expect![[r#"
        turn 1
            fault: the search attribute `TemporalChangeVersion` lists the patches of a run, and is not to be set (at notes.rs)
    "#]]);
    VERSION.set("a map");
    Scenario::of::<Misnoting>(|| ()).start().check(expect![[r#"
        turn 1
            fault: the memo cannot be changed: `alloc::collections::btree::map::BTreeMap<(i32, i32), i32>` cannot be encoded: key must be a string (at notes.rs)
    "#]]);
}

thread_local! {
    static CTX: RefCell<Option<Ctx>> = const { RefCell::new(None) };
}

workflow! {
    Asked
    run |_, ctx, ()| () => () {
        CTX.set(Some(ctx.clone()));
        ctx.sleep(seconds(1)).await?;
        Ok(())
    }
    handlers |handlers| {
        handlers.query("patched", |_: &Self, ()| CTX.with_borrow(|ctx| ctx.as_ref().map(|ctx| ctx.patched("fix"))));
        handlers.query("effect", |_: &Self, ()| CTX.with_borrow(|ctx| ctx.as_ref().map(|ctx| ctx.side_effect(|| 1))));
        handlers.query("memo", |_: &Self, ()| CTX.with_borrow(|ctx| ctx.as_ref().map(|ctx| ctx.upsert_memo([]))));
        handlers.query("attributes", |_: &Self, ()| {
            CTX.with_borrow(|ctx| ctx.as_ref().map(|ctx| ctx.upsert_search_attributes([])))
        });
        handlers.query("details", |_: &Self, ()| CTX.with_borrow(|ctx| ctx.as_ref().map(|ctx| ctx.set_current_details("x"))));
    }
}

#[test]
fn a_query_can_note_nothing() {
    let scenario = Scenario::of::<Asked>(|| ()).start();
    for (query, tried) in [
        ("patched", "ask for a patch"),
        ("effect", "have a side effect"),
        ("memo", "change the memo"),
        ("attributes", "change search attributes"),
        ("details", "set its current details"),
    ] {
        let (mut server, mut worker) = (scenario.server(), Worker::new(&scenario));
        worker.answer(&mut server);
        let said = worker.ask(&server, query);
        assert!(said.starts_with(&format!("failed: a query tried to {tried}; ")), "{said}");
    }
    CTX.take();
}

workflow! {
    Parent
    run |_, ctx, ()| () => () {
        let call = || perpetua_contract::Workflow::named("child").args(()).returning::<()>();
        let child = ctx.child(call()).id("child").memo("parcels", 3).search_attribute(CUSTOMER, "ann");
        let child = if VERSION.get() == "not a number" { child.search_attribute(RATE, f64::NAN) } else { child };
        child.await?;
        Ok(())
    }
}

/// What the workflow asks for first.
fn asked_for_first() -> Result<Vec<perpetua_vocab::Command>, Fault> {
    let scenario = Scenario::of::<Parent>(|| ());
    let mut server = scenario.server();
    server.hand_out();
    let mut live = scenario.live();
    live.begin(server.head());
    Ok(feed(&mut live, vec![server.history().to_vec()])?.commands)
}

#[test]
fn a_child_begins_with_what_is_noted_of_it() {
    VERSION.set("");
    let commands = asked_for_first().expect("it is played");
    let [perpetua_vocab::Command { kind: perpetua_vocab::CommandKind::StartChildWorkflow(start), .. }] = &commands[..]
    else {
        panic!("{commands:?}")
    };
    assert_eq!(&start.memo.as_ref().expect("a memo")["parcels"].data[..], b"3");
    assert_eq!(&start.search_attributes.as_ref().expect("search attributes")["Customer"].data[..], b"\"ann\"");
    VERSION.set("not a number");
    let fault = asked_for_first().expect_err("it cannot be sent").to_string();
    assert!(fault.starts_with("child workflow `child` cannot be started: `f64` cannot be encoded"), "{fault}");
}
