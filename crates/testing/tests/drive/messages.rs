//! Signals, updates, queries, requests to stop.

use perpetua::Replayer;
use perpetua::testing::drive;
use perpetua::testing::drive::{Drive, RunOutcome, UpdateState};

use crate::{Approval, NoteError, charge, replays};

fn order() -> Drive<Approval> {
    drive(Approval::run("ann".into(), 4_200)).start()
}

#[test]
fn an_approved_order_is_charged() {
    let mut order = order();
    assert_eq!(order.query(Approval::approver()).expect("it answers"), None);
    order.signal(Approval::approve("bob".into()));
    order.signal(Approval::approve("carol".into()));
    assert_eq!(order.query(Approval::approver()).expect("it answers").as_deref(), Some("bob"));
    let call = order.activity(charge);
    assert_eq!(call.arguments(), ("ann".to_owned(), 4_200));
    order.complete(call, "payment 1".into());
    assert_eq!(order.result().expect("it is charged"), "payment 1, approved by bob");
    assert_eq!(order.query(Approval::approver()).expect("it answers also now").as_deref(), Some("bob"));
    assert!(order.is_over());
    let replayed = replays(Replayer::new().workflow(Approval::run), &order.history());
    assert!(replayed.finished);
    assert_eq!(replayed.turns, 4);
}

#[test]
fn updates_are_answered_or_refused() {
    let mut order = order();
    let events = order.history().events.len();
    assert_eq!(order.update(Approval::note("fragile".into())).expect("it is taken"), 1);
    assert_eq!(order.history().events.len(), events + 5, "a task, accepted, completed");
    for _ in 0..2 {
        let refused = order.update(Approval::note(" ".into())).expect_err("it is refused");
        assert_eq!(refused.application(), Some(&NoteError::Empty));
        assert_eq!(order.history().events.len(), events + 5, "a refusal leaves no trace");
    }
    assert_eq!(order.update(Approval::note("urgent".into())).expect("it is taken"), 2);
    order.signal(Approval::approve("bob".into()));
    assert_eq!(order.update(Approval::note("late".into())).expect("it is taken"), 3);
    replays(Replayer::new().workflow(Approval::run), &order.history());
}

#[test]
fn an_update_that_waits_is_answered_later() {
    let mut order = order();
    let waiting = order.start_update(Approval::wait_for_approval());
    assert!(matches!(order.update_state(&waiting), UpdateState::Running));
    let fault = order.attempt(|order| order.update(Approval::wait_for_approval())).expect_err("it has no answer");
    assert!(fault.to_string().contains("has no answer yet"), "{fault}");
    let refused = order.start_update(Approval::note(String::new()));
    assert!(matches!(order.update_state(&refused), UpdateState::Refused(_)));
    order.signal(Approval::approve("bob".into()));
    match order.update_state(&waiting) {
        UpdateState::Answered(by) => assert_eq!(by, "bob"),
        other => panic!("{other:?}"),
    }
    replays(Replayer::new().workflow(Approval::run), &order.history());
}

#[test]
fn what_happens_together_is_one_task() {
    let mut order = order();
    let note = order.together(|order| {
        order.signal(Approval::approve("bob".into()));
        let note = order.start_update(Approval::note("fragile".into()));
        order.signal(Approval::approve("carol".into()));
        assert_eq!(order.query(Approval::approver()).expect("it answers"), None);
        assert!(matches!(order.update_state(&note), UpdateState::Running));
        note
    });
    assert!(matches!(order.update_state(&note), UpdateState::Answered(1)));
    assert_eq!(order.query(Approval::approver()).expect("it answers").as_deref(), Some("bob"));
    let call = order.activity(charge);
    order.complete(call, "payment 1".into());
    assert_eq!(replays(Replayer::new().workflow(Approval::run), &order.history()).turns, 3);
}

#[test]
fn a_signal_that_comes_with_the_start_is_there_first() {
    let order = drive(Approval::run("ann".into(), 1)).signal(Approval::approve("bob".into())).start();
    assert_eq!(order.activity(charge).arguments().1, 1);
    assert!(order.pending_timers().is_empty());
}

#[test]
fn a_workflow_that_is_asked_to_stop_stops() {
    let mut order = order();
    order.cancel();
    assert!(matches!(order.outcome(), RunOutcome::Canceled), "{:?}", order.outcome());
    assert!(order.result().expect_err("it was canceled").is_canceled());
    let fault = order.attempt(|order| order.signal(Approval::approve("bob".into()))).expect_err("it is over");
    assert!(fault.to_string().contains("the run is over"), "{fault}");
    replays(Replayer::new().workflow(Approval::run), &order.history());
}
