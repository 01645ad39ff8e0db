//! Timers of the workflow.

use perpetua_proto::enums::EventType;
use perpetua_proto::history::TimerFiredEventAttributes;
use perpetua_proto::history::history_event::Attributes;

use super::Run;
use crate::world::Cx;

impl Run {
    /// A timer is due.
    pub(crate) fn fire_timer(&mut self, cx: &mut Cx<'_>, timer_id: &str) {
        let Some(timer) = self.state.timers.remove(timer_id) else { return };
        let attributes = TimerFiredEventAttributes { timer_id: timer_id.to_owned(), started_event_id: timer.started };
        self.receive(cx, EventType::TimerFired, Attributes::TimerFiredEventAttributes(Box::new(attributes)));
    }
}
