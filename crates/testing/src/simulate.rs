//! Worlds in which things go wrong, as a seed has it.
//!
//! ```text
//! seed --> Dice --> Network: faults of calls, deaths of workers and of the server
//!                      |
//! test body --> World: client, workers that are made again --> checks, ledger --> a report, or nothing
//! ```
//! All of it runs on one thread whose time is virtual: tokio's clock jumps to the next thing that anybody waits for.

mod dice;
mod fault;
mod ledger;
mod link;
mod network;
mod report;
mod wire;
mod world;

use std::collections::BTreeSet;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::time::{Duration, Instant};

use futures_util::FutureExt;
use tokio::runtime::Builder;
use tokio::time::sleep;

use crate::harness::Outcome;
use crate::{Finding, TestEnvBuilder, runs};

pub use fault::{Fault, Injected};
pub(crate) use ledger::CLIENT;
pub(crate) use link::Party;
pub(crate) use network::Network;
pub use report::SimulationFailure;
pub(crate) use report::panic_text;
pub use world::World;
pub(crate) use world::patient;

/// How often the clock on the wall is looked at, in virtual time.
const PERIOD: Duration = Duration::from_secs(1);
/// The variable that says which seed is to be played, instead of what the test says.
const SEED: &str = "PERPETUA_SEED";

/// A test in a world where things go wrong, that is being described.
///
/// ```text
/// Simulation::new(7).without(Fault::ServerCrash).run(|world| async move {
///     world.worker(|worker| worker.workflow(order).activity(charge));
///     assert_eq!(world.run(order(17)).await?, "paid");
///     Ok::<_, WorkflowError>(())
/// })?;
/// ```
///
/// The test's body runs on a thread whose time is virtual. [`World`] is its world: like a [`TestEnv`](crate::TestEnv), with
/// workers that can die and be made again.
///
/// **What is repeated exactly.** The seed, what a call is and how often it was made before decide what becomes of it. The
/// ids and the clock of the server begin the same, time passes virtually, workflow code runs while everything else waits. So
/// the same seed has the same faults at the same virtual times and the same histories, except for what the code under test
/// brings in from elsewhere: threads of its own, the network, the clock on the wall, randomness, the order of hash maps; and
/// for what tokio chooses at random, between branches of a `select!` that are ready at once. Give workflows ids: those
/// that are made up differ each time.
///
/// **What is not simulated.** Activities run as they are. One that is waiting for a socket does not hold virtual time, and
/// one on a thread of its own goes on when its worker dies. Let time pass with [`World::sleep`] or `tokio::time`.
#[derive(Clone, Debug)]
#[must_use = "nothing happens until it is run"]
pub struct Simulation {
    seed: u64,
    faults: BTreeSet<Fault>,
    at_most: usize,
    env: TestEnvBuilder,
    time_limit: Duration,
}

/// A simulation that found nothing.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Simulated {
    /// What it made happen, in order.
    pub injected: Vec<Injected>,
    /// How much time passed on the clock of the world.
    pub passed: Duration,
}

impl Simulation {
    /// With all kinds of faults, in the mixture that this seed has, and at most thirty of them.
    pub fn new(seed: u64) -> Self {
        Self {
            seed,
            faults: Fault::ALL.into(),
            at_most: 30,
            env: TestEnvBuilder::default(),
            time_limit: Duration::from_secs(60),
        }
    }

    /// Only these kinds of faults.
    pub fn faults(mut self, faults: impl IntoIterator<Item = Fault>) -> Self {
        self.faults = faults.into_iter().collect();
        self
    }

    /// Not this kind of fault.
    pub fn without(mut self, fault: Fault) -> Self {
        self.faults.remove(&fault);
        self
    }

    /// At most so many faults; afterwards everything goes well, so that the test comes to an end. Evictions, which cost
    /// nothing, do not count.
    pub fn at_most(mut self, count: usize) -> Self {
        self.at_most = count;
        self
    }

    /// Changes the world: its converter, search attributes, the checks it does without. Where it is and how its time
    /// passes is for the simulation to say.
    pub fn env(mut self, change: impl FnOnce(TestEnvBuilder) -> TestEnvBuilder) -> Self {
        self.env = change(self.env);
        self
    }

    /// How long it may take by the clock on the wall; a minute by default. It is looked at when the test waits.
    pub fn time_limit(mut self, limit: Duration) -> Self {
        self.time_limit = limit;
        self
    }

    /// Plays the test.
    ///
    /// # Errors
    /// When the test fails or panics, when something is found in its world, and when something that was acknowledged is not
    /// in the histories. The error lists what went wrong before.
    ///
    /// # Panics
    /// When there is no runtime to be had, or this is called from one.
    pub fn run<F, Fut>(self, body: F) -> Result<Simulated, SimulationFailure>
    where
        F: FnOnce(World) -> Fut,
        Fut: Future<Output: Outcome>,
    {
        let runtime = match Builder::new_current_thread().enable_all().start_paused(true).build() {
            Ok(runtime) => runtime,
            Err(error) => panic!("there is no runtime for the simulation: {error}"),
        };
        let played = runtime.block_on(self.play(body));
        // Activities that a test leaves behind are of no interest to anybody.
        runtime.shutdown_background();
        played
    }

    async fn play<F, Fut>(self, body: F) -> Result<Simulated, SimulationFailure>
    where
        F: FnOnce(World) -> Fut,
        Fut: Future<Output: Outcome>,
    {
        let Self { seed, faults, at_most, env, time_limit } = self;
        let network = Network::new(seed, &faults, at_most);
        let env = match env.simulated(&network).start().await {
            Ok(env) => env,
            Err(error) => {
                return Err(SimulationFailure::new(
                    seed,
                    vec![format!("there is no world for it: {error}")],
                    Vec::new(),
                ));
            }
        };
        let world = World::new(env.clone(), &network);
        network.set_rough(true);
        let body = AssertUnwindSafe(async { body(world.clone()).await.problem() }).catch_unwind();
        let mut problems = Vec::new();
        tokio::select! {
            biased;
            ended = body => match ended {
                Ok(problem) => problems.extend(problem),
                Err(panic) => problems.push(panic_text(&*panic)),
            },
            () = overtime(time_limit) => {
                problems.push(env.stuck(&format!("it took longer than its limit of {time_limit:?}")).await.to_string());
            }
        }
        network.set_rough(false);
        network.server_is_back().await;
        world.stop_workers().await;
        let passed = env.now().duration_since(Network::beginning()).unwrap_or_default();
        let mut runs = Vec::new();
        for run in runs::all(&env.inner).await {
            match run {
                Ok(run) => runs.push(run),
                Err(problem) => problems.push(problem),
            }
        }
        problems.extend(network.ledger(|ledger| ledger.problems(&runs)));
        problems.extend(network.problems());
        if let Err(findings) = env.finish().await {
            problems.extend(findings.all().iter().map(Finding::to_string));
        }
        let injected = network.injected();
        if problems.is_empty() {
            Ok(Simulated { injected, passed })
        } else {
            Err(SimulationFailure::new(seed, problems, injected))
        }
    }
}

/// Ends when so much time has passed on the wall.
async fn overtime(limit: Duration) {
    let begun = Instant::now();
    while begun.elapsed() < limit {
        sleep(PERIOD).await;
    }
}

/// Plays a test in a world where things go wrong, as the seed has it: see [`Simulation`], which has more to say.
///
/// If the variable `PERPETUA_SEED` is set, that seed is played.
///
/// # Panics
/// When something is wrong: with what, and which faults there were.
#[track_caller]
pub fn simulate<F, Fut>(seed: u64, body: F)
where
    F: FnOnce(World) -> Fut,
    Fut: Future<Output: Outcome>,
{
    let seed = asked_for().unwrap_or(seed);
    if let Err(failure) = Simulation::new(seed).run(body) {
        panic!("{failure}");
    }
}

/// Plays a test once for each seed, until something is wrong; or only for the seed in the variable `PERPETUA_SEED`, if that
/// is set. The report says how to play the same again.
///
/// ```text
/// simulate_many(0..100, |world| async move {
///     world.worker(|worker| worker.workflow(order).activity(charge));
///     assert_eq!(world.run(order(17)).id("order-17").await.unwrap(), "paid");
/// });
/// ```
///
/// # Panics
/// When something is wrong: with what, and which faults there were.
#[track_caller]
pub fn simulate_many<F, Fut>(seeds: impl IntoIterator<Item = u64>, mut body: F)
where
    F: FnMut(World) -> Fut,
    Fut: Future<Output: Outcome>,
{
    match asked_for() {
        Some(seed) => simulate(seed, body),
        None => seeds.into_iter().for_each(|seed| simulate(seed, &mut body)),
    }
}

#[track_caller]
fn asked_for() -> Option<u64> {
    let seed = std::env::var_os(SEED)?;
    match seed.to_str().and_then(|seed| seed.parse().ok()) {
        Some(seed) => Some(seed),
        None => panic!("{SEED} is {seed:?}, which is not a seed; seeds are whole numbers"),
    }
}
