//! What becomes of a workflow task that cannot be answered.
//!
//! The server tries a task again at once when its failure is reported, and after its timeout (ten seconds, and longer and
//! longer from the fourth attempt on) when it hears nothing. So the first failure is reported at once, which makes it
//! visible; the next ones after a short wait, so that a worker with a corrected program goes on quickly; and from the
//! fifth on the server's patience sets the pace, so that a run that fails forever costs little.

use std::time::Duration;

use perpetua_convert::{CodecError, DataConverter};
use perpetua_vocab::{Failure, FailureInfo, Malformed, TaskToken, WorkflowTaskFailedCause};
use perpetua_workflow::Fault;

use super::pages::PageError;
use crate::failure;

/// The failure type of task failures, for those who search for it.
const TASK_FAILURE: &str = "WorkflowTaskFailure";

/// A task that cannot be answered.
#[derive(Debug)]
pub(crate) struct Failed {
    pub(crate) token: TaskToken,
    pub(crate) attempt: u32,
    /// Whether it is only a query, whose asker waits for an answer.
    pub(crate) only_query: bool,
    pub(crate) trouble: Trouble,
}

/// Which faults fail the workflow, and not the task alone. By default none.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct EndsWorkflow {
    pub(crate) on_panic: bool,
    pub(crate) on_nondeterminism: bool,
}

/// Why it cannot.
#[derive(Debug)]
pub(crate) struct Trouble {
    pub(crate) cause: WorkflowTaskFailedCause,
    pub(crate) failure: Failure,
    /// Whether the workflow fails with it, and not the task alone.
    pub(crate) ends_workflow: bool,
}

impl Trouble {
    /// Something that has no better cause.
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self {
            cause: WorkflowTaskFailedCause::WorkflowWorkerUnhandledFailure,
            failure: failure::application(TASK_FAILURE, message),
            ends_workflow: false,
        }
    }

    pub(crate) fn of_error(error: impl std::error::Error + Send + Sync + 'static, converter: &DataConverter) -> Self {
        Self {
            cause: WorkflowTaskFailedCause::WorkflowWorkerUnhandledFailure,
            failure: failure::of_error(TASK_FAILURE, error, converter),
            ends_workflow: false,
        }
    }

    /// What came cannot be decoded. If the codec says that it never can, the workflow fails for good.
    pub(crate) fn undecodable(error: CodecError, converter: &DataConverter) -> Self {
        let ends_workflow = error.is_non_retryable;
        let trouble = Self::of_error(error, converter);
        if ends_workflow { trouble.ending_the_workflow("CodecError") } else { trouble }
    }

    /// The same, as what the workflow fails with.
    fn ending_the_workflow(mut self, failure_type: &str) -> Self {
        self.ends_workflow = true;
        if let FailureInfo::Application(application) = &mut self.failure.info {
            application.failure_type = failure_type.to_owned();
            application.non_retryable = true;
        }
        self
    }

    /// What workflow code did wrong; the workflow fails with it, where the worker was told so.
    pub(crate) fn of_fault(fault: Fault, ends: EndsWorkflow) -> Self {
        let trouble = Self { cause: fault.cause(), ..Self::new(fault.to_string()) };
        match fault {
            Fault::Nondeterminism(_) if ends.on_nondeterminism => trouble.ending_the_workflow("Nondeterminism"),
            Fault::Panic(_) if ends.on_panic => trouble.ending_the_workflow("Panic"),
            _ => trouble,
        }
    }

    pub(crate) fn malformed(malformed: &Malformed) -> Self {
        Self::new(format!("the server sent a workflow task that cannot be read: {malformed}"))
    }

    /// None where the run is gone, so that nobody waits for an answer.
    pub(crate) fn of_page(error: PageError, converter: &DataConverter) -> Option<Self> {
        match error {
            PageError::Rpc(rpc) if rpc.is_not_found() => None,
            PageError::Codec(error) => Some(Self::undecodable(error, converter)),
            error => Some(Self::of_error(error, converter)),
        }
    }

    /// The answer is larger than the server takes.
    pub(crate) fn too_large(message: &str) -> Self {
        let message = format!(
            "the answer to the workflow task is larger than the server takes ({message}); start fewer things in one \
             turn, or hand large values around by reference"
        );
        Self { cause: WorkflowTaskFailedCause::Other(GRPC_MESSAGE_TOO_LARGE), ..Self::new(message) }
    }
}

/// `temporal.api.enums.v1.WorkflowTaskFailedCause`.
const GRPC_MESSAGE_TOO_LARGE: i32 = perpetua_proto::enums::WorkflowTaskFailedCause::GrpcMessageTooLarge as i32;

/// How long to wait before the failure of this attempt is reported; none for not at all.
pub(crate) fn wait_before_report(attempt: u32) -> Option<Duration> {
    match attempt {
        0 | 1 => Some(Duration::ZERO),
        2 => Some(Duration::from_secs(1)),
        3 => Some(Duration::from_secs(2)),
        4 => Some(Duration::from_secs(4)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_task_that_fails_forever_is_left_to_the_servers_patience() {
        let waits: Vec<_> = (1..=6).map(|attempt| wait_before_report(attempt).map(|wait| wait.as_secs())).collect();
        assert_eq!(waits, [Some(0), Some(1), Some(2), Some(4), None, None]);
    }
}
