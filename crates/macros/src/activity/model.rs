//! One activity, wherever it stands: what is read of it, and what is generated from it.

use proc_macro2::TokenStream;
use quote::{ToTokens, quote, quote_spanned};
use syn::{Ident, LitStr, Type, Visibility, parse_quote};

use crate::attributes::conditions;
use crate::diagnostics::Diagnostics;
use crate::function::Function;
use crate::name;
use crate::options::{Form, Known, Options};
use crate::signature::{
    self, Arguments, Carried, Parameter, Parameters, blame, blame_whole, of_self, project, projected_type, variable,
};
use crate::stub::stub;

/// The options of `#[activity]`.
pub(crate) const OPTIONS: Known = &[("name", Form::Text), ("blocking", Form::Flag), ("dynamic", Form::Flag)];

const SUBJECT: &str = "an activity";

/// Where an activity stands.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    Function,
    Method,
    Interface,
}

/// What is known of an activity.
pub(crate) struct Activity {
    pub(crate) function: Function,
    pub(crate) name: LitStr,
    context: Option<Parameter>,
    arguments: Arguments,
    returned: Type,
    blocking: bool,
    /// Whether it takes all names that no other activity has.
    pub(crate) dynamic: bool,
    /// Nothing is wrong with it.
    sound: bool,
}

impl Activity {
    /// Reads a function that is marked as an activity, and reports what is wrong with it.
    pub(crate) fn read(
        function: Function,
        options: &Options,
        place: Place,
        self_type: Option<&Type>,
        diagnostics: &mut Diagnostics,
    ) -> Self {
        let before = diagnostics.count();
        let signature = &function.signature;
        signature::check_plain(signature, SUBJECT, diagnostics);
        let blocking = options.flag("blocking");
        check_color(&function, blocking, place, diagnostics);

        let Parameters { receiver, mut others } = Parameters::read(signature, self_type);
        match (place, &receiver) {
            (Place::Method, receiver) => {
                let help =
                    "one value serves every attempt, at the same time; keep what changes in a `Mutex` or an atomic";
                signature::check_receiver(signature, receiver.as_ref(), SUBJECT, help, diagnostics);
            }
            (Place::Interface, Some(receiver)) => {
                let help = "callers name the arguments only; remove it";
                diagnostics.error_with_help(receiver, "an activity of an interface has no receiver", help);
            }
            (Place::Interface | Place::Function, _) => {}
        }

        let context = others.first().is_some_and(Parameter::is_called_ctx).then(|| others.remove(0));
        if let Some(context) = &context {
            signature::check_context(context, diagnostics);
        }
        for parameter in others.iter().filter(|parameter| parameter.is_called_ctx()) {
            let help = "put it first, or choose another name for an argument";
            diagnostics.error_with_help(parameter, "`ctx` is the activity's context, which comes first", help);
        }
        if let (Place::Interface, Some(context)) = (place, &context) {
            let help = "the implementation's signature may have one, the interface lists the arguments only; remove it";
            diagnostics.error_with_help(context, "an activity of an interface has no context", help);
        }
        let dynamic = options.flag("dynamic");
        let carried = Carried::of(dynamic, Carried::Raw);
        let arguments = Arguments::new(others, carried, signature, SUBJECT, diagnostics);
        if let (Place::Interface, Some(dynamic)) = (place, dynamic) {
            let help = "remove it; to call an activity of any name, use `Activity::named(..)`";
            diagnostics.error_with_help(dynamic, "an interface describes activities that have names", help);
        }

        let returned = match signature::returned(signature, self_type) {
            Some(returned) => {
                signature::check_travels(&returned, "the result of an activity", diagnostics);
                returned
            }
            None => {
                let help = "write `-> Result<(), ActivityError>`, or with an error type of your own";
                diagnostics.error_with_help(&signature.ident, "an activity returns a `Result`", help);
                parse_quote!(())
            }
        };
        let name = name::of(&signature.ident, options, diagnostics);
        name::refuse_beside_dynamic(SUBJECT, options, diagnostics);
        let blocking = blocking.is_some();
        let sound = diagnostics.unchanged_since(before);
        let dynamic = dynamic.is_some();
        Self { name, context, arguments, returned, blocking, dynamic, sound, function }
    }

    /// The function that describes a call of this activity.
    pub(crate) fn stub(&self, definition: &TokenStream, visibility: &Visibility) -> TokenStream {
        let call = quote!(::perpetua::__macro::ActivityCall);
        stub(&self.function, &self.arguments, self.sound, [&call, definition], visibility)
    }

    /// What callers know of it.
    pub(crate) fn definition(&self, definition: &TokenStream) -> TokenStream {
        let conditions = conditions(&self.function.attributes);
        let name = &self.name;
        let input = if self.sound { self.arguments.tuple_type() } else { quote!(()) };
        let returned = &self.returned;
        let returns = if self.sound {
            ["Output", "Error"].map(|name| projected_type(returned, "Returned", name)).into_iter().collect()
        } else {
            quote! {
                type Output = ();
                type Error = ::perpetua::__macro::AnyError;
            }
        };
        let hints = self.sound.then(|| self.arguments.context_hints(&conditions));
        quote! {
            #hints

            #(#conditions)*
            #[automatically_derived]
            impl ::perpetua::__macro::ActivityDefinition for #definition {
                const NAME: &'static str = #name;
                type Input = #input;
                #returns
            }
        }
    }

    /// How the free function `definition::call` is executed.
    pub(crate) fn implementation(&self, definition: &TokenStream) -> TokenStream {
        let execute = self.execution(&quote!(#definition::call));
        let blamed = blame(&self.returned);
        let whole = |tokens| blame_whole(&self.returned, tokens);
        let path = whole(quote_spanned!(blamed=> ::perpetua::__macro::ActivityImplementation));
        let dynamic = self.dynamic.then(|| {
            quote!(
                const DYNAMIC: bool = true;
            )
        });
        let block = whole(quote_spanned!(blamed=> impl #path for #definition { #dynamic #execute }));
        quote!(#[automatically_derived] #block)
    }

    fn execution(&self, callee: &TokenStream) -> TokenStream {
        let blamed = blame(&self.returned);
        if !self.sound {
            return quote! {
                fn execute(
                    _: ::perpetua::__macro::ActivityContext,
                    _: Self::Input,
                ) -> ::perpetua::__macro::ActivityExecution<Self::Output> {
                    ::core::unreachable!()
                }
            };
        }
        let pattern = self.arguments.pattern();
        let parameter = self.context_parameter();
        let attempt = self.attempt(callee, None);
        let output = of_self(&self.returned, "Output");
        let execution = quote_spanned!(blamed=> ::perpetua::__macro::ActivityExecution<#output>);
        let execution = blame_whole(&self.returned, execution);
        let execute = quote_spanned! {blamed=>
            fn execute(#parameter: ::perpetua::__macro::ActivityContext, #pattern: Self::Input) -> #execution {
                #attempt
            }
        };
        blame_whole(&self.returned, execute)
    }

    /// The function that makes an attempt of a method, `callee`, of the value behind the `Arc` called `this`.
    pub(crate) fn method_execution(&self, callee: &TokenStream, this: &Ident) -> TokenStream {
        if !self.sound {
            return quote!(|_, _| ::core::unreachable!());
        }
        let pattern = self.arguments.pattern();
        let parameter = self.context_parameter();
        let attempt = self.attempt(callee, Some(this));
        quote! {
            move |#parameter, #pattern| {
                let #this = ::std::sync::Arc::clone(&#this);
                #attempt
            }
        }
    }

    fn attempt(&self, callee: &TokenStream, this: Option<&Ident>) -> TokenStream {
        let returned = &self.returned;
        let receiver = this.iter().map(|this| quote!(&*#this));
        let context = self.context.iter().map(|context| {
            let parameter = self.context_parameter();
            quote_spanned!(blame(&context.ty)=> ::perpetua::__macro::activity_context(#parameter))
        });
        let values = self.arguments.values();
        let call = quote!(#callee(#(#receiver,)* #(#context,)* #(#values),*));
        let into_result = project(returned, "Returned", "into_result");
        let whole = |tokens| blame_whole(returned, tokens);
        let execution = quote_spanned!(blame(returned)=> ::perpetua::__macro::ActivityExecution);
        let attempt = if self.blocking {
            let blocking = whole(quote_spanned!(blame(returned)=> #execution::blocking));
            quote_spanned!(blame(returned)=> #blocking(move || #into_result(#call)))
        } else {
            let running = whole(quote_spanned!(blame(returned)=> #execution::running));
            quote_spanned!(blame(returned)=> #running(async move { #into_result(#call.await) }))
        };
        whole(attempt)
    }

    fn context_parameter(&self) -> TokenStream {
        match &self.context {
            Some(context) => variable("context", blame(&context.ty)).into_token_stream(),
            None => quote!(_),
        }
    }
}

/// Checks that a blocking activity is a plain function and any other is async.
fn check_color(function: &Function, blocking: Option<&Ident>, place: Place, diagnostics: &mut Diagnostics) {
    let signature = &function.signature;
    match (place, blocking, &signature.asyncness) {
        (Place::Interface, Some(blocking), _) => {
            let help = "how an activity runs is its implementation's business; remove `blocking`";
            diagnostics.error_with_help(blocking, "an activity of an interface cannot be `blocking`", help);
        }
        (Place::Interface, None, _) | (_, Some(_), None) | (_, None, Some(_)) => {}
        (_, Some(blocking), Some(_)) => {
            let help = "remove `async` if it blocks its thread, or `blocking` if it does not";
            diagnostics.error_with_help(blocking, "a blocking activity is a plain `fn`, this one is `async`", help);
        }
        (_, None, None) => {
            let help = "write `async fn`, or `#[activity(blocking)]` if it blocks its thread";
            diagnostics.error_with_help(signature.fn_token, "an activity is an `async fn`", help);
        }
    }
}
