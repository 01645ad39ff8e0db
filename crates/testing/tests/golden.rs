//! Histories of tests: recorded, held against the code, reviewed like snapshots.

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use perpetua::prelude::*;
use perpetua::testing::{Check, Findings, golden, harness};
use perpetua::{Replayer, TestEnvBuilder};

#[activity]
async fn charge(cents: u64) -> Result<u64, ActivityError> {
    Ok(cents)
}

/// The first version.
#[workflow(name = "order")]
async fn order(ctx: Ctx, cents: u64) -> WorkflowResult<String> {
    ctx.sleep(hours(1)).await?;
    ctx.activity(charge(cents)).start_to_close(minutes(1)).await?;
    Ok(format!("{} at {:?}", ctx.uuid(), ctx.now()))
}

/// It charges more, which its history allows.
#[workflow(name = "order")]
async fn dearer(ctx: Ctx, cents: u64) -> WorkflowResult<String> {
    ctx.sleep(hours(1)).await?;
    ctx.activity(charge(cents + 1)).start_to_close(minutes(1)).await?;
    Ok(format!("{} at {:?}", ctx.uuid(), ctx.now()))
}

/// It does not wait any more, which runs that wait already do not survive.
#[workflow(name = "order")]
async fn hasty(ctx: Ctx, cents: u64) -> WorkflowResult<String> {
    ctx.activity(charge(cents)).start_to_close(minutes(1)).await?;
    Ok(ctx.uuid().to_string())
}

/// The same, with respect for them.
#[workflow(name = "order")]
async fn patched(ctx: Ctx, cents: u64) -> WorkflowResult<String> {
    if !ctx.patched("no wait") {
        ctx.sleep(hours(1)).await?;
    }
    ctx.activity(charge(cents)).start_to_close(minutes(1)).await?;
    Ok(ctx.uuid().to_string())
}

/// A folder for one test, which is gone when the test is over.
struct Folder(PathBuf);

impl Folder {
    fn new(test: &str) -> Self {
        let path = std::env::temp_dir().join(format!("perpetua-histories-{}-{test}", std::process::id()));
        drop(fs::remove_dir_all(&path));
        Self(path)
    }

    fn builder(&self) -> TestEnvBuilder {
        TestEnv::builder().histories_in(&self.0).test_name("orders::paid")
    }

    /// What is in the files, by their paths.
    fn files(&self) -> Vec<(String, String)> {
        let folder = self.0.join("orders/paid");
        let Ok(entries) = fs::read_dir(&folder) else { return Vec::new() };
        let mut files: Vec<_> = entries
            .map(|entry| {
                let entry = entry.expect("it can be read");
                let json = fs::read_to_string(entry.path()).expect("it can be read");
                (entry.file_name().to_string_lossy().into_owned(), json)
            })
            .collect();
        files.sort();
        files
    }

    fn names(&self) -> Vec<String> {
        self.files().into_iter().map(|(name, _)| name).collect()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        drop(fs::remove_dir_all(&self.0));
    }
}

/// Runs an order for so many cents in a world, with this version of the workflow.
macro_rules! play {
    ($builder:expr, $version:ident, $cents:expr) => {{
        let env = $builder.start().await.expect("there is a world");
        env.worker().workflow($version).activity(charge).start();
        for cents in $cents {
            env.run($version(cents)).await.expect("it completes");
        }
        env.finish().await
    }};
}

#[tokio::test]
async fn recording_again_changes_nothing() {
    let folder = Folder::new("again");
    play!(folder.builder().record_histories(), order, [7, 5, 7]).expect("nothing is found");
    let first = folder.files();
    assert_eq!(folder.names(), ["order-2.json", "order.json"], "equal runs are recorded once");
    play!(folder.builder().record_histories(), order, [5, 7]).expect("nothing is found");
    assert_eq!(folder.files(), first);
    for (_, json) in &first {
        let identities: Vec<_> = json.lines().filter(|line| line.contains("\"identity\"")).collect();
        assert!(!identities.is_empty() && identities.iter().all(|line| line.contains("\"test\"")), "{identities:?}");
    }
    assert!(first.iter().all(|(_, json)| !json.contains('@')), "a queue is named after a process");
    let replayed = golden::replay_all(&folder.0, &Replayer::new().workflow(order));
    assert_eq!(replayed.expect("they fit"), 2);
}

#[tokio::test]
async fn a_run_that_asks_for_something_else_is_found() {
    let folder = Folder::new("check");
    play!(folder.builder().check_histories(), order, [7]).expect("nothing is recorded, so nothing is checked");
    play!(folder.builder().record_histories(), order, [7]).expect("nothing is found");
    play!(folder.builder().check_histories(), order, [7]).expect("it asks for the same");
    let found = play!(folder.builder().check_histories(), dearer, [7]).expect_err("it asks for more");
    assert!(found.has(Check::Histories), "{found}");
    let report = found.to_string();
    assert!(report.contains("- ActivityTaskScheduled 1 charge(7)\n  + ActivityTaskScheduled 1 charge(8)"), "{report}");
    assert!(report.contains("    TimerStarted 1 3600s\n"), "{report}");
    assert!(report.contains("PERPETUA_HISTORIES=record cargo test"), "{report}");
    play!(folder.builder().check_histories().without(Check::Histories), dearer, [7]).expect("nobody wants to know");
}

#[tokio::test]
async fn what_no_longer_fits_is_reported_and_recorded_anew() {
    let folder = Folder::new("unfit");
    play!(folder.builder().record_histories(), order, [7]).expect("nothing is found");
    let unfit = golden::replay_all(&folder.0, &Replayer::new().workflow(hasty)).expect_err("it does not wait");
    let report = unfit.to_string();
    assert_eq!(unfit.problems().count(), 1);
    for said in
        ["1 recorded history does not fit", "orders/paid/order.json", "start_timer", "ctx.patched(..)", "record anew"]
    {
        assert!(report.contains(said), "{said}: {report}");
    }
    play!(folder.builder().record_histories(), hasty, [7]).expect("nothing is found");
    assert_eq!(folder.names(), ["order.json"]);
    golden::replay_all(&folder.0, &Replayer::new().workflow(hasty)).expect("it was recorded anew");
    golden::replay_all(&folder.0, &Replayer::new().workflow(order)).expect_err("it was recorded anew");
}

#[tokio::test]
async fn what_still_fits_is_kept_beside_what_is_new() {
    let folder = Folder::new("patched");
    play!(folder.builder().record_histories(), order, [7]).expect("nothing is found");
    let before = folder.files();
    play!(folder.builder().record_histories(), patched, [7]).expect("nothing is found");
    assert_eq!(folder.names(), ["order-2.json", "order.json"]);
    assert_eq!(folder.files()[1..], before);
    assert_eq!(golden::replay_all(&folder.0, &Replayer::new().workflow(patched)).expect("both fit"), 2);
    play!(folder.builder().check_histories(), patched, [7]).expect("the later one is the same");
}

#[workflow]
async fn shop(ctx: Ctx) -> WorkflowResult<String> {
    Ok(ctx.child(order(7)).await?)
}

#[tokio::test]
async fn what_a_mock_does_is_not_recorded() {
    let folder = Folder::new("mocked");
    let env = folder.builder().record_histories().start().await.expect("there is a world");
    env.mock_workflow(order).answer(|_cents| Ok("mocked".to_owned()));
    env.worker().workflow(shop).start();
    assert_eq!(env.run(shop()).await.expect("it completes"), "mocked");
    env.finish().await.expect("nothing is found");
    assert_eq!(folder.names(), ["shop.json"]);
}

#[test]
fn a_test_that_fails_records_nothing() {
    let folder = Folder::new("fails");
    let failing = |fails: bool| {
        catch_unwind(AssertUnwindSafe(|| {
            harness::run(folder.builder().record_histories(), async |env: TestEnv| {
                env.worker().workflow(order).activity(charge).start();
                env.run(order(7)).await.expect("it completes");
                assert!(!fails, "it fails");
            });
        }))
    };
    failing(true).expect_err("it fails");
    assert!(folder.files().is_empty());
    failing(false).expect("it does not fail");
    assert_eq!(folder.names(), ["order.json"]);
}

#[test]
fn where_there_is_nothing_there_is_nothing_to_trust_in() {
    let folder = Folder::new("nothing");
    let replay =
        |folder: &Path| golden::replay_all(folder, &Replayer::new().workflow(order)).expect_err("none is there");
    assert!(replay(&folder.0).to_string().contains("perpetua-histories-"));
    fs::create_dir_all(&folder.0).expect("it is made");
    assert!(replay(&folder.0).to_string().contains("there is no history"));
    fs::write(folder.0.join("broken.json"), "{").expect("it is written");
    assert!(replay(&folder.0).to_string().contains("the file is no history"));
}

/// Its histories are in a folder of its own name, as the macro says it.
#[perpetua::test(env = recording)]
async fn named_by_the_macro(env: TestEnv) {
    env.worker().workflow(order).activity(charge).start();
    env.run(order(1)).await.expect("it completes");
    let found: Result<(), Findings> = env.finish().await;
    found.expect("nothing is found");
    let folder = Folder(by_macro());
    assert!(folder.0.join("golden/named_by_the_macro/order.json").is_file());
}

fn by_macro() -> PathBuf {
    std::env::temp_dir().join(format!("perpetua-histories-{}-macro", std::process::id()))
}

fn recording() -> TestEnvBuilder {
    TestEnv::builder().record_histories().histories_in(by_macro())
}
