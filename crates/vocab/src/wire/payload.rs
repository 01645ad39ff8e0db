//! Payloads, alone and in company.

use std::collections::BTreeMap;

use perpetua_proto::{common, sdk};

use crate::{Fields, Header, Named, Payload, Payloads, UserMetadata};

impl From<common::Payload> for Payload {
    fn from(wire: common::Payload) -> Self {
        let common::Payload { metadata, data, external_payloads } = wire;
        let external_sizes = external_payloads
            .into_iter()
            .map(|common::payload::ExternalPayloadDetails { size_bytes }| size_bytes)
            .collect();
        Self { metadata: metadata.into_iter().collect(), data, external_sizes }
    }
}

impl From<Payload> for common::Payload {
    fn from(payload: Payload) -> Self {
        let Payload { metadata, data, external_sizes } = payload;
        let external_payloads = external_sizes
            .into_iter()
            .map(|size_bytes| common::payload::ExternalPayloadDetails { size_bytes })
            .collect();
        let metadata = metadata.into_iter().map(|(name, value)| (name.into_owned(), value)).collect();
        Self { metadata, data, external_payloads }
    }
}

/// Reads several payloads.
pub fn payloads(wire: common::Payloads) -> Payloads {
    let common::Payloads { payloads } = wire;
    payloads.into_iter().map(Payload::from).collect()
}

/// Writes several payloads.
pub fn encode_payloads(payloads: Payloads) -> common::Payloads {
    common::Payloads { payloads: payloads.into_iter().map(common::Payload::from).collect() }
}

/// Writes several payloads, or nothing if there are none.
pub(super) fn encode_payloads_unless_empty(payloads: Payloads) -> Option<common::Payloads> {
    if payloads.is_empty() { None } else { Some(encode_payloads(payloads)) }
}

/// Reads named payloads.
pub fn fields(wire: BTreeMap<String, common::Payload>) -> Fields {
    wire.into_iter().map(|(name, payload)| (name, payload.into())).collect()
}

/// Writes named payloads.
pub fn encode_fields(fields: Fields) -> BTreeMap<String, common::Payload> {
    fields.into_iter().map(|(name, payload)| (name, payload.into())).collect()
}

/// Reads payloads of which several have one name.
pub(super) fn named_payloads(wire: BTreeMap<String, common::Payloads>) -> Named<Payloads> {
    wire.into_iter().map(|(name, wire)| (name, payloads(wire))).collect()
}

/// Writes payloads of which several have one name.
pub(super) fn encode_named_payloads(named: Named<Payloads>) -> BTreeMap<String, common::Payloads> {
    named.into_iter().map(|(name, payloads)| (name.into_owned(), encode_payloads(payloads))).collect()
}

/// Reads a header.
pub fn header(wire: common::Header) -> Header {
    let common::Header { fields: wire } = wire;
    fields(wire)
}

/// Writes a header.
pub fn encode_header(header: Header) -> common::Header {
    common::Header { fields: encode_fields(header) }
}

/// Writes a header, or nothing if it is empty.
pub(super) fn encode_header_unless_empty(header: Header) -> Option<common::Header> {
    if header.is_empty() { None } else { Some(encode_header(header)) }
}

/// Reads a memo.
pub fn memo(wire: common::Memo) -> Fields {
    let common::Memo { fields: wire } = wire;
    fields(wire)
}

/// Writes a memo.
pub fn encode_memo(memo: Fields) -> common::Memo {
    common::Memo { fields: encode_fields(memo) }
}

/// Reads search attributes.
pub fn search_attributes(wire: common::SearchAttributes) -> Fields {
    let common::SearchAttributes { indexed_fields } = wire;
    fields(indexed_fields)
}

/// Writes search attributes.
pub fn encode_search_attributes(search_attributes: Fields) -> common::SearchAttributes {
    common::SearchAttributes { indexed_fields: encode_fields(search_attributes) }
}

/// Reads what people read; absent is empty.
pub fn user_metadata(wire: Option<sdk::UserMetadata>) -> UserMetadata {
    let sdk::UserMetadata { summary, details } = wire.unwrap_or_default();
    UserMetadata { summary: summary.map(Payload::from), details: details.map(Payload::from) }
}

/// Writes what people read; empty is absent.
pub fn encode_user_metadata(metadata: UserMetadata) -> Option<sdk::UserMetadata> {
    match metadata {
        UserMetadata { summary: None, details: None } => None,
        UserMetadata { summary, details } => {
            Some(sdk::UserMetadata { summary: summary.map(Into::into), details: details.map(Into::into) })
        }
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    #[test]
    fn bytes_are_moved_not_copied() {
        let data = Bytes::from(vec![1_u8; 64]);
        let metadata = BTreeMap::from([("encoding".to_owned(), Bytes::from_static(b"json/plain"))]);
        let external_payloads = vec![common::payload::ExternalPayloadDetails { size_bytes: 7 }];
        let wire = common::Payload { metadata, data: data.clone(), external_payloads };

        let payload = Payload::from(wire.clone());
        assert_eq!(payload.data.as_ptr(), data.as_ptr());
        assert_eq!(payload.encoding(), Some("json/plain"));
        assert_eq!(payload.external_sizes, [7]);

        let back = common::Payload::from(payload);
        assert_eq!(back.data.as_ptr(), data.as_ptr());
        assert_eq!(back, wire);
    }

    #[test]
    fn empty_user_metadata_is_absent() {
        assert_eq!(encode_user_metadata(user_metadata(Some(sdk::UserMetadata::default()))), None);
        let summary = Some(common::Payload { data: Bytes::from_static(b"s"), ..Default::default() });
        let wire = sdk::UserMetadata { summary, details: None };
        assert_eq!(encode_user_metadata(user_metadata(Some(wire.clone()))), Some(wire));
    }
}
