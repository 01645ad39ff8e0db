//! A user's workflow behind its types: what the executor calls.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

use perpetua_convert::{DataConverter, WorkflowError};
use perpetua_core::Finish;
use perpetua_vocab::{ApplicationFailure, Failure, FailureInfo, Payload, Payloads};

use crate::Ctx;
use crate::implementation::{Handlers, Handling, LocalFailure, LocalFuture, Undecodable, WorkflowImplementation};
use crate::state::{ReadOnly, while_read_only};

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
    ) -> Option<Result<Handling<Result<(), LocalFailure>>, Undecodable>>;

    /// Answers a query.
    fn query(&self, name: &str, arguments: Payloads, converter: &DataConverter) -> Result<Payload, Box<Failure>>;

    /// Asks the validator of an update, if it has one; an error refuses the update.
    fn validate(&self, name: &str, arguments: Payloads, converter: &DataConverter) -> Result<(), Box<Failure>>;

    /// Calls the handler of an update; `None` if there is no such update.
    fn update(
        &self,
        name: &str,
        ctx: Ctx,
        arguments: Payloads,
        converter: &DataConverter,
    ) -> Option<Result<Handling<Result<Payload, Failure>>, Undecodable>>;

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
                    Err(error) => Err(format!("the result of workflow `{}` cannot be sent: {error}", W::NAME)),
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
    ) -> Option<Result<Handling<Result<(), LocalFailure>>, Undecodable>> {
        let entry = self.handlers.signals.iter().find(|entry| entry.name == name)?;
        Some((entry.call)(&self.workflow, ctx, arguments, converter))
    }

    fn query(&self, name: &str, arguments: Payloads, converter: &DataConverter) -> Result<Payload, Box<Failure>> {
        let Some(entry) = self.handlers.queries.iter().find(|entry| entry.name == name) else {
            return Err(unknown("query", name, W::NAME, self.handlers.queries.iter().map(|entry| entry.name)));
        };
        while_read_only(ReadOnly::Query, || (entry.call)(&self.workflow, arguments, converter)).map_err(Box::new)
    }

    fn validate(&self, name: &str, arguments: Payloads, converter: &DataConverter) -> Result<(), Box<Failure>> {
        let Some(entry) = self.handlers.updates.iter().find(|entry| entry.name == name) else {
            return Err(unknown("update", name, W::NAME, self.handlers.updates.iter().map(|entry| entry.name)));
        };
        let Some(validate) = &entry.validate else { return Ok(()) };
        while_read_only(ReadOnly::Validator, || validate(&self.workflow, arguments, converter))
            .map_err(|error| undecodable("update", name, &error))?
            .map_err(Box::new)
    }

    fn update(
        &self,
        name: &str,
        ctx: Ctx,
        arguments: Payloads,
        converter: &DataConverter,
    ) -> Option<Result<Handling<Result<Payload, Failure>>, Undecodable>> {
        let entry = self.handlers.updates.iter().find(|entry| entry.name == name)?;
        Some((entry.call)(&self.workflow, ctx, arguments, converter))
    }

    fn takes_messages(&self) -> bool {
        !self.handlers.signals.is_empty() || !self.handlers.updates.is_empty()
    }
}

fn ended_by<E: perpetua_convert::CallError>(error: WorkflowError<E>, converter: &DataConverter) -> Ended {
    let canceled = error.is_canceled();
    match error.into_continue_as_new() {
        Ok(next) => Ended::Finished(Finish::ContinueAsNew(Box::new(next))),
        Err(error) => {
            let failure = Box::new(error.into_failure(converter));
            if canceled || matches!(failure.info, FailureInfo::Canceled { .. }) {
                Ended::Canceled(failure)
            } else {
                Ended::Finished(Finish::Fail(failure))
            }
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
pub(crate) fn undecodable(kind: &str, name: &str, error: &Undecodable) -> Box<Failure> {
    failure(format!("{kind} `{name}`: {error}"))
}

/// A plain failure with a message.
pub(crate) fn failure(message: String) -> Box<Failure> {
    Box::new(Failure {
        message,
        source: "Perpetua".to_owned(),
        info: FailureInfo::Application(ApplicationFailure::default()),
        ..Failure::default()
    })
}
