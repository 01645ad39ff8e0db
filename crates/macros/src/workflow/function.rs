//! `#[workflow]` on a function: a stub and a type of the same name, as for an activity. It takes no messages.

use proc_macro2::TokenStream;
use quote::{ToTokens, quote};
use syn::Ident;

use super::run::{self, Place, Run};
use crate::attributes::for_body;
use crate::diagnostics::Diagnostics;
use crate::function::Function;
use crate::name;
use crate::options::Options;

pub(crate) fn expand(function: Function, options: &Options, diagnostics: &mut Diagnostics) -> TokenStream {
    if function.body.is_none() {
        diagnostics.error(&function.signature, "a workflow has a body");
        return function.into_token_stream();
    }
    let name = name::of(&function.signature.ident, options, diagnostics);
    name::refuse_beside_dynamic("a workflow", options, diagnostics);
    let has_receiver = function.signature.receiver().is_some();
    let run = Run::read(function, Place::Function, options.flag("dynamic"), None, diagnostics);
    let Function { attributes, visibility, signature, body } = &run.function;
    if has_receiver {
        return quote!(#(#attributes)* #visibility #signature #body);
    }
    let ident = &signature.ident;
    let stub = run.stub(&ident.to_token_stream(), visibility);
    let handle = quote! {
        type Handle<T> = T;

        fn handle<T>(target: T) -> T {
            target
        }
    };
    let definition = run::definition(&ident.to_token_stream(), &name, Some(&run), &handle);
    let implementation = run.implementation(&quote!(#ident::call));
    let dynamic = run::dynamic_item(options);
    let attributes = for_body(attributes);
    let mut signature = signature.clone();
    signature.ident = Ident::new("call", ident.span());
    quote! {
        #stub

        #[doc(hidden)]
        #[allow(non_camel_case_types, missing_debug_implementations)]
        #visibility struct #ident {}

        #[allow(clippy::future_not_send, clippy::unused_async)]
        impl #ident {
            #(#attributes)*
            #visibility #signature #body
        }

        #definition

        #[automatically_derived]
        impl ::perpetua::__macro::WorkflowImplementation for #ident {
            #dynamic

            fn create(_: &::perpetua::__macro::Ctx, _: &Self::Input) -> Self {
                Self {}
            }

            #implementation

            fn handlers(_: &mut ::perpetua::__macro::Handlers<Self>) {}
        }
    }
}
