//! What is said of a workflow or of what it asks for: at its start, for its next run, and for people to read.

use std::time::Duration;

use perpetua::prelude::*;
use perpetua::{
    ContinueAsNewReason, MemoUpdate, NextRun, PayloadConverter, Priority, VersioningOverride, WorkflowStatus,
};
use perpetua_proto::common::WorkflowExecution;
use perpetua_proto::history::history_event::Attributes;
use perpetua_proto::workflow::versioning_override::Override;
use perpetua_proto::workflowservice::GetWorkflowExecutionHistoryRequest;
use perpetua_testkit::{Outcome, both_ways};
use perpetua_vocab::{Event, Payload};

crate::recorded::replayed_with!(
    says_what_it_knows,
    asks_its_child,
    begins_again_as_it_is,
    begins_as_another,
    Collector,
    counts_by_the_clock,
    learns_from_failure,
    Hoarder,
    Listener,
    explains_itself
);

/// What a workflow can say of itself, for whoever started it to compare.
#[derive(Debug, Default, PartialEq, serde::Serialize, serde::Deserialize)]
struct Known {
    attempt: u32,
    is_first: bool,
    continued: bool,
    parent: Option<String>,
    root: Option<String>,
    backoff: Option<Duration>,
    timeouts: [Option<Duration>; 3],
    attempts: Option<u32>,
    /// The key, the fairness key and the weight.
    priority: (i32, String, f32),
    waited_for: bool,
}

fn known(ctx: &Ctx) -> Known {
    let info = ctx.info();
    let priority = info.priority();
    Known {
        attempt: info.attempt(),
        is_first: *info.first_run() == info.execution().run_id && info.original_run() == info.first_run(),
        continued: info.continued_run().is_some(),
        parent: info.parent().map(|parent| parent.execution.workflow_id.to_string()),
        root: info.root().map(|root| root.workflow_id.to_string()),
        backoff: info.first_task_backoff(),
        timeouts: [info.execution_timeout(), info.run_timeout(), info.task_timeout()],
        attempts: info.retry_policy().map(|policy| policy.maximum_attempts),
        priority: (priority.key, priority.fairness_key.clone(), priority.fairness_weight),
        waited_for: info.first_task_started() >= info.started() + info.first_task_backoff().unwrap_or_default(),
    }
}

#[workflow]
async fn says_what_it_knows(ctx: Ctx) -> WorkflowResult<Known> {
    Ok(known(&ctx))
}

#[tokio::test]
async fn a_plain_start_is_known_as_such() -> Outcome {
    both_ways(async |stage| {
        stage.values_differ();
        let worker = stage.worker().workflow(says_what_it_knows).spawn()?;
        let id = stage.id("plain");
        let known = stage.client().run(says_what_it_knows()).task_queue(stage.task_queue()).id(&id).await?;
        let expected = Known {
            attempt: 1,
            is_first: true,
            root: Some(id.to_string()),
            timeouts: [None, None, Some(seconds(10))],
            waited_for: true,
            ..Known::default()
        };
        assert_eq!(known, expected);
        worker.shutdown().await?;
        Ok(())
    })
    .await
}

#[tokio::test]
async fn what_a_start_says_is_known_to_the_workflow() -> Outcome {
    both_ways(async |stage| {
        stage.values_differ();
        let worker = stage.worker().workflow(says_what_it_knows).spawn()?;
        let id = stage.id("described");
        let start = stage.client().start(says_what_it_knows()).task_queue(stage.task_queue()).id(&id);
        let start = start.execution_timeout(minutes(3)).run_timeout(minutes(2)).task_timeout(seconds(7));
        let start = start.retry(RetryPolicy::exponential().max_attempts(4)).start_delay(milliseconds(300));
        let start = start.priority(Priority::new(2).fairness_key("vip").fairness_weight(2.5));
        let handle = start.summary("says it").details("says *all* of it").await?;
        let expected = Known {
            attempt: 1,
            is_first: true,
            root: Some(id.to_string()),
            backoff: Some(milliseconds(300)),
            timeouts: [Some(minutes(3)), Some(minutes(2)), Some(seconds(7))],
            attempts: Some(4),
            priority: (2, "vip".to_owned(), 2.5),
            waited_for: true,
            ..Known::default()
        };
        assert_eq!(handle.result().await?, expected);
        let description = handle.describe().await?;
        assert_eq!(description.summary.as_deref(), Some("says it"));
        assert_eq!(description.details.as_deref(), Some("says *all* of it"));
        worker.shutdown().await?;
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_signal_with_start_ends_the_delay_of_a_start() -> Outcome {
    both_ways(async |stage| {
        let worker = stage.worker().workflow(Hoarder::run).spawn()?;
        let start = stage.client().start(Hoarder::run()).task_queue(stage.task_queue()).start_delay(hours(1));
        let start = start.versioning_override(VersioningOverride::AutoUpgrade);
        let id = stage.id("delayed");
        let handle = start.id(&id).await?;
        // A plain signal waits with the workflow.
        handle.keep("one page".into()).await?;
        let start = stage.client().start(Hoarder::run()).task_queue(stage.task_queue()).id(&id);
        let again = start.with_signal(Hoarder::keep("and another".into())).await?;
        assert_eq!(again.run_id(), handle.run_id());
        assert_eq!(handle.size().await?, 19);
        let request = GetWorkflowExecutionHistoryRequest {
            namespace: stage.client().namespace().to_string(),
            execution: Some(WorkflowExecution { workflow_id: handle.id().to_string(), ..Default::default() }),
            ..Default::default()
        };
        let history = stage.client().rpc(&request).send().await?.history.unwrap_or_default();
        let first = history.events.into_iter().next().and_then(|event| event.attributes);
        let Some(Attributes::WorkflowExecutionStartedEventAttributes(started)) = first else {
            return Err(format!("not the start of a run: {first:?}").into());
        };
        assert_eq!(started.first_workflow_task_backoff.map(|backoff| backoff.seconds), Some(3600));
        let versioning = started.versioning_override.and_then(|versioning| versioning.r#override);
        assert_eq!(versioning, Some(Override::AutoUpgrade(true)));
        handle.terminate().await?;
        worker.shutdown().await?;
        Ok(())
    })
    .await
}

#[workflow]
async fn asks_its_child(ctx: Ctx, depth: u32) -> WorkflowResult<Known> {
    match depth {
        0 => Ok(known(&ctx)),
        _ => Ok(ctx.child(asks_its_child(depth - 1)).await?),
    }
}

#[tokio::test]
async fn a_child_knows_its_parent_and_the_top() -> Outcome {
    both_ways(async |stage| {
        stage.values_differ();
        let worker = stage.worker().workflow(asks_its_child).spawn()?;
        let id = stage.id("top");
        let start = stage.client().start(asks_its_child(2)).task_queue(stage.task_queue()).id(&id);
        let handle = start.priority(Priority::new(4).fairness_key("calm")).await?;
        let known = handle.result().await?;
        let parent = known.parent.ok_or("a child has a parent")?;
        assert_ne!(parent, id.to_string(), "the parent is a child itself");
        assert_eq!(known.root, Some(id.to_string()));
        assert_eq!(known.priority, (4, "calm".to_owned(), 0.0), "children inherit it");
        worker.shutdown().await?;
        Ok(())
    })
    .await
}

#[workflow]
async fn begins_again_as_it_is(ctx: Ctx, again: bool) -> WorkflowResult<Known> {
    if again {
        ctx.upsert_memo([MemoUpdate::set("state", "packed")]);
        return ctx.continue_as_new(begins_again_as_it_is(false));
    }
    Ok(known(&ctx))
}

#[tokio::test]
async fn what_is_not_said_of_the_next_run_stays_as_it_is() -> Outcome {
    both_ways(async |stage| {
        stage.values_differ();
        let worker = stage.worker().workflow(begins_again_as_it_is).spawn()?;
        let id = stage.id("again");
        let start = stage.client().start(begins_again_as_it_is(true)).task_queue(stage.task_queue()).id(&id);
        let start = start.execution_timeout(minutes(3)).run_timeout(minutes(2)).task_timeout(seconds(7));
        let start = start.retry(RetryPolicy::exponential().max_attempts(4)).memo("origin", "the shop");
        let start = start.priority(Priority::new(2).fairness_key("vip").fairness_weight(2.5)).summary("shopping");
        let handle = start.await?;
        let expected = Known {
            attempt: 1,
            is_first: false,
            continued: true,
            root: Some(id.to_string()),
            timeouts: [Some(minutes(3)), Some(minutes(2)), Some(seconds(7))],
            attempts: Some(4),
            priority: (2, "vip".to_owned(), 2.5),
            waited_for: true,
            ..Known::default()
        };
        // The server keeps runs of one workflow apart, by a second at most.
        let mut seen = handle.result().await?;
        assert!(seen.backoff.take().is_none_or(|backoff| backoff <= seconds(1)));
        assert_eq!(seen, expected);
        let description = handle.describe().await?;
        assert_eq!(description.memo::<String>("origin")?.as_deref(), Some("the shop"));
        assert_eq!(description.memo::<String>("state")?.as_deref(), Some("packed"));
        assert_eq!(description.summary, None, "this is said of one run");
        worker.shutdown().await?;
        Ok(())
    })
    .await
}

#[workflow]
async fn begins_as_another(ctx: Ctx, queue: String) -> WorkflowResult<Known> {
    let next = NextRun::new(says_what_it_knows()).task_queue(queue).run_timeout(minutes(1)).task_timeout(seconds(5));
    let next = next.memo("draft", ()).memo("note", "fragile");
    ctx.continue_as_new(next.retry(RetryPolicy::exponential().max_attempts(9)).start_delay(milliseconds(1200)))
}

#[tokio::test]
async fn the_next_run_is_as_it_is_said_to_be() -> Outcome {
    both_ways(async |stage| {
        stage.values_differ();
        let queue = format!("{}-next", stage.task_queue());
        let worker = stage.worker().workflow(begins_as_another).spawn()?;
        let other = Worker::builder(stage.client(), &queue).workflow(says_what_it_knows).spawn()?;
        let id = stage.id("another");
        let start = stage.client().start(begins_as_another(queue.clone())).task_queue(stage.task_queue()).id(&id);
        let start = start.memo("origin", "the shop").memo("draft", true);
        let handle = start.run_timeout(minutes(2)).task_timeout(seconds(7)).await?;
        let expected = Known {
            attempt: 1,
            is_first: false,
            continued: true,
            root: Some(id.to_string()),
            backoff: Some(milliseconds(1200)),
            timeouts: [None, Some(minutes(1)), Some(seconds(5))],
            attempts: Some(9),
            waited_for: true,
            ..Known::default()
        };
        assert_eq!(handle.result().await?, expected);
        let description = handle.describe().await?;
        assert_eq!(description.workflow_type.as_str(), "says_what_it_knows");
        assert_eq!(description.memo_fields().keys().collect::<Vec<_>>(), ["note", "origin"]);
        assert_eq!(description.task_queue.as_str(), queue);
        assert_eq!(description.status, WorkflowStatus::Completed);
        other.shutdown().await?;
        worker.shutdown().await?;
        Ok(())
    })
    .await
}

/// Takes what the runs of a chain report.
#[derive(Default)]
struct Collector {
    reports: State<Vec<Report>>,
}

#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
struct Report {
    last_result: Option<u32>,
    last_failure: Option<String>,
    backoff: bool,
    cron: String,
}

#[workflow]
impl Collector {
    #[run]
    async fn run(&self, ctx: Ctx) -> WorkflowResult<Vec<Report>> {
        ctx.wait_until(|| self.reports.with(Vec::len) >= 3).await?;
        Ok(self.reports.get())
    }

    #[signal]
    fn report(&self, report: Report) {
        self.reports.update(|reports| reports.push(report));
    }
}

#[derive(Debug, thiserror::Error, ApplicationError, PartialEq)]
enum CountError {
    #[error("lost at {at}")]
    Lost { at: u32 },
}

/// The first run counts, the second fails, the third stays.
#[workflow]
async fn counts_by_the_clock(ctx: Ctx, collector: String) -> WorkflowResult<u32, CountError> {
    let last_result = ctx.last_result::<u32>().expect("every run returns a number");
    let lost: Option<CountError> = ctx.last_failure_as();
    let report = Report {
        last_result,
        last_failure: ctx.last_failure().map(|failure| failure.message().to_owned()),
        backoff: ctx.info().first_task_backoff().is_some(),
        cron: ctx.info().cron_schedule().to_owned(),
    };
    ctx.external::<Collector>(collector).report(report).await?;
    match (last_result, lost) {
        (None, _) => Ok(1),
        (Some(at), None) => Err(CountError::Lost { at }.into()),
        (Some(_), Some(CountError::Lost { .. })) => {
            ctx.wait_until(|| false).await?;
            Ok(0)
        }
    }
}

#[tokio::test]
async fn a_run_by_the_clock_knows_the_last_result_and_the_last_failure() -> Outcome {
    both_ways(async |stage| {
        stage.values_differ();
        let worker = stage.worker().workflow(counts_by_the_clock).workflow(Collector::run).spawn()?;
        let collector = stage.client().start(Collector::run()).task_queue(stage.task_queue());
        let collector = collector.id(stage.id("collector")).await?;
        let call = counts_by_the_clock(collector.id().to_string());
        let start = stage.client().start(call).task_queue(stage.task_queue()).cron("@every 1s");
        let counting = start.id(stage.id("counting")).await?;
        let reports = collector.result().await?;
        let report = |last_result, last_failure: Option<&str>| Report {
            last_result,
            last_failure: last_failure.map(str::to_owned),
            backoff: true,
            cron: "@every 1s".to_owned(),
        };
        assert_eq!(reports, [report(None, None), report(Some(1), None), report(Some(1), Some("lost at 1"))]);
        counting.terminate().await?;
        worker.shutdown().await?;
        Ok(())
    })
    .await
}

#[derive(Debug, thiserror::Error, ApplicationError, PartialEq)]
#[error("attempt {0} came to nothing")]
struct InVain(u32);

#[workflow]
async fn learns_from_failure(ctx: Ctx) -> WorkflowResult<Vec<u32>, InVain> {
    match (ctx.info().attempt(), ctx.last_failure_as::<InVain>()) {
        (3, Some(InVain(before))) => Ok(vec![3, before]),
        (attempt, _) => Err(InVain(attempt).into()),
    }
}

#[tokio::test]
async fn a_retry_knows_the_failure_before_it() -> Outcome {
    both_ways(async |stage| {
        let worker = stage.worker().workflow(learns_from_failure).spawn()?;
        let run = stage.client().run(learns_from_failure()).task_queue(stage.task_queue());
        let run = run.retry(RetryPolicy::exponential().first_wait(milliseconds(10)));
        assert_eq!(run.id(stage.id("learns")).await?, [3, 2]);
        worker.shutdown().await?;
        Ok(())
    })
    .await
}

/// Says why the server wants a new run, once it does.
#[derive(Default)]
struct Hoarder {
    pages: State<usize>,
}

#[workflow]
impl Hoarder {
    #[run]
    async fn run(&self, ctx: Ctx) -> WorkflowResult<(bool, bool)> {
        ctx.wait_until(|| ctx.info().suggests_continue_as_new()).await?;
        let info = ctx.info();
        let is_large = info.continue_as_new_reasons().contains(&ContinueAsNewReason::HistorySizeTooLarge);
        Ok((is_large, info.history_size() > 4 << 20))
    }

    #[signal]
    fn keep(&self, page: String) {
        self.pages.update(|pages| *pages += page.len());
    }

    #[query]
    fn size(&self) -> usize {
        self.pages.get()
    }
}

#[tokio::test]
async fn a_long_history_suggests_to_continue_as_new_and_says_why() -> Outcome {
    both_ways(async |stage| {
        stage.values_differ();
        let worker = stage.worker().workflow(Hoarder::run).spawn()?;
        let start = stage.client().start(Hoarder::run()).task_queue(stage.task_queue());
        let hoarder = start.id(stage.id("hoarder")).await?;
        let page = "x".repeat(1 << 20);
        for pages in 1..=4 {
            hoarder.keep(page.clone()).await?;
            if pages < 4 {
                assert_eq!(hoarder.size().await?, pages << 20);
            }
        }
        assert_eq!(hoarder.result().await?, (true, true));
        worker.shutdown().await?;
        Ok(())
    })
    .await
}

#[activity]
async fn nothing() -> Result<(), ActivityError> {
    Ok(())
}

/// Waits for a word, which it may get.
#[derive(Default)]
struct Listener {
    heard: State<bool>,
}

#[workflow]
impl Listener {
    #[run]
    async fn run(&self, ctx: Ctx) -> WorkflowResult<()> {
        ctx.wait_until(|| self.heard.get()).await?;
        Ok(ctx.wait_until(|| false).await?)
    }

    #[signal]
    fn listen(&self) {
        self.heard.set(true);
    }
}

#[workflow]
async fn explains_itself(ctx: Ctx, listener: String) -> WorkflowResult<()> {
    ctx.sleep(milliseconds(1)).summary("a nap").await?;
    let waited = ctx.wait_until(|| false).timeout(milliseconds(1)).summary("a short wait").await;
    assert!(matches!(waited, Err(WaitFailure::Elapsed(_))));
    ctx.activity(nothing()).start_to_close(seconds(10)).summary("nothing much").await?;
    let child = ctx.child(Listener::run()).id(listener).summary("*somebody* to talk to").details("who listens");
    let child = child.start().await?;
    child.listen().summary("listen").await?;
    ctx.external::<Listener>(child.id()).cancel().summary("enough").await?;
    assert!(matches!(child.result().await, Err(ChildFailure::Canceled(_))));
    Ok(())
}

/// What an event says to people.
fn said(payload: Option<Payload>) -> Option<String> {
    payload.map(|payload| PayloadConverter::default().decode(&payload).expect("it is a text"))
}

#[tokio::test]
async fn what_people_read_is_kept_in_history() -> Outcome {
    both_ways(async |stage| {
        stage.values_differ();
        let builder = stage.worker().workflow(explains_itself).workflow(Listener::run);
        let worker = builder.activity(nothing).spawn()?;
        let (id, child) = (stage.id("explains"), stage.id("listener"));
        stage.client().run(explains_itself(child.to_string())).task_queue(stage.task_queue()).id(&id).await?;
        let explained = |event: &Event| Some((event.kind.name().to_owned(), said(event.user_metadata().summary)?));
        let explained: Vec<_> = stage.history(&id).await?.iter().filter_map(explained).collect();
        let expected = [
            ("TimerStarted", "a nap"),
            ("TimerStarted", "a short wait"),
            ("ActivityTaskScheduled", "nothing much"),
            ("StartChildWorkflowExecutionInitiated", "*somebody* to talk to"),
            ("SignalExternalWorkflowExecutionInitiated", "listen"),
            ("RequestCancelExternalWorkflowExecutionInitiated", "enough"),
        ];
        assert_eq!(explained, expected.map(|(name, summary)| (name.to_owned(), summary.to_owned())));
        let child = stage.client().handle::<Listener>(&child).describe().await?;
        assert_eq!(child.summary.as_deref(), Some("*somebody* to talk to"));
        assert_eq!(child.details.as_deref(), Some("who listens"));
        worker.shutdown().await?;
        Ok(())
    })
    .await
}
