//! The main function of a workflow, wherever it stands.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::{Ident, LitStr, Type, Visibility, parse_quote};

use crate::diagnostics::Diagnostics;
use crate::function::Function;
use crate::options::Options;
use crate::signature::{
    self, Arguments, Carried, Parameter, Parameters, blame, blame_whole, of_self, project, projected_type, variable,
};
use crate::stub::stub;

/// Where a workflow, or one of its functions, stands.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    Function,
    Method,
    Interface,
}

/// What is known of a workflow's main function.
pub(crate) struct Run {
    pub(crate) function: Function,
    place: Place,
    context: Option<Parameter>,
    pub(crate) arguments: Arguments,
    returned: Type,
    /// Nothing is wrong with it.
    pub(crate) sound: bool,
}

/// What `&mut self` is for, done in another way.
pub(crate) const STATE_HELP: &str =
    "handlers run in turns, so they share the value; keep what changes in `State<T>` fields, which `&self` can set";

impl Run {
    /// Reads it, and reports what is wrong with it.
    pub(crate) fn read(
        function: Function,
        place: Place,
        dynamic: Option<&Ident>,
        self_type: Option<&Type>,
        diagnostics: &mut Diagnostics,
    ) -> Self {
        let before = diagnostics.count();
        let subject = if place == Place::Method { "a workflow's `#[run]` function" } else { "a workflow" };
        let signature = &function.signature;
        signature::check_plain(signature, subject, diagnostics);
        if signature.asyncness.is_none() && place != Place::Interface {
            let help = "write `async fn`";
            diagnostics.error_with_help(signature.fn_token, format_args!("{subject} is an `async fn`"), help);
        }
        let Parameters { receiver, mut others } = Parameters::read(signature, self_type);
        let context = match place {
            Place::Interface => {
                if let Some(receiver) = &receiver {
                    let help = "callers name the arguments only; remove it";
                    diagnostics.error_with_help(receiver, "a workflow's interface has no receiver", help);
                }
                refuse_context(others.first(), diagnostics);
                None
            }
            Place::Method | Place::Function => {
                match (place, &receiver) {
                    (Place::Method, receiver) => {
                        signature::check_receiver(signature, receiver.as_ref(), subject, STATE_HELP, diagnostics);
                    }
                    (_, Some(receiver)) => {
                        let help = "put `#[workflow]` on the `impl` block, and `#[run]` on this method";
                        diagnostics.error_with_help(receiver, "a workflow by itself has no receiver", help);
                    }
                    (_, None) => {}
                }
                let context = (!others.is_empty()).then(|| others.remove(0));
                if let Some(context) = &context {
                    signature::check_context(context, diagnostics);
                } else {
                    let message = format!("{subject} takes its context first");
                    let help = match place {
                        Place::Method => "add `ctx: Ctx` after `&self`",
                        _ => "add the parameter `ctx: Ctx`",
                    };
                    diagnostics.error_with_help(&signature.ident, message, help);
                }
                context
            }
        };
        let carried = Carried::of(dynamic, Carried::Raw);
        let arguments = Arguments::new(others, carried, signature, subject, diagnostics);
        let returned = match signature::returned(signature, self_type) {
            Some(returned) => {
                signature::check_travels(&returned, "the result of a workflow", diagnostics);
                returned
            }
            None => {
                let (message, help) = match place {
                    Place::Interface => ("a workflow returns a `Result`", "write `-> Result<(), AnyError>`"),
                    _ => ("a workflow returns a `WorkflowResult`", "write `-> WorkflowResult<()>`"),
                };
                diagnostics.error_with_help(&signature.ident, message, help);
                parse_quote!(())
            }
        };
        let sound = diagnostics.unchanged_since(before);
        Self { place, context, arguments, returned, sound, function }
    }

    /// The function that describes a call of the workflow `definition`.
    pub(crate) fn stub(&self, definition: &TokenStream, visibility: &Visibility) -> TokenStream {
        let call = quote!(::perpetua::__macro::WorkflowCall);
        stub(&self.function, &self.arguments, self.sound, [&call, definition], visibility)
    }

    /// The main function of the implementation; it calls `callee`, which is a method if the workflow is a type.
    pub(crate) fn implementation(&self, callee: &TokenStream) -> TokenStream {
        let returned = &self.returned;
        let whole = |tokens| blame_whole(returned, tokens);
        let (output, error) = (of_self(returned, "Output"), of_self(returned, "Error"));
        let error = whole(quote_spanned!(blame(returned)=> ::perpetua::__macro::WorkflowError<#error>));
        let result = whole(quote_spanned!(blame(returned)=> ::core::result::Result<#output, #error>));
        let future = whole(quote_spanned!(blame(returned)=> ::perpetua::__macro::LocalFuture<#result>));
        let this = quote_spanned!(blame(returned)=> self);
        let shared = whole(quote_spanned!(blame(returned)=> ::std::rc::Rc<Self>));
        let Some(parameter) = self.context.as_ref().filter(|_| self.sound) else {
            return quote! {
                fn run(#this: #shared, _: ::perpetua::__macro::Ctx, _: Self::Input) -> #future {
                    ::core::unreachable!()
                }
            };
        };
        let receiver = (self.place == Place::Method).then(|| quote!(&*#this,));
        let pattern = self.arguments.pattern();
        let values = self.arguments.values();
        let context = variable("context", blame(&parameter.ty));
        let given = quote_spanned!(blame(&parameter.ty)=> ::perpetua::__macro::workflow_context(#context));
        let call = quote!(#callee(#receiver #given, #(#values),*).await);
        let into_result = project(returned, "WorkflowReturned", "into_result");
        whole(quote_spanned! {blame(returned)=>
            fn run(#this: #shared, #context: ::perpetua::__macro::Ctx, #pattern: Self::Input) -> #future {
                ::std::boxed::Box::pin(async move { #into_result(#call) })
            }
        })
    }
}

/// The item of an implementation that says that it is dynamic, if it is.
pub(crate) fn dynamic_item(options: &Options) -> Option<TokenStream> {
    options.flag("dynamic").map(|_| {
        quote!(
            const DYNAMIC: bool = true;
        )
    })
}

/// Refuses a context in an interface.
pub(crate) fn refuse_context(first: Option<&Parameter>, diagnostics: &mut Diagnostics) {
    if let Some(context) = first.filter(|first| first.is_called_ctx()) {
        let help = "callers name the arguments only; remove it";
        diagnostics.error_with_help(context, "an interface has no context", help);
    }
}

/// What callers know of a workflow; `run` is missing if it was forgotten.
pub(crate) fn definition(
    self_type: &TokenStream,
    name: &LitStr,
    run: Option<&Run>,
    handle: &TokenStream,
) -> TokenStream {
    let types = match run.filter(|run| run.sound) {
        None => quote! {
            type Input = ();
            type Output = ();
            type Error = ::perpetua::__macro::AnyError;
        },
        Some(run) => {
            let input = run.arguments.tuple_type();
            let returned = &run.returned;
            let by = if run.place == Place::Interface { "Returned" } else { "WorkflowReturned" };
            let (output, error) = (projected_type(returned, by, "Output"), projected_type(returned, by, "Error"));
            quote! {
                type Input = #input;
                #output
                #error
            }
        }
    };
    let hints = run.filter(|run| run.sound).map(|run| run.arguments.context_hints(&[]));
    quote! {
        #hints

        #[automatically_derived]
        impl ::perpetua::__macro::WorkflowDefinition for #self_type {
            const NAME: &'static str = #name;
            #types
            #handle
        }
    }
}
