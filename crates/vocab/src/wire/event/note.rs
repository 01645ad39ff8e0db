//! What a workflow noted: markers, search attributes, memo.

use perpetua_proto::history::{
    MarkerRecordedEventAttributes, UpsertWorkflowSearchAttributesEventAttributes,
    WorkflowPropertiesModifiedEventAttributes, history_event::Attributes,
};

use crate::{
    EventId, EventKind, Failure, Malformed, MarkerRecorded, PropertiesModified, SearchAttributesUpserted,
    wire::payload::{
        encode_header, encode_memo, encode_named_payloads, encode_search_attributes, header, memo, named_payloads,
        search_attributes,
    },
};

pub(super) fn marker(wire: MarkerRecordedEventAttributes) -> Result<EventKind, Malformed> {
    let MarkerRecordedEventAttributes {
        marker_name,
        details,
        workflow_task_completed_event_id,
        header: wire_header,
        failure,
    } = wire;
    let task_completed = "MarkerRecorded.workflow_task_completed_event_id";
    Ok(EventKind::MarkerRecorded(Box::new(MarkerRecorded {
        name: marker_name.into(),
        details: named_payloads(details),
        failure: failure.map(Failure::try_from).transpose()?.map(Box::new),
        header: wire_header.map(header),
        task_completed: EventId::parse(task_completed, workflow_task_completed_event_id)?,
    })))
}

pub(super) fn encode_marker(marker: MarkerRecorded) -> Attributes {
    let MarkerRecorded { name, details, failure, header, task_completed } = marker;
    Attributes::MarkerRecordedEventAttributes(Box::new(MarkerRecordedEventAttributes {
        marker_name: name.into_string(),
        details: encode_named_payloads(details),
        workflow_task_completed_event_id: task_completed.to_wire(),
        header: header.map(encode_header),
        failure: failure.map(|failure| (*failure).into()),
    }))
}

pub(super) fn upserted(wire: UpsertWorkflowSearchAttributesEventAttributes) -> Result<EventKind, Malformed> {
    let UpsertWorkflowSearchAttributesEventAttributes {
        workflow_task_completed_event_id,
        search_attributes: attributes,
    } = wire;
    let task_completed = "UpsertWorkflowSearchAttributes.workflow_task_completed_event_id";
    Ok(EventKind::SearchAttributesUpserted(Box::new(SearchAttributesUpserted {
        search_attributes: attributes.map(search_attributes),
        task_completed: EventId::parse(task_completed, workflow_task_completed_event_id)?,
    })))
}

pub(super) fn encode_upserted(upserted: SearchAttributesUpserted) -> Attributes {
    let SearchAttributesUpserted { search_attributes, task_completed } = upserted;
    Attributes::UpsertWorkflowSearchAttributesEventAttributes(Box::new(UpsertWorkflowSearchAttributesEventAttributes {
        workflow_task_completed_event_id: task_completed.to_wire(),
        search_attributes: search_attributes.map(encode_search_attributes),
    }))
}

pub(super) fn modified(wire: WorkflowPropertiesModifiedEventAttributes) -> Result<EventKind, Malformed> {
    let WorkflowPropertiesModifiedEventAttributes { workflow_task_completed_event_id, upserted_memo } = wire;
    let task_completed = "WorkflowPropertiesModified.workflow_task_completed_event_id";
    Ok(EventKind::PropertiesModified(Box::new(PropertiesModified {
        memo: upserted_memo.map(memo),
        task_completed: EventId::parse(task_completed, workflow_task_completed_event_id)?,
    })))
}

pub(super) fn encode_modified(modified: PropertiesModified) -> Attributes {
    let PropertiesModified { memo, task_completed } = modified;
    Attributes::WorkflowPropertiesModifiedEventAttributes(Box::new(WorkflowPropertiesModifiedEventAttributes {
        workflow_task_completed_event_id: task_completed.to_wire(),
        upserted_memo: memo.map(encode_memo),
    }))
}
