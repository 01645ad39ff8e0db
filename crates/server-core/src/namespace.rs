//! Namespaces, and the search attributes that they know.

use std::collections::BTreeMap;

use bytes::Bytes;
use perpetua_proto::common::Payload;
use perpetua_proto::enums::{ArchivalState, IndexedValueType, NamespaceState};
use perpetua_proto::errordetails::NamespaceNotFoundFailure;
use perpetua_proto::namespace::{NamespaceConfig, NamespaceInfo};

use crate::refusal::{Answer, Code, Refusal};
use crate::time;
use crate::world::Shelf;

/// A namespace, as it is stored.
#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct Namespace {
    #[prost(message, required, tag = "1")]
    pub(crate) info: NamespaceInfo,
    #[prost(message, required, tag = "2")]
    pub(crate) config: NamespaceConfig,
    /// The types of the attributes that were added.
    #[prost(btree_map = "string, enumeration(IndexedValueType)", tag = "3")]
    pub(crate) search_attributes: BTreeMap<String, i32>,
}

/// All namespaces, by name.
#[derive(Clone, Debug, Default)]
pub(crate) struct Namespaces {
    pub(crate) shelf: Shelf<Namespace>,
}

/// Attributes that can be queried of workflows without being added, with their types.
pub(crate) const KNOWN: [(&str, IndexedValueType); SYSTEM.len() + PREDEFINED.len()] = {
    let mut known = [("", IndexedValueType::Unspecified); SYSTEM.len() + PREDEFINED.len()];
    let mut at = 0;
    while at < known.len() {
        known[at] = if at < SYSTEM.len() { SYSTEM[at] } else { PREDEFINED[at - SYSTEM.len()] };
        at += 1;
    }
    known
};

/// Attributes that every workflow has, with their types. They cannot be set.
pub(crate) const SYSTEM: [(&str, IndexedValueType); 16] = [
    ("WorkflowId", IndexedValueType::Keyword),
    ("RunId", IndexedValueType::Keyword),
    ("WorkflowType", IndexedValueType::Keyword),
    ("StartTime", IndexedValueType::Datetime),
    ("ExecutionTime", IndexedValueType::Datetime),
    ("CloseTime", IndexedValueType::Datetime),
    ("ExecutionStatus", IndexedValueType::Keyword),
    ("TaskQueue", IndexedValueType::Keyword),
    ("HistoryLength", IndexedValueType::Int),
    ("HistorySizeBytes", IndexedValueType::Int),
    ("ExecutionDuration", IndexedValueType::Int),
    ("StateTransitionCount", IndexedValueType::Int),
    ("ParentWorkflowId", IndexedValueType::Keyword),
    ("ParentRunId", IndexedValueType::Keyword),
    ("RootWorkflowId", IndexedValueType::Keyword),
    ("RootRunId", IndexedValueType::Keyword),
];

/// Attributes that every namespace knows and that can be set, with their types.
pub(crate) const PREDEFINED: [(&str, IndexedValueType); 17] = [
    ("BatcherNamespace", IndexedValueType::Keyword),
    ("BatcherUser", IndexedValueType::Keyword),
    ("BinaryChecksums", IndexedValueType::KeywordList),
    ("BuildIds", IndexedValueType::KeywordList),
    ("TemporalChangeVersion", IndexedValueType::KeywordList),
    ("TemporalExternalPayloadCount", IndexedValueType::Int),
    ("TemporalExternalPayloadSizeBytes", IndexedValueType::Int),
    ("TemporalNamespaceDivision", IndexedValueType::Keyword),
    ("TemporalPauseInfo", IndexedValueType::KeywordList),
    ("TemporalReportedProblems", IndexedValueType::KeywordList),
    ("TemporalScheduledById", IndexedValueType::Keyword),
    ("TemporalScheduledStartTime", IndexedValueType::Datetime),
    ("TemporalSchedulePaused", IndexedValueType::Bool),
    ("TemporalUsedWorkerDeploymentVersions", IndexedValueType::KeywordList),
    ("TemporalWorkerDeployment", IndexedValueType::Keyword),
    ("TemporalWorkerDeploymentVersion", IndexedValueType::Keyword),
    ("TemporalWorkflowVersioningBehavior", IndexedValueType::Keyword),
];

impl Namespace {
    /// A namespace that begins to be used.
    pub(crate) fn new(name: &str, id: String) -> Self {
        let retention = std::time::Duration::from_secs(24 * 3600);
        Self {
            info: NamespaceInfo {
                name: name.to_owned(),
                state: NamespaceState::Registered.into(),
                id,
                supports_schedules: true,
                ..NamespaceInfo::default()
            },
            config: NamespaceConfig {
                workflow_execution_retention_ttl: Some(time::to_wire(retention)),
                history_archival_state: ArchivalState::Disabled.into(),
                visibility_archival_state: ArchivalState::Disabled.into(),
                ..NamespaceConfig::default()
            },
            search_attributes: BTreeMap::new(),
        }
    }

    /// The type of an attribute that can be set.
    fn settable(&self, name: &str) -> Option<IndexedValueType> {
        let predefined = || PREDEFINED.iter().find(|(known, _)| *known == name).map(|(_, kind)| *kind);
        let custom = self.search_attributes.get(name).and_then(|kind| IndexedValueType::try_from(*kind).ok());
        custom.or_else(predefined)
    }
}

impl Namespaces {
    /// The namespace of this name.
    ///
    /// # Errors
    /// When there is none.
    pub(crate) fn check(&self, name: &str) -> Answer<&Namespace> {
        if name.is_empty() {
            return Err(Refusal::invalid("Namespace is empty."));
        }
        self.shelf.get(name).ok_or_else(|| {
            Refusal::new(Code::NotFound, format!("Namespace {name} is not found."))
                .with(&NamespaceNotFoundFailure { namespace: name.to_owned() })
        })
    }

    /// Checks search attributes against what the namespace knows, and notes their types.
    ///
    /// # Errors
    /// What is wrong with them.
    pub(crate) fn check_search_attributes(
        &self,
        namespace: &str,
        fields: &mut BTreeMap<String, Payload>,
    ) -> Result<(), String> {
        let Some(known) = self.shelf.get(namespace) else { return Ok(()) };
        if fields.len() > 100 {
            return Err(format!("number of search attributes {} exceeds limit 100", fields.len()));
        }
        for (name, value) in fields {
            if SYSTEM.iter().any(|(system, _)| system == name) {
                return Err(format!("{name} attribute can't be set in SearchAttributes"));
            }
            let Some(kind) = known.settable(name) else {
                return Err(format!("Namespace {namespace} has no mapping defined for search attribute {name}"));
            };
            if value.data.len() > 2 * 1024 {
                return Err(format!("search attribute {name} value size {} exceeds size limit 2048", value.data.len()));
            }
            value.metadata.insert("type".to_owned(), Bytes::from_static(type_name(kind).as_bytes()));
        }
        Ok(())
    }
}

/// The type that the payload of a search attribute notes.
pub(crate) fn type_of(payload: &Payload) -> Option<IndexedValueType> {
    let noted = payload.metadata.get("type")?;
    TYPES.into_iter().find(|kind| type_name(*kind).as_bytes() == noted.as_ref())
}

/// The types that search attributes have.
pub(crate) const TYPES: [IndexedValueType; 7] = [
    IndexedValueType::Text,
    IndexedValueType::Keyword,
    IndexedValueType::Int,
    IndexedValueType::Double,
    IndexedValueType::Bool,
    IndexedValueType::Datetime,
    IndexedValueType::KeywordList,
];

/// What a type is called in payloads.
pub(crate) fn type_name(kind: IndexedValueType) -> &'static str {
    match kind {
        IndexedValueType::Text => "Text",
        IndexedValueType::Keyword => "Keyword",
        IndexedValueType::Int => "Int",
        IndexedValueType::Double => "Double",
        IndexedValueType::Bool => "Bool",
        IndexedValueType::Datetime => "Datetime",
        IndexedValueType::KeywordList => "KeywordList",
        IndexedValueType::Unspecified => "Unspecified",
    }
}
