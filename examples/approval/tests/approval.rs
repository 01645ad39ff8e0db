//! The example, run as a user runs it, and its workflow from every side.
#![expect(clippy::disallowed_methods, reason = "a test may start a process")]

use std::process::Command;
use std::time::Duration;

use approval::{Approval, NoteError, Order, OrderError, charge};
use perpetua::prelude::*;
use perpetua_testkit::{Outcome, both_ways};

fn order(patience: Duration) -> Order {
    Order { account: "ann".into(), cents: 4_200, patience: patience.as_secs() }
}

#[perpetua::test]
async fn an_order_is_charged_once_it_is_approved(env: TestEnv) {
    let charge = env.mock(charge).answer(|_account, cents| Ok(format!("paid {cents}")));
    env.worker().workflow(Approval::run).start();

    let handle = env.start(Approval::run(order(days(3)))).await.expect("the server takes it");
    let approval = handle.clone();
    env.after(days(2), async move { approval.approve("bob".into()).await });

    let receipt = handle.result().await.expect("it is approved in time"); // two days pass at once
    assert_eq!((receipt.approved_by.as_str(), receipt.payment.as_str()), ("bob", "paid 4200"));
    charge.assert_called_with(("ann".into(), 4_200));
}

#[perpetua::test]
async fn an_order_that_nobody_approves_is_given_up_and_not_charged(env: TestEnv) {
    let charge = env.mock(charge);
    env.worker().workflow(Approval::run).start();

    let failure = env.run(Approval::run(order(days(3)))).await.expect_err("nobody approves it");

    let seconds = days(3).as_secs();
    assert_eq!(failure.application(), Some(&OrderError::NotApproved { seconds }));
    charge.assert_called(0);
}

#[perpetua::test]
async fn a_payment_that_fails_at_first_is_tried_again(env: TestEnv) {
    let charge = env
        .mock(charge)
        .times(2, |_, _| Err(ActivityError::message("the bank does not answer")))
        .answer(|_, _| Ok("paid".into()));
    env.worker().workflow(Approval::run).start();

    let handle = env.start(Approval::run(order(days(3)))).await.expect("the server takes it");
    handle.approve("bob".into()).await.expect("it is open");

    assert_eq!(handle.result().await.expect("it is paid at last").payment, "paid");
    charge.assert_called(3);
}

#[perpetua::test]
async fn notes_are_kept_and_empty_ones_refused(env: TestEnv) {
    env.worker().workflow(Approval::run).activity(charge).start();
    let handle = env.start(Approval::run(order(days(3)))).await.expect("the server takes it");

    assert_eq!(handle.note("fragile".into()).await.expect("it is taken"), 1);
    let refused = handle.note("  ".into()).await.expect_err("there is nothing in it");
    assert_eq!(refused.application(), Some(&NoteError::Empty));

    handle.approve("bob".into()).await.expect("it is open");
    assert_eq!(handle.result().await.expect("it is approved").notes, ["fragile"]);
}

#[test]
fn it_prints_the_receipt() {
    let output = Command::new(env!("CARGO_BIN_EXE_approval")).output().expect("the example starts");
    let printed = String::from_utf8_lossy(&output.stdout);
    let complaints = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{complaints}");
    let lines: Vec<_> = printed.lines().collect();
    assert_eq!(lines[..3], ["1 note on the order", "approved by None", "approved by Some(\"bob\")"], "{complaints}");
    assert!(lines[3].contains("payment of 4200 cents by ann"), "{printed}");
}

#[tokio::test]
async fn an_approved_order_is_charged_on_the_server_of_the_environment() -> Outcome {
    both_ways(async |stage| {
        let worker = stage.worker().workflow(Approval::run).activity(charge).spawn()?;
        let start = stage.client().start(Approval::run(order(hours(1)))).task_queue(stage.task_queue());
        let handle = start.id(stage.id("order")).await?;
        // Answered only once the workflow waits, so that what follows comes after its timer in every history.
        assert_eq!(handle.approver().await?, None);
        assert_eq!(handle.note("fragile".into()).await?, 1);
        handle.approve("bob".into()).await?;
        handle.approve("carol".into()).await?;
        let receipt = handle.result().await?;
        assert_eq!((receipt.approved_by.as_str(), receipt.notes), ("bob", vec!["fragile".to_owned()]));
        assert_eq!(handle.approver().await?.as_deref(), Some("bob"));
        worker.shutdown().await?;
        Ok(())
    })
    .await
}
