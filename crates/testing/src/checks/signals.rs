//! Signals that came to nobody.

use std::collections::BTreeSet;

use perpetua_vocab::SignalName;

/// What is wrong, if anything is. While a run goes on, it may yet register a handler.
pub(crate) fn problem(finished: bool, unhandled: &[SignalName]) -> Option<String> {
    if !finished || unhandled.is_empty() {
        return None;
    }
    let names: BTreeSet<_> = unhandled.iter().map(|name| format!("`{name}`")).collect();
    let names: Vec<_> = names.into_iter().collect();
    Some(format!(
        "the workflow ended and no handler had taken {}: what it said is lost. Is the name spelled as the handler's? Send it \
         by its stub, which is checked by the compiler; or register the handler before the workflow can end",
        names.join(", ")
    ))
}
