//! A world from outside: requests in, histories and replies out. The orders are those of the real server.

mod activities;
mod activity_control;
mod answers;
mod batches;
mod bench;
mod chains;
mod deployments;
mod lists;
mod namespaces;
mod nexus;
mod nexus_operations;
mod options;
mod queries;
mod resets;
mod restarts;
mod schedule_requests;
mod schedules;
mod search_attributes;
mod starts;
mod task_queues;
mod tasks;
mod time_skipping;
mod twin;
mod updates;
mod versions;
mod workers;
