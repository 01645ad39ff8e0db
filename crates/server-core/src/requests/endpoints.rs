//! Nexus endpoints, as operators make and change them.

use perpetua_proto::nexus::endpoint_target::Variant;
use perpetua_proto::nexus::{Endpoint, EndpointSpec};
use perpetua_proto::operatorservice::{
    CreateNexusEndpointRequest, DeleteNexusEndpointRequest, ListNexusEndpointsRequest, ListNexusEndpointsResponse,
    UpdateNexusEndpointRequest,
};

use crate::World;
use crate::nexus::endpoint::{name_of, problems};
use crate::refusal::{Answer, Code, Refusal};
use crate::world::is_uuid;

/// How many endpoints a page has, unless it was told otherwise.
const PAGE: usize = 100;
/// How many endpoints a page may have.
const LONGEST_PAGE: i32 = 1000;

impl World {
    /// Makes an endpoint.
    ///
    /// # Errors
    /// When the request is wrong, or the name is in use.
    pub fn create_nexus_endpoint(&mut self, request: CreateNexusEndpointRequest) -> Answer<Endpoint> {
        let spec = self.check_endpoint(request.spec)?;
        self.check_endpoint_name(&spec.name, "", "creating")?;
        let id = self.cx().uuid();
        let endpoint = Endpoint {
            version: 1,
            url_prefix: format!("/nexus/endpoints/{id}/services"),
            id: id.clone(),
            spec: Some(spec),
            created_time: Some(self.now.to_wire()),
            last_modified_time: None,
        };
        self.nexus.endpoints.insert(id, endpoint.clone());
        Ok(endpoint)
    }

    /// Says what is known of an endpoint.
    ///
    /// # Errors
    /// When the request is wrong, or there is none.
    pub fn get_nexus_endpoint(&self, id: &str) -> Answer<Endpoint> {
        check_endpoint_id(id)?;
        let missing = || Refusal::not_found(format!("Nexus endpoint with ID `{id}` not found"));
        self.nexus.endpoints.get(id).cloned().ok_or_else(missing)
    }

    /// Makes something else of an endpoint.
    ///
    /// # Errors
    /// When the request is wrong, the endpoint is not there, or was changed since the caller saw it.
    pub fn update_nexus_endpoint(&mut self, request: UpdateNexusEndpointRequest) -> Answer<Endpoint> {
        let UpdateNexusEndpointRequest { id, version, spec } = request;
        let spec = self.check_endpoint(spec)?;
        let missing = || Refusal::not_found(format!("error updating Nexus endpoint. endpoint ID {id} not found"));
        let current = self.nexus.endpoints.get(&id).map(|endpoint| endpoint.version).ok_or_else(missing)?;
        if version != current {
            let words = format!("nexus endpoint version mismatch. received: {version} expected {current}");
            return Err(Refusal::precondition(words));
        }
        self.check_endpoint_name(&spec.name, &id, "updating")?;
        let now = self.now;
        let endpoint = self.nexus.endpoints.get_mut(&id).ok_or_else(missing)?;
        endpoint.version += 1;
        endpoint.spec = Some(spec);
        endpoint.last_modified_time = Some(now.to_wire());
        Ok(endpoint.clone())
    }

    /// Forgets an endpoint. The version that the caller saw does not matter, as on the real server.
    ///
    /// # Errors
    /// When the request is wrong, or there is none.
    pub fn delete_nexus_endpoint(&mut self, request: &DeleteNexusEndpointRequest) -> Answer<()> {
        let mut wrong = Vec::new();
        if request.id.is_empty() {
            wrong.push("endpoint ID not set".to_owned());
        } else if let Err(refusal) = check_endpoint_id(&request.id) {
            wrong.push(refusal.message);
        }
        if request.version <= 0 {
            wrong.push("endpoint version is non-positive".to_owned());
        }
        if !wrong.is_empty() {
            return Err(Refusal::invalid(wrong.join(", ")));
        }
        let missing = || Refusal::not_found(format!("error deleting nexus endpoint with ID: {}", request.id));
        self.nexus.endpoints.remove(&request.id).map(|_| ()).ok_or_else(missing)
    }

    /// The endpoints, a page at a time; with a name, only that of this name.
    ///
    /// # Errors
    /// When the request is wrong.
    pub fn list_nexus_endpoints(&self, request: &ListNexusEndpointsRequest) -> Answer<ListNexusEndpointsResponse> {
        let size = match request.page_size {
            size if size < 0 => return Err(Refusal::invalid("page_size is negative")),
            size if size > LONGEST_PAGE => {
                return Err(Refusal::invalid(format!("page_size exceeds limit of {LONGEST_PAGE}")));
            }
            0 => PAGE,
            size => usize::try_from(size).unwrap_or(PAGE),
        };
        if !request.name.is_empty() {
            let endpoints = self.nexus.endpoint(&request.name).cloned().into_iter().collect();
            return Ok(ListNexusEndpointsResponse { endpoints, ..ListNexusEndpointsResponse::default() });
        }
        let after = std::str::from_utf8(&request.next_page_token)
            .ok()
            .filter(|after| after.is_empty() || is_uuid(after))
            .ok_or_else(|| Refusal::invalid("Invalid NextPageToken."))?;
        let mut rest = self.nexus.endpoints.iter().filter(|(id, _)| *id > after).map(|(_, endpoint)| endpoint);
        let endpoints: Vec<Endpoint> = rest.by_ref().take(size).cloned().collect();
        let last = endpoints.last().map(|endpoint| endpoint.id.clone()).filter(|_| rest.next().is_some());
        Ok(ListNexusEndpointsResponse { next_page_token: last.unwrap_or_default().into(), endpoints })
    }

    fn check_endpoint(&self, spec: Option<EndpointSpec>) -> Answer<EndpointSpec> {
        let problems = problems(spec.as_ref());
        let Some(spec) = spec.filter(|_| problems.is_empty()) else {
            return Err(Refusal::invalid(problems.join(", ")));
        };
        let target = spec.target.as_ref().and_then(|target| target.variant.as_ref());
        if let Some(Variant::Worker(worker)) = target
            && let Err(unknown) = self.namespaces.check(&worker.namespace)
        {
            let words = "could not verify namespace referenced by target exists";
            return Err(Refusal::precondition(format!("{words}: {}", unknown.message)));
        }
        Ok(spec)
    }

    /// Two endpoints of one name could not be told apart.
    fn check_endpoint_name(&self, name: &str, own: &str, doing: &str) -> Answer<()> {
        let taken = self.nexus.endpoints.values().any(|other| other.id != own && name_of(other) == name);
        if taken {
            let words = format!("error {doing} Nexus endpoint. Endpoint with name {name} already registered");
            return Err(Refusal::new(Code::AlreadyExists, words));
        }
        Ok(())
    }
}

fn check_endpoint_id(id: &str) -> Answer<()> {
    if id.is_empty() {
        Err(Refusal::invalid("endpoint ID not set"))
    } else if is_uuid(id) {
        Ok(())
    } else {
        let words = format!("malformed endpoint ID: \"invalid UUID length: {}\"", id.len());
        Err(Refusal::invalid(words))
    }
}
