//! What lies between a simulated server and those who call it, and what goes wrong there.
//!
//! ```text
//! client --Link--+                                    +--> Server
//!                +--> Network: which fault, if any? --+
//! worker --Link--+        |                           +--> crash, restart
//!                         +--> the list of what was made happen, the ledger of what was acknowledged
//! ```

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, SystemTime};

use perpetua_server::Server;
use tokio::time::sleep;

use super::dice::{Dice, Throw};
use super::fault::{Fault, Injected, Mixture};
use super::ledger::Ledger;
use super::link::{Link, Party};

/// How long the dead stay dead, at most.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);
/// How late a call is, at most.
const LONGEST_DELAY: Duration = Duration::from_secs(1);
/// Time does not skip so long after a fault: whoever tries again does it by then.
const AFTERMATH: Duration = Duration::from_secs(3);
/// What the clock of every simulation begins with, in seconds since 1970: the same, so that it can be played again.
const BEGINNING: u64 = 1_900_000_000;

/// The network of one simulation.
#[derive(Debug)]
pub(crate) struct Network {
    seed: u64,
    dice: Dice,
    mixture: Mixture,
    /// How many faults there are at most, apart from those that cost nothing.
    at_most: usize,
    server: OnceLock<Server>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// Whether faults happen.
    is_rough: bool,
    /// How often each call was made, by who makes it.
    calls: BTreeMap<String, u64>,
    injected: Vec<Injected>,
    costly: usize,
    ledger: Ledger,
    problems: Vec<String>,
}

/// What becomes of a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    Arrives,
    ArrivesLate(Duration),
    ArrivesTwice(Duration),
    RequestLost,
    ResponseLost,
    /// Its number among those of its kind.
    TaskLost(u64),
    WorkerCrash(When, Duration),
    ServerCrash(When, Duration),
}

/// Whether something happens before the server does what a call asks, or after.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum When {
    Before,
    After,
}

impl Network {
    pub(crate) fn new(seed: u64, kinds: &BTreeSet<Fault>, at_most: usize) -> Arc<Self> {
        let dice = Dice::new(seed);
        let mixture = Mixture::new(dice, kinds);
        Arc::new(Self { seed, dice, mixture, at_most, server: OnceLock::new(), state: Mutex::default() })
    }

    pub(crate) fn seed(&self) -> u64 {
        self.seed
    }

    /// What the clock of the world begins with.
    pub(crate) fn beginning() -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(BEGINNING)
    }

    /// Leads to this server.
    pub(crate) fn attach(&self, server: &Server) {
        // It leads to one only.
        let _ = self.server.set(server.clone());
    }

    /// The way of somebody to the server; none before there is one.
    pub(crate) fn link(self: &Arc<Self>, party: Party) -> Option<Link> {
        Some(Link::new(Arc::clone(self), self.server.get()?.transport(), party))
    }

    /// Begins with the faults, or ends with them.
    pub(crate) fn set_rough(&self, is_rough: bool) {
        self.state().is_rough = is_rough;
    }

    /// Waits until the server is there.
    pub(crate) async fn server_is_back(&self) {
        if let Some(server) = self.server.get() {
            server.is_back().await;
        }
    }

    pub(crate) fn injected(&self) -> Vec<Injected> {
        self.state().injected.clone()
    }

    /// What is wrong with the simulation itself.
    pub(crate) fn problems(&self) -> Vec<String> {
        self.state().problems.clone()
    }

    pub(crate) fn add_problem(&self, problem: String) {
        self.state().problems.push(problem);
    }

    pub(crate) fn ledger<R>(&self, act: impl FnOnce(&mut Ledger) -> R) -> R {
        act(&mut self.state().ledger)
    }

    /// What becomes of the next call of a method by somebody.
    pub(crate) fn fate(&self, party: &Party, method: &str) -> Fate {
        let Some(kind) = Kind::of(method) else { return Fate::Arrives };
        let mut state = self.state();
        let about = format!("{} {method}", if party.is_worker() { "worker" } else { "client" });
        let count = state.calls.entry(about.clone()).or_default();
        *count += 1;
        let number = *count;
        if !state.is_rough || state.costly >= self.at_most {
            return Fate::Arrives;
        }
        drop(state);
        self.choose(kind, party.is_worker(), self.dice.throw(&about, number), number)
    }

    /// Every kind is thrown for, in the same order, whether it can happen to this call or not.
    fn choose(&self, kind: Kind, is_worker: bool, mut throw: Throw, number: u64) -> Fate {
        let mut hits = |fault| throw.in_a_thousand(self.mixture.rate(fault));
        let faults = Fault::ALL.map(|fault| (fault, hits(fault)));
        // A worker that dies while it is idle has nothing to lose.
        let before = throw.in_a_thousand(500) && kind != Kind::Poll;
        let when = if before { When::Before } else { When::After };
        let (pause, delay) = (throw.time(LONGEST_PAUSE), throw.time(LONGEST_DELAY));
        let fates = faults.into_iter().filter(|(_, hit)| *hit).filter_map(|(fault, _)| match (fault, kind) {
            (Fault::WorkerCrash, _) if is_worker => Some(Fate::WorkerCrash(when, pause)),
            (Fault::TaskLost, Kind::Poll) => Some(Fate::TaskLost(number)),
            // A server that dies when it is polled dies while nothing happens.
            (Fault::ServerCrash, Kind::Act | Kind::Ask) => Some(Fate::ServerCrash(when, pause)),
            (Fault::RequestLost, _) => Some(Fate::RequestLost),
            (Fault::ResponseLost, Kind::Act | Kind::Ask) => Some(Fate::ResponseLost),
            (Fault::Duplicate, Kind::Act) => Some(Fate::ArrivesTwice(delay)),
            (Fault::Delay, Kind::Act) => Some(Fate::ArrivesLate(delay)),
            _ => None,
        });
        fates.into_iter().next().unwrap_or(Fate::Arrives)
    }

    /// Whether a workflow is evicted that is put into the cache of a worker.
    pub(crate) fn evicts(&self, worker: &str, workflow: &str) -> bool {
        let number = {
            let mut state = self.state();
            let count = state.calls.entry("eviction".to_owned()).or_default();
            *count += 1;
            if !state.is_rough {
                return false;
            }
            state.calls["eviction"]
        };
        let evicts = self.dice.throw("eviction", number).in_a_thousand(self.mixture.rate(Fault::Eviction));
        if evicts {
            self.note(Fault::Eviction, format!("{worker} evicts {workflow}"));
        }
        evicts
    }

    /// Takes note of a fault.
    pub(crate) fn note(&self, fault: Fault, what: String) {
        let at = self.server.get().and_then(|server| server.now().duration_since(Self::beginning()).ok());
        let mut state = self.state();
        state.costly += usize::from(fault != Fault::Eviction);
        state.injected.push(Injected { at: at.unwrap_or_default(), fault, what });
    }

    /// Lets time pass no faster than outside for so long, and a little longer.
    pub(crate) fn hold_time(&self, time: Duration) {
        if let Some(server) = self.server.get() {
            let held = server.hold_time();
            tokio::spawn(async move {
                sleep(time + AFTERMATH).await;
                drop(held);
            });
        }
    }

    /// Lets the server die, and start again after a pause.
    pub(crate) fn crash_server(self: &Arc<Self>, pause: Duration) {
        let Some(server) = self.server.get().cloned() else { return };
        if let Err(error) = server.crash() {
            self.add_problem(format!("the server cannot crash: {error}"));
        }
        self.hold_time(pause);
        let network = Arc::clone(self);
        tokio::spawn(async move {
            sleep(pause).await;
            if let Err(error) = server.restart() {
                network.add_problem(format!("the server does not start again after a crash: {error}"));
            }
        });
    }

    /// Takes it that whoever has this identity works on nothing.
    pub(crate) fn forget_worker(&self, identity: &str) {
        if let Some(server) = self.server.get() {
            server.forget_worker(identity);
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a call is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// It takes a task.
    Poll,
    /// It changes something.
    Act,
    /// It only asks.
    Ask,
}

impl Kind {
    /// None for what a test does not depend on, such as what is asked at a connection's beginning.
    fn of(method: &str) -> Option<Self> {
        Some(match method {
            "PollWorkflowTaskQueue" | "PollActivityTaskQueue" | "PollNexusTaskQueue" => Self::Poll,
            "GetWorkflowExecutionHistory" | "PollWorkflowExecutionUpdate" | "QueryWorkflow" => Self::Ask,
            "StartWorkflowExecution"
            | "SignalWorkflowExecution"
            | "SignalWithStartWorkflowExecution"
            | "UpdateWorkflowExecution"
            | "ExecuteMultiOperation"
            | "RequestCancelWorkflowExecution"
            | "TerminateWorkflowExecution"
            | "RespondWorkflowTaskCompleted"
            | "RespondWorkflowTaskFailed"
            | "RespondQueryTaskCompleted"
            | "RespondActivityTaskCompleted"
            | "RespondActivityTaskFailed"
            | "RespondActivityTaskCanceled"
            | "RecordActivityTaskHeartbeat"
            | "RespondNexusTaskCompleted"
            | "RespondNexusTaskFailed" => Self::Act,
            _ => return None,
        })
    }
}
