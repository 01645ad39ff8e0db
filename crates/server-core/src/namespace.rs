//! Namespaces.

use std::collections::BTreeMap;

use perpetua_proto::common::Payload;
use perpetua_proto::enums::{ArchivalState, IndexedValueType, NamespaceState};
use perpetua_proto::errordetails::{NamespaceInvalidStateFailure, NamespaceNotFoundFailure};
use perpetua_proto::namespace::{NamespaceConfig, NamespaceInfo};

use crate::limits;
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

/// The namespace of the server itself. Clients see it in lists.
pub(crate) const SYSTEM_NAMESPACE: &str = "temporal-system";

/// Says that there is no namespace of this name or id.
pub(crate) fn missing_namespace(name: &str) -> Refusal {
    Refusal::new(Code::NotFound, format!("Namespace {name} is not found."))
        .with(&NamespaceNotFoundFailure { namespace: name.to_owned() })
}

impl Namespaces {
    /// The namespaces of a new world: the server's own.
    pub(crate) fn new() -> Self {
        let mut own = Namespace::new(SYSTEM_NAMESPACE, "32049b68-7872-4094-8e63-d0dd59896a83".to_owned());
        own.info.description = "Temporal internal system namespace".to_owned();
        own.info.owner_email = "temporal-core@temporal.io".to_owned();
        own.config.workflow_execution_retention_ttl =
            Some(time::to_wire(std::time::Duration::from_secs(7 * 24 * 3600)));
        let mut namespaces = Self::default();
        namespaces.shelf.insert(SYSTEM_NAMESPACE, own);
        namespaces
    }

    /// The namespace of this name.
    ///
    /// # Errors
    /// When there is none.
    pub(crate) fn check(&self, name: &str) -> Answer<&Namespace> {
        if name.is_empty() {
            return Err(Refusal::invalid("Namespace is empty."));
        }
        if name.len() > limits::ID_LENGTH {
            return Err(Refusal::invalid("Namespace length exceeds limit."));
        }
        self.shelf.get(name).ok_or_else(|| missing_namespace(name))
    }

    /// The namespace of this name, if anything may be started in it.
    ///
    /// # Errors
    /// When there is none, or nothing may.
    pub(crate) fn check_open(&self, name: &str) -> Answer<&Namespace> {
        let namespace = self.check(name)?;
        if namespace.info.state() != NamespaceState::Deprecated {
            return Ok(namespace);
        }
        let message = "Namespace has invalid state: Deprecated. Must be Registered.";
        Err(Refusal::precondition(message).with(&NamespaceInvalidStateFailure {
            namespace: name.to_owned(),
            state: NamespaceState::Deprecated.into(),
            allowed_states: vec![NamespaceState::Registered.into()],
        }))
    }

    /// The namespace of this id.
    pub(crate) fn of_id(&self, id: &str) -> Option<&Namespace> {
        self.shelf.values().find(|namespace| namespace.info.id == id)
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
