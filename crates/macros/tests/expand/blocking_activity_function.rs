fn hash(argument_1: (u8, u8)) -> ::perpetua::__macro::ActivityCall<hash> {
    ::perpetua::__macro::ActivityCall::new((argument_1,))
}
#[doc(hidden)]
#[allow(non_camel_case_types, missing_debug_implementations)]
struct hash {}
#[allow(clippy::unused_async)]
impl hash {
    fn call((a, b): (u8, u8)) -> Result<u8, AnyError> {
        Ok(a ^ b)
    }
}
#[automatically_derived]
impl ::perpetua::__macro::ActivityDefinition for hash {
    const NAME: &'static str = "hash";
    type Input = ((u8, u8),);
    type Output = <Result<u8, AnyError> as ::perpetua::__macro::Returned>::Output;
    type Error = <Result<u8, AnyError> as ::perpetua::__macro::Returned>::Error;
}
#[automatically_derived]
impl ::perpetua::__macro::ActivityImplementation for hash {
    fn execute(
        _: ::perpetua::__macro::ActivityContext,
        (argument_1,): Self::Input,
    ) -> ::perpetua::__macro::ActivityExecution<Self::Output> {
        ::perpetua::__macro::ActivityExecution::blocking(move || <Result<
            u8,
            AnyError,
        > as ::perpetua::__macro::Returned>::into_result(hash::call(argument_1)))
    }
}
