//! End to end: workers and clients against the real server, each scenario with the cache and with eviction after every
//! turn.

mod activities;
mod bad_input;
mod basket;
mod cancellation;
mod chains;
mod children;
mod codecs;
mod command_line;
mod concurrency;
mod eager;
mod facts;
mod failures;
mod families;
mod guarding;
mod handlers;
mod messages;
mod nondeterminism;
mod options;
mod python;
mod random_programs;
mod recorded;
mod replacement;
mod replay;
mod timers;
mod workers;
