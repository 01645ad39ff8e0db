//! Histories of the example, under `histories/`: recorded with `PERPETUA_HISTORIES=record`, and replayed with the code as it is.

use approval::{Approval, Order, OrderError, charge};
use perpetua::Replayer;
use perpetua::prelude::*;
use perpetua::testing::golden;

fn order() -> Order {
    Order { account: "ann".into(), cents: 4_200, patience: 3_600 }
}

#[test]
fn the_code_fits_what_was_recorded() {
    golden::replay_all("histories", &Replayer::new().workflow(Approval::run)).expect("it fits");
}

#[perpetua::test]
async fn approved(env: TestEnv) {
    env.worker().workflow(Approval::run).activity(charge).start();
    let handle = env.start(Approval::run(order())).id("order").await.expect("it starts");
    // Answered only when the workflow waits, so that what follows comes after its timer in every history.
    assert_eq!(handle.approver().await.expect("it answers"), None);
    assert_eq!(handle.note("fragile".into()).await.expect("it is taken"), 1);
    handle.approve("bob".into()).await.expect("it is delivered");
    assert_eq!(handle.result().await.expect("it is charged").approved_by, "bob");
}

#[perpetua::test]
async fn not_approved(env: TestEnv) {
    env.worker().workflow(Approval::run).activity(charge).start();
    let failure = env.run(Approval::run(order())).id("order").await.expect_err("nobody approves it");
    assert_eq!(failure.application(), Some(&OrderError::NotApproved { seconds: 3_600 }));
}
