//! `#[workflow]` on a function, on an `impl` block or on a trait.

mod check;
mod function;
mod handle;
mod interface;
mod message;
mod methods;
mod run;

use proc_macro2::TokenStream;

use crate::block::Block;
use crate::crate_path;
use crate::diagnostics::Diagnostics;
use crate::options::{Form, Known, Options};
use crate::shape::{Kind, kind_of};

const ATTRIBUTE: &str = "#[workflow]";
const OPTIONS: Known = &[("name", Form::Text), ("dynamic", Form::Flag), ("crate", Form::Path)];

/// Expands `#[workflow]`.
pub(crate) fn expand(options: TokenStream, item: TokenStream) -> (TokenStream, Diagnostics) {
    let mut diagnostics = Diagnostics::default();
    let options = Options::parse(ATTRIBUTE, options, OPTIONS, &mut diagnostics);
    let message = "`#[workflow]` stands on a function, on an `impl` block or on a trait";
    let expanded = match kind_of(&item) {
        Some(Kind::Function) => {
            syn::parse2(item.clone()).map(|function| function::expand(function, &options, &mut diagnostics))
        }
        Some(Kind::Impl) => {
            Block::parse_impl(item.clone()).map(|block| methods::expand(block, &options, &mut diagnostics))
        }
        Some(Kind::Trait) => {
            Block::parse_trait(item.clone()).map(|block| interface::expand(block, &options, &mut diagnostics))
        }
        Some(Kind::Other(keyword)) => {
            let help = "put it on the `impl` block that has the `#[run]` function";
            diagnostics.error_with_help(keyword, message, help);
            return (item, diagnostics);
        }
        None => {
            diagnostics.error(&item, message);
            return (item, diagnostics);
        }
    };
    match expanded {
        Ok(tokens) => (crate_path::renamed(tokens, &options), diagnostics),
        Err(error) => {
            diagnostics.unreadable(error);
            (item, diagnostics)
        }
    }
}
