//! Enums: values that travel as numbers.

use proc_macro2::TokenStream;
use quote::quote;
use syn::ItemEnum;

/// The enum, and its way from and to numbers.
pub(super) fn implement(item: ItemEnum) -> TokenStream {
    let name = &item.ident;
    let first = item.variants.first().map(|variant| &variant.ident);
    let from = item.variants.iter().map(|variant| {
        let deprecated = variant.attrs.iter().any(|attribute| attribute.path().is_ident("deprecated"));
        let allowed = deprecated.then(|| quote!(#[allow(deprecated)]));
        let (_, number) = variant.discriminant.as_ref().expect("every value has a number");
        let variant = &variant.ident;
        quote!(#allowed #number => Self::#variant,)
    });
    let numbers = item.variants.iter().filter_map(|variant| variant.discriminant.as_ref().map(|(_, number)| number));
    let is_valid = quote!(matches!(value, #(#numbers)|*));
    quote! {
        #item
        impl #name {
            /// Whether the number stands for a value.
            pub const fn is_valid(value: i32) -> bool {
                #is_valid
            }
        }
        impl Default for #name {
            fn default() -> Self {
                Self::#first
            }
        }
        impl From<#name> for i32 {
            fn from(value: #name) -> Self {
                value as Self
            }
        }
        impl TryFrom<i32> for #name {
            type Error = ::prost::UnknownEnumValue;
            fn try_from(value: i32) -> Result<Self, ::prost::UnknownEnumValue> {
                Ok(match value {
                    #(#from)*
                    _ => return Err(::prost::UnknownEnumValue(value)),
                })
            }
        }
    }
}
