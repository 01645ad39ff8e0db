//! Mocked and external workflows, and calls at a time.

use perpetua::prelude::*;
use perpetua::testing::{Check, Reply};
use serde::{Deserialize, Serialize};

/// A payment that is elsewhere.
#[workflow]
trait Payment {
    #[run]
    async fn run(card: String) -> WorkflowResult<u64, Declined>;
    #[signal]
    fn remind(by: String);
}

#[derive(Debug, Clone, PartialEq, thiserror::Error, ApplicationError)]
#[error("declined by {by}")]
#[application(non_retryable)]
struct Declined {
    by: String,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Outcome {
    paid: u64,
    days: u64,
}

#[activity]
async fn notify(text: String) -> Result<(), ActivityError> {
    Err(ActivityError::message(text))
}

#[workflow]
async fn order(ctx: Ctx, card: String) -> WorkflowResult<Outcome, Declined> {
    let begun = ctx.now();
    ctx.activity(notify("paying".into())).start_to_close(minutes(1)).await?;
    let payment = ctx.child(Payment::run(card)).id("payment").start().await?;
    payment.remind("the order".into()).await?;
    match payment.result().await {
        Ok(paid) => {
            ctx.activity(notify("paid".into())).start_to_close(minutes(1)).await?;
            let days = ctx.now().duration_since(begun).unwrap_or_default().as_secs() / 86_400;
            Ok(Outcome { paid, days })
        }
        Err(ChildFailure::Application(declined, ..)) => Err(declined.into()),
        Err(other) => Err(other.into()),
    }
}

#[perpetua::test]
async fn a_child_is_mocked_with_its_signals_and_its_time(env: TestEnv) {
    let payment = env.mock_workflow(Payment::run).after(days(3)).answer(|card| Ok(card.len() as u64));
    env.worker().workflow(order).mock(notify, |_: String| Ok(())).start();
    let outcome = env.run(order("visa".into())).await.expect("it is paid");
    assert_eq!(outcome, Outcome { paid: 4, days: 3 });
    payment.assert_called_with(("visa".into(),));
    let signals = payment.signals();
    assert_eq!(signals.len(), 1, "{signals:?}");
    assert_eq!(signals[0].name, "remind");
    assert_eq!(signals[0].arguments::<(String,)>().expect("a text").0, "the order");
    let calls: Vec<String> = env.calls().iter().map(ToString::to_string).collect();
    assert_eq!(calls, ["notify(\"paying\")", "Payment(\"visa\")", "notify(\"paid\")"]);
}

#[perpetua::test]
async fn a_child_fails_with_its_own_error(env: TestEnv) {
    env.worker()
        .workflow(order)
        .mock(notify, |_: String| Ok(()))
        .mock_workflow(Payment::run, |card: String| Err(Declined { by: card }))
        .start();
    let failure = env.run(order("visa".into())).await.expect_err("it is declined");
    assert_eq!(failure.application(), Some(&Declined { by: "visa".into() }));
}

#[perpetua::test]
async fn a_child_that_never_ends_is_canceled_with_its_parent(env: TestEnv) {
    let payment = env.mock_workflow(Payment::run).answer(|_| Reply::never());
    env.worker().workflow(order).mock(notify, |_: String| Ok(())).start();
    let handle = env.start(order("visa".into())).await.expect("it starts");
    let cancel = handle.clone();
    env.after(days(1), async move { cancel.cancel().await });
    let failure = handle.result().await.expect_err("it is canceled");
    assert!(failure.to_string().contains("cancel"), "{failure}");
    let canceled = payment.canceled();
    assert_eq!(canceled.len(), 1, "{canceled:?}");
    assert_eq!(canceled[0].workflow_id.as_str(), "payment");
}

#[perpetua::test]
async fn a_child_that_nobody_expected_is_named(env: TestEnv) {
    env.mock_workflow(Payment::run).when(|card| card == "visa").answer(|_| Ok(1));
    env.worker().workflow(order).mock(notify, |_: String| Ok(())).start();
    env.run(order("gold".into())).await.expect_err("nobody pays");
    let findings = env.take_findings();
    assert!(
        findings[0].message.contains("workflow `Payment` was called unexpectedly: Payment(\"gold\")"),
        "{findings:?}"
    );
}

/// An approval that this worker could run, too.
#[derive(Default)]
struct Approval {
    by: State<Option<String>>,
}

#[workflow]
impl Approval {
    #[run]
    async fn run(&self, ctx: Ctx) -> WorkflowResult<String> {
        ctx.wait_until(|| self.by.get().is_some()).await?;
        Ok(self.by.get().unwrap_or_default())
    }

    #[signal]
    fn approve(&self, by: String) {
        self.by.set(Some(by));
    }
}

#[workflow]
async fn approves(ctx: Ctx) -> WorkflowResult<()> {
    ctx.sleep(days(1)).await?;
    let approval = ctx.external::<Approval>("approval-9");
    approval.approve("ann".into()).await?;
    approval.cancel().await?;
    Ok(())
}

#[perpetua::test]
async fn an_external_workflow_keeps_what_it_is_sent(env: TestEnv) {
    env.worker().workflow(approves).workflow(Approval::run).start();
    let approval = env.external::<Approval>("approval-9").await.expect("it is there");
    env.start(approves()).await.expect("it starts");
    let signal = approval.signal("approve").await.expect("it is approved");
    assert_eq!(signal.arguments::<(String,)>().expect("a text").0, "ann");
    env.advance_until(async || approval.is_canceled()).await.expect("it is asked to stop");
    assert_eq!(approval.signals().len(), 1);
    assert!(env.calls().is_empty());
}

#[perpetua::test]
async fn a_signal_that_is_not_sent_is_not_waited_for(env: TestEnv) {
    let approval = env.external::<Approval>("approval-9").await.expect("it is there");
    let stuck = approval.signal("approve").await.expect_err("nobody sends it");
    assert!(stuck.to_string().contains("does not come"), "{stuck}");
}

// Calls at a time
// ---------------

#[perpetua::test]
async fn a_call_is_made_at_its_time(env: TestEnv) {
    env.worker().workflow(Approval::run).start();
    let begun = env.now();
    let handle = env.start(Approval::run()).await.expect("it starts");
    for (time, by) in [(days(3), "late"), (days(2), "ann")] {
        let approval = handle.clone();
        env.after(time, async move { approval.approve(by.into()).await });
    }
    assert_eq!(handle.result().await.expect("it is approved"), "ann");
    let took = env.now().duration_since(begun).expect("time goes on");
    assert!(took >= days(2) && took < days(3), "{took:?}");
    env.sleep(days(2)).await.expect("time passes");
    let findings = env.take_findings();
    assert_eq!(findings.len(), 1, "the workflow is over at the second call: {findings:?}");
    assert_eq!(findings[0].check, Check::Calls);
    assert!(
        findings[0].message.contains("tests/stand_ins.rs:") && findings[0].message.contains("failed"),
        "{findings:?}"
    );
}

#[workflow]
async fn timers(ctx: Ctx) -> WorkflowResult<u32> {
    let mut count = 0;
    for _ in 0..100 {
        ctx.sleep(hours(1)).await?;
        count += 1;
    }
    Ok(count)
}

#[perpetua::test]
async fn time_stands_still_while_a_call_is_made(env: TestEnv) {
    env.worker().workflow(timers).start();
    let handle = env.start(timers()).await.expect("it starts");
    let (inside, cancel) = (env.clone(), handle.clone());
    let due = env.now() + minutes(90);
    env.at(due, async move {
        for _ in 0..1_000 {
            tokio::task::yield_now().await;
        }
        let passed = inside.now().duration_since(due).expect("it is due");
        assert!(passed < minutes(10), "{passed:?}");
        cancel.cancel().await
    });
    handle.result().await.expect_err("it is canceled");
}

#[perpetua::test]
async fn a_call_may_wait_itself(env: TestEnv) {
    env.worker().workflow(timers).start();
    let handle = env.start(timers()).await.expect("it starts");
    let inside = env.clone();
    env.after(hours(2), async move {
        let begun = inside.now();
        inside.sleep(hours(3)).await.expect("time passes");
        assert!(inside.now() >= begun + hours(3));
    });
    assert_eq!(handle.result().await.expect("it completes"), 100);
}

#[tokio::test]
async fn a_call_that_panics_or_is_never_made_is_found() {
    let env = TestEnv::start_new().await.expect("it starts");
    env.after(hours(1), async { assert!(env!("CARGO_PKG_NAME").is_empty(), "not so") });
    env.after(days(9), async {});
    env.sleep(hours(2)).await.expect("time passes");
    let found = env.finish().await.expect_err("something is found").to_string();
    assert!(found.contains("panicked: not so"), "{found}");
    assert!(found.contains("was never made: the test ended"), "{found}");
}
