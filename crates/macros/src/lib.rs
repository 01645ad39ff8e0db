//! The attributes and derives of Perpetua.
//!
//! Each macro is a pure function from tokens to tokens and diagnostics. What it generates names nothing but
//! `::perpetua::__macro`, and as little of it as possible: decoding, dispatch and boxing are ordinary functions there.
//!
//! Not here: documentation for users, which is on the re-exports in the `perpetua` crate, where its examples compile.
//!
//! Read first: `diagnostics::Diagnostics`, `signature::Parameter`, `activity::expand`.
//!
//! ```text
//! tokens --parse--> Function, Block --model--> Activity, Workflow --check--> Diagnostics
//!                                                    `--expand--> tokens
//! ```

mod activities;
mod activity;
mod attributes;
mod block;
mod crate_path;
mod diagnostics;
mod error;
mod function;
mod moved;
mod name;
mod options;
mod selfless;
mod shape;
mod signature;
mod stub;
mod suggest;
mod test;
mod workflow;

#[cfg(test)]
mod tests;

use proc_macro::TokenStream;

/// Makes an activity of a function. Documented in the `perpetua` crate.
#[proc_macro_attribute]
pub fn activity(options: TokenStream, item: TokenStream) -> TokenStream {
    let (tokens, diagnostics) = activity::expand(options.into(), item.into());
    diagnostics.append_to(tokens).into()
}

/// Makes activities of methods, or describes activities in a trait. Documented in the `perpetua` crate.
#[proc_macro_attribute]
pub fn activities(options: TokenStream, item: TokenStream) -> TokenStream {
    let (tokens, diagnostics) = activities::expand(options.into(), item.into());
    diagnostics.append_to(tokens).into()
}

/// Makes a workflow of a function or of an `impl` block, or describes one in a trait. Documented in the `perpetua`
/// crate.
#[proc_macro_attribute]
pub fn workflow(options: TokenStream, item: TokenStream) -> TokenStream {
    let (tokens, diagnostics) = workflow::expand(options.into(), item.into());
    diagnostics.append_to(tokens).into()
}

/// Makes a test of a function that takes a world. Documented in the `perpetua` crate.
#[proc_macro_attribute]
pub fn test(options: TokenStream, item: TokenStream) -> TokenStream {
    let (tokens, diagnostics) = test::expand(options.into(), item.into());
    diagnostics.append_to(tokens).into()
}

/// Makes an error type travel. Documented in the `perpetua` crate.
#[proc_macro_derive(ApplicationError, attributes(application, source, from))]
pub fn derive_application_error(item: TokenStream) -> TokenStream {
    let (tokens, diagnostics) = error::expand(item.into());
    diagnostics.append_to(tokens).into()
}
