//! The workflow on its own, driven by its tests: no server, no waiting.

use approval::{Approval, NoteError, Order, OrderError, Receipt, charge};
use perpetua::prelude::*;
use perpetua::testing::drive;
use perpetua::testing::drive::Drive;

fn order() -> Drive<Approval> {
    drive(Approval::run(Order { account: "ann".into(), cents: 4_200, patience: 3_600 })).start()
}

#[test]
fn an_approved_order_is_charged() {
    let mut order = order();
    assert_eq!(order.pending_timers(), [hours(1)]);
    assert_eq!(order.update(Approval::note("fragile".into())).expect("it is taken"), 1);
    let refused = order.update(Approval::note("  ".into())).expect_err("an empty note is refused");
    assert_eq!(refused.application(), Some(&NoteError::Empty));

    order.signal(Approval::approve("bob".into()));
    assert_eq!(order.query(Approval::approver()).expect("it answers").as_deref(), Some("bob"));
    assert!(order.pending_timers().is_empty());

    let call = order.activity(charge);
    assert_eq!(call.arguments(), ("ann".to_owned(), 4_200));
    order.complete(call, "payment 1".into());
    let notes = vec!["fragile".to_owned()];
    let receipt = Receipt { approved_by: "bob".into(), payment: "payment 1".into(), notes };
    assert_eq!(order.result().expect("it is charged"), receipt);
}

#[test]
fn an_order_that_nobody_approves_is_given_up() {
    let mut order = order();
    order.advance(hours(1));
    let failure = order.result().expect_err("nobody approved it");
    assert_eq!(failure.application(), Some(&OrderError::NotApproved { seconds: 3_600 }));
}

#[test]
fn the_first_approval_counts_also_where_both_come_at_once() {
    let mut order = order();
    order.together(|order| {
        order.signal(Approval::approve("bob".into()));
        order.signal(Approval::approve("carol".into()));
    });
    assert_eq!(order.query(Approval::approver()).expect("it answers").as_deref(), Some("bob"));
}
