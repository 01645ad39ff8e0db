#[automatically_derived]
#[allow(deprecated)]
impl ::perpetua::__macro::ApplicationError for BankError {
    #[allow(unused_variables)]
    fn describe(
        &self,
        converter: &::perpetua::__macro::DataConverter,
    ) -> ::core::result::Result<
        ::perpetua::__macro::ApplicationDescription,
        ::perpetua::__macro::ConversionError,
    > {
        ::core::result::Result::Ok(
            match self {
                Self::InsufficientFunds { available: field_1, needed: field_2 } => {
                    ::perpetua::__macro::ApplicationDescription {
                        non_retryable: true,
                        ..::perpetua::__macro::derive::named(
                            "InsufficientFunds",
                            &["available", "needed"],
                            (field_1, (field_2, ())),
                            converter,
                        )?
                    }
                }
                Self::AccountClosed { 0: field_1, 1: field_2 } => {
                    ::perpetua::__macro::ApplicationDescription {
                        category: ::perpetua::__macro::ErrorCategory::Benign,
                        cause: ::perpetua::__macro::FromCause::to_cause(
                            field_2,
                            converter,
                        ),
                        ..::perpetua::__macro::derive::positional(
                            "Closed",
                            (field_1, ()),
                            converter,
                        )?
                    }
                }
                Self::Unavailable {} => {
                    ::perpetua::__macro::ApplicationDescription {
                        next_retry_delay: ::core::option::Option::Some(
                            ::core::time::Duration::new(0u64, 500000000u32),
                        ),
                        ..::perpetua::__macro::derive::unit("Unavailable")
                    }
                }
            },
        )
    }
    #[allow(unused_variables)]
    fn rebuild(
        remote: &::perpetua::__macro::RemoteApplication<'_>,
        converter: &::perpetua::__macro::DataConverter,
    ) -> ::core::option::Option<Self> {
        match remote.failure_type {
            "InsufficientFunds" => {
                let (field_1, (field_2, ())) = ::perpetua::__macro::derive::read_named(
                    remote,
                    &["available", "needed"],
                    converter,
                )?;
                ::core::option::Option::Some(Self::InsufficientFunds {
                    available: field_1,
                    needed: field_2,
                })
            }
            "Closed" => {
                let (field_1, ()) = ::perpetua::__macro::derive::read_positional(
                    remote,
                    converter,
                )?;
                let field_2 = ::perpetua::__macro::FromCause::from_cause(
                    remote.cause,
                    converter,
                )?;
                ::core::option::Option::Some(Self::AccountClosed {
                    0: field_1,
                    1: field_2,
                })
            }
            "Unavailable" => ::core::option::Option::Some(Self::Unavailable {}),
            _ => ::core::option::Option::None,
        }
    }
    fn as_canceled(&self) -> ::core::option::Option<&::perpetua::__macro::Canceled> {
        match self {
            Self::AccountClosed { 1: field_2, .. } => {
                ::perpetua::__macro::FromCause::as_canceled(field_2)
            }
            _ => ::core::option::Option::None,
        }
    }
}
