//! Namespaces.

use std::collections::BTreeMap;

use perpetua_proto::common::Payload;
use perpetua_proto::enums::{ArchivalState, IndexedValueType, NamespaceState};
use perpetua_proto::errordetails::NamespaceNotFoundFailure;
use perpetua_proto::namespace::{NamespaceConfig, NamespaceInfo};

use crate::refusal::{Answer, Code, Refusal};
use crate::search_attributes;
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
        search_attributes::check(namespace, &known.search_attributes, fields)
    }
}
