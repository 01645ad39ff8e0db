//! The functions of a stack, by name and line.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use super::record::within_call;

/// A function that was running.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Frame {
    /// Its path, without the hash of its crate; empty where it is unknown.
    pub(crate) name: String,
    /// Where the call was, if the program has lines.
    pub(crate) place: Option<(PathBuf, u32)>,
}

/// What was looked up already: a lookup reads the symbols of the program.
static KNOWN: LazyLock<Mutex<BTreeMap<usize, Arc<[Frame]>>>> = LazyLock::new(Mutex::default);

/// The functions at a return address: more than one where some are inlined, the innermost first.
pub(crate) fn frames(address: usize) -> Arc<[Frame]> {
    let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    Arc::clone(known.entry(address).or_insert_with(|| look_up(address)))
}

fn look_up(address: usize) -> Arc<[Frame]> {
    let mut frames = Vec::new();
    backtrace::resolve(within_call(address), |symbol| {
        let name = symbol.name().map(|name| format!("{name:#}")).unwrap_or_default();
        let place = symbol.filename().map(Path::to_path_buf).zip(symbol.lineno());
        frames.push(Frame { name, place });
    });
    frames.into()
}

impl Frame {
    /// The crate it was written in: the first word of its path, or, for a method, of its type's, or, for a method of any
    /// type, of its trait's.
    pub(crate) fn crate_name(&self) -> &str {
        let name = self.name.trim_start_matches(['<', '&', '(', '*', '[']);
        let name = ["mut ", "dyn ", "const ", "impl "].iter().fold(name, |name, word| name.trim_start_matches(word));
        let end = name.find([':', ' ', '>', '<', ',', ')']).unwrap_or(name.len());
        let (first, rest) = name.split_at(end);
        match rest.strip_prefix(" as ") {
            Some(of_trait) if self.name.starts_with('<') => of_trait.split([':', '<', '>']).next().unwrap_or(first),
            _ => first,
        }
    }

    /// Whether it was written by whoever wrote the workflow, as opposed to the library or a crate that was downloaded.
    pub(crate) fn is_users(&self) -> bool {
        let Some((file, _)) = &self.place else { return false };
        let file = file.to_string_lossy();
        let downloaded =
            ["/rustc/", "/rustlib/src/", "/registry/src/", "/git/checkouts/", "library/std/", "library/core/"];
        !is_library(self.crate_name())
            && !is_ours(self.crate_name())
            && !downloaded.iter().any(|part| file.contains(part))
    }
}

/// Whether this is a crate of the standard library, or what the compiler adds.
pub(crate) fn is_library(name: &str) -> bool {
    ["std", "core", "alloc", "test", "__rustc", "panic_unwind", ""].contains(&name)
}

/// Whether this is one of our own crates.
pub(crate) fn is_ours(name: &str) -> bool {
    let ours =
        name.strip_prefix("perpetua").and_then(|rest| if rest.is_empty() { Some("") } else { rest.strip_prefix('_') });
    let crates =
        ["", "guard", "workflow", "core", "contract", "convert", "vocab", "client", "worker", "macros", "proto"];
    ours.is_some_and(|rest| crates.contains(&rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(name: &str, file: &str) -> Frame {
        Frame { name: name.to_owned(), place: Some((PathBuf::from(file), 7)) }
    }

    #[test]
    fn the_crate_of_a_function_is_read_from_its_path() {
        for (name, of) in [
            ("std::time::SystemTime::now", "std"),
            ("orders::Order::run::{{closure}}", "orders"),
            ("<orders::Order as perpetua_workflow::implementation::WorkflowImplementation>::run", "orders"),
            ("<alloc::boxed::Box<F,A> as core::ops::function::FnOnce<Args>>::call_once", "alloc"),
            ("<F as tracing_core::callsite::Callsite>::register", "tracing_core"),
            ("<&T as core::fmt::Debug>::fmt", "core"),
            ("uuid::v4::<impl uuid::Uuid>::new_v4", "uuid"),
            ("clock_gettime", "clock_gettime"),
            ("", ""),
        ] {
            assert_eq!(frame(name, "").crate_name(), of, "{name}");
        }
    }

    #[test]
    fn the_users_code_is_what_neither_we_nor_others_wrote() {
        assert!(frame("orders::order::run", "/somewhere/orders/src/order.rs").is_users());
        assert!(frame("perpetua_orders::order::run", "/somewhere/orders/src/order.rs").is_users());
        assert!(!frame("perpetua_workflow::play::Player::play", "/somewhere/crates/workflow/src/play.rs").is_users());
        assert!(!frame("perpetua::unguarded", "/somewhere/crates/perpetua/src/lib.rs").is_users());
        assert!(!frame("uuid::Uuid::new_v4", "/somewhere/registry/src/index/uuid-1.0.0/src/v4.rs").is_users());
        assert!(!frame("std::time::SystemTime::now", "/rustc/123/library/std/src/time.rs").is_users());
        assert!(!Frame { name: "orders::order::run".to_owned(), place: None }.is_users());
    }
}
