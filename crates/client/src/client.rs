//! The client: a connection, and what every call through it has in common.

use std::fmt;
use std::sync::{Arc, OnceLock};

use perpetua_convert::DataConverter;
use perpetua_proto::workflowservice::workflow_service_client::WorkflowServiceClient;
use perpetua_vocab::{Identity, Namespace, TaskQueue};

use crate::raw::Raw;
use crate::transport::Transport;
use crate::{ClientBuilder, ConnectError, Rpc, RpcCall, RpcRetry, ServerInfo};

/// A client of one namespace. Cheap to clone; clones share the connection.
///
/// ```no_run
/// use perpetua_client::Client;
///
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// let client = Client::connect("localhost:7233").await?;
/// let orders = client.in_namespace("orders")?;
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct Client {
    shared: Arc<Shared>,
}

pub(crate) struct Shared {
    pub(crate) transport: Transport,
    pub(crate) address: Arc<str>,
    pub(crate) namespace: Namespace,
    pub(crate) identity: Identity,
    pub(crate) converter: DataConverter,
    pub(crate) retry: RpcRetry,
    pub(crate) compresses: bool,
    /// Where workflows go that do not say it themselves.
    pub(crate) task_queue: Option<TaskQueue>,
    pub(crate) server: OnceLock<ServerInfo>,
}

impl Client {
    /// Connects to a server, such as `localhost:7233`, in the namespace `default`.
    ///
    /// # Errors
    /// When the address cannot be read, nobody answers there, or the namespace does not exist.
    pub async fn connect(address: impl Into<String>) -> Result<Self, ConnectError> {
        Self::builder().address(address).connect().await
    }

    /// Connects as the environment says: `TEMPORAL_ADDRESS` (or else `localhost:7233`), `TEMPORAL_NAMESPACE` and so on.
    /// All variables are listed at [`ClientBuilder::from_env`].
    ///
    /// # Errors
    /// As [`connect`](Self::connect), and when a variable cannot be used as it is.
    pub async fn connect_from_env() -> Result<Self, ConnectError> {
        Self::builder().from_env()?.connect().await
    }

    /// A client with options.
    pub fn builder() -> ClientBuilder {
        ClientBuilder::default()
    }

    pub(crate) fn from_shared(shared: Shared) -> Self {
        Self { shared: Arc::new(shared) }
    }

    /// The namespace that it works in.
    pub fn namespace(&self) -> &Namespace {
        &self.shared.namespace
    }

    /// Who it says it is, as histories show it.
    pub fn identity(&self) -> &Identity {
        &self.shared.identity
    }

    /// The address of the server.
    pub fn address(&self) -> &str {
        &self.shared.address
    }

    /// How values travel.
    pub fn converter(&self) -> &DataConverter {
        &self.shared.converter
    }

    /// Where workflows go whose start does not say it; none unless it was [set](Self::with_task_queue).
    pub fn task_queue(&self) -> Option<&TaskQueue> {
        self.shared.task_queue.as_ref()
    }

    /// What the server said of itself; none until a [lazy](ClientBuilder::lazy) client was asked with
    /// [`check`](Self::check).
    pub fn server(&self) -> Option<&ServerInfo> {
        self.shared.server.get()
    }

    /// A client of another namespace, over the same connection. Makes no call.
    ///
    /// # Errors
    /// When the name has characters that cannot be sent.
    pub fn in_namespace(&self, namespace: impl Into<Namespace>) -> Result<Self, ConnectError> {
        let namespace = namespace.into();
        let mut headers = self.shared.transport.headers().clone();
        headers.set_namespace(&namespace)?;
        let transport = self.shared.transport.with_headers(headers);
        Ok(self.changed(|shared| {
            shared.transport = transport;
            shared.namespace = namespace;
        }))
    }

    /// A client with another data converter, over the same connection. Makes no call.
    #[must_use]
    pub fn with_converter(&self, converter: DataConverter) -> Self {
        self.changed(|shared| shared.converter = converter)
    }

    /// A client whose workflows go to this task queue unless their start says another, over the same connection. Makes no
    /// call.
    #[must_use]
    pub fn with_task_queue(&self, task_queue: impl Into<TaskQueue>) -> Self {
        let task_queue = task_queue.into();
        self.changed(|shared| shared.task_queue = Some(task_queue))
    }

    /// Replaces the API key, for this client and all that share its connection. For keys that expire.
    ///
    /// # Errors
    /// When the key has characters that cannot be sent.
    pub fn set_api_key(&self, key: impl AsRef<str>) -> Result<(), ConnectError> {
        self.shared.transport.headers().set_api_key(key.as_ref())
    }

    /// A call of any method of the server, with this client's deadlines and retries. For what the typed calls do not
    /// cover; the request is sent as it is: nothing is filled in and no codec runs.
    ///
    /// ```no_run
    /// use perpetua_proto::workflowservice::CountWorkflowExecutionsRequest;
    ///
    /// # async fn example(client: perpetua_client::Client) -> Result<(), Box<dyn std::error::Error>> {
    /// let namespace = client.namespace().to_string();
    /// let answer = client.rpc(&CountWorkflowExecutionsRequest { namespace, ..Default::default() }).await?;
    /// println!("{} workflows", answer.count);
    /// # Ok(()) }
    /// ```
    pub fn rpc<R: Rpc>(&self, request: &R) -> RpcCall<R> {
        RpcCall::new(self.clone(), request)
    }

    /// The generated clients, for what even [`rpc`](Self::rpc) does not cover: no retries, no deadlines, no typed errors.
    pub fn raw(&self) -> Raw {
        Raw::new(self.shared.transport.clone(), self.shared.compresses)
    }

    /// The generated client of the workflow service; the same as `raw().workflow()`.
    pub fn service(&self) -> WorkflowServiceClient<Transport> {
        self.raw().workflow()
    }

    pub(crate) fn transport(&self) -> &Transport {
        &self.shared.transport
    }

    pub(crate) fn address_shared(&self) -> &Arc<str> {
        &self.shared.address
    }

    pub(crate) fn retry(&self) -> &RpcRetry {
        &self.shared.retry
    }

    pub(crate) fn compresses(&self) -> bool {
        self.shared.compresses
    }

    pub(crate) fn remember_server(&self, server: ServerInfo) {
        let _ = self.shared.server.set(server); // what was said first stays
    }

    fn changed(&self, change: impl FnOnce(&mut Shared)) -> Self {
        let Shared { transport, address, namespace, identity, converter, retry, compresses, task_queue, server } =
            &*self.shared;
        let mut shared = Shared {
            transport: transport.clone(),
            address: Arc::clone(address),
            namespace: namespace.clone(),
            identity: identity.clone(),
            converter: converter.clone(),
            retry: retry.clone(),
            compresses: *compresses,
            task_queue: task_queue.clone(),
            server: server.clone(),
        };
        change(&mut shared);
        Self::from_shared(shared)
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("address", &self.shared.address)
            .field("namespace", &self.shared.namespace)
            .field("identity", &self.shared.identity)
            .finish_non_exhaustive()
    }
}
