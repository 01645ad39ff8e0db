//! `#[workflow]` on a trait: stubs and a handle for a workflow that runs elsewhere.

use proc_macro2::TokenStream;
use quote::{ToTokens, quote};
use syn::{ItemTrait, Type, parse_quote};

use super::message::{Kind, Message};
use super::methods::{check_one_run, only_marker};
use super::run::{self, Place, Run};
use super::{check, handle};
use crate::attributes::Role;
use crate::block::{Block, Member};
use crate::diagnostics::Diagnostics;
use crate::name;
use crate::options::Options;
use crate::shape;

pub(crate) fn expand(block: Block<ItemTrait>, options: &Options, diagnostics: &mut Diagnostics) -> TokenStream {
    let Block { header, members } = block;
    shape::check_trait(&header, diagnostics);
    let ident = &header.ident;
    let self_type: Type = parse_quote!(#ident);
    let (runs, messages) = read(members, &self_type, diagnostics);
    let help = "mark its main function: `#[run] async fn run(..) -> Result<.., ..>`";
    check_one_run(&runs, ident, help, diagnostics);
    check::names(&messages, diagnostics);

    let name = name::of(ident, options, diagnostics);
    if let Some(dynamic) = options.flag("dynamic") {
        let help = "remove it; to start a workflow of any name, use `Workflow::named(..)`";
        diagnostics.error_with_help(dynamic, "an interface describes a workflow that has a name", help);
    }
    let run = runs.first();
    let self_tokens = self_type.to_token_stream();
    let run_stub = run.map(|run| run.stub(&self_tokens, &header.vis));
    let stubs = messages.iter().map(|message| message.stub(&self_type, &header.vis));
    let handle = handle::expand(ident, &self_type, &messages, |_| header.vis.clone());
    let definition = run::definition(&self_tokens, &name, run, &handle.definition);
    let handle = handle.items;
    let checks = messages.iter().map(|message| {
        let (check, hints) = (message.check(), message.context_hints());
        quote!(#check #hints)
    });
    let interface = shape::interface_type(&header);
    quote! {
        #interface

        #[allow(clippy::all, clippy::pedantic, clippy::nursery)]
        const _: () = {
            #[allow(dead_code)]
            impl #self_type {
                #run_stub
                #(#stubs)*
            }

            #handle
            #(#checks)*
            #definition
        };
    }
}

fn read(members: Vec<Member>, self_type: &Type, diagnostics: &mut Diagnostics) -> (Vec<Run>, Vec<Message>) {
    let mut runs = Vec::new();
    let mut messages = Vec::new();
    for member in members {
        let mut function = match member {
            Member::Function(function) => function,
            Member::Other(other) => {
                diagnostics.error(other, "an interface has functions only");
                continue;
            }
        };
        shape::check_without_body(&function, diagnostics);
        let Some(marker) = only_marker(&mut function, diagnostics) else {
            let help = "mark it with `#[run]`, `#[signal]`, `#[query]` or `#[update]`";
            let message = "every function of an interface is the main function or a message";
            diagnostics.error_with_help(&function.signature.ident, message, help);
            continue;
        };
        match (marker.role, Kind::of(marker.role)) {
            (_, Some(kind)) => {
                let options = marker.options(kind.options(), diagnostics);
                if let Some(validator) = options.function("validator") {
                    let help = "which updates are refused is the implementation's business; remove the option";
                    diagnostics.error_with_help(validator, "an interface has no validators", help);
                }
                if let Some(policy) = options.given("unfinished_policy") {
                    let help = "what becomes of its handlers is the implementation's business; remove the option";
                    diagnostics.error_with_help(policy, "an interface has no handlers", help);
                }
                let place = Place::Interface;
                messages.push(Message::read(kind, *function, &options, place, self_type, diagnostics));
            }
            (Role::Init, None) => {
                let help = "how the state begins is the implementation's business; remove it";
                diagnostics.error_with_help(&marker.attribute, "an interface has no `#[init]` function", help);
            }
            (_, None) => {
                marker.options(&[], diagnostics);
                check::unconditional(&function, "a workflow's `#[run]` function", diagnostics);
                runs.push(Run::read(*function, Place::Interface, None, Some(self_type), diagnostics));
            }
        }
    }
    (runs, messages)
}
