//! Attempts of a run's activities that are open and hold no time.

use super::Run;
use crate::token::TaskToken;
use crate::world::{CallId, Cx};
use crate::{Lingered, Reply};

/// An attempt that is open and holds no time.
#[derive(Clone, Debug)]
pub(crate) struct Lingering {
    /// Who is told when it does so no longer.
    pub(crate) call: CallId,
    /// Which attempt.
    token: TaskToken,
}

impl Run {
    /// One more lingers.
    pub(crate) fn let_linger(&mut self, call: CallId, token: TaskToken) {
        self.live.lingering.push(Lingering { call, token });
    }

    /// Whether the activity of this scheduled event is open only for show.
    pub(crate) fn lingers(&self, scheduled: i64) -> bool {
        self.live.lingering.iter().any(|lingering| lingering.token.scheduled == scheduled)
    }

    /// Tells those whose attempts are over, or asked to stop; who was told.
    pub(crate) fn tell_lingering(&mut self, cx: &mut Cx<'_>) -> Vec<CallId> {
        let mut told = Vec::new();
        for lingering in std::mem::take(&mut self.live.lingering) {
            let end = match self.started_activity(&lingering.token) {
                None => Lingered::Over,
                Some(activity) if activity.attempt.cancel_requested => Lingered::CancelRequested,
                Some(_) => {
                    self.live.lingering.push(lingering);
                    continue;
                }
            };
            cx.reply(lingering.call, Ok(Reply::Lingered(end)));
            told.push(lingering.call);
        }
        told
    }
}
