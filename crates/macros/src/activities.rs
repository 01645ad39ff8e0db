//! `#[activities]` on an `impl` block or on a trait.
//!
//! The marked methods move into a hidden trait, so that stubs can take their names: `Bank::withdraw(..)` describes a
//! call, `bank.withdraw(..)` still is the method.

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, format_ident, quote};
use syn::{Attribute, Ident, ItemImpl, ItemTrait, Type};

use crate::activity::{Activity, OPTIONS, Place};
use crate::attributes::{Role, conditions, documentation, take_markers};
use crate::block::{Block, Member};
use crate::crate_path;
use crate::diagnostics::Diagnostics;
use crate::function::Function;
use crate::moved::{Moved, NotMoved, hidden_name};
use crate::options::{Form, Options};
use crate::shape::{self, Kind, kind_of};
use crate::signature::variable;

const ATTRIBUTE: &str = "#[activities]";

/// Expands `#[activities]`.
pub(crate) fn expand(options: TokenStream, item: TokenStream) -> (TokenStream, Diagnostics) {
    let mut diagnostics = Diagnostics::default();
    let options = Options::parse(ATTRIBUTE, options, &[("crate", Form::Path)], &mut diagnostics);
    let message = "`#[activities]` stands on an `impl` block or on a trait";
    let expanded = match kind_of(&item) {
        Some(Kind::Impl) => Block::parse_impl(item.clone()).map(|block| expand_impl(block, &mut diagnostics)),
        Some(Kind::Trait) => Block::parse_trait(item.clone()).map(|block| expand_trait(block, &mut diagnostics)),
        Some(Kind::Function) => {
            let ident = syn::parse2::<Function>(item.clone()).map(|function| function.signature.ident);
            let at = ident.map_or_else(|_| item.clone(), ToTokens::into_token_stream);
            diagnostics.error_with_help(at, message, "for a function, write `#[activity]`");
            return (item, diagnostics);
        }
        Some(Kind::Other(keyword)) => {
            diagnostics.error_with_help(keyword, message, "put it on the `impl` block with the methods");
            return (item, diagnostics);
        }
        None => {
            diagnostics.error(&item, message);
            return (item, diagnostics);
        }
    };
    match expanded {
        Ok(tokens) => (crate_path::renamed(tokens, &options), diagnostics),
        Err(error) => {
            diagnostics.unreadable(error);
            (item, diagnostics)
        }
    }
}

/// Takes the marker out of a function of an `#[activities]` block.
fn take_marker(function: &mut Function, diagnostics: &mut Diagnostics) -> Option<Options> {
    let mut found = None;
    for marker in take_markers(&mut function.attributes) {
        match (marker.role, &found) {
            (Role::Activity, None) => found = Some(marker.options(OPTIONS, diagnostics)),
            (Role::Activity, Some(_)) => diagnostics.error(&marker.attribute, "it is an activity already"),
            (role, _) => {
                let message = format!("`#[{}]` belongs into a `#[workflow]` block", role.word());
                let help = "here, `#[activity]` marks the methods that are activities";
                diagnostics.error_with_help(&marker.attribute, message, help);
            }
        }
    }
    found
}

fn expand_impl(block: Block<ItemImpl>, diagnostics: &mut Diagnostics) -> TokenStream {
    let Block { header, members } = block;
    let ident = shape::check_impl(&header, ATTRIBUTE, diagnostics);
    let self_type = &*header.self_ty;

    let mut activities = Vec::new();
    let mut others = Vec::new();
    for member in members {
        match member {
            Member::Function(mut function) => match take_marker(&mut function, diagnostics) {
                Some(options) => {
                    let place = Place::Method;
                    activities.push(Activity::read(*function, &options, place, Some(self_type), diagnostics));
                }
                None => others.push(Member::Function(function)),
            },
            other @ Member::Other(_) => others.push(other),
        }
    }
    if activities.is_empty() {
        let help = "mark each method that is an activity with `#[activity]`";
        diagnostics.error_with_help(self_type, "this block has no activities", help);
    }
    check_names(&activities, diagnostics);

    let functions: Vec<&Function> = activities.iter().map(|activity| &activity.function).collect();
    let Some(ident) = ident else {
        return NotMoved { header: &header, functions: &functions, others: &others }.into_token_stream();
    };
    let hidden = hidden_name(&ident, "Activities", &functions);
    let moved = Moved { header: &header, hidden: &hidden, functions: &functions, others: &others };

    let definitions: Vec<Ident> = activities.iter().map(definition_name).collect();
    let generated = generate(self_type, &activities, &definitions, &header.attrs);
    let this = variable("this", Span::call_site());
    let entries = activities.iter().zip(&definitions).map(|(activity, definition)| {
        let conditions = conditions(&activity.function.attributes);
        let method = &activity.function.signature.ident;
        let add = format_ident!("{}", if activity.dynamic { "add_dynamic" } else { "add" });
        let execution = activity.method_execution(&quote!(<#self_type as #hidden>::#method), &this);
        quote! {
            #(#conditions)*
            {
                let #this = ::std::sync::Arc::clone(&self);
                activities.#add::<#definition<#self_type>>(#execution);
            }
        }
    });
    quote! {
        #moved

        #[allow(clippy::all, clippy::pedantic, clippy::nursery)]
        const _: () = {
            #generated

            #[automatically_derived]
            impl ::perpetua::__macro::ActivitySet for #self_type {
                #[allow(unused_variables)]
                fn register(self: ::std::sync::Arc<Self>, activities: &mut ::perpetua::__macro::Activities) {
                    #(#entries)*
                }
            }
        };
    }
}

fn expand_trait(block: Block<ItemTrait>, diagnostics: &mut Diagnostics) -> TokenStream {
    let Block { header, members } = block;
    shape::check_trait(&header, diagnostics);
    let self_type: Type = {
        let ident = &header.ident;
        syn::parse_quote!(#ident)
    };
    let mut activities = Vec::new();
    for member in members {
        match member {
            Member::Function(mut function) => {
                let options = take_marker(&mut function, diagnostics);
                shape::check_without_body(&function, diagnostics);
                if options.is_none() {
                    let help = "add `#[activity]`; a function that is not an activity belongs elsewhere";
                    let message = "every function of an interface is an activity";
                    diagnostics.error_with_help(&function.signature.ident, message, help);
                }
                let options = options.unwrap_or_default();
                let place = Place::Interface;
                activities.push(Activity::read(*function, &options, place, Some(&self_type), diagnostics));
            }
            Member::Other(other) => diagnostics.error(other, "an interface has functions only"),
        }
    }
    check_names(&activities, diagnostics);
    for activity in &mut activities {
        activity.function.visibility = header.vis.clone();
    }
    let definitions: Vec<Ident> = activities.iter().map(definition_name).collect();
    let generated = generate(&self_type, &activities, &definitions, &[]);
    let interface = shape::interface_type(&header);
    quote! {
        #interface

        #[allow(clippy::all, clippy::pedantic, clippy::nursery)]
        const _: () = {
            #generated
        };
    }
}

/// The name of the type that stands for one activity among several; its parameter is the type that has the method. That
/// makes it as visible as both are, and `withdraw_of<Bank>` is what messages show.
fn definition_name(activity: &Activity) -> Ident {
    let method = &activity.function.signature.ident;
    format_ident!("{}_of", shape::bare(method), span = method.span())
}

/// The types that stand for the activities, and the stubs.
fn generate(self_type: &Type, activities: &[Activity], definitions: &[Ident], attributes: &[Attribute]) -> TokenStream {
    let documentation = documentation(attributes);
    let types = activities.iter().zip(definitions).map(|(activity, definition)| {
        let conditions = conditions(&activity.function.attributes);
        let implementation = activity.definition(&quote!(#definition<#self_type>));
        let visibility = &activity.function.visibility;
        quote! {
            #(#conditions)*
            #[doc(hidden)]
            #[allow(dead_code, non_camel_case_types, missing_debug_implementations)]
            #visibility struct #definition<Owner>(::core::marker::PhantomData<fn() -> Owner>);

            #implementation
        }
    });
    let stubs = activities
        .iter()
        .zip(definitions)
        .map(|(activity, definition)| activity.stub(&quote!(#definition<#self_type>), &activity.function.visibility));
    quote! {
        #(#types)*

        #(#documentation)*
        #[allow(dead_code)]
        impl #self_type {
            #(#stubs)*
        }
    }
}

/// Refuses two activities of one name. Conditional ones may replace one another.
fn check_names(activities: &[Activity], diagnostics: &mut Diagnostics) {
    let conditional = |activity: &Activity| !conditions(&activity.function.attributes).is_empty();
    for (index, activity) in activities.iter().enumerate() {
        let earlier = activities.iter().take(index).find(|earlier| {
            earlier.dynamic == activity.dynamic && (activity.dynamic || earlier.name.value() == activity.name.value())
        });
        if let Some(earlier) = earlier.filter(|earlier| !conditional(earlier) && !conditional(activity)) {
            let name = activity.name.value();
            if activity.dynamic {
                let help = "it takes every name that no other has; tell the names apart in it";
                let ident = |activity: &Activity| activity.function.signature.ident.clone();
                diagnostics.error_with_help(ident(activity), "this is another dynamic activity of this block", help);
                diagnostics.error(ident(earlier), "this is the first dynamic activity of this block");
                continue;
            }
            diagnostics.error(&activity.name, format_args!("two activities are called `{name}`"));
            diagnostics.error(&earlier.name, format_args!("the first activity called `{name}` is this one"));
        }
    }
}
