//! One update, from arrival to answer.
//!
//! ```text
//! Arrived --reject--> (message, no trace in history)
//!    |
//!    `--accept--> Accepted (message, event) --complete--> (message, event)
//! ```

use perpetua_vocab::{Failure, Message, MessageBody, MessageId, Outcome};

use crate::UpdateArrival;

/// Names an update between its arrival and its answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UpdateTicket(pub(crate) u32);

/// One update.
#[derive(Debug)]
pub(crate) enum Update {
    /// The validator has the word.
    Arrived(Box<UpdateArrival>),
    /// The handler has the word.
    Accepted(Box<UpdateArrival>),
}

impl Update {
    pub(crate) fn is_arrived(&self) -> bool {
        matches!(self, Self::Arrived(_))
    }

    pub(crate) fn is_accepted(&self) -> bool {
        matches!(self, Self::Accepted(_))
    }

    pub(crate) fn arrival(&self) -> &UpdateArrival {
        match self {
            Self::Arrived(arrival) | Self::Accepted(arrival) => arrival,
        }
    }

    pub(crate) fn into_arrival(self) -> Box<UpdateArrival> {
        match self {
            Self::Arrived(arrival) | Self::Accepted(arrival) => arrival,
        }
    }

    /// The message that accepts it.
    pub(crate) fn accept(arrival: Box<UpdateArrival>) -> (Self, Message) {
        let message = Message {
            id: MessageId::new(format!("{}/accept", arrival.request.update)),
            update: arrival.request.update.clone(),
            sequencing: None,
            body: MessageBody::Accept {
                request_message: arrival.message.clone(),
                request_sequencing: arrival.sequencing,
                request: Box::new(arrival.request.clone()),
            },
        };
        (Self::Accepted(arrival), message)
    }

    /// The message that refuses it.
    pub(crate) fn reject(arrival: UpdateArrival, failure: Box<Failure>) -> Message {
        Message {
            id: MessageId::new(format!("{}/reject", arrival.request.update)),
            update: arrival.request.update.clone(),
            sequencing: None,
            body: MessageBody::Reject {
                request_message: arrival.message,
                request_sequencing: arrival.sequencing,
                request: Box::new(arrival.request),
                failure,
            },
        }
    }

    /// The message that answers it.
    pub(crate) fn complete(arrival: UpdateArrival, outcome: Outcome) -> Message {
        Message {
            id: MessageId::new(format!("{}/complete", arrival.request.update)),
            update: arrival.request.update,
            sequencing: None,
            body: MessageBody::Respond { identity: arrival.request.identity, outcome },
        }
    }
}
