//! The server as the handler of its own Nexus operations.

use perpetua_proto::enums::EventType;

use super::World;
use crate::nexus::{Errand, NexusAnswer, Owner, Started, failure, link, system};
use crate::refusal::{Code, Refusal};

impl World {
    /// Does what a workflow asks the server for.
    pub(super) fn do_system_operation(&mut self, errand: Errand) {
        let Owner::Run(number, scheduled) = errand.owner else { return };
        let Some(run) = self.run(number).filter(|run| run.offers_operation(scheduled, &errand)) else { return };
        let Some(asked) = run.operation_scheduled(scheduled) else { return };
        let (namespace, workflow_id, run_id) = (&run.state.namespace, &run.state.workflow_id, &run.state.run_id);
        let caller = link::to_event(namespace, workflow_id, run_id, scheduled, EventType::NexusOperationScheduled);
        let request = system::read(namespace, &asked.service, &asked.operation, asked.input.as_ref());
        let request_id = asked.request_id.clone();
        let done = request.map_err(Refusal::invalid).and_then(|mut request| {
            request.request_id = request_id;
            request.links.push(caller);
            self.begin_signal_with_start(request)
        });
        let answer = match done {
            Ok(response) => {
                let links = response.signal_link.clone().into_iter().collect();
                NexusAnswer::Started(Started::Succeeded(Some(system::result(&response))), links)
            }
            Err(refusal) => {
                let kind = match refusal.code {
                    Code::NotFound => "NOT_FOUND",
                    Code::AlreadyExists => "CONFLICT",
                    Code::ResourceExhausted => "RESOURCE_EXHAUSTED",
                    _ => "BAD_REQUEST",
                };
                NexusAnswer::Refused(Box::new(failure::of_handler(kind, &refusal.message)))
            }
        };
        self.answer_errand(errand, answer);
    }
}
