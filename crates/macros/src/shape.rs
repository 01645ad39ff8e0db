//! What kind of item an attribute stands on, and which headers of blocks it can work with.

use proc_macro2::{Ident, TokenStream, TokenTree};
use quote::quote;
use syn::ext::IdentExt;
use syn::{ItemImpl, ItemTrait, Type};

use crate::diagnostics::Diagnostics;
use crate::function::Function;

/// The kinds of items that our attributes tell apart.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Function,
    Impl,
    Trait,
    /// Any other, by its keyword.
    Other(Ident),
}

/// Finds the keyword that says what an item is.
pub(crate) fn kind_of(item: &TokenStream) -> Option<Kind> {
    item.clone().into_iter().find_map(|token| match token {
        TokenTree::Ident(ident) => match ident.to_string().as_str() {
            "fn" => Some(Kind::Function),
            "impl" => Some(Kind::Impl),
            "trait" => Some(Kind::Trait),
            "struct" | "enum" | "union" | "mod" | "static" | "type" | "use" => Some(Kind::Other(ident)),
            _ => None,
        },
        _ => None,
    })
}

/// Checks the header of an `impl` block. The result is the type's own name, if the block can be worked with.
pub(crate) fn check_impl(header: &ItemImpl, attribute: &str, diagnostics: &mut Diagnostics) -> Option<Ident> {
    let before = diagnostics.count();
    if let Some((path, _)) = &header.trait_ {
        let message = format!("`{attribute}` stands on the type's own `impl` block, not on that of a trait");
        diagnostics.error_with_help(path, message, "write `impl Type { .. }`; its methods can call the trait's");
    }
    if let Some(unsafety) = &header.unsafety {
        diagnostics.error(unsafety, "only the `impl` block of a trait can be `unsafe`");
    }
    if !header.generics.params.is_empty() {
        let message = format!("`{attribute}` cannot be put on a generic type");
        let help = "one name stands for one type; name the parameters, as in `impl Bank<Postgres>`, \
                    or keep a `Box<dyn Trait>` inside the type";
        diagnostics.error_with_help(&header.generics, message, help);
    } else if let Some(clause) = &header.generics.where_clause {
        diagnostics.error(clause, format_args!("`{attribute}` cannot be put on a block with a `where` clause"));
    }
    let ident = match &*header.self_ty {
        Type::Path(path) => path.path.segments.last().map(|segment| segment.ident.clone()),
        _ => None,
    };
    if ident.is_none() {
        let message = format!("`{attribute}` stands on the `impl` block of a `struct` or an `enum`");
        diagnostics.error_with_help(&header.self_ty, message, "declare a `struct` for it");
    }
    ident.filter(|_| diagnostics.unchanged_since(before))
}

/// Checks the header of a trait that describes an interface.
pub(crate) fn check_trait(header: &ItemTrait, diagnostics: &mut Diagnostics) {
    let help = "the trait is turned into a type with one function for each call; nothing implements it";
    if !header.generics.params.is_empty() {
        diagnostics.error_with_help(&header.generics, "an interface cannot be generic", help);
    }
    if let Some(clause) = &header.generics.where_clause {
        diagnostics.error_with_help(clause, "an interface has no `where` clause", help);
    }
    if !header.supertraits.is_empty() {
        diagnostics.error_with_help(&header.supertraits, "an interface has no supertraits", help);
    }
    if let Some(unsafety) = &header.unsafety {
        diagnostics.error_with_help(unsafety, "an interface cannot be `unsafe`", help);
    }
}

/// The type that an interface turns into. It has no values.
pub(crate) fn interface_type(header: &ItemTrait) -> TokenStream {
    let ItemTrait { attrs, vis, ident, .. } = header;
    quote! {
        #(#attrs)*
        #[allow(dead_code, missing_debug_implementations)]
        #vis enum #ident {}
    }
}

/// Refuses a function with a body in an interface.
pub(crate) fn check_without_body(function: &Function, diagnostics: &mut Diagnostics) {
    if let Some(body) = &function.body {
        let help = "it runs elsewhere; end it with a semicolon, or write an `impl` block";
        diagnostics.error_with_help(body, "a function of an interface has no body", help);
    }
}

/// An identifier without `r#`, to be part of a longer one.
pub(crate) fn bare(ident: &Ident) -> Ident {
    ident.unraw()
}

#[cfg(test)]
mod tests {
    use quote::quote;

    use super::{Kind, kind_of};

    #[test]
    fn the_keyword_is_found_behind_attributes_and_visibility() {
        assert_eq!(
            kind_of(&quote!(
                #[doc = "fn"]
                pub(crate) const unsafe extern "C" fn f() {}
            )),
            Some(Kind::Function)
        );
        assert_eq!(kind_of(&quote!(impl dyn Trait {})), Some(Kind::Impl));
        assert_eq!(
            kind_of(&quote!(
                pub unsafe trait T {
                    fn f();
                }
            )),
            Some(Kind::Trait)
        );
        assert!(matches!(
            kind_of(&quote!(
                mod m {
                    fn f() {}
                }
            )),
            Some(Kind::Other(_))
        ));
        assert_eq!(kind_of(&quote!(1 + 2)), None);
    }
}
