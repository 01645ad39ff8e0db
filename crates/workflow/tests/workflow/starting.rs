//! How runs begin, and how they cannot.

use crate::support::*;

workflow! {
    Plain
    run |_, _, (number,)| (u32,) => u32 { Ok(number) }
}

#[test]
fn a_workflow_that_is_not_registered_is_a_fault_that_says_what_is() {
    Scenario::of::<Plain>(|| (1,)).without_the_workflow().start().check(expect![[r#"
        turn 1
            fault: workflow `Plain` is not registered with this worker; it has: none
    "#]]);
    Scenario::of::<Plain>(|| (1,)).with_only::<Built>().start().check(expect![[r#"
        turn 1
            fault: workflow `Plain` is not registered with this worker; it has: Built
    "#]]);
}

workflow! {
    Wordy
    run |_, _, (_,)| (String,) => () { Ok(()) }
}

#[test]
fn input_that_cannot_be_read_is_a_fault() {
    Scenario::of::<Wordy>(|| (String::new(),)).given(|| Server::start("Wordy", &(5,))).start().check(expect![[r#"
        turn 1
            fault: workflow `Wordy` cannot be started: argument 1 of 1: `alloc::string::String` cannot be read from `json/plain`: invalid type: integer `5`, expected a string at line 1 column 1
    "#]]);
    Scenario::of::<Wordy>(|| (String::new(),)).given(|| Server::start("Wordy", &())).start().check(expect![[r#"
        turn 1
            fault: workflow `Wordy` cannot be started: argument 1 of 1: a value for `alloc::string::String` is missing
    "#]]);
}

workflow! {
    Built { numbers: State<Vec<u64>>, ctx: RefCell<Option<Ctx>> }
    run |this, ctx, (how,)| (String,) => (Vec<u64>, String) {
        this.numbers.update(|numbers| numbers.push(ctx.random().below(100)));
        Ok((this.numbers.take(), how))
    }
    init |ctx, (how,)| {
        let this = Built::default();
        match how.as_str() {
            "write" => this.numbers.set(vec![1]),
            "draw" => this.numbers.set(vec![ctx.random().below(100)]),
            "keep" => drop(this.ctx.replace(Some(ctx.clone()))),
            "start" => drop(ctx.activity(activity::<()>("a", ())).start_to_close(seconds(1)).start()),
            "spawn" => drop(ctx.spawn(async {})),
            "panic" => panic!("while building"),
            other => panic!("{other}"),
        }
        this
    }
}

#[test]
fn what_builds_the_state_may_write_it_draw_and_keep_its_context() {
    Scenario::of::<Built>(|| ("write".to_owned(),)).start().check(expect![[r#"
        turn 1
            complete [[1,49],"write"]
    "#]]);
    Scenario::of::<Built>(|| ("draw".to_owned(),)).start().check(expect![[r#"
        turn 1
            complete [[49,93],"draw"]
    "#]]);
    Scenario::of::<Built>(|| ("keep".to_owned(),)).start().check(expect![[r#"
        turn 1
            complete [[49],"keep"]
    "#]]);
}

#[test]
fn what_builds_the_state_starts_nothing() {
    Scenario::of::<Built>(|| ("start".to_owned(),)).start().check(expect![[r#"
        turn 1
            fault: an `#[init]` function tried to start an activity; it only builds the state; the main function does the rest
    "#]]);
    Scenario::of::<Built>(|| ("spawn".to_owned(),)).start().check(expect![[r#"
        turn 1
            fault: an `#[init]` function tried to spawn a task; it only builds the state; the main function does the rest
    "#]]);
}

#[test]
fn a_panic_while_the_state_is_built_is_a_fault() {
    Scenario::of::<Built>(|| ("panic".to_owned(),)).start().check(expect![[r#"
        turn 1
            fault: workflow `Built` panicked in its `#[init]` function: while building
    "#]]);
}

workflow! {
    Knowing
    run |_, ctx, ()| () => Vec<String> {
        let mut seen = Vec::new();
        for _ in 0..2 {
            let info = ctx.info();
            seen.push(format!("{} {} {}", info.workflow_type(), info.execution().workflow_id, info.execution().run_id));
            seen.push(format!("{} {} attempt {}", info.namespace(), info.task_queue(), info.attempt()));
            seen.push(format!("first {} {}", info.first_run(), info.suggests_continue_as_new()));
            ctx.sleep(seconds(1)).await?;
        }
        Ok(seen)
    }
}

#[test]
fn a_workflow_knows_its_names() {
    let run = Scenario::of::<Knowing>(|| ()).start().turn(|server| server.fire("1"));
    run.turn(|server| server.fire("2")).check(expect![[r#"
        turn 1
            start_timer 1 1s
        turn 2
            start_timer 2 1s
        turn 3
            complete ["Knowing workflow 5f0b7d1c-2a4e-4f6b-8c9d-0e1f2a3b4c5d","default queue attempt 1","first 5f0b7d1c-2a4e-4f6b-8c9d-0e1f2a3b4c5d false","Knowing workflow 5f0b7d1c-2a4e-4f6b-8c9d-0e1f2a3b4c5d","default queue attempt 1","first 5f0b7d1c-2a4e-4f6b-8c9d-0e1f2a3b4c5d false"]
    "#]]);
}
