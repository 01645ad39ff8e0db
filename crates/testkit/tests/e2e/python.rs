//! Together with the Python SDK: its client drives our workflow, our client drives its workflow.

use std::path::PathBuf;
use std::process::Stdio;

use perpetua::prelude::*;
use perpetua_testkit::{Outcome, both_ways};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::Command;

use crate::basket::{Basket, Item, total};

crate::recorded::replayed_with!(Basket);

/// A Python that imports the SDK, running one of the scripts beside this crate.
pub(crate) fn python(script: &str) -> Command {
    let python = std::env::var_os("PERPETUA_PYTHON").map_or_else(
        || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../target/temporal/venv/bin/python3")),
        PathBuf::from,
    );
    let mut command = Command::new(python);
    command.arg(format!("{}/python/{script}", env!("CARGO_MANIFEST_DIR"))).kill_on_drop(true);
    command
}

#[tokio::test]
async fn the_python_client_drives_our_workflow() -> Outcome {
    both_ways(async |stage| {
        let worker = stage.worker().workflow(Basket::run).activity(total).spawn()?;
        let output = python("drive_basket.py")
            .args([stage.client().address(), stage.task_queue().as_str(), stage.id("basket").as_str()])
            .output()
            .await?;
        let printed = String::from_utf8_lossy(&output.stdout);
        let expected = [
            "count 1",
            "renamed tea",
            "refused NoSuchItem there is no item 7 [{'index': 7}]",
            "result ann pays 347",
            "failed EmptyOrder nothing was ordered True [{'customer': 'bob'}]",
        ];
        let seen: Vec<_> = printed.lines().collect();
        assert_eq!(seen, expected, "{}", String::from_utf8_lossy(&output.stderr));
        worker.shutdown().await?;
        Ok(())
    })
    .await
}

#[derive(Debug, thiserror::Error, ApplicationError, PartialEq)]
enum PythonOrderError {
    #[error("nothing was ordered")]
    EmptyOrder { customer: String },
}

#[derive(Debug, thiserror::Error, ApplicationError, PartialEq)]
#[error("there is no such item")]
struct NoSuchItem(usize);

/// The workflow of the script `orders_worker.py`.
#[workflow(name = "PythonOrder")]
trait PythonOrder {
    #[run]
    async fn run(customer: String, discount: i64) -> Result<String, PythonOrderError>;
    #[signal]
    fn add(item: Item);
    #[signal]
    fn close();
    #[query]
    fn count() -> u32;
    #[update]
    async fn rename(index: usize, name: String) -> Result<String, NoSuchItem>;
}

#[tokio::test]
async fn our_client_drives_the_python_workflow() -> Outcome {
    both_ways(async |stage| {
        let mut worker = python("orders_worker.py")
            .args([stage.client().address(), stage.task_queue().as_str()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let output = worker.stdout.take().ok_or("the output is piped")?;
        let ready = BufReader::new(output).lines().next_line().await?;
        assert_eq!(ready.as_deref(), Some("ready"));

        let start = stage.client().start(PythonOrder::run("ann".into(), 50)).task_queue(stage.task_queue());
        let handle = start.id(stage.id("order")).await?;
        handle.add(Item { name: "tea".into(), cents: 350 }).await?;
        handle.add(Item { name: "cake".into(), cents: 420 }).await?;
        assert_eq!(handle.count().await?, 2);
        assert_eq!(handle.rename(1, "pie".into()).await?, "cake");
        let refused = handle.rename(9, "nothing".into()).await.expect_err("there is no item 9");
        assert_eq!(refused.application(), Some(&NoSuchItem(9)), "{refused:?}");
        handle.close().await?;
        assert_eq!(handle.result().await?, "ann pays 720");

        let start = stage.client().start(PythonOrder::run("bob".into(), 0)).task_queue(stage.task_queue());
        let empty = start.id(stage.id("empty")).await?;
        empty.close().await?;
        let failed = empty.result().await.expect_err("nothing was ordered");
        assert_eq!(failed.application(), Some(&PythonOrderError::EmptyOrder { customer: "bob".into() }), "{failed:?}");

        drop(worker.stdin.take());
        worker.wait().await?;
        Ok(())
    })
    .await
}
