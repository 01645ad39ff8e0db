//! How much a command may bring.

use perpetua_proto::command::command::Attributes;
use perpetua_proto::enums::WorkflowTaskFailedCause as Cause;
use prost::Message;

use super::Bad;

/// What is too large in a command. The run ends: another try would be as large.
pub(super) fn check(attributes: &Attributes, limit: usize) -> Result<(), Bad> {
    use Attributes as A;
    let size = |message: Option<&perpetua_proto::common::Payloads>| message.map_or(0, Message::encoded_len);
    let (size, cause, what) = match attributes {
        A::ScheduleActivityTaskCommandAttributes(it) => (
            size(it.input.as_ref()),
            Cause::BadScheduleActivityAttributes,
            "ScheduleActivityTaskCommandAttributes.Input",
        ),
        // The cause is what the protocol's other servers say.
        A::CompleteWorkflowExecutionCommandAttributes(it) => (
            size(it.result.as_ref()),
            Cause::BadScheduleActivityAttributes,
            "CompleteWorkflowExecutionCommandAttributes.Result",
        ),
        A::FailWorkflowExecutionCommandAttributes(it) => (
            it.failure.as_ref().map_or(0, Message::encoded_len),
            Cause::BadFailWorkflowExecutionAttributes,
            "FailWorkflowExecutionCommandAttributes.Failure",
        ),
        A::RecordMarkerCommandAttributes(it) => (
            it.details.values().map(Message::encoded_len).sum(),
            Cause::BadRecordMarkerAttributes,
            "RecordMarkerCommandAttributes.Details",
        ),
        A::StartChildWorkflowExecutionCommandAttributes(it) => (
            size(it.input.as_ref()),
            Cause::BadStartChildExecutionAttributes,
            "StartChildWorkflowExecutionCommandAttributes. Input",
        ),
        A::SignalExternalWorkflowExecutionCommandAttributes(it) => (
            size(it.input.as_ref()),
            Cause::BadSignalWorkflowExecutionAttributes,
            "SignalExternalWorkflowExecutionCommandAttributes.Input",
        ),
        A::ContinueAsNewWorkflowExecutionCommandAttributes(it) => (
            size(it.input.as_ref()),
            Cause::BadContinueAsNewAttributes,
            "ContinueAsNewWorkflowExecutionCommandAttributes. Input",
        ),
        A::ModifyWorkflowPropertiesCommandAttributes(it) => (
            it.upserted_memo.as_ref().map_or(0, Message::encoded_len),
            Cause::BadModifyWorkflowPropertiesAttributes,
            "ModifyWorkflowPropertiesCommandAttributes",
        ),
        _ => return Ok(()),
    };
    if size > limit {
        return Err(Bad::new(cause, format!("{what} exceeds size limit.")).for_good());
    }
    Ok(())
}
