//! Together with the `temporal` command line, which knows our workflows by their names only.

use std::path::PathBuf;

use perpetua_testkit::{Outcome, both_ways};
use serde_json::Value;
use tokio::process::Command;

use crate::basket::{Basket, total};

crate::recorded::replayed_with!(Basket);

/// Runs `temporal` against a server; what it prints.
pub(crate) async fn temporal(address: &str, arguments: &[&str]) -> Outcome<String> {
    let cli = std::env::var_os("PERPETUA_TEMPORAL_CLI").map_or_else(
        || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../target/temporal/venv/bin/temporal")),
        PathBuf::from,
    );
    let output = Command::new(cli).args(arguments).args(["--address", address]).output().await?;
    if output.status.success() {
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    } else {
        Err(format!("{arguments:?}: {}", String::from_utf8_lossy(&output.stderr)).into())
    }
}

#[tokio::test]
async fn the_command_line_drives_our_workflow() -> Outcome {
    both_ways(async |stage| {
        let address = stage.client().address();
        let worker = stage.worker().workflow(Basket::run).activity(total).spawn()?;
        let id = stage.id("basket");
        let id = id.as_str();
        let queue = stage.task_queue().as_str();

        let start = ["workflow", "start", "--type", "Basket", "--task-queue", queue, "--workflow-id", id];
        temporal(address, &[&start[..], &["--input", "\"ann\"", "--input", "50"]].concat()).await?;
        let tea = r#"{"name": "tea", "cents": 350}"#;
        temporal(address, &["workflow", "signal", "--workflow-id", id, "--name", "add", "--input", tea]).await?;
        let query = ["workflow", "query", "--workflow-id", id, "--name", "count", "--output", "json"];
        let answer: Value = serde_json::from_str(&temporal(address, &query).await?)?;
        assert_eq!(answer["queryResult"][0], 1, "{answer}");
        let update = ["workflow", "update", "execute", "--workflow-id", id, "--name", "rename", "--output", "json"];
        let renamed = temporal(address, &[&update[..], &["--input", "0", "--input", "\"coffee\""]].concat()).await?;
        assert!(renamed.contains("tea"), "{renamed}");
        temporal(address, &["workflow", "signal", "--workflow-id", id, "--name", "close"]).await?;
        let result: Value = serde_json::from_str(
            &temporal(address, &["workflow", "result", "--workflow-id", id, "--output", "json"]).await?,
        )?;
        assert_eq!(result["result"], "ann pays 300", "{result}");

        worker.shutdown().await?;
        Ok(())
    })
    .await
}
