//! `perpetua history pull` against a server: which histories it takes, what it writes, and how it ends.

use std::error::Error;
use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use perpetua_client::Client;
use perpetua_contract::{NamedWorkflow, Workflow};
use perpetua_proto::command::Command as WireCommand;
use perpetua_proto::command::command::Attributes;
use perpetua_proto::enums::CommandType;
use perpetua_proto::taskqueue::TaskQueue;
use perpetua_proto::workflowservice::{PollWorkflowTaskQueueRequest, RespondWorkflowTaskCompletedRequest};
use perpetua_server::{Listening, Server};
use perpetua_vocab::History;

type Outcome<T = ()> = Result<T, Box<dyn Error>>;

struct Stage {
    _server: Server,
    listening: Listening,
    client: Client,
}

/// A server with runs of two types: three open ones, two that were terminated, one that completed.
async fn stage() -> Outcome<Stage> {
    let server = Server::builder().start()?;
    let listening = server.listen(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).await?;
    let client = Client::connect(listening.address().to_string()).await?;
    start(&client, "Order", "done").await?;
    complete(&client).await?;
    for id in ["../order", "order 2", "order-3", "order-4"] {
        start(&client, "Order", id).await?;
    }
    for id in ["order-3", "order-4"] {
        client.handle::<NamedWorkflow>(id).terminate().await?;
    }
    start(&client, "Invoice", "invoice-1").await?;
    Ok(Stage { _server: server, listening, client })
}

async fn start(client: &Client, name: &'static str, id: &str) -> Outcome {
    client.start(Workflow::named(name).args(())).task_queue("queue").id(id).await?;
    Ok(())
}

/// Takes the task that there is, and completes its workflow.
async fn complete(client: &Client) -> Outcome {
    let namespace = client.namespace().to_string();
    let task_queue = Some(TaskQueue { name: "queue".into(), ..Default::default() });
    let poll = PollWorkflowTaskQueueRequest { namespace: namespace.clone(), task_queue, ..Default::default() };
    let task = client.rpc(&poll).await?;
    let complete = WireCommand {
        command_type: CommandType::CompleteWorkflowExecution.into(),
        attributes: Some(Attributes::CompleteWorkflowExecutionCommandAttributes(Box::default())),
        ..Default::default()
    };
    let answer = RespondWorkflowTaskCompletedRequest {
        namespace,
        task_token: task.task_token,
        commands: vec![complete],
        ..Default::default()
    };
    client.rpc(&answer).await?;
    Ok(())
}

impl Stage {
    async fn pull(&self, folder: &Path, more: &[&str]) -> Outcome<Output> {
        let address = self.listening.address().to_string();
        perpetua(&[&["--address", &address], more].concat(), folder).await
    }
}

/// Runs the binary in a folder, while the server in this process goes on.
async fn perpetua(arguments: &[&str], folder: &Path) -> Outcome<Output> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_perpetua"));
    command.args(["history", "pull"]).args(arguments).current_dir(folder);
    for variable in ["TEMPORAL_ADDRESS", "TEMPORAL_NAMESPACE", "TEMPORAL_API_KEY", "TEMPORAL_TLS"] {
        command.env_remove(variable);
    }
    Ok(tokio::task::spawn_blocking(move || command.output()).await??)
}

/// The files below a folder, by their paths from it.
fn files(folder: &Path) -> Outcome<Vec<PathBuf>> {
    let mut found = Vec::new();
    for of_type in fs::read_dir(folder)? {
        for file in fs::read_dir(of_type?.path())? {
            found.push(file?.path().strip_prefix(folder)?.to_path_buf());
        }
    }
    found.sort();
    Ok(found)
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sample_has_every_status_and_its_files_are_the_histories() -> Outcome {
    let stage = stage().await?;
    let folder = tempfile::tempdir()?;
    let pulled = stage.pull(folder.path(), &["--per-type", "3"]).await?;
    assert!(pulled.status.success(), "{pulled:?}");
    let said = text(&pulled.stdout);
    assert!(said.contains("Invoice: took 1 of 1 (1 running), left 0\n"), "{said}");
    assert!(said.contains("Order: took 3 of 5 (1 completed, 1 running, 1 terminated), left 2\n"), "{said}");
    assert!(said.ends_with("6 runs listed, 4 taken\n"), "{said}");

    let files = files(&folder.path().join("histories"))?;
    assert_eq!(files.len(), 4, "{files:?}");
    let done = files.iter().find(|file| file.starts_with("Order") && file.to_string_lossy().contains("done-"));
    let written =
        fs::read_to_string(folder.path().join("histories").join(done.ok_or("it is the only one that completed")?))?;
    let history = stage.client.handle::<NamedWorkflow>("done").history().await?;
    assert_eq!(History::from_json(&written)?.to_bytes(), history.to_bytes());
    assert_eq!(written, history.to_json());

    let again = stage.pull(folder.path(), &["--per-type", "3"]).await?;
    assert_eq!(text(&again.stdout), said.replace("  new       ", "  unchanged "));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_query_narrows_the_sample_and_no_name_leads_out_of_the_folder() -> Outcome {
    let stage = stage().await?;
    let folder = tempfile::tempdir()?;
    let query = "WorkflowType = 'Order' AND ExecutionStatus = 'Running'";
    let pulled = stage.pull(folder.path(), &["--query", query, "--out", "deep/sample"]).await?;
    assert!(pulled.status.success(), "{pulled:?}");
    let files = files(&folder.path().join("deep/sample"))?;
    let names: Vec<String> = files.iter().map(|file| file.to_string_lossy().into_owned()).collect();
    assert!(names[0].starts_with("Order/%2E.%2Forder-") && names[1].starts_with("Order/order%202-"), "{names:?}");
    assert_eq!(names.len(), 2, "{names:?}");

    // What has gone on is written again.
    stage.client.handle::<NamedWorkflow>("order 2").terminate().await?;
    let pulled = stage.pull(folder.path(), &["--query", "WorkflowId = 'order 2'", "--out", "deep/sample"]).await?;
    assert!(text(&pulled.stdout).contains("  updated   "), "{pulled:?}");

    let pulled = stage.pull(folder.path(), &["--at-most", "2", "--out", "few"]).await?;
    assert!(text(&pulled.stdout).contains("2 runs listed, 2 taken; the server has more"), "{pulled:?}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_had_is_said() -> Outcome {
    let stage = stage().await?;
    let folder = tempfile::tempdir()?;
    let refused = stage.pull(folder.path(), &["--query", "Color ="]).await?;
    assert_eq!(refused.status.code(), Some(1), "{refused:?}");
    let said = text(&refused.stderr);
    assert!(said.starts_with("error: the server does not list its workflows\n  because: "), "{said}");

    let unknown = stage.pull(folder.path(), &["--namespace", "nowhere"]).await?;
    assert_eq!(unknown.status.code(), Some(1), "{unknown:?}");
    assert!(text(&unknown.stderr).contains("nowhere"), "{unknown:?}");

    fs::write(folder.path().join("histories"), "a file")?;
    let unwritable = stage.pull(folder.path(), &[]).await?;
    assert_eq!(unwritable.status.code(), Some(1), "{unwritable:?}");
    assert!(text(&unwritable.stderr).contains("cannot be written"), "{unwritable:?}");
    Ok(())
}
