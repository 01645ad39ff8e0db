//! Endpoints: names under which operations are called, and where the calls go.

use perpetua_proto::nexus::endpoint_target::Variant;
use perpetua_proto::nexus::{Endpoint, EndpointSpec};

use super::Nexus;
use crate::limits;

/// The longest that a name may be.
const NAME_LENGTH: usize = 200;
/// The longest that the address of an external target may be.
const URL_LENGTH: usize = 4096;
/// How many bytes a description may have.
const DESCRIPTION_BYTES: usize = 20_000;

/// Where the requests for an operation go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Destination {
    Queue {
        namespace: String,
        name: String,
    },
    /// Somewhere that is reached by HTTP, which this server does not speak.
    External,
}

impl Nexus {
    /// The endpoint of this name.
    pub(crate) fn endpoint(&self, name: &str) -> Option<&Endpoint> {
        self.endpoints.values().find(|endpoint| name_of(endpoint) == name)
    }

    /// Where the requests for the endpoint of this id go; none if it is no more.
    pub(crate) fn destination(&self, endpoint_id: &str) -> Option<Destination> {
        let target = self.endpoints.get(endpoint_id)?.spec.as_ref()?.target.as_ref()?;
        Some(match target.variant.as_ref()? {
            Variant::Worker(worker) => {
                Destination::Queue { namespace: worker.namespace.clone(), name: worker.task_queue.clone() }
            }
            Variant::External(_) => Destination::External,
        })
    }
}

/// The name of an endpoint.
pub(crate) fn name_of(endpoint: &Endpoint) -> &str {
    endpoint.spec.as_ref().map_or("", |spec| &spec.name)
}

/// Everything that is wrong with what an endpoint is to be, in the words that operators know.
pub(crate) fn problems(spec: Option<&EndpointSpec>) -> Vec<String> {
    let mut problems = Vec::new();
    problems.extend(name_problem(spec.map_or("", |spec| &spec.name)));
    let description = spec.and_then(|spec| spec.description.as_ref());
    if description.is_some_and(|text| prost::Message::encoded_len(text) > DESCRIPTION_BYTES) {
        problems.push(format!("description size exceeds limit of {DESCRIPTION_BYTES}"));
    }
    match spec.and_then(|spec| spec.target.as_ref()).and_then(|target| target.variant.as_ref()) {
        None => problems.push("empty target variant".to_owned()),
        Some(Variant::Worker(worker)) => {
            if worker.namespace.is_empty() {
                problems.push("target namespace not set".to_owned());
            }
            let queue = queue_problem(&worker.task_queue);
            problems.extend(queue.map(|problem| format!("invalid target task queue: \"{problem}\"")));
        }
        Some(Variant::External(external)) => problems.extend(url_problem(&external.url)),
    }
    problems
}

fn name_problem(name: &str) -> Option<String> {
    let inner = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    let well_formed = name.len() >= 2
        && name.starts_with(|first: char| first.is_ascii_alphabetic())
        && name.ends_with(|last: char| last.is_ascii_alphanumeric())
        && name.bytes().all(inner);
    if name.is_empty() {
        Some("endpoint name not set".to_owned())
    } else if name.len() > NAME_LENGTH {
        Some(format!("endpoint name exceeds length limit of {NAME_LENGTH}"))
    } else if !well_formed {
        Some(r#"endpoint name must match the regex: "^[a-zA-Z][a-zA-Z0-9\\-]*[a-zA-Z0-9]$""#.to_owned())
    } else {
        None
    }
}

fn queue_problem(name: &str) -> Option<&'static str> {
    if name.is_empty() {
        Some("taskQueue is not set")
    } else if name.len() > limits::ID_LENGTH {
        Some("taskQueue length exceeds limit")
    } else if name.starts_with("/_sys/") {
        Some("task queue name cannot start with reserved prefix /_sys/")
    } else {
        None
    }
}

fn url_problem(url: &str) -> Option<String> {
    if url.is_empty() {
        return Some("empty target URL".to_owned());
    }
    if url.len() > URL_LENGTH {
        return Some(format!("target URL length exceeds limit of {URL_LENGTH}"));
    }
    let (scheme, rest) = url.split_once(':').unwrap_or(("", url));
    let is_scheme = scheme.starts_with(|first: char| first.is_ascii_alphabetic())
        && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte));
    if !scheme.is_empty() && !is_scheme {
        return Some(format!("invalid target URL: parse {url:?}: first path segment in URL cannot contain colon"));
    }
    if !matches!(scheme, "http" | "https") {
        return Some(format!("invalid target URL scheme: {scheme:?}, expected http or https"));
    }
    rest.strip_prefix("//")
        .is_none_or(|host| host.is_empty() || host.starts_with('/'))
        .then(|| "invalid target URL: it names no host".to_owned())
}
