//! Callbacks, delivered in the step in which a run ends, and the answers of handlers.

use perpetua_proto::common::Callback;
use perpetua_proto::common::callback::Variant;
use perpetua_proto::enums::CallbackState as State;

use super::{RunNumber, World};
use crate::nexus::request::CALLBACK_TOKEN;
use crate::nexus::{Errand, NexusAnswer, OperationToken, Owner};
use crate::run::callback::{CallbackState, Completion};

impl World {
    /// Tells everybody who waits for the end of a run, or for an update, and has something to hear now.
    pub(super) fn deliver_callbacks(&mut self, from: RunNumber) {
        let Some(run) = self.run(from) else { return };
        let waiting: Vec<(usize, Callback, Option<Completion>)> = run
            .state
            .callbacks
            .iter()
            .enumerate()
            .filter(|(_, it)| it.state() == State::Standby)
            .map(|(at, it)| (at, it.callback.clone(), run.completion(it)))
            .collect();
        for (at, callback, completion) in waiting {
            let Some(completion) = completion else { continue };
            let result = self.deliver_callback(&callback, completion);
            self.with(from, |run, cx| {
                if let Some(state) = run.state.callbacks.get_mut(at) {
                    state.end(cx.now, result);
                }
            });
        }
    }

    /// Tells those of these callbacks that wait of one end; which they are, and what came of each.
    pub(super) fn call_back(
        &mut self,
        callbacks: Vec<CallbackState>,
        completion: &Completion,
    ) -> Vec<(usize, Result<(), String>)> {
        let waiting = callbacks.into_iter().enumerate().filter(|(_, it)| it.state() == State::Standby);
        waiting.map(|(at, it)| (at, self.deliver_callback(&it.callback, completion.clone()))).collect()
    }

    /// Tells one.
    ///
    /// # Errors
    /// Why nobody was told.
    pub(crate) fn deliver_callback(&mut self, callback: &Callback, completion: Completion) -> Result<(), String> {
        let invalid = || "handler error (BAD_REQUEST): invalid callback token".to_owned();
        let header = match &callback.variant {
            Some(Variant::Nexus(nexus)) => &nexus.header,
            _ => return Err("handler error (NOT_IMPLEMENTED): this server calls back itself only".to_owned()),
        };
        let text = header.iter().find(|(name, _)| name.eq_ignore_ascii_case(CALLBACK_TOKEN)).map(|(_, text)| text);
        let token = text.and_then(|text| OperationToken::from_text(text)).ok_or_else(invalid)?;
        if token.server != self.server || token.request_id.is_empty() {
            return Err(invalid());
        }
        if self.complete_operation(&token, completion) {
            Ok(())
        } else {
            Err("handler error (NOT_FOUND): operation not found".to_owned())
        }
    }

    /// Whether the operation that a token names was there to be completed.
    fn complete_operation(&mut self, token: &OperationToken, completion: Completion) -> bool {
        if !token.standalone.is_empty() {
            return self.complete_standalone(token, completion);
        }
        let has_it = |run: &&crate::run::Run| {
            let asked = run.operation_scheduled(token.scheduled);
            run.is_open()
                && run.state.operations.contains_key(&token.scheduled)
                && asked.is_some_and(|asked| asked.request_id == token.request_id)
        };
        // A run that was reset has left its operations to the one that goes on in its place.
        let run = self.run_of_id(&token.namespace, &token.run_id).filter(has_it);
        let run = run.or_else(|| self.current(&token.namespace, &token.workflow_id).filter(has_it));
        let Some(number) = run.map(|run| run.number) else { return false };
        let done =
            self.with(number, |run, cx| run.complete_operation(cx, token.scheduled, &token.request_id, completion));
        done == Some(true)
    }

    /// A request was answered, by a worker or because there is none.
    pub(crate) fn answer_errand(&mut self, errand: Errand, answer: NexusAnswer) {
        let Errand { owner, cancel, .. } = errand;
        match owner {
            Owner::Run(number, scheduled) => {
                self.with(number, |run, cx| run.operation_answered(cx, scheduled, cancel, answer));
            }
            Owner::Client(key) => self.operation_answered(&key, cancel, answer),
        }
    }
}
