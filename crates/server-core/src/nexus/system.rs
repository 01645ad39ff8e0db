//! Operations of the server itself: a workflow calls them as it calls others, and the server is the handler.

use perpetua_proto::common::Payload;
use perpetua_proto::enums::WorkflowIdConflictPolicy as Conflict;
use perpetua_proto::workflowservice::{
    SignalWithStartWorkflowExecutionRequest as Request, SignalWithStartWorkflowExecutionResponse as Response,
};
use prost::Message;

use crate::requests::start;

/// The endpoint of the server itself.
pub(crate) const ENDPOINT: &str = "__temporal_system";
const SERVICE: &str = "temporal.api.workflowservice.v1.WorkflowService";
const OPERATION: &str = "SignalWithStartWorkflowExecution";

/// Reads what a workflow of this namespace asks the server for.
///
/// # Errors
/// When there is no such operation, or the request for it is wrong.
pub(crate) fn read(
    namespace: &str,
    service: &str,
    operation: &str,
    input: Option<&Payload>,
) -> Result<Request, String> {
    if service != SERVICE {
        return Err(format!("service {service:?} not found"));
    }
    if operation != OPERATION {
        return Err(format!("operation {operation:?} not found"));
    }
    let binary = input.filter(|input| input.metadata.get("encoding").is_some_and(|it| *it == "binary/protobuf"));
    let Some(mut request) = binary.and_then(|input| Request::decode(input.data.clone()).ok()) else {
        return Err("failed to decode input payload: it is no SignalWithStartWorkflowExecutionRequest".to_owned());
    };
    if request.namespace.is_empty() {
        namespace.clone_into(&mut request.namespace);
    }
    if request.namespace != namespace {
        let asked = &request.namespace;
        return Err(format!("Namespace in request {asked:?} does not match namespace in context {namespace:?}"));
    }
    if request.workflow_id_conflict_policy() == Conflict::Fail {
        let policy = Conflict::Fail.as_str_name();
        return Err(format!("Invalid WorkflowIDConflictPolicy: {policy} is not supported for this operation."));
    }
    start::check_signal(&request).map_err(|refusal| refusal.message)?;
    Ok(request)
}

/// What the server answers.
pub(crate) fn result(response: &Response) -> Payload {
    let kind = "temporal.api.workflowservice.v1.SignalWithStartWorkflowExecutionResponse";
    let metadata = [("encoding", "binary/protobuf"), ("messageType", kind)];
    Payload {
        metadata: metadata.map(|(name, value)| (name.to_owned(), value.into())).into(),
        data: response.encode_to_vec().into(),
        ..Payload::default()
    }
}
