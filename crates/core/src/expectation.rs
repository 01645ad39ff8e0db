//! What the code asked for, and the event that history must have for it.

use std::fmt;
use std::time::Duration;

use perpetua_vocab::{
    ActivityId, ActivityType, Event, EventId, EventKind, Fields, LocalActivityMarker, SignalName, TimerId, UpdateId,
    WorkflowId, WorkflowType,
};

use crate::markers::{CHANGE_VERSION, Marker, lists_patches};
use crate::{Place, Ticket};

/// What the code asked for, and where.
#[derive(Debug)]
pub(crate) struct Asked {
    pub(crate) what: Expectation,
    /// The line of source code that asked, if it is known.
    pub(crate) at: Option<Place>,
}

/// One thing the code asked for, kept until history shows what became of it.
#[derive(Debug)]
pub(crate) enum Expectation {
    /// An activity.
    StartActivity { ticket: Ticket, activity: ActivityId, activity_type: ActivityType },
    /// That an activity stops.
    CancelActivity { activity: ActivityId, scheduled: EventId },
    /// A timer.
    StartTimer { ticket: Ticket, timer: TimerId, after: Duration },
    /// That a timer is taken back.
    CancelTimer { ticket: Ticket, timer: TimerId },
    /// A child workflow.
    StartChild { ticket: Ticket, workflow_id: WorkflowId, workflow_type: WorkflowType },
    /// A signal to another workflow.
    SignalExternal { ticket: Ticket, workflow_id: WorkflowId, name: SignalName },
    /// That another workflow, or a child, stops.
    CancelExternal { ticket: Ticket, workflow_id: WorkflowId },
    /// The end of a local activity. A replay has read it in an event before, and seen that it is this one's.
    LocalActivity { number: u32, activity: ActivityId, activity_type: ActivityType, seen: Option<EventId> },
    /// That an update is being done.
    AcceptUpdate { update: UpdateId },
    /// That an update is done.
    CompleteUpdate { update: UpdateId },
    /// The marker of a patch.
    Patch { patch: String },
    /// The list of all patches, which follows the marker of a patch.
    ListPatches,
    /// The marker that keeps what a side effect gave.
    SideEffect { id: u64 },
    /// That search attributes change.
    UpsertSearchAttributes { names: Vec<String> },
    /// That the memo changes.
    UpsertMemo { keys: Vec<String> },
    /// The end with a result.
    Complete,
    /// The end with a failure.
    Fail,
    /// The end as canceled.
    Cancel,
    /// A new run.
    ContinueAsNew,
}

impl Expectation {
    /// The operation that begins with this, if one does.
    pub(crate) fn begins(&self) -> Option<Ticket> {
        match self {
            Self::StartActivity { ticket, .. }
            | Self::StartTimer { ticket, .. }
            | Self::StartChild { ticket, .. }
            | Self::SignalExternal { ticket, .. }
            | Self::CancelExternal { ticket, .. } => Some(*ticket),
            Self::CancelActivity { .. }
            | Self::CancelTimer { .. }
            | Self::LocalActivity { .. }
            | Self::AcceptUpdate { .. }
            | Self::CompleteUpdate { .. }
            | Self::Patch { .. }
            | Self::ListPatches
            | Self::SideEffect { .. }
            | Self::UpsertSearchAttributes { .. }
            | Self::UpsertMemo { .. }
            | Self::Complete
            | Self::Fail
            | Self::Cancel
            | Self::ContinueAsNew => None,
        }
    }

    /// Whether the event is the echo of this.
    pub(crate) fn is_echoed_by(&self, event: &Event) -> bool {
        match (self, &event.kind) {
            (Self::StartActivity { activity, activity_type, .. }, EventKind::ActivityScheduled(seen)) => {
                seen.activity == *activity && seen.activity_type == *activity_type
            }
            (Self::CancelActivity { scheduled, .. }, EventKind::ActivityCancelRequested { scheduled: seen, .. }) => {
                scheduled == seen
            }
            // How long a timer runs may be computed, and history decides: only which timer it is matters.
            (Self::StartTimer { timer, .. }, EventKind::TimerStarted(seen)) => *timer == seen.timer,
            (Self::CancelTimer { timer, .. }, EventKind::TimerCanceled { timer: seen, .. }) => timer == seen,
            (Self::StartChild { workflow_id, workflow_type, .. }, EventKind::StartChildWorkflowInitiated(seen)) => {
                seen.workflow_id == *workflow_id && seen.workflow_type == *workflow_type
            }
            (Self::SignalExternal { workflow_id, name, .. }, EventKind::SignalExternalWorkflowInitiated(seen)) => {
                seen.execution.workflow_id == *workflow_id && seen.name == *name
            }
            (Self::CancelExternal { workflow_id, .. }, EventKind::RequestCancelExternalWorkflowInitiated(seen)) => {
                seen.execution.workflow_id == *workflow_id
            }
            (Self::LocalActivity { seen: Some(seen), .. }, EventKind::MarkerRecorded(_)) if *seen == event.id => true,
            (Self::LocalActivity { number, activity, activity_type, .. }, EventKind::MarkerRecorded(seen)) => {
                LocalActivityMarker::is_of(seen, *number, activity, activity_type)
            }
            (Self::AcceptUpdate { update }, EventKind::UpdateAccepted(seen)) => *update == seen.update,
            (Self::CompleteUpdate { update }, EventKind::UpdateCompleted(seen)) => *update == seen.update,
            (Self::Patch { patch }, EventKind::MarkerRecorded(seen)) => {
                matches!(Marker::read(seen), Marker::Patch(mark) if mark.id == *patch)
            }
            (Self::ListPatches, EventKind::SearchAttributesUpserted(_)) => lists_patches(event),
            (Self::SideEffect { id }, EventKind::MarkerRecorded(seen)) => {
                matches!(Marker::read(seen), Marker::SideEffect { id: seen, .. } if seen == *id)
            }
            // As with timers, values may be computed, and history decides.
            (Self::UpsertSearchAttributes { names }, EventKind::SearchAttributesUpserted(seen)) => {
                has_keys(seen.search_attributes.as_ref(), names)
            }
            (Self::UpsertMemo { keys }, EventKind::PropertiesModified(seen)) => has_keys(seen.memo.as_ref(), keys),
            (Self::Complete, EventKind::WorkflowCompleted(_))
            | (Self::Fail, EventKind::WorkflowFailed(_))
            | (Self::Cancel, EventKind::WorkflowCanceled { .. })
            | (Self::ContinueAsNew, EventKind::WorkflowContinuedAsNew(_)) => true,
            _ => false,
        }
    }
}

impl fmt::Display for Expectation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::StartActivity { activity, activity_type, .. } => {
                write!(f, "start_activity  name={activity_type}  id={activity}")
            }
            Self::CancelActivity { activity, scheduled } => {
                write!(f, "cancel_activity  scheduled={scheduled}  id={activity}")
            }
            Self::StartTimer { timer, after, .. } => write!(f, "start_timer  after={after:?}  id={timer}"),
            Self::CancelTimer { timer, .. } => write!(f, "cancel_timer  id={timer}"),
            Self::StartChild { workflow_id, workflow_type, .. } => {
                write!(f, "start_child_workflow  name={workflow_type}  id={workflow_id}")
            }
            Self::SignalExternal { workflow_id, name, .. } => {
                write!(f, "signal_external_workflow  name={name}  id={workflow_id}")
            }
            Self::CancelExternal { workflow_id, .. } => write!(f, "cancel_external_workflow  id={workflow_id}"),
            Self::LocalActivity { activity, activity_type, .. } => {
                write!(f, "local_activity  name={activity_type}  id={activity}")
            }
            Self::AcceptUpdate { update } => write!(f, "accept_update  id={update}"),
            Self::CompleteUpdate { update } => write!(f, "complete_update  id={update}"),
            Self::Patch { patch } => write!(f, "patch  id={patch}"),
            Self::ListPatches => write!(f, "upsert_search_attributes  names={CHANGE_VERSION}"),
            Self::SideEffect { id } => write!(f, "side_effect  id={id}"),
            Self::UpsertSearchAttributes { names } => write!(f, "upsert_search_attributes  names={}", names.join(",")),
            Self::UpsertMemo { keys } => write!(f, "upsert_memo  keys={}", keys.join(",")),
            Self::Complete => f.write_str("complete_workflow"),
            Self::Fail => f.write_str("fail_workflow"),
            Self::Cancel => f.write_str("cancel_workflow"),
            Self::ContinueAsNew => f.write_str("continue_as_new"),
        }
    }
}

/// An event in the words of what asked for it.
pub(crate) fn in_words(event: &Event) -> String {
    match &event.kind {
        EventKind::ActivityScheduled(seen) => {
            format!("start_activity  name={}  id={}", seen.activity_type, seen.activity)
        }
        EventKind::ActivityCancelRequested { scheduled, .. } => format!("cancel_activity  scheduled={scheduled}"),
        EventKind::TimerStarted(seen) => format!("start_timer  after={:?}  id={}", seen.after, seen.timer),
        EventKind::TimerCanceled { timer, .. } => format!("cancel_timer  id={timer}"),
        EventKind::StartChildWorkflowInitiated(seen) => {
            format!("start_child_workflow  name={}  id={}", seen.workflow_type, seen.workflow_id)
        }
        EventKind::SignalExternalWorkflowInitiated(seen) => {
            format!("signal_external_workflow  name={}  id={}", seen.name, seen.execution.workflow_id)
        }
        EventKind::RequestCancelExternalWorkflowInitiated(seen) => {
            format!("cancel_external_workflow  id={}", seen.execution.workflow_id)
        }
        EventKind::MarkerRecorded(seen) if seen.name == LocalActivityMarker::NAME => {
            match LocalActivityMarker::read(seen) {
                Ok(Some(seen)) => format!("local_activity  name={}  id={}", seen.activity_type, seen.activity),
                _ => format!("record_marker  name={}", seen.name),
            }
        }
        EventKind::UpdateAccepted(seen) => format!("accept_update  id={}", seen.update),
        EventKind::UpdateCompleted(seen) => format!("complete_update  id={}", seen.update),
        EventKind::MarkerRecorded(seen) => match Marker::read(seen) {
            Marker::Patch(mark) => format!("patch  id={}", mark.id),
            Marker::SideEffect { id, .. } => format!("side_effect  id={id}"),
            Marker::Other(name) => format!("record_marker  name={name}"),
        },
        EventKind::SearchAttributesUpserted(seen) => {
            format!("upsert_search_attributes  names={}", keys(seen.search_attributes.as_ref()))
        }
        EventKind::PropertiesModified(seen) => format!("upsert_memo  keys={}", keys(seen.memo.as_ref())),
        EventKind::WorkflowCompleted(_) => "complete_workflow".to_owned(),
        EventKind::WorkflowFailed(_) => "fail_workflow".to_owned(),
        EventKind::WorkflowCanceled { .. } => "cancel_workflow".to_owned(),
        EventKind::WorkflowContinuedAsNew(_) => "continue_as_new".to_owned(),
        EventKind::Other(other) if other.name.is_empty() => {
            format!("an event of the unknown type {}", other.event_type)
        }
        kind => kind.name().to_owned(),
    }
}

/// Whether the fields are those of these names, which are in order.
fn has_keys(fields: Option<&Fields>, names: &[String]) -> bool {
    fields.into_iter().flat_map(Fields::keys).eq(names)
}

fn keys(fields: Option<&Fields>) -> String {
    let keys: Vec<&str> = fields.into_iter().flat_map(Fields::keys).map(String::as_str).collect();
    keys.join(",")
}

#[cfg(test)]
mod tests {
    use perpetua_vocab::{
        ActivityScheduled, CommandKind, Identity, MarkerRecorded, Namespace, Opaque, OtherEvent, ParentClosePolicy,
        Payload, PropertiesModified, RecordMarker, RequestCancelExternalWorkflowInitiated, RetryState, RunId,
        SearchAttributesUpserted, SignalExternalWorkflowInitiated, StartChildWorkflowInitiated, TimerStarted,
        Timestamp, UpdateAccepted, UpdateCompleted, WorkflowClosed, WorkflowContinuedAsNew, WorkflowExecution,
        WorkflowFailed,
    };

    use super::*;
    use crate::markers::{list_patches, mark_patch, mark_side_effect};

    const TASK: EventId = EventId::FIRST;

    fn event(kind: EventKind) -> Event {
        let (id, time) = (EventId::FIRST, Timestamp::default());
        Event { id, time, kind, worker_may_ignore: false, version: 0, task_id: 0, extra: None }
    }

    fn fields(names: &[&str]) -> Fields {
        names.iter().map(|name| ((*name).to_owned(), Payload::default())).collect()
    }

    /// The event that a note leaves.
    fn noted(command: CommandKind) -> EventKind {
        match command {
            CommandKind::RecordMarker(marker) => {
                let RecordMarker { name, details, failure, header } = *marker;
                let header = Some(header);
                EventKind::MarkerRecorded(Box::new(MarkerRecorded {
                    name,
                    details,
                    failure,
                    header,
                    task_completed: TASK,
                }))
            }
            CommandKind::UpsertSearchAttributes { search_attributes } => {
                let search_attributes = Some(search_attributes);
                let upserted = SearchAttributesUpserted { search_attributes, task_completed: TASK };
                EventKind::SearchAttributesUpserted(Box::new(upserted))
            }
            other => panic!("no note: {other:?}"),
        }
    }

    #[test]
    fn fields_are_echoed_by_exactly_those_of_their_names() {
        let expectation = Expectation::UpsertMemo { keys: vec!["color".to_owned(), "status".to_owned()] };
        let modified = |memo| PropertiesModified { memo, task_completed: TASK };
        let is_echoed =
            |memo| expectation.is_echoed_by(&event(EventKind::PropertiesModified(Box::new(modified(memo)))));
        assert!(is_echoed(Some(fields(&["status", "color"]))));
        assert!(!is_echoed(Some(fields(&["status"]))));
        assert!(!is_echoed(Some(fields(&["status", "color", "size"]))));
        assert!(!is_echoed(None));
    }

    fn local_marker(number: u32, activity_type: &str) -> LocalActivityMarker {
        LocalActivityMarker {
            number,
            attempt: 1,
            activity: ActivityId::new(number.to_string()),
            activity_type: ActivityType::from(activity_type),
            completed: None,
            scheduled: None,
            backoff: None,
            activation: None,
            result: Ok(None),
        }
    }

    /// Everything the code can ask for, with the event that echoes it.
    fn pairs() -> Vec<(Expectation, Event)> {
        let ticket = Ticket(0);
        let (activity, timer, update) = (ActivityId::from("2"), TimerId::from("3"), UpdateId::from("u"));
        let (scheduled, after) = (EventId::FIRST.next(), Duration::from_secs(90));
        let activity_type = ActivityType::from("charge");
        let scheduled_event = ActivityScheduled {
            activity: activity.clone(),
            activity_type: activity_type.clone(),
            input: None,
            task_completed: TASK,
            rest: Opaque::default(),
        };
        let (workflow_id, workflow_type) = (WorkflowId::from("w"), WorkflowType::from("ship"));
        let child = StartChildWorkflowInitiated {
            namespace: Namespace::default(),
            workflow_id: workflow_id.clone(),
            workflow_type: workflow_type.clone(),
            input: None,
            parent_close_policy: ParentClosePolicy::Terminate,
            task_completed: TASK,
            rest: Opaque::default(),
        };
        let execution = WorkflowExecution { workflow_id: workflow_id.clone(), run_id: RunId::default() };
        let signal = SignalExternalWorkflowInitiated {
            namespace: Namespace::default(),
            execution: execution.clone(),
            name: SignalName::from("approve"),
            input: None,
            child_workflow_only: false,
            header: None,
            task_completed: TASK,
            rest: Opaque::default(),
        };
        let cancel = RequestCancelExternalWorkflowInitiated {
            namespace: Namespace::default(),
            execution,
            child_workflow_only: false,
            reason: String::new(),
            task_completed: TASK,
            rest: Opaque::default(),
        };
        let accepted = UpdateAccepted { update: update.clone(), message: "m".into(), sequencing: None, request: None };
        let completed =
            UpdateCompleted { update: update.clone(), identity: Identity::default(), accepted: None, outcome: None };
        let failed =
            WorkflowFailed { failure: None, retry_state: RetryState::default(), task_completed: TASK, new_run: None };
        let continued = WorkflowContinuedAsNew {
            new_run: RunId::from("next"),
            workflow_type: WorkflowType::from("order"),
            input: None,
            task_completed: Some(TASK),
            rest: Opaque::default(),
        };
        vec![
            (
                Expectation::StartActivity { ticket, activity: activity.clone(), activity_type },
                event(EventKind::ActivityScheduled(Box::new(scheduled_event))),
            ),
            (
                Expectation::CancelActivity { activity, scheduled },
                event(EventKind::ActivityCancelRequested { scheduled, task_completed: TASK }),
            ),
            (
                Expectation::StartTimer { ticket, timer: timer.clone(), after },
                event(EventKind::TimerStarted(TimerStarted { timer: timer.clone(), after, task_completed: TASK })),
            ),
            (
                Expectation::CancelTimer { ticket, timer: timer.clone() },
                event(EventKind::TimerCanceled {
                    timer,
                    started: scheduled,
                    task_completed: TASK,
                    identity: Identity::default(),
                }),
            ),
            (
                Expectation::StartChild { ticket, workflow_id: workflow_id.clone(), workflow_type },
                event(EventKind::StartChildWorkflowInitiated(Box::new(child))),
            ),
            (
                Expectation::SignalExternal { ticket, workflow_id: workflow_id.clone(), name: signal.name.clone() },
                event(EventKind::SignalExternalWorkflowInitiated(Box::new(signal))),
            ),
            (
                Expectation::CancelExternal { ticket, workflow_id },
                event(EventKind::RequestCancelExternalWorkflowInitiated(Box::new(cancel))),
            ),
            (
                Expectation::LocalActivity {
                    number: 4,
                    activity: ActivityId::from("4"),
                    activity_type: ActivityType::from("check"),
                    seen: None,
                },
                event(EventKind::MarkerRecorded(Box::new(local_marker(4, "check").into_event(TASK)))),
            ),
            (
                Expectation::AcceptUpdate { update: update.clone() },
                event(EventKind::UpdateAccepted(Box::new(accepted))),
            ),
            (Expectation::CompleteUpdate { update }, event(EventKind::UpdateCompleted(Box::new(completed)))),
            (Expectation::Patch { patch: "fix".to_owned() }, event(noted(mark_patch("fix", true)))),
            (Expectation::ListPatches, event(noted(list_patches(&["fix".to_owned()].into()).0))),
            (Expectation::SideEffect { id: 7 }, event(noted(mark_side_effect(7, Vec::new())))),
            (
                Expectation::UpsertSearchAttributes { names: vec!["Amount".to_owned(), "Customer".to_owned()] },
                event(EventKind::SearchAttributesUpserted(Box::new(SearchAttributesUpserted {
                    search_attributes: Some(fields(&["Customer", "Amount"])),
                    task_completed: TASK,
                }))),
            ),
            (
                Expectation::UpsertMemo { keys: vec!["status".to_owned()] },
                event(EventKind::PropertiesModified(Box::new(PropertiesModified {
                    memo: Some(fields(&["status"])),
                    task_completed: TASK,
                }))),
            ),
            (
                Expectation::Complete,
                event(EventKind::WorkflowCompleted(Box::new(WorkflowClosed {
                    result: None,
                    task_completed: TASK,
                    new_run: None,
                }))),
            ),
            (Expectation::Fail, event(EventKind::WorkflowFailed(Box::new(failed)))),
            (Expectation::Cancel, event(EventKind::WorkflowCanceled { task_completed: TASK, details: None })),
            (Expectation::ContinueAsNew, event(EventKind::WorkflowContinuedAsNew(Box::new(continued)))),
        ]
    }

    #[test]
    fn each_expectation_has_one_echo() {
        for (at, (expectation, _)) in pairs().iter().enumerate() {
            for (other, (_, event)) in pairs().iter().enumerate() {
                assert_eq!(expectation.is_echoed_by(event), at == other, "{expectation} and {}", in_words(event));
            }
        }
    }

    #[test]
    fn code_and_history_use_the_same_words() {
        let words: Vec<(String, String)> =
            pairs().iter().map(|(expectation, event)| (expectation.to_string(), in_words(event))).collect();
        let same = |text: &str| (text.to_owned(), text.to_owned());
        let expected = [
            same("start_activity  name=charge  id=2"),
            // History does not have the activity's id there.
            ("cancel_activity  scheduled=2  id=2".to_owned(), "cancel_activity  scheduled=2".to_owned()),
            same("start_timer  after=90s  id=3"),
            same("cancel_timer  id=3"),
            same("start_child_workflow  name=ship  id=w"),
            same("signal_external_workflow  name=approve  id=w"),
            same("cancel_external_workflow  id=w"),
            same("local_activity  name=check  id=4"),
            same("accept_update  id=u"),
            same("complete_update  id=u"),
            same("patch  id=fix"),
            same("upsert_search_attributes  names=TemporalChangeVersion"),
            same("side_effect  id=7"),
            same("upsert_search_attributes  names=Amount,Customer"),
            same("upsert_memo  keys=status"),
            same("complete_workflow"),
            same("fail_workflow"),
            same("cancel_workflow"),
            same("continue_as_new"),
        ];
        assert_eq!(words, expected);
    }

    #[test]
    fn a_timer_is_echoed_by_its_id_whatever_its_length() {
        let (ticket, timer) = (Ticket(0), TimerId::from("3"));
        let kind = TimerStarted { timer: timer.clone(), after: Duration::from_secs(5), task_completed: TASK };
        let expectation = Expectation::StartTimer { ticket, timer, after: Duration::from_secs(90) };
        assert!(expectation.is_echoed_by(&event(EventKind::TimerStarted(kind))));
    }

    #[test]
    fn a_local_activity_is_echoed_by_its_number_its_id_and_its_type() {
        let (activity, activity_type) = (ActivityId::from("4"), ActivityType::from("check"));
        let expectation = Expectation::LocalActivity { number: 4, activity, activity_type, seen: None };
        let mut other_id = local_marker(4, "check");
        other_id.activity = ActivityId::from("x");
        for (marker, is_echo) in [
            (local_marker(4, "check"), true),
            (local_marker(5, "check"), false),
            (local_marker(4, "c"), false),
            (other_id, false),
        ] {
            let event = event(EventKind::MarkerRecorded(Box::new(marker.into_event(TASK))));
            assert_eq!(expectation.is_echoed_by(&event), is_echo, "{}", in_words(&event));
        }
    }

    #[test]
    fn an_event_without_words_goes_by_its_name_or_number() {
        let other = |event_type, name: &str| OtherEvent {
            event_type,
            name: name.to_owned(),
            attributes: Opaque::default(),
            task_completed: Some(TASK),
        };
        let in_words = |other| in_words(&event(EventKind::Other(Box::new(other))));
        assert_eq!(in_words(other(25, "MarkerRecorded")), "MarkerRecorded");
        assert_eq!(in_words(other(999, "")), "an event of the unknown type 999");
    }
}
