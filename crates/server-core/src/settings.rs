//! What can be set of a server, by the names that Temporal's dynamic configuration has for it.
//!
//! Numbers that limit something take effect. What can be switched on is always on here, and stays so.

use std::time::Duration;

use crate::limits;

/// What can be set of a server.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    pub(crate) blob_bytes: usize,
    pub(crate) history_events: usize,
    pub(crate) history_bytes: i64,
    /// From how many events and bytes on a workflow should continue as new.
    pub(crate) suggest_events: i64,
    pub(crate) suggest_bytes: i64,
    pub(crate) pending_activities: usize,
    pub(crate) pending_children: usize,
    pub(crate) pending_signals: usize,
    pub(crate) pending_cancels: usize,
    pub(crate) buffered_events: usize,
    /// How many bytes an answer to a workflow task may have that comes in pages.
    pub(crate) answer_bytes: usize,
    pub(crate) updates_in_flight: usize,
    pub(crate) updates: i64,
    pub(crate) signals: i64,
    /// The shortest time from the start of a run to that of the one it continues as.
    pub(crate) continue_as_new_interval: Duration,
    /// After how long it is looked whether workflows still need a version that no new ones go to.
    pub(crate) drainage_grace: Duration,
    /// After how long that is looked again.
    pub(crate) drainage_refresh: Duration,
    /// How long a poll for a task waits at most.
    pub(crate) poll: Duration,
    /// Whether workflows may ask for a time of their own, which skips.
    pub(crate) time_skipping: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            blob_bytes: limits::BLOB_BYTES,
            history_events: limits::HISTORY_EVENTS,
            history_bytes: limits::HISTORY_BYTES,
            suggest_events: limits::SUGGEST_EVENTS,
            suggest_bytes: limits::SUGGEST_BYTES,
            pending_activities: limits::PENDING,
            pending_children: limits::PENDING,
            pending_signals: limits::PENDING,
            pending_cancels: limits::PENDING,
            buffered_events: limits::BUFFERED_EVENTS,
            answer_bytes: limits::ANSWER_BYTES,
            updates_in_flight: limits::UPDATES_IN_FLIGHT,
            updates: limits::UPDATES,
            signals: limits::SIGNALS,
            continue_as_new_interval: limits::CONTINUE_AS_NEW,
            drainage_grace: limits::DRAINAGE,
            drainage_refresh: limits::DRAINAGE,
            poll: limits::POLL,
            time_skipping: false,
        }
    }
}

/// What became of a setting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Setting {
    /// It counts from now on.
    Taken,
    /// It is always on, and cannot be switched off.
    AlwaysOn,
    /// Nothing here goes by that name: it is misspelled, or that of something that this server does not have.
    Unknown,
}

impl Settings {
    /// Sets something, by its name and its value as JSON.
    ///
    /// # Errors
    /// What the value should be.
    pub(crate) fn set(&mut self, key: &str, json: &str) -> Result<Setting, String> {
        let json = json.trim();
        match key.to_ascii_lowercase().as_str() {
            "limit.blobsize.error" => self.blob_bytes = number(json)?,
            "limit.historycount.error" => self.history_events = number(json)?,
            "limit.historysize.error" => self.history_bytes = number(json)?,
            "limit.historycount.suggestcontinueasnew" => self.suggest_events = number(json)?,
            "limit.historysize.suggestcontinueasnew" => self.suggest_bytes = number(json)?,
            "limit.numpendingactivities.error" => self.pending_activities = number(json)?,
            "limit.numpendingchildexecutions.error" => self.pending_children = number(json)?,
            "limit.numpendingsignals.error" => self.pending_signals = number(json)?,
            "limit.numpendingcancelrequests.error" => self.pending_cancels = number(json)?,
            "history.maximumbufferedeventsbatch" => self.buffered_events = number(json)?,
            "history.maxinflightupdates" => self.updates_in_flight = number(json)?,
            "history.maxtotalupdates" => self.updates = number(json)?,
            "history.maximumsignalsperexecution" => self.signals = number(json)?,
            "matching.wv.versiondrainagestatusvisibilitygraceperiod" => self.drainage_grace = wait(json)?,
            "matching.wv.versiondrainagestatusrefreshinterval" => self.drainage_refresh = wait(json)?,
            "history.continueasnewmininterval" => self.continue_as_new_interval = wait(json)?,
            "matching.longpollexpirationinterval" => self.poll = wait(json)?,
            // Every SDK asks that its own version is not checked, and here it is not.
            "frontend.enableserverversioncheck" if !truth(json)? => {}
            "frontend.workflowtimeskippingenabled" => self.time_skipping = truth(json)?,
            name if ALWAYS_ON.contains(&name) => {
                return Ok(if truth(json)? { Setting::Taken } else { Setting::AlwaysOn });
            }
            _ => return Ok(Setting::Unknown),
        }
        Ok(Setting::Taken)
    }
}

fn number<T: std::str::FromStr>(json: &str) -> Result<T, String> {
    json.parse().map_err(|_| format!("{json:?} is not a number that it could be"))
}

/// A duration as Go writes it, such as `"1s"` or `"1m30s"`.
fn wait(json: &str) -> Result<Duration, String> {
    let text = json.trim_matches('"');
    let problem = || format!("{json} is no duration; write it like \"1.5s\"");
    let mut whole = Duration::ZERO;
    let mut rest = text;
    while !rest.is_empty() {
        let digits = rest.find(|at: char| !at.is_ascii_digit() && at != '.').ok_or_else(problem)?;
        let (number, tail) = rest.split_at(digits);
        let number: f64 = number.parse().map_err(|_| problem())?;
        let units = [("ms", 1e-3), ("us", 1e-6), ("ns", 1e-9), ("h", 3600.0), ("m", 60.0), ("s", 1.0)];
        let (unit, seconds) = units.into_iter().find(|(unit, _)| tail.starts_with(unit)).ok_or_else(problem)?;
        whole += Duration::try_from_secs_f64(number * seconds).map_err(|_| problem())?;
        rest = &tail[unit.len()..];
    }
    if text.is_empty() { Err(problem()) } else { Ok(whole) }
}

fn truth(json: &str) -> Result<bool, String> {
    json.parse().map_err(|_| format!("{json:?} is neither true nor false"))
}

/// The names, in lower case, of what can be switched on in the real server and is always on here.
const ALWAYS_ON: [&str; 29] = [
    "activity.enablecallbacks",
    "activity.enablestandalone",
    "component.nexusoperations.recordcancelrequestcompletionevents",
    "frontend.enablebatcher",
    "frontend.enablebatchoperationsforstandaloneactivities",
    "frontend.enablecancelworkerpollsonshutdown",
    "frontend.enableexecutemultioperation",
    "frontend.enableschedules",
    "frontend.enableupdateworkflowexecution",
    "frontend.enableupdateworkflowexecutionasyncaccepted",
    "frontend.listworkersenabled",
    "frontend.workercommandsenabled",
    "frontend.workerheartbeatsenabled",
    "frontend.workflowpauseenabled",
    "history.enablechasm",
    "history.enablechasmcallbacks",
    "history.enablesignalwithstartfromworkflow",
    "history.enablestandaloneactivityoperatorcommands",
    "history.enableupdatecallbacks",
    "history.enableworkflowtaskcompletionpagination",
    "matching.enablefairness",
    "matching.usenewmatcher",
    "nexusoperation.enablestandalone",
    "system.enableactivityeagerexecution",
    "system.enablecancelactivityworkercommand",
    "system.enabledeployments",
    "system.enabledeploymentversions",
    "system.enableeagerworkflowstart",
    "system.enablenexus",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_in_any_case_and_values_as_json() {
        let mut settings = Settings::default();
        assert_eq!(settings.set("limit.historyCount.error", "10"), Ok(Setting::Taken));
        assert_eq!(settings.set("frontend.WorkflowTimeSkippingEnabled", " true "), Ok(Setting::Taken));
        assert_eq!((settings.history_events, settings.time_skipping), (10, true));
        assert_eq!(settings.set("system.enableEagerWorkflowStart", "true"), Ok(Setting::Taken));
        assert_eq!(settings.set("system.enableEagerWorkflowStart", "false"), Ok(Setting::AlwaysOn));
        assert_eq!(settings.set("limit.historyCout.error", "10"), Ok(Setting::Unknown));
        assert_eq!(settings.set("frontend.enableServerVersionCheck", "false"), Ok(Setting::Taken));
        assert_eq!(settings.set("frontend.enableServerVersionCheck", "true"), Ok(Setting::Unknown));
        assert!(settings.set("limit.historyCount.error", "\"many\"").is_err());
        let key = "history.continueAsNewMinInterval";
        assert_eq!(settings.set(key, "\"1m1.5s\""), Ok(Setting::Taken));
        assert_eq!(settings.continue_as_new_interval, Duration::from_millis(61_500));
        for wrong in ["\"\"", "1", "\"s\"", "\"1x\"", "\"-1s\"", "\"9999999999999999999999h\""] {
            assert!(settings.set(key, wrong).is_err(), "{wrong}");
        }
    }
}
