//! What the futures of timers and activities have in common: a ticket.

use std::task::{Context, Poll};

use perpetua_core::{Outcome, Run, Ticket};

use crate::Ctx;

/// A started operation. Dropped before it has an outcome, it is canceled.
///
/// It belongs to its context's scope and is canceled with it, except while a shield is around whoever polls it.
#[derive(Debug)]
pub(crate) struct Operation {
    ctx: Ctx,
    number: u64,
    ticket: Option<Ticket>,
    is_enrolled: bool,
}

impl Operation {
    /// Starts an operation in the context's scope, unless a shield is around it.
    pub(crate) fn start(ctx: &Ctx, start: impl FnOnce(&mut Run) -> Ticket) -> Self {
        let ticket = start(&mut ctx.runtime.run.borrow_mut());
        Self::of(ctx, ticket)
    }

    /// What was started in the context's scope, unless a shield is around it.
    pub(crate) fn of(ctx: &Ctx, ticket: Ticket) -> Self {
        let number = ctx.runtime.next_number();
        let mut operation = Self { ctx: ctx.clone(), number, ticket: Some(ticket), is_enrolled: false };
        operation.heed_shields(ticket);
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
            self.ctx.scope.strike(self.number);
            self.ctx.runtime.detach(ticket);
        }
    }

    /// The outcome, once there is one.
    pub(crate) fn poll_outcome(&mut self, context: &Context<'_>) -> Poll<Outcome> {
        let Some(ticket) = self.ticket else { return Poll::Pending };
        self.ctx.runtime.assert_may_act("wait for an operation");
        self.heed_shields(ticket);
        let outcome = self.ctx.runtime.run.borrow_mut().take(ticket);
        match outcome {
            Some(outcome) => {
                self.ticket = None;
                self.ctx.scope.strike(self.number);
                self.ctx.runtime.forget_ticket(ticket);
                Poll::Ready(outcome)
            }
            None => {
                self.ctx.runtime.wait_for_ticket(ticket, context.waker());
                Poll::Pending
            }
        }
    }

    /// Makes cancellation reach it, or not, as the shields around it now have it.
    fn heed_shields(&mut self, ticket: Ticket) {
        let Ctx { runtime, scope } = &self.ctx;
        if runtime.is_shielded() {
            if std::mem::take(&mut self.is_enrolled) {
                scope.strike(self.number);
            }
        } else if scope.is_canceled() {
            runtime.run.borrow_mut().cancel(ticket);
        } else if !self.is_enrolled {
            self.is_enrolled = true;
            scope.enroll(self.number, ticket);
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
