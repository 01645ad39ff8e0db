//! Handlers for all names, handlers that are registered while a workflow runs, what is dynamic, and what every workflow
//! says of itself.

use perpetua::prelude::*;
use perpetua::{Dynamic, QueryFailure, RawArguments, RawValue, UnfinishedPolicy, WorkflowId};
use perpetua_testkit::{Outcome, both_ways};
use serde_json::{Value, json};

use crate::command_line::temporal;
use crate::facts::task_failure;
use crate::python::python;

crate::recorded::replayed_with!(Desk, stages, any_workflow, known, reserved);

/// Takes whatever comes.
#[derive(Default)]
struct Desk {
    seen: State<Vec<String>>,
    finished: State<bool>,
}

#[workflow]
impl Desk {
    #[run]
    async fn run(&self, ctx: Ctx) -> WorkflowResult<Vec<String>> {
        ctx.wait_until(|| self.finished.get()).await?;
        let this = ctx.this::<Self>();
        ctx.on_signal("later", move |text: String| this.seen.update(|seen| seen.push(format!("later {text}"))));
        ctx.wait_until(|| ctx.all_handlers_finished()).await?;
        Ok(self.seen.take())
    }

    /// Ends the day.
    #[signal]
    fn finish(&self) {
        self.finished.set(true);
    }

    /// Keeps what nobody else takes,
    /// whatever it is.
    ///
    /// It is a list.
    #[signal(dynamic)]
    fn other(&self, name: String, arguments: RawArguments) {
        self.seen.update(|seen| seen.push(format!("{name} {}", arguments.len())));
    }

    /// Answers what nobody else answers.
    #[query(dynamic, fallible)]
    fn look(&self, name: String, arguments: RawArguments) -> Result<RawValue, AnyError> {
        if name == "fail" {
            return Err(AnyError::message("as it was told"));
        }
        let (text, number) = arguments.decode::<(String, u32)>()?;
        Ok(arguments.answer(&format!("{name} {text} {number}"))?)
    }

    /// How much was seen.
    #[query]
    fn count(&self) -> usize {
        self.seen.with(Vec::len)
    }

    #[update(dynamic, validator = check)]
    async fn act(&self, ctx: Ctx, name: String, arguments: RawArguments) -> WorkflowResult<Value> {
        ctx.sleep(milliseconds(1)).await?;
        let update = ctx.current_update().map(|update| update.name.to_string());
        self.seen.update(|seen| seen.push(format!("update {name}")));
        Ok(json!({ "name": name, "count": arguments.len(), "current": update }))
    }

    fn check(&self, name: &str, _arguments: &RawArguments) -> Result<(), AnyError> {
        if name == "forbidden" { Err(AnyError::message("it is forbidden")) } else { Ok(()) }
    }
}

#[tokio::test]
async fn the_python_client_sends_what_only_dynamic_handlers_take() -> Outcome {
    both_ways(async |stage| {
        let worker = stage.worker().workflow(Desk::run).spawn()?;
        let id = stage.id("desk");
        let start = stage.client().start(Desk::run()).task_queue(stage.task_queue()).id(&id);
        let handle = start.await?;
        assert_eq!(handle.count().await?, 0, "the main function waits");
        let output = python("send_unknown.py").args([stage.client().address(), id.as_str()]).output().await?;
        let printed = String::from_utf8_lossy(&output.stdout);
        let expected = [
            "query what a 2",
            "query failed as it was told",
            "update {'count': 2, 'current': 'do', 'name': 'do'}",
            "refused it is forbidden",
            "result ['later 1', 'anything 2', 'update do']",
        ];
        assert_eq!(printed.lines().collect::<Vec<_>>(), expected, "{}", String::from_utf8_lossy(&output.stderr));
        worker.shutdown().await?;
        Ok(())
    })
    .await
}

#[tokio::test]
async fn messages_of_any_name_are_sent_through_the_stubs_of_dynamic_handlers() -> Outcome {
    both_ways(async |stage| {
        let worker = stage.worker().workflow(Desk::run).spawn()?;
        let start = stage.client().start(Desk::run()).task_queue(stage.task_queue()).id(stage.id("desk"));
        let handle = start.await?;
        assert_eq!(handle.count().await?, 0);
        let arguments = |values: &[&str]| {
            let converter = stage.client().converter().payloads();
            let values: Result<Vec<_>, _> = values.iter().map(|value| RawValue::encode(value, converter)).collect();
            values.map(RawArguments::from)
        };
        handle.other("greet".into(), arguments(&["Ann", "Bob"])?).await?;
        let acted = handle.act("do".into(), arguments(&["it"])?).await?;
        assert_eq!(acted["count"], 1, "{acted}");
        let refused = handle.act("forbidden".into(), arguments(&[])?).await.expect_err("it is forbidden");
        assert!(refused.to_string().contains("it is forbidden"), "{refused:?}");
        handle.finish().await?;
        assert_eq!(handle.result().await?, ["greet 2", "update do"]);
        worker.shutdown().await?;
        Ok(())
    })
    .await
}

#[tokio::test]
async fn the_command_line_shows_what_a_workflow_takes() -> Outcome {
    both_ways(async |stage| {
        let worker = stage.worker().workflow(Desk::run).spawn()?;
        let id = stage.id("desk");
        let handle = stage.client().start(Desk::run()).task_queue(stage.task_queue()).id(&id).await?;
        assert_eq!(handle.count().await?, 0);
        let metadata = ["workflow", "metadata", "--workflow-id", id.as_str(), "--output", "json"];
        let metadata: Value = serde_json::from_str(&temporal(stage.client().address(), &metadata).await?)?;
        let metadata = &metadata["queryResult"][0];
        assert_eq!(metadata["_protoMessageType"], "temporal.api.sdk.v1.WorkflowMetadata", "{metadata}");
        let definition = &metadata["definition"];
        assert_eq!(definition["type"], "Desk", "{metadata}");
        assert_eq!(
            definition["signalDefinitions"],
            json!([
                { "description": "Keeps what nobody else takes, whatever it is." },
                { "name": "finish", "description": "Ends the day." },
            ]),
            "{metadata}"
        );
        assert_eq!(definition["updateDefinitions"], json!([{}]), "{metadata}");
        let queries = definition["queryDefinitions"].as_array().ok_or("there are queries")?;
        let names: Vec<_> = queries.iter().filter_map(|query| query["name"].as_str()).collect();
        let expected = ["__temporal_workflow_metadata", "count"];
        assert!(expected.iter().all(|name| names.contains(name)), "{metadata}");
        assert!(names.is_sorted(), "{metadata}");
        handle.finish().await?;
        handle.result().await?;
        worker.shutdown().await?;
        Ok(())
    })
    .await
}

#[activity]
async fn slow(ctx: ActivityContext) -> Result<(), ActivityError> {
    ctx.canceled().await;
    Err(AnyError::message("it was canceled"))
}

/// Waits for several things.
#[derive(Default)]
struct Waiting {
    done: State<bool>,
}

#[workflow]
impl Waiting {
    #[run]
    async fn run(&self, ctx: Ctx) -> WorkflowResult<()> {
        let napping = ctx.clone();
        let nap = ctx.spawn(async move { napping.sleep(hours(1)).await.is_ok() });
        select! {
            waited = ctx.wait_until(|| self.done.get()) => waited?,
            called = ctx.activity(slow()).start_to_close(hours(1)).heartbeat(seconds(5)) => called?,
        }
        nap.cancel();
        ctx.wait_until(|| ctx.all_handlers_finished()).await?;
        Ok(())
    }

    #[signal]
    fn finish(&self) {
        self.done.set(true);
    }

    #[update]
    async fn finished(&self, ctx: Ctx) -> WorkflowResult<bool> {
        ctx.wait_until(|| self.done.get()).await?;
        Ok(true)
    }

    #[query]
    fn is_done(&self) -> bool {
        self.done.get()
    }
}

#[tokio::test]
async fn the_command_line_shows_what_a_workflow_waits_for() -> Outcome {
    both_ways(async |stage| {
        let worker = stage.worker().workflow(Waiting::run).activity(slow).spawn()?;
        let id = stage.id("waiting");
        let handle = stage.client().start(Waiting::run()).task_queue(stage.task_queue()).id(&id).await?;
        assert!(!handle.is_done().await?);
        let update = handle.finished().id("u1").start().await?;
        let stack = ["workflow", "stack", "--workflow-id", id.as_str(), "--output", "json"];
        let answer: Value = serde_json::from_str(&temporal(stage.client().address(), &stack).await?)?;
        let text = answer["queryResult"][0].as_str().ok_or_else(|| format!("a text: {answer}"))?;
        let lines: Vec<_> = text.lines().map(|line| line.split(" (at ").next().unwrap_or_default().trim()).collect();
        let expected = [
            "main function of workflow `Waiting`",
            "activity `slow` (id 1)",
            "condition",
            "",
            "task spawned",
            "timer 1",
            "",
            "handler of update `finished` (id `u1`)",
            "condition",
        ];
        assert_eq!(lines, expected, "{text}");
        let here = format!("(at {}:", file!());
        assert_eq!(text.matches(&here).count(), 5, "{text}");
        let query = ["workflow", "query", "--workflow-id", id.as_str(), "--name", "__enhanced_stack_trace"];
        let query = [&query[..], &["--output", "json"]].concat();
        let answer: Value = serde_json::from_str(&temporal(stage.client().address(), &query).await?)?;
        let trace = &answer["queryResult"][0];
        assert_eq!(trace["_protoMessageType"], "temporal.api.sdk.v1.EnhancedStackTrace", "{trace}");
        assert_eq!(trace["sdk"]["name"], "perpetua", "{trace}");
        assert_eq!(trace["stacks"][0]["locations"][0]["filePath"], file!(), "{trace}");
        handle.finish().await?;
        assert!(update.result().await?);
        handle.result().await?;
        let text = temporal(stage.client().address(), &stack[..4]).await?;
        assert!(text.contains("the workflow has ended"), "{text}");
        worker.shutdown().await?;
        Ok(())
    })
    .await
}

/// What is registered as it goes.
#[workflow]
async fn stages(ctx: Ctx) -> WorkflowResult<Vec<String>> {
    let seen = std::rc::Rc::new(State::new(Vec::<String>::new()));
    let note = {
        let seen = std::rc::Rc::clone(&seen);
        move |text: String| seen.update(|seen| seen.push(text))
    };
    let add = note.clone();
    ctx.on_update("add", move |text: String| {
        add(text);
        Ok::<_, AnyError>(())
    })
    .validator(|text: &String| if text.is_empty() { Err(AnyError::message("nothing to add")) } else { Ok(()) });
    let theirs = std::rc::Rc::clone(&seen);
    ctx.on_query("seen", move || theirs.get());
    let named = note.clone();
    ctx.wait_until(|| seen.with(|seen| seen.iter().any(|text| text == "open"))).await?;
    ctx.on_signal("item", move |ctx: Ctx, text: String| {
        let named = named.clone();
        async move {
            ctx.sleep(milliseconds(1)).await?;
            named(format!("item {text}"));
            WorkflowResult::<()>::Ok(())
        }
    });
    let any = note.clone();
    ctx.on_signal(Dynamic, move |name: String, arguments: RawArguments| any(format!("{name} {}", arguments.len())));
    ctx.on_signal("endless", |ctx: Ctx| async move {
        ctx.sleep(hours(1)).await?;
        WorkflowResult::<()>::Ok(())
    })
    .unfinished_policy(UnfinishedPolicy::Abandon);
    ctx.remove_update_handler("add");
    ctx.wait_until(|| seen.with(Vec::len) == 5).await?;
    // Whether the timers fire before the last signal arrives is up to the clock.
    let mut all = seen.get();
    all.sort();
    Ok(all)
}

#[tokio::test]
async fn handlers_come_and_go_while_a_workflow_runs() -> Outcome {
    both_ways(async |stage| {
        let start = stage.client().start(stages()).task_queue(stage.task_queue()).id(stage.id("stages"));
        let handle = start.await?;
        for text in ["1", "2"] {
            handle.signal_named("item", (text.to_owned(),)).await?;
        }
        handle.signal_named("other", (1, 2, 3)).await?;
        let worker = stage.worker().workflow(stages).spawn()?;
        let refused = handle.update_named::<_, (), AnyError>("add", (String::new(),)).await.expect_err("it is empty");
        assert!(refused.to_string().contains("nothing to add"), "{refused}");
        handle.update_named::<_, (), AnyError>("add", ("open".to_owned(),)).await?;
        let unknown =
            handle.update_named::<_, (), AnyError>("add", ("more".to_owned(),)).await.expect_err("it is gone");
        assert!(unknown.to_string().contains("takes no update named `add`; it takes none"), "{unknown}");
        let nothing = handle.query_named::<_, ()>("nothing", ()).await.expect_err("there is no such query");
        assert!(matches!(&nothing, QueryFailure::Failed(..)), "{nothing:?}");
        assert!(nothing.to_string().contains("it takes: seen"), "{nothing}");
        handle.signal_named("endless", ()).await?;
        handle.signal_named("last", ()).await?;
        assert_eq!(handle.result().await?, ["item 1", "item 2", "last 0", "open", "other 3"]);
        worker.shutdown().await?;
        Ok(())
    })
    .await
}

/// Runs what nobody else runs.
#[workflow(dynamic)]
async fn any_workflow(ctx: Ctx, arguments: RawArguments) -> WorkflowResult<RawValue> {
    let name = ctx.info().workflow_type().to_string();
    let text: String = arguments.get(0)?;
    let call = Activity::named(format!("{name}_activity")).args(arguments.clone()).returning::<String>();
    let answer = ctx.activity(call).start_to_close(seconds(10)).await?;
    Ok(arguments.answer(&(name, text, answer))?)
}

#[workflow]
async fn known(_ctx: Ctx) -> WorkflowResult<String> {
    Ok("known".to_owned())
}

#[activity(dynamic)]
async fn any_activity(ctx: ActivityContext, arguments: RawArguments) -> Result<RawValue, ActivityError> {
    let (text, number) = arguments.decode::<(String, u32)>()?;
    Ok(arguments.answer(&format!("{}: {text} {number}", ctx.info().activity_type))?)
}

/// A workflow with state and messages that runs what nobody else runs.
struct AnyDesk {
    first: String,
    seen: State<Vec<String>>,
}

#[workflow(dynamic)]
impl AnyDesk {
    #[init]
    fn new(_ctx: &Ctx, arguments: &RawArguments) -> Self {
        Self { first: arguments.get(0).unwrap_or_default(), seen: State::default() }
    }

    #[run]
    async fn run(&self, ctx: Ctx, arguments: RawArguments) -> WorkflowResult<Vec<String>> {
        ctx.wait_until(|| self.seen.with(Vec::len) == arguments.len()).await?;
        let first = format!("{} {}", ctx.info().workflow_type(), self.first);
        Ok([vec![first], self.seen.take()].concat())
    }

    #[signal(dynamic)]
    fn other(&self, name: String, _arguments: RawArguments) {
        self.seen.update(|seen| seen.push(name));
    }
}

#[tokio::test]
async fn a_dynamic_workflow_and_a_dynamic_activity_take_every_name() -> Outcome {
    both_ways(async |stage| {
        let worker = stage.worker().workflow(any_workflow).workflow(known).activity(any_activity).spawn()?;
        let start = |name: &'static str| {
            let call = Workflow::named(name).args(("Ann".to_owned(), 7)).returning::<(String, String, String)>();
            stage.client().run(call).task_queue(stage.task_queue()).id(stage.id(name))
        };
        let expected = |name: &str| (name.to_owned(), "Ann".to_owned(), format!("{name}_activity: Ann 7"));
        assert_eq!(start("first").await?, expected("first"));
        assert_eq!(start("second").await?, expected("second"));
        let run = stage.client().run(known()).task_queue(stage.task_queue()).id(stage.id("known"));
        assert_eq!(run.await?, "known");
        worker.shutdown().await?;
        Ok(())
    })
    .await
}

/// The other dynamic workflow of this module, for replays.
pub(crate) fn another_dynamic() -> perpetua_workflow::Workflows {
    let mut workflows = perpetua_workflow::Workflows::default();
    workflows.add::<AnyDesk>();
    workflows
}

#[tokio::test]
async fn a_dynamic_workflow_has_state_and_messages() -> Outcome {
    both_ways(async |stage| {
        let worker = stage.worker().workflow(AnyDesk::run).spawn()?;
        let arguments = RawArguments::encode(&("a".to_owned(), 2), stage.client().converter().payloads())?;
        let call = AnyDesk::run("Anything".into(), arguments);
        let handle = stage.client().start(call).task_queue(stage.task_queue()).id(stage.id("any")).await?;
        handle.other("one".into(), RawArguments::default()).await?;
        handle.signal_named("two", (2,)).await?;
        assert_eq!(handle.result().await?, ["Anything a", "one", "two"]);
        worker.shutdown().await?;
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_worker_has_one_dynamic_workflow_and_one_dynamic_activity() -> Outcome {
    #[activity(dynamic)]
    async fn another_activity(_arguments: RawArguments) -> Result<(), ActivityError> {
        Ok(())
    }
    both_ways(async |stage| {
        let two = stage.worker().workflow(any_workflow).workflow(AnyDesk::run);
        let problem = two.activity(any_activity).activity(another_activity).build().expect_err("there are two of each");
        let problem = problem.to_string();
        assert!(problem.contains("two dynamic workflows are registered"), "{problem}");
        assert!(problem.contains("two dynamic activities are registered"), "{problem}");
        assert!(problem.contains("any_workflow") && problem.contains("another_activity"), "{problem}");
        Ok(())
    })
    .await
}

#[workflow]
async fn reserved(ctx: Ctx) -> WorkflowResult<()> {
    ctx.on_signal("__temporal_mine", || ());
    Ok(())
}

#[tokio::test]
async fn a_name_of_the_platform_fails_the_task() -> Outcome {
    both_ways(async |stage| {
        let worker = stage.worker().workflow(reserved).spawn()?;
        // The commands are not compared: how often the task is tried is up to the clock.
        let id = WorkflowId::new(format!("reserved-{}-{}", stage.task_queue(), stage.is_cached()));
        let handle = stage.client().start(reserved()).task_queue(stage.task_queue()).id(&id).await?;
        let (_, message) = task_failure(&handle).await?;
        assert!(message.contains("names that begin with `__temporal_` are reserved"), "{message}");
        handle.terminate().await?;
        worker.shutdown().await?;
        Ok(())
    })
    .await
}
