//! The example, run as a user runs it, and its workflow with every turn a transfer can take.
#![expect(clippy::disallowed_methods, reason = "a test may start a process")]

use std::process::Command;
use std::sync::Arc;

use money_transfer::{Bank, Transfer, TransferError, transfer};
use perpetua::prelude::*;
use perpetua_testkit::{Outcome, Stage, both_ways};

#[test]
fn it_prints_what_is_on_the_accounts() {
    let output = Command::new(env!("CARGO_BIN_EXE_money_transfer")).output().expect("the example starts");
    let printed = String::from_utf8_lossy(&output.stdout);
    let complaints = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{complaints}");
    assert_eq!(printed, "ann has 7500, bob has 2500\nnobody was not paid, ann has 7500\n", "{complaints}");
}

/// Runs one transfer by a bank in which ann has 100.00 and bob has nothing.
async fn run(stage: &Stage, to: &str, cents: u64, outages: u32) -> Outcome<(Arc<Bank>, Result<(), TransferError>)> {
    stage.values_differ(); // booking numbers are made from the run's id
    let bank = Arc::new(Bank::with_accounts([("ann", 10_000), ("bob", 0)]));
    bank.go_down_for(outages);
    let worker = stage.worker().workflow(transfer).activities(Arc::clone(&bank)).spawn()?;
    let order = Transfer { from: "ann".into(), to: to.into(), cents };
    let result = match stage.client().run(transfer(order)).task_queue(stage.task_queue()).id(stage.id("transfer")).await
    {
        Ok(_) => Ok(()),
        Err(WorkflowFailure::Application(error, ..)) => Err(error),
        Err(other) => return Err(other.into()),
    };
    worker.shutdown().await?;
    Ok((bank, result))
}

#[tokio::test]
async fn money_arrives_though_the_bank_is_down_at_first() -> Outcome {
    both_ways(async |stage| {
        let (bank, result) = run(stage, "bob", 2_500, 2).await?;
        assert_eq!((result, bank.balance("ann"), bank.balance("bob")), (Ok(()), 7_500, 2_500));
        Ok(())
    })
    .await
}

#[tokio::test]
async fn nothing_happens_without_enough_money() -> Outcome {
    both_ways(async |stage| {
        let (bank, result) = run(stage, "bob", 12_000, 0).await?;
        let error = TransferError::NotEnoughMoney { available: 10_000, needed: 12_000 };
        assert_eq!((result, bank.balance("ann"), bank.balance("bob")), (Err(error), 10_000, 0));
        Ok(())
    })
    .await
}

#[tokio::test]
async fn money_that_does_not_arrive_is_paid_back() -> Outcome {
    both_ways(async |stage| {
        let (bank, result) = run(stage, "nobody", 2_500, 0).await?;
        let error = TransferError::PaidBack { account: "nobody".into() };
        assert_eq!((result, bank.balance("ann")), (Err(error), 10_000));
        Ok(())
    })
    .await
}
