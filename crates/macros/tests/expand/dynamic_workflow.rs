fn fallback(
    called: ::std::string::String,
    arguments: RawArguments,
) -> ::perpetua::__macro::WorkflowCall<fallback> {
    ::perpetua::__macro::WorkflowCall::named(
        called,
        ::perpetua::__macro::called_arguments(arguments),
    )
}
#[doc(hidden)]
#[allow(non_camel_case_types, missing_debug_implementations)]
struct fallback {}
#[allow(clippy::future_not_send, clippy::unused_async)]
impl fallback {
    async fn call(ctx: Ctx, arguments: RawArguments) -> WorkflowResult<RawValue> {
        Ok(arguments.answer(&1)?)
    }
}
#[automatically_derived]
impl ::perpetua::__macro::WorkflowDefinition for fallback {
    const NAME: &'static str = "fallback";
    type Input = ::perpetua::__macro::RawArguments;
    type Output = <WorkflowResult<
        RawValue,
    > as ::perpetua::__macro::WorkflowReturned>::Output;
    type Error = <WorkflowResult<
        RawValue,
    > as ::perpetua::__macro::WorkflowReturned>::Error;
    type Handle<T> = T;
    fn handle<T>(target: T) -> T {
        target
    }
}
#[automatically_derived]
impl ::perpetua::__macro::WorkflowImplementation for fallback {
    const DYNAMIC: bool = true;
    fn create(_: &::perpetua::__macro::Ctx, _: &Self::Input) -> Self {
        Self {}
    }
    fn run(
        self: ::std::rc::Rc<Self>,
        context: ::perpetua::__macro::Ctx,
        argument_1: Self::Input,
    ) -> ::perpetua::__macro::LocalFuture<
        ::core::result::Result<
            Self::Output,
            ::perpetua::__macro::WorkflowError<Self::Error>,
        >,
    > {
        ::std::boxed::Box::pin(async move {
            <WorkflowResult<
                RawValue,
            > as ::perpetua::__macro::WorkflowReturned>::into_result(
                fallback::call(
                        ::perpetua::__macro::workflow_context(context),
                        ::perpetua::__macro::dynamic_arguments(argument_1),
                    )
                    .await,
            )
        })
    }
    fn handlers(_: &mut ::perpetua::__macro::Handlers<Self>) {}
}
