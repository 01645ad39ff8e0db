//! What a turn asks of the instance that runs the user's code, in order.

use perpetua_vocab::{Signaled, Timestamp, WorkflowStarted};

use crate::{Ticket, UpdateArrival, UpdateTicket};

/// One thing to be done in a turn. Jobs come in the order that every replay repeats: the start, signals and updates in
/// the order of history, a poll, everything else in the order of history, a poll, and what local activities have ended
/// with, each with a poll.
#[derive(Debug, PartialEq)]
pub enum Job {
    /// Build the workflow from its input.
    Start(Box<WorkflowStarted>),
    /// Hand a signal to its handler.
    Signal(Box<Signaled>),
    /// Hand an update to its validator and its handler, and say by [`Run::accept`](crate::Run::accept) or
    /// [`Run::reject`](crate::Run::reject) which it is.
    Update {
        /// Names it until it is answered.
        ticket: UpdateTicket,
        /// The request.
        arrival: Box<UpdateArrival>,
        /// Whether history already has it as accepted: then no validator is asked.
        accepted: bool,
    },
    /// Somebody asked the run to stop.
    Cancel {
        /// Why, in words.
        reason: String,
    },
    /// An operation has an outcome; wake who waits for it.
    Settled(Ticket),
    /// A local activity took its time: the present is this now.
    TimePassed(Timestamp),
    /// Run the user's code until it waits.
    Poll,
}
