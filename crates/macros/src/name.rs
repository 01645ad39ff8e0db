//! The name under which something is registered.

use syn::ext::IdentExt;
use syn::{Ident, LitStr};

use crate::diagnostics::Diagnostics;
use crate::options::Options;

/// Names that the platform keeps for itself.
const RESERVED_PREFIX: &str = "__temporal_";

/// Refuses a name beside `dynamic`.
pub(crate) fn refuse_beside_dynamic(subject: &str, options: &Options, diagnostics: &mut Diagnostics) {
    if let (Some(name), Some(_)) = (options.given("name"), options.flag("dynamic")) {
        let message =
            format!("{subject} that is dynamic takes every name that no other has, so it has none of its own");
        diagnostics.error_with_help(name, message, "remove `name`, or `dynamic`");
    }
}

/// The `name` that was given, or the item's own.
pub(crate) fn of(ident: &Ident, options: &Options, diagnostics: &mut Diagnostics) -> LitStr {
    let given = options.text("name");
    let name = given.cloned().unwrap_or_else(|| LitStr::new(&ident.unraw().to_string(), ident.span()));
    if name.value().is_empty() {
        diagnostics.error(&name, "a name has at least one letter");
    }
    if name.value().starts_with(RESERVED_PREFIX) {
        let message = format!("names that begin with `{RESERVED_PREFIX}` are reserved for the platform");
        let help = if given.is_some() { "choose another one" } else { "rename it, or set `name = \"...\"`" };
        match given {
            Some(given) => diagnostics.error_with_help(given, message, help),
            None => diagnostics.error_with_help(ident, message, help),
        }
    }
    name
}
