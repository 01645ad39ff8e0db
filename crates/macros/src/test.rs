//! `#[test]`: a function that takes a world becomes a test of the standard harness.

use proc_macro2::TokenStream;
use quote::{ToTokens, quote};
use syn::FnArg;

use crate::crate_path;
use crate::diagnostics::Diagnostics;
use crate::function::Function;
use crate::options::{Form, Known, Options};

const OPTIONS: Known = &[("env", Form::Function), ("real_time", Form::Flag), ("crate", Form::Path)];

/// Expands `#[perpetua::test]`.
pub(crate) fn expand(options: TokenStream, item: TokenStream) -> (TokenStream, Diagnostics) {
    let mut diagnostics = Diagnostics::default();
    let options = Options::parse("#[perpetua::test]", options, OPTIONS, &mut diagnostics);
    let Ok(function) = syn::parse2::<Function>(item.clone()) else {
        diagnostics.error(first_token(&item), "`#[perpetua::test]` stands on a function");
        return (item, diagnostics);
    };
    check(&function, &mut diagnostics);
    (crate_path::renamed(expand_function(&function, &options), &options), diagnostics)
}

fn check(function: &Function, diagnostics: &mut Diagnostics) {
    let signature = &function.signature;
    if signature.asyncness.is_none() {
        let help = format!("write `async fn {}(env: TestEnv)`", signature.ident);
        diagnostics.error_with_help(signature.fn_token, "a test with a world is `async`", help);
    }
    if !matches!(signature.inputs.iter().collect::<Vec<_>>()[..], [FnArg::Typed(_)]) {
        let help = format!("write `async fn {}(env: TestEnv)`", signature.ident);
        diagnostics.error_with_help(&signature.ident, "a test takes its world, and nothing else", help);
    }
    if !signature.generics.params.is_empty() {
        diagnostics.error(&signature.generics, "a test is not generic");
    }
}

fn expand_function(function: &Function, options: &Options) -> TokenStream {
    let Function { attributes, visibility, signature, body } = function;
    let (ident, inputs, output) = (&signature.ident, &signature.inputs, &signature.output);
    let builder = match options.function("env") {
        Some(builder) => quote!(#builder()),
        None => quote!(::perpetua::__macro::TestEnv::builder()),
    };
    let builder = match options.flag("real_time") {
        Some(_) => quote!(#builder.real_time()),
        None => builder,
    };
    quote! {
        #(#attributes)*
        #[::core::prelude::v1::test]
        #visibility fn #ident() {
            async fn body(#inputs) #output #body
            let builder = #builder.site(
                ::core::option_env!("CARGO_MANIFEST_DIR"),
                ::core::concat!(::core::module_path!(), "::", ::core::stringify!(#ident)),
            );
            ::perpetua::__macro::run_test(builder, body);
        }
    }
}

fn first_token(item: &TokenStream) -> TokenStream {
    item.clone().into_iter().next().map(ToTokens::into_token_stream).unwrap_or_default()
}
