//! What a worker is told in its control queue, as a Nexus request that nobody has made.
//!
//! It is told once and not stored: what it says the worker would hear by itself, only later, and a worker that is gone has
//! nothing left to stop.

use perpetua_proto::common::Payload;
use perpetua_proto::nexus::request::Variant;
use perpetua_proto::nexus::{Request, StartOperationRequest};
use perpetua_proto::worker::worker_command::Type;
use perpetua_proto::worker::{CancelActivityCommand, WorkerCommand};
use perpetua_proto::workerservice::ExecuteCommandsRequest;
use perpetua_proto::workflowservice::PollNexusTaskQueueResponse;
use prost::Message;

use super::OperationToken;
use crate::token;

/// What workers know such a request by.
const SERVICE: &str = "temporal.api.nexusservices.workerservice.v1.WorkerService";
const OPERATION: &str = "ExecuteCommands";
/// How long a worker may take to answer.
const LIMIT: &str = "9s";

/// That these attempts of activities are not wanted any longer.
pub(crate) fn cancel(tokens: Vec<bytes::Bytes>) -> ExecuteCommandsRequest {
    let command =
        |task_token| WorkerCommand { r#type: Some(Type::CancelActivity(CancelActivityCommand { task_token })) };
    ExecuteCommandsRequest { commands: tokens.into_iter().map(command).collect() }
}

/// What the worker's answer is known by.
pub(crate) fn token(server: u64, namespace: &str) -> OperationToken {
    OperationToken { server, namespace: namespace.to_owned(), command: true, ..OperationToken::default() }
}

/// The request as the worker gets it.
pub(crate) fn request(command: &ExecuteCommandsRequest, token: OperationToken) -> PollNexusTaskQueueResponse {
    let payload = Payload {
        metadata: [("encoding".to_owned(), "binary/protobuf".into())].into(),
        data: command.encode_to_vec().into(),
        ..Payload::default()
    };
    let variant = Variant::StartOperation(StartOperationRequest {
        service: SERVICE.to_owned(),
        operation: OPERATION.to_owned(),
        payload: Some(payload),
        ..StartOperationRequest::default()
    });
    let header = ["Request-Timeout", "request-timeout"].map(|name| (name.to_owned(), LIMIT.to_owned())).into();
    PollNexusTaskQueueResponse {
        task_token: token::write(&token),
        request: Some(Request { header, variant: Some(variant), ..Request::default() }),
        ..PollNexusTaskQueueResponse::default()
    }
}
