#[allow(dead_code, missing_debug_implementations)]
enum Order {}
#[allow(clippy::all, clippy::pedantic, clippy::nursery)]
const _: () = {
    #[allow(dead_code)]
    impl Order {
        fn run(order: OrderInput) -> ::perpetua::__macro::WorkflowCall<Order> {
            ::perpetua::__macro::WorkflowCall::new((order,))
        }
        fn cancel(reason: String) -> ::perpetua::__macro::SignalCall<Order, (String,)> {
            ::perpetua::__macro::SignalCall::new("cancel", (reason,))
        }
    }
    #[doc(hidden)]
    #[allow(non_camel_case_types)]
    pub struct OrderHandle<T>(T);
    #[allow(dead_code)]
    impl<__Target: ::perpetua::__macro::SignalTarget<Order>> OrderHandle<__Target> {
        #[track_caller]
        fn cancel(
            &self,
            reason: String,
        ) -> <__Target as ::perpetua::__macro::SignalTarget<Order>>::Signal {
            <__Target as ::perpetua::__macro::SignalTarget<
                Order,
            >>::signal::<
                <(String,) as ::perpetua::__macro::MessageArguments>::Tuple,
            >(&self.0, ::perpetua::__macro::SignalCall::new("cancel", (reason,)))
        }
    }
    #[automatically_derived]
    impl<T> ::core::ops::Deref for OrderHandle<T> {
        type Target = T;
        fn deref(&self) -> &T {
            &self.0
        }
    }
    #[automatically_derived]
    impl<T: ::core::clone::Clone> ::core::clone::Clone for OrderHandle<T> {
        fn clone(&self) -> Self {
            Self(::core::clone::Clone::clone(&self.0))
        }
    }
    #[automatically_derived]
    impl<T: ::core::fmt::Debug> ::core::fmt::Debug for OrderHandle<T> {
        fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
            f.debug_tuple("OrderHandle").field(&self.0).finish()
        }
    }
    const _: fn() = || ::perpetua::__macro::signal_returns::<()>();
    #[automatically_derived]
    impl ::perpetua::__macro::WorkflowDefinition for Order {
        const NAME: &'static str = "OrderWorkflow";
        type Input = (OrderInput,);
        type Output = <Result<
            Receipt,
            OrderError,
        > as ::perpetua::__macro::Returned>::Output;
        type Error = <Result<
            Receipt,
            OrderError,
        > as ::perpetua::__macro::Returned>::Error;
        type Handle<T> = OrderHandle<T>;
        fn handle<T>(target: T) -> OrderHandle<T> {
            OrderHandle(target)
        }
    }
};
