//! Workflows and activities without the macros crate.

use std::time::Duration;

use perpetua_contract::{Activity, ActivityCall, NamedActivity};
use perpetua_convert::{Arguments, Value, WorkflowResult};
use perpetua_workflow::implementation::Handling;

/// Defines a workflow: its state, its main function, how it is built, what messages it takes.
macro_rules! workflow {
    (
        $name:ident $({ $($field:ident: $type:ty),* $(,)? })?
        run |$this:pat_param, $ctx:pat_param, $input:pat_param| $Input:ty => $Output:ty $body:block
        $(init |$init_ctx:pat_param, $init_input:pat_param| $init:block)?
        $(handlers |$handlers:ident| $list:block)?
    ) => {
        #[derive(Default)]
        struct $name { $($($field: $type),*)? }

        impl perpetua_contract::WorkflowDefinition for $name {
            const NAME: &'static str = stringify!($name);
            type Input = $Input;
            type Output = $Output;
            type Error = perpetua_convert::AnyError;
            type Handle<T> = T;

            fn handle<T>(target: T) -> T {
                target
            }
        }

        impl perpetua_workflow::implementation::WorkflowImplementation for $name {
            #[allow(unreachable_code, unused_variables)]
            fn create(ctx: &perpetua_workflow::Ctx, input: &$Input) -> Self {
                $({ let $init_ctx = ctx; let $init_input = input; return $init; })?
                Self::default()
            }

            fn run(
                self: std::rc::Rc<Self>,
                $ctx: perpetua_workflow::Ctx,
                $input: $Input,
            ) -> perpetua_workflow::implementation::LocalFuture<perpetua_convert::WorkflowResult<$Output>> {
                let $this = self;
                Box::pin(async move { $body })
            }

            #[allow(unused_variables)]
            fn handlers(handlers: &mut perpetua_workflow::implementation::Handlers<Self>) {
                $({ let $handlers = handlers; $list })?
            }
        }
    };
}

pub(crate) use workflow;

/// A call of an activity that is known by name.
pub(crate) fn activity<O: Value>(
    name: &'static str,
    arguments: impl Arguments,
) -> ActivityCall<NamedActivity<impl Arguments, O>> {
    Activity::named(name).args(arguments).returning()
}

pub(crate) fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// `Ok`, as a workflow returns it.
pub(crate) fn fine<T>(value: T) -> WorkflowResult<T> {
    Ok(value)
}

/// What an update handler returns that is done.
pub(crate) fn done<T>(result: WorkflowResult<T>) -> Handling<WorkflowResult<T>> {
    Handling::Done(result)
}

/// What an update handler returns that goes on.
pub(crate) fn later<T>(future: impl Future<Output = WorkflowResult<T>> + 'static) -> Handling<WorkflowResult<T>> {
    Handling::running(future)
}
