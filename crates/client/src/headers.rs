//! What every call carries beside its message.

use std::sync::{Arc, RwLock};

use http::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, TE, USER_AGENT};
use perpetua_vocab::Namespace;
use tonic::metadata::{AsciiMetadataKey, AsciiMetadataValue, BinaryMetadataKey, MetadataMap, MetadataValue};

use crate::ConnectError;
use crate::channel::{AGENT, TIMEOUT};

/// The headers of a client. Clones share the API key, so that replacing it reaches all of them.
#[derive(Clone, Debug)]
pub(crate) struct Headers {
    fixed: HeaderMap,
    /// All headers of a call, to be copied, but for the API key; the timeout is filled in.
    whole: HeaderMap,
    api_key: Arc<RwLock<Option<HeaderValue>>>,
}

/// Metadata of the user's own, as it was given.
#[derive(Clone, Debug)]
pub(crate) enum Metadata {
    Text(String, String),
    Binary(String, Vec<u8>),
}

impl Headers {
    pub(crate) fn new(
        namespace: &Namespace,
        metadata: Vec<Metadata>,
        api_key: Option<String>,
    ) -> Result<Self, ConnectError> {
        let mut fixed = metadata_headers(metadata)?;
        fixed.insert("client-name", HeaderValue::from_static("perpetua"));
        fixed.insert("client-version", HeaderValue::from_static(env!("CARGO_PKG_VERSION")));
        // Without it, servers disguise the end of a run that is tried again as a continuation that says nothing else.
        fixed.insert("supported-features", HeaderValue::from_static("follows-next-run-id"));
        let api_key = Arc::new(RwLock::new(api_key.map(|key| bearer(&key)).transpose()?));
        let mut headers = Self { fixed, whole: HeaderMap::new(), api_key };
        headers.set_namespace(namespace)?;
        Ok(headers)
    }

    /// Some servers route by it, before they look at the message.
    pub(crate) fn set_namespace(&mut self, namespace: &Namespace) -> Result<(), ConnectError> {
        let value = HeaderValue::from_str(namespace.as_str())
            .map_err(|_| option("namespace", "has characters that a header cannot carry"))?;
        self.fixed.insert("temporal-namespace", value);
        self.whole = whole(&self.fixed);
        Ok(())
    }

    pub(crate) fn set_api_key(&self, key: &str) -> Result<(), ConnectError> {
        let value = bearer(key)?;
        *self.api_key.write().unwrap_or_else(std::sync::PoisonError::into_inner) = Some(value);
        Ok(())
    }

    /// All headers of a call that may take so long, as gRPC has them.
    pub(crate) fn of_call(&self, timeout: HeaderValue) -> HeaderMap {
        let mut headers = self.whole.clone();
        headers.insert(TIMEOUT, timeout);
        self.add_api_key(&mut headers);
        headers
    }

    /// Adds them to a call. What the call has already wins.
    pub(crate) fn add_to(&self, headers: &mut HeaderMap) {
        for (name, value) in &self.fixed {
            if !headers.contains_key(name) {
                headers.insert(name, value.clone());
            }
        }
        self.add_api_key(headers);
    }

    fn add_api_key(&self, headers: &mut HeaderMap) {
        if headers.contains_key(AUTHORIZATION) {
            return;
        }
        if let Some(key) = &*self.api_key.read().unwrap_or_else(std::sync::PoisonError::into_inner) {
            headers.insert(AUTHORIZATION, key.clone());
        }
    }
}

/// What every call has: what is fixed for this client, and what gRPC asks for, which comes first.
fn whole(fixed: &HeaderMap) -> HeaderMap {
    let mut headers = fixed.clone();
    headers.insert(TE, HeaderValue::from_static("trailers"));
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/grpc"));
    headers.insert(HeaderName::from_static("grpc-accept-encoding"), HeaderValue::from_static("gzip,identity"));
    headers.insert(USER_AGENT, HeaderValue::from_static(AGENT));
    headers.insert(TIMEOUT, HeaderValue::from_static(""));
    headers
}

fn metadata_headers(metadata: Vec<Metadata>) -> Result<HeaderMap, ConnectError> {
    let mut map = MetadataMap::new();
    for entry in metadata {
        match entry {
            Metadata::Text(name, value) => {
                let key = AsciiMetadataKey::from_bytes(name.as_bytes()).map_err(|_| bad_metadata(&name, "name"))?;
                let value: AsciiMetadataValue = value.parse().map_err(|_| bad_metadata(&name, "value"))?;
                map.insert(key, value);
            }
            Metadata::Binary(name, value) => {
                let key = BinaryMetadataKey::from_bytes(name.as_bytes())
                    .map_err(|_| option("metadata_bytes", format!("`{name}` is no name that ends with -bin")))?;
                map.insert_bin(key, MetadataValue::from_bytes(&value));
            }
        }
    }
    Ok(map.into_headers())
}

fn bearer(key: &str) -> Result<HeaderValue, ConnectError> {
    let mut value = HeaderValue::from_str(&format!("Bearer {key}"))
        .map_err(|_| option("api_key", "has characters that a header cannot carry"))?;
    value.set_sensitive(true);
    Ok(value)
}

fn bad_metadata(name: &str, part: &str) -> ConnectError {
    option("metadata", format!("the {part} of `{name}` cannot be sent as a header"))
}

fn option(name: &'static str, problem: impl Into<String>) -> ConnectError {
    ConnectError::Option { name, problem: problem.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(metadata: Vec<Metadata>, api_key: Option<&str>) -> Result<Headers, ConnectError> {
        Headers::new(&"orders".into(), metadata, api_key.map(str::to_owned))
    }

    fn sent(headers: &Headers) -> HeaderMap {
        let mut map = HeaderMap::new();
        headers.add_to(&mut map);
        map
    }

    #[test]
    fn a_call_says_who_calls_and_where() {
        let map = sent(&headers(Vec::new(), None).expect("valid"));
        assert_eq!(map["client-name"], "perpetua");
        assert_eq!(map["client-version"], env!("CARGO_PKG_VERSION"));
        assert_eq!(map["supported-features"], "follows-next-run-id");
        assert_eq!(map["temporal-namespace"], "orders");
        assert!(!map.contains_key(AUTHORIZATION));
    }

    #[test]
    fn a_replaced_api_key_reaches_clones() {
        let first = headers(Vec::new(), Some("one")).expect("valid");
        let clone = first.clone();
        first.set_api_key("two").expect("valid");
        assert_eq!(sent(&clone)[AUTHORIZATION], "Bearer two");
    }

    #[test]
    fn metadata_of_ones_own_wins_over_the_api_key() {
        let own = Metadata::Text("authorization".into(), "Basic x".into());
        assert_eq!(sent(&headers(vec![own], Some("key")).expect("valid"))[AUTHORIZATION], "Basic x");
    }

    #[test]
    fn binary_metadata_needs_its_suffix() {
        let good = headers(vec![Metadata::Binary("trace-bin".into(), vec![0, 255])], None).expect("valid");
        assert_eq!(sent(&good)["trace-bin"], "AP8");
        let bad = headers(vec![Metadata::Binary("trace".into(), vec![0])], None).expect_err("no suffix");
        assert!(bad.to_string().contains("-bin"), "{bad}");
    }
}
