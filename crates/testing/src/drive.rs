//! A workflow as a synchronous state machine: no server, no runtime, no thread.
//!
//! [`drive`] starts a workflow and gives it to the test to drive: the test answers what the workflow asks for, sends it
//! messages and moves its clock. Each of these is one turn of the workflow, in microseconds. The history is written as a
//! server would write it, and after every turn the workflow is executed anew from it and compared with what it did.
//!
//! ```text
//! test: signal, update, complete, advance ..        test: waits, activity, result, query
//!          |                                                   ^
//!          v                                                   |
//!       Writer --history--> LiveRun --commands--> echo --> Book, history --> replay, compared
//! ```
//!
//! Use [`TestEnv`](crate::TestEnv) where activities shall run, where workflows work together, or where retries and timeouts
//! matter, which are a server's affair.

mod book;
mod builder;
mod call;
mod delivery;
mod echo;
mod machine;
mod message;
mod outcome;
mod replay;
mod time;
mod writer;

use std::fmt;
use std::marker::PhantomData;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use perpetua_contract::{WorkflowCall, WorkflowDefinition};
use perpetua_convert::DataConverter;
use perpetua_vocab::{Command, History, RunId};
use perpetua_workflow::Pending;
use perpetua_workflow::implementation::WorkflowImplementation;

pub use builder::DriveBuilder;
pub use call::{ActivityCalled, Call, ChildCalled};
pub use delivery::Delivery;
pub use message::{SentUpdate, UpdateState};
pub use outcome::{Continued, RunOutcome};

use self::machine::Machine;

/// Who worked on what, as histories show it.
const WORKER: &str = "test";

/// Describes a workflow that the test drives.
///
/// ```
/// # use perpetua::prelude::*;
/// # #[activity]
/// # async fn remind(whom: String) -> Result<(), ActivityError> { Ok(()) }
/// # #[workflow]
/// # async fn reminder(ctx: Ctx, whom: String) -> WorkflowResult<()> {
/// #     ctx.sleep(days(3)).await?;
/// #     Ok(ctx.activity(remind(whom)).start_to_close(seconds(10)).await?)
/// # }
/// use perpetua::testing::drive;
///
/// let mut run = drive(reminder("ann".into())).start();
/// assert_eq!(run.pending_timers(), [days(3)]);
/// run.advance(days(3));
/// let call = run.activity(remind);
/// assert_eq!(call.arguments(), ("ann".to_owned(),));
/// run.complete(call, ());
/// run.result().unwrap();
/// ```
pub fn drive<D: WorkflowImplementation>(call: WorkflowCall<D>) -> DriveBuilder<D> {
    DriveBuilder::of_call(call)
}

/// A run of a workflow that the test drives. Made by [`drive`].
///
/// What happens to the run is told by methods such as [`signal`](Self::signal), [`complete`](Self::complete) and
/// [`advance`](Self::advance); each brings the news to the workflow at once, in a workflow task of its own, but for what
/// happens [`together`](Self::together).
///
/// # Panics
/// They panic, with the whole report, when the workflow cannot go on: it panics itself, it is nondeterministic, it blocks
/// its thread. Also when what they are told cannot happen: a call is answered twice, the run is over. A test that means it
/// makes an [`attempt`](Self::attempt).
pub struct Drive<D> {
    machine: Machine,
    /// How many updates were sent.
    updates: u32,
    /// Whether the test wants to see what goes wrong.
    attempts: bool,
    definition: PhantomData<fn() -> D>,
}

/// Why a driven workflow cannot go on, or cannot be told what a test tells it: the whole report.
#[derive(Clone, PartialEq, Eq)]
pub struct DriveFault {
    report: String,
}

impl<D: WorkflowDefinition> Drive<D> {
    fn new(machine: Machine) -> Self {
        Self { machine, updates: 0, attempts: false, definition: PhantomData }
    }

    /// Lets several things happen before the workflow hears of any: one workflow task brings them all, as happens when a
    /// worker was busy or away.
    ///
    /// What the workflow is asked meanwhile it answers from before.
    #[track_caller]
    pub fn together<R>(&mut self, happen: impl FnOnce(&mut Self) -> R) -> R {
        let before = std::mem::replace(&mut self.machine.holds, true);
        let result = happen(self);
        self.machine.holds = before;
        let went = self.machine.go_on();
        self.must(went);
        result
    }

    /// Does what may go wrong, for a test of a workflow that is wrong, or of what cannot be done.
    ///
    /// # Errors
    /// What went wrong, in place of the panic. A workflow that cannot go on is not gone on with.
    pub fn attempt<R>(&mut self, attempt: impl FnOnce(&mut Self) -> R) -> Result<R, DriveFault> {
        let before = std::mem::replace(&mut self.attempts, true);
        let result = catch_unwind(AssertUnwindSafe(|| attempt(self)));
        self.attempts = before;
        result.map_err(|panic| match panic.downcast::<DriveFault>() {
            Ok(fault) => *fault,
            Err(other) => resume_unwind(other),
        })
    }

    /// What the workflow waits for, and where in its source code: operations, then conditions.
    pub fn waits(&self) -> Vec<Pending> {
        self.machine.waits()
    }

    /// What has happened so far. [`Replayer`](perpetua_workflow::Replayer) replays it.
    pub fn history(&self) -> History {
        self.machine.writer.history()
    }

    /// What the workflow asked for in its last turn, in order, in the words of the protocol.
    pub fn commands(&self) -> &[Command] {
        &self.machine.commands
    }

    /// How values travel.
    fn converter(&self) -> &DataConverter {
        &self.machine.setup.converter
    }

    /// What cannot go wrong in a test that is right.
    #[track_caller]
    fn must<T>(&self, result: Result<T, String>) -> T {
        match result {
            Ok(value) => value,
            Err(problem) => self.fault(&problem),
        }
    }

    #[track_caller]
    fn fault(&self, problem: &str) -> ! {
        let setup = &self.machine.setup;
        let (name, id) = (&setup.workflow_type, &setup.execution.workflow_id);
        let fault = DriveFault { report: format!("workflow `{name}` (id {id}): {problem}") };
        if self.attempts {
            // Without the hook that prints panics.
            resume_unwind(Box::new(fault))
        }
        panic!("{fault}")
    }

    /// What it waits for, for messages.
    fn waits_in_words(&self) -> String {
        let waits = self.waits();
        if waits.is_empty() {
            return "it waits for nothing".to_owned();
        }
        let waits: Vec<_> = waits.iter().map(|wait| format!("\n  {wait}")).collect();
        format!("it waits for:{}", waits.concat())
    }
}

/// The id of the run that follows another one. Ids in tests do not differ from time to time.
fn run_id_after(run: &RunId) -> String {
    run_id_of(run.as_str().as_bytes())
}

/// A run id made of a seed, in the form that servers give them.
fn run_id_of(seed: &[u8]) -> String {
    // FNV-1a.
    let hash = |basis: u64| {
        seed.iter()
            .fold(basis, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3))
            .to_be_bytes()
    };
    let (first, second) = (hash(0xcbf2_9ce4_8422_2325), hash(0x6c62_272e_07bb_0142));
    let mut bytes = [0; 16];
    bytes[..8].copy_from_slice(&first);
    bytes[8..].copy_from_slice(&second);
    uuid::Builder::from_random_bytes(bytes).into_uuid().to_string()
}

impl<D: WorkflowDefinition> fmt::Debug for Drive<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Drive")
            .field("workflow_type", &self.machine.setup.workflow_type)
            .field("execution", &self.machine.setup.execution)
            .field("events", &self.machine.writer.events().len())
            .finish_non_exhaustive()
    }
}

impl fmt::Display for DriveFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.report)
    }
}

impl fmt::Debug for DriveFault {
    /// The same text, so that `unwrap` shows the report.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.report)
    }
}

impl std::error::Error for DriveFault {}
