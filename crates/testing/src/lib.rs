//! Tests of workflows, as ordinary as other tests.
//!
//! [`TestEnv`] is a world for one test: a server in this process with a clock of its own, which skips the time in which
//! nothing happens. Months pass in milliseconds, and any number of worlds run at once. Client and worker are those of
//! production; nothing is imitated. When the test is over, the runs that it made are looked at again: each is executed anew
//! from every prefix of its history, and what differs is reported with the line.
//!
//! [`drive()`] is for one workflow without any of that: a state machine that the test drives, turn by turn.
//!
//! Users reach all of it through `perpetua`, with the feature `testing` in their dev-dependency.
//!
//! Not here: the tests of Perpetua itself, which are in `perpetua-testkit`.
//!
//! Read first: [`TestEnv`], [`Mock`], [`ActivityEnv`], then [`Check`]; [`drive::Drive`].
//!
//! ```text
//! #[perpetua::test] --> harness::run --> TestEnv { server, client, workers } --> the test's body
//!                              |                                                     |
//!                              `--- finish: checks over every run's history <--------'
//! ```

mod activity;
mod builder;
mod calls;
mod checks;
pub mod drive;
mod endless;
mod env;
mod explain;
mod explore;
mod finding;
pub mod golden;
#[doc(hidden)]
pub mod harness;
mod mock;
mod runs;
mod simulate;
mod time;
mod watchdog;
mod worker;

pub use activity::{ActivityEnv, ActivityRun};
pub use builder::{TestEnvBuilder, TestEnvError};
pub use drive::drive;
pub use env::TestEnv;
pub use explore::{End, ExploreFailure, Explored, Explorer, explore};
pub use finding::{Check, Finding, Findings};
pub use mock::{
    ActivityMock, Answer, Call, External, LoggedCall, Mock, MockFunction, Mocked, OfActivity, OfWorkflow, Received,
    Reply, WorkflowMock,
};
pub use simulate::{Fault, Injected, Simulated, Simulation, SimulationFailure, World, simulate, simulate_many};
pub use time::{Stuck, TimeError};
pub use worker::{TestWorker, TestWorkerBuilder};
