//! What has to be right between the functions of a workflow.

use syn::{FnArg, Ident, Type};

use super::message::Message;
use super::run::Run;
use crate::attributes::conditions;
use crate::diagnostics::Diagnostics;
use crate::function::Function;
use crate::signature;
use crate::suggest::nearest;

/// Refuses two messages of one kind and name. Conditional ones may replace one another.
pub(crate) fn names(messages: &[Message], diagnostics: &mut Diagnostics) {
    for (index, message) in messages.iter().enumerate() {
        let same = |earlier: &&Message| {
            earlier.kind == message.kind
                && earlier.dynamic == message.dynamic
                && (message.dynamic || earlier.name.value() == message.name.value())
        };
        if let Some(earlier) = messages.iter().take(index).find(same)
            && earlier.conditions().is_empty()
            && message.conditions().is_empty()
        {
            let (word, name) = (message.kind.word(), message.name.value());
            if message.dynamic {
                let help = "it takes every name that no other has; tell the names apart in it";
                let message_of = |which: &str| format!("{which} dynamic {word} handler of this workflow");
                let ident = |message: &Message| message.function.signature.ident.clone();
                diagnostics.error_with_help(ident(message), message_of("this is another"), help);
                diagnostics.error(ident(earlier), message_of("this is the first"));
                continue;
            }
            let help = "rename one of them, or set `name = \"...\"`";
            diagnostics.error_with_help(&message.name, format_args!("two {word} handlers are called `{name}`"), help);
            diagnostics.error(&earlier.name, format_args!("the first {word} handler called `{name}` is this one"));
        }
    }
}

/// Checks that the validator of each update exists and can be called. Updates whose validator cannot lose it.
pub(crate) fn validators<'a>(
    messages: &mut [Message],
    others: impl Iterator<Item = &'a Function>,
    self_type: &Type,
    diagnostics: &mut Diagnostics,
) {
    let others: Vec<&Function> = others.collect();
    let handlers: Vec<Ident> = messages.iter().map(|message| message.function.signature.ident.clone()).collect();
    for message in messages {
        let Some(name) = message.validator.clone() else { continue };
        let before = diagnostics.count();
        match others.iter().find(|function| function.signature.ident == name) {
            Some(validator) => check_validator(validator, message, self_type, diagnostics),
            None if handlers.contains(&name) => {
                let help = "a validator is a function of its own, without an attribute";
                diagnostics.error_with_help(&name, format_args!("`{name}` is a handler itself"), help);
            }
            None => {
                let names: Vec<String> = others.iter().map(|function| function.signature.ident.to_string()).collect();
                let help = match nearest(&name.to_string(), names.iter().map(String::as_str)) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => "declare it in this block: `fn ..(&self, argument: &T) -> Result<(), E>`".to_owned(),
                };
                diagnostics.error_with_help(&name, format_args!("there is no function `{name}` in this block"), help);
            }
        }
        if !diagnostics.unchanged_since(before) {
            message.validator = None;
        }
    }
}

fn check_validator(validator: &Function, update: &Message, self_type: &Type, diagnostics: &mut Diagnostics) {
    const SUBJECT: &str = "a validator";
    let signature = &validator.signature;
    signature::check_plain(signature, SUBJECT, diagnostics);
    if let Some(asyncness) = &signature.asyncness {
        let help = "it decides at once, before the update is accepted; what takes time belongs into the handler";
        diagnostics.error_with_help(asyncness, "a validator is not `async`", help);
    }
    let help = "an update that is refused leaves no trace, so its validator only looks at the state; write `&self`";
    signature::check_receiver(signature, signature.receiver(), SUBJECT, help, diagnostics);
    let handler = &update.function.signature.ident;
    let parameters: Vec<_> = signature
        .inputs
        .iter()
        .filter_map(|input| match input {
            FnArg::Typed(parameter) => Some(parameter),
            FnArg::Receiver(_) => None,
        })
        .collect();
    if parameters.len() != update.arguments.count() {
        let message = format!(
            "this validator takes {}, its update `{handler}` takes {}",
            count(parameters.len()),
            count(update.arguments.count())
        );
        let help = "a validator takes what the update takes, by reference, and no context";
        diagnostics.error_with_help(&signature.ident, message, help);
    } else {
        for parameter in parameters.iter().filter(|parameter| !is_reference(&parameter.ty)) {
            let message = "a validator takes its arguments by reference";
            diagnostics.error_with_help(&parameter.ty, message, "write `&` before the type");
        }
    }
    if signature::returned(signature, Some(self_type)).is_none() {
        let help = "write `-> Result<(), E>`; the error is what the sender gets";
        diagnostics.error_with_help(&signature.ident, "a validator returns a `Result`", help);
    }
}

/// Checks that a function marked `#[init]` can build the state from what the workflow is started with.
pub(crate) fn init(init: &Function, run: Option<&Run>, diagnostics: &mut Diagnostics) {
    const SUBJECT: &str = "an `#[init]` function";
    let signature = &init.signature;
    signature::check_plain(signature, SUBJECT, diagnostics);
    if let Some(asyncness) = &signature.asyncness {
        let help = "it runs before anything else happens; what takes time belongs into the `#[run]` function";
        diagnostics.error_with_help(asyncness, format_args!("{SUBJECT} is not `async`"), help);
    }
    if let Some(receiver) = signature.receiver() {
        let help = "it makes the value; remove the receiver and return `Self`";
        diagnostics.error_with_help(receiver, format_args!("{SUBJECT} has no receiver"), help);
        return;
    }
    unconditional(init, SUBJECT, diagnostics);
    if signature::returned(signature, None).is_none() {
        diagnostics.error_with_help(&signature.ident, format_args!("{SUBJECT} returns the state"), "write `-> Self`");
    }
    let parameters: Vec<&FnArg> = signature.inputs.iter().collect();
    let Some(run) = run else { return };
    let wanted = run.arguments.count();
    let name = &run.function.signature.ident;
    if parameters.len() == wanted + 1 {
        for input in parameters {
            if let FnArg::Typed(parameter) = input
                && !is_reference(&parameter.ty)
            {
                let message = format!("{SUBJECT} takes the context and the arguments by reference");
                let help = format!("write `&` before the type; `{name}` gets the values themselves");
                diagnostics.error_with_help(&parameter.ty, message, help);
            }
        }
    } else {
        let message = format!(
            "{SUBJECT} takes the context and what `{name}` takes: {}, not {}",
            count(wanted + 1),
            count(parameters.len())
        );
        let help = "write `fn new(ctx: &Ctx, ..) -> Self`, with a reference for each argument";
        diagnostics.error_with_help(&signature.ident, message, help);
    }
}

/// Refuses a condition on a function that a workflow cannot be without.
pub(crate) fn unconditional(function: &Function, subject: &str, diagnostics: &mut Diagnostics) {
    for condition in conditions(&function.attributes) {
        let help = "put the condition on the whole block, or inside the function";
        diagnostics.error_with_help(condition, format_args!("{subject} cannot be conditional"), help);
    }
}

fn is_reference(ty: &Type) -> bool {
    match ty {
        Type::Reference(_) => true,
        Type::Paren(inner) => is_reference(&inner.elem),
        Type::Group(inner) => is_reference(&inner.elem),
        _ => false,
    }
}

fn count(arguments: usize) -> String {
    match arguments {
        0 => "no arguments".to_owned(),
        1 => "one argument".to_owned(),
        more => format!("{more} arguments"),
    }
}
