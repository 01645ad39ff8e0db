//! What workflows note: patches, side effects, search attributes, memo, current details.

use std::process::Stdio;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, UNIX_EPOCH};

use perpetua::prelude::*;
use perpetua::{
    Bool, ConversionError, Datetime, Double, Int, Keyword, KeywordList, RawValue, Replayer, SearchAttributes, Text,
    WorkerBuilder,
};
use perpetua_testkit::{Outcome, Stage, both_ways};
use perpetua_vocab::{EventKind, History, WorkflowTaskFailedCause};
use tokio::io::{AsyncBufReadExt, BufReader};

use crate::facts::{asked_for, event, task_failure};
use crate::python::python;

const BOOL: SearchAttributeKey<Bool> = SearchAttributeKey::bool("CustomBoolField");
const DATETIME: SearchAttributeKey<Datetime> = SearchAttributeKey::datetime("CustomDatetimeField");
const DOUBLE: SearchAttributeKey<Double> = SearchAttributeKey::double("CustomDoubleField");
const INT: SearchAttributeKey<Int> = SearchAttributeKey::int("CustomIntField");
const KEYWORD: SearchAttributeKey<Keyword> = SearchAttributeKey::keyword("CustomKeywordField");
const KEYWORDS: SearchAttributeKey<KeywordList> = SearchAttributeKey::keyword_list("CustomKeywordListField");
const TEXT: SearchAttributeKey<Text> = SearchAttributeKey::text("CustomTextField");
const PATCHES: SearchAttributeKey<KeywordList> = SearchAttributeKey::keyword_list("TemporalChangeVersion");

#[activity]
async fn carry(how: String) -> Result<String, ActivityError> {
    Ok(how)
}

/// A shipment that waits to be let go, as its code was at first.
#[derive(Default)]
struct Shipment {
    may_go: State<bool>,
}

#[workflow(name = "Shipment")]
impl Shipment {
    #[run]
    async fn run(&self, ctx: Ctx) -> WorkflowResult<String> {
        let carried = ctx.activity(carry("by sea".into())).start_to_close(seconds(30)).await?;
        ctx.wait_until(|| self.may_go.get()).await?;
        Ok(carried)
    }

    #[signal]
    fn go(&self) {
        self.may_go.set(true);
    }
}

/// The same with a patch, in its first place and in a handler.
#[derive(Default)]
struct PatchedShipment {
    may_go: State<bool>,
}

#[workflow(name = "Shipment")]
impl PatchedShipment {
    #[run]
    async fn run(&self, ctx: Ctx) -> WorkflowResult<String> {
        let how = if ctx.patched("ship-by-air") { "by air" } else { "by sea" };
        let carried = ctx.activity(carry(how.into())).start_to_close(seconds(30)).await?;
        ctx.wait_until(|| self.may_go.get()).await?;
        Ok(if ctx.patched("insure") { format!("{carried}, insured") } else { carried })
    }

    #[signal]
    fn go(&self) {
        self.may_go.set(true);
    }
}

/// The same when no run is left that has the code from before.
#[derive(Default)]
struct DeprecatedShipment {
    may_go: State<bool>,
}

#[workflow(name = "Shipment")]
impl DeprecatedShipment {
    #[run]
    async fn run(&self, ctx: Ctx) -> WorkflowResult<String> {
        ctx.deprecate_patch("ship-by-air");
        let carried = ctx.activity(carry("by air".into())).start_to_close(seconds(30)).await?;
        ctx.wait_until(|| self.may_go.get()).await?;
        Ok(carried)
    }

    #[signal]
    fn go(&self) {
        self.may_go.set(true);
    }
}

/// The same when no run is left that has the patch.
#[derive(Default)]
struct LateShipment {
    may_go: State<bool>,
}

#[workflow(name = "Shipment")]
impl LateShipment {
    #[run]
    async fn run(&self, ctx: Ctx) -> WorkflowResult<String> {
        let carried = ctx.activity(carry("by air".into())).start_to_close(seconds(30)).await?;
        ctx.wait_until(|| self.may_go.get()).await?;
        Ok(carried)
    }

    #[signal]
    fn go(&self) {
        self.may_go.set(true);
    }
}

/// Starts a shipment with one version of the code, and ends it with another.
async fn changes(
    stage: &Stage,
    name: &str,
    before: impl Fn(WorkerBuilder) -> WorkerBuilder,
    after: impl Fn(WorkerBuilder) -> WorkerBuilder,
) -> Outcome<(String, Vec<String>, Vec<String>)> {
    let old = before(stage.worker().activity(carry)).spawn()?;
    let id = stage.id(name);
    let start = stage.client().start(Shipment::run()).task_queue(stage.task_queue());
    let handle = start.id(&id).await?;
    event(&handle, "ActivityTaskCompleted").await?;
    old.shutdown().await?;
    let new = after(stage.worker().activity(carry)).spawn()?;
    handle.go().await?;
    let result = handle.result().await?;
    new.shutdown().await?;
    let patches = handle.describe().await?.search_attribute(PATCHES)?.unwrap_or_default();
    Ok((result, patches, asked_for(stage, &id).await?))
}

const MARKED: [&str; 2] = ["MarkerRecorded", "UpsertWorkflowSearchAttributes"];

#[tokio::test]
async fn an_old_run_keeps_its_code_and_gets_what_is_patched_after_it() -> Outcome {
    both_ways(async |stage| {
        let patched = |worker: WorkerBuilder| worker.workflow(PatchedShipment::run);
        let old = changes(stage, "old", |worker| worker.workflow(Shipment::run), patched).await?;
        assert_eq!((old.0.as_str(), &old.1[..]), ("by sea, insured", &["insure".to_owned()][..]));
        assert_eq!(old.2, ["ActivityTaskScheduled", MARKED[0], MARKED[1], "WorkflowExecutionCompleted"]);

        let new = changes(stage, "new", patched, patched).await?;
        assert_eq!((new.0.as_str(), new.1.join(" ")), ("by air, insured", "insure ship-by-air".to_owned()));
        let marked = |rest: &[&'static str]| [&MARKED[..], rest].concat();
        assert_eq!(new.2, marked(&["ActivityTaskScheduled", MARKED[0], MARKED[1], "WorkflowExecutionCompleted"]));
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_patch_is_deprecated_and_then_gone() -> Outcome {
    both_ways(async |stage| {
        let patched = |worker: WorkerBuilder| worker.workflow(PatchedShipment::run);
        let deprecated = |worker: WorkerBuilder| worker.workflow(DeprecatedShipment::run);
        let late = |worker: WorkerBuilder| worker.workflow(LateShipment::run);
        assert_eq!(changes(stage, "patched", patched, deprecated).await?.0, "by air");
        let (result, patches, _) = changes(stage, "deprecated", deprecated, late).await?;
        assert_eq!((result.as_str(), patches.join(" ")), ("by air", "ship-by-air".to_owned()));
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_patch_that_is_gone_too_early_fails_the_task() -> Outcome {
    both_ways(async |stage| {
        let hands = stage.worker().activity(carry).spawn()?;
        let old = stage.worker().workflow(PatchedShipment::run).spawn()?;
        let start = stage.client().start(Shipment::run()).task_queue(stage.task_queue());
        let handle = start.id(stage.id("early")).await?;
        event(&handle, "ActivityTaskCompleted").await?;
        old.shutdown().await?;
        let early = stage.worker().workflow(LateShipment::run).spawn()?;
        handle.go().await?;
        let (cause, message) = task_failure(&handle).await?;
        assert_eq!(cause, WorkflowTaskFailedCause::NondeterminismError, "{message}");
        assert!(message.contains("patch  id=ship-by-air"), "{message}");
        early.shutdown().await?;
        let patched = stage.worker().workflow(PatchedShipment::run).spawn()?;
        assert_eq!(handle.result().await?, "by air, insured");
        patched.shutdown().await?;
        hands.shutdown().await?;
        Ok(())
    })
    .await
}

static CALLS: AtomicU32 = AtomicU32::new(0);

/// Something that is not the same each time it is called.
#[workflow]
async fn counts_calls(ctx: Ctx) -> WorkflowResult<(u32, u32)> {
    let first = ctx.side_effect(|| CALLS.fetch_add(1, Ordering::Relaxed));
    ctx.sleep(milliseconds(10)).await?;
    let second = ctx.side_effect(|| CALLS.fetch_add(1, Ordering::Relaxed));
    ctx.sleep(milliseconds(10)).await?;
    Ok((first, second))
}

#[tokio::test]
async fn a_side_effect_happens_once_whether_the_run_is_known_or_not() -> Outcome {
    both_ways(async |stage| {
        stage.values_differ();
        let before = CALLS.load(Ordering::Relaxed);
        let worker = stage.worker().workflow(counts_calls).spawn()?;
        let id = stage.id("counts");
        let run = stage.client().run(counts_calls()).task_queue(stage.task_queue()).id(&id);
        assert_eq!(run.await?, (before, before + 1));
        assert_eq!(CALLS.load(Ordering::Relaxed), before + 2);
        let history = stage.history(&id).await?;
        let marker = history.iter().find_map(|event| match &event.kind {
            EventKind::MarkerRecorded(marker) => Some(marker),
            _ => None,
        });
        let marker = marker.ok_or("a side effect leaves a marker")?;
        let detail =
            |name: &str| String::from_utf8_lossy(&marker.details.get(name).expect("it has it")[0].data).into_owned();
        assert_eq!(marker.name, "SideEffect");
        assert_eq!((detail("side-effect-id"), detail("data")), ("1".to_owned(), before.to_string()));
        worker.shutdown().await?;
        Ok(())
    })
    .await
}

/// Everything of a kind, as text.
fn shown(attributes: &SearchAttributes) -> Result<String, ConversionError> {
    let due = attributes.get(DATETIME)?.map(|due| due.duration_since(UNIX_EPOCH).unwrap_or_default());
    Ok(format!(
        "{:?} {due:?} {:?} {:?} {:?} {:?} {:?}",
        attributes.get(BOOL)?,
        attributes.get(DOUBLE)?,
        attributes.get(INT)?,
        attributes.get(KEYWORD)?,
        attributes.get(KEYWORDS)?,
        attributes.get(TEXT)?,
    ))
}

/// Says what it knows of itself when it is asked to go on; changes it; says it again.
#[derive(Default)]
struct Noted {
    steps: State<u32>,
    seen: State<Vec<String>>,
}

#[workflow]
impl Noted {
    #[run]
    async fn run(&self, ctx: Ctx) -> WorkflowResult<Vec<String>> {
        let see = || -> Result<(), ConversionError> {
            let memo = ctx.memo();
            let status = memo.get::<String>("status")?;
            let keys: Vec<_> = memo.keys().collect();
            let seen = format!("{} {keys:?} {status:?}", shown(&ctx.search_attributes())?);
            self.seen.update(|all| all.push(seen));
            Ok(())
        };
        see()?;
        ctx.wait_until(|| self.steps.get() > 0).await?;
        ctx.upsert_search_attributes([BOOL.unset(), INT.set(8), KEYWORDS.set(["three"]), TEXT.unset()]);
        ctx.upsert_memo([MemoUpdate::set("status", "packed"), MemoUpdate::unset("draft")]);
        ctx.set_current_details("**packed**");
        see()?;
        ctx.wait_until(|| self.steps.get() > 1).await?;
        Ok(self.seen.get())
    }

    #[signal]
    fn step(&self) {
        self.steps.update(|steps| *steps += 1);
    }

    #[query]
    fn seen(&self) -> Vec<String> {
        self.seen.get()
    }
}

const DUE: Duration = Duration::from_millis(1_795_379_911_250);

const GIVEN: &str =
    r#"Some(true) Some(1795379911.25s) Some(0.5) Some(7) Some("ann") Some(["one", "two"]) Some("call first")"#;
const CHANGED: &str = r#"None Some(1795379911.25s) Some(0.5) Some(8) Some("ann") Some(["three"]) None"#;

#[tokio::test]
async fn search_attributes_and_memo_are_given_read_and_changed() -> Outcome {
    both_ways(async |stage| {
        let worker = stage.worker().workflow(Noted::run).spawn()?;
        let id = stage.id("noted");
        let start = stage.client().start(Noted::run()).task_queue(stage.task_queue()).id(&id);
        let start = start.search_attribute(BOOL, true).search_attribute(DATETIME, UNIX_EPOCH + DUE);
        let start = start.search_attribute(DOUBLE, 0.5).search_attribute(INT, 7).search_attribute(KEYWORD, "ann");
        let start = start.search_attribute(KEYWORDS, ["one", "two"]).search_attribute(TEXT, "call first");
        let handle = start.memo("draft", true).memo("status", "new").await?;
        let first = format!(r#"{GIVEN} ["draft", "status"] Some("new")"#);
        let second = format!(r#"{CHANGED} ["status"] Some("packed")"#);
        assert_eq!(handle.seen().await?, std::slice::from_ref(&first));
        assert_eq!(shown(handle.describe().await?.search_attributes())?, GIVEN);
        handle.step().await?;
        assert_eq!(handle.seen().await?, [first.clone(), second.clone()]);
        let described = handle.describe().await?;
        assert_eq!(shown(described.search_attributes())?, CHANGED);
        assert_eq!(described.search_attribute(INT)?, Some(8));
        assert_eq!(described.memo::<String>("status")?.as_deref(), Some("packed"));
        assert_eq!(described.memo::<bool>("draft")?, None);
        let metadata = handle.query_named::<(), RawValue>("__temporal_workflow_metadata", ()).await?;
        let metadata: serde_json::Value = serde_json::from_slice(&metadata.0.data)?;
        assert_eq!(metadata["currentDetails"], "**packed**");
        handle.step().await?;
        assert_eq!(handle.result().await?, [first, second]);
        worker.shutdown().await?;
        Ok(())
    })
    .await
}

/// What a child, or the next run, begins with.
#[workflow]
async fn begins_with(ctx: Ctx, again: bool) -> WorkflowResult<String> {
    if again {
        ctx.upsert_search_attributes([INT.set(9), KEYWORD.unset()]);
        ctx.upsert_memo([MemoUpdate::set("parcels", 3), MemoUpdate::unset("status")]);
        ctx.patched("ship-by-air");
        return ctx.continue_as_new(begins_with(false));
    }
    let attributes = ctx.search_attributes();
    let names: Vec<_> = attributes.names().collect();
    let memo = ctx.memo();
    Ok(format!("{names:?} {:?} {:?}", attributes.get(INT)?, memo.get::<u8>("parcels")?))
}

#[workflow]
async fn has_a_child(ctx: Ctx) -> WorkflowResult<String> {
    Ok(ctx.child(begins_with(false)).search_attribute(INT, 5).memo("parcels", 2).await?)
}

#[tokio::test]
async fn a_child_begins_with_what_is_said_and_the_next_run_with_what_was_noted() -> Outcome {
    both_ways(async |stage| {
        stage.values_differ();
        let worker = stage.worker().workflow(begins_with).workflow(has_a_child).spawn()?;
        let client = stage.client();
        let run = client.run(has_a_child()).task_queue(stage.task_queue()).id(stage.id("parent"));
        assert_eq!(run.await?, r#"["CustomIntField"] Some(5) Some(2)"#);
        let run = client.run(begins_with(true)).task_queue(stage.task_queue()).id(stage.id("again"));
        let run = run.search_attribute(KEYWORD, "ann").memo("status", "new");
        assert_eq!(run.await?, r#"["CustomIntField"] Some(9) Some(3)"#);
        worker.shutdown().await?;
        Ok(())
    })
    .await
}

/// The workflow of the script `patches.py`, in the same words.
#[workflow(name = "PatchedShipment")]
async fn python_shipment(ctx: Ctx, code: String) -> WorkflowResult<String> {
    python_code(ctx, &code).await
}

async fn python_code(ctx: Ctx, code: &str) -> WorkflowResult<String> {
    let by_air = match code {
        "patched" => ctx.patched("ship-by-air"),
        "deprecated" => {
            ctx.deprecate_patch("ship-by-air");
            true
        }
        _ => false,
    };
    if by_air {
        ctx.sleep(milliseconds(10)).await?;
    }
    ctx.upsert_search_attributes([KEYWORD.set("packed"), INT.unset()]);
    let insured = code == "patched" && ctx.patched("insure");
    ctx.sleep(milliseconds(20)).await?;
    ctx.upsert_memo([MemoUpdate::set("status", "sent"), MemoUpdate::unset("draft")]);
    let (how, insured) = (if by_air { "by air" } else { "by sea" }, if insured { "insured" } else { "not insured" });
    Ok(format!("{how}, {insured}"))
}

/// The code whatever the history was written with.
macro_rules! code_of_now {
    ($($function:ident $code:literal)+) => {$(
        #[workflow(name = "PatchedShipment")]
        async fn $function(ctx: Ctx, _code: String) -> WorkflowResult<String> {
            python_code(ctx, $code).await
        }
    )+};
}

code_of_now! { now_nothing "nothing" now_patched "patched" now_deprecated "deprecated" }

const CODES: [(&str, &str); 3] =
    [("nothing", "by sea, not insured"), ("patched", "by air, insured"), ("deprecated", "by air, not insured")];

#[tokio::test]
async fn what_python_patched_replays_here() -> Outcome {
    both_ways(async |stage| {
        stage.values_differ();
        let mut worker = python("patches.py")
            .args(["work", stage.client().address(), stage.task_queue().as_str()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let output = worker.stdout.take().ok_or("the output is piped")?;
        let ready = BufReader::new(output).lines().next_line().await?;
        assert_eq!(ready.as_deref(), Some("ready"));
        let mut table = Vec::new();
        for (code, result) in CODES {
            let start = stage.client().start(python_shipment(code.into())).task_queue(stage.task_queue());
            let id = stage.id(code);
            let handle = start.id(&id).search_attribute(INT, 7).memo("draft", true).await?;
            assert_eq!(handle.result().await?, result);
            let history = History::new(stage.history(&id).await?);
            let same = Replayer::new().workflow(python_shipment).replay(&history);
            same.map_err(|failure| format!("{code}: {failure}"))?;
            let replayers = [
                Replayer::new().workflow(now_nothing),
                Replayer::new().workflow(now_patched),
                Replayer::new().workflow(now_deprecated),
            ];
            for (replayer, (now, _)) in replayers.iter().zip(CODES) {
                let replayed = if replayer.replay(&history).is_ok() { "replays" } else { "differs" };
                table.push(format!("{code} as {now}: {replayed}"));
            }
        }
        let expected = [
            "nothing as nothing: replays",
            "nothing as patched: replays",
            // What is without a marker does not go by air.
            "nothing as deprecated: differs",
            "patched as nothing: differs",
            "patched as patched: replays",
            // The patch `insure` is not deprecated.
            "patched as deprecated: differs",
            // It went by air.
            "deprecated as nothing: differs",
            // The code asks for another patch, which is not there.
            "deprecated as patched: replays",
            "deprecated as deprecated: replays",
        ];
        assert_eq!(table, expected);
        drop(worker.stdin.take());
        worker.wait().await?;
        Ok(())
    })
    .await
}

#[tokio::test]
async fn what_was_patched_here_replays_in_python() -> Outcome {
    both_ways(async |stage| {
        stage.values_differ();
        let worker = stage.worker().workflow(python_shipment).spawn()?;
        let mut ids = Vec::new();
        for (code, result) in CODES {
            let id = stage.id(code);
            let run = stage.client().run(python_shipment(code.into())).task_queue(stage.task_queue()).id(&id);
            assert_eq!(run.search_attribute(INT, 7).memo("draft", true).await?, result);
            ids.push(id.to_string());
        }
        let output = python("patches.py").args(["replay", stage.client().address()]).args(&ids).output().await?;
        let printed = String::from_utf8_lossy(&output.stdout);
        let lines: Vec<_> = printed.lines().collect();
        assert_eq!(lines, ["replays"; 3], "{}", String::from_utf8_lossy(&output.stderr));
        worker.shutdown().await?;
        Ok(())
    })
    .await
}
