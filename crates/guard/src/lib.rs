//! Finds, in tests and development, the calls that workflow code must not make: reading a clock or the environment,
//! randomness of the process, threads, blocking sleep, files, sockets, processes.
//!
//! Linking this crate is all that is needed; the feature `guard` of `perpetua` does that. It defines functions of the C
//! library, `clock_gettime` for one, in the executable, so that the standard library and all other crates call these. Each
//! passes on to the real one, after a look whether workflow code is running on this thread. If so, it keeps the stack, and
//! when workflow code has given the thread back, the line of the user's code is looked up and the workflow task fails with
//! it.
//!
//! That works on Linux with glibc, dynamically linked, on x86-64 and AArch64. Elsewhere this crate does nothing.
//!
//! # What is found
//!
//! | Call | By way of |
//! |---|---|
//! | the clock | `Instant::now`, `SystemTime::now`, `chrono`, `tokio::time`, waiting with a timeout |
//! | randomness of the process | `rand`, `getrandom`, `Uuid::new_v4` |
//! | blocking sleep | `thread::sleep` |
//! | a new thread | `thread::spawn`, a runtime that grows |
//! | the environment | `env::var` |
//! | files | `File::open`, `fs::metadata`, `fs::create_dir` and their like |
//! | the network | a new socket, looking up a host |
//! | another process | `Command::spawn` |
//!
//! # What is not
//!
//! * The order of a `HashMap` or `HashSet`. The standard library draws randomness for the first one of a thread only, so a
//!   report would come once, and for maps whose order nobody looks at. It never comes: use clippy's
//!   `iter_over_hash_type` and the `clippy.toml` of the project template.
//! * Reading and writing what is open already, `env::vars`, `process::id`, addresses of memory.
//! * Waiting for a lock or a channel: the worker's deadlock detector reports that.
//! * A generator of the `rand` crate that was seeded on this thread before, by other code.
//!
//! Queries and update validators are not watched: nothing replays them. Nor is what a subscriber of `tracing` or `log`, a
//! panic hook, an allocator or a backtrace does. [`perpetua_workflow::unguarded`] exempts anything else.

#[cfg(all(
    target_os = "linux",
    target_env = "gnu",
    not(target_feature = "crt-static"),
    any(target_arch = "x86_64", target_arch = "aarch64")
))]
mod linux;

/// Whether this crate finds anything on this platform.
pub fn is_active() -> bool {
    cfg!(all(
        target_os = "linux",
        target_env = "gnu",
        not(target_feature = "crt-static"),
        any(target_arch = "x86_64", target_arch = "aarch64")
    ))
}
