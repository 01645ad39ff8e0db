//! What a run does when it is held wrong, and other things that no script can say.

use std::time::Duration;

use perpetua_core::{
    Closed, Fault, Finish, Job, Mismatch, Outcome, Run, TimerRequest, Turn, UpdateArrival, UpdateTicket,
};
use perpetua_vocab::{
    EventId, EventKind, MessageId, Outcome as UpdateOutcome, Timestamp, UpdateId, UpdateRequest, UserMetadata,
};

use crate::instance::failure;
use crate::server::{number, started};

fn turn(kinds: Vec<EventKind>, updates: Vec<UpdateArrival>) -> Turn {
    Turn {
        number: 1,
        started: EventId::new(3).expect("3 is positive"),
        time: Timestamp::default(),
        suggest_continue_as_new: false,
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
    let expected = Mismatch {
        turn: 1,
        event: EventId::new(3).expect("3 is positive"),
        history: None,
        code: Some("start_timer  after=10s  id=1".to_owned()),
    };
    assert_eq!(run.open(turn(Vec::new(), Vec::new())), Err(Fault::Nondeterminism(Box::new(expected))));
}

#[test]
fn an_event_about_something_that_was_never_asked_for_is_a_fault() {
    let mut run = Run::new();
    let fired = EventKind::TimerFired { timer: "1".into(), started: EventId::FIRST };
    let fault = run.open(turn(vec![fired], Vec::new())).expect_err("there is no timer");
    let expected = "the history cannot be read: event 1: TimerFired.started_event_id is 1, where nothing pending began";
    assert_eq!(fault.to_string(), expected);
}
