//! The function that describes a call, for activities and workflows.

use proc_macro2::TokenStream;
use quote::quote;
use syn::Visibility;

use crate::attributes::for_stub;
use crate::function::Function;
use crate::signature::Arguments;

/// A function of the name and the arguments of `function` that gives `call`, the type of a call with its definition.
///
/// Of a function that is not sound only the name and the type are there, so that callers see no mistakes of their own.
pub(crate) fn stub(
    function: &Function,
    arguments: &Arguments,
    sound: bool,
    call: [&TokenStream; 2],
    visibility: &Visibility,
) -> TokenStream {
    let attributes = for_stub(&function.attributes);
    let signature = &function.signature;
    let ident = &signature.ident;
    let parameters = arguments.declaration();
    let [call, definition] = call;
    if !sound {
        let (generics, _, clause) = signature.generics.split_for_impl();
        return quote! {
            #(#attributes)*
            #[allow(unused)]
            #visibility fn #ident #generics (#parameters) -> #call<#definition> #clause { ::core::unreachable!() }
        };
    }
    let tuple = arguments.tuple();
    let made = match arguments.given_name() {
        Some(name) => quote!(#call::named(#name, #tuple)),
        None => quote!(#call::new(#tuple)),
    };
    quote! {
        #(#attributes)*
        #visibility fn #ident(#parameters) -> #call<#definition> {
            #made
        }
    }
}
