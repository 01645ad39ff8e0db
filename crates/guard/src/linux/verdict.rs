//! Whether a call was the workflow's own doing, and how that is said.

use std::env;
use std::path::Path;
use std::sync::Arc;

use perpetua_workflow::guard::Violation;

use super::call::Call;
use super::frames::{Frame, frames, is_library, is_ours};
use super::interpose::STAND_INS;
use super::record::Record;

/// Where workflow code begins: what is further out called it.
const BOUNDARY: &str = "perpetua_workflow::guard::guarded";

/// What does its own work, whoever made it do that: logs, metrics, memory, backtraces.
const OBSERVERS: [&str; 17] = [
    "tracing_core::event::Event",
    "tracing_core::dispatcher::Dispatch::",
    "tracing_core::dispatcher::get_default",
    "tracing_core::callsite::",
    "tracing_subscriber::",
    "tracing_log::",
    "log::__private_api",
    "metrics::",
    "std::backtrace",
    "backtrace::",
    "std::panicking::default_hook",
    "__rustc::__rust_alloc",
    "__rustc::__rust_realloc",
    "__rustc::__rust_dealloc",
    "__rustc::__rust_alloc_zeroed",
    "__rustc::__rdl_",
    "__rustc::__rg_",
];

/// What the call was, if it was the workflow's own doing.
pub(crate) fn of(record: &Record) -> Option<Violation> {
    let stack: Vec<Arc<[Frame]>> = record.stack().map(frames).collect();
    judge(record.call, record.detail().as_deref(), &stack.iter().flat_map(|frames| frames.iter()).collect::<Vec<_>>())
}

/// Judges a stack, the innermost frame first.
fn judge(call: Call, detail: Option<&str>, stack: &[&Frame]) -> Option<Violation> {
    let end = stack.iter().position(|frame| frame.name.starts_with(BOUNDARY)).unwrap_or(stack.len());
    // What is further in than the stand-in is how its call was noted.
    let is_stand_in = |frame: &&Frame| STAND_INS.contains(&&*frame.name);
    let begin = stack[..end].iter().position(is_stand_in).map_or(0, |stand_in| stand_in + 1);
    let stack = &stack[begin..end];
    let users = stack.iter().position(|frame| frame.is_users());
    let within = &stack[..users.unwrap_or(stack.len())];
    let is_observer = |frame: &Frame| {
        let name = frame.name.trim_start_matches('<');
        OBSERVERS.iter().any(|start| name.starts_with(start))
    };
    if stack.iter().any(|frame| is_observer(frame)) {
        return None;
    }
    // What the user's code called of another crate.
    let called = within.iter().rev().find(|frame| is_of_others(frame)).map(|frame| called(&frame.name));
    let timer = call == Call::Ticks && within.iter().any(|frame| frame.name.starts_with("tokio::time::"));
    Some(Violation {
        did: did(call, timer, called.as_deref().or(call.usual()), detail),
        place: users.and_then(|users| stack[users].place.as_ref()).map(|(file, line)| place(file, *line)),
        instead: if timer { "use `ctx.sleep(..)` or `.timeout(..)`" } else { call.instead() },
    })
}

/// Whether it is of neither the user nor the standard library nor us. What is left of an inlined function has no path.
fn is_of_others(frame: &Frame) -> bool {
    let of = frame.crate_name();
    let has_path = frame.name.starts_with('<') || frame.name.split('<').next().is_some_and(|path| path.contains("::"));
    has_path && !frame.is_users() && !is_library(of) && !is_ours(of)
}

/// A function as one would call it: `uuid::v4::Uuid::new_v4`, whatever the compiler writes.
fn called(name: &str) -> String {
    let name = name.strip_suffix("::{{closure}}").unwrap_or(name);
    match name.strip_prefix('<').and_then(|name| name.split_once(">::")) {
        Some((of, method)) if !of.contains(" as ") && !of.contains('<') => format!("{of}::{method}"),
        _ => name.to_owned(),
    }
}

fn did(call: Call, timer: bool, called: Option<&str>, detail: Option<&str>) -> String {
    let did = if timer { "used a timer of tokio" } else { call.did() };
    match (called, detail) {
        (Some(called), Some(detail)) => format!("{did} (`{called}`, of `{detail}`)"),
        (Some(called), None) => format!("{did} (`{called}`)"),
        (None, Some(detail)) => format!("{did} (`{detail}`)"),
        (None, None) => did.to_owned(),
    }
}

/// A line, by the path from where the program runs if it is below there.
fn place(file: &Path, line: u32) -> String {
    let here = env::current_dir().unwrap_or_default();
    let file = file.strip_prefix(&here).unwrap_or(file);
    format!("{}:{line}", file.display())
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;

    /// Judges a stack whose frames of the user are marked with a line: `orders::run@12`.
    fn judged(call: Call, names: &[&str]) -> Option<(String, Option<String>)> {
        let frames: Vec<_> = names
            .iter()
            .map(|name| {
                let (name, line) = name.split_once('@').map_or((*name, None), |(name, line)| (name, Some(line)));
                let place = line.map(|line| (PathBuf::from("/orders/src/lib.rs"), line.parse().expect("a number")));
                Frame { name: name.to_owned(), place }
            })
            .collect();
        let judged = judge(call, None, &frames.iter().collect::<Vec<_>>());
        judged.map(|violation| (violation.did, violation.place))
    }

    fn found(did: &str, place: Option<&str>) -> Option<(String, Option<String>)> {
        Some((did.to_owned(), place.map(str::to_owned)))
    }

    const OUTSIDE: &str = "perpetua_workflow::guard::guarded";

    #[test]
    fn the_innermost_line_of_the_user_is_shown_with_what_it_called() {
        let stack = [
            "perpetua_guard::linux::record::note",
            "clock_gettime",
            "std::sys::time::Timespec::now",
            "std::time::SystemTime::now",
            "orders::price@12",
            "orders::run::{{closure}}@30",
            "perpetua_workflow::executor::Tasks::poll",
            OUTSIDE,
            "worker::test@99",
        ];
        assert_eq!(
            judged(Call::Clock, &stack),
            found("read the clock (`SystemTime::now`)", Some("/orders/src/lib.rs:12"))
        );
    }

    #[test]
    fn without_lines_the_outermost_call_is_shown() {
        let stack = ["clock_gettime", "std::time::Instant::now", "orders::run", OUTSIDE, "main::test@99"];
        assert_eq!(judged(Call::Clock, &stack), found("read the clock (`orders::run`)", None));
    }

    #[test]
    fn a_timer_of_tokio_is_called_that() {
        let stack =
            ["clock_gettime", "<std::time::Instant>::now", "tokio::time::sleep::sleep", "orders::run@3", OUTSIDE];
        let said = found("used a timer of tokio (`tokio::time::sleep::sleep`)", Some("/orders/src/lib.rs:3"));
        assert_eq!(judged(Call::Ticks, &stack), said);
    }

    #[test]
    fn what_logs_measures_or_allocates_does_its_own_work() {
        let layer = "<orders::Layer as tracing_subscriber::layer::Layer<S>>::on_event@70";
        for stack in [
            &[
                "clock_gettime",
                "tracing_subscriber::fmt::time::now",
                "tracing_core::event::Event::dispatch",
                "orders::run@3",
            ][..],
            // A subscriber that the user wrote.
            &["clock_gettime", layer, "tracing_core::event::Event::dispatch", "orders::run@3"],
            &["clock_gettime", "orders::Allocator::alloc@9", "__rustc::__rust_alloc", "orders::run@3"],
            &["clock_gettime", "tikv_jemalloc::alloc", "__rustc::__rust_alloc", "orders::run@3"],
            &["open64", "std::backtrace_rs::symbolize::resolve", "std::backtrace::Backtrace::fmt", "orders::run@3"],
        ] {
            assert_eq!(judged(Call::Clock, &[stack, &[OUTSIDE]].concat()), None, "{stack:?}");
        }
    }

    #[test]
    fn what_the_user_does_for_a_log_line_or_in_a_span_is_the_users_doing() {
        let stack = ["clock_gettime", "orders::run@3", "tracing::span::Span::in_scope", "orders::main@9", OUTSIDE];
        assert!(judged(Call::Clock, &stack).is_some());
        let stack = [
            "clock_gettime",
            "orders::run@3",
            "<tracing::instrument::Instrumented<T> as core::future::Future>::poll",
            OUTSIDE,
        ];
        assert!(judged(Call::Clock, &stack).is_some());
    }

    #[test]
    fn functions_are_written_as_one_would_call_them() {
        assert_eq!(called("<uuid::Uuid>::new_v4"), "uuid::Uuid::new_v4");
        assert_eq!(called("<a::B as c::D>::e"), "<a::B as c::D>::e");
        assert_eq!(called("rand::random::{{closure}}"), "rand::random");
    }

    #[test]
    fn what_was_asked_for_is_said() {
        let stack = [Frame { name: "std::env::var".to_owned(), place: None }];
        let violation = judge(Call::Environment, Some("HOME"), &[&stack[0]]).expect("it is a violation");
        assert_eq!(violation.did, "read the environment (`env::var`, of `HOME`)");
        assert_eq!(violation.instead, "pass the value in as an argument, or read it in an activity");
    }
}
