//! What the futures of timers and activities have in common: a ticket.

use std::task::{Context, Poll};

use perpetua_core::{Outcome, Run, Ticket};

use crate::Ctx;
use crate::scope::Membership;

/// A started operation. Dropped before it has an outcome, it is canceled.
///
/// It is canceled with the scopes that are around whoever starts it, and from then on around whoever polls it.
#[derive(Debug)]
pub(crate) struct Operation {
    ctx: Ctx,
    membership: Membership,
    ticket: Option<Ticket>,
}

impl Operation {
    /// Starts an operation within the scopes around the caller.
    pub(crate) fn start(ctx: &Ctx, start: impl FnOnce(&mut Run) -> Ticket) -> Self {
        let ticket = start(&mut ctx.runtime.run.borrow_mut());
        Self::of(ctx, ticket)
    }

    /// What was started within the scopes around the caller.
    pub(crate) fn of(ctx: &Ctx, ticket: Ticket) -> Self {
        ctx.runtime.tasks.waits.own(ticket);
        let membership = Membership::numbered(ctx.runtime.next_number());
        let mut operation = Self { ctx: ctx.clone(), membership, ticket: Some(ticket) };
        operation.heed_scopes(ticket);
        operation
    }

    /// Cancels it. Its outcome says so, now or later, as its type has it.
    pub(crate) fn cancel(&self) {
        if let Some(ticket) = self.ticket {
            self.ctx.runtime.run.borrow_mut().cancel(ticket);
        }
    }

    /// Lets go of it, and lets it go on.
    pub(crate) fn detach(mut self) {
        if let Some(ticket) = self.ticket.take() {
            self.membership.leave();
            self.ctx.runtime.detach(ticket);
        }
    }

    /// The outcome, once there is one.
    pub(crate) fn poll_outcome(&mut self, context: &Context<'_>) -> Poll<Outcome> {
        let Some(ticket) = self.ticket else { return Poll::Pending };
        self.ctx.runtime.assert_may_act("wait for an operation");
        self.heed_scopes(ticket);
        let outcome = self.ctx.runtime.run.borrow_mut().take(ticket);
        match outcome {
            Some(outcome) => {
                self.ticket = None;
                self.membership.leave();
                self.ctx.runtime.forget_ticket(ticket);
                Poll::Ready(outcome)
            }
            None => {
                self.ctx.runtime.wait_for_ticket(ticket, context.waker());
                Poll::Pending
            }
        }
    }

    /// Makes cancellation reach it, or not, as the scopes and shields around it now have it.
    fn heed_scopes(&mut self, ticket: Ticket) {
        if self.membership.enroll(&self.ctx, ticket) {
            self.ctx.runtime.run.borrow_mut().cancel(ticket);
        }
    }
}

impl Drop for Operation {
    fn drop(&mut self) {
        if let Some(ticket) = self.ticket.take() {
            self.membership.leave();
            self.ctx.runtime.abandon(ticket);
        }
    }
}
