//! Waiting for the end of a fast-forward of a run's own time.

use perpetua_proto::workflowservice::PollWorkflowExecutionTimeSkippingRequest;

use super::check_execution;
use crate::refusal::{Answer, Refusal};
use crate::run::skipping::{self, FastForwardWaiter};
use crate::world::{CallId, Reply, RunNumber, Waiting};
use crate::{Code, World};

impl World {
    /// Waits for the end of a fast-forward, through all the runs of a chain.
    ///
    /// # Errors
    /// When the request is wrong, or the workflow is not there.
    pub fn poll_time_skipping(
        &mut self,
        call: CallId,
        request: PollWorkflowExecutionTimeSkippingRequest,
    ) -> Answer<()> {
        self.namespaces.check(&request.namespace)?;
        check_execution(request.workflow_execution.as_ref())?;
        skipping::check_enabled(&self.settings)?;
        skipping::check_fast_forward_id(&request.fast_forward_id)?;
        let named = self.find(&request.namespace, request.workflow_execution.as_ref())?;
        let number = self.fast_forwarding(named, &request.fast_forward_id);
        let run = self.run(number).ok_or_else(|| Refusal::new(Code::Internal, "the run is being changed"))?;
        if let Some(ended) = run.fast_forward_ended(&request.fast_forward_id) {
            self.cx().reply(call, Ok(Reply::FastForward(Box::new(ended))));
            return Ok(());
        }
        self.calls.insert(call, Waiting::FastForward(number));
        self.attend(number, |run, _| {
            run.live.fast_forward_waiters.push(FastForwardWaiter { call, id: request.fast_forward_id });
        });
        Ok(())
    }

    /// The run of the chain in which a fast-forward goes on.
    fn fast_forwarding(&self, from: RunNumber, id: &str) -> RunNumber {
        let mut number = from;
        while let Some(run) = self.run(number).filter(|run| !run.is_open() && run.is_fast_forwarding(id)) {
            let next = self.run_of_id(&run.state.namespace, &run.state.next_run);
            match next.filter(|next| next.number > number && next.has_fast_forward(id)) {
                Some(next) => number = next.number,
                None => break,
            }
        }
        number
    }
}
