//! One local activity, from request to outcome. The worker that plays the run makes its attempts; history only has a
//! marker with the result.
//!
//! ```text
//! Requested --end of the round--> Running --marker--> (settled)
//!     |                             |  |                  ^
//!     | cancel                      |  | cancel, waiting  |
//!     |                             |  v                  |
//!     |                             |  Canceling --marker-'
//!     | cancel, at once             | cancel, at once
//!     v                             v
//! (settled, with a marker)      (settled, with a marker)
//!
//! Running --marker that says how long to wait--> BackingOff --its timer fires--> Requested, with a new number
//!                                                    |
//!                                                    `--cancel--> (settled, the timer is taken back)
//! ```
//!
//! A round is what the code does until it waits: nobody begins an activity before, so what is canceled in its round never
//! ran. A replay goes through the same states, whether or not anybody runs the activity.

use std::time::Duration;

use perpetua_vocab::{
    ActivityId, ActivityType, Failure, FailureInfo, Header, Identity, LocalActivityMarker, Payloads, RetryPolicy,
    RetryState, Timestamp,
};

use super::{CancellationType, Known, Outcome, Ticket, canceled_cause};
use crate::Origin;

/// What a workflow says of a local activity it wants.
#[derive(Clone, Debug, PartialEq)]
pub struct LocalActivityRequest {
    /// Which activity.
    pub activity_type: ActivityType,
    /// Its id within the run; none to number it.
    pub activity: Option<ActivityId>,
    /// Its arguments.
    pub input: Payloads,
    /// Context handed along by interceptors.
    pub header: Header,
    /// The longest all attempts together may take.
    pub schedule_to_close: Option<Duration>,
    /// The longest it may wait for a place to run.
    pub schedule_to_start: Option<Duration>,
    /// The longest one attempt may take.
    pub start_to_close: Option<Duration>,
    /// How failures are tried again.
    pub retry_policy: Option<RetryPolicy>,
    /// The longest wait between two attempts that the worker sits out; a timer of the workflow does the others.
    pub local_retry_threshold: Duration,
    /// What canceling it means.
    pub cancellation: CancellationType,
}

/// A local activity that the worker is to run.
#[derive(Clone, Debug, PartialEq)]
pub struct LocalActivityTask {
    /// What its end is to be reported under; no other of the run has it.
    pub number: u32,
    /// Its id within the run.
    pub activity: ActivityId,
    /// What the workflow says of it.
    pub request: LocalActivityRequest,
    /// Its first attempt, from 1; more if others were made before a timer.
    pub attempt: u32,
    /// When the first of all attempts was asked for; none if this is it.
    pub scheduled: Option<Timestamp>,
}

/// What is to be done about a local activity; it leaves the run as a value, and comes back as a [`LocalActivityEnd`].
#[derive(Clone, Debug, PartialEq)]
pub enum LocalActivityEffect {
    /// Run it, and report its end.
    Run(Box<LocalActivityTask>),
    /// Ask the one of this number to stop. If the workflow does not wait for it, its end is ignored.
    Cancel(u32),
    /// Let the one of this number run to its end, which nobody waits for.
    Release(u32),
}

/// How the attempts of a local activity ended.
#[derive(Clone, Debug, PartialEq)]
pub struct LocalActivityEnd {
    /// The last attempt, from 1; 0 if there was none.
    pub attempt: u32,
    /// When the first of all attempts was asked for, by the worker's clock.
    pub scheduled: Timestamp,
    /// How much time passed since the run asked for it.
    pub took: Duration,
    /// How long to wait before it is tried again, where that is longer than the worker sits out.
    pub backoff: Option<Duration>,
    /// The value it returned, or why it did not.
    pub result: Result<Option<Payloads>, Box<Failure>>,
}

/// One local activity.
#[derive(Debug)]
pub(crate) enum LocalActivity {
    /// The code has just asked for it.
    Requested(Attempts),
    /// It is being run, or history has its end.
    Running(Attempts),
    /// It was asked to stop, and the workflow waits for what it says.
    Canceling(Attempts),
    /// A timer runs before it is tried again.
    BackingOff { timer: Ticket, next: Attempts },
}

/// A local activity between two timers.
#[derive(Debug)]
pub(crate) struct Attempts {
    pub(crate) number: u32,
    pub(crate) known: Known,
    pub(crate) request: Box<LocalActivityRequest>,
    /// What people read in its marker, and where it was described.
    pub(crate) origin: Origin,
    /// The first of these attempts, from 1.
    pub(crate) attempt: u32,
    /// When the first of all attempts was asked for.
    pub(crate) scheduled: Option<Timestamp>,
    /// When these were asked for, by the clock of the workflow.
    pub(crate) asked: Timestamp,
}

/// What comes of its end.
pub(crate) enum OnLocalEnd {
    Settled(Outcome),
    /// It is to be tried again after this time.
    BackOff(Duration, Box<Attempts>),
}

/// What comes of a request to cancel it.
pub(crate) enum OnCancelLocal {
    /// It is over for the workflow. What to tell whoever runs it.
    Over { attempts: Attempts, outcome: Outcome, tell: Option<LocalActivityEffect> },
    /// The timer is to be taken back, and then it is over.
    OverAfterTimer { timer: Ticket, outcome: Outcome },
    /// It goes on as this.
    Next { machine: LocalActivity, tell: Option<LocalActivityEffect> },
}

impl LocalActivity {
    /// The round in which it was asked for is over.
    pub(crate) fn on_round_over(self) -> Self {
        match self {
            Self::Requested(attempts) => Self::Running(attempts),
            other => other,
        }
    }

    /// Its timer has fired.
    pub(crate) fn on_fired(self, timer: Ticket, asked: Timestamp) -> Self {
        match self {
            Self::BackingOff { timer: mine, next } if mine == timer => Self::Requested(Attempts { asked, ..next }),
            other => other,
        }
    }

    pub(crate) fn on_cancel(self) -> OnCancelLocal {
        match self {
            // It never began, so there is nothing to wait for.
            Self::Requested(attempts) => {
                OnCancelLocal::Over { outcome: attempts.known.canceled_locally(), attempts, tell: None }
            }
            Self::Running(attempts) => {
                let cancel = LocalActivityEffect::Cancel(attempts.number);
                let outcome = attempts.known.canceled_locally();
                match attempts.known.cancellation {
                    CancellationType::TryCancel => OnCancelLocal::Over { attempts, outcome, tell: Some(cancel) },
                    CancellationType::Abandon => {
                        let tell = Some(LocalActivityEffect::Release(attempts.number));
                        OnCancelLocal::Over { attempts, outcome, tell }
                    }
                    CancellationType::WaitCompleted => {
                        OnCancelLocal::Next { machine: Self::Canceling(attempts), tell: Some(cancel) }
                    }
                }
            }
            canceling @ Self::Canceling(_) => OnCancelLocal::Next { machine: canceling, tell: None },
            Self::BackingOff { timer, next } => {
                OnCancelLocal::OverAfterTimer { timer, outcome: next.known.canceled_locally() }
            }
        }
    }

    /// Its end, as its marker has it.
    pub(crate) fn on_end(self, marker: LocalActivityMarker) -> Option<OnLocalEnd> {
        let (attempts, is_canceling) = match self {
            Self::Requested(attempts) | Self::Running(attempts) => (attempts, false),
            Self::Canceling(attempts) => (attempts, true),
            Self::BackingOff { .. } => return None,
        };
        let outcome = match (marker.result, marker.backoff) {
            (Ok(value), _) => Outcome::Activity(Ok(value)),
            (Err(_), Some(_)) if is_canceling => attempts.known.canceled_locally(),
            (Err(_), Some(wait)) => {
                let attempt = marker.attempt.saturating_add(1);
                let next = Attempts { attempt, scheduled: marker.scheduled, ..attempts };
                return Some(OnLocalEnd::BackOff(wait, Box::new(next)));
            }
            (Err(failure), None) => attempts.known.failed_locally(*failure),
        };
        Some(OnLocalEnd::Settled(outcome))
    }

    /// What the worker is to run.
    pub(crate) fn task(&self) -> Option<LocalActivityTask> {
        match self {
            Self::Running(attempts) | Self::Canceling(attempts) => Some(LocalActivityTask {
                number: attempts.number,
                activity: attempts.known.activity.clone(),
                request: (*attempts.request).clone(),
                attempt: attempts.attempt,
                scheduled: attempts.scheduled,
            }),
            Self::Requested(_) | Self::BackingOff { .. } => None,
        }
    }

    pub(crate) fn attempts(&self) -> &Attempts {
        match self {
            Self::Requested(attempts) | Self::Running(attempts) | Self::Canceling(attempts) => attempts,
            Self::BackingOff { next, .. } => next,
        }
    }
}

impl Attempts {
    /// The marker of an end that the worker reports.
    pub(crate) fn marker(&self, end: LocalActivityEnd, activation: u32) -> LocalActivityMarker {
        let LocalActivityEnd { attempt, scheduled, took, backoff, result } = end;
        LocalActivityMarker {
            number: self.number,
            attempt,
            activity: self.known.activity.clone(),
            activity_type: self.known.activity_type.clone(),
            completed: Some(self.asked.after(took)),
            scheduled: Some(scheduled),
            backoff,
            activation: Some(activation),
            result,
        }
    }

    /// The marker of one that is over for the workflow, whatever becomes of it.
    pub(crate) fn canceled_marker(&self, activation: u32) -> LocalActivityMarker {
        let cause = canceled_cause(None, Identity::default());
        LocalActivityMarker {
            number: self.number,
            attempt: self.attempt - 1,
            activity: self.known.activity.clone(),
            activity_type: self.known.activity_type.clone(),
            completed: None,
            scheduled: self.scheduled,
            backoff: None,
            activation: Some(activation),
            result: Err(Box::new(cause)),
        }
    }
}

impl Known {
    /// A failure as its marker has it, in the envelope that says of which activity it is. The marker does not say why it
    /// was not tried again, so only what follows from the failure itself can be said.
    fn failed_locally(&self, failure: Failure) -> Outcome {
        let (message, retry_state) = match &failure.info {
            FailureInfo::Canceled { .. } => ("local activity canceled", RetryState::CancelRequested),
            FailureInfo::Timeout { .. } => ("local activity timed out", RetryState::Timeout),
            FailureInfo::Application(application) if application.non_retryable => {
                ("local activity failed", RetryState::NonRetryableFailure)
            }
            _ => ("local activity failed", RetryState::default()),
        };
        self.failed(message, (None, None), (Identity::default(), retry_state), Some(failure))
    }

    fn canceled_locally(&self) -> Outcome {
        self.failed_locally(canceled_cause(None, Identity::default()))
    }
}
