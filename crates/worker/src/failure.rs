//! Failures that the worker itself reports.

use perpetua_convert::{AnyError, CallError, DataConverter};
use perpetua_vocab::{ApplicationFailure, Failure, FailureInfo};

/// Under which name failures of ours travel.
const SOURCE: &str = "Perpetua";

/// A failure of this type, which may be tried again.
pub(crate) fn application(failure_type: &str, message: impl Into<String>) -> Failure {
    Failure {
        message: message.into(),
        source: SOURCE.to_owned(),
        info: FailureInfo::Application(ApplicationFailure {
            failure_type: failure_type.to_owned(),
            ..ApplicationFailure::default()
        }),
        ..Failure::default()
    }
}

/// The failure of an error, with what caused it; may be tried again.
pub(crate) fn of_error(
    failure_type: &str,
    error: impl std::error::Error + Send + Sync + 'static,
    converter: &DataConverter,
) -> Failure {
    AnyError::from(error).failure_type(failure_type).into_failure(converter)
}

/// What a panic said.
pub(crate) fn panic_message(payload: &(dyn std::any::Any + Send)) -> &str {
    payload
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| payload.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("a panic without a message")
}

/// Some of these names, for a person to find what was misspelled.
pub(crate) fn list<'a>(names: impl Iterator<Item = &'a str>) -> String {
    const ENOUGH: usize = 20;
    let mut names = names.peekable();
    if names.peek().is_none() {
        return "none".to_owned();
    }
    let shown: Vec<String> = names.by_ref().take(ENOUGH).map(|name| format!("`{name}`")).collect();
    match names.count() {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_listed_up_to_a_point() {
        assert_eq!(list([].into_iter()), "none");
        assert_eq!(list(["a", "b"].into_iter()), "`a`, `b`");
        let many: Vec<String> = (0..25).map(|number| number.to_string()).collect();
        let listed = list(many.iter().map(String::as_str));
        assert!(listed.ends_with("`19` and 5 more"), "{listed}");
    }

    #[test]
    fn what_a_panic_said_is_found_in_either_form() {
        let panic = |f: fn()| std::panic::catch_unwind(f).expect_err("it panics");
        assert_eq!(panic_message(&*panic(|| std::panic::panic_any("text"))), "text");
        assert_eq!(panic_message(&*panic(|| std::panic::panic_any("made".to_owned()))), "made");
        assert_eq!(panic_message(&*panic(|| std::panic::panic_any(7))), "a panic without a message");
    }
}
