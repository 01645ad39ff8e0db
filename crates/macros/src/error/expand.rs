//! What the derive generates: the two directions of an error's journey.

use proc_macro2::{Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::ext::IdentExt;
use syn::{Data, DeriveInput, LitStr, Member};

use super::model::{Field, Kind};
use crate::signature::blame;

/// Implements `ApplicationError`; without kinds, because something is wrong with them, by bodies that are never run.
pub(crate) fn expand(input: &DeriveInput, kinds: Option<&[Kind]>) -> TokenStream {
    let ident = &input.ident;
    if !input.generics.params.is_empty() || matches!(input.data, Data::Union(_)) {
        return TokenStream::new();
    }
    let body = match kinds {
        None => body_of(&quote!(::core::unreachable!()), &quote!(::core::unreachable!()), None),
        Some([]) => body_of(&quote!(match *self {}), &quote!(::core::option::Option::None), None),
        Some(kinds) => {
            let described = kinds.iter().map(describe);
            let rebuilt = kinds.iter().map(rebuild);
            let described = quote!(::core::result::Result::Ok(match self { #(#described)* }));
            let rebuilt = quote! {
                match remote.failure_type {
                    #(#rebuilt)*
                    _ => ::core::option::Option::None,
                }
            };
            body_of(&described, &rebuilt, as_canceled(kinds))
        }
    };
    quote! {
        #[automatically_derived]
        #[allow(deprecated)]
        impl ::perpetua::__macro::ApplicationError for #ident {
            #body
        }
    }
}

fn body_of(described: &TokenStream, rebuilt: &TokenStream, as_canceled: Option<TokenStream>) -> TokenStream {
    quote! {
        #[allow(unused_variables)]
        fn describe(
            &self,
            converter: &::perpetua::__macro::DataConverter,
        ) -> ::core::result::Result<
            ::perpetua::__macro::ApplicationDescription,
            ::perpetua::__macro::ConversionError,
        > {
            #described
        }

        #[allow(unused_variables)]
        fn rebuild(
            remote: &::perpetua::__macro::RemoteApplication<'_>,
            converter: &::perpetua::__macro::DataConverter,
        ) -> ::core::option::Option<Self> {
            #rebuilt
        }

        #as_canceled
    }
}

fn describe(kind: &Kind) -> TokenStream {
    let Kind { name, non_retryable, benign, next_retry_delay, details, named, source, .. } = kind;
    let pattern = pattern(kind);
    let list = list(details);
    let basis = if details.is_empty() {
        quote!(::perpetua::__macro::derive::unit(#name))
    } else if *named {
        let names = names(details);
        quote!(::perpetua::__macro::derive::named(#name, #names, #list, converter)?)
    } else {
        quote!(::perpetua::__macro::derive::positional(#name, #list, converter)?)
    };
    let mut settings = Vec::new();
    if *non_retryable {
        settings.push(quote!(non_retryable: true));
    }
    if *benign {
        settings.push(quote!(category: ::perpetua::__macro::ErrorCategory::Benign));
    }
    if let Some(delay) = next_retry_delay {
        let (seconds, nanos) = (delay.as_secs(), delay.subsec_nanos());
        settings.push(
            quote!(next_retry_delay: ::core::option::Option::Some(::core::time::Duration::new(#seconds, #nanos))),
        );
    }
    if let Some(Field { ty, slot, .. }) = source {
        let to_cause = quote_spanned!(blame(ty)=> ::perpetua::__macro::FromCause::to_cause);
        settings.push(quote!(cause: #to_cause(#slot, converter)));
    }
    if settings.is_empty() {
        return quote!(#pattern => #basis,);
    }
    quote!(#pattern => ::perpetua::__macro::ApplicationDescription { #(#settings,)* ..#basis },)
}

fn rebuild(kind: &Kind) -> TokenStream {
    let Kind { name, details, named, source, .. } = kind;
    let slots = details.iter().map(|field| &field.slot).rev();
    let list = slots.fold(quote!(()), |rest, slot| quote!((#slot, #rest)));
    let read = if details.is_empty() {
        TokenStream::new()
    } else if *named {
        let names = names(details);
        quote!(let #list = ::perpetua::__macro::derive::read_named(remote, #names, converter)?;)
    } else {
        quote!(let #list = ::perpetua::__macro::derive::read_positional(remote, converter)?;)
    };
    let source_read = source.as_ref().map(|Field { ty, slot, .. }| {
        let from_cause = quote_spanned!(blame(ty)=> ::perpetua::__macro::FromCause::from_cause);
        quote!(let #slot = #from_cause(remote.cause, converter)?;)
    });
    let value = pattern(kind);
    quote! {
        #name => {
            #read
            #source_read
            ::core::option::Option::Some(#value)
        }
    }
}

/// Looks for a cancellation in sources, where there are some.
fn as_canceled(kinds: &[Kind]) -> Option<TokenStream> {
    if kinds.iter().all(|kind| kind.source.is_none()) {
        return None;
    }
    let arms = kinds.iter().filter_map(|kind| {
        let Field { member, ty, slot } = kind.source.as_ref()?;
        let path = path(kind);
        let within = quote_spanned!(blame(ty)=> ::perpetua::__macro::FromCause::as_canceled);
        Some(quote!(#path { #member: #slot, .. } => #within(#slot),))
    });
    let others = kinds.iter().any(|kind| kind.source.is_none()).then(|| quote!(_ => ::core::option::Option::None,));
    Some(quote! {
        fn as_canceled(&self) -> ::core::option::Option<&::perpetua::__macro::Canceled> {
            match self {
                #(#arms)*
                #others
            }
        }
    })
}

fn path(kind: &Kind) -> TokenStream {
    match &kind.variant {
        Some(variant) => quote!(Self::#variant),
        None => quote!(Self),
    }
}

/// `Self::Variant { field: slot, .. }`, which is a pattern and an expression.
fn pattern(kind: &Kind) -> TokenStream {
    let path = path(kind);
    let fields = kind.details.iter().chain(&kind.source);
    let members = fields.clone().map(|field| &field.member);
    let slots = fields.map(|field| &field.slot);
    quote!(#path { #(#members: #slots),* })
}

/// `(first, (second, ()))`, each blamed on its type.
fn list(fields: &[Field]) -> TokenStream {
    fields.iter().rev().fold(quote!(()), |rest, Field { ty, slot, .. }| quote_spanned!(blame(ty)=> (#slot, #rest)))
}

fn names(fields: &[Field]) -> TokenStream {
    let names = fields.iter().filter_map(|field| match &field.member {
        Member::Named(ident) => Some(LitStr::new(&ident.unraw().to_string(), Span::call_site())),
        Member::Unnamed(_) => None,
    });
    quote!(&[#(#names),*])
}
