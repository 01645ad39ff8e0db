//! Mocks of activities and workflows: what they answer, what they remember, and what they object to.

use perpetua::prelude::*;
use perpetua::testing::{Check, Reply};
use perpetua::{CancellationType, TimeoutKind};

#[derive(Debug, Clone, PartialEq, thiserror::Error, ApplicationError)]
enum BankError {
    #[error("there are only {available}")]
    #[application(non_retryable)]
    TooLittle { available: u64 },
    #[error("the bank is down")]
    Down,
}

/// A bank that is elsewhere: there is nothing to run.
#[activities]
trait Bank {
    #[activity]
    async fn withdraw(account: String, cents: u64) -> Result<String, BankError>;
    #[activity]
    async fn audit() -> Result<(), ActivityError>;
}

#[workflow]
async fn pay(ctx: Ctx, account: String, cents: u64) -> WorkflowResult<String, BankError> {
    let policy = RetryPolicy::exponential().max_attempts(3);
    match ctx.activity(Bank::withdraw(account, cents)).start_to_close(days(3)).retry(policy).await {
        Ok(receipt) => Ok(receipt),
        Err(ActivityFailure::Application(error, ..)) => Err(error.into()),
        Err(other) => Err(other.into()),
    }
}

fn ann(cents: u64) -> perpetua::WorkflowCall<pay> {
    pay("ann".into(), cents)
}

#[perpetua::test]
async fn a_closure_answers_in_the_place_of_an_activity(env: TestEnv) {
    env.worker()
        .workflow(pay)
        .mock(Bank::withdraw, |account: String, cents: u64| Ok(format!("{cents} of {account}")))
        .start();
    assert_eq!(env.run(ann(5)).await.expect("it is paid"), "5 of ann");
    env.mock(Bank::withdraw).assert_called_with(("ann".into(), 5));
}

#[perpetua::test]
async fn answers_are_given_in_order_and_by_their_conditions(env: TestEnv) {
    let withdraw = env
        .mock(Bank::withdraw)
        .when(|_, cents| *cents > 100)
        .answer(|_, _| Err(BankError::TooLittle { available: 100 }))
        .once(|_, _| Err(BankError::Down))
        .times(2, |account, _| Ok(format!("early {account}")))
        .answer(|account, _| Ok(format!("late {account}")));
    env.worker().workflow(pay).start();
    let failure = env.run(ann(101)).await.expect_err("there is too little");
    assert_eq!(failure.application(), Some(&BankError::TooLittle { available: 100 }));
    let mut paid = Vec::new();
    for cents in 1..=3 {
        paid.push(env.run(ann(cents)).await.expect("it is paid"));
    }
    assert_eq!(paid, ["early ann", "early ann", "late ann"]);
    let calls = withdraw.calls();
    let seen: Vec<_> = calls.iter().map(|call| (call.arguments.1, call.attempt)).collect();
    assert_eq!(seen, [(101, 1), (1, 1), (1, 2), (2, 1), (3, 1)]);
    let waited = calls[2].time.duration_since(calls[1].time).expect("time goes on");
    assert!(waited >= seconds(1) && waited < seconds(10), "{waited:?}");
}

#[perpetua::test]
async fn an_answer_comes_later_by_the_clock_of_the_world(env: TestEnv) {
    env.mock(Bank::withdraw)
        .after(days(2))
        .once(|_, _| Ok("late".into()))
        .answer(|_, _| Reply::value("later".to_owned()).after(days(1)));
    env.worker().workflow(pay).start();
    for (expected, time) in [("late", days(2)), ("later", days(1))] {
        let begun = env.now();
        assert_eq!(env.run(ann(1)).await.expect("it is paid"), expected);
        let took = env.now().duration_since(begun).expect("time goes on");
        assert!(took >= time && took < time + hours(1), "{took:?}");
    }
}

#[perpetua::test]
async fn time_stands_still_while_nobody_waits_for_a_late_answer(env: TestEnv) {
    env.mock(Bank::withdraw).after(days(2)).answer(|_, _| Ok("late".into()));
    env.worker().workflow(pay).start();
    let begun = env.now();
    let handle = env.start(ann(1)).await.expect("it starts");
    while env.mock(Bank::withdraw).call_count() == 0 {
        tokio::task::yield_now().await;
    }
    let passed = env.now().duration_since(begun).expect("time goes on");
    assert!(passed < hours(1), "{passed:?}");
    handle.result().await.expect("it is paid");
}

#[perpetua::test]
async fn what_never_ends_times_out_each_time(env: TestEnv) {
    let withdraw = env.mock(Bank::withdraw).answer(|_, _| Reply::never());
    env.worker().workflow(pay).start();
    let begun = env.now();
    env.run(ann(1)).await.expect_err("nobody answers");
    withdraw.assert_called(3);
    assert!(env.now().duration_since(begun).expect("time goes on") >= days(9));
}

#[perpetua::test]
async fn a_deadline_that_is_shorter_than_the_delay_passes(env: TestEnv) {
    let withdraw =
        env.mock(Bank::withdraw).after(days(4)).once(|_, _| Ok("too late".into())).answer(|_, _| Ok("in time".into()));
    env.worker().workflow(pay).start();
    assert_eq!(env.run(ann(1)).await.expect("it is paid"), "in time");
    assert_eq!(withdraw.calls()[1].attempt, 2);
}

#[workflow]
async fn audited(ctx: Ctx) -> WorkflowResult<String> {
    match ctx.activity(Bank::audit()).start_to_close(days(1)).retry(RetryPolicy::none()).await {
        Ok(()) => Ok("fine".into()),
        Err(ActivityFailure::Timeout(kind, ..)) => Ok(format!("{kind:?}")),
        Err(ActivityFailure::Canceled(..)) => Ok("canceled".into()),
        Err(other) => Ok(format!("{:?}", other.remote())),
    }
}

#[perpetua::test]
async fn a_mock_fails_in_every_way(env: TestEnv) {
    env.mock(Bank::audit)
        .once(|| Ok(()))
        .once(|| Err(ActivityError::message("no books")))
        .once(|| Reply::timeout(TimeoutKind::Heartbeat))
        .once(|| Reply::timeout(TimeoutKind::ScheduleToStart))
        .once(|| Reply::non_retryable("NoBooks", "they are lost"))
        .required();
    env.worker().workflow(audited).start();
    for expected in ["fine", "no books", "Heartbeat", "ScheduleToStart", "they are lost"] {
        let got = env.run(audited()).await.expect("it completes");
        assert!(got.contains(expected), "{got}, not {expected}");
    }
}

#[workflow]
async fn stoppable(ctx: Ctx) -> WorkflowResult<String> {
    let audit = ctx.activity(Bank::audit()).start_to_close(days(9)).heartbeat(days(5));
    match audit.cancellation(CancellationType::WaitCompleted).await {
        Ok(()) => Ok("fine".into()),
        Err(failure) if failure.is_canceled() => Ok(format!("canceled: {}", failure.remote())),
        Err(failure) => Ok(format!("failed: {failure}")),
    }
}

#[perpetua::test]
async fn a_late_answer_is_given_up_when_the_workflow_asks(env: TestEnv) {
    env.mock(Bank::audit).after(days(4)).answer(|| Ok(()));
    env.worker().workflow(stoppable).start();
    let begun = env.now();
    let handle = env.start(stoppable()).await.expect("it starts");
    let cancel = handle.clone();
    env.after(days(1), async move { cancel.cancel().await });
    let result = handle.result().await.expect("it completes");
    assert!(result.starts_with("canceled"), "{result}");
    let took = env.now().duration_since(begun).expect("time goes on");
    assert!(took >= days(1) && took < days(2), "{took:?}");
}

#[workflow]
async fn locally(ctx: Ctx) -> WorkflowResult<()> {
    ctx.local_activity(Bank::audit()).start_to_close(seconds(10)).await?;
    Ok(())
}

#[perpetua::test]
async fn a_local_activity_answers_at_once_or_not_at_all(env: TestEnv) {
    env.mock(Bank::audit).once(|| Ok(())).after(days(1)).answer(|| Ok(()));
    env.worker().workflow(locally).start();
    env.run(locally()).await.expect("it completes");
    env.run(locally()).await.expect_err("no time passes meanwhile");
    let findings = env.take_findings();
    assert!(findings[0].message.contains("`audit` is called as a local activity"), "{findings:?}");
}

// Misuse
// ------

#[perpetua::test]
async fn a_call_that_no_answer_is_for_ends_the_workflow_and_shows_its_arguments(env: TestEnv) {
    env.mock(Bank::withdraw).when(|account, _| account == "bob").answer(|_, _| Ok("paid".into()));
    env.worker().workflow(pay).start();
    let failure = env.run(ann(7)).await.expect_err("nobody answers");
    assert!(failure.to_string().contains("terminated"), "{failure}");
    let findings = env.take_findings();
    assert_eq!(findings.len(), 1, "{findings:?}");
    assert_eq!(findings[0].check, Check::Mocks);
    let expected = "activity `withdraw` was called unexpectedly: withdraw(\"ann\", 7); its mock has no answer to these \
                    arguments";
    assert_eq!(findings[0].message, expected);
}

#[perpetua::test]
async fn one_call_more_than_there_are_answers_says_how_many_there_were(env: TestEnv) {
    env.mock(Bank::withdraw).times(2, |_, _| Ok("paid".into()));
    env.worker().workflow(pay).start();
    for _ in 0..2 {
        env.run(ann(7)).await.expect("it is paid");
    }
    env.run(ann(8)).await.expect_err("nobody answers");
    let findings = env.take_findings();
    assert!(findings[0].message.contains("has given all its answers, 2 in number"), "{findings:?}");
}

#[perpetua::test]
async fn a_mock_without_answers_objects_to_every_call(env: TestEnv) {
    env.mock(Bank::withdraw);
    env.worker().workflow(pay).start();
    env.run(ann(7)).await.expect_err("nobody answers");
    assert!(env.take_findings()[0].message.contains("its mock has no answer"));
}

#[perpetua::test]
async fn a_closure_that_panics_fails_the_test_with_what_it_said(env: TestEnv) {
    env.mock(Bank::withdraw).answer(|_, cents| {
        assert!(cents < 5, "that is too much");
        Ok("paid".into())
    });
    env.worker().workflow(pay).start();
    env.run(ann(5)).await.expect_err("it panics");
    let findings = env.take_findings();
    assert!(findings[0].message.contains("panicked, called as withdraw(\"ann\", 5): that is too much"), "{findings:?}");
}

/// What a world finds when it is finished in this state.
async fn found(env: TestEnv) -> String {
    env.finish().await.err().map(|findings| findings.to_string()).unwrap_or_default()
}

#[tokio::test]
async fn what_is_required_and_not_called_is_found_at_the_end() {
    let env = TestEnv::start_new().await.expect("it starts");
    env.mock(Bank::audit).answer(|| Ok(())).required();
    env.mock(Bank::withdraw).times(2, |_, _| Ok("paid".into())).required();
    env.worker().workflow(pay).start();
    env.run(ann(7)).await.expect("it is paid");
    let found = found(env).await;
    assert!(found.contains("activity `audit` was never called, though its mock requires it"), "{found}");
    let short = "activity `withdraw` was not called as its mock requires: 1 of its answers were not given:\n  withdraw(\"ann\", 7)";
    assert!(found.contains(short), "{found}");
}

#[tokio::test]
async fn a_mock_that_comes_after_the_worker_is_told_apart_from_one_that_is_not_called() {
    let env = TestEnv::start_new().await.expect("it starts");
    env.worker().workflow(pay).start();
    env.mock(Bank::audit).answer(|| Ok(())).required();
    let found = found(env).await;
    assert!(found.contains("make the mock before the worker"), "{found}");
}

#[perpetua::test]
async fn what_was_called_is_listed_where_it_is_not_what_was_asserted(env: TestEnv) {
    let withdraw = env.mock(Bank::withdraw).answer(|_, _| Ok("paid".into()));
    env.worker().workflow(pay).start();
    let assert = || {
        let asserted = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| withdraw.assert_called(1)));
        asserted.err().and_then(|panic| panic.downcast_ref::<String>().cloned()).unwrap_or_default()
    };
    assert_eq!(assert(), "activity `withdraw` was called 0 times, not 1:\n  it was not called");
    for cents in 1..=2 {
        env.run(ann(cents)).await.expect("it is paid");
    }
    let listed = "activity `withdraw` was called 2 times, not 1:\n  withdraw(\"ann\", 1)\n  withdraw(\"ann\", 2)";
    assert_eq!(assert(), listed);
}
