//! Handing messages to their handlers.

use std::rc::Rc;
use std::sync::Arc;

use perpetua_core::{Fault, UpdateArrival, UpdateTicket};
use perpetua_vocab::{Failure, Outcome, Payloads, Signaled};

use crate::Ctx;
use crate::contained::{Panic, contained, with_causes};
use crate::executor::Part;
use crate::handlers::{Arrived, PreparedUpdate, SignalHandler, UpdateHandler, UpdateResult};
use crate::implementation::{Handling, LocalFailure};
use crate::info::UpdateInfo;
use crate::instance::{failure, undecodable};
use crate::log::Logger;
use crate::read_only::ReadOnly;
use crate::registered::{MessageKind, is_reserved};
use crate::runtime::Runtime;
use crate::scope::Scope;

/// An update that may be accepted: who handles it, and the call of it.
type Admitted = (Rc<UpdateHandler>, PreparedUpdate);

impl Runtime {
    /// Hands a signal to its handler. Without one, it is kept until there is one.
    pub(crate) fn receive_signal(self: &Rc<Self>, signal: Signaled) -> Result<(), Fault> {
        let name = signal.name.as_str();
        if let Some(handler) = self.signal_handler(name) {
            return self.deliver(&handler, signal);
        }
        if is_reserved(name) {
            Logger::new(self).warn(format_args!("signal `{name}` is the platform's own, and unknown; it is dropped"));
            return Ok(());
        }
        Logger::new(self).warn(format_args!("signal `{name}` has no handler; it is kept until there is one"));
        self.registered.keep(signal);
        Ok(())
    }

    /// Hands over the signals that were kept, if a handler was registered since this was called last. They keep their
    /// order.
    pub(crate) fn deliver_what_waits(self: &Rc<Self>) -> Result<(), Fault> {
        let mut index = usize::MAX;
        loop {
            if self.registered.take_due() {
                index = 0;
            }
            let Some(name) = self.registered.name_of(index) else { return Ok(()) };
            let Some(handler) = self.signal_handler(name.as_str()) else {
                index += 1;
                continue;
            };
            if let Some(signal) = self.registered.take(index) {
                self.deliver(&handler, signal)?;
            }
        }
    }

    fn deliver(self: &Rc<Self>, handler: &SignalHandler, signal: Signaled) -> Result<(), Fault> {
        let name = signal.name.as_str();
        let part = Part::Signal(name.to_owned());
        let ctx = self.apart(&part);
        let runtime = Rc::clone(self);
        let end = move |result: Result<(), LocalFailure>| {
            if let Err(failure) = result {
                let finish = failure.into_finish(&runtime.converter);
                runtime.run.borrow_mut().finish(finish);
            }
        };
        let arrived = Arrived { name, arguments: signal.input.unwrap_or_default(), converter: &self.converter };
        match self.contained_in(&part, || (handler.call)(ctx, arrived))? {
            Err(error) => {
                let error = with_causes(&error);
                Logger::new(self).error(format_args!("signal `{name}` cannot be read; it is dropped: {error}"));
            }
            Ok(Handling::Done(result)) => self.contained_in(&part, || end(result))?,
            Ok(Handling::Running(future)) => {
                let future = Box::pin(async move { end(future.await) });
                self.tasks.spawn_handler(part, handler.about.policy.get(), future);
            }
        }
        Ok(())
    }

    /// Hands an update to its handler, or refuses it. Whether it was accepted.
    pub(crate) fn receive_update(
        self: &Rc<Self>,
        ticket: UpdateTicket,
        arrival: UpdateArrival,
        accepted: bool,
    ) -> Result<bool, Fault> {
        let update = Arc::new(UpdateInfo { id: arrival.request.update, name: arrival.request.name });
        let arguments = arrival.request.input.unwrap_or_default();
        let admit = || self.admit(&update, arguments, accepted);
        let (handler, prepared) = match self.tasks.on_behalf_of(Some(Arc::clone(&update)), admit)? {
            Ok(prepared) => prepared,
            Err(problem) if accepted => {
                let problem = problem.message;
                return Err(Fault::code(format!("history accepted an update that the code cannot take: {problem}")));
            }
            Err(refusal) => {
                self.run.borrow_mut().reject(ticket, refusal);
                return Ok(false);
            }
        };
        self.run.borrow_mut().accept(ticket);
        self.tasks
            .on_behalf_of(Some(Arc::clone(&update)), || self.handle_update(ticket, update, &handler, prepared))?;
        Ok(true)
    }

    /// Finds the handler of an update and reads its arguments; a failure refuses the update. What history has accepted is
    /// not validated again.
    fn admit(
        self: &Rc<Self>,
        update: &Arc<UpdateInfo>,
        arguments: Payloads,
        accepted: bool,
    ) -> Result<Result<Admitted, Box<Failure>>, Fault> {
        let name = update.name.as_str();
        let Some(handler) = self.update_handler(name) else {
            return Ok(Err(failure(self.unknown(MessageKind::Update, name))));
        };
        let arrived = |arguments| Arrived { name, arguments, converter: &self.converter };
        let to_validate = (!accepted).then(|| arguments.clone());
        let prepared = match self.prepare(&handler, update, arrived(arguments)) {
            Ok(prepared) => prepared,
            Err(refusal) => return Ok(Err(refusal)),
        };
        if let Some(arguments) = to_validate
            && let Some(refusal) = self.validate(&handler, arrived(arguments))?
        {
            return Ok(Err(refusal));
        }
        Ok(Ok((handler, prepared)))
    }

    /// Reads the arguments of an update; the handler is called later.
    fn prepare(
        self: &Rc<Self>,
        handler: &UpdateHandler,
        update: &Arc<UpdateInfo>,
        arrived: Arrived<'_>,
    ) -> Result<PreparedUpdate, Box<Failure>> {
        let name = arrived.name;
        let ctx = self.apart(&Part::Update(Arc::clone(update)));
        match contained(|| (handler.prepare)(ctx, arrived)) {
            Ok(prepared) => prepared.map_err(|error| undecodable("update", name, &error)),
            Err(panic) => {
                let message = panic.into_message();
                Err(failure(format!("update `{name}`: a panic while its arguments were read: {message}")))
            }
        }
    }

    /// Asks the validator of an update, if it has one. Something refuses the update.
    fn validate(&self, handler: &UpdateHandler, arrived: Arrived<'_>) -> Result<Option<Box<Failure>>, Fault> {
        let Some(validate) = handler.validate.borrow().clone() else { return Ok(None) };
        let name = arrived.name;
        match self.look(ReadOnly::Validator, || validate(arrived)) {
            Ok(Ok(Ok(()))) => Ok(None),
            Ok(Ok(Err(refusal))) => Ok(Some(refusal)),
            Ok(Err(error)) => Ok(Some(undecodable("update", name, &error))),
            // A panic refuses the update alone; touching what may only be looked at is a fault of the workflow.
            Err(Panic::ReadOnly(violation)) => Err(Fault::code(violation)),
            Err(Panic::Message(message)) => {
                Ok(Some(failure(format!("the validator of update `{name}` panicked: {message}"))))
            }
        }
    }

    fn handle_update(
        self: &Rc<Self>,
        ticket: UpdateTicket,
        update: Arc<UpdateInfo>,
        handler: &UpdateHandler,
        prepared: PreparedUpdate,
    ) -> Result<(), Fault> {
        let name = update.name.clone();
        let part = Part::Update(update);
        match self.contained_in(&part, prepared)? {
            Handling::Done(result) => self.answer_update(ticket, name.as_str(), result),
            Handling::Running(future) => {
                let shared = Rc::clone(self);
                let answer = async move {
                    let result = future.await;
                    shared.answer_update(ticket, name.as_str(), result);
                };
                self.tasks.spawn_handler(part, handler.about.policy.get(), Box::pin(answer));
            }
        }
        Ok(())
    }

    /// An answer that cannot be written is a fault of the workflow, as its own result is.
    fn answer_update(&self, ticket: UpdateTicket, name: &str, result: UpdateResult) {
        let outcome = match result {
            Ok(Ok(payload)) => Outcome::Success(Some(vec![payload])),
            Ok(Err(failure)) => Outcome::Failure(failure),
            Err(error) => {
                let error = with_causes(&error);
                return self.fail_task(Fault::code(format!("the answer to update `{name}` cannot be sent: {error}")));
            }
        };
        self.run.borrow_mut().complete_update(ticket, outcome);
    }

    /// Calls user code; a panic is a fault of the workflow.
    pub(crate) fn contained_in<R>(&self, part: &Part, call: impl FnOnce() -> R) -> Result<R, Fault> {
        self.user_code(part, || contained(call)).map_err(|panic| self.fault_of(panic, part))
    }

    /// A context for a handler, which is canceled apart from the main function.
    fn apart(self: &Rc<Self>, part: &Part) -> Ctx {
        Ctx { runtime: Rc::clone(self), scope: Scope::new(part.clone()) }
    }
}
