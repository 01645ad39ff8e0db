//! Mistakes, collected: a user sees all of them at once, each on its own tokens.

use std::fmt::Display;

use proc_macro2::TokenStream;
use quote::ToTokens;

/// The mistakes found so far.
#[derive(Debug, Default)]
pub(crate) struct Diagnostics(Vec<syn::Error>);

impl Diagnostics {
    /// Reports a mistake at `tokens`.
    pub(crate) fn error(&mut self, tokens: impl ToTokens, message: impl Display) {
        self.0.push(syn::Error::new_spanned(tokens, message));
    }

    /// Reports a mistake at `tokens`, and what to do about it.
    pub(crate) fn error_with_help(&mut self, tokens: impl ToTokens, message: impl Display, help: impl Display) {
        self.error(tokens, format_args!("{message}\nhelp: {help}"));
    }

    /// Reports what `syn` could not read.
    pub(crate) fn unreadable(&mut self, error: syn::Error) {
        self.0.push(error);
    }

    /// How many there are, to see later whether some were added.
    pub(crate) fn count(&self) -> usize {
        self.0.len()
    }

    /// Whether nothing was reported since `count`.
    pub(crate) fn unchanged_since(&self, count: usize) -> bool {
        self.0.len() == count
    }

    /// The expansion, with the mistakes behind it.
    pub(crate) fn append_to(self, mut tokens: TokenStream) -> TokenStream {
        tokens.extend(self.0.iter().map(syn::Error::to_compile_error));
        tokens
    }

    /// The messages, for tests.
    #[cfg(test)]
    pub(crate) fn messages(&self) -> Vec<String> {
        self.0.iter().flat_map(|error| error.clone().into_iter().map(|error| error.to_string())).collect()
    }
}
