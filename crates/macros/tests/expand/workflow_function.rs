fn greeting(name: String) -> ::perpetua::__macro::WorkflowCall<greeting> {
    ::perpetua::__macro::WorkflowCall::new((name,))
}
#[doc(hidden)]
#[allow(non_camel_case_types, missing_debug_implementations)]
struct greeting {}
#[allow(clippy::future_not_send, clippy::unused_async)]
impl greeting {
    async fn call(ctx: Ctx, name: String) -> WorkflowResult<String> {
        Ok(name)
    }
}
#[automatically_derived]
impl ::perpetua::__macro::WorkflowDefinition for greeting {
    const NAME: &'static str = "greeting";
    type Input = (String,);
    type Output = <WorkflowResult<
        String,
    > as ::perpetua::__macro::WorkflowReturned>::Output;
    type Error = <WorkflowResult<
        String,
    > as ::perpetua::__macro::WorkflowReturned>::Error;
    type Handle<T> = T;
    fn handle<T>(target: T) -> T {
        target
    }
}
#[automatically_derived]
impl ::perpetua::__macro::WorkflowImplementation for greeting {
    fn create(_: &::perpetua::__macro::Ctx, _: &Self::Input) -> Self {
        Self {}
    }
    fn run(
        self: ::std::rc::Rc<Self>,
        context: ::perpetua::__macro::Ctx,
        (argument_1,): Self::Input,
    ) -> ::perpetua::__macro::LocalFuture<
        ::core::result::Result<
            Self::Output,
            ::perpetua::__macro::WorkflowError<Self::Error>,
        >,
    > {
        ::std::boxed::Box::pin(async move {
            <WorkflowResult<
                String,
            > as ::perpetua::__macro::WorkflowReturned>::into_result(
                greeting::call(
                        ::perpetua::__macro::workflow_context(context),
                        argument_1,
                    )
                    .await,
            )
        })
    }
    fn handlers(_: &mut ::perpetua::__macro::Handlers<Self>) {}
}
