//! A filter for `tracing-subscriber` that is shut while history is replayed.

use tracing::subscriber::Interest;
use tracing::{Metadata, Subscriber};
use tracing_subscriber::layer::{Context, Filter, Layer};

use crate::replaying::is_replaying;

/// Lets through what happens for the first time, and nothing of what workflow code does again while history is replayed.
/// Made by [`replay_filter`].
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct ReplayFilter;

/// A filter for `tracing-subscriber` that makes plain `tracing` in workflow code replay-silent: each event and each span
/// appears once, however often the workflow is replayed. Other code is not affected.
///
/// It filters one layer, or, as a layer of its own, all of them:
///
/// ```
/// use tracing_subscriber::prelude::*;
///
/// let lines = tracing_subscriber::fmt::layer().with_filter(perpetua_workflow::replay_filter());
/// let subscriber = tracing_subscriber::registry().with(lines);
/// # let _ = subscriber;
/// ```
///
/// A span that began in a replay is not there when the workflow goes on; events in it are in the workflow's span alone.
pub fn replay_filter() -> ReplayFilter {
    ReplayFilter
}

impl<S> Filter<S> for ReplayFilter {
    fn enabled(&self, _: &Metadata<'_>, _: &Context<'_, S>) -> bool {
        !is_replaying()
    }

    fn callsite_enabled(&self, _: &'static Metadata<'static>) -> Interest {
        Interest::sometimes()
    }
}

impl<S: Subscriber> Layer<S> for ReplayFilter {
    fn enabled(&self, _: &Metadata<'_>, _: Context<'_, S>) -> bool {
        !is_replaying()
    }

    fn register_callsite(&self, _: &'static Metadata<'static>) -> Interest {
        Interest::sometimes()
    }
}
