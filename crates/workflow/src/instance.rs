//! A user's workflow behind its types: what the executor calls.

use std::any::Any;
use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

use perpetua_convert::{CallError, DataConverter, WorkflowError};
use perpetua_core::Finish;
use perpetua_vocab::{ApplicationFailure, Failure, FailureInfo};

use crate::Ctx;
use crate::contained::with_causes;
use crate::handlers::{About, Entry, Handlers, QueryHandler, SignalHandler, Undecodable, UpdateHandler};
use crate::implementation::{LocalFuture, WorkflowImplementation};

/// A user's workflow behind its types.
pub(crate) trait Instance {
    /// The main function. Called once.
    fn run(&self, ctx: Ctx) -> LocalFuture<Result<Ended, String>>;

    /// The handler that the type declares for signals of this name; without a name, the one for all others.
    fn signal(&self, name: Option<&str>) -> Option<Rc<SignalHandler>>;

    /// The same for queries.
    fn query(&self, name: Option<&str>) -> Option<Rc<QueryHandler>>;

    /// The same for updates.
    fn update(&self, name: Option<&str>) -> Option<Rc<UpdateHandler>>;

    /// What messages the type declares.
    fn declared(&self) -> Declared;

    /// The value itself, as an `Rc<W>`.
    fn workflow(&self) -> Rc<dyn Any>;

    /// How many bytes it takes itself.
    fn size(&self) -> usize;
}

/// The messages that a type declares, and what it says of them.
pub(crate) struct Declared {
    pub(crate) signals: Vec<(Option<&'static str>, About)>,
    pub(crate) queries: Vec<(Option<&'static str>, About)>,
    pub(crate) updates: Vec<(Option<&'static str>, About)>,
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
            let name = ctx.runtime.info.borrow().workflow_type().clone();
            match workflow.run(ctx, input).await {
                Ok(output) => match converter.payloads().encode(&output) {
                    Ok(payload) => Ok(Ended::Finished(Finish::Complete(Some(vec![payload])))),
                    Err(error) => {
                        Err(format!("the result of workflow `{name}` cannot be sent: {}", with_causes(&error)))
                    }
                },
                Err(error) => Ok(ended_by(error, &converter)),
            }
        })
    }

    fn signal(&self, name: Option<&str>) -> Option<Rc<SignalHandler>> {
        Handlers::bind_signal(&self.handlers, &self.workflow, name)
    }

    fn query(&self, name: Option<&str>) -> Option<Rc<QueryHandler>> {
        Handlers::bind_query(&self.handlers, &self.workflow, name)
    }

    fn update(&self, name: Option<&str>) -> Option<Rc<UpdateHandler>> {
        Handlers::bind_update(&self.handlers, &self.workflow, name)
    }

    fn declared(&self) -> Declared {
        fn about<H>(entries: &[Entry<H>]) -> Vec<(Option<&'static str>, About)> {
            entries.iter().map(|entry| (entry.facts.name, About::from(&entry.facts))).collect()
        }
        let Handlers { signals, queries, updates } = &*self.handlers;
        Declared { signals: about(signals), queries: about(queries), updates: about(updates) }
    }

    fn workflow(&self) -> Rc<dyn Any> {
        Rc::clone(&self.workflow) as Rc<dyn Any>
    }

    fn size(&self) -> usize {
        size_of::<W>() + size_of::<Self>()
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

/// Says which arguments could not be read.
pub(crate) fn undecodable(kind: &str, name: &str, error: &Undecodable) -> Box<Failure> {
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
