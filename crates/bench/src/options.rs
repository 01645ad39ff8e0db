//! What a command was called with: words, and options that each have one value.

use std::collections::BTreeMap;
use std::str::FromStr;

use perpetua::Client;

use crate::Outcome;

/// The words and options of a command.
#[derive(Clone, Debug, Default)]
pub(crate) struct Options {
    words: Vec<String>,
    values: BTreeMap<String, String>,
}

impl Options {
    /// Reads `word --name value word ..`.
    pub(crate) fn parse(arguments: impl IntoIterator<Item = String>) -> Outcome<Self> {
        let mut options = Self::default();
        let mut arguments = arguments.into_iter();
        while let Some(argument) = arguments.next() {
            match argument.strip_prefix("--") {
                Some(name) => {
                    let value = arguments.next().ok_or_else(|| format!("--{name} needs a value"))?;
                    options.values.insert(name.to_owned(), value);
                }
                None => options.words.push(argument),
            }
        }
        Ok(options)
    }

    pub(crate) fn words(&self) -> impl Iterator<Item = &str> {
        self.words.iter().map(String::as_str)
    }

    /// The value of an option, or what it is by default.
    pub(crate) fn text<'a>(&'a self, name: &str, default: &'a str) -> &'a str {
        self.values.get(name).map_or(default, String::as_str)
    }

    /// The value of an option that is a number, or what it is by default.
    pub(crate) fn number<N: FromStr<Err: std::fmt::Display>>(&self, name: &str, default: N) -> Outcome<N> {
        let Some(value) = self.values.get(name) else { return Ok(default) };
        value.parse().map_err(|error| format!("--{name} {value}: {error}").into())
    }

    /// A client of the server that is measured, or that measures.
    pub(crate) async fn client(&self) -> Outcome<Client> {
        let address = self.text("addr", "127.0.0.1:7233");
        let namespace = self.text("namespace", "default");
        let builder = Client::builder().address(address).namespace(namespace).identity("perpetua-bench");
        let builder = if self.number("gzip", 0)? == 1 { builder.gzip() } else { builder };
        Ok(builder.connect().await?)
    }
}

#[cfg(test)]
mod tests {
    use super::Options;

    fn parse(words: &str) -> Options {
        Options::parse(words.split_whitespace().map(str::to_owned)).unwrap()
    }

    #[test]
    fn words_and_options_may_be_mixed() {
        let options = parse("drive --conc 7 hello");
        assert_eq!(options.words().collect::<Vec<_>>(), ["drive", "hello"]);
        assert_eq!(options.number("conc", 50).unwrap(), 7);
        assert_eq!(options.number("count", 200).unwrap(), 200);
    }

    #[test]
    fn a_value_that_is_no_number_is_named() {
        let error = parse("drive --conc many").number::<usize>("conc", 1).unwrap_err();
        assert_eq!(error.to_string(), "--conc many: invalid digit found in string");
    }

    #[test]
    fn an_option_without_a_value_is_an_error() {
        let error = Options::parse(["--conc".to_owned()]).unwrap_err();
        assert_eq!(error.to_string(), "--conc needs a value");
    }
}
