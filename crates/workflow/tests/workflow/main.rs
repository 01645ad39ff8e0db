//! Workflows without macros, driven from hand-made histories. Every scenario is played with the run known, built again
//! for each task, and from pages cut at every place; see `support`. The guard watches all of them.

mod activities;
mod cancellation;
mod children;
mod concurrent;
mod conditions;
mod ending;
mod executor;
mod failing;
mod foreign;
mod guarding;
mod handlers;
mod local_activities;
mod logging;
mod losing;
mod macros;
mod messages;
mod nondeterminism;
mod notes;
mod places;
mod queries;
mod random_plans;
mod randomness;
mod replay;
mod scopes;
mod sources;
mod stack_traces;
mod starting;
mod support;
mod sync;
mod telemetry;
mod timers;
