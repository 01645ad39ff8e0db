//! Schedules: what is asked of them, and what is said of them.

use std::time::Duration;

use perpetua_proto::common::{Payload, SearchAttributes};
use perpetua_proto::enums::{IndexedValueType, ScheduleOverlapPolicy as Overlap};
use perpetua_proto::operatorservice::AddSearchAttributesRequest;
use perpetua_proto::schedule::schedule_action::Action;
use perpetua_proto::schedule::{Schedule, SchedulePatch, ScheduleSpec, ScheduleState};
use perpetua_proto::workflowservice::*;

use crate::bench::{Bench, complete, seconds, words};
use crate::schedules::{MINUTE, after, every_minute};

#[test]
fn what_is_left_open_is_shown_as_it_will_be() {
    let mut bench = Bench::new();
    let spec =
        ScheduleSpec { cron_string: vec!["CRON_TZ=Asia/Tokyo 0 12 * * 5-7 # noon".into()], ..Default::default() };
    bench.schedule(Schedule { spec: Some(spec), ..every_minute() });
    let schedule = bench.described().schedule.unwrap_or_default();
    let spec = schedule.spec.unwrap_or_default();
    assert_eq!((spec.timezone_name.as_str(), spec.cron_string.len()), ("Asia/Tokyo", 0));
    let calendar = &spec.structured_calendar[0];
    let weekdays: Vec<_> = calendar.day_of_week.iter().map(|it| (it.start, it.end, it.step)).collect();
    assert_eq!((calendar.comment.as_str(), weekdays), ("noon", vec![(0, 0, 1), (5, 6, 1)]));
    let policies = schedule.policies.unwrap_or_default();
    assert_eq!((policies.overlap_policy(), policies.catchup_window), (Overlap::Skip, seconds(365 * 24 * 3600)));
    assert_eq!(bench.version(), 1);
}

#[test]
fn an_update_replaces_what_it_was_made_for() {
    let mut bench = Bench::new();
    bench.schedule(every_minute());
    let hourly = Schedule {
        spec: Some(ScheduleSpec { cron_string: vec!["@hourly".into()], ..Default::default() }),
        ..every_minute()
    };
    bench.pass(Duration::from_secs(25));
    bench.play(vec![complete()]);
    bench.update(hourly.clone(), Some(7));
    assert_eq!(bench.info().update_time, None, "what was seen is not what is there");
    bench.update(hourly, Some(1));
    assert_eq!((bench.info().update_time.is_some(), bench.version()), (true, 2));
    bench.pass(MINUTE * 12);
    assert!(bench.is_idle());
    bench.pass(MINUTE);
    assert_eq!(bench.play(vec![complete()]).workflow_id, "w-2001-09-09T02:00:00Z");
}

#[test]
fn requests_that_come_twice_count_once() {
    let mut bench = Bench::new();
    bench.schedule(every_minute());
    bench.schedule(every_minute());
    let request = CreateScheduleRequest {
        namespace: "default".into(),
        schedule_id: "s".into(),
        request_id: "another".into(),
        ..Default::default()
    };
    assert_eq!(words(bench.world.create_schedule(request)), "AlreadyExists: schedule \"s\" is already registered");
    for notes in ["first", "second"] {
        let request = PatchScheduleRequest {
            namespace: "default".into(),
            schedule_id: "s".into(),
            patch: Some(SchedulePatch { pause: notes.into(), ..Default::default() }),
            request_id: "pause".into(),
            ..Default::default()
        };
        bench.world.patch_schedule(request).expect("the schedule is there");
    }
    assert_eq!(bench.state().notes, "first");
}

#[test]
fn what_makes_no_sense_is_refused() {
    let mut bench = Bench::new();
    let spec = |cron: &str| ScheduleSpec { cron_string: vec![cron.into()], ..Default::default() };
    let bad = Schedule { spec: Some(spec("61 * * * *")), ..every_minute() };
    assert_eq!(words(bench.try_schedule(bad)), "InvalidArgument: Invalid schedule spec: Minute is not in range [0-59]");
    let bad = Schedule { spec: Some(spec("TZ=Nowhere/Bad 0 0 * * *")), ..every_minute() };
    assert_eq!(words(bench.try_schedule(bad)), "InvalidArgument: Invalid schedule spec: unknown time zone Nowhere/Bad");
    let mut bad = every_minute();
    if let Some(Action::StartWorkflow(workflow)) = bad.action.as_mut().and_then(|action| action.action.as_mut()) {
        workflow.cron_schedule = "* * * * *".into();
    }
    assert_eq!(words(bench.try_schedule(bad)), "InvalidArgument: Scheduled workflow must not contain CronSchedule");
}

#[test]
fn matching_times_are_told() {
    let mut bench = Bench::new();
    bench.schedule(every_minute());
    let request = ListScheduleMatchingTimesRequest {
        namespace: "default".into(),
        schedule_id: "s".into(),
        start_time: Some(after(&bench, 20)),
        end_time: Some(after(&bench, 20 + 180)),
    };
    let times = bench.world.schedule_matching_times(&request).expect("the schedule is there").start_time;
    assert_eq!(times, [after(&bench, 80), after(&bench, 140), after(&bench, 200)]);
    let request = ListScheduleMatchingTimesRequest { start_time: None, ..request };
    assert_eq!(words(bench.world.schedule_matching_times(&request)), "InvalidArgument: missing or invalid query");
}

#[test]
fn schedules_are_listed_and_counted() {
    let mut bench = Bench::new();
    let add = AddSearchAttributesRequest {
        namespace: "default".into(),
        search_attributes: [("Kw".to_owned(), IndexedValueType::Keyword.into())].into(),
    };
    bench.world.add_search_attributes(add).expect("it is new");
    for number in 0..5 {
        let keyword = Payload {
            metadata: [("encoding".to_owned(), "json/plain".into())].into(),
            data: format!("\"k{}\"", number % 2).into(),
            ..Default::default()
        };
        let request = CreateScheduleRequest {
            namespace: "default".into(),
            schedule_id: format!("L{number}"),
            schedule: Some(Schedule {
                state: Some(ScheduleState { paused: number == 3, notes: "note".into(), ..Default::default() }),
                ..every_minute()
            }),
            request_id: "create".into(),
            search_attributes: Some(SearchAttributes { indexed_fields: [("Kw".to_owned(), keyword)].into() }),
            ..Default::default()
        };
        bench.world.create_schedule(request).expect("the schedule is new");
        bench.pass(Duration::from_millis(1));
    }
    let list = |query: &str, size: i32, token: &[u8]| {
        let request = ListSchedulesRequest {
            namespace: "default".into(),
            maximum_page_size: size,
            next_page_token: token.to_vec().into(),
            query: query.into(),
        };
        bench.world.list_schedules(&request)
    };
    let ids = |response: &ListSchedulesResponse| {
        response.schedules.iter().map(|entry| entry.schedule_id.clone()).collect::<Vec<_>>()
    };
    let first = list("", 3, &[]).expect("it is right");
    assert_eq!(ids(&first), ["L4", "L3", "L2"]);
    let info = first.schedules[1].info.clone().unwrap_or_default();
    assert_eq!((info.paused, info.notes.as_str(), info.future_action_times.len()), (true, "note", 5));
    let second = list("", 3, &first.next_page_token).expect("it is right");
    assert_eq!((ids(&second), second.next_page_token.len()), (vec!["L1".into(), "L0".into()], 0));
    for (query, expected) in [
        ("Kw = 'k0'", &["L4", "L2", "L0"][..]),
        ("TemporalSchedulePaused = true", &["L3"]),
        ("ScheduleId STARTS_WITH 'L' AND Kw != 'k1'", &["L4", "L2", "L0"]),
        ("ScheduleId IN ('L1', 'L7')", &["L1"]),
    ] {
        assert_eq!(ids(&list(query, 0, &[]).expect("it is right")), expected, "{query}");
    }
    assert_eq!(
        words(list("WorkflowId = 'w'", 0, &[])),
        "InvalidArgument: invalid query filter for schedules: cannot filter on \"WorkflowId\""
    );
    assert_eq!(words(list("Nope = 1", 0, &[])), "InvalidArgument: invalid query: invalid search attribute: Nope");
    let request = CountSchedulesRequest { namespace: "default".into(), query: "Kw = 'k1'".into() };
    assert_eq!(bench.world.count_schedules(&request).expect("it is right").count, 2);
}
