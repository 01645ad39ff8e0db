//! The server in a process of its own.

use std::path::Path;
use std::process::Stdio;

use perpetua_proto::workflowservice::workflow_service_client::WorkflowServiceClient;
use perpetua_testkit::Outcome;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};
use tonic::transport::{Channel, Endpoint};

/// A client of the server, without any retries.
pub(crate) type Raw = WorkflowServiceClient<Channel>;

/// The server in a process of its own.
pub(crate) struct Process {
    child: Child,
    address: String,
}

impl Process {
    /// Starts a server on this file; it listens when this returns.
    pub(crate) async fn start(file: &Path) -> Outcome<Self> {
        let mut command = Command::new(env!("CARGO_BIN_EXE_killable_server"));
        command.arg(file).stdin(Stdio::piped()).stdout(Stdio::piped()).kill_on_drop(true);
        let mut child = command.spawn()?;
        let output = child.stdout.take().ok_or("the output is a pipe")?;
        let address = BufReader::new(output).lines().next_line().await?.ok_or("the server does not start")?;
        Ok(Self { child, address })
    }

    /// A new connection.
    pub(crate) async fn client(&self) -> Outcome<Raw> {
        let channel = Endpoint::from_shared(format!("http://{}", self.address))?.connect().await?;
        Ok(WorkflowServiceClient::new(channel))
    }

    /// Kills it, whatever it does.
    pub(crate) async fn kill(mut self) -> Outcome {
        self.child.kill().await?;
        Ok(())
    }
}
