//! How an operation can fail, in the words of workflows.

use perpetua_proto::common::{Payload, Payloads};
use perpetua_proto::enums::{NexusHandlerErrorRetryBehavior as RetryBehavior, TimeoutType};
use perpetua_proto::failure::failure::FailureInfo;
use perpetua_proto::failure::{
    ApplicationFailureInfo, CanceledFailureInfo, Failure, NexusHandlerFailureInfo, NexusOperationFailureInfo,
    TerminatedFailureInfo, TimeoutFailureInfo,
};
use perpetua_proto::history::NexusOperationScheduledEventAttributes as Asked;
use perpetua_proto::nexus;

/// An operation that did not succeed, and why.
pub(crate) fn of_operation(asked: &Asked, scheduled: i64, token: &str, cause: Failure) -> Failure {
    Failure {
        message: "nexus operation completed unsuccessfully".to_owned(),
        cause: Some(Box::new(cause)),
        failure_info: Some(FailureInfo::NexusOperationExecutionFailureInfo(NexusOperationFailureInfo {
            scheduled_event_id: scheduled,
            endpoint: asked.endpoint.clone(),
            service: asked.service.clone(),
            operation: asked.operation.clone(),
            operation_id: token.to_owned(),
            operation_token: token.to_owned(),
        })),
        ..Failure::default()
    }
}

/// It took too long.
pub(crate) fn timed_out(kind: TimeoutType) -> Failure {
    Failure {
        message: "operation timed out".to_owned(),
        failure_info: Some(FailureInfo::TimeoutFailureInfo(TimeoutFailureInfo {
            timeout_type: kind.into(),
            last_heartbeat_details: None,
        })),
        ..Failure::default()
    }
}

/// The workflow behind it, or it itself, was stopped from outside.
pub(crate) fn terminated(message: &str, identity: &str) -> Failure {
    Failure {
        message: message.to_owned(),
        failure_info: Some(FailureInfo::TerminatedFailureInfo(TerminatedFailureInfo { identity: identity.to_owned() })),
        ..Failure::default()
    }
}

/// It was given up, as was asked for.
pub(crate) fn canceled(message: &str, details: Option<Payloads>) -> Failure {
    Failure {
        message: message.to_owned(),
        failure_info: Some(FailureInfo::CanceledFailureInfo(CanceledFailureInfo {
            details,
            ..CanceledFailureInfo::default()
        })),
        ..Failure::default()
    }
}

/// What went wrong with a request, not with the operation.
pub(crate) fn of_handler(kind: &str, message: &str) -> Failure {
    Failure {
        message: message.to_owned(),
        failure_info: Some(FailureInfo::NexusHandlerFailureInfo(NexusHandlerFailureInfo {
            r#type: kind.to_owned(),
            ..NexusHandlerFailureInfo::default()
        })),
        ..Failure::default()
    }
}

/// What a handler said, as it is passed on: whose words they are is not kept.
pub(crate) fn as_passed_on(failure: Failure) -> Failure {
    match failure.failure_info {
        Some(FailureInfo::NexusHandlerFailureInfo(_)) => Failure { source: String::new(), ..failure },
        _ => failure,
    }
}

/// An error in the form that older workers use.
pub(crate) fn of_handler_error(error: nexus::HandlerError) -> Failure {
    let info = NexusHandlerFailureInfo { r#type: error.error_type, retry_behavior: error.retry_behavior };
    Failure {
        cause: Some(Box::new(error.failure.map(from_nexus).unwrap_or_default())),
        failure_info: Some(FailureInfo::NexusHandlerFailureInfo(info)),
        ..Failure::default()
    }
}

/// What became of an operation, in the form that older workers use; none for a state that there is not.
pub(crate) fn of_unsuccessful(error: nexus::UnsuccessfulOperationError) -> Option<Failure> {
    let failure = from_nexus(error.failure.unwrap_or_default());
    match error.operation_state.as_str() {
        "failed" => Some(failure),
        "canceled" => {
            let info = FailureInfo::CanceledFailureInfo(CanceledFailureInfo::default());
            Some(Failure { failure_info: Some(info), ..failure })
        }
        _ => None,
    }
}

fn from_nexus(failure: nexus::Failure) -> Failure {
    let nexus::Failure { message, stack_trace, metadata, details, cause } = failure;
    let details = String::from_utf8_lossy(&details);
    let said = !metadata.is_empty() || !details.is_empty();
    Failure {
        message,
        stack_trace,
        cause: cause.map(|cause| Box::new(from_nexus(*cause))),
        failure_info: said.then(|| {
            FailureInfo::ApplicationFailureInfo(ApplicationFailureInfo {
                r#type: "NexusFailure".to_owned(),
                details: Some(Payloads { payloads: vec![as_json(&metadata, &details)] }),
                ..ApplicationFailureInfo::default()
            })
        }),
        ..Failure::default()
    }
}

/// What Nexus knows of a failure beside its message. The details are JSON already.
fn as_json(metadata: &std::collections::BTreeMap<String, String>, details: &str) -> Payload {
    let fields: Vec<String> =
        metadata.iter().map(|(key, value)| format!("{}:{}", quoted(key), quoted(value))).collect();
    let mut parts = Vec::new();
    if !fields.is_empty() {
        parts.push(format!("\"metadata\":{{{}}}", fields.join(",")));
    }
    if !details.is_empty() {
        parts.push(format!("\"details\":{details}"));
    }
    Payload {
        metadata: [("encoding".to_owned(), "json/plain".into())].into(),
        data: format!("{{{}}}", parts.join(",")).into(),
        ..Payload::default()
    }
}

/// A text as JSON has it.
fn quoted(text: &str) -> String {
    let mut quoted = String::from('"');
    for character in text.chars() {
        match character {
            '"' | '\\' => quoted.extend(['\\', character]),
            control if u32::from(control) < 0x20 => quoted.push_str(&format!("\\u{:04x}", u32::from(control))),
            other => quoted.push(other),
        }
    }
    quoted.push('"');
    quoted
}

/// Whether a request that failed so is tried again.
pub(crate) fn is_retryable(failure: &Failure) -> bool {
    let Some(FailureInfo::NexusHandlerFailureInfo(info)) = &failure.failure_info else { return true };
    match info.retry_behavior() {
        RetryBehavior::Retryable => true,
        RetryBehavior::NonRetryable => false,
        RetryBehavior::Unspecified => !matches!(
            info.r#type.as_str(),
            "BAD_REQUEST" | "UNAUTHENTICATED" | "UNAUTHORIZED" | "NOT_FOUND" | "CONFLICT" | "NOT_IMPLEMENTED"
        ),
    }
}

/// Whether it says that the operation was given up.
pub(crate) fn is_canceled(failure: &Failure) -> bool {
    matches!(failure.failure_info, Some(FailureInfo::CanceledFailureInfo(_)))
}
