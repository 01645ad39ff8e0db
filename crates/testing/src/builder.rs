//! How a world for a test is described.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use perpetua_client::{Client, ClientBuilder, ConnectError};
use perpetua_convert::DataConverter;
use perpetua_server::{Server, ServerBuilder, ServerError};
use perpetua_vocab::TaskQueue;
use uuid::Uuid;

use crate::env::{Inner, TestEnv};
use crate::golden::{Keeper, Keeping, Site};
use crate::simulate::{CLIENT, Network, Party, patient};
use crate::{Check, watchdog};

/// A hundred years: what happened early in a test is still there when it is over, however long it was.
const RETENTION: Duration = Duration::from_secs(100 * 365 * 24 * 3600);

/// A world for a test that is being described. Made by [`TestEnv::builder`].
#[derive(Clone, Debug)]
#[must_use = "there is no world until it is started"]
pub struct TestEnvBuilder {
    server: ServerBuilder,
    place: Place,
    converter: Option<DataConverter>,
    without: BTreeSet<Check>,
    time_limit: Duration,
    keeping: Option<Keeping>,
    site: Site,
}

#[derive(Clone, Debug)]
enum Place {
    /// A server of its own, whose time skips.
    Skipping,
    /// A server of its own, in real time.
    Real,
    /// A server of its own, whose time skips, behind a network on which things go wrong.
    Simulated(Arc<Network>),
    /// A server elsewhere.
    Address { address: String, namespace: String },
}

/// Why there is no world.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TestEnvError {
    /// The server cannot be made.
    #[error(transparent)]
    Server(#[from] ServerError),
    /// The environment variable `PERPETUA_HISTORIES` is something else than `record` or `check`.
    #[error("{0}")]
    Histories(String),
    /// The client cannot connect.
    #[error(transparent)]
    Connect(#[from] ConnectError),
}

impl Default for TestEnvBuilder {
    fn default() -> Self {
        Self {
            server: Server::builder().retention(RETENTION),
            place: Place::Skipping,
            converter: None,
            without: BTreeSet::new(),
            time_limit: Duration::from_secs(60),
            keeping: None,
            site: Site::default(),
        }
    }
}

impl TestEnvBuilder {
    /// Lets time pass as it does outside. By default the time in which nothing happens is skipped.
    pub fn real_time(mut self) -> Self {
        self.place = Place::Real;
        self
    }

    /// Plays the same test on the server at this address, such as `localhost:7233`, in real time. Other tests may use the
    /// server too: this one has a task queue of its own, and only runs of that queue are checked.
    pub fn address(mut self, address: impl Into<String>) -> Self {
        self.place = Place::Address { address: address.into(), namespace: "default".to_owned() };
        self
    }

    /// The namespace to use at an [address](Self::address); `default` by default.
    pub fn namespace(mut self, name: impl Into<String>) -> Self {
        if let Place::Address { namespace, .. } = &mut self.place {
            *namespace = name.into();
        }
        self
    }

    /// Adds a search attribute to the world. Its type is `Bool`, `Datetime`, `Double`, `Int`, `Keyword`, `KeywordList` or
    /// `Text`. A server at an [address](Self::address) has to have it already.
    pub fn search_attribute(mut self, name: impl Into<String>, kind: impl Into<String>) -> Self {
        self.server = self.server.search_attribute(name, kind);
        self
    }

    /// Changes how the server of the world is made: settings, more namespaces, a file.
    pub fn server(mut self, change: impl FnOnce(ServerBuilder) -> ServerBuilder) -> Self {
        self.server = change(self.server);
        self
    }

    /// How values travel; by default as JSON.
    pub fn converter(mut self, converter: DataConverter) -> Self {
        self.converter = Some(converter);
        self
    }

    /// Does without a check, for a test in which what it finds is meant.
    pub fn without(mut self, check: Check) -> Self {
        self.without.insert(check);
        self
    }

    /// How long the test may take by the clock on the wall; a minute by default. Only `#[perpetua::test]` heeds it.
    pub fn time_limit(mut self, limit: Duration) -> Self {
        self.time_limit = limit;
        self
    }

    /// Puts this network between the server and everybody.
    pub(crate) fn simulated(mut self, network: &Arc<Network>) -> Self {
        self.place = Place::Simulated(Arc::clone(network));
        self
    }

    /// Records the histories of the test's runs, as the environment variable `PERPETUA_HISTORIES` does with the value
    /// `record` for every `#[perpetua::test]`: in the folder `histories` of the crate, in a folder of the test's own, a file for each workflow. See
    /// [`golden`](crate::golden).
    ///
    /// A run that asks for what a recorded one has asked for changes nothing. Histories that the code no longer fits are
    /// replaced; others are kept beside new ones. A test that fails records nothing, and runs of workflows that are mocked,
    /// or that no worker of the test knows, are left alone.
    pub fn record_histories(mut self) -> Self {
        self.keeping = Some(Keeping::Record);
        self
    }

    /// Holds the test's runs against the histories that were recorded, as the environment variable `PERPETUA_HISTORIES` does
    /// with the value `check` for every `#[perpetua::test]`: each has to ask for what one of them has asked for, in the same order, with the
    /// same values but for random ids and points in time. What differs is found as [`Check::Histories`]. A test of which
    /// nothing was recorded is not checked.
    pub fn check_histories(mut self) -> Self {
        self.keeping = Some(Keeping::Check);
        self
    }

    /// Where the histories of the tests are, instead of in `histories` in the folder of the crate.
    pub fn histories_in(mut self, folder: impl Into<PathBuf>) -> Self {
        self.site.root = Some(folder.into());
        self
    }

    /// What the test is called, `module::test`: its histories are in a folder of that name. `#[perpetua::test]` says it; the
    /// name of the thread is it by default.
    pub fn test_name(mut self, name: impl Into<String>) -> Self {
        self.site.test = Some(name.into());
        self
    }

    /// Where the test is, and what it is called, unless somebody has said so. For `#[perpetua::test]`.
    #[doc(hidden)]
    pub fn site(mut self, crate_folder: Option<&str>, test: &str) -> Self {
        self.site.crate_folder = crate_folder.map(PathBuf::from);
        self.site.test.get_or_insert_with(|| test.to_owned());
        self
    }

    /// Makes the world. It needs a tokio runtime.
    ///
    /// # Errors
    /// When its server cannot be made, or nobody answers at the address.
    pub async fn start(self) -> Result<TestEnv, TestEnvError> {
        let Self { server, place, converter, without, time_limit, keeping, site } = self;
        let of_all =
            Keeping::from_environment().map_err(|misspelled| TestEnvError::Histories(misspelled.to_string()))?;
        let own = |server: ServerBuilder| -> Result<_, TestEnvError> {
            let server = server.start()?;
            let client = Client::builder().address("test:7233").transport(server.transport());
            Ok((server, client))
        };
        let mut patience = watchdog::PATIENCE;
        // What looks at the world suffers nothing.
        let mut observer = None;
        let (server, client, skips, queue) = match place {
            Place::Skipping => {
                let (server, client) = own(server.skip_time())?;
                (Some(server), client, true, TaskQueue::new("test"))
            }
            Place::Real => {
                let (server, client) = own(server)?;
                (Some(server), client, false, TaskQueue::new("test"))
            }
            Place::Simulated(network) => {
                let server = server.skip_time().seed(network.seed()).starts_at(Network::beginning()).crashable();
                let (server, client) = own(server)?;
                network.attach(&server);
                observer = Some(client.clone().retry(patient()));
                let client = client.identity(CLIENT).retry(patient());
                let client = match network.link(Party::client()) {
                    Some(link) => client.transport(link),
                    None => client,
                };
                patience = watchdog::VIRTUAL_PATIENCE;
                (Some(server), client, true, TaskQueue::new("test"))
            }
            Place::Address { address, namespace } => {
                let client = Client::builder().address(address).namespace(namespace);
                (None, client, false, TaskQueue::new(format!("test-{}", Uuid::new_v4())))
            }
        };
        let connect = async |client: ClientBuilder| match &converter {
            Some(converter) => client.converter(converter.clone()).connect().await,
            None => client.connect().await,
        };
        let client = connect(client).await?.with_task_queue(queue.clone());
        let observer = match observer {
            Some(observer) => connect(observer).await?,
            None => client.clone(),
        };
        let inner = Arc::new(Inner::new(server, client, observer, queue, skips, without, time_limit));
        if let Some(keeping) = keeping.or(of_all.filter(|_| site.test.is_some())) {
            // It was made just now.
            let _ = inner.keeper.set(Keeper::new(keeping, site));
        }
        watchdog::watch(&inner, patience);
        Ok(TestEnv { inner })
    }
}
