//! Failures, with their causes.
//!
//! Chains of causes are walked, not recursed into. What comes from bytes is never deep, because prost stops at 100
//! messages within each other; other implementations stop there as well, so a chain that is much deeper than that can be
//! written here and yet be refused by whoever reads it.

use perpetua_proto::failure as wire;

use super::{
    payload::{encode_payloads, payloads},
    time::{encode_duration, optional_duration},
};
use crate::{
    ActivityFailureInfo, ApplicationFailure, ChildWorkflowFailureInfo, EventId, Failure, FailureInfo, Malformed, Opaque,
};

impl TryFrom<wire::Failure> for Failure {
    type Error = Malformed;

    fn try_from(mut wire: wire::Failure) -> Result<Self, Malformed> {
        let mut next = wire.cause.take();
        let mut outermost = one(wire)?;
        let mut innermost = &mut outermost;
        while let Some(mut wire) = next {
            next = wire.cause.take();
            innermost = innermost.cause.insert(Box::new(one(*wire)?));
        }
        Ok(outermost)
    }
}

impl From<Failure> for wire::Failure {
    fn from(mut failure: Failure) -> Self {
        let mut next = failure.cause.take();
        let mut outermost = encode_one(failure);
        let mut innermost = &mut outermost;
        while let Some(mut failure) = next {
            next = failure.cause.take();
            innermost = innermost.cause.insert(Box::new(encode_one(*failure)));
        }
        outermost
    }
}

/// A failure whose cause was taken out.
fn one(wire: wire::Failure) -> Result<Failure, Malformed> {
    let wire::Failure { message, source, stack_trace, encoded_attributes, cause: _, failure_info } = wire;
    Ok(Failure {
        message,
        source,
        stack_trace,
        encoded_attributes: encoded_attributes.map(Into::into),
        cause: None,
        info: failure_info.map_or(Ok(FailureInfo::None), info)?,
    })
}

fn encode_one(failure: Failure) -> wire::Failure {
    let Failure { message, source, stack_trace, encoded_attributes, cause: _, info } = failure;
    wire::Failure {
        message,
        source,
        stack_trace,
        encoded_attributes: encoded_attributes.map(Into::into),
        cause: None,
        failure_info: encode_info(info),
    }
}

fn info(wire: wire::failure::FailureInfo) -> Result<FailureInfo, Malformed> {
    use wire::failure::FailureInfo as Wire;
    Ok(match wire {
        Wire::ApplicationFailureInfo(wire) => FailureInfo::Application(application(wire)?),
        Wire::TimeoutFailureInfo(wire::TimeoutFailureInfo { timeout_type, last_heartbeat_details }) => {
            FailureInfo::Timeout { kind: timeout_type.into(), last_heartbeat: last_heartbeat_details.map(payloads) }
        }
        Wire::CanceledFailureInfo(wire::CanceledFailureInfo { details, identity }) => {
            FailureInfo::Canceled { details: details.map(payloads), identity: identity.into() }
        }
        Wire::TerminatedFailureInfo(wire::TerminatedFailureInfo { identity }) => {
            FailureInfo::Terminated { identity: identity.into() }
        }
        Wire::ServerFailureInfo(wire::ServerFailureInfo { non_retryable }) => FailureInfo::Server { non_retryable },
        Wire::ResetWorkflowFailureInfo(wire::ResetWorkflowFailureInfo { last_heartbeat_details }) => {
            FailureInfo::ResetWorkflow { last_heartbeat: last_heartbeat_details.map(payloads) }
        }
        Wire::ActivityFailureInfo(wire) => FailureInfo::Activity(activity(wire)?),
        Wire::ChildWorkflowExecutionFailureInfo(wire) => FailureInfo::ChildWorkflow(child_workflow(wire)?),
        Wire::NexusOperationExecutionFailureInfo(wire) => FailureInfo::NexusOperation(Opaque::new(Box::new(wire))),
        Wire::NexusHandlerFailureInfo(wire) => FailureInfo::NexusHandler(Opaque::new(Box::new(wire))),
    })
}

fn encode_info(info: FailureInfo) -> Option<wire::failure::FailureInfo> {
    use wire::failure::FailureInfo as Wire;
    Some(match info {
        FailureInfo::None => return None,
        FailureInfo::Application(application) => Wire::ApplicationFailureInfo(encode_application(application)),
        FailureInfo::Timeout { kind, last_heartbeat } => Wire::TimeoutFailureInfo(wire::TimeoutFailureInfo {
            timeout_type: kind.into(),
            last_heartbeat_details: last_heartbeat.map(encode_payloads),
        }),
        FailureInfo::Canceled { details, identity } => Wire::CanceledFailureInfo(wire::CanceledFailureInfo {
            details: details.map(encode_payloads),
            identity: identity.into_string(),
        }),
        FailureInfo::Terminated { identity } => {
            Wire::TerminatedFailureInfo(wire::TerminatedFailureInfo { identity: identity.into_string() })
        }
        FailureInfo::Server { non_retryable } => Wire::ServerFailureInfo(wire::ServerFailureInfo { non_retryable }),
        FailureInfo::ResetWorkflow { last_heartbeat } => {
            Wire::ResetWorkflowFailureInfo(wire::ResetWorkflowFailureInfo {
                last_heartbeat_details: last_heartbeat.map(encode_payloads),
            })
        }
        FailureInfo::Activity(activity) => Wire::ActivityFailureInfo(encode_activity(activity)),
        FailureInfo::ChildWorkflow(child) => Wire::ChildWorkflowExecutionFailureInfo(encode_child_workflow(child)),
        FailureInfo::NexusOperation(rest) => Wire::NexusOperationExecutionFailureInfo(*rest.into_inner()),
        FailureInfo::NexusHandler(rest) => Wire::NexusHandlerFailureInfo(*rest.into_inner()),
    })
}

fn application(wire: wire::ApplicationFailureInfo) -> Result<ApplicationFailure, Malformed> {
    let wire::ApplicationFailureInfo { r#type, non_retryable, details, next_retry_delay, category } = wire;
    Ok(ApplicationFailure {
        failure_type: r#type,
        non_retryable,
        details: details.map(payloads),
        next_retry_delay: optional_duration("ApplicationFailureInfo.next_retry_delay", next_retry_delay)?,
        category: category.into(),
    })
}

fn encode_application(application: ApplicationFailure) -> wire::ApplicationFailureInfo {
    let ApplicationFailure { failure_type, non_retryable, details, next_retry_delay, category } = application;
    wire::ApplicationFailureInfo {
        r#type: failure_type,
        non_retryable,
        details: details.map(encode_payloads),
        next_retry_delay: next_retry_delay.map(encode_duration),
        category: category.into(),
    }
}

fn activity(wire: wire::ActivityFailureInfo) -> Result<ActivityFailureInfo, Malformed> {
    let wire::ActivityFailureInfo {
        scheduled_event_id,
        started_event_id,
        identity,
        activity_type,
        activity_id,
        retry_state,
    } = wire;
    Ok(ActivityFailureInfo {
        scheduled: EventId::parse_optional("ActivityFailureInfo.scheduled_event_id", scheduled_event_id)?,
        started: EventId::parse_optional("ActivityFailureInfo.started_event_id", started_event_id)?,
        identity: identity.into(),
        activity_type: activity_type.map(Into::into),
        activity_id: activity_id.into(),
        retry_state: retry_state.into(),
    })
}

fn encode_activity(activity: ActivityFailureInfo) -> wire::ActivityFailureInfo {
    let ActivityFailureInfo { scheduled, started, identity, activity_type, activity_id, retry_state } = activity;
    wire::ActivityFailureInfo {
        scheduled_event_id: EventId::optional_to_wire(scheduled),
        started_event_id: EventId::optional_to_wire(started),
        identity: identity.into_string(),
        activity_type: activity_type.map(Into::into),
        activity_id: activity_id.into_string(),
        retry_state: retry_state.into(),
    }
}

fn child_workflow(wire: wire::ChildWorkflowExecutionFailureInfo) -> Result<ChildWorkflowFailureInfo, Malformed> {
    let wire::ChildWorkflowExecutionFailureInfo {
        namespace,
        workflow_execution,
        workflow_type,
        initiated_event_id,
        started_event_id,
        retry_state,
    } = wire;
    let initiated = "ChildWorkflowExecutionFailureInfo.initiated_event_id";
    let started = "ChildWorkflowExecutionFailureInfo.started_event_id";
    Ok(ChildWorkflowFailureInfo {
        namespace,
        execution: workflow_execution.map(Into::into),
        workflow_type: workflow_type.map(Into::into),
        initiated: EventId::parse_optional(initiated, initiated_event_id)?,
        started: EventId::parse_optional(started, started_event_id)?,
        retry_state: retry_state.into(),
    })
}

fn encode_child_workflow(child: ChildWorkflowFailureInfo) -> wire::ChildWorkflowExecutionFailureInfo {
    let ChildWorkflowFailureInfo { namespace, execution, workflow_type, initiated, started, retry_state } = child;
    wire::ChildWorkflowExecutionFailureInfo {
        namespace,
        workflow_execution: execution.map(Into::into),
        workflow_type: workflow_type.map(Into::into),
        initiated_event_id: EventId::optional_to_wire(initiated),
        started_event_id: EventId::optional_to_wire(started),
        retry_state: retry_state.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chain_of_causes_keeps_its_order_and_its_length() {
        let mut wire = wire::Failure { message: "0".to_owned(), ..Default::default() };
        for depth in 1..1000 {
            wire = wire::Failure { message: depth.to_string(), cause: Some(Box::new(wire)), ..Default::default() };
        }
        let failure = Failure::try_from(wire.clone()).expect("nothing is malformed");
        assert_eq!(failure.chain().count(), 1000);
        assert!(failure.chain().zip((0..1000).rev()).all(|(failure, depth)| failure.message == depth.to_string()));
        assert_eq!(wire::Failure::from(failure), wire);
    }
}
