//! What a run does when it is held wrong, and other things that no script can say.

use std::time::Duration;

use perpetua_core::{
    CancellationType, Closed, Fault, Finish, Job, Outcome, Record, Run, TimerRequest, Turn, UpdateArrival, UpdateTicket,
};
use perpetua_vocab::{
    ActivityClosed, ActivityScheduled, Event, EventId, EventKind, Identity, MessageId, Opaque,
    Outcome as UpdateOutcome, Signaled, TimerStarted, Timestamp, UpdateId, UpdateRequest, UserMetadata,
};

use crate::instance::{activity_request, failure};
use crate::server::{number, started};

fn turn(kinds: Vec<EventKind>, updates: Vec<UpdateArrival>) -> Turn {
    Turn {
        number: 1,
        started: EventId::new(3).expect("3 is positive"),
        time: Timestamp::default(),
        suggest_continue_as_new: false,
        continue_as_new_reasons: Vec::new(),
        target_version_changed: false,
        deployment_version: None,
        history_size: 0,
        inputs: number(EventId::FIRST, kinds),
        new_seed: None,
        updates,
        record: None,
    }
}

/// A run in its first turn, which has an update.
fn run_with_update() -> (Run, UpdateTicket) {
    let request = UpdateRequest { update: UpdateId::from("u"), ..UpdateRequest::default() };
    let arrival = UpdateArrival { request, message: MessageId::from("u/request"), sequencing: None };
    let mut run = Run::new();
    run.open(turn(vec![EventKind::WorkflowStarted(Box::new(started()))], vec![arrival])).expect("nothing is wrong");
    assert!(matches!(run.next_job(), Some(Job::Start(_))));
    let Some(Job::Update { ticket, .. }) = run.next_job() else { panic!("there is no update") };
    (run, ticket)
}

fn done() -> UpdateOutcome {
    UpdateOutcome::Success(None)
}

fn message_ids(closed: &Closed) -> Vec<&str> {
    closed.messages.iter().map(|message| message.id.as_str()).collect()
}

fn timer(run: &mut Run) -> perpetua_core::Ticket {
    run.start_timer(TimerRequest { after: Duration::from_secs(10) }, UserMetadata::default())
}

/// The event that starts the first timer.
const STARTED: u64 = 5;

/// Says what history made of the answer, from that event on. What answers nothing only makes room.
fn confirm(run: &mut Run, events: Vec<EventKind>) {
    let id = |number| EventId::new(number).expect("it is positive");
    let answers = number(id(STARTED), events).into_iter().filter(Event::answers_task).collect();
    run.confirm(Record { completed: id(STARTED - 1), answers }).expect("it is what was sent");
}

fn timer_started(timer: &str) -> EventKind {
    let (timer, after) = (timer.into(), Duration::from_secs(10));
    EventKind::TimerStarted(TimerStarted { timer, after, task_completed: EventId::FIRST })
}

fn timer_canceled(timer: &str) -> EventKind {
    let started = EventId::new(STARTED).expect("5 is positive");
    let (timer, identity) = (timer.into(), Identity::default());
    EventKind::TimerCanceled { timer, started, task_completed: EventId::FIRST, identity }
}

fn activity_scheduled() -> EventKind {
    EventKind::ActivityScheduled(Box::new(ActivityScheduled {
        activity: "1".into(),
        activity_type: "charge".into(),
        input: None,
        task_completed: EventId::FIRST,
        rest: Opaque::default(),
    }))
}

/// The first timer is due.
fn timer_fired() -> EventKind {
    EventKind::TimerFired { timer: "1".into(), started: EventId::new(STARTED).expect("5 is positive") }
}

#[test]
fn an_update_is_accepted_once_and_answered_once() {
    let (mut run, ticket) = run_with_update();
    run.accept(ticket);
    run.accept(ticket);
    run.complete_update(ticket, done());
    run.complete_update(ticket, done());
    assert_eq!(run.update_request(ticket), None);
    assert_eq!(message_ids(&run.close().expect("nothing is compared")), ["u/accept", "u/complete"]);
}

#[test]
fn an_update_cannot_be_answered_before_it_is_accepted() {
    let (mut run, ticket) = run_with_update();
    run.complete_update(ticket, done());
    assert!(run.update_request(ticket).is_some(), "it still waits for its validator");
    run.reject(ticket, Box::new(failure("no")));
    assert_eq!(run.update_request(ticket), None);
    assert_eq!(message_ids(&run.close().expect("nothing is compared")), ["u/reject"]);
}

#[test]
fn an_update_cannot_be_rejected_after_it_was_accepted() {
    let (mut run, ticket) = run_with_update();
    run.accept(ticket);
    run.reject(ticket, Box::new(failure("no")));
    assert!(run.update_request(ticket).is_some(), "its handler still runs");
    run.complete_update(ticket, done());
    assert_eq!(message_ids(&run.close().expect("nothing is compared")), ["u/accept", "u/complete"]);
}

#[test]
fn who_takes_the_place_of_a_canceled_operation_is_not_woken_for_it() {
    let (mut run, _) = run_with_update();
    let first = timer(&mut run);
    run.cancel(first);
    assert_eq!(run.take(first), Some(Outcome::TimerCanceled));
    let second = timer(&mut run);
    assert_eq!(second, first, "the place is free again");
    assert_eq!(run.next_settled(), None);
    run.cancel(second);
    assert_eq!(run.next_settled(), Some(second));
    assert_eq!(run.next_settled(), None);
}

#[test]
fn a_place_is_not_free_while_history_is_still_to_speak() {
    let (mut run, _) = run_with_update();
    let first = timer(&mut run);
    let second = timer(&mut run);
    assert_ne!(first, second);
    assert_eq!(run.take(first), None);
    run.abandon(first);
    assert_eq!(timer(&mut run), first);
    assert_ne!(timer(&mut run), second);
}

#[test]
fn a_place_is_free_when_a_canceled_operation_is_given_up() {
    let (mut run, _) = run_with_update();
    let ticket = timer(&mut run);
    run.cancel(ticket);
    run.abandon(ticket);
    assert_eq!(run.next_settled(), None);
    assert_eq!(timer(&mut run), ticket);
}

#[test]
fn a_timer_that_was_taken_back_cannot_fire_any_more() {
    let (mut run, _) = run_with_update();
    let first = timer(&mut run);
    run.close().expect("nothing is compared");
    confirm(&mut run, vec![timer_started("1")]);
    run.open(turn(Vec::new(), Vec::new())).expect("nothing is wrong");
    run.abandon(first);
    run.close().expect("nothing is compared");
    assert!(!run.has_pending_operations());
    confirm(&mut run, vec![timer_canceled("1")]);
    // Another timer takes its place, but not its events.
    run.open(turn(Vec::new(), Vec::new())).expect("nothing is wrong");
    assert_eq!(timer(&mut run), first);
    run.close().expect("nothing is compared");
    confirm(&mut run, vec![EventKind::WorkflowTaskScheduled(Opaque::default()), timer_started("2")]);
    run.open(turn(vec![timer_fired()], Vec::new())).expect_err("the first timer is gone");
}

#[test]
fn a_timer_fires_once() {
    let (mut run, _) = run_with_update();
    let first = timer(&mut run);
    run.close().expect("nothing is compared");
    confirm(&mut run, vec![timer_started("1")]);
    run.open(turn(vec![timer_fired()], Vec::new())).expect("nothing is wrong");
    assert_eq!(run.next_job(), Some(Job::Settled(first)));
    assert_eq!(run.take(first), Some(Outcome::Fired));
    assert_eq!(timer(&mut run), first);
    run.close().expect("nothing is compared");
    confirm(&mut run, vec![EventKind::WorkflowTaskScheduled(Opaque::default()), timer_started("2")]);
    run.open(turn(vec![timer_fired()], Vec::new())).expect_err("it fired before");
}

#[test]
fn the_place_of_an_abandoned_activity_is_free_when_it_ends() {
    let (mut run, _) = run_with_update();
    let request = activity_request("charge", None, CancellationType::Abandon);
    let activity = run.start_activity(request, UserMetadata::default());
    run.close().expect("nothing is compared");
    let scheduled = EventId::new(STARTED).expect("5 is positive");
    confirm(&mut run, vec![activity_scheduled()]);
    run.open(turn(Vec::new(), Vec::new())).expect("nothing is wrong");
    run.abandon(activity);
    assert_ne!(timer(&mut run), activity, "history is still to speak of the activity");
    run.close().expect("nothing is compared");
    confirm(&mut run, vec![EventKind::WorkflowTaskScheduled(Opaque::default()), timer_started("1")]);
    let closed = ActivityClosed {
        result: None,
        scheduled,
        started: None,
        identity: Identity::default(),
        rest: Opaque::default(),
    };
    let completed = EventKind::ActivityCompleted(Box::new(closed));
    run.open(turn(vec![completed], Vec::new())).expect("nothing is wrong");
    assert_eq!(run.next_job(), None);
    assert_eq!(timer(&mut run), activity);
}

#[test]
fn an_update_without_a_place_comes_before_all_signals() {
    let request = UpdateRequest { update: UpdateId::from("u"), ..UpdateRequest::default() };
    let arrival = UpdateArrival { request, message: MessageId::from("u/request"), sequencing: None };
    let mut run = Run::new();
    let signal = EventKind::Signaled(Box::new(Signaled {
        name: "s".into(),
        input: None,
        identity: Identity::default(),
        header: None,
        rest: Opaque::default(),
    }));
    run.open(turn(vec![signal], vec![arrival])).expect("nothing is wrong");
    assert!(matches!(run.next_job(), Some(Job::Update { .. })));
    assert!(matches!(run.next_job(), Some(Job::Signal(_))));
    assert_eq!((run.next_job(), run.next_job()), (Some(Job::Poll), None));
}

#[test]
fn a_run_waits_for_what_somebody_wants() {
    let (mut run, _) = run_with_update();
    assert!(!run.has_pending_operations());
    let ticket = timer(&mut run);
    assert!(run.has_pending_operations());
    run.abandon(ticket);
    assert!(!run.has_pending_operations());
}

#[test]
fn a_run_ends_once() {
    let (mut run, _) = run_with_update();
    assert!(!run.is_finished());
    run.finish(Finish::Cancel);
    assert!(run.is_finished());
    run.finish(Finish::Complete(None));
    let closed = run.close().expect("nothing is compared");
    assert_eq!((closed.finished, closed.commands.len()), (true, 1));
    assert!(run.is_finished());
}

#[test]
fn what_was_sent_must_be_confirmed_before_the_next_turn() {
    let (mut run, _) = run_with_update();
    timer(&mut run);
    run.close().expect("nothing is compared");
    let fault = run.open(turn(Vec::new(), Vec::new())).expect_err("it was not confirmed");
    let Fault::Nondeterminism(mismatch) = fault else { panic!("{fault}") };
    assert_eq!((mismatch.turn, mismatch.event.get()), (1, 3));
    assert_eq!((mismatch.history, mismatch.code.as_deref()), (None, Some("start_timer  after=10s  id=1")));
    assert_eq!(mismatch.at, None, "nobody said where");
}

#[test]
fn an_event_about_something_that_was_never_asked_for_is_a_fault() {
    let mut run = Run::new();
    let fired = EventKind::TimerFired { timer: "1".into(), started: EventId::FIRST };
    let fault = run.open(turn(vec![fired], Vec::new())).expect_err("there is no timer");
    let expected = "the history cannot be read: event 1: TimerFired.started_event_id is 1, where nothing pending began";
    assert_eq!(fault.to_string(), expected);
}
