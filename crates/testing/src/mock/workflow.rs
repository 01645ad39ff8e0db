//! Mocked workflows, as a worker plays them.
//!
//! They are workflows like others, whose histories are checked like others. So a mock decides once for each run, and keeps
//! each signal once, however often the run is played.

use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;

use perpetua_contract::WorkflowDefinition;
use perpetua_convert::{Arguments, DataConverter, RawArguments, RawValue, WorkflowError};
use perpetua_vocab::{Payload, WorkflowExecution};
use perpetua_workflow::implementation::{Handlers, Handling, LocalFuture, WorkflowImplementation};
use perpetua_workflow::{Ctx, Workflows};

use super::Received;
use super::core::{Asked, Core, impossible};
use super::reply::{Decision, Thrown, returned};

/// Any workflow, as the worker sees a mocked one.
struct StandIn {
    mock: Option<Rc<dyn Decides>>,
    signals: Cell<usize>,
}

/// A mock of a workflow without the types of its arguments.
trait Decides {
    fn decide(&self, asked: Asked, converter: &DataConverter) -> Decision;
    fn keep_signal(&self, number: usize, signal: Received);
    fn keep_cancel(&self, run: WorkflowExecution);
}

impl<I: Arguments> Decides for Arc<Core<I>> {
    fn decide(&self, asked: Asked, converter: &DataConverter) -> Decision {
        self.decide_once(asked, converter)
    }

    fn keep_signal(&self, number: usize, signal: Received) {
        Core::keep_signal(self, number, signal);
    }

    fn keep_cancel(&self, run: WorkflowExecution) {
        Core::keep_cancel(self, run);
    }
}

pub(super) fn register<I: Arguments>(core: &Arc<Core<I>>, workflows: &mut Workflows) {
    let core = Arc::clone(core);
    let name = core.name;
    workflows.replace::<StandIn>(name, move |_, _| StandIn {
        mock: Some(Rc::new(Arc::clone(&core))),
        signals: Cell::new(0),
    });
}

impl WorkflowDefinition for StandIn {
    const NAME: &'static str = "";
    type Input = Vec<RawValue>;
    type Output = RawValue;
    type Error = Thrown;
    type Handle<T> = T;

    fn handle<T>(target: T) -> T {
        target
    }
}

impl WorkflowImplementation for StandIn {
    /// For nothing; it is registered with what makes it.
    fn create(_: &Ctx, _: &Self::Input) -> Self {
        Self { mock: None, signals: Cell::new(0) }
    }

    fn run(self: Rc<Self>, ctx: Ctx, input: Self::Input) -> LocalFuture<Result<RawValue, WorkflowError<Thrown>>> {
        Box::pin(async move {
            let decision = match &self.mock {
                Some(mock) => {
                    let info = ctx.info();
                    let asked = Asked {
                        payloads: input.into_iter().map(Payload::from).collect(),
                        attempt: info.attempt(),
                        time: ctx.now(),
                        workflow: info.execution().clone(),
                    };
                    mock.decide(asked, ctx.converter())
                }
                None => Decision::fail(impossible("a stand-in without a mock")),
            };
            let Decision { after, end } = decision;
            let stopped = match (&end, after) {
                (None, _) => Some(ctx.canceled().await),
                (Some(_), Some(after)) => ctx.sleep(after).await.err(),
                (Some(_), None) => None,
            };
            if let Some(canceled) = stopped {
                if let Some(mock) = &self.mock {
                    mock.keep_cancel(ctx.info().execution().clone());
                }
                return Err(WorkflowError::Canceled(canceled));
            }
            let end = end.unwrap_or_else(|| Err(Box::new(impossible("what never ends has ended"))));
            returned(end).map_err(WorkflowError::Application)
        })
    }

    fn handlers(handlers: &mut Handlers<Self>) {
        handlers.dynamic_signal(|this, ctx, (name, arguments)| {
            this.signaled(&ctx, name, arguments);
            Handling::Done(())
        });
    }
}

impl StandIn {
    fn signaled(&self, ctx: &Ctx, name: String, arguments: RawArguments) {
        let number = self.signals.replace(self.signals.get() + 1);
        let run = ctx.info().execution().clone();
        if let Some(mock) = &self.mock {
            mock.keep_signal(number, Received::new(name, arguments, ctx.now(), run));
        }
    }
}
