//! `#[derive(ApplicationError)]`.

mod duration;
mod expand;
mod model;

use proc_macro2::TokenStream;
use syn::DeriveInput;

use crate::crate_path;
use crate::diagnostics::Diagnostics;

/// Expands the derive.
pub(crate) fn expand(item: TokenStream) -> (TokenStream, Diagnostics) {
    let mut diagnostics = Diagnostics::default();
    let input = match syn::parse2::<DeriveInput>(item) {
        Ok(input) => input,
        Err(error) => {
            diagnostics.unreadable(error);
            return (TokenStream::new(), diagnostics);
        }
    };
    let kinds = model::read(&input, &mut diagnostics);
    let tokens = expand::expand(&input, kinds.filter(|_| diagnostics.unchanged_since(0)).as_deref());
    (crate_path::renamed(tokens, &model::options_of_the_type(&input)), diagnostics)
}
