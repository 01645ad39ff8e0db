//! Operations that clients have started: each step of one, and those who wait for news of it.

use perpetua_proto::workflowservice::PollNexusTaskQueueResponse;

use super::{Alarm, Reply, World};
use crate::nexus::call::CallDue;
use crate::nexus::request::{self, Sender};
use crate::nexus::{
    Due, Errand, NexusAnswer, OperationToken, OperationWaiter, Outcome, Owner, Standalone, Started, Step, failure,
};
use crate::run::callback::Completion;
use crate::time::Time;

/// How long an operation that is over is kept where the namespace does not say.
const RETENTION: std::time::Duration = std::time::Duration::from_secs(24 * 3600);

impl World {
    /// Takes in a new operation, which is now the current one of its id.
    pub(crate) fn add_operation(&mut self, operation: Standalone) {
        let key = operation.run_id.clone();
        self.nexus.take_in(operation);
        self.send_operation(&key, false);
        self.operation_changed(&key);
    }

    /// Puts an operation back to work that was stored.
    pub(super) fn resume_operation(&mut self, key: &str) {
        let Some(operation) = self.nexus.operations.get(key) else { return };
        let (asked, state) = (operation.asked.clone(), operation.state.clone());
        let is_open = operation.is_open();
        for cancel in [false, true] {
            let call = state.call(cancel).filter(|call| is_open && !call.handed);
            if let Some(attempt) = call.and_then(|call| call.attempt()) {
                let errand = Errand { owner: Owner::Client(key.to_owned()), cancel, attempt };
                request::send(&mut self.cx(), &asked, errand);
            }
        }
        self.set_operation_alarm(key);
    }

    /// Forgets an operation.
    pub(crate) fn remove_operation(&mut self, key: &str) {
        self.nexus.forget(key);
        self.alarms.set(Alarm::Operation(key.to_owned()), None);
        self.alarms.set(Alarm::OperationOver(key.to_owned()), None);
        self.tell_operation_waiters(key);
    }

    /// Makes a request for an operation: to start, or to stop.
    pub(crate) fn send_operation(&mut self, key: &str, cancel: bool) {
        let now = self.now;
        let Some(operation) = self.nexus.operations.get_mut(key) else { return };
        let asked = operation.asked.clone();
        let Some(attempt) = operation.state.begin(now, &asked, cancel) else { return };
        let errand = Errand { owner: Owner::Client(key.to_owned()), cancel, attempt };
        request::send(&mut self.cx(), &asked, errand);
    }

    /// Whether a request is still to be made.
    pub(super) fn offers_operation(&self, key: &str, errand: &Errand) -> bool {
        let operation = self.nexus.operations.get(key).filter(|operation| operation.is_open());
        operation.and_then(|it| it.state.call(errand.cancel)).is_some_and(|call| call.is_offered(errand.attempt))
    }

    /// A request, for the worker that takes it.
    pub(super) fn operation_request(&mut self, key: &str, errand: &Errand) -> Option<PollNexusTaskQueueResponse> {
        let (server, now) = (self.server, self.now);
        let operation = self.nexus.operations.get_mut(key)?;
        let token = OperationToken {
            server,
            namespace: operation.namespace.clone(),
            request_id: operation.asked.request_id.clone(),
            standalone: key.to_owned(),
            ..OperationToken::default()
        };
        operation.state.call_mut(errand.cancel)?.handed = true;
        let sender = Sender { token, link: operation.link() };
        request::response(&operation.asked, &operation.state, errand, sender, now)
    }

    /// A request is answered, or given up.
    pub(super) fn operation_answered(&mut self, key: &str, cancel: bool, answer: NexusAnswer) {
        let now = self.now;
        let Some(operation) = self.nexus.operations.get_mut(key).filter(|operation| operation.is_open()) else {
            return;
        };
        let (started, links) = match answer {
            NexusAnswer::Started(started, links) => (started, links),
            NexusAnswer::Told => {
                operation.state.cancel_answered(now, None);
                return self.operation_changed(key);
            }
            NexusAnswer::Refused(failure) if cancel => {
                operation.state.cancel_answered(now, Some(failure));
                return self.operation_changed(key);
            }
            NexusAnswer::Refused(failure) => (Started::Refused(failure), Vec::new()),
        };
        operation.links.extend(links);
        match operation.state.started(now, started) {
            Step::Waits => {}
            Step::Runs if operation.state.cancel.is_some() => self.send_operation(key, true),
            Step::Runs => {}
            Step::Ends(outcome) => operation.close(now, outcome),
        }
        self.operation_changed(key);
    }

    /// What an operation has started is over, and it with that. Whether there is such an operation.
    pub(super) fn complete_standalone(&mut self, token: &OperationToken, completion: Completion) -> bool {
        let now = self.now;
        let wanted = |it: &&mut Standalone| it.is_open() && it.asked.request_id == token.request_id;
        let Some(operation) = self.nexus.operations.get_mut(&token.standalone).filter(wanted) else { return false };
        if !operation.state.is_running() {
            operation.state.call.end(now, None);
            operation.state.started_time = completion.start_time.nanos();
            operation.links.extend(completion.links);
        }
        operation.close(now, completion.outcome);
        self.operation_changed(&token.standalone);
        true
    }

    /// Does what is due.
    pub(super) fn ring_operation(&mut self, key: &str) {
        let (now, Some(operation)) = (self.now, self.nexus.operations.get_mut(key)) else { return };
        let Some((at, due)) = operation.state.due(&operation.asked).filter(|_| operation.is_open()) else { return };
        if at > now {
            return self.set_operation_alarm(key);
        }
        let too_late = || NexusAnswer::Refused(Box::new(failure::of_handler("UPSTREAM_TIMEOUT", "upstream timeout")));
        match due {
            Due::Start(CallDue::TimedOut) => return self.operation_answered(key, false, too_late()),
            Due::Cancel(CallDue::TimedOut) => return self.operation_answered(key, true, too_late()),
            Due::Start(CallDue::Retry) => self.send_operation(key, false),
            Due::Cancel(CallDue::Retry) => self.send_operation(key, true),
            Due::TimedOut(kind) => operation.close(now, Outcome::TimedOut(kind)),
        }
        self.operation_changed(key);
    }

    /// What is done for every operation that changed.
    pub(crate) fn operation_changed(&mut self, key: &str) {
        let Some(operation) = self.nexus.operations.get_mut(key) else { return };
        operation.transitions += 1;
        if let Some(completion) = operation.completion() {
            self.tell_of_operation(key, &completion);
        }
        self.set_operation_alarm(key);
        self.tell_operation_waiters(key);
    }

    /// Calls back who wanted to know of the end.
    fn tell_of_operation(&mut self, key: &str, completion: &Completion) {
        let Some(operation) = self.nexus.operations.get(key) else { return };
        let delivered = self.call_back(operation.callbacks.clone(), completion);
        let now = self.now;
        let Some(operation) = self.nexus.operations.get_mut(key) else { return };
        for (at, result) in delivered {
            if let Some(state) = operation.callbacks.get_mut(at) {
                state.end(now, result);
            }
        }
    }

    fn set_operation_alarm(&mut self, key: &str) {
        let Some(operation) = self.nexus.operations.get(key) else { return };
        let due = operation.state.due(&operation.asked).filter(|_| operation.is_open()).map(|(at, _)| at);
        let kept = self.namespaces.check(&operation.namespace).ok();
        let kept = kept.and_then(|it| crate::time::duration(it.config.workflow_execution_retention_ttl.as_ref()));
        let over =
            (!operation.is_open()).then(|| Time::from_nanos(operation.close_time).plus(kept.unwrap_or(RETENTION)));
        self.alarms.set(Alarm::Operation(key.to_owned()), due);
        self.alarms.set(Alarm::OperationOver(key.to_owned()), over);
    }

    /// Tells everybody who waits for news that are there now.
    fn tell_operation_waiters(&mut self, key: &str) {
        let (concerned, others): (Vec<_>, Vec<_>) =
            std::mem::take(&mut self.nexus.waiters).into_iter().partition(|waiter| waiter.key == key);
        self.nexus.waiters = others;
        for waiter in concerned {
            let answer = match self.nexus.operations.get(key) {
                Some(operation) => waiter.news(operation, self.now).map(Ok),
                None => Some(Err(OperationWaiter::gone())),
            };
            match answer {
                Some(answer) => self.cx().reply(waiter.call, answer),
                None => self.nexus.waiters.push(waiter),
            }
        }
    }

    /// Somebody has waited long enough.
    pub(crate) fn dismiss_operation_waiter(&mut self, call: super::CallId) -> Option<Reply> {
        let at = self.nexus.waiters.iter().position(|waiter| waiter.call == call)?;
        Some(self.nexus.waiters.swap_remove(at).nothing())
    }
}
