//! What can be wrong with the commands of an answer as a whole. Such an answer counts as none.

use perpetua_proto::command::Command;
use perpetua_proto::command::command::Attributes;
use perpetua_proto::enums::CommandType;

use crate::refusal::{Answer, Refusal};
use crate::world::Cx;

/// Checks that commands are known, and that the one that ends the run is the last.
///
/// # Errors
/// What is wrong with them.
pub(crate) fn check(cx: &Cx<'_>, commands: &[Command]) -> Answer<()> {
    for (at, command) in commands.iter().enumerate() {
        let kind = command.command_type();
        if kind == CommandType::Unspecified {
            return Err(Refusal::invalid("unknown command type: Unspecified"));
        }
        if ends(kind) && at + 1 < commands.len() {
            let names: Vec<String> = commands.iter().map(|command| name(command.command_type())).collect();
            return Err(Refusal::invalid(format!(
                "invalid command sequence: [{}], command {} must be the last command.",
                names.join(", "),
                name(kind)
            )));
        }
        let namespace = match &command.attributes {
            Some(Attributes::StartChildWorkflowExecutionCommandAttributes(it)) => &it.namespace,
            Some(Attributes::SignalExternalWorkflowExecutionCommandAttributes(it)) => &it.namespace,
            Some(Attributes::RequestCancelExternalWorkflowExecutionCommandAttributes(it)) => &it.namespace,
            _ => continue,
        };
        if !namespace.is_empty() {
            cx.check_namespace(namespace)?;
        }
    }
    Ok(())
}

fn ends(kind: CommandType) -> bool {
    matches!(
        kind,
        CommandType::CompleteWorkflowExecution
            | CommandType::FailWorkflowExecution
            | CommandType::CancelWorkflowExecution
            | CommandType::ContinueAsNewWorkflowExecution
    )
}

/// The command that attributes are for.
pub(super) fn kind_of(attributes: &Attributes) -> CommandType {
    use Attributes as A;
    match attributes {
        A::ScheduleActivityTaskCommandAttributes(_) => CommandType::ScheduleActivityTask,
        A::RequestCancelActivityTaskCommandAttributes(_) => CommandType::RequestCancelActivityTask,
        A::StartTimerCommandAttributes(_) => CommandType::StartTimer,
        A::CancelTimerCommandAttributes(_) => CommandType::CancelTimer,
        A::StartChildWorkflowExecutionCommandAttributes(_) => CommandType::StartChildWorkflowExecution,
        A::SignalExternalWorkflowExecutionCommandAttributes(_) => CommandType::SignalExternalWorkflowExecution,
        A::RequestCancelExternalWorkflowExecutionCommandAttributes(_) => {
            CommandType::RequestCancelExternalWorkflowExecution
        }
        A::RecordMarkerCommandAttributes(_) => CommandType::RecordMarker,
        A::UpsertWorkflowSearchAttributesCommandAttributes(_) => CommandType::UpsertWorkflowSearchAttributes,
        A::ModifyWorkflowPropertiesCommandAttributes(_) => CommandType::ModifyWorkflowProperties,
        A::ProtocolMessageCommandAttributes(_) => CommandType::ProtocolMessage,
        A::CompleteWorkflowExecutionCommandAttributes(_) => CommandType::CompleteWorkflowExecution,
        A::FailWorkflowExecutionCommandAttributes(_) => CommandType::FailWorkflowExecution,
        A::CancelWorkflowExecutionCommandAttributes(_) => CommandType::CancelWorkflowExecution,
        A::ContinueAsNewWorkflowExecutionCommandAttributes(_) => CommandType::ContinueAsNewWorkflowExecution,
        A::ScheduleNexusOperationCommandAttributes(_) => CommandType::ScheduleNexusOperation,
        A::RequestCancelNexusOperationCommandAttributes(_) => CommandType::RequestCancelNexusOperation,
    }
}

/// A command's name, as in `StartTimer`.
fn name(kind: CommandType) -> String {
    super::camel(kind.as_str_name().trim_start_matches("COMMAND_TYPE_"))
}

/// What a command without attributes of its own kind is missing.
pub(super) fn missing(kind: CommandType) -> String {
    let name = name(kind);
    format!("{name}CommandAttributes is not set on {name}Command.")
}
