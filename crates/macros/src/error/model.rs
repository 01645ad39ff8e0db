//! The kinds of errors that a type stands for: the variants of an enum, or a struct as the only one.

use std::time::Duration;

use proc_macro2::{Ident, TokenStream};
use quote::quote;
use syn::ext::IdentExt;
use syn::spanned::Spanned;
use syn::{Attribute, Data, DeriveInput, Fields, Index, LitStr, Member, Meta, Type};

use super::duration;
use crate::diagnostics::Diagnostics;
use crate::options::{Form, Known, Options};
use crate::signature::variable;

const ATTRIBUTE: &str = "#[application]";
const OPTIONS: Known =
    &[("type", Form::Text), ("non_retryable", Form::Flag), ("benign", Form::Flag), ("next_retry_delay", Form::Text)];

/// What is an option of the whole type.
const OF_THE_TYPE: Known = &[("crate", Form::Path)];
/// The options of a struct, which is one kind of error and a whole type.
const OF_A_STRUCT: Known = &[
    ("type", Form::Text),
    ("non_retryable", Form::Flag),
    ("benign", Form::Flag),
    ("next_retry_delay", Form::Text),
    ("crate", Form::Path),
];

/// One kind of error.
pub(crate) struct Kind {
    /// The variant; `None` for a struct.
    pub(crate) variant: Option<Ident>,
    /// The name by which it is known elsewhere.
    pub(crate) name: LitStr,
    pub(crate) non_retryable: bool,
    pub(crate) benign: bool,
    pub(crate) next_retry_delay: Option<Duration>,
    /// The fields that travel as details.
    pub(crate) details: Vec<Field>,
    /// Whether they have names.
    pub(crate) named: bool,
    /// The field with what it came from, which travels as the cause.
    pub(crate) source: Option<Field>,
}

/// One field.
pub(crate) struct Field {
    pub(crate) member: Member,
    pub(crate) ty: Type,
    /// The variable that holds it in generated code.
    pub(crate) slot: Ident,
}

/// Reads the kinds, and reports what is wrong with them.
pub(crate) fn read(input: &DeriveInput, diagnostics: &mut Diagnostics) -> Option<Vec<Kind>> {
    if !input.generics.params.is_empty() {
        let help = "callers get back one type; name the parameters, or keep the value as text";
        diagnostics.error_with_help(&input.generics, "an application error cannot be generic", help);
    }
    let kinds = match &input.data {
        Data::Struct(data) => vec![read_kind(None, &input.ident, &input.attrs, &data.fields, diagnostics)],
        Data::Enum(data) => {
            for attribute in input.attrs.iter().filter(|attribute| is_ours(attribute) && !is_of_the_type(attribute)) {
                let help = "put it on the variants it is meant for";
                diagnostics.error_with_help(attribute, "`#[application]` describes one kind of error", help);
            }
            let read = |variant: &syn::Variant| {
                read_kind(Some(&variant.ident), &variant.ident, &variant.attrs, &variant.fields, diagnostics)
            };
            data.variants.iter().map(read).collect()
        }
        Data::Union(data) => {
            let help = "use an `enum`, with a variant for each kind of error";
            diagnostics.error_with_help(data.union_token, "an application error cannot be a `union`", help);
            return None;
        }
    };
    check_names(&kinds, diagnostics);
    Some(kinds)
}

/// The options of the whole type.
pub(crate) fn options_of_the_type(input: &DeriveInput) -> Options {
    let attributes: Vec<Attribute> = input.attrs.iter().filter(|attribute| is_ours(attribute)).cloned().collect();
    // What is wrong with them is reported where the kinds are read.
    let mut unheard = Diagnostics::default();
    match &input.data {
        Data::Enum(_) => {
            let own: Vec<_> = attributes.into_iter().filter(is_of_the_type).collect();
            read_options(&own, OF_THE_TYPE, &mut unheard)
        }
        _ => read_options(&attributes, OF_A_STRUCT, &mut unheard),
    }
}

fn is_ours(attribute: &Attribute) -> bool {
    attribute.path().is_ident("application")
}

/// Whether an attribute has nothing but options of the whole type.
fn is_of_the_type(attribute: &Attribute) -> bool {
    let mut unheard = Diagnostics::default();
    let options = read_options(std::slice::from_ref(attribute), OF_THE_TYPE, &mut unheard);
    options.path("crate").is_some() && unheard.unchanged_since(0)
}

fn read_kind(
    variant: Option<&Ident>,
    ident: &Ident,
    attributes: &[Attribute],
    fields: &Fields,
    diagnostics: &mut Diagnostics,
) -> Kind {
    let known = if variant.is_some() { OPTIONS } else { OF_A_STRUCT };
    let options = read_options(attributes, known, diagnostics);
    let (details, source) = read_fields(fields, diagnostics);
    let delay = options.text("next_retry_delay");
    let next_retry_delay = delay.and_then(|text| {
        let duration = duration::parse(&text.value());
        if duration.is_none() {
            let help = "write a whole number and `ms`, `s`, `m` or `h`, as in `30s`";
            diagnostics.error_with_help(text, format_args!("`{}` is not a duration", text.value()), help);
        }
        duration
    });
    if let (Some(delay), Some(_)) = (delay, options.flag("non_retryable")) {
        let help = "remove `next_retry_delay` or `non_retryable`";
        diagnostics.error_with_help(delay, "an error that is not retried has no next retry", help);
    }
    let name = options.text("type").cloned();
    if let Some(name) = name.as_ref().filter(|name| name.value().is_empty()) {
        diagnostics.error(name, "a type name has at least one letter");
    }
    Kind {
        variant: variant.cloned(),
        name: name.unwrap_or_else(|| LitStr::new(&ident.unraw().to_string(), ident.span())),
        non_retryable: options.flag("non_retryable").is_some(),
        benign: options.flag("benign").is_some(),
        next_retry_delay,
        details,
        named: matches!(fields, Fields::Named(_)),
        source,
    }
}

/// The options of all `#[application(..)]` attributes together.
fn read_options(attributes: &[Attribute], known: Known, diagnostics: &mut Diagnostics) -> Options {
    let mut tokens = TokenStream::new();
    for attribute in attributes.iter().filter(|attribute| is_ours(attribute)) {
        match &attribute.meta {
            Meta::List(list) => {
                let list = &list.tokens;
                tokens.extend(quote!(#list,));
            }
            other => {
                let help = "write `#[application(non_retryable)]`, for example";
                diagnostics.error_with_help(other, "`#[application]` has its options in parentheses", help);
            }
        }
    }
    Options::parse(ATTRIBUTE, tokens, known, diagnostics)
}

fn read_fields(fields: &Fields, diagnostics: &mut Diagnostics) -> (Vec<Field>, Option<Field>) {
    let mut details = Vec::new();
    let mut source: Option<Field> = None;
    let marked = fields.iter().any(|field| is_marked_source(&field.attrs));
    for (index, field) in fields.iter().enumerate() {
        for attribute in field.attrs.iter().filter(|attribute| attribute.path().is_ident("application")) {
            let help = "put it on the variant, or on the struct";
            diagnostics.error_with_help(attribute, "`#[application]` describes one kind of error, not a field", help);
        }
        let named_source = !marked && field.ident.as_ref().is_some_and(|ident| ident == "source");
        let is_source = is_marked_source(&field.attrs) || named_source;
        let member = match &field.ident {
            Some(ident) => Member::Named(ident.clone()),
            None => Member::Unnamed(Index::from(index)),
        };
        let slot = variable(&format!("field_{}", index + 1), field.ty.span());
        let read = Field { member, ty: field.ty.clone(), slot };
        match (is_source, &source) {
            (false, _) => details.push(read),
            (true, None) => source = Some(read),
            (true, Some(_)) => diagnostics.error(field, "an error has at most one source, this is another"),
        }
    }
    (details, source)
}

fn is_marked_source(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| attribute.path().is_ident("source") || attribute.path().is_ident("from"))
}

/// Refuses two kinds of one name: callers could not tell them apart.
fn check_names(kinds: &[Kind], diagnostics: &mut Diagnostics) {
    for (index, kind) in kinds.iter().enumerate() {
        if let Some(earlier) = kinds.iter().take(index).find(|earlier| earlier.name.value() == kind.name.value()) {
            let name = kind.name.value();
            let help = "callers tell errors apart by their type names; set `#[application(type = \"...\")]`";
            diagnostics.error_with_help(&kind.name, format_args!("two errors have the type name `{name}`"), help);
            diagnostics.error(&earlier.name, format_args!("the first error with the type name `{name}` is this one"));
        }
    }
}
