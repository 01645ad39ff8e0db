//! Messages: how they are written, read, and shown.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use syn::{Fields, Ident, ItemStruct, Path};

use super::derive;
use super::field::{Field, Kind, Label};
use crate::Outcome;

/// The struct without the attributes of prost, how it is shown, and its accessors.
pub(super) fn implement(mut item: ItemStruct, path: &str, wire: &mut String) -> Outcome<TokenStream> {
    let mut fields = Vec::new();
    if let Fields::Named(named) = &mut item.fields {
        for field in &mut named.named {
            let name = field.ident.clone().expect("the fields have names");
            let described = Field::take(&mut field.attrs).map_err(|error| format!("{}.{name}: {error}", item.ident))?;
            fields.push((name, described));
        }
    }
    let shows_enums = fields.iter().any(|(_, field)| field.enumeration().is_some());
    derive(&mut item.attrs, &if shows_enums { quote!(Default) } else { quote!(Default, Debug) })?;
    let debug = shows_enums.then(|| debug(&item.ident, &fields));
    let accessors = accessors(&item.ident, &fields);
    fields.sort_by_key(|(_, field)| field.first_tag());
    message(&format!("{path}{}", item.ident), &item.ident.to_string(), &fields, wire);
    Ok(quote!(#item #debug #accessors))
}

/// What it does on the wire.
fn message(path: &str, name: &str, fields: &[(Ident, Field)], wire: &mut String) {
    let unused = if fields.is_empty() { "_" } else { "" };
    let mut lines = vec![
        format!("impl Message for {path} {{"),
        format!("    fn encode_raw(&self, {unused}buf: &mut impl BufMut) {{"),
    ];
    lines.extend(fields.iter().map(|(field, kind)| format!("        {};", kind.put(&format!("&self.{field}")))));
    lines.push("    }".to_owned());
    lines.push(
        "    fn merge_field(&mut self, tag: u32, wire: WireType, buf: &mut impl Buf, ctx: Context) -> Merged {"
            .to_owned(),
    );
    if fields.is_empty() {
        lines.push("        skip_field(wire, tag, buf, ctx)".to_owned());
    } else {
        lines.push("        let (field, merged) = match tag {".to_owned());
        lines.extend(fields.iter().map(|(field, kind)| {
            let merge = kind.merge(&format!("&mut self.{field}"));
            format!("            {} => (\"{}\", {merge}),", kind.pattern(), plain(field))
        }));
        lines.push("            _ => return skip_field(wire, tag, buf, ctx),".to_owned());
        lines.push("        };".to_owned());
        lines.push(format!("        merged.map_err(|error| inside(error, \"{name}\", field))"));
    }
    lines.push("    }".to_owned());
    lines.push("    #[inline]".to_owned());
    lines.push("    fn encoded_len(&self) -> usize {".to_owned());
    lines.push("        0".to_owned());
    lines.extend(fields.iter().map(|(field, kind)| format!("            + {}", kind.len(&format!("&self.{field}")))));
    lines.extend(
        ["    }", "    #[inline]", "    fn clear(&mut self) {", "        *self = Self::default();", "    }", "}", ""]
            .map(str::to_owned),
    );
    wire.push_str(&lines.join("\n"));
}

/// A name without the mark that it would be a keyword.
fn plain(name: &Ident) -> String {
    let text = name.to_string();
    text.strip_prefix("r#").map(str::to_owned).unwrap_or(text)
}

/// Shows the names of enums' values instead of numbers.
fn debug(name: &Ident, fields: &[(Ident, Field)]) -> TokenStream {
    let text = name.to_string();
    let shown = fields.iter().map(|(name, field)| {
        let text = plain(name);
        match field.enumeration() {
            None => quote!(.field(#text, &self.#name)),
            Some(path) => quote!(.field(#text, &crate::codec::Named::<_, #path>::new(&self.#name))),
        }
    });
    quote! {
        impl ::core::fmt::Debug for #name {
            #[inline]
            fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                f.debug_struct(#text)#(#shown)*.finish()
            }
        }
    }
}

/// Reading and writing the numbers of enums as values.
fn accessors(name: &Ident, fields: &[(Ident, Field)]) -> Option<TokenStream> {
    let methods: Vec<TokenStream> = fields.iter().filter_map(|(name, field)| methods(name, field)).collect();
    (!methods.is_empty()).then(|| quote!(impl #name { #(#methods)* }))
}

fn methods(name: &Ident, field: &Field) -> Option<TokenStream> {
    let text = plain(name);
    let (set, push) = (format_ident!("set_{text}"), format_ident!("push_{text}"));
    let (get_one, insert) = (format_ident!("get_{text}"), format_ident!("insert_{text}"));
    let path = field.enumeration()?;
    Some(match (&field.kind, field.label) {
        (Kind::Map(..), _) => map_methods(name, &get_one, &insert, path),
        (_, Label::Plain) => {
            let get_text = format!("The value of `{text}`, or the default if it is none of the enum.");
            let set_text = format!("Sets `{text}`.");
            quote! {
                #[doc = #get_text]
                pub fn #name(&self) -> #path {
                    #path::try_from(self.#name).unwrap_or_default()
                }
                #[doc = #set_text]
                pub fn #set(&mut self, value: #path) {
                    self.#name = value as i32;
                }
            }
        }
        (_, Label::Optional) => {
            let get_text = format!("The value of `{text}`, or the default if it is absent or none of the enum.");
            let set_text = format!("Sets `{text}`.");
            quote! {
                #[doc = #get_text]
                pub fn #name(&self) -> #path {
                    self.#name.and_then(|value| #path::try_from(value).ok()).unwrap_or_default()
                }
                #[doc = #set_text]
                pub fn #set(&mut self, value: #path) {
                    self.#name = Some(value as i32);
                }
            }
        }
        (_, Label::Repeated | Label::Unpacked) => {
            let iter_text = format!("The values in `{text}`, without those that are none of the enum.");
            let push_text = format!("Adds to `{text}`.");
            quote! {
                #[doc = #iter_text]
                pub fn #name(&self) -> impl Iterator<Item = #path> + '_ {
                    self.#name.iter().filter_map(|value| #path::try_from(*value).ok())
                }
                #[doc = #push_text]
                pub fn #push(&mut self, value: #path) {
                    self.#name.push(value as i32);
                }
            }
        }
    })
}

fn map_methods(name: &Ident, get: &Ident, insert: &Ident, path: &Path) -> TokenStream {
    let get_text = format!("The value of a key of `{name}`; none if there is none, or it is none of the enum.");
    let insert_text = format!("Sets the value of a key of `{name}`, and returns the one it had.");
    quote! {
        #[doc = #get_text]
        pub fn #get(&self, key: &str) -> Option<#path> {
            self.#name.get(key).and_then(|value| #path::try_from(*value).ok())
        }
        #[doc = #insert_text]
        pub fn #insert(&mut self, key: String, value: #path) -> Option<#path> {
            self.#name.insert(key, value as i32).and_then(|value| #path::try_from(value).ok())
        }
    }
}
