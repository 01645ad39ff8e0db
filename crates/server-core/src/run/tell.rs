//! Workers are told which activities are not wanted any longer, without waiting for a sign of life.

use std::collections::BTreeMap;

use super::Run;
use crate::limits;
use crate::matching::QueueKey;
use crate::nexus::command;
use crate::world::{Cx, Offer, Work};

impl Run {
    /// Tells the workers that have these activities, by their scheduled events, as far as they can be told.
    pub(crate) fn tell_workers(&self, cx: &mut Cx<'_>, wanted: impl Fn(i64) -> bool) {
        let mut tokens: BTreeMap<&str, Vec<bytes::Bytes>> = BTreeMap::new();
        for (scheduled, activity) in &self.state.activities {
            if wanted(*scheduled) && activity.attempt.is_started() && !activity.control_queue.is_empty() {
                let token = self.activity_token(cx, *scheduled, &activity.attempt);
                tokens.entry(&activity.control_queue).or_default().push(token);
            }
        }
        for (queue, tokens) in tokens {
            let queue = QueueKey::nexus(&self.state.namespace, queue);
            let work = Work::Command { command: command::cancel(tokens), until: cx.wall.plus(limits::COMMAND) };
            cx.offer(Offer::new(queue, None, work));
        }
    }
}
