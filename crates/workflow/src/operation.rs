//! What the futures of timers and activities have in common: a ticket.

use std::task::{Context, Poll};

use perpetua_core::{Outcome, Run, Ticket};

use crate::Ctx;

/// A started operation. Dropped before it has an outcome, it is canceled.
#[derive(Debug)]
pub(crate) struct Operation {
    ctx: Ctx,
    number: u64,
    ticket: Option<Ticket>,
}

impl Operation {
    /// Starts an operation in the context's scope, unless a shield is around it.
    pub(crate) fn start(ctx: &Ctx, start: impl FnOnce(&mut Run) -> Ticket) -> Self {
        let ticket = start(&mut ctx.runtime.run.borrow_mut());
        let number = ctx.runtime.next_number();
        if !ctx.runtime.is_shielded() {
            ctx.scope.enroll(number, ticket);
        }
        Self { ctx: ctx.clone(), number, ticket: Some(ticket) }
    }

    /// The outcome, once there is one.
    pub(crate) fn poll_outcome(&mut self, context: &Context<'_>) -> Poll<Outcome> {
        let Some(ticket) = self.ticket else { return Poll::Pending };
        let outcome = self.ctx.runtime.run.borrow_mut().take(ticket);
        match outcome {
            Some(outcome) => {
                self.ticket = None;
                self.ctx.scope.strike(self.number);
                Poll::Ready(outcome)
            }
            None => {
                self.ctx.runtime.wait_for_ticket(ticket, context.waker());
                Poll::Pending
            }
        }
    }
}

impl Drop for Operation {
    fn drop(&mut self) {
        if let Some(ticket) = self.ticket.take() {
            self.ctx.scope.strike(self.number);
            self.ctx.runtime.abandon(ticket);
        }
    }
}
