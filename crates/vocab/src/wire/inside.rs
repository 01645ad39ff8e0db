//! Payloads inside the parts that travel opaquely.

use std::collections::BTreeMap;

use perpetua_proto::{
    common, failure, history::HistoryEvent, history::history_event::Attributes, sdk, sdk::event_group_marker::Variant,
    update,
};

use crate::Payload;

/// The visit of payloads in a protobuf message, in the order that [`VisitPayloads`](crate::VisitPayloads) promises.
pub(crate) trait VisitInside {
    /// Calls `visit` with every payload that a codec must see.
    fn visit_inside(&mut self, visit: &mut dyn FnMut(&mut Payload));
}

impl VisitInside for common::Payload {
    fn visit_inside(&mut self, visit: &mut dyn FnMut(&mut Payload)) {
        let mut payload = Payload::from(std::mem::take(self));
        visit(&mut payload);
        *self = payload.into();
    }
}

impl VisitInside for common::Payloads {
    fn visit_inside(&mut self, visit: &mut dyn FnMut(&mut Payload)) {
        self.payloads.visit_inside(visit);
    }
}

impl VisitInside for common::Memo {
    fn visit_inside(&mut self, visit: &mut dyn FnMut(&mut Payload)) {
        self.fields.visit_inside(visit);
    }
}

impl<T: VisitInside> VisitInside for Option<T> {
    fn visit_inside(&mut self, visit: &mut dyn FnMut(&mut Payload)) {
        if let Some(inner) = self {
            inner.visit_inside(visit);
        }
    }
}

impl<T: VisitInside> VisitInside for Vec<T> {
    fn visit_inside(&mut self, visit: &mut dyn FnMut(&mut Payload)) {
        for inner in self {
            inner.visit_inside(visit);
        }
    }
}

impl<T: VisitInside> VisitInside for BTreeMap<String, T> {
    fn visit_inside(&mut self, visit: &mut dyn FnMut(&mut Payload)) {
        for inner in self.values_mut() {
            inner.visit_inside(visit);
        }
    }
}

impl VisitInside for failure::Failure {
    fn visit_inside(&mut self, visit: &mut dyn FnMut(&mut Payload)) {
        use failure::failure::FailureInfo;
        let mut next = Some(self);
        while let Some(failure) = next {
            let (details, last_heartbeat) = match &mut failure.failure_info {
                Some(FailureInfo::ApplicationFailureInfo(info)) => (info.details.as_mut(), None),
                Some(FailureInfo::CanceledFailureInfo(info)) => (info.details.as_mut(), None),
                Some(FailureInfo::TimeoutFailureInfo(info)) => (None, info.last_heartbeat_details.as_mut()),
                Some(FailureInfo::ResetWorkflowFailureInfo(info)) => (None, info.last_heartbeat_details.as_mut()),
                Some(
                    FailureInfo::TerminatedFailureInfo(_)
                    | FailureInfo::ServerFailureInfo(_)
                    | FailureInfo::ActivityFailureInfo(_)
                    | FailureInfo::ChildWorkflowExecutionFailureInfo(_)
                    | FailureInfo::NexusOperationExecutionFailureInfo(_)
                    | FailureInfo::NexusHandlerFailureInfo(_),
                )
                | None => (None, None),
            };
            if let Some(details) = details {
                details.visit_inside(visit);
            }
            failure.encoded_attributes.visit_inside(visit);
            if let Some(last_heartbeat) = last_heartbeat {
                last_heartbeat.visit_inside(visit);
            }
            next = failure.cause.as_deref_mut();
        }
    }
}

impl VisitInside for update::Request {
    fn visit_inside(&mut self, visit: &mut dyn FnMut(&mut Payload)) {
        if let Some(input) = &mut self.input {
            input.args.visit_inside(visit);
        }
    }
}

/// The parts around the attributes.
impl VisitInside for HistoryEvent {
    fn visit_inside(&mut self, visit: &mut dyn FnMut(&mut Payload)) {
        if let Some(metadata) = &mut self.user_metadata {
            let sdk::UserMetadata { summary, details } = metadata.as_mut();
            summary.visit_inside(visit);
            details.visit_inside(visit);
        }
        for marker in &mut self.event_group_markers {
            match &mut marker.variant {
                Some(Variant::Label(label)) => label.label.visit_inside(visit),
                Some(Variant::InboundEvent(_) | Variant::InboundUpdate(_)) | None => {}
            }
        }
    }
}

/// The attributes of events without a word.
impl VisitInside for Attributes {
    fn visit_inside(&mut self, visit: &mut dyn FnMut(&mut Payload)) {
        match self {
            Self::WorkflowPropertiesModifiedExternallyEventAttributes(wire) => wire.upserted_memo.visit_inside(visit),
            Self::NexusOperationScheduledEventAttributes(wire) => wire.input.visit_inside(visit),
            Self::NexusOperationCompletedEventAttributes(wire) => wire.result.visit_inside(visit),
            Self::NexusOperationFailedEventAttributes(wire) => wire.failure.visit_inside(visit),
            Self::NexusOperationCanceledEventAttributes(wire) => wire.failure.visit_inside(visit),
            Self::NexusOperationTimedOutEventAttributes(wire) => wire.failure.visit_inside(visit),
            Self::NexusOperationCancelRequestFailedEventAttributes(wire) => wire.failure.visit_inside(visit),
            // Without payloads, but for headers and search attributes.
            Self::ActivityPropertiesModifiedExternallyEventAttributes(_)
            | Self::NexusOperationStartedEventAttributes(_)
            | Self::NexusOperationCancelRequestedEventAttributes(_)
            | Self::NexusOperationCancelRequestCompletedEventAttributes(_)
            | Self::WorkflowExecutionOptionsUpdatedEventAttributes(_)
            | Self::WorkflowExecutionPausedEventAttributes(_)
            | Self::WorkflowExecutionUnpausedEventAttributes(_)
            | Self::WorkflowExecutionTimeSkippingTransitionedEventAttributes(_) => {}
            // With a word, hence never kept whole.
            Self::WorkflowExecutionStartedEventAttributes(_)
            | Self::WorkflowExecutionCompletedEventAttributes(_)
            | Self::WorkflowExecutionFailedEventAttributes(_)
            | Self::WorkflowExecutionTimedOutEventAttributes(_)
            | Self::WorkflowExecutionCanceledEventAttributes(_)
            | Self::WorkflowExecutionTerminatedEventAttributes(_)
            | Self::WorkflowExecutionContinuedAsNewEventAttributes(_)
            | Self::WorkflowExecutionCancelRequestedEventAttributes(_)
            | Self::WorkflowExecutionSignaledEventAttributes(_)
            | Self::WorkflowTaskScheduledEventAttributes(_)
            | Self::WorkflowTaskStartedEventAttributes(_)
            | Self::WorkflowTaskCompletedEventAttributes(_)
            | Self::WorkflowTaskFailedEventAttributes(_)
            | Self::WorkflowTaskTimedOutEventAttributes(_)
            | Self::ActivityTaskScheduledEventAttributes(_)
            | Self::ActivityTaskStartedEventAttributes(_)
            | Self::ActivityTaskCompletedEventAttributes(_)
            | Self::ActivityTaskFailedEventAttributes(_)
            | Self::ActivityTaskTimedOutEventAttributes(_)
            | Self::ActivityTaskCancelRequestedEventAttributes(_)
            | Self::ActivityTaskCanceledEventAttributes(_)
            | Self::TimerStartedEventAttributes(_)
            | Self::TimerFiredEventAttributes(_)
            | Self::TimerCanceledEventAttributes(_)
            | Self::WorkflowExecutionUpdateAdmittedEventAttributes(_)
            | Self::WorkflowExecutionUpdateAcceptedEventAttributes(_)
            | Self::WorkflowExecutionUpdateCompletedEventAttributes(_)
            | Self::WorkflowExecutionUpdateRejectedEventAttributes(_)
            | Self::StartChildWorkflowExecutionInitiatedEventAttributes(_)
            | Self::StartChildWorkflowExecutionFailedEventAttributes(_)
            | Self::ChildWorkflowExecutionStartedEventAttributes(_)
            | Self::ChildWorkflowExecutionCompletedEventAttributes(_)
            | Self::ChildWorkflowExecutionFailedEventAttributes(_)
            | Self::ChildWorkflowExecutionCanceledEventAttributes(_)
            | Self::ChildWorkflowExecutionTimedOutEventAttributes(_)
            | Self::ChildWorkflowExecutionTerminatedEventAttributes(_)
            | Self::SignalExternalWorkflowExecutionInitiatedEventAttributes(_)
            | Self::SignalExternalWorkflowExecutionFailedEventAttributes(_)
            | Self::ExternalWorkflowExecutionSignaledEventAttributes(_)
            | Self::RequestCancelExternalWorkflowExecutionInitiatedEventAttributes(_)
            | Self::RequestCancelExternalWorkflowExecutionFailedEventAttributes(_)
            | Self::ExternalWorkflowExecutionCancelRequestedEventAttributes(_)
            | Self::MarkerRecordedEventAttributes(_)
            | Self::UpsertWorkflowSearchAttributesEventAttributes(_)
            | Self::WorkflowPropertiesModifiedEventAttributes(_) => {}
        }
    }
}
