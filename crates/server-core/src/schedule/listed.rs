//! What a schedule is in a list.

use perpetua_proto::enums::IndexedValueType as Kind;
use perpetua_proto::schedule::{ScheduleListEntry, ScheduleListInfo, ScheduleSpec};

use super::{LISTED_ACTIONS, LISTED_ENTRIES, Schedule};
use crate::search_attributes;
use crate::time::Time;
use crate::visibility::{Attributes, Place, Value};

impl Schedule {
    /// As lists show it.
    pub(crate) fn entry(&self, now: Time) -> ScheduleListEntry {
        let recent = &self.info.recent_actions;
        ScheduleListEntry {
            schedule_id: self.id.clone(),
            memo: Some(self.memo.clone().unwrap_or_default()),
            search_attributes: self.shown_search_attributes(),
            info: Some(ScheduleListInfo {
                spec: Some(shortened(self.spec.clone())),
                workflow_type: self.workflow().and_then(|workflow| workflow.workflow_type.clone()),
                notes: self.state.notes.clone(),
                paused: self.state.paused,
                recent_actions: recent.iter().skip(recent.len().saturating_sub(LISTED_ACTIONS)).cloned().collect(),
                future_action_times: self.coming(now, LISTED_ACTIONS),
                ..ScheduleListInfo::default()
            }),
        }
    }

    /// Where lists have it: the newest first.
    pub(crate) fn place(&self) -> Place {
        Place::new(None, Time::from_nanos(self.created), &self.id)
    }
}

fn shortened(mut spec: ScheduleSpec) -> ScheduleSpec {
    spec.timezone_data.clear();
    spec.structured_calendar.truncate(LISTED_ENTRIES);
    spec.interval.truncate(LISTED_ENTRIES);
    spec.exclude_structured_calendar.truncate(LISTED_ENTRIES);
    spec
}

impl Attributes for Schedule {
    fn value(&self, name: &str) -> Option<Value<'_>> {
        match name {
            "ScheduleId" => Value::text(&self.id),
            "TemporalSchedulePaused" => Some(Value::Bool(self.state.paused)),
            _ => {
                let payload = self.search_attributes.get(name)?;
                Value::of(payload, search_attributes::type_of(payload).unwrap_or(Kind::Unspecified))
            }
        }
    }
}
