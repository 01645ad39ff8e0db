//! The user's own methods, given back to the compiler as they were written.
//!
//! Marked methods move into a hidden trait, to leave their names to the stubs. Method syntax still finds them, because an
//! associated function without a receiver, such as a stub, is no candidate there.

use proc_macro2::TokenStream;
use quote::{ToTokens, format_ident, quote};
use syn::{Attribute, FnArg, Ident, ItemImpl, Pat, PatType, PatWild, Signature, Token};

use crate::attributes::{conditions, for_body};
use crate::block::Member;
use crate::function::Function;
use crate::shape;

/// The name of the hidden trait for the marked methods of a block. A method's name is part of it, so that a second block
/// for the same type, which is a mistake, is not reported as something else.
pub(crate) fn hidden_name(ident: &Ident, what: &str, functions: &[&Function]) -> Ident {
    let first = functions.first().map(|function| shape::bare(&function.signature.ident).to_string());
    format_ident!("__{}{what}_{}", shape::bare(ident), first.unwrap_or_default())
}

/// The marked methods in a hidden trait, the others in the type's own block.
pub(crate) struct Moved<'a> {
    pub(crate) header: &'a ItemImpl,
    pub(crate) hidden: &'a Ident,
    pub(crate) functions: &'a [&'a Function],
    pub(crate) others: &'a [Member],
}

impl ToTokens for Moved<'_> {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        let Self { header, hidden, functions, others } = self;
        let self_type = &header.self_ty;
        let attributes = own_attributes(&header.attrs);
        let declarations = functions.iter().map(|function| {
            let conditions = conditions(&function.attributes);
            let signature = without_patterns(&function.signature);
            quote!(#(#conditions)* #signature;)
        });
        let bodies = functions.iter().map(|function| {
            let attributes = for_body(&function.attributes);
            let Function { signature, body, .. } = function;
            quote!(#(#attributes)* #signature #body)
        });
        tokens.extend(quote! {
            #[doc(hidden)]
            #[allow(async_fn_in_trait, dead_code, non_camel_case_types, clippy::all, clippy::pedantic, clippy::nursery)]
            trait #hidden: Sized {
                #(#declarations)*
            }

            #[allow(clippy::future_not_send)]
            #(#attributes)*
            impl #hidden for #self_type {
                #(#bodies)*
            }
        });
        if !others.is_empty() {
            tokens.extend(quote! {
                #(#attributes)*
                impl #self_type {
                    #(#others)*
                }
            });
        }
    }
}

/// The block as it was written, without our attributes: where nothing can be generated.
pub(crate) struct NotMoved<'a> {
    pub(crate) header: &'a ItemImpl,
    pub(crate) functions: &'a [&'a Function],
    pub(crate) others: &'a [Member],
}

impl ToTokens for NotMoved<'_> {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        let Self { header, functions, others } = self;
        let ItemImpl { attrs, unsafety, impl_token, generics, trait_, self_ty, .. } = header;
        let trait_ = trait_.as_ref().map(|(path, token)| quote!(#path #token));
        let clause = &generics.where_clause;
        tokens.extend(quote! {
            #(#attrs)*
            #[allow(dead_code)]
            #unsafety #impl_token #generics #trait_ #self_ty #clause {
                #(#functions)*
                #(#others)*
            }
        });
    }
}

/// The attributes of the block that concern its code.
fn own_attributes(attributes: &[Attribute]) -> Vec<Attribute> {
    let concern = attributes.iter().filter(|attribute| !attribute.path().is_ident("doc")).cloned();
    concern.map(|attribute| Attribute { style: syn::AttrStyle::Outer, ..attribute }).collect()
}

/// A method declared in a trait has names only where a method with a body has patterns.
fn without_patterns(signature: &Signature) -> Signature {
    let mut signature = signature.clone();
    for input in &mut signature.inputs {
        match input {
            FnArg::Typed(PatType { attrs, pat, .. }) => {
                attrs.clear();
                match &mut **pat {
                    Pat::Ident(name) if name.subpat.is_none() && name.by_ref.is_none() => name.mutability = None,
                    _ => **pat = Pat::Wild(PatWild { attrs: Vec::new(), underscore_token: <Token![_]>::default() }),
                }
            }
            FnArg::Receiver(receiver) => {
                receiver.attrs.clear();
                receiver.mutability = None;
            }
        }
    }
    signature
}
