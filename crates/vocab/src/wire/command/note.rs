//! What a workflow notes: markers, search attributes, memo.

use perpetua_proto::command as wire;

use crate::{
    Failure, Fields, Malformed, RecordMarker,
    wire::{
        payload::{
            encode_header_unless_empty, encode_memo, encode_named_payloads, encode_search_attributes, header, memo,
            named_payloads, search_attributes,
        },
        text::required,
    },
};

pub(super) fn marker(wire: wire::RecordMarkerCommandAttributes) -> Result<RecordMarker, Malformed> {
    let wire::RecordMarkerCommandAttributes { marker_name, details, header: wire_header, failure } = wire;
    Ok(RecordMarker {
        name: required("RecordMarker.marker_name", marker_name)?,
        details: named_payloads(details),
        failure: failure.map(Failure::try_from).transpose()?.map(Box::new),
        header: wire_header.map(header).unwrap_or_default(),
    })
}

pub(super) fn encode_marker(marker: RecordMarker) -> wire::RecordMarkerCommandAttributes {
    let RecordMarker { name, details, failure, header } = marker;
    wire::RecordMarkerCommandAttributes {
        marker_name: name.into_string(),
        details: encode_named_payloads(details),
        header: encode_header_unless_empty(header),
        failure: failure.map(|failure| (*failure).into()),
    }
}

pub(super) fn upsert(wire: wire::UpsertWorkflowSearchAttributesCommandAttributes) -> Result<Fields, Malformed> {
    let wire::UpsertWorkflowSearchAttributesCommandAttributes { search_attributes: attributes } = wire;
    let missing = || Malformed::missing("UpsertWorkflowSearchAttributes.search_attributes");
    Ok(search_attributes(attributes.ok_or_else(missing)?))
}

pub(super) fn encode_upsert(attributes: Fields) -> wire::UpsertWorkflowSearchAttributesCommandAttributes {
    wire::UpsertWorkflowSearchAttributesCommandAttributes {
        search_attributes: Some(encode_search_attributes(attributes)),
    }
}

pub(super) fn modify(wire: wire::ModifyWorkflowPropertiesCommandAttributes) -> Result<Fields, Malformed> {
    let wire::ModifyWorkflowPropertiesCommandAttributes { upserted_memo } = wire;
    Ok(memo(upserted_memo.ok_or_else(|| Malformed::missing("ModifyWorkflowProperties.upserted_memo"))?))
}

pub(super) fn encode_modify(memo: Fields) -> wire::ModifyWorkflowPropertiesCommandAttributes {
    wire::ModifyWorkflowPropertiesCommandAttributes { upserted_memo: Some(encode_memo(memo)) }
}
