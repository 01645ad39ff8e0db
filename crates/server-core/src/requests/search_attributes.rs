//! The search attributes of a namespace: those that every one has, and those that are added.

use std::collections::BTreeMap;

use perpetua_proto::enums::IndexedValueType as Kind;
use perpetua_proto::operatorservice::{
    AddSearchAttributesRequest, ListSearchAttributesRequest, ListSearchAttributesResponse,
    RemoveSearchAttributesRequest,
};
use perpetua_proto::workflowservice::GetSearchAttributesResponse;

use crate::World;
use crate::namespace::Namespace;
use crate::refusal::{Answer, Refusal};
use crate::search_attributes::{KNOWN, type_name};

impl World {
    /// Adds search attributes to a namespace. One that is there stays as it is.
    ///
    /// # Errors
    /// When the request is wrong, or there would be too many of a type.
    pub fn add_search_attributes(&mut self, request: AddSearchAttributesRequest) -> Answer<()> {
        let namespace = self.of_operator(&request.namespace)?;
        if request.search_attributes.is_empty() {
            return Err(Refusal::invalid("SearchAttributes are not set on request."));
        }
        let mut added = namespace.search_attributes.clone();
        for (name, kind) in request.search_attributes {
            if is_reserved(&name) {
                return Err(Refusal::invalid(format!("Search attribute {name} is reserved by system.")));
            }
            if Kind::try_from(kind).is_err() {
                return Err(Refusal::invalid(format!("Unknown search attribute type: {kind}.")));
            }
            added.entry(name).or_insert(kind);
        }
        check_room(&added)?;
        if let Some(namespace) = self.namespaces.shelf.get_mut(&request.namespace) {
            namespace.search_attributes = added;
        }
        Ok(())
    }

    /// Takes search attributes away from a namespace. One that is not there stays away.
    ///
    /// # Errors
    /// When the request is wrong.
    pub fn remove_search_attributes(&mut self, request: &RemoveSearchAttributesRequest) -> Answer<()> {
        self.of_operator(&request.namespace)?;
        if request.search_attributes.is_empty() {
            return Err(Refusal::invalid("SearchAttributes are not set on request."));
        }
        if let Some(name) = request.search_attributes.iter().find(|name| is_reserved(name)) {
            return Err(Refusal::invalid(format!("Unable to remove non-custom search attributes: {name}.")));
        }
        if let Some(namespace) = self.namespaces.shelf.get_mut(&request.namespace) {
            namespace.search_attributes.retain(|name, _| !request.search_attributes.contains(name));
        }
        Ok(())
    }

    /// Lists the search attributes of a namespace.
    ///
    /// # Errors
    /// When there is no such namespace.
    pub fn list_search_attributes(
        &self,
        request: &ListSearchAttributesRequest,
    ) -> Answer<ListSearchAttributesResponse> {
        let namespace = self.of_operator(&request.namespace)?;
        Ok(ListSearchAttributesResponse {
            custom_attributes: namespace.search_attributes.clone(),
            system_attributes: known(),
            ..ListSearchAttributesResponse::default()
        })
    }

    /// The types of the search attributes that every namespace knows.
    pub fn search_attributes(&self) -> GetSearchAttributesResponse {
        GetSearchAttributesResponse { keys: known() }
    }

    /// The namespace that a request to the operator service names.
    fn of_operator(&self, name: &str) -> Answer<&Namespace> {
        if name.is_empty() {
            return Err(Refusal::invalid("Namespace is not set on request."));
        }
        self.namespaces.check(name)
    }
}

fn known() -> BTreeMap<String, i32> {
    KNOWN.iter().map(|(name, kind)| ((*name).to_owned(), (*kind).into())).collect()
}

fn is_reserved(name: &str) -> bool {
    name.starts_with("Temporal") || KNOWN.iter().any(|(known, _)| *known == name)
}

/// Checks that there are no more of each type than a server with an SQL store has columns for.
fn check_room(attributes: &BTreeMap<String, i32>) -> Answer<()> {
    let mut counts: BTreeMap<i32, usize> = BTreeMap::new();
    for kind in attributes.values() {
        *counts.entry(*kind).or_default() += 1;
    }
    for (kind, count) in counts {
        let kind = Kind::try_from(kind).unwrap_or_default();
        let most = match kind {
            Kind::Unspecified => 0,
            Kind::Keyword => 10,
            _ => 3,
        };
        if count > most {
            let kind = type_name(kind);
            return Err(Refusal::invalid(format!(
                "Unable to create search attributes: cannot have more than {most} search attribute of type {kind}."
            )));
        }
    }
    Ok(())
}
