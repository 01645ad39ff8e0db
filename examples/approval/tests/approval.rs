//! The example, run as a user runs it, and its workflow from every side.
#![expect(clippy::disallowed_methods, reason = "a test may start a process")]

use std::process::Command;

use approval::{Approval, NoteError, Order, OrderError, charge};
use perpetua::prelude::*;
use perpetua_testkit::{Outcome, both_ways};

fn order(patience: u64) -> Order {
    Order { account: "ann".into(), cents: 4_200, patience }
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
async fn an_approved_order_is_charged() -> Outcome {
    both_ways(async |stage| {
        let worker = stage.worker().workflow(Approval::run).activity(charge).spawn()?;
        let start = stage.client().start(Approval::run(order(3_600))).task_queue(stage.task_queue());
        let handle = start.id(stage.id("order")).await?;
        // Answered only once the workflow waits, so that what follows comes after its timer in every history.
        assert_eq!(handle.approver().await?, None);
        assert_eq!(handle.note("fragile".into()).await?, 1);
        let refused = handle.note("  ".into()).await.expect_err("an empty note is refused");
        assert_eq!(refused.application(), Some(&NoteError::Empty));
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

#[tokio::test]
async fn an_order_that_nobody_approves_is_given_up() -> Outcome {
    both_ways(async |stage| {
        let worker = stage.worker().workflow(Approval::run).activity(charge).spawn()?;
        let run = stage.client().run(Approval::run(order(1))).task_queue(stage.task_queue());
        match run.id(stage.id("order")).await {
            Err(WorkflowFailure::Application(error, ..)) => assert_eq!(error, OrderError::NotApproved { seconds: 1 }),
            other => return Err(format!("it should not be approved: {other:?}").into()),
        }
        worker.shutdown().await?;
        Ok(())
    })
    .await
}
