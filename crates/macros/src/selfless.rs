//! Spells out `Self`, so that a type can be repeated where `Self` means something else.

use syn::visit_mut::{self, VisitMut};
use syn::{Expr, ExprPath, Path, QSelf, Token, Type, TypePath};

/// `ty` with every `Self` replaced by `self_type`.
pub(crate) fn spell_out(mut ty: Type, self_type: Option<&Type>) -> Type {
    if let Some(self_type) = self_type {
        SpellOut { self_type }.visit_type_mut(&mut ty);
    }
    ty
}

struct SpellOut<'a> {
    self_type: &'a Type,
}

impl SpellOut<'_> {
    /// `Self::Item` as `<Type>::Item`; leaves other paths alone.
    fn qualify(&self, qself: &mut Option<QSelf>, path: &mut Path) {
        let starts_with_self = path.segments.first().is_some_and(|first| first.ident == "Self");
        if qself.is_none() && path.leading_colon.is_none() && starts_with_self {
            *qself = Some(QSelf {
                lt_token: <Token![<]>::default(),
                ty: Box::new(self.self_type.clone()),
                position: 0,
                as_token: None,
                gt_token: <Token![>]>::default(),
            });
            path.leading_colon = Some(<Token![::]>::default());
            path.segments = std::mem::take(&mut path.segments).into_iter().skip(1).collect();
        }
    }
}

impl VisitMut for SpellOut<'_> {
    fn visit_type_mut(&mut self, ty: &mut Type) {
        if let Type::Path(TypePath { qself, path, .. }) = ty {
            if qself.is_none() && path.is_ident("Self") {
                *ty = self.self_type.clone();
                return;
            }
            self.qualify(qself, path);
        }
        visit_mut::visit_type_mut(self, ty);
    }

    fn visit_expr_mut(&mut self, expression: &mut Expr) {
        if let Expr::Path(ExprPath { qself, path, .. }) = expression
            && path.segments.len() > 1
        {
            self.qualify(qself, path);
        }
        visit_mut::visit_expr_mut(self, expression);
    }
}

#[cfg(test)]
mod tests {
    use quote::ToTokens;
    use syn::{Type, parse_quote};

    use super::spell_out;

    fn check(ty: Type, expected: Type) {
        let self_type = parse_quote!(Bank<u8>);
        let spelled = spell_out(ty, Some(&self_type));
        assert_eq!(spelled.to_token_stream().to_string(), expected.to_token_stream().to_string());
    }

    #[test]
    fn self_is_spelled_out_wherever_it_stands() {
        check(parse_quote!(Self), parse_quote!(Bank<u8>));
        check(parse_quote!(Vec<(Self, u8)>), parse_quote!(Vec<(Bank<u8>, u8)>));
        check(parse_quote!(Self::Item), parse_quote!(<Bank<u8>>::Item));
        check(parse_quote!([u8; Self::N]), parse_quote!([u8; <Bank<u8>>::N]));
        check(parse_quote!(<Self as Trait>::Item), parse_quote!(<Bank<u8> as Trait>::Item));
        check(parse_quote!(other::Self_), parse_quote!(other::Self_));
    }
}
