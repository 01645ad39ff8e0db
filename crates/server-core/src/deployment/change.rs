//! How a deployment changes where work goes, and what that means for its versions.

use perpetua_proto::enums::VersionDrainageStatus;

use super::{Deployment, VersionState};
use crate::Time;

impl Deployment {
    /// Makes a build the one that work goes to; an empty one stands for workers without a version.
    pub(crate) fn set_current(&mut self, build: &str, now: Time) {
        self.current = build.to_owned();
        self.current_changed = now.nanos();
        if !build.is_empty() && self.ramping.as_deref() == Some(build) {
            self.ramping = None;
            self.percentage = 0.0;
            self.ramping_changed = now.nanos();
            self.percentage_changed = now.nanos();
        }
        self.settle(now);
    }

    /// Makes a build one that some of the work goes to, or none.
    pub(crate) fn set_ramping(&mut self, build: Option<&str>, percentage: f32, now: Time) {
        if self.ramping.as_deref() != build {
            self.ramping = build.map(str::to_owned);
            self.ramping_changed = now.nanos();
        }
        self.percentage = percentage;
        self.percentage_changed = now.nanos();
        self.settle(now);
    }

    /// Lets the versions know what has become of them.
    fn settle(&mut self, now: Time) {
        self.revision += 1;
        for (build, version) in &mut self.versions {
            version.is_now(self.current == *build, self.ramping.as_deref() == Some(build.as_str()), now);
        }
    }
}

impl VersionState {
    fn is_now(&mut self, current: bool, ramping: bool, now: Time) {
        let was = (self.current_since != 0, self.ramping_since != 0);
        if was == (current, ramping) {
            return;
        }
        let at = now.nanos();
        self.routing_changed = at;
        self.current_since = since(self.current_since, current, at);
        self.ramping_since = since(self.ramping_since, ramping, at);
        if current {
            self.last_current = self.current_since;
        }
        if current || ramping {
            if self.first_activation == 0 {
                self.first_activation = at;
            }
            self.drain(VersionDrainageStatus::Unspecified, 0);
            self.drainage_checked = 0;
        } else {
            self.last_deactivation = at;
            self.drain(VersionDrainageStatus::Draining, at);
            self.drainage_checked = at;
        }
    }

    /// Notes whether workflows still need it.
    pub(crate) fn check_drainage(&mut self, needed: bool, now: Time) {
        let status = if needed { VersionDrainageStatus::Draining } else { VersionDrainageStatus::Drained };
        if self.drainage() != status {
            self.drain(status, now.nanos());
        }
        self.drainage_checked = now.nanos();
    }

    fn drain(&mut self, status: VersionDrainageStatus, at: i64) {
        self.drainage = status.into();
        self.drainage_changed = at;
    }
}

fn since(before: i64, is: bool, now: i64) -> i64 {
    match (is, before) {
        (false, _) => 0,
        (true, 0) => now,
        (true, before) => before,
    }
}
