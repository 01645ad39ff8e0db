//! A user's workflow behind its types: what the executor calls.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

use perpetua_convert::{CallError, DataConverter, WorkflowError};
use perpetua_core::Finish;
use perpetua_vocab::{ApplicationFailure, Failure, FailureInfo, Payload, Payloads};

use crate::Ctx;
use crate::contained::with_causes;
use crate::implementation::{
    Handlers, LocalFuture, PreparedUpdate, SignalHandling, Undecodable, UpdateEntry, Validated, WorkflowImplementation,
};

/// A user's workflow behind its types.
pub(crate) trait Instance {
    /// The main function. Called once.
    fn run(&self, ctx: Ctx) -> LocalFuture<Result<Ended, String>>;

    /// Calls the handler of a signal; `None` if there is no such signal.
    fn signal(
        &self,
        name: &str,
        ctx: Ctx,
        arguments: Payloads,
        converter: &DataConverter,
    ) -> Option<Result<SignalHandling, Undecodable>>;

    /// Answers a query.
    fn query(&self, name: &str, arguments: Payloads, converter: &DataConverter) -> Result<Payload, Box<Failure>>;

    /// Asks the validator of an update, if it has one; an error refuses the update.
    fn validate(&self, name: &str, arguments: Payloads, converter: &DataConverter) -> Validated;

    /// Reads the arguments of an update; the handler is called later.
    fn update(
        &self,
        name: &str,
        ctx: Ctx,
        arguments: Payloads,
        converter: &DataConverter,
    ) -> Result<PreparedUpdate, Box<Failure>>;

    /// Whether a message could change anything.
    fn takes_messages(&self) -> bool;
}

/// How the main function ended.
pub(crate) enum Ended {
    /// The run is over in this way.
    Finished(Finish),
    /// It says that it was canceled; whether anybody asked decides what that means.
    Canceled(Box<Failure>),
}

/// One instance of a workflow type.
pub(crate) struct Hosted<W: WorkflowImplementation> {
    workflow: Rc<W>,
    /// Until the main function has it.
    input: RefCell<Option<W::Input>>,
    handlers: Arc<Handlers<W>>,
}

impl<W: WorkflowImplementation> Hosted<W> {
    pub(crate) fn new(workflow: Rc<W>, input: W::Input, handlers: Arc<Handlers<W>>) -> Self {
        Self { workflow, input: RefCell::new(Some(input)), handlers }
    }

    fn update_entry(&self, name: &str) -> Result<&UpdateEntry<W>, Box<Failure>> {
        let updates = &self.handlers.updates;
        updates
            .iter()
            .find(|entry| entry.name == name)
            .ok_or_else(|| unknown("update", name, W::NAME, updates.iter().map(|entry| entry.name)))
    }
}

impl<W: WorkflowImplementation> Instance for Hosted<W> {
    fn run(&self, ctx: Ctx) -> LocalFuture<Result<Ended, String>> {
        let workflow = Rc::clone(&self.workflow);
        let input = self.input.borrow_mut().take();
        Box::pin(async move {
            let Some(input) = input else { return Err("the main function was called twice".to_owned()) };
            let converter = ctx.runtime.converter.clone();
            match workflow.run(ctx, input).await {
                Ok(output) => match converter.payloads().encode(&output) {
                    Ok(payload) => Ok(Ended::Finished(Finish::Complete(Some(vec![payload])))),
                    Err(error) => {
                        Err(format!("the result of workflow `{}` cannot be sent: {}", W::NAME, with_causes(&error)))
                    }
                },
                Err(error) => Ok(ended_by(error, &converter)),
            }
        })
    }

    fn signal(
        &self,
        name: &str,
        ctx: Ctx,
        arguments: Payloads,
        converter: &DataConverter,
    ) -> Option<Result<SignalHandling, Undecodable>> {
        let entry = self.handlers.signals.iter().find(|entry| entry.name == name)?;
        Some((entry.call)(&self.workflow, ctx, arguments, converter))
    }

    fn query(&self, name: &str, arguments: Payloads, converter: &DataConverter) -> Result<Payload, Box<Failure>> {
        let Some(entry) = self.handlers.queries.iter().find(|entry| entry.name == name) else {
            return Err(unknown("query", name, W::NAME, self.handlers.queries.iter().map(|entry| entry.name)));
        };
        (entry.call)(&self.workflow, arguments, converter)
    }

    fn validate(&self, name: &str, arguments: Payloads, converter: &DataConverter) -> Validated {
        let Some(validate) = &self.update_entry(name)?.validate else { return Ok(()) };
        validate(&self.workflow, arguments, converter).map_err(|error| undecodable("update", name, &error))?
    }

    fn update(
        &self,
        name: &str,
        ctx: Ctx,
        arguments: Payloads,
        converter: &DataConverter,
    ) -> Result<PreparedUpdate, Box<Failure>> {
        let prepare = &self.update_entry(name)?.prepare;
        prepare(&self.workflow, ctx, arguments, converter).map_err(|error| undecodable("update", name, &error))
    }

    fn takes_messages(&self) -> bool {
        !self.handlers.signals.is_empty() || !self.handlers.updates.is_empty()
    }
}

fn ended_by<E: CallError>(error: WorkflowError<E>, converter: &DataConverter) -> Ended {
    let canceled = error.is_canceled();
    match error.into_continue_as_new() {
        Ok(next) => Ended::Finished(Finish::ContinueAsNew(Box::new(next))),
        Err(error) => {
            let failure = Box::new(error.into_failure(converter));
            if canceled { Ended::Canceled(failure) } else { Ended::Finished(Finish::Fail(failure)) }
        }
    }
}

/// Says what there is instead.
fn unknown(kind: &str, name: &str, workflow: &str, known: impl Iterator<Item = &'static str>) -> Box<Failure> {
    let known: Vec<_> = known.collect();
    let known = if known.is_empty() { "it takes none".to_owned() } else { format!("it takes: {}", known.join(", ")) };
    failure(format!("workflow `{workflow}` takes no {kind} named `{name}`; {known}"))
}

/// Says which arguments could not be read.
fn undecodable(kind: &str, name: &str, error: &Undecodable) -> Box<Failure> {
    failure(format!("{kind} `{name}`: {}", with_causes(error)))
}

/// Who makes failures here.
pub(crate) const SOURCE: &str = "Perpetua";

/// A plain failure with a message.
pub(crate) fn failure(message: String) -> Box<Failure> {
    Box::new(Failure {
        message,
        source: SOURCE.to_owned(),
        info: FailureInfo::Application(ApplicationFailure::default()),
        ..Failure::default()
    })
}
