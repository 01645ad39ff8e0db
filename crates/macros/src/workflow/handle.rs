//! The handle: a method for each message, around whatever can deliver them.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use syn::{Ident, Type, Visibility};

use super::message::{Kind, Message};
use crate::shape;

/// The handle's type, and the items of a `WorkflowDefinition` that give it.
pub(crate) struct Handle {
    pub(crate) items: TokenStream,
    pub(crate) definition: TokenStream,
}

/// Makes the handle of a workflow; without messages none is needed.
pub(crate) fn expand(
    ident: &Ident,
    self_type: &Type,
    messages: &[Message],
    visibility: impl Fn(&Message) -> Visibility,
) -> Handle {
    if messages.is_empty() {
        return Handle {
            items: TokenStream::new(),
            definition: quote! {
                type Handle<T> = T;

                fn handle<T>(target: T) -> T {
                    target
                }
            },
        };
    }
    let name = format_ident!("{}Handle", shape::bare(ident));
    let text = name.to_string();
    let methods = [(Kind::Signal, "SignalTarget"), (Kind::Query, "QueryTarget"), (Kind::Update, "UpdateTarget")].map(
        |(kind, target)| {
            let target = format_ident!("{target}");
            let mut of_kind = messages.iter().filter(|message| message.kind == kind).peekable();
            of_kind.peek()?;
            let methods = of_kind.map(|message| message.handle_method(self_type, &visibility(message)));
            Some(quote! {
                #[allow(dead_code)]
                impl<T: ::perpetua::__macro::#target<#self_type>> #name<T> {
                    #(#methods)*
                }
            })
        },
    );
    let methods = methods.into_iter().flatten();
    let items = quote! {
        #[doc(hidden)]
        pub struct #name<T>(T);

        #(#methods)*

        #[automatically_derived]
        impl<T> ::core::ops::Deref for #name<T> {
            type Target = T;

            fn deref(&self) -> &T {
                &self.0
            }
        }

        #[automatically_derived]
        impl<T: ::core::clone::Clone> ::core::clone::Clone for #name<T> {
            fn clone(&self) -> Self {
                Self(::core::clone::Clone::clone(&self.0))
            }
        }

        #[automatically_derived]
        impl<T: ::core::fmt::Debug> ::core::fmt::Debug for #name<T> {
            fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                f.debug_tuple(#text).field(&self.0).finish()
            }
        }
    };
    let definition = quote! {
        type Handle<T> = #name<T>;

        fn handle<T>(target: T) -> #name<T> {
            #name(target)
        }
    };
    Handle { items, definition }
}
