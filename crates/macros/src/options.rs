//! The options of every attribute, read in one way: `name = "..."`, a bare word, or `validator = function`.

use proc_macro2::{TokenStream, TokenTree};
use quote::ToTokens;
use syn::ext::IdentExt;
use syn::{Ident, LitStr, Token};

use crate::diagnostics::Diagnostics;
use crate::suggest::nearest;

/// What an option's value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// Nothing: the word stands alone.
    Flag,
    /// A text in quotes.
    Text,
    /// The name of a function.
    Function,
    /// One of these words.
    Choice(&'static [&'static str]),
    /// The path of a module.
    Path,
}

/// The options that an attribute knows.
pub(crate) type Known = &'static [(&'static str, Form)];

/// The options that were given, each once and in its form.
#[derive(Debug, Default)]
pub(crate) struct Options(Vec<(Ident, Value)>);

#[derive(Debug)]
enum Value {
    Flag,
    Text(LitStr),
    Function(Ident),
    Choice(Ident),
    Path(syn::Path),
}

impl Options {
    /// Reads what stands in the parentheses of `attribute`. Every option that is wrong is reported and left out.
    pub(crate) fn parse(attribute: &str, tokens: TokenStream, known: Known, diagnostics: &mut Diagnostics) -> Self {
        let mut options = Self::default();
        for option in split_at_commas(tokens) {
            if let Some((name, value)) = parse_one(attribute, option, known, diagnostics) {
                match options.0.iter().find(|(earlier, _)| *earlier == name) {
                    Some((earlier, _)) => {
                        diagnostics.error(&name, format_args!("`{name}` is given twice"));
                        diagnostics.error(earlier, format_args!("`{name}` is given here first"));
                    }
                    None => options.0.push((name, value)),
                }
            }
        }
        options
    }

    /// The word, if it was given.
    pub(crate) fn flag(&self, name: &str) -> Option<&Ident> {
        self.0.iter().find_map(|(given, value)| (given == name && matches!(value, Value::Flag)).then_some(given))
    }

    /// The text, if it was given.
    pub(crate) fn text(&self, name: &str) -> Option<&LitStr> {
        self.0.iter().find_map(|(given, value)| match value {
            Value::Text(text) if given == name => Some(text),
            _ => None,
        })
    }

    /// The word that was chosen, if one was.
    pub(crate) fn choice(&self, name: &str) -> Option<&Ident> {
        self.0.iter().find_map(|(given, value)| match value {
            Value::Choice(word) if given == name => Some(word),
            _ => None,
        })
    }

    /// The path, if it was given.
    pub(crate) fn path(&self, name: &str) -> Option<&syn::Path> {
        self.0.iter().find_map(|(given, value)| match value {
            Value::Path(path) if given == name => Some(path),
            _ => None,
        })
    }

    /// The name of an option as it was given, to say what is wrong with it.
    pub(crate) fn given(&self, name: &str) -> Option<&Ident> {
        self.0.iter().map(|(given, _)| given).find(|given| *given == name)
    }

    /// The function, if it was given.
    pub(crate) fn function(&self, name: &str) -> Option<&Ident> {
        self.0.iter().find_map(|(given, value)| match value {
            Value::Function(function) if given == name => Some(function),
            _ => None,
        })
    }
}

fn split_at_commas(tokens: TokenStream) -> Vec<TokenStream> {
    let mut options = vec![TokenStream::new()];
    for token in tokens {
        match (&token, options.last_mut()) {
            (TokenTree::Punct(punct), _) if punct.as_char() == ',' => options.push(TokenStream::new()),
            (_, Some(option)) => option.extend([token]),
            (_, None) => {}
        }
    }
    options.retain(|option| !option.is_empty());
    options
}

fn parse_one(
    attribute: &str,
    option: TokenStream,
    known: Known,
    diagnostics: &mut Diagnostics,
) -> Option<(Ident, Value)> {
    let given = syn::parse2::<Given>(option.clone()).ok();
    let form = |name: &Ident| known.iter().find(|(word, _)| name == word).map(|(_, form)| *form);
    let Some(Given { name, value }) = given else {
        let message = format!("`{attribute}` cannot read this option");
        diagnostics.error_with_help(&option, message, usage(attribute, known));
        return None;
    };
    let Some(form) = form(&name) else {
        let message = format!("`{attribute}` has no option `{name}`");
        match nearest(&name.to_string(), known.iter().map(|(word, _)| *word)) {
            Some(word) => diagnostics.error_with_help(
                &name,
                message,
                format_args!("did you mean `{word}`? {}", usage(attribute, known)),
            ),
            None => diagnostics.error_with_help(&name, message, usage(attribute, known)),
        }
        return None;
    };
    let value = match (form, value) {
        (Form::Flag, None) => Value::Flag,
        (Form::Flag, Some(value)) => {
            diagnostics.error_with_help(value, format_args!("`{name}` takes no value"), "write the word alone");
            return None;
        }
        (Form::Text, value) => match value.as_ref().map(|value| syn::parse2(value.clone())) {
            Some(Ok(text)) => Value::Text(text),
            _ => {
                let at = value.unwrap_or_else(|| name.to_token_stream());
                let help = format!("write `{name} = \"...\"`");
                diagnostics.error_with_help(at, format_args!("`{name}` needs a text in quotes"), help);
                return None;
            }
        },
        (Form::Function, value) => match value.as_ref().map(|value| syn::parse2(value.clone())) {
            Some(Ok(function)) => Value::Function(function),
            _ => {
                let at = value.unwrap_or_else(|| name.to_token_stream());
                let help = format!("write `{name} = function`, with the name of a function of this block");
                diagnostics.error_with_help(at, format_args!("`{name}` needs the name of a function"), help);
                return None;
            }
        },
        (Form::Choice(words), value) => match value.as_ref().map(|value| syn::parse2::<Ident>(value.clone())) {
            Some(Ok(word)) if words.iter().any(|known| word == known) => Value::Choice(word),
            _ => {
                let at = value.unwrap_or_else(|| name.to_token_stream());
                let words: Vec<_> = words.iter().map(|word| format!("`{name} = {word}`")).collect();
                let help = format!("write {}", words.join(" or "));
                diagnostics.error_with_help(at, format_args!("`{name}` has no such value"), help);
                return None;
            }
        },
        (Form::Path, value) => match value.as_ref().map(|value| syn::parse2(value.clone())) {
            Some(Ok(path)) => Value::Path(path),
            _ => {
                let at = value.unwrap_or_else(|| name.to_token_stream());
                let help = format!("write `{name} = path`, with the path by which this code reaches the crate");
                diagnostics.error_with_help(at, format_args!("`{name}` needs a path"), help);
                return None;
            }
        },
    };
    Some((name, value))
}

fn usage(attribute: &str, known: Known) -> String {
    let words: Vec<String> = known
        .iter()
        .map(|(name, form)| match form {
            Form::Flag => format!("`{name}`"),
            Form::Text => format!("`{name} = \"...\"`"),
            Form::Function => format!("`{name} = function`"),
            Form::Choice(words) => format!("`{name} = {}`", words.join(" | ")),
            Form::Path => format!("`{name} = path`"),
        })
        .collect();
    match words.as_slice() {
        [] if attribute == "#[run]" => "a workflow's name is an option of `#[workflow]`".to_owned(),
        [] => format!("`{attribute}` takes no options"),
        [only] => format!("its only option is {only}"),
        [first @ .., last] => format!("its options are {} and {last}", first.join(", ")),
    }
}

/// One option, whatever its name.
struct Given {
    name: Ident,
    value: Option<TokenStream>,
}

impl syn::parse::Parse for Given {
    fn parse(input: syn::parse::ParseStream<'_>) -> syn::Result<Self> {
        let name = input.call(Ident::parse_any)?; // `type` is a keyword
        if input.is_empty() {
            return Ok(Self { name, value: None });
        }
        input.parse::<Token![=]>()?;
        let value: TokenStream = input.parse()?;
        if value.is_empty() {
            return Err(input.error("expected a value"));
        }
        Ok(Self { name, value: Some(value) })
    }
}

#[cfg(test)]
mod tests {
    use quote::quote;

    use super::{Form, Options};
    use crate::diagnostics::Diagnostics;

    fn parse(tokens: proc_macro2::TokenStream) -> (Options, Vec<String>) {
        let mut diagnostics = Diagnostics::default();
        let known = &[("name", Form::Text), ("blocking", Form::Flag), ("validator", Form::Function)];
        let options = Options::parse("#[thing]", tokens, known, &mut diagnostics);
        (options, diagnostics.messages())
    }

    #[test]
    fn good_options_are_found_by_name() {
        let (options, messages) = parse(quote!(name = "n", blocking, validator = check,));
        assert_eq!(messages, [""; 0]);
        assert_eq!(options.text("name").map(syn::LitStr::value), Some("n".to_owned()));
        assert!(options.flag("blocking").is_some() && options.flag("name").is_none());
        assert_eq!(options.function("validator").map(ToString::to_string), Some("check".to_owned()));
    }

    #[test]
    fn every_bad_option_is_reported() {
        let (_, messages) = parse(quote!(nmae = "n", "n", blocking = true, name, validator = "x", other));
        assert_eq!(messages.len(), 6, "{messages:#?}");
        assert!(messages[0].contains("did you mean `name`?"), "{}", messages[0]);
    }

    #[test]
    fn the_first_of_two_counts() {
        let (options, messages) = parse(quote!(name = "a", name = "b"));
        assert_eq!(messages, ["`name` is given twice", "`name` is given here first"]);
        assert_eq!(options.text("name").map(syn::LitStr::value), Some("a".to_owned()));
    }
}
