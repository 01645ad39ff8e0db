//! Chains of runs: continue-as-new, and retries of whole workflows.

use perpetua::prelude::*;
use perpetua_testkit::{Outcome, both_ways};
use perpetua_vocab::EventKind;

use crate::facts::asked_for;

crate::recorded::replayed_with!(countdown, Game, tries);

#[workflow]
async fn countdown(ctx: Ctx, from: u32) -> WorkflowResult<String> {
    if from == 0 {
        return Ok("lift-off".into());
    }
    ctx.continue_as_new(countdown(from - 1))
}

#[tokio::test]
async fn a_chain_of_runs_has_one_result() -> Outcome {
    both_ways(async |stage| {
        let worker = stage.worker().workflow(countdown).spawn()?;
        let id = stage.id("countdown");
        let handle = stage.client().start(countdown(3)).task_queue(stage.task_queue()).id(&id).await?;
        assert_eq!(handle.result().await?, "lift-off");
        assert_eq!(asked_for(stage, &id).await?, ["WorkflowExecutionCompleted"], "the last run");

        let first = handle.run_id().ok_or("a started workflow has a run")?;
        let first_only = handle.result().first_run_only().await;
        let Err(WorkflowFailure::ContinuedAsNew { run_id, .. }) = first_only else { panic!("{first_only:?}") };
        assert_ne!(&run_id, first);
        assert_eq!(handle.of_chain(first).result().await?, "lift-off");
        worker.shutdown().await?;
        Ok(())
    })
    .await
}

/// A game of two rounds, each a run of its own.
struct Game {
    round: u32,
    over: State<bool>,
    cheers: State<Vec<String>>,
}

#[workflow]
impl Game {
    #[init]
    fn new(_ctx: &Ctx, round: &u32) -> Self {
        Self { round: *round, over: State::new(false), cheers: State::default() }
    }

    #[run]
    async fn run(&self, ctx: Ctx, round: u32) -> WorkflowResult<Vec<String>> {
        ctx.wait_until(|| self.over.get()).await?;
        if round == 1 {
            return ctx.continue_as_new(Game::run(2));
        }
        Ok(self.cheers.get())
    }

    #[signal]
    fn cheer(&self, text: String) {
        self.cheers.update(|cheers| cheers.push(text));
    }

    #[signal]
    fn end_round(&self) {
        self.over.set(true);
    }

    #[query]
    fn round(&self) -> u32 {
        self.round
    }

    #[update]
    fn shout(&self, text: String) -> Result<u32, ActivityError> {
        self.cheers.update(|cheers| cheers.push(text));
        Ok(self.round)
    }
}

#[tokio::test]
async fn a_handle_reaches_the_run_that_is_current() -> Outcome {
    both_ways(async |stage| {
        let worker = stage.worker().workflow(Game::run).spawn()?;
        let start = stage.client().start(Game::run(1)).task_queue(stage.task_queue());
        let handle = start.id(stage.id("game")).await?;
        assert_eq!(handle.round().await?, 1);
        handle.cheer("heard by the first run only".into()).await?;
        handle.end_round().await?;
        let first = handle.result().first_run_only().await;
        assert!(matches!(first, Err(WorkflowFailure::ContinuedAsNew { .. })), "{first:?}");

        assert_eq!(handle.round().await?, 2);
        handle.cheer("hooray".into()).await?;
        assert_eq!(handle.shout("bravo".into()).await?, 2);
        let run = handle.run_id().ok_or("a started workflow has a run")?;
        assert_eq!(handle.at_run(run).round().await?, 1, "the first run still answers for itself");
        let closed = handle.at_run(run).cheer("too late".into()).await.expect_err("the first run is over");
        assert!(closed.is_not_found(), "{closed:?}");
        handle.end_round().await?;
        assert_eq!(handle.result().await?, ["hooray", "bravo"]);
        worker.shutdown().await?;
        Ok(())
    })
    .await
}

#[derive(Debug, thiserror::Error, ApplicationError, PartialEq)]
enum AttemptError {
    #[error("attempt {attempt} came to nothing")]
    InVain { attempt: u32 },
    #[error("attempt {attempt} was the last")]
    #[application(non_retryable)]
    Hopeless { attempt: u32 },
}

#[workflow]
async fn tries(ctx: Ctx, hopeless: bool) -> WorkflowResult<u32, AttemptError> {
    match ctx.info().attempt() {
        attempt if hopeless => Err(AttemptError::Hopeless { attempt }.into()),
        attempt @ 1 => Err(AttemptError::InVain { attempt }.into()),
        attempt => Ok(attempt),
    }
}

fn eager() -> RetryPolicy {
    RetryPolicy::exponential().first_wait(milliseconds(10)).max_attempts(3)
}

#[tokio::test]
async fn a_workflow_that_fails_is_tried_again_as_its_policy_says() -> Outcome {
    both_ways(async |stage| {
        let worker = stage.worker().workflow(tries).spawn()?;
        let start = stage.client().start(tries(false)).task_queue(stage.task_queue()).retry(eager());
        let handle = start.id(stage.id("tries")).await?;
        assert_eq!(handle.result().await?, 2);
        let first = handle.result().first_run_only().await.expect_err("the first attempt fails");
        assert_eq!(first.application(), Some(&AttemptError::InVain { attempt: 1 }), "{first:?}");
        worker.shutdown().await?;
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_workflow_that_fails_for_good_is_not_tried_again() -> Outcome {
    both_ways(async |stage| {
        let worker = stage.worker().workflow(tries).spawn()?;
        let id = stage.id("tries");
        let start = stage.client().start(tries(true)).task_queue(stage.task_queue()).retry(eager());
        let failure = start.id(&id).await?.result().await.expect_err("it is hopeless");
        assert_eq!(failure.application(), Some(&AttemptError::Hopeless { attempt: 1 }), "{failure:?}");
        let history = stage.history(&id).await?;
        let Some(EventKind::WorkflowFailed(failed)) = history.last().map(|event| &event.kind) else {
            panic!("unexpected: {:?}", history.last())
        };
        assert_eq!(failed.new_run, None);
        worker.shutdown().await?;
        Ok(())
    })
    .await
}
