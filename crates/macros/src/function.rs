//! A function as the user wrote it. Its signature is read, its body is handed on unread.

use proc_macro2::{Delimiter, Group, TokenStream};
use quote::ToTokens;
use syn::parse::{Parse, ParseStream};
use syn::{Attribute, Signature, Token, Visibility, token};

/// A function, a method, or the declaration of one.
#[derive(Clone)]
pub(crate) struct Function {
    pub(crate) attributes: Vec<Attribute>,
    pub(crate) visibility: Visibility,
    pub(crate) signature: Signature,
    /// With its braces; `None` where a semicolon stands.
    pub(crate) body: Option<Group>,
}

impl Function {
    /// Whether a function comes next, behind its attributes and its visibility.
    pub(crate) fn is_next(input: ParseStream<'_>) -> bool {
        let ahead = input.fork();
        let qualified = || -> syn::Result<bool> {
            Attribute::parse_outer(&ahead)?;
            ahead.parse::<Visibility>()?;
            ahead.parse::<Option<Token![const]>>()?;
            ahead.parse::<Option<Token![async]>>()?;
            ahead.parse::<Option<Token![unsafe]>>()?;
            ahead.parse::<Option<syn::Abi>>()?;
            Ok(ahead.peek(Token![fn]))
        };
        qualified().unwrap_or(false)
    }
}

impl Parse for Function {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let attributes = Attribute::parse_outer(input)?;
        let visibility = input.parse()?;
        let signature = input.parse()?;
        let body = if input.peek(token::Brace) {
            Some(braces(input)?)
        } else {
            input.parse::<Token![;]>()?;
            None
        };
        Ok(Self { attributes, visibility, signature, body })
    }
}

/// A body with its braces. One that came as `$body:block` through another macro is wrapped in a group that nobody sees.
fn braces(input: ParseStream<'_>) -> syn::Result<Group> {
    input.step(|cursor| match cursor.group(Delimiter::Brace) {
        Some((inside, span, rest)) => {
            let mut group = Group::new(Delimiter::Brace, inside.token_stream());
            group.set_span(span.join());
            Ok((group, rest))
        }
        None => Err(cursor.error("expected a body in braces")),
    })
}

impl ToTokens for Function {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        for attribute in &self.attributes {
            attribute.to_tokens(tokens);
        }
        self.visibility.to_tokens(tokens);
        self.signature.to_tokens(tokens);
        match &self.body {
            Some(body) => body.to_tokens(tokens),
            None => <Token![;]>::default().to_tokens(tokens),
        }
    }
}
