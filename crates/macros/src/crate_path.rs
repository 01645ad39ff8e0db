//! Where generated code finds the crate, if not at `::perpetua`.

use proc_macro2::{Group, TokenStream, TokenTree};
use quote::ToTokens;
use syn::Path;

use crate::options::Options;

/// `tokens`, with the path that was given by `crate = path` where generated code names the crate.
pub(crate) fn renamed(tokens: TokenStream, options: &Options) -> TokenStream {
    match options.path("crate") {
        Some(path) => replace(tokens, path),
        None => tokens,
    }
}

/// Replaces `::perpetua` before `::__macro`.
fn replace(tokens: TokenStream, path: &Path) -> TokenStream {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    let mut replaced = TokenStream::new();
    let mut rest = tokens.as_slice();
    while let Some((first, others)) = rest.split_first() {
        if let [a, b, name, c, d, inside, ..] = rest
            && [a, b, c, d].iter().all(|token| matches!(token, TokenTree::Punct(punct) if punct.as_char() == ':'))
            && is(name, "perpetua")
            && is(inside, "__macro")
        {
            replaced.extend(path.to_token_stream());
            rest = &rest[3..];
            continue;
        }
        match first {
            TokenTree::Group(group) => {
                let mut inner = Group::new(group.delimiter(), replace(group.stream(), path));
                inner.set_span(group.span());
                replaced.extend([TokenTree::Group(inner)]);
            }
            other => replaced.extend([other.clone()]),
        }
        rest = others;
    }
    replaced
}

fn is(token: &TokenTree, word: &str) -> bool {
    matches!(token, TokenTree::Ident(ident) if ident == word)
}
