/// Payments, elsewhere.
#[allow(dead_code, missing_debug_implementations)]
pub enum Payments {}
#[allow(clippy::all, clippy::pedantic, clippy::nursery)]
const _: () = {
    #[doc(hidden)]
    #[allow(dead_code, non_camel_case_types, missing_debug_implementations)]
    pub struct charge_of<Owner>(::core::marker::PhantomData<fn() -> Owner>);
    #[automatically_derived]
    impl ::perpetua::__macro::ActivityDefinition for charge_of<Payments> {
        const NAME: &'static str = "charge_card";
        type Input = (Card,);
        type Output = <Result<
            Receipt,
            PayError,
        > as ::perpetua::__macro::Returned>::Output;
        type Error = <Result<Receipt, PayError> as ::perpetua::__macro::Returned>::Error;
    }
    #[allow(dead_code)]
    impl Payments {
        /// Charges.
        pub fn charge(
            card: Card,
        ) -> ::perpetua::__macro::ActivityCall<charge_of<Payments>> {
            ::perpetua::__macro::ActivityCall::new((card,))
        }
    }
};
