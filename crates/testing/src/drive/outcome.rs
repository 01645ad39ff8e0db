//! How a driven run has ended.

use std::fmt;
use std::marker::PhantomData;

use perpetua_client::WorkflowFailure;
use perpetua_contract::WorkflowDefinition;
use perpetua_convert::{Arguments, CallError, DataConverter, Remote};
use perpetua_vocab::{
    CommandKind, ContinueAsNew, EventKind, Failure, FailureInfo, Identity, Payloads, WorkflowStarted,
};
use perpetua_workflow::implementation::WorkflowImplementation;

use super::{Drive, DriveBuilder, WORKER};

/// How a driven run has ended, or that it has not.
#[non_exhaustive]
pub enum RunOutcome<D: WorkflowDefinition> {
    /// It goes on.
    Running,
    /// It has returned a value.
    Completed(D::Output),
    /// It has failed.
    Failed(WorkflowFailure<D::Error>),
    /// It was asked to stop, and did.
    Canceled,
    /// It goes on as a new run.
    ContinuedAsNew(Continued<D>),
}

/// The run by which another one continues.
pub struct Continued<D> {
    next: Box<ContinueAsNew>,
    converter: DataConverter,
    definition: PhantomData<fn() -> D>,
}

impl<D: WorkflowDefinition> Continued<D> {
    /// The arguments of the next run.
    ///
    /// # Panics
    /// When they are not those of this workflow, because the next run is of another one.
    #[track_caller]
    pub fn arguments(&self) -> D::Input {
        match D::Input::decode(self.next.input.clone(), self.converter.payloads()) {
            Ok(input) => input,
            Err(error) => panic!("the arguments of the next run cannot be read: {error}"),
        }
    }

    /// What the workflow asked for, in the words of the protocol.
    pub fn command(&self) -> &ContinueAsNew {
        &self.next
    }
}

impl<D: WorkflowDefinition> Drive<D> {
    /// Whether the run is over.
    pub fn is_over(&self) -> bool {
        self.machine.closed
    }

    /// What the workflow has returned.
    ///
    /// # Errors
    /// Its own error, or that it was canceled.
    ///
    /// # Panics
    /// When it has not ended: the message says what it waits for. Also when it continued as new; see
    /// [`outcome`](Self::outcome).
    #[track_caller]
    pub fn result(&self) -> Result<D::Output, WorkflowFailure<D::Error>> {
        match self.outcome() {
            RunOutcome::Completed(output) => Ok(output),
            RunOutcome::Failed(failure) => Err(failure),
            RunOutcome::Canceled => {
                let info = FailureInfo::Canceled { details: None, identity: Identity::default() };
                let message = "the workflow was canceled".to_owned();
                let failure = Failure { message, source: WORKER.to_owned(), info, ..Failure::default() };
                Err(WorkflowFailure::Canceled(Remote::new(failure)))
            }
            RunOutcome::Running => self.fault(&format!("it has no result yet; {}", self.waits_in_words())),
            RunOutcome::ContinuedAsNew(_) => self
                .fault("it has no result: it continued as new. `outcome` says how, and `next_run` drives the next run"),
        }
    }

    /// How the run has ended, or that it has not.
    #[track_caller]
    pub fn outcome(&self) -> RunOutcome<D> {
        let last = self.machine.writer.events().last().filter(|_| self.machine.closed);
        match last.map(|event| &event.kind) {
            Some(EventKind::WorkflowCompleted(completed)) => {
                let output = self.converter().payloads().decode_result(completed.result.clone());
                RunOutcome::Completed(self.must(output.map_err(|error| format!("its result cannot be read: {error}"))))
            }
            Some(EventKind::WorkflowFailed(failed)) => {
                RunOutcome::Failed(failure(failed.failure.clone().unwrap_or_default(), self.converter()))
            }
            Some(EventKind::WorkflowCanceled { .. }) => RunOutcome::Canceled,
            Some(EventKind::WorkflowContinuedAsNew(_)) => match self.next() {
                Some(next) => RunOutcome::ContinuedAsNew(Continued {
                    next: Box::new(next),
                    converter: self.converter().clone(),
                    definition: PhantomData,
                }),
                None => RunOutcome::Running,
            },
            _ => RunOutcome::Running,
        }
    }

    fn next(&self) -> Option<ContinueAsNew> {
        self.machine.commands.iter().find_map(|command| match &command.kind {
            CommandKind::ContinueAsNew(next) => Some((**next).clone()),
            _ => None,
        })
    }

    fn started(&self) -> Option<&WorkflowStarted> {
        match self.machine.writer.events().first().map(|event| &event.kind) {
            Some(EventKind::WorkflowStarted(started)) => Some(started),
            _ => None,
        }
    }
}

impl<D: WorkflowImplementation> Drive<D> {
    /// The run by which this one continued as new, to be driven from the same time on.
    ///
    /// # Panics
    /// When it did not continue as new, or as another workflow.
    #[track_caller]
    pub fn next_run(&self) -> DriveBuilder<D> {
        let (last, before) = (self.machine.writer.events().last(), self.started());
        let (Some(EventKind::WorkflowContinuedAsNew(continued)), Some(before), Some(next)) =
            (last.map(|event| &event.kind), before, self.next())
        else {
            self.fault("it did not continue as new, so there is no next run")
        };
        if next.workflow_type != self.machine.setup.workflow_type {
            self.fault(&format!("it continued as another workflow, `{}`", next.workflow_type))
        }
        let run = DriveBuilder::continuing(&self.machine.setup, before, continued.new_run.clone(), next);
        run.timestamp(self.machine.writer.now())
    }
}

fn failure<E: CallError>(failure: Failure, converter: &DataConverter) -> WorkflowFailure<E> {
    match &failure.info {
        FailureInfo::Timeout { kind, .. } => WorkflowFailure::Timeout(*kind, Remote::new(failure)),
        FailureInfo::Canceled { .. } => WorkflowFailure::Canceled(Remote::new(failure)),
        _ => match E::read_failure(&failure, converter) {
            Some(error) => WorkflowFailure::Application(error, Remote::new(failure)),
            None => WorkflowFailure::Other(Remote::new(failure)),
        },
    }
}

impl<D: WorkflowDefinition<Output: fmt::Debug>> fmt::Debug for RunOutcome<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Running => f.write_str("Running"),
            Self::Completed(output) => f.debug_tuple("Completed").field(output).finish(),
            Self::Failed(failure) => f.debug_tuple("Failed").field(failure).finish(),
            Self::Canceled => f.write_str("Canceled"),
            Self::ContinuedAsNew(continued) => f.debug_tuple("ContinuedAsNew").field(continued).finish(),
        }
    }
}

impl<D> fmt::Debug for Continued<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = |payloads: &Payloads| {
            let each: Vec<_> = payloads.iter().map(|payload| String::from_utf8_lossy(&payload.data)).collect();
            each.join(", ")
        };
        f.debug_struct("Continued")
            .field("workflow_type", &self.next.workflow_type)
            .field("arguments", &text(&self.next.input))
            .finish_non_exhaustive()
    }
}
