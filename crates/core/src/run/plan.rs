//! From what happened to what is to be done about it, in the order that every replay repeats.

mod others;

use std::collections::VecDeque;

use perpetua_vocab::{
    ActivityCanceled, ActivityClosed, ActivityFailed, Event, EventId, EventKind, Identity, Malformed,
    RequestCancelExternalWorkflow, RetryState,
};

use super::operations::{Machine, Operations};
use crate::ops::{Activity, Update, canceled_cause};
use crate::{Fault, Job, Outcome, Ticket, UpdateArrival, UpdateTicket};

/// One thing to be done, not handed out yet.
#[derive(Debug)]
pub(super) enum Planned {
    Job(Job),
    /// The outcome becomes visible to the code when its turn comes, not before.
    Settle(Ticket, Outcome),
    /// A child that is not wanted any more, asked for by this event, runs now.
    AskToStop(EventId, Box<RequestCancelExternalWorkflow>),
    /// The timer before the next attempt of a local activity has fired.
    TryLocalAgain {
        timer: Ticket,
        of: Ticket,
    },
}

/// Orders the inputs of a turn: the start; signals and updates; a poll; everything else; a poll.
pub(super) fn plan(
    inputs: Vec<Event>,
    updates: Vec<UpdateArrival>,
    recorded: bool,
    operations: &mut Operations,
    known_updates: &mut Vec<Option<Update>>,
) -> Result<VecDeque<Planned>, Fault> {
    let mut messages = VecDeque::new();
    let mut others = VecDeque::new();
    let mut updates = updates.into_iter().peekable();
    let mut arrive = |arrival: UpdateArrival| {
        let ticket = UpdateTicket(u32::try_from(known_updates.len()).expect("a history ends long before 2^32 updates"));
        let arrival = Box::new(arrival);
        known_updates.push(Some(Update::Arrived(arrival.clone())));
        Planned::Job(Job::Update { ticket, arrival, accepted: recorded })
    };
    for event in inputs {
        while updates.peek().is_some_and(|arrival| arrival.sequencing.is_none_or(|after| after < event.id)) {
            messages.extend(updates.next().map(&mut arrive));
        }
        match event.kind {
            EventKind::WorkflowStarted(started) => messages.push_front(Planned::Job(Job::Start(started))),
            EventKind::Signaled(signaled) => messages.push_back(Planned::Job(Job::Signal(signaled))),
            EventKind::WorkflowCancelRequested(request) => {
                others.push_back(Planned::Job(Job::Cancel { reason: request.reason }));
            }
            kind => others.extend(resolution(event.id, kind, event.worker_may_ignore, operations)?),
        }
    }
    messages.extend(updates.map(arrive));
    let mut planned = messages;
    if !planned.is_empty() {
        planned.push_back(Planned::Job(Job::Poll));
    }
    if !others.is_empty() {
        planned.append(&mut others);
        planned.push_back(Planned::Job(Job::Poll));
    }
    Ok(planned)
}

/// What an event means to the operation it speaks of.
fn resolution(
    id: EventId,
    kind: EventKind,
    may_ignore: bool,
    operations: &mut Operations,
) -> Result<Vec<Planned>, Fault> {
    let (field, of, outcome) = match kind {
        EventKind::TimerFired { started, .. } => ("TimerFired.started_event_id", started, Ending::Fired),
        EventKind::ActivityCompleted(closed) => {
            ("ActivityTaskCompleted.scheduled_event_id", closed.scheduled, Ending::Completed(closed))
        }
        EventKind::ActivityFailed(failed) => {
            ("ActivityTaskFailed.scheduled_event_id", failed.scheduled, Ending::Failed("activity failed", failed))
        }
        EventKind::ActivityTimedOut(failed) => {
            ("ActivityTaskTimedOut.scheduled_event_id", failed.scheduled, Ending::Failed("activity timed out", failed))
        }
        EventKind::ActivityCanceled(canceled) => {
            ("ActivityTaskCanceled.scheduled_event_id", canceled.scheduled, Ending::Canceled(canceled))
        }
        EventKind::Other(other) if other.name.is_empty() && !may_ignore => {
            let problem = format!("is {}, which this version does not know; use a newer one", other.event_type);
            return Err(Malformed::new("HistoryEvent.event_type", problem).within(format!("event {id}")).into());
        }
        kind => return others::resolution(id, kind, operations),
    };
    let unknown = || nothing_pending(id, field, of);
    match (operations.conclude(of).ok_or_else(unknown)?, outcome) {
        ((ticket, Machine::Timer(_)), Ending::Fired) => Ok(vec![Planned::Settle(ticket, Outcome::Fired)]),
        ((timer, Machine::BackoffTimer { of, .. }), Ending::Fired) => Ok(vec![Planned::TryLocalAgain { timer, of }]),
        ((ticket, Machine::Activity(activity)), ending) => {
            let Some(outcome) = ending.of_activity(&activity) else { return Err(unknown()) };
            Ok(settled(operations, ticket, activity.on_closed(outcome)))
        }
        _ => Err(unknown()),
    }
}

/// The outcome of an operation of which history has nothing more to say, if anybody is to learn of it.
fn settled(operations: &mut Operations, ticket: Ticket, outcome: Option<Outcome>) -> Vec<Planned> {
    match outcome {
        Some(outcome) => vec![Planned::Settle(ticket, outcome)],
        None => {
            operations.release(ticket);
            Vec::new()
        }
    }
}

fn nothing_pending(event: EventId, field: &'static str, of: EventId) -> Fault {
    let problem = format!("is {of}, where nothing pending began");
    Malformed::new(field, problem).within(format!("event {event}")).into()
}

/// How an operation ended, as history has it.
enum Ending {
    Fired,
    Completed(Box<ActivityClosed>),
    Failed(&'static str, Box<ActivityFailed>),
    Canceled(Box<ActivityCanceled>),
}

impl Ending {
    fn of_activity(self, activity: &Activity) -> Option<Outcome> {
        let known = activity.known();
        match self {
            Self::Fired => None,
            Self::Completed(closed) => Some(Outcome::Activity(Ok(closed.result))),
            Self::Failed(message, failed) => {
                let ActivityFailed { failure, scheduled, started, identity, retry_state, rest: _ } = *failed;
                Some(known.failed(message, (Some(scheduled), started), (identity, retry_state), failure))
            }
            Self::Canceled(canceled) => {
                let ActivityCanceled { details, scheduled, started, identity, rest: _ } = *canceled;
                let cause = canceled_cause(details, Identity::default());
                let by = (identity, RetryState::CancelRequested);
                Some(known.failed("activity canceled", (Some(scheduled), started), by, Some(cause)))
            }
        }
    }
}
