//! `#[workflow]` on an `impl` block: a type with a main function, state and handlers.

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::{Ident, ItemImpl, Type};

use super::message::{Kind, Message};
use super::run::{self, Place, Run};
use super::{ATTRIBUTE, check, handle};
use crate::attributes::{Marker, Role, documentation, take_markers};
use crate::block::{Block, Member};
use crate::diagnostics::Diagnostics;
use crate::function::Function;
use crate::moved::{Moved, NotMoved, hidden_name};
use crate::name;
use crate::options::Options;
use crate::shape;
use crate::signature::{self, Parameters, blame, blame_whole, variable};

/// The functions of a block, each by its role.
struct Functions {
    runs: Vec<Run>,
    inits: Vec<Function>,
    /// Nothing is wrong with them.
    inits_sound: bool,
    messages: Vec<Message>,
    others: Vec<Member>,
}

pub(crate) fn expand(block: Block<ItemImpl>, options: &Options, diagnostics: &mut Diagnostics) -> TokenStream {
    let Block { header, members } = block;
    let ident = shape::check_impl(&header, ATTRIBUTE, diagnostics);
    let self_type = &*header.self_ty;
    let mut functions = Functions::read(members, self_type, options, diagnostics);
    functions.check(self_type, diagnostics);
    let Functions { runs, inits, messages, others, .. } = &functions;

    let marked: Vec<&Function> =
        runs.iter().map(|run| &run.function).chain(messages.iter().map(|message| &message.function)).collect();
    let others_with_inits = || -> Vec<Member> {
        let inits = inits.iter().map(|init| Member::Function(Box::new(init.clone())));
        inits.chain(others.iter().cloned()).collect()
    };
    let others = others_with_inits();
    let Some(ident) = ident else {
        return NotMoved { header: &header, functions: &marked, others: &others }.into_token_stream();
    };
    let hidden = hidden_name(&ident, "Methods", &marked);
    let moved = Moved { header: &header, hidden: &hidden, functions: &marked, others: &others };

    let name = name::of(&ident, options, diagnostics);
    name::refuse_beside_dynamic("a workflow", options, diagnostics);
    let documentation = documentation(&header.attrs);
    let run = runs.first();
    let self_tokens = self_type.to_token_stream();
    let run_stub = run.map(|run| run.stub(&self_tokens, &run.function.visibility));
    let visibility = |message: &Message| message.function.visibility.clone();
    let stubs = messages.iter().map(|message| message.stub(self_type, &visibility(message)));
    let handle = handle::expand(&ident, self_type, messages, visibility);
    let definition = run::definition(&self_tokens, &name, run, &handle.definition);
    let handle = handle.items;
    let implementation = implementation(self_type, &functions, &hidden, options);
    let hints = messages.iter().map(Message::context_hints);
    quote! {
        #moved

        #[allow(clippy::all, clippy::pedantic, clippy::nursery)]
        const _: () = {
            #(#documentation)*
            #[allow(dead_code)]
            impl #self_type {
                #run_stub
                #(#stubs)*
            }

            #handle
            #(#hints)*
            #definition
            #implementation
        };
    }
}

impl Functions {
    fn read(members: Vec<Member>, self_type: &Type, workflow: &Options, diagnostics: &mut Diagnostics) -> Self {
        let mut functions =
            Self { runs: Vec::new(), inits: Vec::new(), inits_sound: true, messages: Vec::new(), others: Vec::new() };
        for member in members {
            let Member::Function(mut function) = member else {
                functions.others.push(member);
                continue;
            };
            let Some(marker) = only_marker(&mut function, diagnostics) else {
                functions.others.push(Member::Function(function));
                continue;
            };
            match (marker.role, Kind::of(marker.role)) {
                (_, Some(kind)) => {
                    let options = marker.options(kind.options(), diagnostics);
                    let place = Place::Method;
                    let message = Message::read(kind, *function, &options, place, self_type, diagnostics);
                    functions.messages.push(message);
                }
                (Role::Init, None) => {
                    marker.options(&[], diagnostics);
                    functions.inits.push(*function);
                }
                (_, None) => {
                    marker.options(&[], diagnostics);
                    check::unconditional(&function, "a workflow's `#[run]` function", diagnostics);
                    functions.runs.push(Run::read(
                        *function,
                        Place::Method,
                        workflow.flag("dynamic"),
                        Some(self_type),
                        diagnostics,
                    ));
                }
            }
        }
        functions
    }

    fn check(&mut self, self_type: &Type, diagnostics: &mut Diagnostics) {
        let help = "mark its main function, `#[run] async fn run(&self, ctx: Ctx, ..) -> WorkflowResult<..>`; \
                    it stands in the same block as the handlers";
        check_one_run(&self.runs, self_type, help, diagnostics);
        let before = diagnostics.count();
        for init in &self.inits {
            check::init(init, self.runs.first(), diagnostics);
        }
        if let [first, second, ..] = self.inits.as_slice() {
            diagnostics.error(&second.signature.ident, "a workflow has at most one `#[init]` function");
            diagnostics.error(&first.signature.ident, "the first `#[init]` function is this one");
        }
        self.inits_sound = diagnostics.unchanged_since(before);
        check::names(&self.messages, diagnostics);
        let others = self.others.iter().filter_map(|member| match member {
            Member::Function(function) => Some(&**function),
            Member::Other(_) => None,
        });
        check::validators(&mut self.messages, others, self_type, diagnostics);
    }
}

/// Takes our attributes out of a function, which may have one of them.
pub(crate) fn only_marker(function: &mut Function, diagnostics: &mut Diagnostics) -> Option<Marker> {
    let mut markers = take_markers(&mut function.attributes).into_iter();
    let mut first = None;
    for marker in &mut markers {
        let word = marker.role.word();
        match (&first, marker.role) {
            (_, Role::Activity) => {
                let help = "an activity runs outside of the workflow: make it a function of its own";
                diagnostics.error_with_help(&marker.attribute, "a workflow's method cannot be an activity", help);
            }
            (None, _) => first = Some(marker),
            (Some(earlier), role) if earlier.role == role => {
                diagnostics.error(&marker.attribute, format_args!("`#[{word}]` is given twice"));
            }
            (Some(earlier), _) => {
                let message = format!("this is `#[{}]` already, it cannot be `#[{word}]` too", earlier.role.word());
                diagnostics.error_with_help(&marker.attribute, message, "write two methods that call a third");
            }
        }
    }
    first
}

/// Refuses none and two.
pub(crate) fn check_one_run(runs: &[Run], self_type: impl ToTokens, help: &str, diagnostics: &mut Diagnostics) {
    match runs {
        [] => diagnostics.error_with_help(self_type, "a workflow has a `#[run]` function", help),
        [_] => {}
        [first, more @ ..] => {
            for run in more {
                diagnostics
                    .error(&run.function.signature.ident, "a workflow has one `#[run]` function, this is another");
            }
            diagnostics.error(&first.function.signature.ident, "the first `#[run]` function is this one");
        }
    }
}

fn implementation(self_type: &Type, functions: &Functions, hidden: &Ident, options: &Options) -> TokenStream {
    let Functions { runs, inits, inits_sound, messages, .. } = functions;
    let run = runs.first().map_or_else(
        || {
            quote! {
                fn run(
                    self: ::std::rc::Rc<Self>,
                    _: ::perpetua::__macro::Ctx,
                    _: Self::Input,
                ) -> ::perpetua::__macro::LocalFuture<
                    ::core::result::Result<Self::Output, ::perpetua::__macro::WorkflowError<Self::Error>>,
                > {
                    ::core::unreachable!()
                }
            }
        },
        |run| {
            let method = &run.function.signature.ident;
            run.implementation(&quote!(<Self as #hidden>::#method))
        },
    );
    let create = create(self_type, runs.first(), inits.first(), *inits_sound);
    let entries: Vec<TokenStream> = messages.iter().map(|message| message.entry(hidden)).collect();
    let handlers = variable("handlers", Span::call_site());
    let dynamic = run::dynamic_item(options);
    quote! {
        #[automatically_derived]
        impl ::perpetua::__macro::WorkflowImplementation for #self_type {
            #dynamic

            #create

            #run

            #[allow(unused_variables)]
            fn handlers(#handlers: &mut ::perpetua::__macro::Handlers<Self>) {
                #(#entries)*
            }
        }
    }
}

/// The function that makes the state: the user's, or `Default`.
fn create(self_type: &Type, run: Option<&Run>, init: Option<&Function>, sound: bool) -> TokenStream {
    let Some(init) = init else {
        let state = quote_spanned!(blame(self_type)=> ::perpetua::__macro::initial_state());
        return quote! {
            fn create(_: &::perpetua::__macro::Ctx, _: &Self::Input) -> Self {
                #state
            }
        };
    };
    let Some((run, returned)) = run.filter(|run| run.sound && sound).zip(signature::returned(&init.signature, None))
    else {
        return quote! {
            fn create(_: &::perpetua::__macro::Ctx, _: &Self::Input) -> Self {
                ::core::unreachable!()
            }
        };
    };
    let name = &init.signature.ident;
    let pattern = run.arguments.pattern();
    let context = variable("context", Span::call_site());
    let names = std::iter::once(context.clone()).chain(run.arguments.slots());
    let parameters = Parameters::read(&init.signature, None).others;
    let slots = names.zip(&parameters).map(|(name, parameter)| variable(&name.to_string(), blame(&parameter.ty)));
    let state = quote_spanned!(blame(&returned)=> Self::#name(#(#slots),*));
    let state = blame_whole(&returned, state);
    quote! {
        fn create(#context: &::perpetua::__macro::Ctx, #pattern: &Self::Input) -> Self {
            #state
        }
    }
}
