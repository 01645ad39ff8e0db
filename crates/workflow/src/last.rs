//! What the runs before this one left: a result, or a failure.

use perpetua_convert::{CallError, ConversionError, Remote, Value};

use crate::Ctx;

impl Ctx {
    /// The result of the last run that had one, where this run follows others: a workflow with a
    /// [`cron_schedule`](crate::WorkflowInfo::cron_schedule), or one that a schedule starts. None for the first of them, and
    /// where none has completed yet. A run that failed in between changes nothing.
    ///
    /// ```
    /// # use perpetua_convert::WorkflowResult;
    /// # use perpetua_workflow::Ctx;
    /// # async fn example(ctx: Ctx) -> WorkflowResult<u64> {
    /// let counted: u64 = ctx.last_result()?.unwrap_or_default();
    /// # Ok(counted + 1)
    /// # }
    /// ```
    ///
    /// # Errors
    /// When the result is not a `T`.
    pub fn last_result<T: Value>(&self) -> Result<Option<T>, ConversionError> {
        let info = self.runtime.info.borrow();
        let result = info.last_result().and_then(|payloads| payloads.first());
        result.map(|payload| self.runtime.converter.payloads().decode(payload)).transpose()
    }

    /// The failure of the run before this one, where that failed and this one is its retry, or the next by a cron schedule
    /// or a schedule. None where it completed, or there was none.
    pub fn last_failure(&self) -> Option<Remote> {
        self.runtime.info.borrow().last_failure().cloned().map(Remote::new)
    }

    /// The failure of the run before this one as the error type that the workflow declares, as
    /// [`last_failure`](Self::last_failure) gives it as it arrived. None also where it was no such error.
    pub fn last_failure_as<E: CallError>(&self) -> Option<E> {
        E::read_failure(self.runtime.info.borrow().last_failure()?, &self.runtime.converter)
    }
}
