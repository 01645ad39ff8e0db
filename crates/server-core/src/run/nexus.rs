//! Nexus operations of a run: what history hears of them.

use perpetua_proto::common::Link;
use perpetua_proto::enums::{EventType, NexusOperationCancellationState as Canceling};
use perpetua_proto::failure::Failure;
use perpetua_proto::history::history_event::Attributes;
use perpetua_proto::history::{
    HistoryEvent, NexusOperationCancelRequestCompletedEventAttributes,
    NexusOperationCancelRequestFailedEventAttributes, NexusOperationCanceledEventAttributes,
    NexusOperationCompletedEventAttributes, NexusOperationFailedEventAttributes,
    NexusOperationScheduledEventAttributes as Asked, NexusOperationStartedEventAttributes,
    NexusOperationTimedOutEventAttributes,
};
use perpetua_proto::workflow::{NexusOperationCancellationInfo, PendingNexusOperationInfo};
use perpetua_proto::workflowservice::PollNexusTaskQueueResponse;

use super::callback::Completion;
use super::{Run, event};
use crate::nexus::call::CallDue;
use crate::nexus::request::{self, Sender};
use crate::nexus::{
    CancelStep, Due, Errand, NexusAnswer, OperationState, OperationToken, Outcome, Owner, Started, Step, failure, link,
};
use crate::time::{Time, shown};
use crate::world::Cx;

impl Run {
    /// What the workflow asked for.
    pub(crate) fn operation_scheduled(&self, scheduled: i64) -> Option<&Asked> {
        match self.history.get(scheduled)?.attributes.as_ref()? {
            Attributes::NexusOperationScheduledEventAttributes(it) => Some(it),
            _ => None,
        }
    }

    /// Makes a request for an operation: to start, or to stop.
    pub(crate) fn send_operation(&mut self, cx: &mut Cx<'_>, scheduled: i64, cancel: bool) {
        let Some(asked) = self.operation_scheduled(scheduled).cloned() else { return };
        let Some(operation) = self.state.operations.get_mut(&scheduled) else { return };
        let Some(attempt) = operation.begin(cx.now, &asked, cancel) else { return };
        let owner = Owner::Run(self.number, scheduled);
        request::send(cx, &asked, Errand { owner, cancel, attempt });
    }

    /// Puts requests that nobody has taken back into their queues.
    pub(crate) fn resume_operations(&self, cx: &mut Cx<'_>) {
        for (scheduled, operation) in &self.state.operations {
            let Some(asked) = self.operation_scheduled(*scheduled) else { continue };
            for cancel in [false, true] {
                let Some(call) = operation.call(cancel).filter(|call| !call.handed) else { continue };
                let Some(attempt) = call.attempt() else { continue };
                let owner = Owner::Run(self.number, *scheduled);
                request::send(cx, asked, Errand { owner, cancel, attempt });
            }
        }
    }

    /// Makes the requests for operations that another run had, and that no handler runs yet.
    pub(crate) fn restart_operations(&mut self, cx: &mut Cx<'_>) {
        let waiting = self.state.operations.iter().map(|(scheduled, operation)| (*scheduled, operation.is_running()));
        for (scheduled, is_running) in waiting.collect::<Vec<_>>() {
            if is_running {
                self.tell_handler_to_stop(cx, scheduled);
            } else {
                self.send_operation(cx, scheduled, false);
            }
        }
    }

    /// Whether a request is still to be made.
    pub(crate) fn offers_operation(&self, scheduled: i64, errand: &Errand) -> bool {
        let operation = self.state.operations.get(&scheduled).filter(|_| self.is_open());
        operation.and_then(|it| it.call(errand.cancel)).is_some_and(|call| call.is_offered(errand.attempt))
    }

    /// A request, for the worker that takes it.
    pub(crate) fn operation_request(
        &mut self,
        cx: &Cx<'_>,
        scheduled: i64,
        errand: &Errand,
    ) -> Option<PollNexusTaskQueueResponse> {
        let asked = self.operation_scheduled(scheduled)?.clone();
        let sender = Sender {
            token: OperationToken {
                server: cx.server,
                namespace: self.state.namespace.clone(),
                workflow_id: self.state.workflow_id.clone(),
                run_id: self.state.run_id.clone(),
                scheduled,
                request_id: asked.request_id.clone(),
                ..OperationToken::default()
            },
            link: link::to_event(
                &self.state.namespace,
                &self.state.workflow_id,
                &self.state.run_id,
                scheduled,
                EventType::NexusOperationScheduled,
            ),
        };
        let operation = self.state.operations.get_mut(&scheduled)?;
        operation.call_mut(errand.cancel)?.handed = true;
        request::response(&asked, operation, errand, sender, cx.now)
    }

    /// A request is answered, or given up.
    pub(crate) fn operation_answered(&mut self, cx: &mut Cx<'_>, scheduled: i64, cancel: bool, answer: NexusAnswer) {
        match answer {
            _ if !self.is_open() => {}
            NexusAnswer::Started(answer, links) => self.operation_start_answered(cx, scheduled, answer, links),
            NexusAnswer::Told => self.operation_cancel_answered(cx, scheduled, None),
            NexusAnswer::Refused(failure) if cancel => self.operation_cancel_answered(cx, scheduled, Some(failure)),
            NexusAnswer::Refused(failure) => {
                self.operation_start_answered(cx, scheduled, Started::Refused(failure), Vec::new());
            }
        }
    }

    fn operation_start_answered(&mut self, cx: &mut Cx<'_>, scheduled: i64, answer: Started, links: Vec<Link>) {
        let Some(operation) = self.state.operations.get_mut(&scheduled) else { return };
        match operation.started(cx.now, answer) {
            Step::Waits => {}
            Step::Runs => {
                self.record_operation_started(cx.now, scheduled, links);
                self.wake(cx);
                self.tell_handler_to_stop(cx, scheduled);
            }
            Step::Ends(outcome) => self.end_operation(cx, scheduled, outcome, links),
        }
    }

    /// Tells the handler of an operation that has begun to run what was asked before.
    fn tell_handler_to_stop(&mut self, cx: &mut Cx<'_>, scheduled: i64) {
        if self.state.operations.get(&scheduled).is_some_and(|operation| operation.cancel.is_some()) {
            self.send_operation(cx, scheduled, true);
        }
    }

    fn record_operation_started(&mut self, at: Time, scheduled: i64, links: Vec<Link>) {
        let (Some(asked), Some(operation)) =
            (self.operation_scheduled(scheduled), self.state.operations.get(&scheduled))
        else {
            return;
        };
        let attributes = NexusOperationStartedEventAttributes {
            scheduled_event_id: scheduled,
            operation_id: operation.token.clone(),
            request_id: asked.request_id.clone(),
            operation_token: operation.token.clone(),
        };
        let attributes = Attributes::NexusOperationStartedEventAttributes(Box::new(attributes));
        let started = HistoryEvent { links, ..event(EventType::NexusOperationStarted, at, attributes) };
        self.record(started);
    }

    fn operation_cancel_answered(&mut self, cx: &mut Cx<'_>, scheduled: i64, failure: Option<Box<Failure>>) {
        let Some(operation) = self.state.operations.get_mut(&scheduled) else { return };
        let requested_event_id = operation.cancel.as_ref().map_or(0, |cancel| cancel.requested);
        let (kind, attributes) = match operation.cancel_answered(cx.now, failure) {
            CancelStep::Waits => return,
            CancelStep::Told => {
                let attributes = NexusOperationCancelRequestCompletedEventAttributes {
                    requested_event_id,
                    scheduled_event_id: scheduled,
                    ..NexusOperationCancelRequestCompletedEventAttributes::default()
                };
                let attributes = Attributes::NexusOperationCancelRequestCompletedEventAttributes(Box::new(attributes));
                (EventType::NexusOperationCancelRequestCompleted, attributes)
            }
            CancelStep::Refused(failure) => {
                let attributes = NexusOperationCancelRequestFailedEventAttributes {
                    requested_event_id,
                    failure: Some(*failure),
                    scheduled_event_id: scheduled,
                    ..NexusOperationCancelRequestFailedEventAttributes::default()
                };
                let attributes = Attributes::NexusOperationCancelRequestFailedEventAttributes(Box::new(attributes));
                (EventType::NexusOperationCancelRequestFailed, attributes)
            }
        };
        // Workers that are older than these events do without.
        self.record(HistoryEvent { worker_may_ignore: true, ..event(kind, cx.now, attributes) });
        self.wake(cx);
    }

    /// The operation is over.
    fn end_operation(&mut self, cx: &mut Cx<'_>, scheduled: i64, outcome: Outcome, links: Vec<Link>) {
        let Some(asked) = self.operation_scheduled(scheduled).cloned() else { return };
        let Some(operation) = self.state.operations.remove(&scheduled) else { return };
        let (kind, attributes) = ended(&asked, scheduled, &operation.token, outcome);
        self.record(HistoryEvent { links, ..event(kind, cx.now, attributes) });
        self.wake(cx);
    }

    /// Whether the worker of the task that is under way does not know yet that an operation is over.
    pub(crate) fn has_buffered_end(&self, scheduled: i64) -> bool {
        self.state.buffered.iter().any(|event| ended_operation(event) == Some(scheduled))
    }

    /// What an operation has started is over, and it with that. Whether there is such an operation.
    pub(crate) fn complete_operation(
        &mut self,
        cx: &mut Cx<'_>,
        scheduled: i64,
        request_id: &str,
        completion: Completion,
    ) -> bool {
        let asked = self.operation_scheduled(scheduled).filter(|asked| asked.request_id == request_id);
        if asked.is_none() || !self.is_open() {
            return false;
        }
        let Some(operation) = self.state.operations.get_mut(&scheduled) else { return false };
        if !operation.is_running() {
            // The answer of the worker is still on its way.
            operation.started_time = completion.start_time.nanos();
            self.record_operation_started(completion.start_time, scheduled, completion.links);
        }
        self.end_operation(cx, scheduled, completion.outcome, Vec::new());
        true
    }

    /// Does what is due.
    pub(crate) fn fire_operation(&mut self, cx: &mut Cx<'_>, scheduled: i64, due: Due) {
        let too_late = || Box::new(failure::of_handler("UPSTREAM_TIMEOUT", "upstream timeout"));
        match due {
            Due::Start(CallDue::Retry) => self.send_operation(cx, scheduled, false),
            Due::Cancel(CallDue::Retry) => self.send_operation(cx, scheduled, true),
            Due::Start(CallDue::TimedOut) => {
                self.operation_answered(cx, scheduled, false, NexusAnswer::Refused(too_late()));
            }
            Due::Cancel(CallDue::TimedOut) => {
                self.operation_answered(cx, scheduled, true, NexusAnswer::Refused(too_late()));
            }
            Due::TimedOut(kind) => self.end_operation(cx, scheduled, Outcome::TimedOut(kind), Vec::new()),
        }
    }

    /// As descriptions show them.
    pub(crate) fn pending_operations(&self) -> Vec<PendingNexusOperationInfo> {
        self.state
            .operations
            .iter()
            .filter_map(|(scheduled, operation)| {
                Some(pending(self.operation_scheduled(*scheduled)?, *scheduled, operation))
            })
            .collect()
    }
}

fn pending(asked: &Asked, scheduled: i64, operation: &OperationState) -> PendingNexusOperationInfo {
    PendingNexusOperationInfo {
        endpoint: asked.endpoint.clone(),
        service: asked.service.clone(),
        operation: asked.operation.clone(),
        operation_id: operation.token.clone(),
        schedule_to_close_timeout: asked.schedule_to_close_timeout,
        scheduled_time: shown(operation.scheduled_time),
        state: operation.shown_state().into(),
        attempt: operation.call.over,
        last_attempt_complete_time: shown(operation.call.completed),
        last_attempt_failure: operation.call.failure.clone(),
        next_attempt_schedule_time: shown(operation.call.next),
        cancellation_info: operation.cancel.as_ref().map(|cancel| NexusOperationCancellationInfo {
            requested_time: shown(cancel.time),
            state: if cancel.time == 0 { Canceling::Unspecified } else { cancel.state() }.into(),
            attempt: cancel.call.over,
            last_attempt_complete_time: shown(cancel.call.completed),
            last_attempt_failure: cancel.call.failure.clone(),
            next_attempt_schedule_time: shown(cancel.call.next),
            ..NexusOperationCancellationInfo::default()
        }),
        scheduled_event_id: scheduled,
        operation_token: operation.token.clone(),
        schedule_to_start_timeout: asked.schedule_to_start_timeout,
        start_to_close_timeout: asked.start_to_close_timeout,
        ..PendingNexusOperationInfo::default()
    }
}

/// The event by which an operation ends.
fn ended(asked: &Asked, scheduled: i64, token: &str, outcome: Outcome) -> (EventType, Attributes) {
    use Attributes as A;
    let wrapped = |cause: Failure| Some(failure::of_operation(asked, scheduled, token, cause));
    let request_id = asked.request_id.clone();
    match outcome {
        Outcome::Completed(result) => {
            let attributes = NexusOperationCompletedEventAttributes {
                scheduled_event_id: scheduled,
                result: Some(result),
                request_id,
            };
            (EventType::NexusOperationCompleted, A::NexusOperationCompletedEventAttributes(Box::new(attributes)))
        }
        Outcome::Failed(cause) => {
            let failure = wrapped(*cause);
            let attributes = NexusOperationFailedEventAttributes { scheduled_event_id: scheduled, failure, request_id };
            (EventType::NexusOperationFailed, A::NexusOperationFailedEventAttributes(Box::new(attributes)))
        }
        Outcome::Canceled(cause) => {
            let failure = wrapped(*cause);
            let attributes =
                NexusOperationCanceledEventAttributes { scheduled_event_id: scheduled, failure, request_id };
            (EventType::NexusOperationCanceled, A::NexusOperationCanceledEventAttributes(Box::new(attributes)))
        }
        Outcome::TimedOut(kind) => {
            let failure = wrapped(failure::timed_out(kind));
            let attributes =
                NexusOperationTimedOutEventAttributes { scheduled_event_id: scheduled, failure, request_id };
            (EventType::NexusOperationTimedOut, A::NexusOperationTimedOutEventAttributes(Box::new(attributes)))
        }
    }
}

/// The operation that an event ends.
fn ended_operation(event: &HistoryEvent) -> Option<i64> {
    use Attributes as A;
    match event.attributes.as_ref()? {
        A::NexusOperationCompletedEventAttributes(it) => Some(it.scheduled_event_id),
        A::NexusOperationFailedEventAttributes(it) => Some(it.scheduled_event_id),
        A::NexusOperationCanceledEventAttributes(it) => Some(it.scheduled_event_id),
        A::NexusOperationTimedOutEventAttributes(it) => Some(it.scheduled_event_id),
        _ => None,
    }
}
