//! Histories of all origins: fetched by our client, written by the command line, recorded by the Python SDK.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use perpetua::prelude::*;
use perpetua::replay::{History, Replayed, Replayer};
use perpetua_testkit::{Outcome, both_ways};
use serde_json::Value;
use tokio::io::AsyncWriteExt;
use tokio::process::Command;

#[activity]
async fn charge(customer: String, cents: u64) -> Result<String, ActivityError> {
    Ok(format!("{customer} pays {cents}"))
}

#[derive(Debug, thiserror::Error, ApplicationError)]
#[error("{reason}")]
#[application(non_retryable)]
struct Refused {
    reason: String,
}

#[activity]
async fn refuse(reason: String) -> Result<(), Refused> {
    Err(Refused { reason })
}

#[activity]
async fn linger() -> Result<(), ActivityError> {
    Ok(())
}

#[activity]
async fn noop(number: u64) -> Result<u64, ActivityError> {
    Ok(number)
}

#[derive(Default)]
struct Shipment {
    left: State<String>,
}

#[workflow]
impl Shipment {
    #[run]
    async fn run(&self, ctx: Ctx, customer: String) -> WorkflowResult<String> {
        ctx.wait_until(|| !self.left.with(String::is_empty)).await?;
        Ok(format!("shipped to {customer} by {}", self.left.get()))
    }

    #[signal]
    fn leave(&self, by: String) {
        self.left.set(by);
    }
}

#[derive(Default)]
struct Order {
    approved: State<String>,
    notes: State<Vec<String>>,
}

#[workflow]
impl Order {
    #[run]
    async fn run(&self, ctx: Ctx, customer: String, cents: u64) -> WorkflowResult<String> {
        let receipt = ctx.activity(charge(customer.clone(), cents)).start_to_close(seconds(30)).await?;
        ctx.sleep(milliseconds(20)).await?;
        ctx.wait_until(|| !self.approved.with(String::is_empty)).await?;
        if let Err(failure) = ctx.activity(refuse("no gift wrap".into())).start_to_close(seconds(30)).await {
            self.notes.update(|notes| notes.push(failure.to_string()));
        }
        let child = ctx.child(Shipment::run(customer)).id("shipment-1").start().await?;
        child.leave(self.approved.get()).await?;
        let shipped = child.result().await?;
        Ok(format!("{receipt}; {shipped}; {}", self.notes.get().join(", ")))
    }

    #[signal]
    fn approve(&self, by: String) {
        self.approved.set(by);
    }

    #[update]
    fn note(&self, text: String) -> Result<usize, AnyError> {
        self.notes.update(|notes| notes.push(text));
        Ok(self.notes.with(Vec::len))
    }
}

/// The same with other code: no time passes before the approval.
mod impatient {
    use super::*;

    #[derive(Default)]
    pub(super) struct Order {
        approved: State<String>,
    }

    #[workflow]
    impl Order {
        #[run]
        pub(super) async fn run(&self, ctx: Ctx, customer: String, cents: u64) -> WorkflowResult<String> {
            let receipt = ctx.activity(charge(customer, cents)).start_to_close(seconds(30)).await?;
            ctx.wait_until(|| !self.approved.with(String::is_empty)).await?;
            ctx.activity(refuse("no gift wrap".into())).start_to_close(seconds(30)).await?;
            Ok(receipt)
        }

        #[signal]
        fn approve(&self, by: String) {
            self.approved.set(by);
        }

        #[update]
        fn note(&self, _text: String) -> Result<usize, AnyError> {
            Ok(1)
        }
    }
}

#[workflow(name = "Many")]
async fn many(ctx: Ctx, count: u64) -> WorkflowResult<u64> {
    let calls = (0..count).map(|number| ctx.activity(charge("ann".into(), number)).start_to_close(seconds(30)));
    let (paid, slept) = join!(ctx.join_all(calls), ctx.sleep(milliseconds(10)));
    slept?;
    Ok(paid.len() as u64 + 1)
}

#[workflow(name = "Stopped")]
async fn stopped(ctx: Ctx) -> WorkflowResult<()> {
    let wait = perpetua::CancellationType::WaitCompleted;
    Ok(ctx.activity(linger()).start_to_close(seconds(30)).heartbeat(seconds(5)).cancellation(wait).await?)
}

#[workflow(name = "Again")]
async fn again(ctx: Ctx, left: u64) -> WorkflowResult<u64> {
    if left > 0 { ctx.continue_as_new(again(left - 1)) } else { Ok(left) }
}

#[workflow(name = "Seq")]
async fn seq(ctx: Ctx, count: u64) -> WorkflowResult<u64> {
    let mut sum = 0;
    for number in 0..count {
        sum += ctx.activity(noop(number)).start_to_close(seconds(300)).await?;
    }
    Ok(sum)
}

#[workflow(name = "Fan")]
async fn fan(ctx: Ctx, count: u64) -> WorkflowResult<u64> {
    let calls = (0..count).map(|number| ctx.activity(noop(number)).start_to_close(seconds(300)));
    Ok(ctx.join_all(calls).await.into_iter().sum::<Result<u64, _>>()?)
}

#[workflow(name = "Timers")]
async fn timers(ctx: Ctx, count: u64) -> WorkflowResult<u64> {
    for _ in 0..count {
        ctx.sleep(milliseconds(1)).await?;
    }
    Ok(count)
}

#[workflow(name = "Local")]
async fn local(ctx: Ctx, count: u64) -> WorkflowResult<u64> {
    let mut sum = 0;
    for number in 0..count {
        sum += ctx.local_activity(noop(number)).start_to_close(seconds(30)).await?;
    }
    Ok(sum)
}

/// Does at once what was recorded as local activities.
#[workflow(name = "Local")]
async fn no_longer_local(ctx: Ctx, count: u64) -> WorkflowResult<u64> {
    Ok(ctx.activity(noop(count)).start_to_close(seconds(30)).await?)
}

/// Does as a local activity what was recorded as a timer.
#[workflow(name = "Timers")]
async fn local_now(ctx: Ctx, count: u64) -> WorkflowResult<u64> {
    Ok(ctx.local_activity(noop(count)).start_to_close(seconds(30)).await?)
}

fn replayer() -> Replayer {
    let replayer = Replayer::new().workflow(Order::run).workflow(Shipment::run).workflow(many).workflow(stopped);
    replayer.workflow(again).workflow(seq).workflow(fan).workflow(timers).workflow(local)
}

fn folder(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(path)
}

/// A history that the Python SDK has recorded.
fn recorded(name: &str) -> Outcome<History> {
    let path = folder("testdata/python").join(name);
    Ok(History::from_json(&std::fs::read_to_string(path)?)?)
}

/// Notes where two values differ.
fn compare(ours: &Value, theirs: &Value, path: String, differences: &mut Vec<String>) {
    match (ours, theirs) {
        (Value::Object(ours), Value::Object(theirs)) => {
            for name in ours.keys().chain(theirs.keys().filter(|name| !ours.contains_key(*name))) {
                let of = |object: &serde_json::Map<String, Value>| object.get(name).cloned().unwrap_or_default();
                compare(&of(ours), &of(theirs), format!("{path}.{name}"), differences);
            }
        }
        (Value::Array(ours), Value::Array(theirs)) if ours.len() == theirs.len() => {
            for (index, (ours, theirs)) in ours.iter().zip(theirs).enumerate() {
                compare(ours, theirs, format!("{path}[{index}]"), differences);
            }
        }
        (Value::Number(ours), Value::Number(theirs)) if ours.as_f64() == theirs.as_f64() => {}
        _ if ours == theirs => {}
        _ => differences.push(format!("{path}: {ours} and {theirs}")),
    }
}

#[test]
fn histories_of_the_python_sdk_and_the_command_line_are_read_without_loss() -> Outcome {
    let mut files = 0;
    for entry in std::fs::read_dir(folder("testdata/python"))? {
        let path = entry?.path();
        if path.extension().is_none_or(|extension| extension != "json") {
            continue;
        }
        files += 1;
        let json = std::fs::read_to_string(&path)?;
        let history = History::from_json(&json)?;
        let (ours, theirs): (Value, Value) = (serde_json::from_str(&history.to_json())?, serde_json::from_str(&json)?);
        let mut differences = Vec::new();
        compare(&ours, &theirs, String::new(), &mut differences);
        assert!(differences.is_empty(), "{}: {differences:#?}", path.display());
        assert!(History::from_bytes(&history.to_bytes())? == history, "{}", path.display());
    }
    assert_eq!(files, 7);
    Ok(())
}

#[test]
fn histories_of_the_python_sdk_replay() -> Outcome {
    let replay = |name: &str| -> Outcome<Replayed> { Ok(replayer().replay(&recorded(name)?)?) };
    for name in ["order.json", "order.command_line.json", "shipment.json", "many.json", "stopped.json", "again.json"] {
        let replayed = replay(name)?;
        assert!(replayed.finished && replayed.turns > 0, "{name}: {replayed:?}");
    }
    let order = replay("order.json")?;
    assert_eq!((order.workflow_type.as_str(), order.execution.workflow_id.as_str()), ("Order", "order-1"));
    Ok(())
}

#[test]
fn a_changed_workflow_fails_the_replay_with_a_report() -> Outcome {
    let replayer = Replayer::new().workflow(impatient::Order::run);
    let failure = replayer.replay(&recorded("order.json")?).expect_err("the code has changed");
    let mismatch = failure.mismatch().ok_or("it is a mismatch")?;
    assert_eq!(mismatch.history.as_deref(), Some("start_timer  after=20ms  id=1"));
    let report = failure.to_string();
    for part in [
        "workflow `Order` (id order-1) cannot be replayed: history and code disagree at event ",
        "\n  history: start_timer  after=20ms  id=1\n",
        "\n  likely cause: ",
        "temporal workflow reset --workflow-id order-1 --event-id ",
    ] {
        assert!(report.contains(part), "{part} is missing in:\n{report}");
    }
    Ok(())
}

/// Histories of the benchmarks, where they are.
#[test]
fn long_histories_of_the_python_sdk_are_read_without_loss_and_replay() -> Outcome {
    let shared = folder("../shared/peers/histories");
    if !shared.exists() {
        println!("skipped: {} is not there", shared.display());
        return Ok(());
    }
    for name in ["seq1k", "fan1000", "timers1000", "local1000"] {
        let unpacked =
            std::process::Command::new("gzip").arg("-dc").arg(shared.join(name).with_extension("pb.gz")).output()?;
        assert!(unpacked.status.success(), "{}", String::from_utf8_lossy(&unpacked.stderr));
        let history = History::from_bytes(&unpacked.stdout)?;
        assert!(history.to_bytes() == unpacked.stdout, "{name} is written otherwise");
        assert!(History::from_json(&history.to_json())? == history, "{name} is read otherwise from JSON");
        let replayed = replayer().replay(&history)?;
        assert!(replayed.finished, "{name}: {replayed:?}");
        let changed = Replayer::new().workflow(no_longer_local).workflow(local_now).replay(&history);
        match name {
            "local1000" | "timers1000" => {
                let failure = changed.expect_err("the code has changed");
                let turn = failure.mismatch().map(|mismatch| mismatch.turn);
                assert_eq!(turn, Some(1), "{name}: {failure}");
            }
            _ => assert!(changed.is_err(), "{name} is another workflow"),
        }
    }
    Ok(())
}

/// Runs `temporal`; what it prints.
async fn temporal(arguments: &[&str]) -> Outcome<String> {
    let cli = std::env::var_os("PERPETUA_TEMPORAL_CLI")
        .map_or_else(|| folder("target/temporal/venv/bin/temporal"), PathBuf::from);
    let output = Command::new(cli).args(arguments).output().await?;
    let problem = format!("{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    if output.status.success() { Ok(String::from_utf8(output.stdout)?) } else { Err(problem.into()) }
}

/// Hands a history to the Python SDK, which compares it with the server's, and gives that one back.
async fn python(address: &str, workflow_id: &str, json: &str) -> Outcome<String> {
    let python =
        std::env::var_os("PERPETUA_PYTHON").map_or_else(|| folder("target/temporal/venv/bin/python3"), PathBuf::from);
    let mut child = Command::new(python)
        .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("python/exchange_history.py"))
        .args([address, workflow_id])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()?;
    let mut input = child.stdin.take().ok_or("the input is piped")?;
    input.write_all(json.as_bytes()).await?;
    drop(input);
    let output = child.wait_with_output().await?;
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Ok(String::from_utf8(output.stdout)?)
}

#[tokio::test]
async fn the_same_history_comes_from_the_client_the_command_line_and_python() -> Outcome {
    both_ways(async |stage| {
        let worker = stage.worker().workflow(many).workflow(Order::run).activity(charge).activity(refuse).spawn()?;
        let id = stage.id("many");
        let handle = stage.client().start(many(3)).task_queue(stage.task_queue()).id(&id).await?;
        assert_eq!(handle.result().await?, 4);
        let fetched = handle.history().await?;
        let address = stage.client().address();

        let show = ["workflow", "show", "--output", "json", "--workflow-id", id.as_str(), "--address", address];
        let from_command_line = History::from_json(&temporal(&show).await?)?;
        let from_python = History::from_json(&python(address, id.as_str(), &fetched.to_json()).await?)?;
        let from_bytes = History::from_bytes(&handle.history().raw().await?)?;
        for (name, history) in [("command line", from_command_line), ("Python", from_python), ("bytes", from_bytes)] {
            assert!(history == fetched, "the history of the {name} is another");
            let replayed = replayer().replay(&history)?;
            assert!(replayed.finished, "{replayed:?}");
        }
        worker.shutdown().await?;
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_run_that_goes_on_replays_up_to_where_it_is() -> Outcome {
    both_ways(async |stage| {
        let worker = stage.worker().workflow(Order::run).activity(charge).activity(refuse).spawn()?;
        let handle = stage.client().start(Order::run("ann".into(), 350)).task_queue(stage.task_queue());
        let handle = handle.id(stage.id("order")).await?;
        crate::facts::event(&handle, "TimerFired").await?;
        // Once this is answered, the turn after the timer is over.
        assert_eq!(handle.note("ring twice".into()).await?, 1);
        let replayed = replayer().replay(&handle.history().await?)?;
        assert!(!replayed.finished);
        let waits: Vec<_> = replayed.pending.iter().map(|pending| pending.what.as_str()).collect();
        assert_eq!(waits, ["condition"]);
        let failure = Replayer::new().workflow(impatient::Order::run).replay(&handle.history().await?);
        let failure = failure.expect_err("the code has changed").to_string();
        assert!(failure.contains("the code does not do any more") && failure.contains("start_timer"), "{failure}");
        handle.terminate().await?;
        worker.shutdown().await?;
        Ok(())
    })
    .await
}
