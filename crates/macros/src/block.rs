//! An `impl` block or a trait as the user wrote it: its header, and its members as functions and others.

use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};
use quote::ToTokens;
use syn::parse::{ParseStream, Parser};
use syn::{Attribute, ImplItem, ItemImpl, ItemTrait, TraitItem};

use crate::function::Function;

/// A header of kind `H` with its members.
pub(crate) struct Block<H> {
    /// The item without its members.
    pub(crate) header: H,
    /// What stood between the braces.
    pub(crate) members: Vec<Member>,
}

/// What stands in an `impl` block or a trait.
#[derive(Clone)]
pub(crate) enum Member {
    /// A function or a method.
    Function(Box<Function>),
    /// A constant, a type, a macro.
    Other(TokenStream),
}

impl Block<ItemImpl> {
    /// Reads an `impl` block.
    pub(crate) fn parse_impl(tokens: TokenStream) -> syn::Result<Self> {
        let (header, inside) = take_braces(tokens);
        let mut header: ItemImpl = syn::parse2(header)?;
        let (inner, members) = parse_members(inside, |input| Ok(input.parse::<ImplItem>()?.into_token_stream()))?;
        header.attrs.extend(inner);
        Ok(Self { header, members })
    }
}

impl Block<ItemTrait> {
    /// Reads a trait.
    pub(crate) fn parse_trait(tokens: TokenStream) -> syn::Result<Self> {
        let (header, inside) = take_braces(tokens);
        let mut header: ItemTrait = syn::parse2(header)?;
        let (inner, members) = parse_members(inside, |input| Ok(input.parse::<TraitItem>()?.into_token_stream()))?;
        header.attrs.extend(inner);
        Ok(Self { header, members })
    }
}

/// The item with nothing between its braces, and what stood there.
fn take_braces(tokens: TokenStream) -> (TokenStream, TokenStream) {
    let mut tokens: Vec<TokenTree> = tokens.into_iter().collect();
    let inside = match tokens.last_mut() {
        Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Brace => {
            let inside = group.stream();
            let mut empty = Group::new(Delimiter::Brace, TokenStream::new());
            empty.set_span(group.span());
            *group = empty;
            inside
        }
        _ => TokenStream::new(),
    };
    (tokens.into_iter().collect(), inside)
}

fn parse_members(
    inside: TokenStream,
    parse_other: fn(ParseStream<'_>) -> syn::Result<TokenStream>,
) -> syn::Result<(Vec<Attribute>, Vec<Member>)> {
    let parse = |input: ParseStream<'_>| {
        let inner = Attribute::parse_inner(input)?;
        let mut members = Vec::new();
        while !input.is_empty() {
            members.push(if Function::is_next(input) {
                Member::Function(Box::new(input.parse()?))
            } else {
                Member::Other(parse_other(input)?)
            });
        }
        Ok((inner, members))
    };
    parse.parse2(inside)
}

impl ToTokens for Member {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        match self {
            Self::Function(function) => function.to_tokens(tokens),
            Self::Other(other) => other.to_tokens(tokens),
        }
    }
}
