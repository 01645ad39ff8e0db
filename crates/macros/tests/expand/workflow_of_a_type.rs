#[doc(hidden)]
#[allow(
    async_fn_in_trait,
    dead_code,
    non_camel_case_types,
    clippy::all,
    clippy::pedantic,
    clippy::nursery
)]
trait __ApprovalMethods_run: Sized {
    async fn run(&self, ctx: Ctx, order: Order) -> WorkflowResult<Receipt, OrderError>;
    fn approve(&self, by: String);
    #[cfg(unix)]
    async fn add(&self, ctx: Ctx, item: Item, count: u8) -> WorkflowResult<()>;
    fn approver(&self) -> Option<String>;
    fn total(&self) -> Result<u64, OrderError>;
    async fn note(&self, ctx: Ctx, text: String) -> Result<usize, NoteError>;
}
#[allow(clippy::future_not_send)]
impl __ApprovalMethods_run for Approval {
    async fn run(&self, ctx: Ctx, order: Order) -> WorkflowResult<Receipt, OrderError> {
        self.wait(ctx).await
    }
    /// Approves.
    fn approve(&self, by: String) {
        self.approved_by.set(Some(by));
    }
    #[cfg(unix)]
    async fn add(&self, ctx: Ctx, item: Item, count: u8) -> WorkflowResult<()> {
        Ok(())
    }
    fn approver(&self) -> Option<String> {
        self.approved_by.get()
    }
    fn total(&self) -> Result<u64, OrderError> {
        Ok(1)
    }
    async fn note(&self, ctx: Ctx, text: String) -> Result<usize, NoteError> {
        Ok(text.len())
    }
}
impl Approval {
    fn new(ctx: &Ctx, order: &Order) -> Self {
        Self { order }
    }
    fn check_note(&self, text: &str) -> Result<(), NoteError> {
        Ok(())
    }
}
#[allow(clippy::all, clippy::pedantic, clippy::nursery)]
const _: () = {
    #[allow(dead_code)]
    impl Approval {
        fn run(order: Order) -> ::perpetua::__macro::WorkflowCall<Approval> {
            ::perpetua::__macro::WorkflowCall::new((order,))
        }
        /// Approves.
        pub fn approve(
            by: String,
        ) -> ::perpetua::__macro::SignalCall<Approval, (String,)> {
            ::perpetua::__macro::SignalCall::new("approve", (by,))
        }
        #[cfg(unix)]
        fn add(
            item: Item,
            count: u8,
        ) -> ::perpetua::__macro::SignalCall<Approval, (Item, u8)> {
            ::perpetua::__macro::SignalCall::new("add-item", (item, count))
        }
        fn approver() -> ::perpetua::__macro::QueryCall<
            Approval,
            (),
            <Option<String> as ::perpetua::__macro::Answer>::Value,
        > {
            ::perpetua::__macro::QueryCall::new("approver", ())
        }
        fn total() -> ::perpetua::__macro::QueryCall<
            Approval,
            (),
            <Result<u64, OrderError> as ::perpetua::__macro::Returned>::Output,
        > {
            ::perpetua::__macro::QueryCall::new("total", ())
        }
        fn note(
            text: String,
        ) -> ::perpetua::__macro::UpdateCall<
            Approval,
            (String,),
            <Result<usize, NoteError> as ::perpetua::__macro::Returned>::Output,
            <Result<usize, NoteError> as ::perpetua::__macro::Returned>::Error,
        > {
            ::perpetua::__macro::UpdateCall::new("note", (text,))
        }
    }
    #[doc(hidden)]
    #[allow(non_camel_case_types)]
    pub struct ApprovalHandle<T>(T);
    #[allow(dead_code)]
    impl<
        __Target: ::perpetua::__macro::SignalTarget<Approval>,
    > ApprovalHandle<__Target> {
        /// Approves.
        #[track_caller]
        pub fn approve(
            &self,
            by: String,
        ) -> <__Target as ::perpetua::__macro::SignalTarget<Approval>>::Signal {
            <__Target as ::perpetua::__macro::SignalTarget<
                Approval,
            >>::signal::<
                <(String,) as ::perpetua::__macro::MessageArguments>::Tuple,
            >(&self.0, ::perpetua::__macro::SignalCall::new("approve", (by,)))
        }
    }
    #[cfg(unix)]
    #[allow(dead_code)]
    impl<
        __Target: ::perpetua::__macro::SignalTarget<Approval>,
    > ApprovalHandle<__Target> {
        #[cfg(unix)]
        #[track_caller]
        fn add(
            &self,
            item: Item,
            count: u8,
        ) -> <__Target as ::perpetua::__macro::SignalTarget<Approval>>::Signal {
            <__Target as ::perpetua::__macro::SignalTarget<
                Approval,
            >>::signal::<
                <(Item, u8) as ::perpetua::__macro::MessageArguments>::Tuple,
            >(&self.0, ::perpetua::__macro::SignalCall::new("add-item", (item, count)))
        }
    }
    #[allow(dead_code)]
    impl<__Target: ::perpetua::__macro::QueryTarget<Approval>> ApprovalHandle<__Target> {
        #[track_caller]
        fn approver(
            &self,
        ) -> <__Target as ::perpetua::__macro::QueryTarget<
            Approval,
        >>::Query<<Option<String> as ::perpetua::__macro::Answer>::Value> {
            <__Target as ::perpetua::__macro::QueryTarget<
                Approval,
            >>::query::<
                <() as ::perpetua::__macro::MessageArguments>::Tuple,
                <Option<String> as ::perpetua::__macro::Answer>::Value,
            >(&self.0, ::perpetua::__macro::QueryCall::new("approver", ()))
        }
    }
    #[allow(dead_code)]
    impl<__Target: ::perpetua::__macro::QueryTarget<Approval>> ApprovalHandle<__Target> {
        #[track_caller]
        fn total(
            &self,
        ) -> <__Target as ::perpetua::__macro::QueryTarget<
            Approval,
        >>::Query<<Result<u64, OrderError> as ::perpetua::__macro::Returned>::Output> {
            <__Target as ::perpetua::__macro::QueryTarget<
                Approval,
            >>::query::<
                <() as ::perpetua::__macro::MessageArguments>::Tuple,
                <Result<u64, OrderError> as ::perpetua::__macro::Returned>::Output,
            >(&self.0, ::perpetua::__macro::QueryCall::new("total", ()))
        }
    }
    #[allow(dead_code)]
    impl<
        __Target: ::perpetua::__macro::UpdateTarget<Approval>,
    > ApprovalHandle<__Target> {
        #[track_caller]
        fn note(
            &self,
            text: String,
        ) -> <__Target as ::perpetua::__macro::UpdateTarget<
            Approval,
        >>::Update<
            <Result<usize, NoteError> as ::perpetua::__macro::Returned>::Output,
            <Result<usize, NoteError> as ::perpetua::__macro::Returned>::Error,
        > {
            <__Target as ::perpetua::__macro::UpdateTarget<
                Approval,
            >>::update::<
                <(String,) as ::perpetua::__macro::MessageArguments>::Tuple,
                <Result<usize, NoteError> as ::perpetua::__macro::Returned>::Output,
                <Result<usize, NoteError> as ::perpetua::__macro::Returned>::Error,
            >(&self.0, ::perpetua::__macro::UpdateCall::new("note", (text,)))
        }
    }
    #[automatically_derived]
    impl<T> ::core::ops::Deref for ApprovalHandle<T> {
        type Target = T;
        fn deref(&self) -> &T {
            &self.0
        }
    }
    #[automatically_derived]
    impl<T: ::core::clone::Clone> ::core::clone::Clone for ApprovalHandle<T> {
        fn clone(&self) -> Self {
            Self(::core::clone::Clone::clone(&self.0))
        }
    }
    #[automatically_derived]
    impl<T: ::core::fmt::Debug> ::core::fmt::Debug for ApprovalHandle<T> {
        fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
            f.debug_tuple("ApprovalHandle").field(&self.0).finish()
        }
    }
    #[automatically_derived]
    impl ::perpetua::__macro::WorkflowDefinition for Approval {
        const NAME: &'static str = "Approval";
        type Input = (Order,);
        type Output = <WorkflowResult<
            Receipt,
            OrderError,
        > as ::perpetua::__macro::WorkflowReturned>::Output;
        type Error = <WorkflowResult<
            Receipt,
            OrderError,
        > as ::perpetua::__macro::WorkflowReturned>::Error;
        type Handle<T> = ApprovalHandle<T>;
        fn handle<T>(target: T) -> ApprovalHandle<T> {
            ApprovalHandle(target)
        }
    }
    #[automatically_derived]
    impl ::perpetua::__macro::WorkflowImplementation for Approval {
        fn create(
            context: &::perpetua::__macro::Ctx,
            (argument_1,): &Self::Input,
        ) -> Self {
            Self::new(context, argument_1)
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
                    Receipt,
                    OrderError,
                > as ::perpetua::__macro::WorkflowReturned>::into_result(
                    <Self as __ApprovalMethods_run>::run(
                            &*self,
                            ::perpetua::__macro::workflow_context(context),
                            argument_1,
                        )
                        .await,
                )
            })
        }
        #[allow(unused_variables)]
        fn handlers(handlers: &mut ::perpetua::__macro::Handlers<Self>) {
            {
                handlers
                    .signal::<
                        <(String,) as ::perpetua::__macro::MessageArguments>::Tuple,
                        <() as ::perpetua::__macro::SignalAnswer>::Returned,
                    >(
                        "approve",
                        |
                            this: ::std::rc::Rc<Self>,
                            _,
                            (
                                argument_1,
                            ): <(
                                String,
                            ) as ::perpetua::__macro::MessageArguments>::Tuple|
                        ::perpetua::__macro::Handling::Done(
                            <() as ::perpetua::__macro::SignalAnswer>::into_returned(
                                <Self as __ApprovalMethods_run>::approve(&*this, argument_1),
                            ),
                        ),
                    )
                    .description("Approves.");
            }
            #[cfg(unix)]
            {
                handlers
                    .signal::<
                        <(Item, u8) as ::perpetua::__macro::MessageArguments>::Tuple,
                        <WorkflowResult<
                            (),
                        > as ::perpetua::__macro::SignalAnswer>::Returned,
                    >(
                        "add-item",
                        |
                            this: ::std::rc::Rc<Self>,
                            context,
                            (
                                argument_1,
                                argument_2,
                            ): <(
                                Item,
                                u8,
                            ) as ::perpetua::__macro::MessageArguments>::Tuple|
                        ::perpetua::__macro::Handling::running(async move {
                            <WorkflowResult<
                                (),
                            > as ::perpetua::__macro::SignalAnswer>::into_returned(
                                <Self as __ApprovalMethods_run>::add(
                                        &*this,
                                        ::perpetua::__macro::workflow_context(context),
                                        argument_1,
                                        argument_2,
                                    )
                                    .await,
                            )
                        }),
                    );
            }
            {
                handlers
                    .query::<
                        <() as ::perpetua::__macro::MessageArguments>::Tuple,
                        <Option<String> as ::perpetua::__macro::Answer>::Value,
                    >(
                        "approver",
                        |
                            this: &Self,
                            (): <() as ::perpetua::__macro::MessageArguments>::Tuple|
                        <Option<
                            String,
                        > as ::perpetua::__macro::Answer>::into_value(
                            <Self as __ApprovalMethods_run>::approver(&*this),
                        ),
                    );
            }
            {
                handlers
                    .fallible_query::<
                        <() as ::perpetua::__macro::MessageArguments>::Tuple,
                        <Result<
                            u64,
                            OrderError,
                        > as ::perpetua::__macro::Returned>::Output,
                        <Result<
                            u64,
                            OrderError,
                        > as ::perpetua::__macro::Returned>::Thrown,
                    >(
                        "total",
                        |
                            this: &Self,
                            (): <() as ::perpetua::__macro::MessageArguments>::Tuple|
                        <Result<
                            u64,
                            OrderError,
                        > as ::perpetua::__macro::Returned>::into_result(
                            <Self as __ApprovalMethods_run>::total(&*this),
                        ),
                    );
            }
            {
                handlers
                    .update::<
                        <(String,) as ::perpetua::__macro::MessageArguments>::Tuple,
                        <Result<
                            usize,
                            NoteError,
                        > as ::perpetua::__macro::Returned>::Output,
                        <Result<
                            usize,
                            NoteError,
                        > as ::perpetua::__macro::Returned>::Thrown,
                    >(
                        "note",
                        |
                            this: ::std::rc::Rc<Self>,
                            context,
                            (
                                argument_1,
                            ): <(
                                String,
                            ) as ::perpetua::__macro::MessageArguments>::Tuple|
                        ::perpetua::__macro::Handling::running(async move {
                            <Result<
                                usize,
                                NoteError,
                            > as ::perpetua::__macro::Returned>::into_result(
                                <Self as __ApprovalMethods_run>::note(
                                        &*this,
                                        ::perpetua::__macro::workflow_context(context),
                                        argument_1,
                                    )
                                    .await,
                            )
                        }),
                    );
                handlers
                    .validator(|
                        this: &Self,
                        (
                            argument_1,
                        ): &<(String,) as ::perpetua::__macro::MessageArguments>::Tuple|
                    Self::check_note(this, argument_1));
            }
        }
    }
};
