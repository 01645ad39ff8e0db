//! `#[activity]` on a function.
//!
//! The function's name becomes two things: a stub, which describes a call, and a type, which stands for the activity and
//! keeps the function itself as `name::call`.

mod model;

use proc_macro2::TokenStream;
use quote::{ToTokens, quote};
use syn::FnArg;

pub(crate) use model::{Activity, OPTIONS, Place};

use crate::attributes::for_body;
use crate::crate_path;
use crate::diagnostics::Diagnostics;
use crate::function::Function;
use crate::options::{Form, Known, Options};
use crate::shape::{Kind, kind_of};

/// The options of an `#[activity]` that stands alone.
const ALONE: Known = &[("name", Form::Text), ("blocking", Form::Flag), ("dynamic", Form::Flag), ("crate", Form::Path)];

/// Expands `#[activity]`.
pub(crate) fn expand(options: TokenStream, item: TokenStream) -> (TokenStream, Diagnostics) {
    let mut diagnostics = Diagnostics::default();
    let options = Options::parse("#[activity]", options, ALONE, &mut diagnostics);
    let function = match syn::parse2::<Function>(item.clone()) {
        Ok(function) => function,
        Err(error) => {
            refuse(&item, error, &mut diagnostics);
            return (item, diagnostics);
        }
    };
    if let Some(receiver @ FnArg::Receiver(_)) = function.signature.inputs.first() {
        let help = "put `#[activities]` on the `impl` block; `#[activity]` then marks the methods that are activities";
        diagnostics.error_with_help(receiver, "an activity by itself has no receiver", help);
        return (function.into_token_stream(), diagnostics);
    }
    if function.body.is_none() {
        diagnostics.error(&function.signature, "an activity has a body");
        return (function.into_token_stream(), diagnostics);
    }
    let activity = Activity::read(function, &options, Place::Function, None, &mut diagnostics);
    (crate_path::renamed(expand_function(&activity), &options), diagnostics)
}

fn expand_function(activity: &Activity) -> TokenStream {
    let Function { attributes, visibility, signature, body } = &activity.function;
    let ident = &signature.ident;
    let name = ident.to_token_stream();
    let stub = activity.stub(&name, visibility);
    let definition = activity.definition(&name);
    let implementation = activity.implementation(&name);
    let attributes = for_body(attributes);
    let mut signature = signature.clone();
    signature.ident = syn::Ident::new("call", ident.span());
    quote! {
        #stub

        #[doc(hidden)]
        #[allow(non_camel_case_types, missing_debug_implementations)]
        #visibility struct #ident {}

        #[allow(clippy::unused_async)]
        impl #ident {
            #(#attributes)*
            #visibility #signature #body
        }

        #definition

        #implementation
    }
}

/// Says why something is not an activity.
fn refuse(item: &TokenStream, error: syn::Error, diagnostics: &mut Diagnostics) {
    let message = "`#[activity]` stands on a function";
    match kind_of(item) {
        Some(Kind::Impl) => {
            let help =
                "to make activities of methods, put `#[activities]` on the block and `#[activity]` on the methods";
            diagnostics.error_with_help(first_token(item), message, help);
        }
        Some(Kind::Trait) => {
            let help = "to describe activities that run elsewhere, put `#[activities]` on the trait";
            diagnostics.error_with_help(first_token(item), message, help);
        }
        Some(Kind::Other(keyword)) => diagnostics.error(keyword, message),
        Some(Kind::Function) | None => diagnostics.unreadable(error),
    }
}

fn first_token(item: &TokenStream) -> TokenStream {
    item.clone().into_iter().take(1).collect()
}
