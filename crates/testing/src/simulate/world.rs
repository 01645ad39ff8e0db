//! The world of a simulation, with workers that can die.

use std::fmt;
use std::pin::pin;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use perpetua_client::{Client, ConnectError, RpcRetry, RunWorkflow, StartWorkflow};
use perpetua_contract::{WorkflowCall, WorkflowDefinition};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::sleep;

use super::link::Party;
use super::network::Network;
use crate::{TestEnv, TestWorkerBuilder, TimeError};

/// How long until the next attempt to connect.
const PAUSE: Duration = Duration::from_secs(1);

/// The world of a simulation. Clones are the same world.
#[derive(Clone)]
pub struct World {
    env: TestEnv,
    shared: Arc<Shared>,
}

struct Shared {
    network: Arc<Network>,
    workers: Mutex<Vec<JoinHandle<()>>>,
    /// How many workers there were.
    count: AtomicU32,
    stop: watch::Sender<bool>,
}

/// Says what a worker can do; said again to each that takes the place of a dead one.
type Describe = Arc<dyn Fn(TestWorkerBuilder) -> TestWorkerBuilder + Send + Sync>;

impl World {
    pub(crate) fn new(env: TestEnv, network: &Arc<Network>) -> Self {
        let shared = Shared {
            network: Arc::clone(network),
            workers: Mutex::default(),
            count: AtomicU32::new(0),
            stop: watch::Sender::new(false),
        };
        Self { env, shared: Arc::new(shared) }
    }

    /// The world as a test without faults has it: for all that is not here.
    pub fn env(&self) -> &TestEnv {
        &self.env
    }

    /// A client, whose calls suffer like those of a worker. It tries again what failed.
    pub fn client(&self) -> &Client {
        self.env.client()
    }

    /// Starts a workflow when it is awaited: `world.client().start(call)`.
    pub fn start<D: WorkflowDefinition>(&self, call: WorkflowCall<D>) -> StartWorkflow<D> {
        self.env.start(call)
    }

    /// Runs a workflow to its result when it is awaited: `world.client().run(call)`.
    pub fn run<D: WorkflowDefinition>(&self, call: WorkflowCall<D>) -> RunWorkflow<D> {
        self.env.run(call)
    }

    /// The time of the world. All begin with the same.
    pub fn now(&self) -> SystemTime {
        self.env.now()
    }

    /// Lets so much time pass in the world, and everything that happens in it, also while the server is down.
    ///
    /// # Errors
    /// When the world is finished.
    pub async fn sleep(&self, time: Duration) -> Result<(), TimeError> {
        self.env.sleep(time).await
    }

    /// Starts a worker of the world's task queue, and another one like it whenever it has died:
    /// `world.worker(|worker| worker.workflow(order).activity(charge))`. Started more than once, several work at once.
    pub fn worker(&self, describe: impl Fn(TestWorkerBuilder) -> TestWorkerBuilder + Send + Sync + 'static) {
        let supervisor = tokio::spawn(self.clone().supervise(Arc::new(describe)));
        self.shared.workers.lock().unwrap_or_else(PoisonError::into_inner).push(supervisor);
    }

    /// Ends the workers in good order.
    pub(crate) async fn stop_workers(&self) {
        self.shared.stop.send_replace(true);
        let workers = std::mem::take(&mut *self.shared.workers.lock().unwrap_or_else(PoisonError::into_inner));
        for worker in workers {
            if let Err(error) = worker.await {
                self.shared.network.add_problem(format!("a worker is broken: {error}"));
            }
        }
    }

    async fn supervise(self, describe: Describe) {
        while let Some(pause) = self.live(&describe).await {
            sleep(pause).await;
        }
    }

    /// The life of one worker; how long until the next begins, if it died.
    async fn live(&self, describe: &Describe) -> Option<Duration> {
        let network = &self.shared.network;
        let name = format!("worker-{}", self.shared.count.fetch_add(1, Ordering::Relaxed) + 1);
        let party = Party::worker(&name);
        let client = loop {
            match self.connect(&name, &party).await {
                Ok(client) => break client,
                Err(_) if !*self.shared.stop.borrow() => sleep(PAUSE).await,
                Err(_) => return None,
            }
        };
        let evicting = Arc::clone(network);
        let (evictor, dying) = (name.clone(), party.clone());
        let worker = TestWorkerBuilder::with_client(&self.env, &client);
        let worker = worker.options(|worker| {
            worker.in_step().evict_when(move |run| !dying.is_dead() && evicting.evicts(&evictor, run.as_str()))
        });
        let worker = match describe(worker).build() {
            Ok(worker) => worker,
            Err(error) => {
                network.add_problem(format!("the worker of the test cannot be made: {error}"));
                return None;
            }
        };
        let shutdown = worker.shutdown_handle();
        // Dropped, it ends without a goodbye.
        let mut working = pin!(worker.run());
        let mut stop = self.shared.stop.subscribe();
        tokio::select! {
            biased;
            pause = party.dies() => return Some(pause),
            _ = stop.wait_for(|stop| *stop) => shutdown.shutdown(),
            ended = &mut working => {
                let reason = ended.err().map_or_else(|| "for no reason".to_owned(), |error| error.to_string());
                network.add_problem(format!("{name} has ended by itself: {reason}"));
                return None;
            }
        }
        if let Err(error) = working.await {
            network.add_problem(format!("{name} does not end well: {error}"));
        }
        None
    }

    async fn connect(&self, name: &str, party: &Party) -> Result<Client, ConnectError> {
        let here = self.env.client();
        let client = Client::builder()
            .address(here.address())
            .namespace(here.namespace().clone())
            .converter(here.converter().clone())
            .identity(name)
            .retry(patient());
        match self.shared.network.link(party.clone()) {
            Some(link) => client.transport(link).connect().await,
            None => client.connect().await,
        }
    }
}

/// How everybody in a simulation tries again: the same each time, and for longer than anything is away.
pub(crate) fn patient() -> RpcRetry {
    RpcRetry::default().jitter(0.0).in_all(Duration::from_secs(120)).max_attempts(100)
}

impl fmt::Debug for World {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("World").field("seed", &self.shared.network.seed()).finish_non_exhaustive()
    }
}
