//! How runs begin, and how they cannot.

use std::time::Duration;

use perpetua_convert::PayloadConverter;
use perpetua_vocab::{
    ApplicationFailure, EventId, Failure, FailureInfo, Namespace, ParentWorkflow, Priority, RetryPolicy, RunId,
    WorkflowExecution, WorkflowStarted,
};

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

workflow! {
    WellInformed
    run |_, ctx, ()| () => Vec<String> {
        let first = ctx.now();
        ctx.sleep(seconds(1)).await?;
        let info = ctx.info();
        let seconds_since_start = ctx.now().duration_since(info.started()).map_or(0, |since| since.as_secs());
        Ok(vec![
            format!("attempt {} of first {}, made as {}", info.attempt(), info.first_run(), info.original_run()),
            format!("after {:?}, in {:?}", info.continued_run(), info.parent()),
            format!("below {:?}", info.root().map(|root| root.workflow_id.as_str())),
            format!("{:?} {:?}", info.cron_schedule(), info.first_task_backoff()),
            format!("{:?} {:?} {:?}", info.execution_timeout(), info.run_timeout(), info.task_timeout()),
            format!("{:?} {:?}", info.retry_policy().map(|policy| policy.maximum_attempts), info.priority()),
            format!("{:?}", info.header().keys().collect::<Vec<_>>()),
            format!("{} {seconds_since_start}", info.first_task_started() == first),
            format!("{} {:?}", info.suggests_continue_as_new(), info.continue_as_new_reasons()),
            format!("{} {:?}", info.target_version_changed(), info.deployment_version()),
        ])
    }
}

#[test]
fn a_workflow_knows_how_it_was_started() {
    let scenario = Scenario::of::<WellInformed>(|| ()).start();
    let plain = scenario.turn(|server| server.wait(3).fire("1"));
    plain.check(expect![[r#"
        turn 1
            start_timer 1 1s
        turn 2
            complete ["attempt 1 of first 5f0b7d1c-2a4e-4f6b-8c9d-0e1f2a3b4c5d, made as 5f0b7d1c-2a4e-4f6b-8c9d-0e1f2a3b4c5d","after None, in None","below Some(\"workflow\")","\"\" None","None None None","None Priority { key: 0, fairness_key: \"\", fairness_weight: 0.0 }","[]","true 3","false []","false None"]
    "#]]);
    let given = Scenario::of::<WellInformed>(|| ()).given(|| Server::start_as("WellInformed", &(), say_all)).start();
    given.turn(|server| server.wait(3).fire("1")).check(expect![[r#"
        turn 1
            start_timer 1 1s
        turn 2
            complete ["attempt 3 of first first, made as original","after Some(RunId(\"before\")), in Some(ParentWorkflow { namespace: Namespace(\"default\"), execution: WorkflowExecution { workflow_id: WorkflowId(\"parent\"), run_id: RunId(\"parent run\") }, initiated: Some(EventId(5)) })","below Some(\"root\")","\"@daily\" Some(2s)","Some(30s) Some(20s) Some(10s)","Some(4) Priority { key: 2, fairness_key: \"vip\", fairness_weight: 2.5 }","[\"trace\"]","true 3","false []","false None"]
    "#]]);
}

fn say_all(started: &mut WorkflowStarted) {
    let execution = |name: &str| WorkflowExecution { workflow_id: name.into(), run_id: format!("{name} run").into() };
    started.attempt = 3;
    started.first_run = RunId::new("first");
    started.original_run = RunId::new("original");
    started.continued_run = Some(RunId::new("before"));
    started.set_parent(Some(ParentWorkflow {
        namespace: Namespace::new("default"),
        execution: execution("parent"),
        initiated: EventId::new(5),
    }));
    started.set_root(Some(execution("root")));
    started.cron_schedule = "@daily".to_owned();
    started.set_first_task_backoff(Some(Duration::from_secs(2)));
    started.execution_timeout = Some(Duration::from_secs(30));
    started.run_timeout = Some(Duration::from_secs(20));
    started.task_timeout = Some(Duration::from_secs(10));
    started.retry_policy = Some(RetryPolicy::exponential().max_attempts(4));
    started.set_priority(Some(Priority::new(2).fairness_key("vip").fairness_weight(2.5)));
    let payload = PayloadConverter::default().encode(&"trace").expect("a text can be encoded");
    started.header = Some([("trace".to_owned(), payload)].into());
}

workflow! {
    Following
    run |_, ctx, ()| () => (Option<u32>, Option<String>, Option<String>) {
        let failure = ctx.last_failure().map(|failure| failure.message().to_owned());
        let own = ctx.last_failure_as::<Lost>().map(|error| error.to_string());
        Ok((ctx.last_result()?, failure, own))
    }
}

#[derive(Debug, thiserror::Error)]
#[error("lost")]
struct Lost;

impl perpetua_convert::ApplicationError for Lost {
    fn describe(
        &self,
        _: &perpetua_convert::DataConverter,
    ) -> Result<perpetua_convert::ApplicationDescription, perpetua_convert::ConversionError> {
        Ok(perpetua_convert::ApplicationDescription { failure_type: "Lost".into(), ..Default::default() })
    }

    fn rebuild(remote: &perpetua_convert::RemoteApplication<'_>, _: &perpetua_convert::DataConverter) -> Option<Self> {
        (remote.failure_type == "Lost").then_some(Self)
    }
}

#[test]
fn a_workflow_knows_what_the_runs_before_it_left() {
    let after = |say: fn(&mut WorkflowStarted)| {
        Scenario::of::<Following>(|| ()).given(move || Server::start_as("Following", &(), say)).start()
    };
    after(|_| {}).check(expect![[r#"
        turn 1
            complete [null,null,null]
    "#]]);
    after(|started| started.last_completion_result = Some(Vec::new())).check(expect![[r#"
        turn 1
            complete [null,null,null]
    "#]]);
    after(|started| {
        let seven = PayloadConverter::default().encode(&7).expect("a number can be encoded");
        started.last_completion_result = Some(vec![seven]);
        started.continued_failure = Some(Box::new(failed_as("Lost")));
    })
    .check(expect![[r#"
        turn 1
            complete [7,"it is lost","lost"]
    "#]]);
    after(|started| started.continued_failure = Some(Box::new(failed_as("Other")))).check(expect![[r#"
        turn 1
            complete [null,"it is lost",null]
    "#]]);
    after(|started| {
        let text = PayloadConverter::default().encode(&"seven").expect("a text can be encoded");
        started.last_completion_result = Some(vec![text]);
    })
    .check(expect![[r#"
        turn 1
            fail `u32` cannot be read from `json/plain` <- invalid type: string "seven", expected u32 at line 1 column 7
    "#]]);
}

fn failed_as(failure_type: &str) -> Failure {
    let info = ApplicationFailure { failure_type: failure_type.to_owned(), ..ApplicationFailure::default() };
    Failure { message: "it is lost".to_owned(), info: FailureInfo::Application(info), ..Failure::default() }
}
