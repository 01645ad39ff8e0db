/// Greets.
#[deprecated]
pub(crate) fn greet(
    name: String,
    times: u8,
) -> ::perpetua::__macro::ActivityCall<greet> {
    ::perpetua::__macro::ActivityCall::new((name, times))
}
#[doc(hidden)]
#[allow(non_camel_case_types, missing_debug_implementations)]
pub(crate) struct greet {}
#[allow(clippy::unused_async)]
impl greet {
    /// Greets.
    #[instrument]
    pub(crate) async fn call(
        ctx: ActivityContext,
        name: String,
        mut times: u8,
    ) -> Result<String, GreetError> {
        times += 1;
        ctx.heartbeat(times);
        Ok(name)
    }
}
#[automatically_derived]
impl ::perpetua::__macro::ActivityDefinition for greet {
    const NAME: &'static str = "hello";
    type Input = (String, u8);
    type Output = <Result<String, GreetError> as ::perpetua::__macro::Returned>::Output;
    type Error = <Result<String, GreetError> as ::perpetua::__macro::Returned>::Error;
}
#[automatically_derived]
impl ::perpetua::__macro::ActivityImplementation for greet {
    fn execute(
        context: ::perpetua::__macro::ActivityContext,
        (argument_1, argument_2): Self::Input,
    ) -> ::perpetua::__macro::ActivityExecution<Self::Output> {
        ::perpetua::__macro::ActivityExecution::running(async move {
            <Result<
                String,
                GreetError,
            > as ::perpetua::__macro::Returned>::into_result(
                greet::call(
                        ::perpetua::__macro::activity_context(context),
                        argument_1,
                        argument_2,
                    )
                    .await,
            )
        })
    }
}
