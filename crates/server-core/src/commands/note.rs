//! What a workflow writes down: markers, search attributes, its memo.

use std::collections::BTreeMap;

use perpetua_proto::command::{
    ModifyWorkflowPropertiesCommandAttributes, RecordMarkerCommandAttributes,
    UpsertWorkflowSearchAttributesCommandAttributes,
};
use perpetua_proto::common::{Memo, Payload, SearchAttributes};
use perpetua_proto::enums::{EventType, WorkflowTaskFailedCause as Cause};
use perpetua_proto::history::history_event::Attributes;
use perpetua_proto::history::{
    MarkerRecordedEventAttributes, UpsertWorkflowSearchAttributesEventAttributes,
    WorkflowPropertiesModifiedEventAttributes,
};
use perpetua_proto::sdk::UserMetadata;
use prost::Message;

use super::{Bad, Step, append};
use crate::limits;
use crate::run::Run;
use crate::search_attributes::is_nothing;
use crate::world::Cx;

pub(super) fn marker(
    run: &mut Run,
    cx: &Cx<'_>,
    step: &Step,
    asked: RecordMarkerCommandAttributes,
    metadata: Option<Box<UserMetadata>>,
) -> Result<(), Bad> {
    if asked.marker_name.is_empty() {
        let message = "MarkerName is not set on RecordMarkerCommand.";
        return Err(Bad::new(Cause::BadRecordMarkerAttributes, message));
    }
    let (length, limit) = (asked.marker_name.len(), limits::ID_LENGTH);
    if length > limit {
        let name = asked.marker_name;
        let message = format!(
            "MarkerName on RecordMarkerCommand exceeds length limit. MarkerName={name} Length={length} Limit={limit}"
        );
        return Err(Bad::new(Cause::BadRecordMarkerAttributes, message));
    }
    let attributes = MarkerRecordedEventAttributes {
        marker_name: asked.marker_name,
        details: asked.details,
        workflow_task_completed_event_id: step.completed,
        header: asked.header,
        failure: asked.failure,
    };
    let attributes = Attributes::MarkerRecordedEventAttributes(Box::new(attributes));
    append(run, cx, EventType::MarkerRecorded, attributes, metadata);
    Ok(())
}

pub(super) fn search_attributes(
    run: &mut Run,
    cx: &Cx<'_>,
    step: &Step,
    asked: UpsertWorkflowSearchAttributesCommandAttributes,
    metadata: Option<Box<UserMetadata>>,
) -> Result<(), Bad> {
    let unset = |what: &str| {
        let message = format!("{what} is not set on UpsertWorkflowSearchAttributesCommand.");
        Bad::new(Cause::BadSearchAttributes, message)
    };
    let mut fields = asked.search_attributes.ok_or_else(|| unset("SearchAttributes"))?.indexed_fields;
    if fields.is_empty() {
        return Err(unset("IndexedFields"));
    }
    cx.check_search_attributes(&run.state.namespace, &mut fields).map_err(bad_search_attributes)?;
    merge(&mut run.state.search_attributes, &fields);
    let attributes = UpsertWorkflowSearchAttributesEventAttributes {
        workflow_task_completed_event_id: step.completed,
        search_attributes: Some(SearchAttributes { indexed_fields: fields }),
    };
    let attributes = Attributes::UpsertWorkflowSearchAttributesEventAttributes(Box::new(attributes));
    append(run, cx, EventType::UpsertWorkflowSearchAttributes, attributes, metadata);
    Ok(())
}

pub(super) fn memo(
    run: &mut Run,
    cx: &Cx<'_>,
    step: &Step,
    asked: ModifyWorkflowPropertiesCommandAttributes,
    metadata: Option<Box<UserMetadata>>,
) -> Result<(), Bad> {
    let Some(Memo { fields }) = asked.upserted_memo else {
        let message = "UpsertedMemo is not set on ModifyWorkflowPropertiesCommand.";
        return Err(Bad::new(Cause::BadModifyWorkflowPropertiesAttributes, message));
    };
    if fields.is_empty() {
        let message = "UpsertedMemo.Fields is not set on ModifyWorkflowPropertiesCommand.";
        return Err(Bad::new(Cause::BadModifyWorkflowPropertiesAttributes, message));
    }
    let bad = |message: &str| Bad::new(Cause::BadModifyWorkflowPropertiesAttributes, message);
    if fields.is_empty() {
        return Err(bad("UpsertedMemo.Fields is not set on ModifyWorkflowPropertiesCommand."));
    }
    merge(&mut run.state.memo, &fields);
    let memo = Memo { fields: run.state.memo.clone() };
    if memo.encoded_len() > cx.settings.blob_bytes {
        return Err(bad("ModifyWorkflowPropertiesCommandAttributes. Memo exceeds size limit.").for_good());
    }
    let attributes = WorkflowPropertiesModifiedEventAttributes {
        workflow_task_completed_event_id: step.completed,
        upserted_memo: Some(Memo { fields }),
    };
    let attributes = Attributes::WorkflowPropertiesModifiedEventAttributes(Box::new(attributes));
    append(run, cx, EventType::WorkflowPropertiesModified, attributes, metadata);
    Ok(())
}

/// Search attributes that cannot be set; those that are too large never can.
pub(super) fn bad_search_attributes(message: String) -> Bad {
    let is_large = message.contains("exceeds size limit");
    let bad = Bad::new(Cause::BadSearchAttributes, message);
    if is_large { bad.for_good() } else { bad }
}

/// Sets what has a value, and takes away what has none.
pub(crate) fn merge(known: &mut BTreeMap<String, Payload>, changes: &BTreeMap<String, Payload>) {
    for (name, value) in changes {
        if is_nothing(value) {
            known.remove(name);
        } else {
            known.insert(name.clone(), value.clone());
        }
    }
}
