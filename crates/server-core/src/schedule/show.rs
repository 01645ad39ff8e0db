//! A schedule as clients see it.

use perpetua_proto::common::SearchAttributes;
use perpetua_proto::schedule::{self, ScheduleInfo};
use perpetua_proto::workflowservice::DescribeScheduleResponse;

use super::ACTIONS;
use super::state::Schedule;
use crate::time::{Time, shown};

impl Schedule {
    /// All that is known of it.
    pub(crate) fn description(&self, now: Time) -> DescribeScheduleResponse {
        DescribeScheduleResponse {
            schedule: Some(schedule::Schedule {
                spec: Some(self.spec.clone()),
                action: Some(self.action.clone()),
                policies: Some(self.policies),
                state: Some(self.state.clone()),
            }),
            info: Some(ScheduleInfo {
                buffer_size: i64::try_from(self.buffer.len()).unwrap_or(i64::MAX),
                future_action_times: self.coming(now, ACTIONS),
                create_time: shown(self.created),
                update_time: shown(self.updated),
                ..self.info.clone()
            }),
            memo: self.memo.clone(),
            search_attributes: self.shown_search_attributes(),
            conflict_token: self.conflict_token(),
        }
    }

    /// Which version of it somebody has seen.
    pub(crate) fn conflict_token(&self) -> bytes::Bytes {
        self.version.to_be_bytes().to_vec().into()
    }

    pub(super) fn shown_search_attributes(&self) -> Option<SearchAttributes> {
        let fields = &self.search_attributes;
        (!fields.is_empty()).then(|| SearchAttributes { indexed_fields: fields.clone() })
    }
}
