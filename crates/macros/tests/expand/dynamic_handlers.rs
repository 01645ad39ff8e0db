#[doc(hidden)]
#[allow(
    async_fn_in_trait,
    dead_code,
    non_camel_case_types,
    clippy::all,
    clippy::pedantic,
    clippy::nursery
)]
trait __DeskMethods_run: Sized {
    async fn run(&self, ctx: Ctx) -> WorkflowResult<()>;
    async fn other(&self, ctx: Ctx, name: String, arguments: RawArguments);
    fn look(&self, name: String, arguments: RawArguments) -> Result<RawValue, AnyError>;
    fn put(&self, name: String, arguments: RawArguments) -> Result<usize, AnyError>;
}
#[allow(clippy::future_not_send)]
impl __DeskMethods_run for Desk {
    async fn run(&self, ctx: Ctx) -> WorkflowResult<()> {
        Ok(())
    }
    /// Takes whatever comes,
    /// and keeps it.
    ///
    /// Nobody reads it.
    async fn other(&self, ctx: Ctx, name: String, arguments: RawArguments) {}
    fn look(&self, name: String, arguments: RawArguments) -> Result<RawValue, AnyError> {
        Ok(arguments.answer(&name)?)
    }
    fn put(&self, name: String, arguments: RawArguments) -> Result<usize, AnyError> {
        Ok(arguments.len())
    }
}
impl Desk {
    fn check(&self, name: &str, arguments: &RawArguments) -> Result<(), AnyError> {
        Ok(())
    }
}
#[allow(clippy::all, clippy::pedantic, clippy::nursery)]
const _: () = {
    #[allow(dead_code)]
    impl Desk {
        fn run() -> ::perpetua::__macro::WorkflowCall<Desk> {
            ::perpetua::__macro::WorkflowCall::new(())
        }
        /// Takes whatever comes,
        /// and keeps it.
        ///
        /// Nobody reads it.
        fn other(
            name: String,
            arguments: RawArguments,
        ) -> ::perpetua::__macro::SignalCall<Desk, ::perpetua::__macro::RawArguments> {
            ::perpetua::__macro::SignalCall::new(
                ::perpetua::__macro::called_name(name),
                ::perpetua::__macro::called_arguments(arguments),
            )
        }
        fn look(
            name: String,
            arguments: RawArguments,
        ) -> ::perpetua::__macro::QueryCall<
            Desk,
            ::perpetua::__macro::RawArguments,
            <Result<RawValue, AnyError> as ::perpetua::__macro::Returned>::Output,
        > {
            ::perpetua::__macro::QueryCall::new(
                ::perpetua::__macro::called_name(name),
                ::perpetua::__macro::called_arguments(arguments),
            )
        }
        fn put(
            name: String,
            arguments: RawArguments,
        ) -> ::perpetua::__macro::UpdateCall<
            Desk,
            ::perpetua::__macro::RawArguments,
            <Result<usize, AnyError> as ::perpetua::__macro::Returned>::Output,
            <Result<usize, AnyError> as ::perpetua::__macro::Returned>::Error,
        > {
            ::perpetua::__macro::UpdateCall::new(
                ::perpetua::__macro::called_name(name),
                ::perpetua::__macro::called_arguments(arguments),
            )
        }
    }
    #[doc(hidden)]
    #[allow(non_camel_case_types)]
    pub struct DeskHandle<T>(T);
    #[allow(dead_code)]
    impl<__Target: ::perpetua::__macro::SignalTarget<Desk>> DeskHandle<__Target> {
        /// Takes whatever comes,
        /// and keeps it.
        ///
        /// Nobody reads it.
        #[track_caller]
        fn other(
            &self,
            name: String,
            arguments: RawArguments,
        ) -> <__Target as ::perpetua::__macro::SignalTarget<Desk>>::Signal {
            <__Target as ::perpetua::__macro::SignalTarget<
                Desk,
            >>::signal::<
                ::perpetua::__macro::RawArguments,
            >(
                &self.0,
                ::perpetua::__macro::SignalCall::new(
                    ::perpetua::__macro::called_name(name),
                    ::perpetua::__macro::called_arguments(arguments),
                ),
            )
        }
    }
    #[allow(dead_code)]
    impl<__Target: ::perpetua::__macro::QueryTarget<Desk>> DeskHandle<__Target> {
        #[track_caller]
        fn look(
            &self,
            name: String,
            arguments: RawArguments,
        ) -> <__Target as ::perpetua::__macro::QueryTarget<
            Desk,
        >>::Query<
            <Result<RawValue, AnyError> as ::perpetua::__macro::Returned>::Output,
        > {
            <__Target as ::perpetua::__macro::QueryTarget<
                Desk,
            >>::query::<
                ::perpetua::__macro::RawArguments,
                <Result<RawValue, AnyError> as ::perpetua::__macro::Returned>::Output,
            >(
                &self.0,
                ::perpetua::__macro::QueryCall::new(
                    ::perpetua::__macro::called_name(name),
                    ::perpetua::__macro::called_arguments(arguments),
                ),
            )
        }
    }
    #[allow(dead_code)]
    impl<__Target: ::perpetua::__macro::UpdateTarget<Desk>> DeskHandle<__Target> {
        #[track_caller]
        fn put(
            &self,
            name: String,
            arguments: RawArguments,
        ) -> <__Target as ::perpetua::__macro::UpdateTarget<
            Desk,
        >>::Update<
            <Result<usize, AnyError> as ::perpetua::__macro::Returned>::Output,
            <Result<usize, AnyError> as ::perpetua::__macro::Returned>::Error,
        > {
            <__Target as ::perpetua::__macro::UpdateTarget<
                Desk,
            >>::update::<
                ::perpetua::__macro::RawArguments,
                <Result<usize, AnyError> as ::perpetua::__macro::Returned>::Output,
                <Result<usize, AnyError> as ::perpetua::__macro::Returned>::Error,
            >(
                &self.0,
                ::perpetua::__macro::UpdateCall::new(
                    ::perpetua::__macro::called_name(name),
                    ::perpetua::__macro::called_arguments(arguments),
                ),
            )
        }
    }
    #[automatically_derived]
    impl<T> ::core::ops::Deref for DeskHandle<T> {
        type Target = T;
        fn deref(&self) -> &T {
            &self.0
        }
    }
    #[automatically_derived]
    impl<T: ::core::clone::Clone> ::core::clone::Clone for DeskHandle<T> {
        fn clone(&self) -> Self {
            Self(::core::clone::Clone::clone(&self.0))
        }
    }
    #[automatically_derived]
    impl<T: ::core::fmt::Debug> ::core::fmt::Debug for DeskHandle<T> {
        fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
            f.debug_tuple("DeskHandle").field(&self.0).finish()
        }
    }
    #[automatically_derived]
    impl ::perpetua::__macro::WorkflowDefinition for Desk {
        const NAME: &'static str = "Desk";
        type Input = ();
        type Output = <WorkflowResult<
            (),
        > as ::perpetua::__macro::WorkflowReturned>::Output;
        type Error = <WorkflowResult<
            (),
        > as ::perpetua::__macro::WorkflowReturned>::Error;
        type Handle<T> = DeskHandle<T>;
        fn handle<T>(target: T) -> DeskHandle<T> {
            DeskHandle(target)
        }
    }
    #[automatically_derived]
    impl ::perpetua::__macro::WorkflowImplementation for Desk {
        fn create(_: &::perpetua::__macro::Ctx, _: &Self::Input) -> Self {
            ::perpetua::__macro::initial_state()
        }
        fn run(
            self: ::std::rc::Rc<Self>,
            context: ::perpetua::__macro::Ctx,
            (): Self::Input,
        ) -> ::perpetua::__macro::LocalFuture<
            ::core::result::Result<
                Self::Output,
                ::perpetua::__macro::WorkflowError<Self::Error>,
            >,
        > {
            ::std::boxed::Box::pin(async move {
                <WorkflowResult<
                    (),
                > as ::perpetua::__macro::WorkflowReturned>::into_result(
                    <Self as __DeskMethods_run>::run(
                            &*self,
                            ::perpetua::__macro::workflow_context(context),
                        )
                        .await,
                )
            })
        }
        #[allow(unused_variables)]
        fn handlers(handlers: &mut ::perpetua::__macro::Handlers<Self>) {
            {
                handlers
                    .dynamic_signal::<
                        <() as ::perpetua::__macro::SignalAnswer>::Returned,
                    >(|
                        this: ::std::rc::Rc<Self>,
                        context,
                        (argument_1, argument_2): ::perpetua::__macro::DynamicMessage|
                    ::perpetua::__macro::Handling::running(async move {
                        <() as ::perpetua::__macro::SignalAnswer>::into_returned(
                            <Self as __DeskMethods_run>::other(
                                    &*this,
                                    ::perpetua::__macro::workflow_context(context),
                                    ::perpetua::__macro::dynamic_name(argument_1),
                                    ::perpetua::__macro::dynamic_arguments(argument_2),
                                )
                                .await,
                        )
                    }))
                    .description("Takes whatever comes, and keeps it.")
                    .unfinished_policy(::perpetua::__macro::UnfinishedPolicy::Abandon);
            }
            {
                handlers
                    .dynamic_fallible_query::<
                        <Result<
                            RawValue,
                            AnyError,
                        > as ::perpetua::__macro::Returned>::Output,
                        <Result<
                            RawValue,
                            AnyError,
                        > as ::perpetua::__macro::Returned>::Thrown,
                    >(|
                        this: &Self,
                        (argument_1, argument_2): ::perpetua::__macro::DynamicMessage|
                    <Result<
                        RawValue,
                        AnyError,
                    > as ::perpetua::__macro::Returned>::into_result(
                        <Self as __DeskMethods_run>::look(
                            &*this,
                            ::perpetua::__macro::dynamic_name(argument_1),
                            ::perpetua::__macro::dynamic_arguments(argument_2),
                        ),
                    ));
            }
            {
                handlers
                    .dynamic_update::<
                        <Result<
                            usize,
                            AnyError,
                        > as ::perpetua::__macro::Returned>::Output,
                        <Result<
                            usize,
                            AnyError,
                        > as ::perpetua::__macro::Returned>::Thrown,
                    >(|
                        this: ::std::rc::Rc<Self>,
                        _,
                        (argument_1, argument_2): ::perpetua::__macro::DynamicMessage|
                    ::perpetua::__macro::Handling::Done(
                        <Result<
                            usize,
                            AnyError,
                        > as ::perpetua::__macro::Returned>::into_result(
                            <Self as __DeskMethods_run>::put(
                                &*this,
                                ::perpetua::__macro::dynamic_name(argument_1),
                                ::perpetua::__macro::dynamic_arguments(argument_2),
                            ),
                        ),
                    ));
                handlers
                    .dynamic_validator(|
                        this: &Self,
                        (argument_1, argument_2): &::perpetua::__macro::DynamicMessage|
                    { Self::check(this, argument_1, argument_2) });
            }
        }
    }
};
