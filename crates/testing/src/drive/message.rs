//! Messages to a driven workflow: signals, updates, queries, requests to stop.

use std::fmt;
use std::marker::PhantomData;

use perpetua_client::{QueryFailure, UpdateFailure};
use perpetua_contract::{QueryCall, SignalCall, UpdateCall, WorkflowDefinition};
use perpetua_convert::{Arguments, CallError, ConversionError, DataConverter, Remote, Value};
use perpetua_vocab::{
    EventKind, Failure, FailureInfo, Message, MessageBody, MessageId, Opaque, Outcome, Query, QueryAnswer, QueryName,
    SignalName, Signaled, UpdateId, UpdateName, UpdateRequest, WorkflowCancelRequested,
};

use super::book::Update;
use super::{Drive, WORKER};

/// An update that was sent to a driven workflow. Made by [`Drive::start_update`].
pub struct SentUpdate<O, E> {
    id: UpdateId,
    name: String,
    answer: PhantomData<fn() -> (O, E)>,
}

/// How far an update is.
#[derive(Debug)]
#[non_exhaustive]
pub enum UpdateState<O, E> {
    /// The workflow has it, and its handler is not done; or nothing has brought it to the workflow yet.
    Running,
    /// It was refused, by its validator or because there is no such update. It leaves no trace in the history.
    Refused(UpdateFailure<E>),
    /// Its handler failed.
    Failed(UpdateFailure<E>),
    /// Its handler is done.
    Answered(O),
}

impl<D: WorkflowDefinition> Drive<D> {
    /// Sends a signal: `order.signal(Approval::approve("ann".into()))`.
    #[track_caller]
    pub fn signal<I: Arguments>(&mut self, call: SignalCall<D, I>) {
        let event = signaled(call, self.converter()).map_err(|error| error.to_string());
        let event = self.must(event);
        self.tell(event);
    }

    /// Asks the workflow to stop.
    #[track_caller]
    pub fn cancel(&mut self) {
        self.tell(EventKind::WorkflowCancelRequested(Box::new(WorkflowCancelRequested {
            reason: String::new(),
            identity: WORKER.into(),
            rest: Opaque::default(),
        })));
    }

    /// Sends an update whose handler is done at once, and gives its answer: `order.update(Approval::note("fragile".into()))`.
    /// For one whose handler waits there is [`start_update`](Self::start_update).
    ///
    /// # Errors
    /// The handler's own, or why it was refused.
    ///
    /// # Panics
    /// When the handler waits for something.
    #[track_caller]
    pub fn update<I: Arguments, O: Value, E: CallError>(
        &mut self,
        call: UpdateCall<D, I, O, E>,
    ) -> Result<O, UpdateFailure<E>> {
        let update = self.start_update(call);
        match self.update_state(&update) {
            UpdateState::Answered(answer) => Ok(answer),
            UpdateState::Refused(failure) | UpdateState::Failed(failure) => Err(failure),
            UpdateState::Running => {
                let (name, waits) = (&update.name, self.waits_in_words());
                self.fault(&format!(
                    "update `{name}` has no answer yet; send it with `start_update`, and ask for its `update_state` when \
                     it has what it waits for; {waits}"
                ))
            }
        }
    }

    /// Sends an update.
    #[track_caller]
    pub fn start_update<I: Arguments, O: Value, E: CallError>(
        &mut self,
        call: UpdateCall<D, I, O, E>,
    ) -> SentUpdate<O, E> {
        let (name, input) = call.into_parts();
        let input = input.encode(self.converter().payloads());
        let input = self.must(input.map_err(|error| format!("update `{name}` cannot be sent: {error}")));
        self.updates += 1;
        let id = UpdateId::new(format!("update-{}", self.updates));
        let request = UpdateRequest {
            update: id.clone(),
            identity: WORKER.into(),
            name: UpdateName::new(&*name),
            input: Some(input),
            header: None,
            rest: None,
        };
        let sent = self.machine.send(|last| Message {
            id: MessageId::new(format!("{id}/request")),
            update: id.clone(),
            sequencing: last,
            body: MessageBody::Request(Box::new(request)),
        });
        let sent = sent.and_then(|()| self.machine.go_on());
        self.must(sent);
        SentUpdate { id, name: name.into_owned(), answer: PhantomData }
    }

    /// How far an update is.
    #[track_caller]
    pub fn update_state<O: Value, E: CallError>(&self, update: &SentUpdate<O, E>) -> UpdateState<O, E> {
        let converter = self.converter();
        match self.machine.update(&update.id) {
            Some(Update::Refused(failure)) => UpdateState::Refused(update_failure(failure, converter)),
            Some(Update::Done(Outcome::Failure(failure))) => UpdateState::Failed(update_failure(failure, converter)),
            Some(Update::Done(Outcome::Success(value))) => {
                let value = converter.payloads().decode_result(value.clone());
                UpdateState::Answered(self.must(value.map_err(|error| error.to_string())))
            }
            Some(Update::Sent | Update::Accepted(_)) => UpdateState::Running,
            None => self.fault("the update was sent to another run"),
        }
    }

    /// Asks the workflow something: `order.query(Approval::approver())`. One that has ended answers, too.
    ///
    /// # Errors
    /// When the handler fails, or there is no such query.
    #[track_caller]
    pub fn query<I: Arguments, O: Value>(&mut self, call: QueryCall<D, I, O>) -> Result<O, QueryFailure> {
        let arguments = call.input().encode(self.converter().payloads());
        let arguments =
            self.must(arguments.map_err(|error| format!("query `{}` cannot be sent: {error}", call.name())));
        let query = Query { name: QueryName::new(call.name()), arguments: Some(arguments), header: None };
        let answer = self.machine.query(&query);
        match self.must(answer) {
            QueryAnswer::Answered(value) => {
                let value = self.converter().payloads().decode_result(Some(value));
                Ok(self.must(value.map_err(|error| error.to_string())))
            }
            QueryAnswer::Failed(failure) => Err(QueryFailure::Failed(Remote::new(*failure))),
        }
    }

    /// Something happens, and the workflow hears of it.
    #[track_caller]
    pub(super) fn tell(&mut self, event: EventKind) {
        let told = self.machine.happen(event).and_then(|_| self.machine.go_on());
        self.must(told);
    }
}

/// The event of a signal that has arrived.
pub(super) fn signaled<D: WorkflowDefinition, I: Arguments>(
    call: SignalCall<D, I>,
    converter: &DataConverter,
) -> Result<EventKind, ConversionError> {
    Ok(EventKind::Signaled(Box::new(Signaled {
        name: SignalName::new(call.name()),
        input: Some(call.input().encode(converter.payloads())?),
        identity: WORKER.into(),
        header: None,
        rest: Opaque::default(),
    })))
}

fn update_failure<E: CallError>(failure: &Failure, converter: &DataConverter) -> UpdateFailure<E> {
    let remote = Remote::new(failure.clone());
    match &failure.info {
        FailureInfo::Timeout { kind, .. } => UpdateFailure::Timeout(*kind, remote),
        FailureInfo::Canceled { .. } => UpdateFailure::Canceled(remote),
        _ => match E::read_failure(failure, converter) {
            Some(error) => UpdateFailure::Application(error, remote),
            None => UpdateFailure::Other(remote),
        },
    }
}

impl<O, E> fmt::Debug for SentUpdate<O, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SentUpdate").field("name", &self.name).field("id", &self.id).finish()
    }
}
