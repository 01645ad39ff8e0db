//! Schedules: when they act, what they start, and what they make of its end.

use std::time::Duration;

use perpetua_proto::command::command::Attributes as CommandAttributes;
use perpetua_proto::command::{Command, FailWorkflowExecutionCommandAttributes};
use perpetua_proto::common::{Memo, WorkflowType};
use perpetua_proto::enums::{EventType, ScheduleOverlapPolicy as Overlap, WorkflowExecutionStatus as Status};
use perpetua_proto::failure::Failure;
use perpetua_proto::history::WorkflowExecutionStartedEventAttributes;
use perpetua_proto::history::history_event::Attributes;
use perpetua_proto::protobuf::Timestamp;
use perpetua_proto::schedule::schedule_action::Action;
use perpetua_proto::schedule::{
    BackfillRequest, IntervalSpec, Schedule, ScheduleAction, ScheduleInfo, SchedulePatch, SchedulePolicies,
    ScheduleSpec, ScheduleState, TriggerImmediatelyRequest,
};
use perpetua_proto::workflow::NewWorkflowExecutionInfo;
use perpetua_proto::workflowservice::*;
use perpetua_server_core::{Answer, Time, World};

use crate::bench::{Bench, command, complete, queue, seconds, value, words};

pub(crate) const MINUTE: Duration = Duration::from_secs(60);

/// Every minute, the workflow `w`.
pub(crate) fn every_minute() -> Schedule {
    let workflow = NewWorkflowExecutionInfo {
        workflow_id: "w".into(),
        workflow_type: Some(WorkflowType { name: "greeting".into() }),
        task_queue: Some(queue()),
        ..Default::default()
    };
    Schedule {
        spec: Some(ScheduleSpec {
            interval: vec![IntervalSpec { interval: seconds(60), phase: None }],
            ..Default::default()
        }),
        action: Some(ScheduleAction { action: Some(Action::StartWorkflow(workflow)) }),
        ..Default::default()
    }
}

pub(crate) fn with_policies(change: impl FnOnce(&mut SchedulePolicies)) -> Schedule {
    let mut policies = SchedulePolicies::default();
    change(&mut policies);
    Schedule { policies: Some(policies), ..every_minute() }
}

pub(crate) fn overlapping(overlap: Overlap) -> Schedule {
    with_policies(|policies| policies.overlap_policy = overlap.into())
}

pub(crate) fn fail() -> Command {
    let failure = Some(Failure { message: "no luck".into(), ..Default::default() });
    let asked = FailWorkflowExecutionCommandAttributes { failure };
    command(CommandAttributes::FailWorkflowExecutionCommandAttributes(Box::new(asked)))
}

pub(crate) fn trigger(overlap: Overlap) -> SchedulePatch {
    let trigger = TriggerImmediatelyRequest { overlap_policy: overlap.into(), scheduled_time: None };
    SchedulePatch { trigger_immediately: Some(trigger), ..Default::default() }
}

/// Seconds after the beginning of every test.
pub(crate) fn after(bench: &Bench, seconds: i64) -> Timestamp {
    let beginning = bench.world.now().to_wire();
    Timestamp { seconds: beginning.seconds + seconds, ..beginning }
}

impl Bench {
    /// Makes the schedule `s`.
    pub(crate) fn schedule(&mut self, schedule: Schedule) {
        self.try_schedule(schedule).expect("the schedule is new");
    }

    pub(crate) fn try_schedule(&mut self, schedule: Schedule) -> Answer<CreateScheduleResponse> {
        self.world.create_schedule(CreateScheduleRequest {
            namespace: "default".into(),
            schedule_id: "s".into(),
            schedule: Some(schedule),
            request_id: "create".into(),
            ..Default::default()
        })
    }

    pub(crate) fn described(&self) -> DescribeScheduleResponse {
        let request = DescribeScheduleRequest { namespace: "default".into(), schedule_id: "s".into() };
        self.world.describe_schedule(&request).expect("the schedule is there")
    }

    pub(crate) fn info(&self) -> ScheduleInfo {
        self.described().info.unwrap_or_default()
    }

    pub(crate) fn state(&self) -> ScheduleState {
        self.described().schedule.and_then(|schedule| schedule.state).unwrap_or_default()
    }

    pub(crate) fn version(&self) -> u8 {
        self.described().conflict_token.last().copied().unwrap_or_default()
    }

    pub(crate) fn patch(&mut self, patch: SchedulePatch) {
        let request = PatchScheduleRequest {
            namespace: "default".into(),
            schedule_id: "s".into(),
            patch: Some(patch),
            ..Default::default()
        };
        self.world.patch_schedule(request).expect("the schedule is there");
    }

    pub(crate) fn update(&mut self, schedule: Schedule, version: Option<u64>) {
        let conflict_token = version.map(|version| version.to_be_bytes().to_vec().into()).unwrap_or_default();
        let request = UpdateScheduleRequest {
            namespace: "default".into(),
            schedule_id: "s".into(),
            schedule: Some(schedule),
            conflict_token,
            ..Default::default()
        };
        self.world.update_schedule(request).expect("the schedule is there");
    }

    /// What the last actions started, with what became of it.
    pub(crate) fn recent(&self) -> Vec<(String, Status)> {
        let recent = self.info().recent_actions;
        let shown = |action: &perpetua_proto::schedule::ScheduleActionResult| {
            let started = action.start_workflow_result.clone().unwrap_or_default();
            (started.workflow_id, action.start_workflow_status())
        };
        recent.iter().map(shown).collect()
    }

    /// Does the next task of a workflow; what it was started with.
    pub(crate) fn play(&mut self, commands: Vec<Command>) -> WorkflowExecutionStartedEventAttributes {
        let task = self.task();
        let first = task.history.as_ref().and_then(|history| history.events.first()).cloned().unwrap_or_default();
        self.answer(&task, commands).expect("it can be done");
        match first.attributes {
            Some(Attributes::WorkflowExecutionStartedEventAttributes(it)) => *it,
            other => panic!("this is no start: {other:?}"),
        }
    }
}

#[test]
fn a_schedule_starts_its_workflow_at_its_times() {
    let mut bench = Bench::new();
    bench.schedule(every_minute());
    assert!(bench.is_idle());
    // The beginning is 40 seconds after a minute.
    bench.pass(Duration::from_secs(20));
    let started = bench.play(vec![complete()]);
    assert_eq!(started.workflow_id, "w-2001-09-09T01:47:00Z");
    assert_eq!(started.identity, "temporal-scheduler-default-s");
    let attributes = started.search_attributes.unwrap_or_default().indexed_fields;
    let data = |name: &str| attributes.get(name).map(|payload| String::from_utf8_lossy(&payload.data).into_owned());
    assert_eq!(data("TemporalScheduledById").as_deref(), Some("\"s\""));
    assert_eq!(data("TemporalScheduledStartTime").as_deref(), Some("\"2001-09-09T01:47:00Z\""));
    bench.pass(MINUTE);
    assert_eq!(bench.play(vec![complete()]).last_completion_result, Some(value("result")));
    assert_eq!(
        bench.recent(),
        [
            ("w-2001-09-09T01:47:00Z".to_owned(), Status::Completed),
            ("w-2001-09-09T01:48:00Z".to_owned(), Status::Completed)
        ]
    );
    let info = bench.info();
    assert_eq!((info.action_count, info.running_workflows.len(), info.future_action_times.len()), (2, 0, 10));
    assert_eq!(info.future_action_times[0].seconds % 60, 0);
}

#[test]
fn a_workflow_that_runs_too_long_is_dealt_with_as_was_agreed() {
    for (overlap, waiting, skipped, running) in [
        (Overlap::Unspecified, 0, 2, 1),
        (Overlap::BufferOne, 1, 1, 1),
        (Overlap::BufferAll, 2, 0, 1),
        (Overlap::CancelOther, 2, 0, 1),
        (Overlap::AllowAll, 0, 0, 0),
    ] {
        let mut bench = Bench::new();
        bench.schedule(overlapping(overlap));
        bench.pass(MINUTE * 3);
        let info = bench.info();
        assert_eq!(
            (info.buffer_size, info.overlap_skipped, info.running_workflows.len()),
            (waiting, skipped, running),
            "{overlap:?}"
        );
    }
}

#[test]
fn what_waits_begins_when_what_ran_has_ended() {
    let mut bench = Bench::new();
    bench.schedule(overlapping(Overlap::BufferAll));
    bench.pass(MINUTE * 3);
    let ids: Vec<_> = (0..3).map(|_| bench.play(vec![complete()]).workflow_id).collect();
    assert_eq!(ids, ["w-2001-09-09T01:47:00Z", "w-2001-09-09T01:48:00Z", "w-2001-09-09T01:49:00Z"]);
    assert!(bench.is_idle());
}

#[test]
fn what_runs_is_stopped_to_make_room() {
    let mut bench = Bench::new();
    bench.schedule(overlapping(Overlap::TerminateOther));
    bench.pass(MINUTE * 2);
    let states: Vec<_> = bench.recent().into_iter().map(|(_, status)| status).collect();
    assert_eq!(states, [Status::Terminated, Status::Running]);

    let mut bench = Bench::new();
    bench.schedule(overlapping(Overlap::CancelOther));
    bench.pass(MINUTE * 2);
    let task = bench.task();
    let events = task.history.clone().unwrap_or_default().events;
    let asked = crate::bench::last(&events, EventType::WorkflowExecutionCancelRequested);
    match asked.attributes {
        Some(Attributes::WorkflowExecutionCancelRequestedEventAttributes(it)) => {
            assert_eq!(it.cause, "cancelled by schedule overlap policy"); // tidy-allow
        }
        other => panic!("this is no request: {other:?}"),
    }
    bench.answer(&task, vec![complete()]).expect("it can be done");
    assert_eq!(bench.play(vec![complete()]).workflow_id, "w-2001-09-09T01:48:00Z");
}

#[test]
fn a_buffer_has_an_end() {
    let mut bench = Bench::new();
    bench.schedule(overlapping(Overlap::BufferAll));
    bench.pass(MINUTE * 1003);
    let info = bench.info();
    assert_eq!((info.buffer_size, info.buffer_dropped), (1000, 2));
}

#[test]
fn a_failure_pauses_and_is_told_to_the_next() {
    let mut bench = Bench::new();
    bench.schedule(with_policies(|policies| policies.pause_on_failure = true));
    bench.pass(MINUTE);
    bench.play(vec![fail()]);
    let words = "paused due to workflow failure: w-2001-09-09T01:47:00Z: no luck";
    assert_eq!((bench.state().paused, bench.state().notes.as_str(), bench.version()), (true, words, 2));
    bench.pass(MINUTE * 10);
    assert!(bench.is_idle());
    bench.patch(SchedulePatch { unpause: "again".into(), ..Default::default() });
    assert_eq!((bench.state().paused, bench.state().notes.as_str(), bench.version()), (false, "again", 3));
    assert!(bench.is_idle(), "what was missed meanwhile is not made up for");
    bench.pass(MINUTE);
    let started = bench.play(vec![complete()]);
    assert_eq!(started.continued_failure.map(|failure| failure.message).as_deref(), Some("no luck"));
}

#[test]
fn actions_can_be_counted() {
    let mut bench = Bench::new();
    let state = ScheduleState { limited_actions: true, remaining_actions: 2, ..Default::default() };
    bench.schedule(Schedule { state: Some(state), ..overlapping(Overlap::AllowAll) });
    assert_eq!(bench.info().future_action_times.len(), 2);
    bench.pass(MINUTE * 5);
    assert_eq!((bench.info().action_count, bench.state().remaining_actions, bench.version()), (2, 0, 3));
    bench.patch(trigger(Overlap::Unspecified));
    assert_eq!(bench.info().action_count, 3, "what somebody asks for is not counted");
    // A week after it did something for the last time, nobody needs it any more.
    bench.pass(Duration::from_secs(8 * 24 * 3600));
    let first = bench.play(vec![complete()]);
    assert_eq!(first.workflow_id, "w-2001-09-09T01:47:00Z");
}

#[test]
fn a_schedule_that_has_done_everything_is_not_kept() {
    let mut bench = Bench::new();
    let spec = ScheduleSpec { end_time: Some(after(&bench, 60)), ..every_minute().spec.unwrap_or_default() };
    bench.schedule(Schedule { spec: Some(spec), ..every_minute() });
    bench.pass(MINUTE);
    bench.play(vec![complete()]);
    assert_eq!(bench.world.next_awaited(), None);
    bench.pass(Duration::from_secs(7 * 24 * 3600));
    let request = DescribeScheduleRequest { namespace: "default".into(), schedule_id: "s".into() };
    assert_eq!(
        words(bench.world.describe_schedule(&request)),
        "NotFound: workflow not found for ID: temporal-sys-scheduler:s"
    );
}

#[test]
fn a_schedule_acts_when_it_is_told_to() {
    let mut bench = Bench::new();
    let state = ScheduleState { paused: true, ..Default::default() };
    bench.schedule(Schedule { state: Some(state), ..every_minute() });
    bench.patch(trigger(Overlap::Unspecified));
    assert_eq!(bench.play(vec![]).workflow_id, "w-2001-09-09T01:46:40Z");
    bench.patch(trigger(Overlap::Unspecified));
    assert_eq!(bench.info().overlap_skipped, 1);
    bench.pass(Duration::from_secs(1));
    bench.patch(trigger(Overlap::AllowAll));
    assert_eq!(bench.play(vec![complete()]).workflow_id, "w-2001-09-09T01:46:41Z");
    let states: Vec<_> = bench.recent().into_iter().map(|(_, status)| status).collect();
    assert_eq!(states, [Status::Running, Status::Completed]);
}

#[test]
fn what_lies_in_the_past_can_be_made_up_for() {
    let mut bench = Bench::new();
    let state = ScheduleState { paused: true, ..Default::default() };
    bench.schedule(Schedule { state: Some(state), ..every_minute() });
    let backfill = BackfillRequest {
        start_time: Some(after(&bench, -40)),
        end_time: Some(after(&bench, 20 + 14 * 60)),
        overlap_policy: Overlap::AllowAll.into(),
    };
    bench.patch(SchedulePatch { backfill_request: vec![backfill], ..Default::default() });
    assert_eq!(bench.info().action_count, 10, "not everything at once");
    bench.pass(Duration::from_secs(1));
    assert_eq!(bench.info().action_count, 16, "both ends belong to it");
    assert_eq!(bench.play(vec![]).workflow_id, "w-2001-09-09T01:46:00Z");

    let mut bench = Bench::new();
    bench.schedule(every_minute());
    let backfill = BackfillRequest {
        start_time: Some(after(&bench, -3600)),
        end_time: Some(after(&bench, 0)),
        overlap_policy: Overlap::BufferAll.into(),
    };
    bench.patch(SchedulePatch { backfill_request: vec![backfill], ..Default::default() });
    assert_eq!(bench.info().buffer_size, 9);
    for minute in 47..60 {
        assert_eq!(bench.play(vec![complete()]).workflow_id, format!("w-2001-09-09T00:{minute}:00Z"));
    }
}

#[test]
fn a_schedule_goes_on_after_a_restart_and_makes_up_for_what_it_missed() {
    let mut bench = Bench::new();
    let policies = |policies: &mut SchedulePolicies| {
        policies.overlap_policy = Overlap::BufferAll.into();
        policies.catchup_window = seconds(150);
    };
    bench
        .world
        .create_schedule(CreateScheduleRequest {
            namespace: "default".into(),
            schedule_id: "s".into(),
            schedule: Some(with_policies(policies)),
            request_id: "create".into(),
            memo: Some(Memo { fields: [("a".to_owned(), value("b").payloads.remove(0))].into() }),
            ..Default::default()
        })
        .expect("the schedule is new");
    bench.pass(MINUTE);
    let before = bench.described();
    let stored = bench.everything();
    let later = Time::from_nanos(bench.world.now().nanos() + 600_000_000_000);
    bench.world = World::restore(8, later, stored).expect("it can be read");
    assert_eq!(bench.described().memo, before.memo);
    bench.pass(Duration::ZERO);
    let info = bench.info();
    assert_eq!((info.missed_catchup_window, info.buffer_size), (8, 2));
    // It still hears of what it had started.
    let ids: Vec<_> = (0..3).map(|_| bench.play(vec![complete()]).workflow_id).collect();
    assert_eq!(ids, ["w-2001-09-09T01:47:00Z", "w-2001-09-09T01:56:00Z", "w-2001-09-09T01:57:00Z"]);
}

#[test]
fn a_chain_counts_as_one_workflow() {
    let mut bench = Bench::new();
    bench.schedule(every_minute());
    bench.pass(MINUTE);
    let next = CommandAttributes::ContinueAsNewWorkflowExecutionCommandAttributes(Box::default());
    bench.play(vec![command(next)]);
    assert_eq!(bench.info().running_workflows.len(), 1);
    bench.play(vec![complete()]);
    assert_eq!(bench.info().running_workflows.len(), 0);
}

#[test]
fn a_schedule_that_is_removed_leaves_what_it_started() {
    let mut bench = Bench::new();
    bench.schedule(overlapping(Overlap::BufferAll));
    bench.pass(MINUTE * 2);
    let request = DeleteScheduleRequest { namespace: "default".into(), schedule_id: "s".into(), identity: "me".into() };
    bench.world.delete_schedule(&request).expect("the schedule is there");
    bench.play(vec![complete()]);
    bench.pass(MINUTE * 10);
    assert!(bench.is_idle());
    assert!(bench.world.delete_schedule(&request).is_err());
}
