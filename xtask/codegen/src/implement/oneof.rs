//! Oneofs: fields of which one is there.

use proc_macro2::TokenStream;
use quote::quote;
use syn::ItemEnum;

use super::derive;
use super::field::Field;
use crate::Outcome;

/// The enum without the attributes of prost, and how it is shown.
pub(super) fn implement(mut item: ItemEnum, path: &str, wire: &mut String) -> Outcome<TokenStream> {
    let name = &item.ident;
    let (mut put, mut len, mut merge, mut show) = (String::new(), String::new(), String::new(), Vec::new());
    let mut shows_enums = false;
    for variant in &mut item.variants {
        let field = Field::take(&mut variant.attrs).map_err(|error| format!("{name}.{}: {error}", variant.ident))?;
        let variant = &variant.ident;
        put.push_str(&format!("            Self::{variant}(value) => {},\n", field.write("value")));
        len.push_str(&format!("            Self::{variant}(value) => {},\n", field.size("value")));
        let read = field.merge("value");
        merge.push_str(&format!("            {} => one!(field, {variant}, value, {read}),\n", field.first_tag()));
        let text = variant.to_string();
        let shown = field.enumeration().map(|path| quote!(crate::codec::Named::<_, #path>::new));
        shows_enums |= shown.is_some();
        show.push(quote!(Self::#variant(value) => f.debug_tuple(#text).field(&#shown(value)).finish(),));
    }
    wire.push_str(&format!(
        "impl Oneof for {path}{name} {{
    fn put(&self, buf: &mut impl BufMut) {{
        match self {{
{put}        }}
    }}
    #[inline]
    fn len(&self) -> usize {{
        match self {{
{len}        }}
    }}
    fn merge(field: &mut Option<Self>, tag: u32, wire: WireType, buf: &mut impl Buf, ctx: Context) -> Merged {{
        match tag {{
{merge}            _ => skip_field(wire, tag, buf, ctx),
        }}
    }}
}}
"
    ));
    let debug = shows_enums.then(|| {
        quote! {
            impl ::core::fmt::Debug for #name {
                #[inline]
                fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                    match self { #(#show)* }
                }
            }
        }
    });
    if debug.is_none() {
        derive(&mut item.attrs, &quote!(Debug))?;
    }
    Ok(quote!(#item #debug))
}
