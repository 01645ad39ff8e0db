//! The workflow on its own, driven by its tests: the bank answers as each test wants.

use money_transfer::{Bank, BankError, Receipt, Transfer, TransferError, transfer};
use perpetua::TimeoutKind;
use perpetua::testing::drive;
use perpetua::testing::drive::Drive;

fn from_ann_to_bob() -> Drive<transfer> {
    drive(transfer(Transfer { from: "ann".into(), to: "bob".into(), cents: 25 })).start()
}

#[test]
fn the_money_leaves_one_account_and_arrives_at_the_other() {
    let mut run = from_ann_to_bob();
    let withdrawal = run.activity(Bank::withdraw);
    let (account, cents, withdrawn) = withdrawal.arguments();
    assert_eq!((account.as_str(), cents), ("ann", 25));
    run.complete(withdrawal, withdrawn.clone());

    let deposit = run.activity(Bank::deposit);
    let (account, cents, deposited) = deposit.arguments();
    assert_eq!((account.as_str(), cents), ("bob", 25));
    assert_ne!(withdrawn, deposited, "each booking has a number of its own");
    run.complete(deposit, deposited.clone());
    let receipt = Receipt { withdrawal: withdrawn, deposit: deposited };
    assert_eq!(run.result().expect("it is transferred"), receipt);
}

#[test]
fn nothing_happens_without_the_money() {
    let mut run = from_ann_to_bob();
    run.fail(run.activity(Bank::withdraw), BankError::InsufficientFunds { available: 3, needed: 25 });
    let failure = run.result().expect_err("there is too little");
    assert_eq!(failure.application(), Some(&TransferError::NotEnoughMoney { available: 3, needed: 25 }));
    assert!(run.activities(Bank::deposit).is_empty());
}

/// A transfer that has withdrawn the money, and waits for the deposit.
fn withdrawn() -> Drive<transfer> {
    let mut run = from_ann_to_bob();
    let withdrawal = run.activity(Bank::withdraw);
    let booking = withdrawal.arguments().2;
    run.complete(withdrawal, booking);
    run
}

#[test]
fn what_cannot_be_deposited_is_paid_back() {
    let mut run = withdrawn();
    run.fail(run.activity(Bank::deposit), BankError::UnknownAccount { account: "bob".into() });
    let refund = run.activity(Bank::deposit);
    assert_eq!(refund.arguments().0, "ann");
    run.complete(refund, "refund".into());
    let failure = run.result().expect_err("it is paid back");
    assert_eq!(failure.application(), Some(&TransferError::PaidBack { account: "bob".into() }));
}

#[test]
fn it_is_paid_back_also_when_somebody_cancels_the_transfer() {
    let mut run = withdrawn();
    run.time_out(run.activity(Bank::deposit), TimeoutKind::ScheduleToClose);
    run.cancel();
    let refund = run.activity(Bank::deposit);
    assert_eq!(refund.arguments().0, "ann");
    assert!(!refund.is_to_stop(), "it is shielded");
    run.complete(refund, "refund".into());
    assert!(run.result().is_err());
}
