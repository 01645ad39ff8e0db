//! One signal, query or update, wherever it stands.

use proc_macro2::TokenStream;
use quote::{ToTokens, quote, quote_spanned};
use syn::{Ident, LitStr, Type, Visibility, parse_quote};

use super::run::{Place, STATE_HELP, refuse_context};
use crate::attributes::{Role, conditions, first_paragraph, for_stub};
use crate::diagnostics::Diagnostics;
use crate::function::Function;
use crate::name;
use crate::options::{Form, Known, Options};
use crate::signature::{
    self, Arguments, Carried, Parameter, Parameters, blame, blame_whole, project, shared_self, variable,
};

/// What a sender expects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Nothing.
    Signal,
    /// An answer that changes nothing.
    Query,
    /// An answer to a change.
    Update,
}

impl Kind {
    /// What a role makes of a function, if it is a handler.
    pub(crate) fn of(role: Role) -> Option<Self> {
        match role {
            Role::Signal => Some(Self::Signal),
            Role::Query => Some(Self::Query),
            Role::Update => Some(Self::Update),
            Role::Activity | Role::Run | Role::Init => None,
        }
    }

    /// The options of its attribute.
    pub(crate) fn options(self) -> Known {
        match self {
            Self::Signal => {
                &[("name", Form::Text), ("dynamic", Form::Flag), ("unfinished_policy", Form::Choice(POLICIES))]
            }
            Self::Query => &[("name", Form::Text), ("fallible", Form::Flag), ("dynamic", Form::Flag)],
            Self::Update => &[
                ("name", Form::Text),
                ("validator", Form::Function),
                ("dynamic", Form::Flag),
                ("unfinished_policy", Form::Choice(POLICIES)),
            ],
        }
    }

    /// Its name.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Signal => "signal",
            Self::Query => "query",
            Self::Update => "update",
        }
    }

    fn subject(self) -> &'static str {
        match self {
            Self::Signal => "a signal handler",
            Self::Query => "a query handler",
            Self::Update => "an update handler",
        }
    }

    /// Queries that every workflow answers.
    fn reserves(self, name: &str) -> bool {
        self == Self::Query && ["__stack_trace", "__enhanced_stack_trace"].contains(&name)
    }
}

/// What can become of a handler that is running when the workflow ends.
const POLICIES: &[&str] = &["WarnAndAbandon", "Abandon"];

/// What is known of a message and its handler.
pub(crate) struct Message {
    pub(crate) kind: Kind,
    pub(crate) function: Function,
    pub(crate) name: LitStr,
    pub(crate) arguments: Arguments,
    /// The function that may refuse an update.
    pub(crate) validator: Option<Ident>,
    /// Whether it takes all names that no other handler has.
    pub(crate) dynamic: bool,
    /// What becomes of it if it is running when the workflow ends.
    policy: Option<Ident>,
    context: Option<Parameter>,
    /// As written, or the unit.
    returned: Type,
    fallible: bool,
    /// Nothing is wrong with it.
    pub(crate) sound: bool,
}

impl Message {
    /// Reads a function that is marked as a handler, and reports what is wrong with it.
    pub(crate) fn read(
        kind: Kind,
        function: Function,
        options: &Options,
        place: Place,
        self_type: &Type,
        diagnostics: &mut Diagnostics,
    ) -> Self {
        let before = diagnostics.count();
        let subject = kind.subject();
        let signature = &function.signature;
        signature::check_plain(signature, subject, diagnostics);
        if let (Kind::Query, Some(asyncness)) = (kind, &signature.asyncness) {
            let help = "a query only looks at the state, at once; to do something first, make it an `#[update]`";
            diagnostics.error_with_help(asyncness, format_args!("{subject} is not `async`"), help);
        }
        let Parameters { receiver, mut others } = Parameters::read(signature, Some(self_type));
        let mut context = None;
        if place == Place::Interface {
            if let Some(receiver) = &receiver {
                let help = "senders name the arguments only; remove it";
                diagnostics.error_with_help(receiver, "a message of an interface has no receiver", help);
            }
            refuse_context(others.first(), diagnostics);
        } else {
            let help = if kind == Kind::Query { "a query only looks at the state; write `&self`" } else { STATE_HELP };
            signature::check_receiver(signature, receiver.as_ref(), subject, help, diagnostics);
            if signature.asyncness.is_some() {
                context = (!others.is_empty()).then(|| others.remove(0));
                if let Some(context) = &context {
                    signature::check_context(context, diagnostics);
                } else if kind != Kind::Query {
                    let message = format!("{subject} that is `async` takes the context first");
                    let help = "add `ctx: Ctx` after `&self`, or remove `async`";
                    diagnostics.error_with_help(&signature.ident, message, help);
                }
            } else if let Some(context) = others.first().filter(|first| first.is_called_ctx()) {
                let help = match kind {
                    Kind::Query => "a query only looks at the state; remove it",
                    _ => "make the handler an `async fn`, remove the context, or choose another name for an argument",
                };
                let message = format!("{subject} that is not `async` has no context");
                diagnostics.error_with_help(context, message, help);
            }
        }
        let dynamic = options.flag("dynamic");
        let carried = Carried::of(dynamic, Carried::NamedRaw);
        let arguments = Arguments::new(others, carried, signature, subject, diagnostics);
        let fallible = options.flag("fallible").is_some();
        let returned = signature::returned(signature, Some(self_type));
        check_returned(kind, &function, returned.as_ref(), fallible, diagnostics);
        let name = name::of(&signature.ident, options, diagnostics);
        name::refuse_beside_dynamic(subject, options, diagnostics);
        if kind.reserves(&name.value()) {
            diagnostics.error_with_help(&name, "every workflow answers this query already", "choose another name");
        }
        Self {
            kind,
            name,
            arguments,
            validator: options.function("validator").cloned(),
            dynamic: dynamic.is_some(),
            policy: options.choice("unfinished_policy").cloned(),
            context,
            returned: returned.unwrap_or_else(|| parse_quote!(())),
            fallible,
            sound: diagnostics.unchanged_since(before),
            function,
        }
    }

    /// The conditions under which it exists.
    pub(crate) fn conditions(&self) -> Vec<&syn::Attribute> {
        conditions(&self.function.attributes)
    }

    fn ident(&self) -> &Ident {
        &self.function.signature.ident
    }

    /// What the sender gets, and what it gets if that fails.
    fn output_and_error(&self) -> (TokenStream, TokenStream) {
        let returned = &self.returned;
        match self.kind {
            Kind::Update => (project(returned, "Returned", "Output"), project(returned, "Returned", "Error")),
            Kind::Query if self.fallible => (project(returned, "Returned", "Output"), TokenStream::new()),
            Kind::Query => (project(returned, "Answer", "Value"), TokenStream::new()),
            Kind::Signal => (TokenStream::new(), TokenStream::new()),
        }
    }

    /// The type of the message with its arguments.
    fn call_type(&self, self_type: &Type) -> TokenStream {
        let input = self.arguments.tuple_type();
        let (output, error) = self.output_and_error();
        let parameters = match self.kind {
            Kind::Signal => quote!(#input),
            Kind::Query => quote!(#input, #output),
            Kind::Update => quote!(#input, #output, #error),
        };
        let name = self.call_name();
        let call = quote_spanned!(blame(&self.returned)=> ::perpetua::__macro::#name<#self_type, #parameters>);
        blame_whole(&self.returned, call)
    }

    /// The message with its arguments.
    fn call(&self) -> TokenStream {
        let (call, name) = (self.call_name(), &self.name);
        let name = self.arguments.given_name().unwrap_or_else(|| name.to_token_stream());
        let tuple = self.arguments.tuple();
        let call = quote_spanned!(blame(&self.returned)=> ::perpetua::__macro::#call::new(#name, #tuple));
        blame_whole(&self.returned, call)
    }

    fn call_name(&self) -> Ident {
        let name = match self.kind {
            Kind::Signal => "SignalCall",
            Kind::Query => "QueryCall",
            Kind::Update => "UpdateCall",
        };
        Ident::new(name, blame(&self.returned))
    }

    /// The function that describes the message.
    pub(crate) fn stub(&self, self_type: &Type, visibility: &Visibility) -> TokenStream {
        let Function { attributes, signature, .. } = &self.function;
        let attributes = for_stub(attributes);
        let ident = &signature.ident;
        let parameters = self.arguments.declaration();
        if !self.sound {
            let (generics, _, clause) = signature.generics.split_for_impl();
            return quote! {
                #(#attributes)*
                #[allow(unused)]
                #visibility fn #ident #generics (#parameters) -> ! #clause { ::core::unreachable!() }
            };
        }
        let ty = self.call_type(self_type);
        let call = self.call();
        let stub = quote_spanned!(blame(&self.returned)=> fn #ident(#parameters) -> #ty { #call });
        let stub = blame_whole(&self.returned, stub);
        quote!(#(#attributes)* #visibility #stub)
    }

    /// The method that sends the message, of the handle type `handle`.
    pub(crate) fn handle_method(&self, handle: &Ident, self_type: &Type, visibility: &Visibility) -> TokenStream {
        if !self.sound {
            return TokenStream::new();
        }
        let conditions = self.conditions();
        let attributes = for_stub(&self.function.attributes);
        let ident = self.ident();
        let parameters = self.arguments.declaration();
        let input = self.arguments.checked_tuple_type();
        let call = self.call();
        let (output, error) = self.output_and_error();
        let blamed = blame(&self.returned);
        let whole = |tokens| blame_whole(&self.returned, tokens);
        let (target, request, send) = match self.kind {
            Kind::Signal => (
                quote_spanned!(blamed=> SignalTarget<#self_type>),
                quote_spanned!(blamed=> Signal),
                quote_spanned!(blamed=> signal::<#input>),
            ),
            Kind::Query => (
                quote_spanned!(blamed=> QueryTarget<#self_type>),
                quote_spanned!(blamed=> Query<#output>),
                quote_spanned!(blamed=> query::<#input, #output>),
            ),
            Kind::Update => (
                quote_spanned!(blamed=> UpdateTarget<#self_type>),
                quote_spanned!(blamed=> Update<#output, #error>),
                quote_spanned!(blamed=> update::<#input, #output, #error>),
            ),
        };
        let target = quote_spanned!(blamed=> ::perpetua::__macro::#target);
        let request = whole(quote_spanned!(blamed=> <__Target as #target>::#request));
        let (receiver, this) = shared_self(&self.returned);
        let method = whole(quote_spanned! {blamed=>
            fn #ident(#receiver, #parameters) -> #request {
                <__Target as #target>::#send(&#this.0, #call)
            }
        });
        let block = whole(quote_spanned! {blamed=>
            impl<__Target: #target> #handle<__Target> {
                #(#attributes)*
                #[track_caller]
                #visibility #method
            }
        });
        quote!(#(#conditions)* #[allow(dead_code)] #block)
    }

    /// The statement that lists the handler; `hidden` is the trait that has it.
    pub(crate) fn entry(&self, hidden: &Ident) -> TokenStream {
        if !self.sound {
            return TokenStream::new();
        }
        let conditions = self.conditions();
        let name = &self.name;
        let ident = self.ident();
        let input = self.arguments.checked_tuple_type();
        let pattern = self.arguments.pattern();
        let slots = self.arguments.slots();
        let values = self.arguments.values();
        let returned = &self.returned;
        let blamed = blame(returned);
        let (this, handlers) = (variable("this", blamed), variable("handlers", blamed));
        let context = self.context.as_ref().map(|context| variable("context", blame(&context.ty)));
        let given =
            self.context.iter().zip(&context).map(
                |(context, name)| quote_spanned!(blame(&context.ty)=> ::perpetua::__macro::workflow_context(#name)),
            );
        let context = context.as_ref().map_or_else(|| quote!(_), ToTokens::to_token_stream);
        let is_async = self.function.signature.asyncness.is_some();
        let mut result = quote_spanned!(blamed=> <Self as #hidden>::#ident(&*#this, #(#given,)* #(#values),*));
        if is_async {
            result = quote_spanned!(blamed=> #result.await);
        }
        if self.kind == Kind::Update || self.fallible {
            let into_result = project(returned, "Returned", "into_result");
            result = quote_spanned!(blamed=> #into_result(#result));
        } else if self.kind == Kind::Query {
            let into_value = project(returned, "Answer", "into_value");
            result = quote_spanned!(blamed=> #into_value(#result));
        } else {
            let into_returned = project(returned, "SignalAnswer", "into_returned");
            result = quote_spanned!(blamed=> #into_returned(#result));
        }
        let handling = if is_async {
            quote_spanned!(blamed=> ::perpetua::__macro::Handling::running(async move { #result }))
        } else {
            quote_spanned!(blamed=> ::perpetua::__macro::Handling::Done(#result))
        };
        let shared = quote!(::std::rc::Rc<Self>);
        let (output, _) = self.output_and_error();
        let thrown = project(returned, "Returned", "Thrown");
        let answer = project(returned, "SignalAnswer", "Returned");
        let dynamic = quote_spanned!(blamed=> ::perpetua::__macro::DynamicMessage);
        let listed = match self.kind {
            Kind::Signal if self.dynamic => quote_spanned! {blamed=>
                #handlers.dynamic_signal::<#answer>(|#this: #shared, #context, #pattern: #dynamic| #handling)
            },
            Kind::Signal => quote_spanned! {blamed=>
                #handlers.signal::<#input, #answer>(#name, |#this: #shared, #context, #pattern: #input| #handling)
            },
            Kind::Query if self.fallible && self.dynamic => quote_spanned! {blamed=>
                #handlers.dynamic_fallible_query::<#output, #thrown>(|#this: &Self, #pattern: #dynamic| #result)
            },
            Kind::Query if self.fallible => quote_spanned! {blamed=>
                #handlers.fallible_query::<#input, #output, #thrown>(#name, |#this: &Self, #pattern: #input| #result)
            },
            Kind::Query if self.dynamic => quote_spanned! {blamed=>
                #handlers.dynamic_query::<#output>(|#this: &Self, #pattern: #dynamic| #result)
            },
            Kind::Query => quote_spanned! {blamed=>
                #handlers.query::<#input, #output>(#name, |#this: &Self, #pattern: #input| #result)
            },
            Kind::Update if self.dynamic => quote_spanned! {blamed=>
                #handlers.dynamic_update::<#output, #thrown>(|#this: #shared, #context, #pattern: #dynamic| #handling)
            },
            Kind::Update => quote_spanned! {blamed=>
                #handlers.update::<#input, #output, #thrown>(#name, |#this: #shared, #context, #pattern: #input| #handling)
            },
        };
        let description = first_paragraph(&self.function.attributes);
        let description = (!description.is_empty()).then(|| quote!(.description(#description)));
        let policy = self
            .policy
            .as_ref()
            .map(|policy| quote!(.unfinished_policy(::perpetua::__macro::UnfinishedPolicy::#policy)));
        let listed = quote!(#listed #description #policy;);
        let validator = self.validator.as_ref().map(|validator| {
            if self.dynamic {
                quote! {
                    #handlers.dynamic_validator(|#this: &Self, #pattern: &#dynamic| {
                        Self::#validator(#this, #(#slots),*)
                    });
                }
            } else {
                quote!(#handlers.validator(|#this: &Self, #pattern: &#input| Self::#validator(#this, #(#slots),*));)
            }
        });
        quote! {
            #(#conditions)*
            {
                #listed
                #validator
            }
        }
    }

    /// Where nothing calls the handler: lets the compiler check what it returns.
    pub(crate) fn check(&self) -> TokenStream {
        if self.kind != Kind::Signal || !self.sound {
            return TokenStream::new();
        }
        let conditions = self.conditions();
        let returned = &self.returned;
        let check = quote_spanned!(blame(returned)=> ::perpetua::__macro::signal_returns::<#returned>());
        quote!(#(#conditions)* const _: fn() = || #check;)
    }

    /// Lets the compiler say more about an argument that might be meant to be the context.
    pub(crate) fn context_hints(&self) -> Option<TokenStream> {
        self.sound.then(|| self.arguments.context_hints(&self.conditions()))
    }
}

fn check_returned(
    kind: Kind,
    function: &Function,
    returned: Option<&Type>,
    fallible: bool,
    diagnostics: &mut Diagnostics,
) {
    let ident = &function.signature.ident;
    match (kind, returned) {
        (Kind::Signal, _) => {}
        (Kind::Query, None) => {
            let help = "write `-> T`; to tell the workflow something, make it a `#[signal]`";
            diagnostics.error_with_help(ident, "a query handler returns its answer", help);
        }
        (Kind::Update, None) => {
            let help = "write `-> Result<(), AnyError>`; where no answer is needed, a `#[signal]` costs less";
            diagnostics.error_with_help(ident, "an update handler returns a `Result`", help);
        }
        (Kind::Query, Some(returned)) => {
            signature::check_travels(returned, "the answer of a query", diagnostics);
            if !fallible && is_called_result(returned) {
                let help = "write `#[query(fallible)]`; whoever asks then gets either the answer or the error";
                diagnostics.error_with_help(returned, "a query that can fail says so", help);
            }
        }
        (Kind::Update, Some(returned)) => signature::check_travels(returned, "the answer of an update", diagnostics),
    }
}

/// Whether a type calls itself a result. As the answer of a query it would be sent as a value, which hardly anybody
/// means; a type alias hides it from this check.
fn is_called_result(ty: &Type) -> bool {
    match ty {
        Type::Path(path) => {
            path.path.segments.last().is_some_and(|last| last.ident == "Result" || last.ident == "WorkflowResult")
        }
        _ => false,
    }
}
