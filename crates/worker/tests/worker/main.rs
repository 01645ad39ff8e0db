//! Workers against a server that does what the test tells it to.

mod activities;
mod describe;
mod eager;
mod local_activities;
mod mock;
mod polling;
mod script;
mod stage;
mod workflows;

use perpetua_guard as _;
