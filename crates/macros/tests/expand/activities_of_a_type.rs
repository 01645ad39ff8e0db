#[doc(hidden)]
#[allow(
    async_fn_in_trait,
    dead_code,
    non_camel_case_types,
    clippy::all,
    clippy::pedantic,
    clippy::nursery
)]
trait __BankActivities_withdraw: Sized {
    async fn withdraw(
        &self,
        ctx: ActivityContext,
        account: String,
        cents: u64,
    ) -> Result<Receipt, BankError>;
    #[cfg(unix)]
    fn hash(&self, other: Self) -> Result<Digest, BankError>;
}
#[allow(clippy::future_not_send)]
impl __BankActivities_withdraw for Bank {
    /// Takes money out.
    async fn withdraw(
        &self,
        ctx: ActivityContext,
        account: String,
        cents: u64,
    ) -> Result<Receipt, BankError> {
        self.check(cents)
    }
    #[cfg(unix)]
    fn hash(&self, other: Self) -> Result<Digest, BankError> {
        todo(other)
    }
}
impl Bank {
    const LIMIT: u64 = 100;
    fn check(&self, cents: u64) -> Result<Receipt, BankError> {
        todo(cents)
    }
}
#[allow(clippy::all, clippy::pedantic, clippy::nursery)]
const _: () = {
    #[doc(hidden)]
    #[allow(dead_code, non_camel_case_types, missing_debug_implementations)]
    pub struct withdraw_of<Owner>(::core::marker::PhantomData<fn() -> Owner>);
    #[automatically_derived]
    impl ::perpetua::__macro::ActivityDefinition for withdraw_of<Bank> {
        const NAME: &'static str = "withdraw";
        type Input = (String, u64);
        type Output = <Result<
            Receipt,
            BankError,
        > as ::perpetua::__macro::Returned>::Output;
        type Error = <Result<
            Receipt,
            BankError,
        > as ::perpetua::__macro::Returned>::Error;
    }
    #[cfg(unix)]
    #[doc(hidden)]
    #[allow(dead_code, non_camel_case_types, missing_debug_implementations)]
    struct hash_of<Owner>(::core::marker::PhantomData<fn() -> Owner>);
    #[cfg(unix)]
    #[automatically_derived]
    impl ::perpetua::__macro::ActivityDefinition for hash_of<Bank> {
        const NAME: &'static str = "hash_statement";
        type Input = (Bank,);
        type Output = <Result<
            Digest,
            BankError,
        > as ::perpetua::__macro::Returned>::Output;
        type Error = <Result<Digest, BankError> as ::perpetua::__macro::Returned>::Error;
    }
    /// What a bank does.
    #[allow(dead_code)]
    impl Bank {
        /// Takes money out.
        pub fn withdraw(
            account: String,
            cents: u64,
        ) -> ::perpetua::__macro::ActivityCall<withdraw_of<Bank>> {
            ::perpetua::__macro::ActivityCall::new((account, cents))
        }
        #[cfg(unix)]
        fn hash(other: Bank) -> ::perpetua::__macro::ActivityCall<hash_of<Bank>> {
            ::perpetua::__macro::ActivityCall::new((other,))
        }
    }
    #[automatically_derived]
    impl ::perpetua::__macro::ActivitySet for Bank {
        #[allow(unused_variables)]
        fn register(
            self: ::std::sync::Arc<Self>,
            activities: &mut ::perpetua::__macro::Activities,
        ) {
            {
                let this = ::std::sync::Arc::clone(&self);
                activities
                    .add::<
                        withdraw_of<Bank>,
                    >(move |context, (argument_1, argument_2)| {
                        let this = ::std::sync::Arc::clone(&this);
                        ::perpetua::__macro::ActivityExecution::running(async move {
                            <Result<
                                Receipt,
                                BankError,
                            > as ::perpetua::__macro::Returned>::into_result(
                                <Bank as __BankActivities_withdraw>::withdraw(
                                        &*this,
                                        ::perpetua::__macro::activity_context(context),
                                        argument_1,
                                        argument_2,
                                    )
                                    .await,
                            )
                        })
                    });
            }
            #[cfg(unix)]
            {
                let this = ::std::sync::Arc::clone(&self);
                activities
                    .add::<
                        hash_of<Bank>,
                    >(move |_, (argument_1,)| {
                        let this = ::std::sync::Arc::clone(&this);
                        ::perpetua::__macro::ActivityExecution::blocking(move || <Result<
                            Digest,
                            BankError,
                        > as ::perpetua::__macro::Returned>::into_result(
                            <Bank as __BankActivities_withdraw>::hash(&*this, argument_1),
                        ))
                    });
            }
        }
    }
};
