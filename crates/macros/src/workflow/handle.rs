//! The handle: a method for each message, around whatever can deliver them.

use proc_macro2::{Span, TokenStream, TokenTree};
use quote::{ToTokens, format_ident, quote};
use syn::{Ident, Type, Visibility};

use super::message::Message;
use crate::shape;

/// The handle's type, and the items of a `WorkflowDefinition` that give it.
pub(crate) struct Handle {
    pub(crate) items: TokenStream,
    pub(crate) definition: TokenStream,
}

/// `name`, or a longer one where a signature of the user's means something else by it.
fn unmentioned(name: &str, messages: &[Message], span: Span) -> Ident {
    let mut name = Ident::new(name, span);
    while messages.iter().any(|message| mentions(message.function.signature.to_token_stream(), &name)) {
        name = format_ident!("{name}_");
    }
    name
}

fn mentions(tokens: TokenStream, name: &Ident) -> bool {
    tokens.into_iter().any(|token| match token {
        TokenTree::Ident(ident) => ident == *name,
        TokenTree::Group(group) => mentions(group.stream(), name),
        TokenTree::Punct(_) | TokenTree::Literal(_) => false,
    })
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
    let text = format!("{}Handle", shape::bare(ident));
    let name = unmentioned(&text, messages, ident.span());
    let methods = messages.iter().map(|message| message.handle_method(&name, self_type, &visibility(message)));
    let items = quote! {
        #[doc(hidden)]
        #[allow(non_camel_case_types)]
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
