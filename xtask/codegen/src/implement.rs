//! Writes out what the derives of prost would make of the generated types: fewer crates to build, no macro to run, and
//! less code for each field.
//!
//! ```text
//! #[derive(Clone, PartialEq, ::prost::Message)]        #[derive(Clone, PartialEq, Default, Debug)]
//! struct Greeting {                              ->    struct Greeting { name: String }
//!     #[prost(string, tag = "1")] name: String,        impl Message for Greeting { .. string::put(1, &self.name, buf) .. }
//! }
//! ```
//!
//! Whatever is not generic is marked `inline`, so that it is compiled where it is used, which most of it is nowhere.
//! The bytes are those of the derives, field by field; so are the accessors of enums and the text of errors. How messages
//! are written and read is at the end of a file, a line for each field, made of the functions of `perpetua_proto::codec`.

mod field;
mod message;
mod oneof;
mod values;

use proc_macro2::TokenStream;
use quote::{ToTokens, quote};
use syn::punctuated::Punctuated;
use syn::{AttrStyle, Attribute, File, Ident, Item, Path, Token, Type};

use crate::Outcome;

/// What a type is, as its derive says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Role {
    Message,
    Oneof,
    Enumeration,
}

/// Replaces the derives of prost in a generated file by what they stand for. Leaves out whatever is not `wanted`, unless
/// that is nothing.
pub fn implement(code: &str, wanted: &[&str]) -> Outcome<String> {
    let code = code.replace("tonic::codegen::Service", "::tower_service::Service");
    let File { attrs, mut items, .. } = syn::parse_file(&code)?;
    items.retain(|item| wanted.is_empty() || name(item).is_some_and(|name| wanted.iter().any(|wanted| name == wanted)));
    let mut wire = String::new();
    let items = implement_all(items, "self::", &mut wire)?;
    let types = prettyplease::unparse(&syn::parse2(quote!(#(#attrs)* #(#items)*))?);
    if wire.is_empty() {
        return Ok(types);
    }
    Ok(format!("{types}const _: () = {{\nuse crate::codec::*;\n{wire}}};\n"))
}

/// What a type or a module is called.
fn name(item: &Item) -> Option<&Ident> {
    match item {
        Item::Mod(item) => Some(&item.ident),
        Item::Struct(item) => Some(&item.ident),
        Item::Enum(item) => Some(&item.ident),
        Item::Impl(item) => match &*item.self_ty {
            Type::Path(path) => path.path.get_ident(),
            _ => None,
        },
        _ => None,
    }
}

/// The types, without what they do on the wire, which is added to `wire`. `path` leads to them from the top of the file.
fn implement_all(items: Vec<Item>, path: &str, wire: &mut String) -> Outcome<Vec<TokenStream>> {
    items.into_iter().map(|item| implement_one(item, path, wire)).collect()
}

fn implement_one(item: Item, path: &str, wire: &mut String) -> Outcome<TokenStream> {
    match item {
        Item::Mod(mut module) => {
            let Some((_, mut items)) = module.content.take() else { return Ok(module.into_token_stream()) };
            if module.ident.to_string().ends_with("_client") {
                // The names that clients use; those of `tonic::codegen` come with macros that only servers need.
                items.retain(|item| !matches!(item, Item::Use(_)));
                items.insert(
                    0,
                    syn::parse_quote!(
                        use crate::codec::calls::*;
                    ),
                );
            }
            let items = implement_all(items, &format!("{path}{}::", module.ident), wire)?;
            let syn::ItemMod { attrs, vis, ident, .. } = module;
            let (inner, outer): (Vec<_>, Vec<_>) =
                attrs.into_iter().partition(|attribute| matches!(attribute.style, AttrStyle::Inner(_)));
            Ok(quote!(#(#outer)* #vis mod #ident { #(#inner)* #(#items)* }))
        }
        Item::Struct(mut item) => match take_role(&mut item.attrs)? {
            Some(Role::Message) => message::implement(item, path, wire),
            Some(role) => Err(format!("{} is a struct and derives {role:?}", item.ident).into()),
            None => Ok(item.into_token_stream()),
        },
        Item::Enum(mut item) => match take_role(&mut item.attrs)? {
            Some(Role::Oneof) => oneof::implement(item, path, wire),
            Some(Role::Enumeration) => Ok(values::implement(item)),
            Some(Role::Message) => Err(format!("{} is an enum and derives Message", item.ident).into()),
            None => Ok(item.into_token_stream()),
        },
        other => Ok(other.into_token_stream()),
    }
}

/// Takes the derive of prost out of a list of attributes.
fn take_role(attributes: &mut [Attribute]) -> Outcome<Option<Role>> {
    let mut role = None;
    for attribute in attributes.iter_mut().filter(|attribute| attribute.path().is_ident("derive")) {
        let paths = attribute.parse_args_with(Punctuated::<Path, Token![,]>::parse_terminated)?;
        let (prost, others): (Vec<_>, Vec<_>) =
            paths.into_iter().partition(|path| path.segments.first().is_some_and(|first| first.ident == "prost"));
        if let Some(path) = prost.first() {
            role = Some(match path.segments.last().map(|last| last.ident.to_string()).as_deref() {
                Some("Message") => Role::Message,
                Some("Oneof") => Role::Oneof,
                Some("Enumeration") => Role::Enumeration,
                _ => return Err(format!("an unknown derive, {}", path.to_token_stream()).into()),
            });
            *attribute = syn::parse_quote!(#[derive(#(#others),*)]);
        }
    }
    Ok(role)
}

/// Adds derives to those that are there.
fn derive(attributes: &mut [Attribute], more: &TokenStream) -> Outcome<()> {
    let Some(attribute) = attributes.iter_mut().find(|attribute| attribute.path().is_ident("derive")) else {
        return Err("a type without a derive".into());
    };
    let paths = attribute.parse_args_with(Punctuated::<Path, Token![,]>::parse_terminated)?;
    *attribute = syn::parse_quote!(#[derive(#paths, #more)]);
    Ok(())
}
