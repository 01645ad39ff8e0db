//! A handle has the workflow's messages, and what is behind it.

#![deny(warnings)]

use std::marker::PhantomData;

use perpetua::prelude::*;
use perpetua::{
    Arguments, CallError, QueryCall, QueryTarget, SignalCall, SignalTarget, UpdateCall, UpdateTarget, Value,
    WorkflowDefinition,
};

#[derive(Default)]
struct Approval;

#[workflow]
impl Approval {
    #[run]
    async fn run(&self, _ctx: Ctx) -> WorkflowResult<()> {
        Ok(())
    }

    /// Called as a method of the handle behind it, which it hides.
    #[signal]
    fn cancel(&self, _reason: String) {}

    #[signal(name = "clone-it")]
    fn clone(&self) {}

    #[query]
    fn deref(&self) -> u8 {
        1
    }

    #[update(name = "note")]
    async fn write(&self, _ctx: Ctx, text: String, _times: u8) -> Result<usize, AnyError> {
        Ok(text.len())
    }
}

#[derive(Clone, Debug)]
struct Recorder;

impl Recorder {
    fn cancel(&self) -> &'static str {
        "the platform's"
    }

    fn id(&self) -> u8 {
        7
    }
}

impl<D: WorkflowDefinition> SignalTarget<D> for Recorder {
    type Signal = String;

    fn signal<I: Arguments>(&self, call: SignalCall<D, I>) -> String {
        format!("{}/{}", call.name(), I::COUNT)
    }
}

impl<D: WorkflowDefinition> QueryTarget<D> for Recorder {
    type Query<O: Value> = (String, PhantomData<O>);

    fn query<I: Arguments, O: Value>(&self, call: QueryCall<D, I, O>) -> (String, PhantomData<O>) {
        (call.name().to_owned(), PhantomData)
    }
}

impl<D: WorkflowDefinition> UpdateTarget<D> for Recorder {
    type Update<O: Value, E: CallError> = (String, PhantomData<(O, E)>);

    fn update<I: Arguments, O: Value, E: CallError>(
        &self,
        call: UpdateCall<D, I, O, E>,
    ) -> (String, PhantomData<(O, E)>) {
        (call.name().to_owned(), PhantomData)
    }
}

/// Signals only, as from inside a workflow.
struct SignalsOnly;

impl<D: WorkflowDefinition> SignalTarget<D> for SignalsOnly {
    type Signal = ();

    fn signal<I: Arguments>(&self, _call: SignalCall<D, I>) {}
}

#[workflow]
async fn silent(_ctx: Ctx) -> WorkflowResult<()> {
    Ok(())
}

fn main() {
    let handle = <Approval as WorkflowDefinition>::handle(Recorder);
    assert_eq!(handle.cancel("late".to_owned()), "cancel/1");
    assert_eq!((*handle).cancel(), "the platform's");
    assert_eq!(handle.clone(), "clone-it/0");
    assert_eq!(handle.id(), 7);
    let (query, _): (String, PhantomData<u8>) = handle.deref();
    let (update, _): (String, PhantomData<(usize, AnyError)>) = handle.write("hi".to_owned(), 2);
    assert_eq!((query.as_str(), update.as_str()), ("deref", "note"));
    assert_eq!(format!("{handle:?}"), "ApprovalHandle(Recorder)");
    <Approval as WorkflowDefinition>::handle(SignalsOnly).cancel("late".to_owned());
    let Recorder = <silent as WorkflowDefinition>::handle(Recorder);
}
