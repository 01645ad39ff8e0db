//! The example, run as a user runs it, and its workflow with every turn a transfer can take.
#![expect(clippy::disallowed_methods, reason = "a test may start a process")]

use std::process::Command;
use std::sync::Arc;

use money_transfer::{Bank, BankError, Transfer, TransferError, transfer};
use perpetua::TimeoutKind;
use perpetua::prelude::*;
use perpetua::testing::{ActivityEnv, Reply};
use perpetua_testkit::{Outcome, both_ways};

fn to_bob(cents: u64) -> Transfer {
    Transfer { from: "ann".into(), to: "bob".into(), cents }
}

#[perpetua::test]
async fn the_money_leaves_one_account_and_arrives_at_the_other(env: TestEnv) {
    let withdraw = env.mock(Bank::withdraw).answer(|_account, _cents, _booking| Ok("withdrawal 1".into()));
    let deposit = env.mock(Bank::deposit).answer(|_account, _cents, _booking| Ok("deposit 2".into()));
    env.worker().workflow(transfer).start();

    let receipt = env.run(transfer(to_bob(2_500))).await.expect("nothing is in its way");

    assert_eq!((receipt.withdrawal.as_str(), receipt.deposit.as_str()), ("withdrawal 1", "deposit 2"));
    let (from, cents, first) = withdraw.calls().remove(0).arguments;
    let (to, same, second) = deposit.calls().remove(0).arguments;
    assert_eq!((from.as_str(), cents, to.as_str(), same), ("ann", 2_500, "bob", 2_500));
    assert_ne!(first, second, "each booking has a number of its own");
}

#[perpetua::test]
async fn a_bank_that_is_down_is_asked_again_for_the_same_booking(env: TestEnv) {
    let withdraw = env
        .mock(Bank::withdraw)
        .times(2, |_, _, _| Err(BankError::Down))
        .once(|_, _, _| Reply::timeout(TimeoutKind::StartToClose))
        .answer(|_, _, booking| Ok(booking));
    env.mock(Bank::deposit).answer(|_, _, booking| Ok(booking));
    env.worker().workflow(transfer).start();

    env.run(transfer(to_bob(2_500))).await.expect("the bank comes back");

    withdraw.assert_called(4);
    let mut bookings: Vec<String> = withdraw.calls().into_iter().map(|call| call.arguments.2).collect();
    bookings.dedup();
    assert_eq!(bookings.len(), 1, "tried again, a booking keeps its number");
}

#[perpetua::test]
async fn nothing_is_deposited_without_enough_money(env: TestEnv) {
    env.mock(Bank::withdraw)
        .answer(|_, cents, _| Err(BankError::InsufficientFunds { available: 10_000, needed: cents }));
    let deposit = env.mock(Bank::deposit);
    env.worker().workflow(transfer).start();

    let failure = env.run(transfer(to_bob(12_000))).await.expect_err("there is not enough");

    let expected = TransferError::NotEnoughMoney { available: 10_000, needed: 12_000 };
    assert_eq!(failure.application(), Some(&expected));
    deposit.assert_called(0);
}

#[perpetua::test]
async fn money_that_does_not_arrive_is_paid_back_even_to_who_cancels(env: TestEnv) {
    env.mock(Bank::withdraw).answer(|_, _, booking| Ok(booking));
    let deposit = env
        .mock(Bank::deposit)
        .when(|account, _, _| account == "bob")
        .answer(|account, _, _| Err(BankError::UnknownAccount { account }))
        // The refund takes a while; meanwhile somebody cancels the transfer.
        .after(seconds(9))
        .answer(|_, _, booking| Ok(booking));
    env.worker().workflow(transfer).start();

    let handle = env.start(transfer(to_bob(2_500))).await.expect("the server takes it");
    let cancel = handle.clone();
    env.after(seconds(5), async move { cancel.cancel().await });

    let failure = handle.result().await.expect_err("bob has no account");
    assert_eq!(failure.application(), Some(&TransferError::PaidBack { account: "bob".into() }));
    let paid: Vec<(String, u64)> =
        deposit.calls().into_iter().map(|call| (call.arguments.0, call.arguments.1)).collect();
    assert_eq!(paid, [("bob".to_owned(), 2_500), ("ann".to_owned(), 2_500)]);
}

// The bank, without a workflow
// ----------------------------

#[tokio::test]
async fn a_booking_is_made_once_however_often_it_is_asked_for() {
    let bank = Arc::new(Bank::with_accounts([("ann", 10_000)]));
    let env = ActivityEnv::new();
    for _ in 0..2 {
        let booked = env.run_with(Arc::clone(&bank), Bank::withdraw("ann".into(), 2_500, "7".into())).await;
        assert_eq!(booked.expect("there is enough"), "7");
    }
    assert_eq!(bank.balance("ann"), 7_500);
}

#[tokio::test]
async fn the_bank_says_what_is_there_and_what_is_not() {
    let bank = Arc::new(Bank::with_accounts([("ann", 10_000)]));
    let env = ActivityEnv::new();
    let failure = env
        .run_with(Arc::clone(&bank), Bank::withdraw("ann".into(), 12_000, "7".into()))
        .await
        .expect_err("there is not enough");
    assert_eq!(failure.application(), Some(&BankError::InsufficientFunds { available: 10_000, needed: 12_000 }));
    let failure =
        env.run_with(bank, Bank::deposit("bob".into(), 1, "8".into())).await.expect_err("there is no such account");
    assert_eq!(failure.application(), Some(&BankError::UnknownAccount { account: "bob".into() }));
}

// As a user runs it
// -----------------

#[test]
fn it_prints_what_is_on_the_accounts() {
    let output = Command::new(env!("CARGO_BIN_EXE_money_transfer")).output().expect("the example starts");
    let printed = String::from_utf8_lossy(&output.stdout);
    let complaints = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{complaints}");
    assert_eq!(printed, "ann has 7500, bob has 2500\nnobody was not paid, ann has 7500\n", "{complaints}");
}

#[tokio::test]
async fn money_arrives_and_comes_back_on_the_server_of_the_environment() -> Outcome {
    both_ways(async |stage| {
        stage.values_differ(); // booking numbers are made from the run's id
        let bank = Arc::new(Bank::with_accounts([("ann", 10_000), ("bob", 0)]));
        bank.go_down_for(2);
        let worker = stage.worker().workflow(transfer).activities(Arc::clone(&bank)).spawn()?;
        let order = |to: &str| transfer(Transfer { from: "ann".into(), to: to.into(), cents: 2_500 });
        let client = stage.client();
        client.run(order("bob")).task_queue(stage.task_queue()).id(stage.id("paid")).await?;
        match client.run(order("nobody")).task_queue(stage.task_queue()).id(stage.id("unpaid")).await {
            Err(WorkflowFailure::Application(error, ..)) => {
                assert_eq!(error, TransferError::PaidBack { account: "nobody".into() });
            }
            other => return Err(format!("there is no such account: {other:?}").into()),
        }
        assert_eq!((bank.balance("ann"), bank.balance("bob")), (7_500, 2_500));
        worker.shutdown().await?;
        Ok(())
    })
    .await
}
