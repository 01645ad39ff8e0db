//! The attributes of a user's function: which are ours, and where the others go.

use proc_macro2::TokenStream;
use quote::ToTokens;
use syn::punctuated::Punctuated;
use syn::{Attribute, Meta, Path, Token};

use crate::diagnostics::Diagnostics;
use crate::options::{Known, Options};

/// What one of our attributes makes of a function inside an `impl` block or a trait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    Activity,
    Run,
    Init,
    Signal,
    Query,
    Update,
}

impl Role {
    const ALL: [Self; 6] = [Self::Activity, Self::Run, Self::Init, Self::Signal, Self::Query, Self::Update];

    /// The attribute's name.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Activity => "activity",
            Self::Run => "run",
            Self::Init => "init",
            Self::Signal => "signal",
            Self::Query => "query",
            Self::Update => "update",
        }
    }

    fn of(path: &Path) -> Option<Self> {
        let last = path.segments.last()?;
        let ours = path.segments.len() == 1
            || path.segments.len() == 2 && path.segments.first().is_some_and(|first| first.ident == "perpetua");
        Self::ALL.into_iter().find(|role| ours && last.ident == role.word())
    }
}

/// One of our attributes.
pub(crate) struct Marker {
    pub(crate) role: Role,
    pub(crate) attribute: Attribute,
}

impl Marker {
    /// Reads the options in its parentheses.
    pub(crate) fn options(&self, known: Known, diagnostics: &mut Diagnostics) -> Options {
        let word = self.role.word();
        let tokens = match &self.attribute.meta {
            Meta::List(list) => list.tokens.clone(),
            Meta::NameValue(given) => {
                let help = format!("write `#[{word}(name = ...)]`");
                diagnostics.error_with_help(given, "the options stand in parentheses", help);
                TokenStream::new()
            }
            _ => TokenStream::new(),
        };
        Options::parse(&format!("#[{word}]"), tokens, known, diagnostics)
    }
}

/// Takes our attributes out.
pub(crate) fn take_markers(attributes: &mut Vec<Attribute>) -> Vec<Marker> {
    let mut markers = Vec::new();
    attributes.retain(|attribute| match Role::of(attribute.path()) {
        Some(role) => {
            markers.push(Marker { role, attribute: attribute.clone() });
            false
        }
        None => true,
    });
    markers
}

/// The conditions under which a function exists; they go on everything that is generated from it.
pub(crate) fn conditions(attributes: &[Attribute]) -> Vec<&Attribute> {
    attributes.iter().filter(|attribute| is_condition(attribute)).collect()
}

/// What goes on a stub: conditions, documentation, deprecation, and the lints that are allowed.
pub(crate) fn for_stub(attributes: &[Attribute]) -> Vec<&Attribute> {
    let goes = |attribute: &&Attribute| {
        let path = attribute.path();
        is_condition(attribute) || ["doc", "deprecated", "allow"].iter().any(|word| path.is_ident(word))
    };
    attributes.iter().filter(goes).collect()
}

/// The first paragraph of the documentation, in one line; empty if there is none.
pub(crate) fn first_paragraph(attributes: &[Attribute]) -> String {
    let lines = attributes.iter().filter_map(|attribute| match &attribute.meta {
        Meta::NameValue(given) if given.path.is_ident("doc") => match &given.value {
            syn::Expr::Lit(syn::ExprLit { lit: syn::Lit::Str(text), .. }) => Some(text.value()),
            _ => None,
        },
        _ => None,
    });
    let text = lines.collect::<Vec<_>>().join("\n");
    let lines = text.lines().map(str::trim).skip_while(|line| line.is_empty());
    lines.take_while(|line| !line.is_empty()).collect::<Vec<_>>().join(" ")
}

/// Documentation.
pub(crate) fn documentation(attributes: &[Attribute]) -> Vec<&Attribute> {
    attributes.iter().filter(|attribute| attribute.path().is_ident("doc")).collect()
}

/// What goes on the user's own function: all but what speaks to callers of the stub.
pub(crate) fn for_body(attributes: &[Attribute]) -> Vec<&Attribute> {
    let stays = |attribute: &&Attribute| {
        let path = attribute.path();
        !["deprecated", "must_use"].iter().any(|word| path.is_ident(word))
    };
    attributes.iter().filter(stays).collect()
}

/// `#[cfg(..)]`, and `#[cfg_attr(.., cfg(..))]`.
fn is_condition(attribute: &Attribute) -> bool {
    if attribute.path().is_ident("cfg") {
        return true;
    }
    let Meta::List(list) = &attribute.meta else { return false };
    let parts = list.parse_args_with(Punctuated::<TokenStreamUntilComma, Token![,]>::parse_terminated);
    list.path.is_ident("cfg_attr")
        && parts.is_ok_and(|parts| {
            parts.len() > 1 && parts.iter().skip(1).all(|part| part.0.to_string().starts_with("cfg"))
        })
}

/// One part of a list.
struct TokenStreamUntilComma(TokenStream);

impl syn::parse::Parse for TokenStreamUntilComma {
    fn parse(input: syn::parse::ParseStream<'_>) -> syn::Result<Self> {
        let mut tokens = TokenStream::new();
        while !input.is_empty() && !input.peek(Token![,]) {
            input.parse::<proc_macro2::TokenTree>()?.to_tokens(&mut tokens);
        }
        Ok(Self(tokens))
    }
}

#[cfg(test)]
mod tests {
    use syn::parse_quote;

    use super::{Role, conditions, for_body, for_stub, take_markers};

    #[test]
    fn our_attributes_are_taken_out() {
        let mut attributes =
            vec![parse_quote!(#[signal]), parse_quote!(#[cfg(unix)]), parse_quote!(#[perpetua::activity(x)])];
        let markers = take_markers(&mut attributes);
        assert_eq!(markers.iter().map(|marker| marker.role).collect::<Vec<_>>(), [Role::Signal, Role::Activity]);
        assert_eq!(attributes.len(), 1);
    }

    #[test]
    fn another_crate_may_have_a_signal_too() {
        let mut attributes = vec![parse_quote!(#[other::signal]), parse_quote!(#[tracing::instrument])];
        assert!(take_markers(&mut attributes).is_empty());
    }

    #[test]
    fn attributes_go_where_they_make_sense() {
        let attributes = vec![
            parse_quote!(#[cfg(unix)]),
            parse_quote!(#[cfg_attr(test, cfg(unix))]),
            parse_quote!(#[cfg_attr(test, instrument)]),
            parse_quote!(#[doc = "Text."]),
            parse_quote!(#[deprecated]),
            parse_quote!(#[instrument]),
        ];
        assert_eq!(conditions(&attributes).len(), 2);
        assert_eq!(for_stub(&attributes).len(), 4);
        assert_eq!(for_body(&attributes).len(), 5);
    }
}
