//! A server, made and run.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use perpetua_proto::enums::IndexedValueType;
use perpetua_proto::operatorservice::AddSearchAttributesRequest;
use perpetua_proto::workflowservice::RegisterNamespaceRequest;
use perpetua_server_core::{Code, Damaged, Refusal, Setting, Time, World};
use tokio::net::TcpListener;

use crate::clock::Clock;
use crate::engine::{Engine, Pace, Standstill};
use crate::port::Listening;
use crate::storage::{File, Kept, Log, StorageError, Store};
use crate::transport::Transport;

/// Longer than anybody sleeps.
pub(crate) const FOREVER: Duration = Duration::from_secs(1000 * 365 * 24 * 3600);
/// How long closed workflows are kept in namespaces that are made with the server, unless it is told otherwise.
const RETENTION: Duration = Duration::from_secs(24 * 3600);
/// How long a server that is stopped waits for its last answers to be taken. A client that does not listen cannot hold it.
const FAREWELL: Duration = Duration::from_millis(500);

/// What a server is to be.
#[derive(Clone, Debug)]
pub struct ServerBuilder {
    namespaces: Vec<String>,
    search_attributes: Vec<(String, String)>,
    settings: Vec<(String, String)>,
    seed: Option<u64>,
    retention: Duration,
    pace: Pace,
    file: Option<PathBuf>,
    starts_at: Option<SystemTime>,
    is_crashable: bool,
}

/// A Temporal-compatible server in this process. It lives as long as this, a transport of it, or a port that it listens
/// on.
#[derive(Clone, Debug)]
pub struct Server {
    pub(crate) engine: Arc<Engine>,
    /// What it is made again of when it has crashed.
    pub(crate) plan: Arc<Plan>,
}

/// What does not change when a server is made again.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) seed: u64,
    pub(crate) builder: ServerBuilder,
}

/// Why a server cannot be made or listen.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServerError {
    /// The address cannot be listened on.
    #[error("the server cannot listen on {address}; choose another port, or 0 for any free one")]
    Listen {
        /// Where it should have listened.
        address: SocketAddr,
        /// What the system says.
        #[source]
        source: std::io::Error,
    },
    /// Its file cannot be used.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// It is to crash, and has nothing to start again from.
    #[error("the server keeps nothing for when it crashes; make it with `crashable`, and without a file")]
    NotCrashable,
    /// What it kept for when it crashes makes no sense.
    #[error("the server cannot start again from what it kept")]
    Kept(#[source] Damaged),
    /// It cannot have a thread that writes.
    #[error("the server cannot start the thread that writes its file")]
    Thread(#[source] std::io::Error),
    /// A namespace cannot be made.
    #[error("the namespace {name:?} cannot be made: {problem}")]
    Namespace {
        /// Its name.
        name: String,
        /// What is wrong.
        problem: String,
    },
    /// A setting cannot be what it should be.
    #[error("the setting {key:?} cannot be made: {problem}")]
    Setting {
        /// Its name.
        key: String,
        /// What is wrong.
        problem: String,
    },
    /// A search attribute cannot be added.
    #[error("the search attribute {name:?} cannot be added: {problem}")]
    SearchAttribute {
        /// Its name.
        name: String,
        /// What is wrong.
        problem: String,
    },
}

fn search_attribute_type(name: &str) -> Option<IndexedValueType> {
    Some(match name {
        "Bool" => IndexedValueType::Bool,
        "Datetime" => IndexedValueType::Datetime,
        "Double" => IndexedValueType::Double,
        "Int" => IndexedValueType::Int,
        "Keyword" => IndexedValueType::Keyword,
        "KeywordList" => IndexedValueType::KeywordList,
        "Text" => IndexedValueType::Text,
        _ => return None,
    })
}

impl Server {
    /// A server in memory, with the namespace `default`, in real time.
    pub fn builder() -> ServerBuilder {
        ServerBuilder {
            namespaces: vec!["default".to_owned()],
            search_attributes: Vec::new(),
            settings: Vec::new(),
            seed: None,
            retention: RETENTION,
            pace: Pace::Real,
            file: None,
            starts_at: None,
            is_crashable: false,
        }
    }

    /// Carries the calls of a client in the same process, without a socket.
    pub fn transport(&self) -> Transport {
        Transport { engine: Arc::clone(&self.engine) }
    }

    /// Listens on a port, for clients and workers of any language. Port 0 stands for any that is free.
    ///
    /// # Errors
    /// When the address cannot be listened on.
    pub async fn listen(&self, address: SocketAddr) -> Result<Listening, ServerError> {
        let failed = |source| ServerError::Listen { address, source };
        let listener = TcpListener::bind(address).await.map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        Ok(Listening::new(listener, address, Arc::clone(&self.engine)))
    }

    /// Stops in good order: closes its ports to what is new, answers the calls that wait with what there is, stores
    /// everything and closes its file. Calls that come later are refused.
    pub async fn shutdown(&self) {
        self.engine.stopping.send_replace(true);
        self.engine.stop().await;
        if tokio::time::timeout(FAREWELL, self.engine.stopping.closed()).await.is_err() {
            tracing::warn!("somebody keeps a call open; it is cut off");
        }
    }

    /// The time of the server's world.
    pub fn now(&self) -> SystemTime {
        system_time(self.engine.time())
    }

    /// Waits so long by the server's clock. Where time skips, that takes no longer than what happens meanwhile.
    ///
    /// # Errors
    /// When the server is being stopped.
    pub async fn sleep(&self, duration: Duration) -> Result<(), Stopped> {
        let until = self.engine.time().plus(duration);
        loop {
            match self.engine.wait(FOREVER, |world, call| world.sleep_until(call, until)).await {
                Ok(_) => return Ok(()),
                Err(_) if self.engine.is_down() => self.engine.back().await,
                Err(_) => return Err(Stopped(())),
            }
        }
    }

    /// Waits until no worker is at work, and jumps to what happens next by itself, such as a timer; when that is. None if
    /// nothing ever does. It does so at any pace of time, also while time is locked.
    ///
    /// # Errors
    /// When the server is being stopped.
    pub async fn leap(&self) -> Result<Option<SystemTime>, Stopped> {
        loop {
            match self.engine.leap().await {
                Ok(leapt) => return Ok(leapt.map(system_time)),
                Err(_) if self.engine.is_down() => self.engine.back().await,
                Err(_) => return Err(Stopped(())),
            }
        }
    }

    /// Why nothing goes on although somebody waits for a workflow, an activity or a time; none as long as something does.
    /// Somebody outside may still do something: what stands still for good is for the caller to say.
    pub fn standstill(&self) -> Option<Standstill> {
        self.engine.standstill()
    }

    /// How many calls wait for something to happen, such as polls of workers.
    pub fn waiting_calls(&self) -> usize {
        self.engine.waiting()
    }
}

/// The server is being stopped.
#[derive(Debug, thiserror::Error)]
#[error("the server is being stopped")]
pub struct Stopped(pub(crate) ());

fn system_time(time: Time) -> SystemTime {
    let nanos = u64::try_from(time.nanos()).unwrap_or(0);
    SystemTime::UNIX_EPOCH + Duration::from_nanos(nanos)
}

impl ServerBuilder {
    /// Adds a namespace.
    #[must_use]
    pub fn namespace(mut self, name: impl Into<String>) -> Self {
        let name = name.into();
        if !self.namespaces.contains(&name) {
            self.namespaces.push(name);
        }
        self
    }

    /// Adds a search attribute to every namespace. Its type is `Bool`, `Datetime`, `Double`, `Int`, `Keyword`,
    /// `KeywordList` or `Text`.
    #[must_use]
    pub fn search_attribute(mut self, name: impl Into<String>, kind: impl Into<String>) -> Self {
        self.search_attributes.push((name.into(), kind.into()));
        self
    }

    /// How long workflows are kept that have closed, in the namespaces that are made with the server; one day by default, and
    /// the shortest.
    #[must_use]
    pub fn retention(mut self, time: Duration) -> Self {
        self.retention = time;
        self
    }

    /// Makes all ids from this seed. By default they are different each time.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = Some(seed);
        self
    }

    /// Lets time jump to what happens next, while somebody waits for a workflow and no worker has anything to do. Work
    /// whose queue no worker has polled for half a second counts as nothing to do.
    #[must_use]
    pub fn skip_time(mut self) -> Self {
        self.pace = Pace::Skipping { locks: 0, for_waiters: true };
        self
    }

    /// Lets time jump to what happens next, while no worker has anything to do and no client has locked the time. It is
    /// locked so often to begin with. Clients lock and unlock it through the `TestService` of the protocol, as the
    /// time-skipping test environments of SDKs do.
    #[must_use]
    pub fn skip_time_unless_locked(mut self, locks: u32) -> Self {
        self.pace = Pace::Skipping { locks, for_waiters: false };
        self
    }

    /// Sets something by the name that Temporal's dynamic configuration has for it, and its value as JSON. What
    /// has no effect is logged as a warning: a name that nobody knows, and switching off what is always on.
    #[must_use]
    pub fn dynamic_config(mut self, key: impl Into<String>, json: impl Into<String>) -> Self {
        self.settings.push((key.into(), json.into()));
        self
    }

    /// Keeps everything in this SQLite file, which is made if it is not there. What the server has answered is then there
    /// again after it is started anew, also if it was killed or lost its power. A file belongs to one server at a time.
    #[must_use]
    pub fn file(mut self, path: impl Into<PathBuf>) -> Self {
        self.file = Some(path.into());
        self
    }

    /// Lets the server's clock begin at this time, rather than at the machine's.
    #[must_use]
    pub fn starts_at(mut self, time: SystemTime) -> Self {
        self.starts_at = Some(time);
        self
    }

    /// Keeps in memory what a file would have, so that the server can [crash](Server::crash) in its process and
    /// [start again](Server::restart): for tests of what lives through that. A server with a [file](Self::file) has it
    /// there, and cannot.
    #[must_use]
    pub fn crashable(mut self) -> Self {
        self.is_crashable = true;
        self
    }

    /// Makes the server. It needs a tokio runtime.
    ///
    /// # Errors
    /// When a namespace or a search attribute cannot be made, or the file cannot be used.
    pub fn start(self) -> Result<Server, ServerError> {
        let seed = self.seed.unwrap_or_else(|| uuid::Uuid::new_v4().as_u64_pair().0);
        let clock = Clock::new(self.starts_at);
        let Some(path) = self.file.clone() else {
            let mut world = World::new(seed, clock.now());
            self.furnish(&mut world)?;
            let kept = self.is_crashable.then(|| {
                let mut kept = Kept::default();
                kept.store(world.take_changes());
                kept
            });
            let engine = Engine::new(world, clock, self.pace, None, kept);
            return Ok(Server { engine, plan: Arc::new(Plan { seed, builder: self }) });
        };
        let mut file = File::open(&path)?;
        let restored = World::restore(seed, clock.now(), file.load()?);
        let mut world = restored.map_err(|source| StorageError::Damaged { path: path.clone(), source })?;
        self.furnish(&mut world)?;
        let stored = file.write(world.take_changes());
        stored.map_err(|error| StorageError::Unwritable { path, problem: error.to_string() })?;
        let log = Log::new(Box::new(file)).map_err(ServerError::Thread)?;
        let engine = Engine::new(world, clock, self.pace, Some(log), None);
        Ok(Server { engine, plan: Arc::new(Plan { seed, builder: self }) })
    }

    /// Makes settings, which are not stored.
    pub(crate) fn settle(&self, world: &mut World) -> Result<(), ServerError> {
        for (key, json) in &self.settings {
            match world.set(key, json) {
                Ok(Setting::Taken) => {}
                Ok(Setting::AlwaysOn) => tracing::warn!("{key} is always on here, and cannot be switched off"),
                Ok(Setting::Unknown) => {
                    tracing::warn!("nothing here goes by {key}, so it has no effect; check how it is spelled");
                }
                Err(problem) => return Err(ServerError::Setting { key: key.clone(), problem }),
            }
        }
        Ok(())
    }

    /// Makes the settings, and the namespaces and search attributes that are not there yet.
    fn furnish(&self, world: &mut World) -> Result<(), ServerError> {
        self.settle(world)?;
        for name in &self.namespaces {
            let request = RegisterNamespaceRequest {
                namespace: name.clone(),
                workflow_execution_retention_period: perpetua_proto::protobuf::Duration::try_from(self.retention).ok(),
                ..RegisterNamespaceRequest::default()
            };
            let problem = |refusal: Refusal| ServerError::Namespace { name: name.clone(), problem: refusal.message };
            match world.register_namespace(request) {
                Err(refusal) if self.file.is_some() && refusal.code == Code::AlreadyExists => {}
                made => made.map_err(problem)?,
            }
            for (attribute, kind) in &self.search_attributes {
                let failed = |problem| ServerError::SearchAttribute { name: attribute.clone(), problem };
                let kind = search_attribute_type(kind).ok_or_else(|| failed(format!("there is no type {kind:?}")))?;
                let request = AddSearchAttributesRequest {
                    namespace: name.clone(),
                    search_attributes: [(attribute.clone(), kind.into())].into(),
                };
                world.add_search_attributes(request).map_err(|refusal| failed(refusal.message))?;
            }
        }
        Ok(())
    }
}
