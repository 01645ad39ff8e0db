fn fallback(
    called: ::std::string::String,
    arguments: RawArguments,
) -> ::perpetua::__macro::ActivityCall<fallback> {
    ::perpetua::__macro::ActivityCall::named(
        called,
        ::perpetua::__macro::called_arguments(arguments),
    )
}
#[doc(hidden)]
#[allow(non_camel_case_types, missing_debug_implementations)]
struct fallback {}
#[allow(clippy::unused_async)]
impl fallback {
    async fn call(
        ctx: ActivityContext,
        arguments: RawArguments,
    ) -> Result<RawValue, ActivityError> {
        Ok(arguments.answer(&1)?)
    }
}
#[automatically_derived]
impl ::perpetua::__macro::ActivityDefinition for fallback {
    const NAME: &'static str = "fallback";
    type Input = ::perpetua::__macro::RawArguments;
    type Output = <Result<
        RawValue,
        ActivityError,
    > as ::perpetua::__macro::Returned>::Output;
    type Error = <Result<
        RawValue,
        ActivityError,
    > as ::perpetua::__macro::Returned>::Error;
}
#[automatically_derived]
impl ::perpetua::__macro::ActivityImplementation for fallback {
    const DYNAMIC: bool = true;
    fn execute(
        context: ::perpetua::__macro::ActivityContext,
        argument_1: Self::Input,
    ) -> ::perpetua::__macro::ActivityExecution<Self::Output> {
        ::perpetua::__macro::ActivityExecution::running(async move {
            <Result<
                RawValue,
                ActivityError,
            > as ::perpetua::__macro::Returned>::into_result(
                fallback::call(
                        ::perpetua::__macro::activity_context(context),
                        ::perpetua::__macro::dynamic_arguments(argument_1),
                    )
                    .await,
            )
        })
    }
}
