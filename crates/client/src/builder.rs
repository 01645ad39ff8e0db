//! Options of a client, and how it connects.

use std::fmt;
use std::sync::OnceLock;
use std::time::Duration;

use perpetua_convert::{BoxFuture, DataConverter};
use perpetua_vocab::{Identity, Namespace};
use tower_service::Service;

use crate::address::Address;
use crate::address::Security;
use crate::channel::{Channel, Endpoint, KeepAlive};
use crate::client::Shared;
use crate::headers::{Headers, Metadata};
use crate::raw::Body;
use crate::transport::{Carrier, Transport, carrier};
use crate::{Client, ConnectError, RpcRetry, TlsOptions};

/// The address of a server on the same machine.
const LOCAL: &str = "localhost:7233";

/// Options of a [`Client`], made by [`Client::builder`].
///
/// ```no_run
/// use perpetua_client::{Client, TlsOptions};
///
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// let client = Client::builder()
///     .address("temporal.example.com:7233")
///     .namespace("orders")
///     .tls(TlsOptions::new())
///     .connect()
///     .await?;
/// # Ok(()) }
/// ```
#[derive(Clone)]
#[must_use = "a builder does nothing until `.connect().await`"]
pub struct ClientBuilder {
    pub(crate) address: String,
    pub(crate) namespace: Namespace,
    identity: Option<Identity>,
    pub(crate) tls: Tls,
    pub(crate) api_key: Option<String>,
    pub(crate) metadata: Vec<Metadata>,
    converter: DataConverter,
    retry: RpcRetry,
    connect_timeout: Duration,
    keep_alive: Option<KeepAlive>,
    gzip: bool,
    carrier: Option<Carrier>,
}

/// Whether to speak TLS.
#[derive(Clone, Debug)]
pub(crate) enum Tls {
    /// As the scheme of the address says; without one, only with an API key, which must not travel in the open.
    AsNeeded,
    Off,
    On(TlsOptions),
}

impl Default for ClientBuilder {
    fn default() -> Self {
        Self {
            address: LOCAL.to_owned(),
            namespace: "default".into(),
            identity: None,
            tls: Tls::AsNeeded,
            api_key: None,
            metadata: Vec::new(),
            converter: DataConverter::default(),
            retry: RpcRetry::default(),
            connect_timeout: Duration::from_secs(10),
            keep_alive: Some(KeepAlive { every: Duration::from_secs(30), answer_within: Duration::from_secs(15) }),
            gzip: false,
            carrier: None,
        }
    }
}

impl ClientBuilder {
    /// Sets the server's address, `host:port`; `localhost:7233` by default. `https://` before it asks for TLS and
    /// `http://` for none.
    pub fn address(mut self, address: impl Into<String>) -> Self {
        self.address = address.into();
        self
    }

    /// Sets the namespace; `default` by default.
    pub fn namespace(mut self, namespace: impl Into<Namespace>) -> Self {
        self.namespace = namespace.into();
        self
    }

    /// Sets who the client says it is, as histories show it; `pid@host` by default.
    pub fn identity(mut self, identity: impl Into<Identity>) -> Self {
        self.identity = Some(identity.into());
        self
    }

    /// Speaks TLS. Off by default, unless the address begins with `https://` or there is an API key.
    pub fn tls(mut self, options: TlsOptions) -> Self {
        self.tls = Tls::On(options);
        self
    }

    /// Speaks no TLS, also with an API key, which then travels in the open.
    pub fn no_tls(mut self) -> Self {
        self.tls = Tls::Off;
        self
    }

    /// Sets the API key. [`Client::set_api_key`] replaces it later.
    pub fn api_key(mut self, key: impl Into<String>) -> Self {
        self.api_key = Some(key.into());
        self
    }

    /// Adds text that is sent as a header with every call. An `authorization` wins over the API key.
    pub fn metadata(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.metadata.push(Metadata::Text(name.into(), value.into()));
        self
    }

    /// Adds bytes that are sent as a header with every call. The name must end with `-bin`.
    pub fn metadata_bytes(mut self, name: impl Into<String>, value: impl Into<Vec<u8>>) -> Self {
        self.metadata.push(Metadata::Binary(name.into(), value.into()));
        self
    }

    /// Sets how values travel.
    pub fn converter(mut self, converter: DataConverter) -> Self {
        self.converter = converter;
        self
    }

    /// Sets how calls are tried again.
    pub fn retry(mut self, retry: RpcRetry) -> Self {
        self.retry = retry;
        self
    }

    /// Sets how long connecting may take, TLS included; 10 s by default.
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.connect_timeout = timeout;
        self
    }

    /// Sets how often to ask whether the server is still there (30 s by default), and how long it may take to answer
    /// (15 s by default) before the connection counts as lost.
    pub fn keep_alive(mut self, every: Duration, answer_within: Duration) -> Self {
        self.keep_alive = Some(KeepAlive { every, answer_within });
        self
    }

    /// Does not ask whether the server is still there; a lost connection is then noticed by deadlines only.
    pub fn no_keep_alive(mut self) -> Self {
        self.keep_alive = None;
        self
    }

    /// Compresses requests. Responses may always be compressed.
    pub fn gzip(mut self) -> Self {
        self.gzip = true;
        self
    }

    /// Sends calls through a service instead of a connection: a server in the same process, a proxy, a test.
    ///
    /// The generated servers are such services. The address is then only a name, for messages.
    pub fn transport<S>(mut self, service: S) -> Self
    where
        S: Service<http::Request<Body>, Response = http::Response<Body>> + Clone + Send + Sync + 'static,
        S::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
        S::Future: Send,
    {
        self.carrier = Some(carrier(service));
        self
    }

    /// Connects, and [checks](Client::check) that the server answers and has the namespace.
    ///
    /// # Errors
    /// When an option cannot be used, nobody answers, or the server refuses us.
    pub async fn connect(self) -> Result<Client, ConnectError> {
        self.connecting().await
    }

    /// Connects, as a future that is compiled here: others would compile everything in it anew.
    #[inline(never)]
    fn connecting(self) -> BoxFuture<'static, Result<Client, ConnectError>> {
        Box::pin(self.connect_and_check())
    }

    async fn connect_and_check(self) -> Result<Client, ConnectError> {
        let address = self.address.clone();
        let client = match self.endpoint()? {
            Some(endpoint) => {
                let channel = Channel::lazy(endpoint);
                let connected = channel.connect().await;
                connected.map_err(|error| ConnectError::of_transport(address.clone(), error.into()))?;
                self.finish(Carrier::Channel(channel))?
            }
            None => self.lazy()?,
        };
        match client.check().await {
            Ok(_) => Ok(client),
            Err(error) => Err(ConnectError::of_first_call(address, error)),
        }
    }

    /// A client that connects with the first call. It must be made, like any connection, inside a Tokio runtime.
    ///
    /// # Errors
    /// When an option cannot be used.
    pub fn lazy(mut self) -> Result<Client, ConnectError> {
        if let Some(carrier) = self.carrier.take() {
            return self.finish(carrier);
        }
        match self.endpoint()? {
            Some(endpoint) => self.finish(Carrier::Channel(Channel::lazy(endpoint))),
            None => unreachable!("only a carrier makes an endpoint unnecessary"),
        }
    }

    /// Where and how to connect; none if there is nothing to connect.
    fn endpoint(&self) -> Result<Option<Endpoint>, ConnectError> {
        if self.carrier.is_some() {
            return Ok(None);
        }
        let address = Address::parse(&self.address)
            .map_err(|problem| ConnectError::Address { address: self.address.clone(), problem })?;
        let tls = self.tls_for(&address)?;
        let tls = tls.map(|options| options.into_config(address.host())).transpose()?;
        Ok(Some(Endpoint {
            authority: address.into_authority(),
            tls,
            connect_timeout: self.connect_timeout,
            keep_alive: self.keep_alive,
        }))
    }

    fn tls_for(&self, address: &Address) -> Result<Option<TlsOptions>, ConnectError> {
        match (&self.tls, address.scheme()) {
            (Tls::On(_), Some(Security::Plain)) => Err(ConnectError::Address {
                address: self.address.clone(),
                problem: "begins with http://, but TLS is on; write https://, or leave the scheme out",
            }),
            (Tls::Off, Some(Security::Tls)) => Err(ConnectError::Address {
                address: self.address.clone(),
                problem: "begins with https://, but TLS is off; write http://, or leave the scheme out",
            }),
            (Tls::On(options), _) => Ok(Some(options.clone())),
            (Tls::AsNeeded, Some(Security::Tls)) => Ok(Some(TlsOptions::new())),
            (Tls::AsNeeded, None) if self.api_key.is_some() => Ok(Some(TlsOptions::new())),
            (Tls::AsNeeded | Tls::Off, _) => Ok(None),
        }
    }

    fn finish(self, carrier: Carrier) -> Result<Client, ConnectError> {
        let Self {
            address,
            namespace,
            identity,
            tls: _,
            api_key,
            metadata,
            converter,
            retry,
            connect_timeout: _,
            keep_alive: _,
            gzip,
            carrier: _,
        } = self;
        if namespace.is_empty() {
            return Err(ConnectError::Option { name: "namespace", problem: "is empty".to_owned() });
        }
        let headers = Headers::new(&namespace, metadata, api_key)?;
        Ok(Client::from_shared(Shared {
            transport: Transport::new(carrier, headers),
            address: address.into(),
            namespace,
            identity: identity.unwrap_or_else(process),
            converter,
            retry,
            compresses: gzip,
            task_queue: None,
            server: OnceLock::new(),
        }))
    }
}

/// This process, as histories show it.
fn process() -> Identity {
    Identity::new(format!("{}@{}", std::process::id(), crate::host::name()))
}

impl fmt::Debug for ClientBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientBuilder")
            .field("address", &self.address)
            .field("namespace", &self.namespace)
            .field("tls", &self.tls)
            .finish_non_exhaustive()
    }
}
