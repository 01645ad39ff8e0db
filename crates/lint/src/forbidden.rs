//! The names that workflow code must not use. This one table is the `clippy.toml` that users have, and what the lint looks
//! for by path.

use crate::rule::Rule;

/// Names that are wrong for the same reason.
pub(crate) struct Group {
    pub(crate) rule: Rule,
    /// Why, in the few words that clippy shows.
    pub(crate) why: &'static str,
    /// What to write instead, in the same few words.
    pub(crate) instead: &'static str,
    /// Whether clippy, which cannot tell workflows from the rest of the program, is told as well.
    pub(crate) clippy: bool,
    /// Functions by their paths, methods as `type::method`. One that ends in `::*` stands for everything below it.
    pub(crate) paths: &'static [&'static str],
}

const fn both(rule: Rule, why: &'static str, instead: &'static str, paths: &'static [&'static str]) -> Group {
    Group { rule, why, instead, clippy: true, paths }
}

/// What is fine in too many activities, tests and main functions to tell clippy of it.
const fn here(rule: Rule, why: &'static str, instead: &'static str, paths: &'static [&'static str]) -> Group {
    Group { rule, why, instead, clippy: false, paths }
}

/// Functions and methods.
pub(crate) const FUNCTIONS: &[Group] = &[
    both(
        Rule::Clock,
        "not the same on every replay",
        "use `ctx.now()`",
        &[
            "std::time::Instant::now",
            "std::time::SystemTime::now",
            "tokio::time::Instant::now",
            "chrono::Utc::now",
            "chrono::Local::now",
            "time::OffsetDateTime::now_utc",
            "time::OffsetDateTime::now_local",
            "time::UtcDateTime::now",
            "jiff::Timestamp::now",
            "jiff::Zoned::now",
        ],
    ),
    both(
        Rule::Clock,
        "not the same on every replay",
        "compare two `ctx.now()`",
        &["std::time::Instant::elapsed", "std::time::SystemTime::elapsed", "tokio::time::Instant::elapsed"],
    ),
    both(
        Rule::Randomness,
        "not the same on every replay",
        "use `ctx.random()`",
        &[
            "std::hash::RandomState::new",
            "rand::random",
            "rand::random_bool",
            "rand::random_iter",
            "rand::random_range",
            "rand::random_ratio",
            "rand::rng",
            "rand::thread_rng",
            "getrandom::fill",
            "getrandom::getrandom",
            "getrandom::u32",
            "getrandom::u64",
            "fastrand::Rng::new",
        ],
    ),
    here(
        Rule::Randomness,
        "not the same on every replay",
        "use `ctx.random()`",
        &[
            "std::hash::RandomState::default",
            "rand::fill",
            "rand::rngs::OsRng",
            "rand::rngs::ThreadRng::*",
            "rand::rngs::StdRng::from_entropy",
            "rand::rngs::StdRng::from_os_rng",
            "rand::rngs::SmallRng::from_entropy",
            "rand::rngs::SmallRng::from_os_rng",
            "fastrand::*",
        ],
    ),
    here(
        Rule::Randomness,
        "not the same with every version of Rust",
        "use a hash whose definition is fixed",
        &["std::hash::DefaultHasher::new", "std::hash::DefaultHasher::default"],
    ),
    both(
        Rule::Randomness,
        "not the same on every replay",
        "use `ctx.uuid()`",
        &["uuid::Uuid::new_v4", "uuid::Uuid::now_v1", "uuid::Uuid::now_v6", "uuid::Uuid::now_v7", "ulid::Ulid::new"],
    ),
    both(Rule::Blocking, "blocks the thread of all workflows", "use `ctx.sleep(..)`", &["std::thread::sleep"]),
    both(
        Rule::Blocking,
        "blocks the thread of all workflows",
        "use `ctx.wait_until(..)`",
        &[
            "std::thread::park",
            "std::thread::park_timeout",
            "std::sync::Condvar::wait",
            "std::sync::Condvar::wait_timeout",
            "std::sync::Condvar::wait_while",
            "std::sync::Barrier::wait",
        ],
    ),
    both(
        Rule::Blocking,
        "blocks the thread of all workflows",
        "use `perpetua::sync`",
        &[
            "std::sync::mpsc::Receiver::recv",
            "std::sync::mpsc::Receiver::recv_timeout",
            "tokio::sync::mpsc::Receiver::blocking_recv",
            "tokio::sync::mpsc::Sender::blocking_send",
            "tokio::sync::oneshot::Receiver::blocking_recv",
        ],
    ),
    here(
        Rule::Blocking,
        "blocks the thread of all workflows",
        "keep it in a field `State<T>`, or use `perpetua::sync`",
        &[
            "std::sync::Mutex::lock",
            "std::sync::RwLock::read",
            "std::sync::RwLock::write",
            "parking_lot::Mutex::lock",
            "parking_lot::RwLock::read",
            "parking_lot::RwLock::write",
            "tokio::sync::Mutex::blocking_lock",
            "tokio::sync::RwLock::blocking_read",
            "tokio::sync::RwLock::blocking_write",
            "crossbeam_channel::Receiver::recv",
            "flume::Receiver::recv",
        ],
    ),
    both(
        Rule::Blocking,
        "blocks the thread of all workflows",
        "await it",
        &["futures::executor::block_on", "pollster::block_on", "tokio::runtime::Handle::block_on"],
    ),
    // `#[tokio::main]` calls it.
    here(Rule::Blocking, "blocks the thread of all workflows", "await it", &["tokio::runtime::Runtime::block_on"]),
    here(
        Rule::Blocking,
        "blocks the thread of all workflows",
        "await a task of `ctx.spawn(..)`",
        &["std::thread::JoinHandle::join"],
    ),
    both(
        Rule::ForeignTimer,
        "not recorded in history",
        "use `ctx.sleep(..)`",
        &[
            "tokio::time::sleep",
            "tokio::time::sleep_until",
            "async_std::task::sleep",
            "smol::Timer::after",
            "async_io::Timer::after",
            "futures_timer::Delay::new",
        ],
    ),
    both(
        Rule::ForeignTimer,
        "not recorded in history",
        "use `ctx.timeout(..)`",
        &["tokio::time::timeout", "tokio::time::timeout_at"],
    ),
    both(
        Rule::ForeignTimer,
        "not recorded in history",
        "use `ctx.sleep(..)` in a loop",
        &["tokio::time::interval", "tokio::time::interval_at"],
    ),
    both(
        Rule::ForeignTask,
        "not part of the workflow",
        "use `ctx.spawn(..)` or an activity",
        &[
            "std::thread::spawn",
            "std::thread::Builder::spawn",
            "tokio::task::spawn",
            "tokio::runtime::Handle::spawn",
            "async_std::task::spawn",
            "smol::spawn",
        ],
    ),
    both(Rule::ForeignTask, "not part of the workflow", "use `ctx.spawn(..)`", &["tokio::task::spawn_local"]),
    both(
        Rule::ForeignTask,
        "not part of the workflow",
        "use an activity",
        &["std::thread::scope", "rayon::spawn", "rayon::join", "rayon::scope"],
    ),
    both(
        Rule::ForeignTask,
        "not part of the workflow",
        "use a blocking activity",
        &["tokio::task::spawn_blocking", "tokio::task::block_in_place", "tokio::runtime::Handle::spawn_blocking"],
    ),
    here(
        Rule::ForeignTask,
        "not part of the workflow",
        "use `ctx.spawn(..)`, and `ctx.join_all(..)` for many",
        &[
            "tokio::task::JoinSet::new",
            "tokio::task::JoinSet::spawn",
            "tokio::runtime::Runtime::new",
            "tokio::runtime::Runtime::spawn",
        ],
    ),
    here(
        Rule::ForeignTask,
        "gives the thread to another runtime",
        "leave it out: the workflow goes on when something happens",
        &["std::thread::yield_now", "tokio::task::yield_now"],
    ),
    here(
        Rule::ForeignSync,
        "its other end is not part of the workflow, and its order is for others to change",
        "use `perpetua::sync`",
        &[
            "tokio::sync::Mutex::new",
            "tokio::sync::RwLock::new",
            "tokio::sync::Semaphore::new",
            "tokio::sync::Notify::new",
            "tokio::sync::Barrier::new",
            "tokio::sync::mpsc::channel",
            "tokio::sync::mpsc::unbounded_channel",
            "tokio::sync::oneshot::channel",
            "tokio::sync::broadcast::channel",
            "tokio::sync::watch::channel",
            "futures::channel::mpsc::channel",
            "futures::channel::mpsc::unbounded",
            "futures::channel::oneshot::channel",
            "futures::lock::Mutex::new",
            "async_channel::bounded",
            "async_channel::unbounded",
            "async_lock::Mutex::new",
            "async_lock::RwLock::new",
            "async_lock::Semaphore::new",
            "flume::bounded",
            "flume::unbounded",
            "std::sync::mpsc::channel",
            "std::sync::mpsc::sync_channel",
        ],
    ),
    both(
        Rule::Environment,
        "differs from worker to worker",
        "pass the value in as an argument",
        &[
            "std::env::var",
            "std::env::var_os",
            "std::env::vars",
            "std::env::vars_os",
            "std::env::current_dir",
            "std::env::current_exe",
            "std::env::home_dir",
        ],
    ),
    here(
        Rule::Environment,
        "differs from worker to worker",
        "pass the value in as an argument",
        &[
            "std::env::args",
            "std::env::args_os",
            "std::env::set_current_dir",
            "std::env::set_var",
            "std::env::remove_var",
            "std::thread::current",
            "std::thread::available_parallelism",
            "gethostname::gethostname",
            "hostname::get",
            "num_cpus::get",
        ],
    ),
    both(Rule::Environment, "differs from worker to worker", "use an activity", &["std::env::temp_dir"]),
    both(
        Rule::Environment,
        "differs from worker to worker",
        "pass a name in as an argument, or draw one with `ctx.uuid()`",
        &["std::process::id"],
    ),
    here(
        Rule::InputOutput,
        "ends the worker with all that it runs",
        "return an error, which fails the workflow",
        &["std::process::exit", "std::process::abort"],
    ),
    both(
        Rule::InputOutput,
        "may differ on a replay",
        "use an activity",
        &[
            "std::fs::File::open",
            "std::fs::read",
            "std::fs::read_to_string",
            "std::fs::read_dir",
            "std::fs::metadata",
            "std::fs::exists",
            "std::io::stdin",
        ],
    ),
    here(
        Rule::InputOutput,
        "may differ on a replay",
        "use an activity",
        &["std::path::Path::exists", "std::path::Path::is_file", "std::path::Path::is_dir"],
    ),
    both(
        Rule::InputOutput,
        "is done again on every replay",
        "use an activity",
        &[
            "std::process::Command::new",
            "std::fs::File::create",
            "std::fs::OpenOptions::open",
            "std::fs::write",
            "std::fs::copy",
            "std::fs::rename",
            "std::fs::create_dir",
            "std::fs::create_dir_all",
            "std::fs::remove_dir",
            "std::fs::remove_dir_all",
            "std::fs::remove_file",
            "std::net::TcpStream::connect",
            "std::net::TcpListener::bind",
            "std::net::UdpSocket::bind",
            "tokio::net::TcpStream::connect",
            "tokio::process::Command::new",
            "reqwest::get",
        ],
    ),
    here(
        Rule::InputOutput,
        "is done again on every replay",
        "use an activity",
        &[
            "std::fs::*",
            "std::os::unix::net::*",
            "tokio::fs::*",
            "tokio::net::*",
            "tokio::process::*",
            "async_std::fs::*",
            "async_std::net::*",
            "reqwest::Client::*",
            "reqwest::blocking::*",
            "ureq::*",
            "sqlx::query",
            "sqlx::query_as",
        ],
    ),
    here(Rule::Printing, "is done again on every replay", "use `ctx.log()`", &["std::io::stdout", "std::io::stderr"]),
];

/// Macros.
pub(crate) const MACROS: &[Group] = &[
    both(
        Rule::PollOrder,
        "polls its branches in random order",
        "use `perpetua::select!`",
        &["tokio::select", "futures::select", "futures_util::select"],
    ),
    both(Rule::PollOrder, "its order may change with a version", "use `perpetua::join!`", &["tokio::join"]),
    both(Rule::PollOrder, "its order may change with a version", "use `perpetua::try_join!`", &["tokio::try_join"]),
    here(
        Rule::Printing,
        "is done again on every replay",
        "use `ctx.log()`",
        &["std::print", "std::println", "std::eprint", "std::eprintln", "std::dbg"], // tidy-allow
    ),
    here(
        Rule::InputOutput,
        "is done again on every replay",
        "use an activity",
        &["sqlx::query", "sqlx::query_as", "sqlx::query_scalar"],
    ),
    here(Rule::Randomness, "not the same on every replay", "use `ctx.uuid()`", &["nanoid::nanoid"]),
];

/// Types. The lint looks at what is done with them; clippy can only refuse them.
pub(crate) const TYPES: &[Group] = &[
    both(
        Rule::HashOrder,
        "its order differs from run to run",
        "use `BTreeMap` in workflows",
        &["std::collections::HashMap"],
    ),
    both(
        Rule::HashOrder,
        "its order differs from run to run",
        "use `BTreeSet` in workflows",
        &["std::collections::HashSet"],
    ),
];

/// What goes by several names, and the one that the tables know.
const SAME: &[(&str, &str)] = &[
    ("core::", "std::"),
    ("alloc::", "std::"),
    ("futures_util::", "futures::"),
    ("futures_executor::", "futures::executor::"),
    ("futures_channel::", "futures::channel::"),
    ("tokio::spawn", "tokio::task::spawn"),
    ("std::collections::hash_map::HashMap", "std::collections::HashMap"),
    ("std::collections::hash_set::HashSet", "std::collections::HashSet"),
    ("std::collections::hash_map::RandomState", "std::hash::RandomState"),
    ("std::collections::hash_map::DefaultHasher", "std::hash::DefaultHasher"),
    ("hashbrown::HashMap", "std::collections::HashMap"),
    ("hashbrown::HashSet", "std::collections::HashSet"),
    ("chrono::prelude::", "chrono::"),
    ("chrono::offset::", "chrono::"),
    ("tokio::task::join_set::", "tokio::task::"),
];

/// The path by which the tables know a path.
pub(crate) fn usual_name(path: &str) -> String {
    let mut path = path.to_owned();
    for (other, usual) in SAME {
        let at_boundary = |rest: &str| other.ends_with("::") || rest.is_empty() || rest.starts_with("::");
        if let Some(rest) = path.strip_prefix(other).filter(|rest| at_boundary(rest)) {
            path = format!("{usual}{rest}");
        }
    }
    path
}

/// What is said of a path, which has its usual name. The longest entry counts.
pub(crate) fn look_up(groups: &'static [Group], path: &str) -> Option<&'static Group> {
    let exact = groups.iter().find(|group| group.paths.contains(&path));
    exact.or_else(|| {
        let below = |entry: &&str| entry.strip_suffix('*').is_some_and(|prefix| path.starts_with(prefix));
        groups.iter().find(|group| group.paths.iter().any(below))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_known_by_all_their_paths() {
        let known = |path: &str| look_up(FUNCTIONS, &usual_name(path)).map(|group| group.rule.code());
        assert_eq!(known("tokio::spawn"), Some("P006"));
        assert_eq!(known("core::time::Instant::now"), Some("P001"));
        assert_eq!(known("futures_util::executor::block_on"), Some("P007"));
        assert_eq!(known("futures_executor::block_on"), Some("P007"));
        assert_eq!(known("std::fs::hard_link"), Some("P004"));
        assert_eq!(known("std::fsx::hard_link"), None);
        assert_eq!(known("tokio::spawned"), None);
    }

    #[test]
    fn every_entry_is_named_once_and_by_its_usual_name() {
        for groups in [FUNCTIONS, MACROS, TYPES] {
            let mut seen = std::collections::BTreeSet::new();
            for path in groups.iter().flat_map(|group| group.paths) {
                assert!(seen.insert(path), "{path} is there twice");
                let usual = usual_name(path);
                assert!(usual == **path || path.starts_with("futures_util::"), "{path} is better known as {usual}");
            }
        }
        for group in FUNCTIONS.iter().chain(MACROS).filter(|group| group.clippy) {
            assert!(!group.paths.iter().any(|path| path.ends_with('*')), "clippy knows no `*`: {:?}", group.paths);
        }
    }
}
