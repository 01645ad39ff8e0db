//! What the signatures of activities, workflows and handlers have in common: how they are read, and what none may be.

use proc_macro2::{Delimiter, Span, TokenStream, TokenTree};
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::spanned::Spanned;
use syn::visit::{self, Visit};
use syn::{
    Attribute, FnArg, Ident, Lifetime, Pat, PatType, Receiver, ReceiverKind, ReturnType, Signature, Type, TypeReference,
};

use crate::diagnostics::Diagnostics;
use crate::selfless::spell_out;

/// The most arguments that a call can carry.
const MOST_ARGUMENTS: usize = 8;

/// A place in the user's code, for generated code that should be blamed on it as if it stood there. The compiler shows a
/// complaint once if it has it twice, word for word and for the same place.
pub(crate) fn blame(tokens: &impl ToTokens) -> Span {
    tokens.span()
}

/// `<ty as __macro::trait_name>::item`, blamed on the whole of `ty`.
pub(crate) fn project(ty: &Type, trait_name: &str, item: &str) -> TokenStream {
    let (trait_name, item) = (Ident::new(trait_name, blame(ty)), Ident::new(item, blame(ty)));
    blame_whole(ty, quote_spanned!(blame(ty)=> <#ty as ::perpetua::__macro::#trait_name>::#item))
}

/// `type name = <ty as __macro::trait_name>::name;`, blamed on the whole of `ty`.
pub(crate) fn projected_type(ty: &Type, trait_name: &str, name: &str) -> TokenStream {
    let projection = project(ty, trait_name, name);
    let name = Ident::new(name, blame(ty));
    // The compiler takes the part up to the name for the place of the whole.
    let declared = blame_whole(ty, quote_spanned!(blame(ty)=> type #name));
    blame_whole(ty, quote_spanned!(blame(ty)=> #declared = #projection;))
}

/// `Self::name`, blamed on the whole of `ty`.
pub(crate) fn of_self(ty: &Type, name: &str) -> TokenStream {
    let name = Ident::new(name, blame(ty));
    blame_whole(ty, quote_spanned!(blame(ty)=> Self::#name))
}

/// `&self`, blamed on the whole of `ty`, and `self` to use it by.
pub(crate) fn shared_self(ty: &Type) -> (TokenStream, TokenStream) {
    (blame_whole(ty, quote_spanned!(blame(ty)=> &self)), quote_spanned!(blame(ty)=> self))
}

/// Blames tokens that begin in the place of `ty` on the whole of it. The compiler measures a piece of code from its first
/// token to its last, so the last one gets the place of the type's last token.
pub(crate) fn blame_whole(ty: &Type, tokens: TokenStream) -> TokenStream {
    let mut ends = ty.to_token_stream().into_iter();
    let first = ends.next();
    let last = ends.last().or(first).map_or_else(Span::call_site, |token| end(&token));
    let mut tokens: Vec<TokenTree> = tokens.into_iter().collect();
    if let Some(token) = tokens.last_mut() {
        token.set_span(last);
    }
    tokens.into_iter().collect()
}

fn end(token: &TokenTree) -> Span {
    match token {
        TokenTree::Group(group) if group.delimiter() != Delimiter::None => group.span_close(),
        other => other.span(),
    }
}

/// A variable of generated code, which no name of the user's can meet.
pub(crate) fn variable(name: &str, at: Span) -> Ident {
    Ident::new(name, at.resolved_at(Span::mixed_site()))
}

/// A parameter without its pattern.
#[derive(Clone)]
pub(crate) struct Parameter {
    /// What it is called in the stub.
    pub(crate) name: Ident,
    /// Its type as written, with `Self` spelled out.
    pub(crate) ty: Type,
    /// The parameter as written.
    original: PatType,
}

impl Parameter {
    /// Whether its name says that it is the context.
    pub(crate) fn is_called_ctx(&self) -> bool {
        matches!(&*self.original.pat, Pat::Ident(pattern) if pattern.ident == "ctx" || pattern.ident == "_ctx")
    }
}

impl ToTokens for Parameter {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        self.original.to_tokens(tokens);
    }
}

/// The receiver and the parameters of a function, in order.
pub(crate) struct Parameters {
    pub(crate) receiver: Option<Receiver>,
    pub(crate) others: Vec<Parameter>,
}

impl Parameters {
    /// Reads them; each gets a name, whatever its pattern.
    pub(crate) fn read(signature: &Signature, self_type: Option<&Type>) -> Self {
        let mut parameters = Self { receiver: None, others: Vec::new() };
        for input in &signature.inputs {
            match input {
                FnArg::Receiver(receiver) => parameters.receiver = Some(receiver.clone()),
                FnArg::Typed(original) => {
                    let position = parameters.others.len() + 1;
                    let name = match &*original.pat {
                        Pat::Ident(pattern) => name_in_stub(&pattern.ident),
                        _ => None,
                    };
                    let taken = |name: &Ident| parameters.others.iter().any(|earlier| earlier.name == *name);
                    let name = name.filter(|name| !taken(name));
                    parameters.others.push(Parameter {
                        name: name.unwrap_or_else(|| format_ident!("argument_{position}", span = original.pat.span())),
                        ty: spell_out((*original.ty).clone(), self_type),
                        original: original.clone(),
                    });
                }
            }
        }
        parameters
    }
}

/// `_name` is called `name` in a stub, which does use it.
fn name_in_stub(ident: &Ident) -> Option<Ident> {
    let text = ident.to_string();
    let bare = text.trim_start_matches('_');
    if bare.len() == text.len() {
        return Some(ident.clone());
    }
    let mut bare = syn::parse_str::<Ident>(bare).ok()?;
    bare.set_span(ident.span());
    Some(bare)
}

/// How the arguments of a call travel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Carried {
    /// One value each.
    Typed,
    /// Whatever there is, in one parameter. Callers give the name as well.
    Raw,
    /// Whatever there is, in one parameter behind the name.
    NamedRaw,
}

impl Carried {
    /// As one value each, or as they are if the function is dynamic.
    pub(crate) fn of(dynamic: Option<&Ident>, raw: Self) -> Self {
        if dynamic.is_some() { raw } else { Self::Typed }
    }
}

/// The arguments of a call: parameters that travel.
#[derive(Clone)]
pub(crate) struct Arguments {
    list: Vec<Parameter>,
    carried: Carried,
    /// Where the parameter list stands.
    span: Span,
}

impl Arguments {
    /// The arguments of the function with this signature, checked.
    pub(crate) fn new(
        list: Vec<Parameter>,
        carried: Carried,
        signature: &Signature,
        subject: &str,
        diagnostics: &mut Diagnostics,
    ) -> Self {
        let expected = match carried {
            Carried::Typed => None,
            Carried::Raw => Some((1, "the arguments of the call as one", "`arguments: RawArguments`")),
            Carried::NamedRaw => {
                Some((2, "the name of the message and its arguments as one", "`name: String, arguments: RawArguments`"))
            }
        };
        if let Some((count, what, parameters)) = expected.filter(|(count, ..)| list.len() != *count) {
            let taken = list.len();
            let message = format!("{subject} that is dynamic takes {what}: {count} in all, not {taken}");
            diagnostics.error_with_help(&signature.ident, message, format_args!("its parameters are {parameters}"));
        }
        for parameter in &list {
            check_travels(&parameter.ty, &format!("an argument of {subject}"), diagnostics);
            for attribute in &parameter.original.attrs {
                if attribute.path().is_ident("cfg") || attribute.path().is_ident("cfg_attr") {
                    let help = "put the condition on the whole function, or take an `Option`";
                    diagnostics.error_with_help(attribute, "an argument cannot be conditional", help);
                }
            }
        }
        if let Some(superfluous) = list.get(MOST_ARGUMENTS) {
            let message = format!("{subject} takes at most {MOST_ARGUMENTS} arguments");
            let help = "put them into one struct; old callers can then omit new fields";
            diagnostics.error_with_help(superfluous, message, help);
        }
        let span = match list.as_slice() {
            [only] => only.ty.span(),
            _ => signature.paren_token.span.join(),
        };
        Self { list, carried, span }
    }

    /// How many there are.
    pub(crate) fn count(&self) -> usize {
        self.list.len()
    }

    /// `name: Type, ..`
    pub(crate) fn declaration(&self) -> TokenStream {
        let called = self.call_name().map(|called| quote!(#called: ::std::string::String,));
        let names = self.list.iter().map(|parameter| &parameter.name);
        let types = self.list.iter().map(|parameter| &parameter.ty);
        quote!(#called #(#names: #types),*)
    }

    /// What callers call the name, where they give it and the function does not take it.
    fn call_name(&self) -> Option<Ident> {
        (self.carried == Carried::Raw).then(|| variable("called", Span::call_site()))
    }

    /// The name that callers give, if they do.
    pub(crate) fn given_name(&self) -> Option<TokenStream> {
        match (self.carried, self.list.first()) {
            (Carried::NamedRaw, Some(Parameter { name, ty, .. })) => {
                Some(quote_spanned!(blame(ty)=> ::perpetua::__macro::called_name(#name)))
            }
            _ => self.call_name().map(ToTokens::into_token_stream),
        }
    }

    /// Lets the compiler say more where an argument might be meant to be the context, which does not travel. Whether
    /// it is wrong is up to the compiler.
    pub(crate) fn context_hints(&self, conditions: &[&Attribute]) -> TokenStream {
        let looks_like_context = |parameter: &&Parameter| match &parameter.ty {
            Type::Path(path) => {
                path.path.segments.last().is_some_and(|last| last.ident == "Ctx" || last.ident == "ActivityContext")
            }
            _ => false,
        };
        let hints = self.list.iter().filter(looks_like_context).map(|parameter| {
            let ty = &parameter.ty;
            let check = quote_spanned!(blame(ty)=> ::perpetua::__macro::argument_not_context::<#ty>());
            quote!(#(#conditions)* const _: fn() = || #check;)
        });
        hints.collect()
    }

    /// `(Type, ..)`
    pub(crate) fn tuple_type(&self) -> TokenStream {
        if self.carried != Carried::Typed {
            return quote_spanned!(self.span=> ::perpetua::__macro::RawArguments);
        }
        let types = self.list.iter().map(|parameter| &parameter.ty);
        quote_spanned!(self.span=> (#(#types,)*))
    }

    /// The same, where nothing else checks that they travel.
    pub(crate) fn checked_tuple_type(&self) -> TokenStream {
        if self.carried != Carried::Typed {
            return self.tuple_type();
        }
        let tuple = self.tuple_type();
        quote_spanned!(self.span=> <#tuple as ::perpetua::__macro::MessageArguments>::Tuple)
    }

    /// `(name, ..)`
    pub(crate) fn tuple(&self) -> TokenStream {
        if let (Carried::Raw | Carried::NamedRaw, Some(Parameter { name, ty, .. })) = (self.carried, self.list.last()) {
            return quote_spanned!(blame(ty)=> ::perpetua::__macro::called_arguments(#name));
        }
        let names = self.list.iter().map(|parameter| &parameter.name);
        quote_spanned!(self.span=> (#(#names,)*))
    }

    /// `(slot, ..)`, for generated code that takes the tuple apart.
    pub(crate) fn pattern(&self) -> TokenStream {
        let slots = self.slots();
        if self.carried == Carried::Raw {
            return quote_spanned!(self.span=> #(#slots)*);
        }
        quote_spanned!(self.span=> (#(#slots,)*))
    }

    /// The values that the function itself is called with, from the variables of the pattern.
    pub(crate) fn values(&self) -> Vec<TokenStream> {
        let values = self.slots().into_iter().zip(&self.list).enumerate();
        let value = |(index, (slot, parameter)): (usize, (Ident, &Parameter))| match (self.carried, index) {
            (Carried::Typed, _) => slot.into_token_stream(),
            (Carried::NamedRaw, 0) => {
                quote_spanned!(blame(&parameter.ty)=> ::perpetua::__macro::dynamic_name(#slot))
            }
            _ => quote_spanned!(blame(&parameter.ty)=> ::perpetua::__macro::dynamic_arguments(#slot)),
        };
        values.map(value).collect()
    }

    /// One variable for each argument, blamed on its type.
    pub(crate) fn slots(&self) -> Vec<Ident> {
        let slot = |(index, parameter): (usize, &Parameter)| {
            variable(&format!("argument_{}", index + 1), blame(&parameter.ty))
        };
        self.list.iter().enumerate().map(slot).collect()
    }
}

/// The return type, with `Self` spelled out; `None` if nothing is written.
pub(crate) fn returned(signature: &Signature, self_type: Option<&Type>) -> Option<Type> {
    match &signature.output {
        ReturnType::Default => None,
        ReturnType::Type(_, ty) => Some(spell_out((**ty).clone(), self_type)),
    }
}

/// Refuses what no function that is called by name can be.
pub(crate) fn check_plain(signature: &Signature, subject: &str, diagnostics: &mut Diagnostics) {
    for parameter in &signature.generics.params {
        match parameter {
            syn::GenericParam::Lifetime(_) => diagnostics.error_with_help(
                parameter,
                format_args!("{subject} has no lifetimes of its own"),
                "arguments and results are sent over the network, so nothing in them can be borrowed; use owned types",
            ),
            _ => diagnostics.error_with_help(
                parameter,
                format_args!("{subject} cannot be generic"),
                "one name stands for one signature; write one function for each type",
            ),
        }
    }
    if let (true, Some(clause)) = (signature.generics.params.is_empty(), &signature.generics.where_clause) {
        diagnostics.error(clause, format_args!("{subject} cannot be generic, so it has no `where` clause"));
    }
    if let Some(constness) = &signature.constness {
        diagnostics.error_with_help(constness, format_args!("{subject} cannot be `const`"), "remove `const`");
    }
    if let syn::Safety::Unsafe(unsafety) = &signature.safety {
        let help = "callers only describe a call and cannot promise anything; remove `unsafe`";
        diagnostics.error_with_help(unsafety, format_args!("{subject} cannot be `unsafe`"), help);
    }
    if let Some(abi) = &signature.abi {
        let message = format!("{subject} has no calling convention of its own");
        diagnostics.error_with_help(abi, message, "remove `extern`");
    }
    if let Some(variadic) = &signature.variadic {
        diagnostics.error(variadic, format_args!("{subject} takes a fixed number of arguments"));
    }
}

/// Refuses types that cannot be sent whatever they are called: borrowed ones, and `impl Trait`.
pub(crate) fn check_travels(ty: &Type, subject: &str, diagnostics: &mut Diagnostics) {
    Travels { subject, diagnostics }.visit_type(ty);
}

struct Travels<'a> {
    subject: &'a str,
    diagnostics: &'a mut Diagnostics,
}

impl Visit<'_> for Travels<'_> {
    fn visit_type(&mut self, ty: &Type) {
        match ty {
            Type::Reference(reference) => {
                let help = owned_instead(reference);
                let message = format!("{} is sent over the network, so it cannot be borrowed", self.subject);
                self.diagnostics.error_with_help(ty, message, help);
            }
            Type::ImplTrait(_) => {
                let message =
                    format!("{} has one type, which both sides know; it cannot be `impl Trait`", self.subject);
                self.diagnostics.error_with_help(ty, message, "name the type");
            }
            // The lifetimes in these are their own.
            Type::FnPtr(_) | Type::TraitObject(_) => {}
            _ => visit::visit_type(self, ty),
        }
    }

    fn visit_lifetime(&mut self, lifetime: &Lifetime) {
        if lifetime.ident != "static" {
            let message = format!("{} is sent over the network, so it cannot be borrowed", self.subject);
            self.diagnostics.error_with_help(lifetime, message, "use a type without lifetimes");
        }
    }
}

/// What to write instead of a borrowed type.
fn owned_instead(reference: &TypeReference) -> String {
    match &*reference.elem {
        Type::Path(path) if path.path.is_ident("str") => "use `String`".to_owned(),
        Type::Slice(slice) => format!("use `Vec<{}>`", slice.elem.to_token_stream()),
        other => format!("use `{}`", other.to_token_stream()),
    }
}

/// Refuses a context that is borrowed.
pub(crate) fn check_context(context: &Parameter, diagnostics: &mut Diagnostics) {
    if let Type::Reference(reference) = &context.ty {
        let help = "remove the `&`; the context is cheap to clone";
        diagnostics.error_with_help(reference, "the context is taken by value", help);
    }
}

/// Refuses every receiver but `&self`.
pub(crate) fn check_receiver(
    signature: &Signature,
    receiver: Option<&Receiver>,
    subject: &str,
    mutable_help: &str,
    diagnostics: &mut Diagnostics,
) {
    let message = format!("{subject} takes `&self`");
    match receiver {
        Some(Receiver { kind: ReceiverKind::Reference(_, None, None), .. }) => {}
        Some(receiver @ Receiver { kind: ReceiverKind::Reference(_, _, Some(_)), .. }) => {
            diagnostics.error_with_help(receiver, message, mutable_help);
        }
        Some(receiver) => diagnostics.error_with_help(receiver, message, "write `&self`"),
        None => diagnostics.error_with_help(&signature.ident, message, "write `&self` as its first parameter"),
    }
}
