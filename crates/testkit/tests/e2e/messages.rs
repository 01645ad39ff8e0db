//! Signals, queries and updates, before, while and after a workflow runs.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError, mpsc};

use perpetua::prelude::*;
use perpetua::{QueryFailure, UpdateFailure, WorkflowId};
use perpetua_proto::common::WorkflowExecution;
use perpetua_proto::update::{UpdateRef, WaitPolicy};
use perpetua_proto::workflowservice::PollWorkflowExecutionUpdateRequest;
use perpetua_testkit::{Outcome, Stage, both_ways};

use crate::facts::{asked_for, count, event};

crate::recorded::replayed_with!(Room, Counter, Will);

#[derive(Debug, thiserror::Error, ApplicationError, PartialEq)]
enum RoomError {
    #[error("nothing was said")]
    Silence,
    #[error("`{word}` is not said here")]
    #[application(non_retryable)]
    Rude { word: String },
    #[error("only {lines} lines were said")]
    TooFewLines { lines: usize },
}

#[activity]
async fn translate(text: String) -> Result<String, ActivityError> {
    Ok(text.to_uppercase())
}

/// A room where things are said until it is closed.
#[derive(Default)]
struct Room {
    said: State<Vec<String>>,
    closed: State<bool>,
}

#[workflow]
impl Room {
    #[run]
    async fn run(&self, ctx: Ctx) -> WorkflowResult<Vec<String>> {
        let before = self.said.with(Vec::len);
        self.said.update(|said| said.push(format!("opened after {before}")));
        ctx.wait_until(|| self.closed.get()).await?;
        Ok(self.said.get())
    }

    #[signal]
    fn say(&self, text: String) {
        self.said.update(|said| said.push(text));
    }

    #[signal]
    async fn say_translated(&self, ctx: Ctx, text: String) {
        let translated = ctx.activity(translate(text)).start_to_close(minutes(5)).await;
        self.said.update(|said| said.push(translated.unwrap_or_else(|failure| failure.to_string())));
    }

    #[signal]
    fn close(&self) {
        self.closed.set(true);
    }

    #[query]
    fn lines(&self) -> usize {
        self.said.with(Vec::len)
    }

    #[query(fallible)]
    fn line(&self, number: usize) -> Result<String, RoomError> {
        let lines = self.lines();
        self.said.with(|said| said.get(number).cloned()).ok_or(RoomError::TooFewLines { lines })
    }

    #[query]
    fn lines_for_each(&self, people: usize) -> usize {
        self.lines() / people
    }

    #[query]
    fn last_line_taken_away(&self) -> Option<String> {
        self.said.update(Vec::pop)
    }

    #[update(validator = check_politeness)]
    fn add(&self, text: String) -> Result<usize, RoomError> {
        self.said.update(|said| said.push(text));
        Ok(self.lines())
    }

    fn check_politeness(&self, text: &str) -> Result<(), RoomError> {
        match text {
            "" => Err(RoomError::Silence),
            "damn" => Err(RoomError::Rude { word: text.to_owned() }),
            _ => Ok(()),
        }
    }

    #[update]
    fn strike(&self, line: usize) -> Result<String, RoomError> {
        let lines = self.lines();
        if line < lines {
            Ok(self.said.update(|said| said.remove(line)))
        } else {
            Err(RoomError::TooFewLines { lines })
        }
    }

    #[update]
    async fn add_translated(&self, ctx: Ctx, text: String) -> WorkflowResult<String, RoomError> {
        let translated = ctx.activity(translate(text)).start_to_close(minutes(5)).await?;
        self.said.update(|said| said.push(translated.clone()));
        Ok(translated)
    }

    /// Answers when there are enough lines.
    #[update]
    async fn wait_for(&self, ctx: Ctx, lines: usize) -> WorkflowResult<String> {
        ctx.wait_until(|| self.lines() >= lines).await?;
        Ok(self.said.with(|said| said[lines - 1].clone()))
    }
}

#[tokio::test]
async fn signals_that_came_before_the_first_task_come_before_the_main_function() -> Outcome {
    both_ways(async |stage| {
        let start = stage.client().start(Room::run()).with_signal(Room::say("first".into()));
        let handle = start.task_queue(stage.task_queue()).id(stage.id("room")).await?;
        handle.say("second".into()).await?;
        let worker = stage.worker().workflow(Room::run).activity(translate).spawn()?;
        handle.close().await?;
        assert_eq!(handle.result().await?, ["first", "second", "opened after 2"]);
        worker.shutdown().await?;
        Ok(())
    })
    .await
}

#[tokio::test]
async fn signals_arrive_in_the_order_in_which_they_were_sent() -> Outcome {
    both_ways(async |stage| {
        let worker = stage.worker().workflow(Room::run).activity(translate).spawn()?;
        let start = stage.client().start(Room::run()).task_queue(stage.task_queue());
        let handle = start.id(stage.id("room")).await?;
        assert_eq!(handle.lines().await?, 1, "it has begun");
        for number in 1..=10 {
            handle.say(number.to_string()).await?;
        }
        handle.close().await?;
        let expected: Vec<_> =
            ["opened after 0".to_owned()].into_iter().chain((1..=10).map(|number| number.to_string())).collect();
        assert_eq!(handle.result().await?, expected);
        worker.shutdown().await?;
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_signal_handler_may_wait_while_others_go_on() -> Outcome {
    both_ways(async |stage| {
        let worker = stage.worker().workflow(Room::run).activity(translate).spawn()?;
        let start = stage.client().start(Room::run()).with_signal(Room::say_translated("slow".into()));
        let handle = start.task_queue(stage.task_queue()).id(stage.id("room")).await?;
        event(&handle, "ActivityTaskScheduled").await?;
        assert_eq!(handle.wait_for(2).await?, "SLOW");
        handle.say("fast".into()).await?;
        handle.close().await?;
        assert_eq!(handle.result().await?, ["opened after 0", "SLOW", "fast"]);
        worker.shutdown().await?;
        Ok(())
    })
    .await
}

#[tokio::test]
async fn queries_are_answered_while_a_workflow_runs_and_after_it() -> Outcome {
    both_ways(async |stage| {
        let worker = stage.worker().workflow(Room::run).activity(translate).spawn()?;
        let start = stage.client().start(Room::run()).task_queue(stage.task_queue());
        let handle = start.id(stage.id("room")).await?;
        assert_eq!(handle.lines().await?, 1);
        handle.say("hello".into()).await?;
        assert_eq!(handle.line(1).await?, "hello");
        handle.close().await?;
        handle.result().await?;
        assert_eq!((handle.lines().await?, handle.line(1).await?), (2, "hello".into()));
        worker.shutdown().await?;
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_query_that_fails_says_why_and_harms_nobody() -> Outcome {
    both_ways(async |stage| {
        let worker = stage.worker().workflow(Room::run).activity(translate).spawn()?;
        let start = stage.client().start(Room::run()).task_queue(stage.task_queue());
        let id = stage.id("room");
        let handle = start.id(&id).await?;

        let failed = handle.line(7).await.expect_err("there is one line");
        assert_eq!(message(&failed), "only 1 lines were said");
        assert_eq!(failed.remote().and_then(|remote| remote.failure_type()), Some("TooFewLines"));
        let panicked = handle.lines_for_each(0).await.expect_err("nobody is there");
        assert_eq!(message(&panicked), "query `lines_for_each` panicked: attempt to divide by zero");
        let wrote = handle.last_line_taken_away().await.expect_err("a query may only look");
        assert!(message(&wrote).starts_with("a query wrote to a `State`"), "{wrote}");
        let unknown = handle.query_named::<_, usize>("words", ()).await.expect_err("there is no such query");
        let names = "it takes: last_line_taken_away, line, lines, lines_for_each";
        assert_eq!(message(&unknown), format!("workflow `Room` takes no query named `words`; {names}"));

        handle.close().await?;
        assert_eq!(handle.result().await?, ["opened after 0"]);
        assert_eq!(count(&stage.history(&id).await?, "WorkflowTaskFailed"), 0);
        worker.shutdown().await?;
        Ok(())
    })
    .await
}

/// What the handler said.
fn message(failure: &QueryFailure) -> &str {
    failure.remote().map_or("the handler did not fail", |remote| remote.message())
}

#[tokio::test]
async fn an_update_is_answered_and_recorded() -> Outcome {
    both_ways(async |stage| {
        let worker = stage.worker().workflow(Room::run).activity(translate).spawn()?;
        let id = stage.id("room");
        let start = stage.client().start(Room::run()).task_queue(stage.task_queue());
        let handle = start.id(&id).await?;
        assert_eq!(handle.lines().await?, 1, "it has begun");
        assert_eq!(handle.add("hello".into()).await?, 2);
        handle.close().await?;
        assert_eq!(handle.result().await?, ["opened after 0", "hello"]);
        let expected =
            ["WorkflowExecutionUpdateAccepted", "WorkflowExecutionUpdateCompleted", "WorkflowExecutionCompleted"];
        assert_eq!(asked_for(stage, &id).await?, expected);
        worker.shutdown().await?;
        Ok(())
    })
    .await
}

#[tokio::test]
async fn an_update_that_is_refused_leaves_no_trace() -> Outcome {
    both_ways(async |stage| {
        let worker = stage.worker().workflow(Room::run).activity(translate).spawn()?;
        let id = stage.id("room");
        let start = stage.client().start(Room::run()).task_queue(stage.task_queue());
        let handle = start.id(&id).await?;
        assert_eq!(handle.lines().await?, 1, "it has begun");
        let before = stage.history(&id).await?;

        let refused = handle.add(String::new()).await.expect_err("there is nothing in it");
        assert_eq!(refused.application(), Some(&RoomError::Silence), "{refused:?}");
        let refused = handle.add("damn".into()).await.expect_err("it is not said here");
        assert_eq!(refused.application(), Some(&RoomError::Rude { word: "damn".into() }), "{refused:?}");
        assert_eq!(stage.history(&id).await?, before);

        assert_eq!(handle.add("hello".into()).await?, 2);
        handle.close().await?;
        assert_eq!(handle.result().await?, ["opened after 0", "hello"]);
        worker.shutdown().await?;
        Ok(())
    })
    .await
}

#[tokio::test]
async fn an_update_that_takes_time_is_answered_when_it_is_done() -> Outcome {
    both_ways(async |stage| {
        let worker = stage.worker().workflow(Room::run).activity(translate).spawn()?;
        let id = stage.id("room");
        let start = stage.client().start(Room::run()).task_queue(stage.task_queue());
        let handle = start.id(&id).await?;
        assert_eq!(handle.add_translated("hello".into()).await?, "HELLO");
        handle.close().await?;
        assert_eq!(handle.result().await?, ["opened after 0", "HELLO"]);
        let expected = [
            "WorkflowExecutionUpdateAccepted",
            "ActivityTaskScheduled",
            "WorkflowExecutionUpdateCompleted",
            "WorkflowExecutionCompleted",
        ];
        assert_eq!(asked_for(stage, &id).await?, expected);
        worker.shutdown().await?;
        Ok(())
    })
    .await
}

#[tokio::test]
async fn an_update_can_be_started_now_and_awaited_later() -> Outcome {
    both_ways(async |stage| {
        let worker = stage.worker().workflow(Room::run).activity(translate).spawn()?;
        let start = stage.client().start(Room::run()).task_queue(stage.task_queue());
        let handle = start.id(stage.id("room")).await?;
        let update = handle.wait_for(2).start().await?;
        handle.say("hello".into()).await?;
        assert_eq!(update.result().await?, "hello");
        assert_eq!(handle.update_handle::<String, AnyError>(update.id()).result().await?, "hello");
        handle.close().await?;
        handle.result().await?;
        assert_eq!(update.result().await?, "hello", "the answer outlives the workflow");
        worker.shutdown().await?;
        Ok(())
    })
    .await
}

#[tokio::test]
async fn an_update_that_fails_is_recorded_with_its_error() -> Outcome {
    both_ways(async |stage| {
        let worker = stage.worker().workflow(Room::run).activity(translate).spawn()?;
        let id = stage.id("room");
        let start = stage.client().start(Room::run()).task_queue(stage.task_queue());
        let handle = start.id(&id).await?;
        assert_eq!(handle.lines().await?, 1, "it has begun");
        let failed = handle.strike(7).await.expect_err("there is one line");
        assert_eq!(failed.application(), Some(&RoomError::TooFewLines { lines: 1 }), "{failed:?}");
        assert_eq!(handle.strike(0).await?, "opened after 0");
        handle.close().await?;
        assert_eq!(handle.result().await?, [""; 0]);
        assert_eq!(count(&stage.history(&id).await?, "WorkflowExecutionUpdateCompleted"), 2);
        worker.shutdown().await?;
        Ok(())
    })
    .await
}

#[tokio::test]
async fn an_update_of_a_workflow_that_ends_or_has_ended_fails() -> Outcome {
    both_ways(async |stage| {
        let worker = stage.worker().workflow(Room::run).activity(translate).spawn()?;
        let start = stage.client().start(Room::run()).task_queue(stage.task_queue());
        let handle = start.id(stage.id("room")).await?;
        let update = handle.wait_for(100).start().await?;
        handle.close().await?;
        handle.result().await?;
        let unanswered = update.result().timeout(minutes(1)).await.expect_err("there is one line");
        assert!(unanswered.to_string().contains("completed before"), "{unanswered:?}");
        let late = handle.add("late".into()).timeout(minutes(1)).await.expect_err("the room is closed");
        assert!(late.rpc().is_some_and(|error| error.is_not_found()), "{late:?}");
        worker.shutdown().await?;
        Ok(())
    })
    .await
}

#[tokio::test]
async fn two_updates_of_one_id_are_one() -> Outcome {
    both_ways(async |stage| {
        let worker = stage.worker().workflow(Room::run).activity(translate).spawn()?;
        let start = stage.client().start(Room::run()).task_queue(stage.task_queue());
        let handle = start.id(stage.id("room")).await?;
        assert_eq!(handle.lines().await?, 1, "it has begun");
        assert_eq!(handle.add("once".into()).id("add-1").await?, 2);
        assert_eq!(handle.add("once".into()).id("add-1").await?, 2);
        handle.close().await?;
        assert_eq!(handle.result().await?, ["opened after 0", "once"]);
        worker.shutdown().await?;
        Ok(())
    })
    .await
}

#[tokio::test]
async fn an_update_that_nobody_takes_is_refused_with_the_names_of_those_there_are() -> Outcome {
    both_ways(async |stage| {
        let worker = stage.worker().workflow(Room::run).activity(translate).spawn()?;
        let start = stage.client().start(Room::run()).task_queue(stage.task_queue());
        let handle = start.id(stage.id("room")).await?;
        let refused = handle.update_named::<_, (), RoomError>("sing", ()).await.expect_err("nobody sings");
        let UpdateFailure::Other(remote) = &refused else { panic!("{refused:?}") };
        let names = "it takes: add, add_translated, strike, wait_for";
        assert_eq!(remote.message(), format!("workflow `Room` takes no update named `sing`; {names}"));
        let refused = handle.update_named::<_, usize, RoomError>("add", (5,)).await.expect_err("5 is no text");
        let UpdateFailure::Other(remote) = &refused else { panic!("{refused:?}") };
        assert!(remote.message().starts_with("update `add`: "), "{remote}");
        handle.close().await?;
        handle.result().await?;
        worker.shutdown().await?;
        Ok(())
    })
    .await
}

/// Waits until the server has an update that no worker has seen.
async fn admitted(stage: &Stage, id: &WorkflowId, update: &str) -> Outcome {
    let request = PollWorkflowExecutionUpdateRequest {
        namespace: stage.client().namespace().to_string(),
        update_ref: Some(UpdateRef {
            workflow_execution: Some(WorkflowExecution { workflow_id: id.to_string(), run_id: String::new() }),
            update_id: update.to_owned(),
        }),
        wait_policy: Some(WaitPolicy::default()),
        ..Default::default()
    };
    loop {
        match stage.client().rpc(&request).await {
            Ok(_) => return Ok(()),
            Err(error) if error.is_not_found() => tokio::task::yield_now().await,
            Err(error) => return Err(error.into()),
        }
    }
}

#[tokio::test]
async fn signals_and_updates_of_one_task_are_handled_before_the_main_function_goes_on() -> Outcome {
    both_ways(async |stage| {
        let id = stage.id("room");
        let start = stage.client().start(Room::run()).with_signal(Room::say("signal".into()));
        let handle = start.task_queue(stage.task_queue()).id(&id).await?;
        let update = handle.add("update".into()).id("add-1").into_future();
        let others = async {
            admitted(stage, &id, "add-1").await?;
            handle.say("another signal".into()).await?;
            handle.close().await?;
            Outcome::Ok(stage.worker().workflow(Room::run).activity(translate).spawn()?)
        };
        let (lines, worker) = tokio::join!(update, others);
        assert_eq!(lines?, 3);
        assert_eq!(handle.result().await?, ["signal", "another signal", "update", "opened after 3"]);
        worker?.shutdown().await?;
        Ok(())
    })
    .await
}

/// A counter that begins where its input says.
struct Counter {
    count: State<i64>,
    seen: usize,
}

#[workflow]
impl Counter {
    #[init]
    fn new(ctx: &Ctx, from: &i64, _steps: &usize) -> Self {
        Self { count: State::new(*from), seen: ctx.info().workflow_type().as_str().len() }
    }

    #[run]
    async fn run(&self, ctx: Ctx, from: i64, steps: usize) -> WorkflowResult<(i64, usize)> {
        let steps = i64::try_from(steps)?;
        ctx.wait_until(|| self.count.get() >= from + steps).await?;
        Ok((self.count.get(), self.seen))
    }

    #[signal]
    fn step(&self) {
        self.count.update(|count| *count += 1);
    }
}

#[tokio::test]
async fn state_that_depends_on_the_input_is_there_before_the_first_signal() -> Outcome {
    both_ways(async |stage| {
        let worker = stage.worker().workflow(Counter::run).spawn()?;
        let start = stage.client().start(Counter::run(40, 2)).with_signal(Counter::step());
        let handle = start.task_queue(stage.task_queue()).id(stage.id("counter")).await?;
        handle.step().await?;
        assert_eq!(handle.result().await?, (42, "Counter".len()));
        worker.shutdown().await?;
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_signal_that_nobody_takes_is_passed_over() -> Outcome {
    both_ways(async |stage| {
        let worker = stage.worker().workflow(Room::run).activity(translate).spawn()?;
        let start = stage.client().start(Room::run()).task_queue(stage.task_queue());
        let handle = start.id(stage.id("room")).await?;
        assert_eq!(handle.lines().await?, 1, "it has begun");
        handle.signal_named("sing", ("la".to_owned(),)).await?;
        handle.signal_named("say", (7,)).await?;
        handle.say("hello".into()).await?;
        handle.close().await?;
        assert_eq!(handle.result().await?, ["opened after 0", "hello"]);
        worker.shutdown().await?;
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_history_of_several_pages_is_read_to_its_end() -> Outcome {
    both_ways(async |stage| {
        // A page of the server's ends after 256 batches of events, and each signal is one.
        const SIGNALS: usize = 300;
        let id = stage.id("room");
        let handle = stage.client().start(Room::run()).task_queue(stage.task_queue()).id(&id).await?;
        for number in 0..SIGNALS {
            handle.say(number.to_string()).await?;
        }
        let worker = stage.worker().workflow(Room::run).activity(translate).spawn()?;
        assert_eq!(handle.lines().await?, SIGNALS + 1);
        handle.close().await?;
        let said = handle.result().await?;
        let expected: Vec<_> = (0..SIGNALS).map(|number| number.to_string()).collect();
        assert_eq!(said[..SIGNALS], expected);
        assert_eq!(said[SIGNALS], format!("opened after {SIGNALS}"));
        assert_eq!(handle.line(7).await?, "7", "also when it is replayed for a query alone");
        worker.shutdown().await?;
        Ok(())
    })
    .await
}

/// Held by a test until it has sent its signal.
static PENS: Mutex<BTreeMap<WorkflowId, mpsc::Receiver<()>>> = Mutex::new(BTreeMap::new());

/// A will that takes its time to be signed.
#[derive(Default)]
struct Will {
    wishes: State<Vec<String>>,
}

#[workflow]
impl Will {
    #[run]
    async fn run(&self, ctx: Ctx) -> WorkflowResult<Vec<String>> {
        let pen = PENS.lock().unwrap_or_else(PoisonError::into_inner).remove(&ctx.info().execution().workflow_id);
        if let Some(pen) = pen {
            // Blocks the task, so that the signal arrives while it is in hand.
            _ = pen.recv();
        }
        Ok(self.wishes.get())
    }

    #[signal]
    fn wish(&self, text: String) {
        self.wishes.update(|wishes| wishes.push(text));
    }
}

#[tokio::test]
async fn a_signal_that_arrives_while_the_workflow_completes_is_not_lost() -> Outcome {
    both_ways(async |stage| {
        let (hold, pen) = mpsc::channel::<()>();
        let id = stage.id("will");
        PENS.lock().unwrap_or_else(PoisonError::into_inner).insert(id.clone(), pen);
        let worker = stage.worker().deadlock_timeout(None).workflow(Will::run).spawn()?;
        let start = stage.client().start(Will::run()).task_queue(stage.task_queue()).task_timeout(minutes(2));
        let handle = start.id(&id).await?;
        event(&handle, "WorkflowTaskStarted").await?;
        handle.wish("a boat".into()).await?;
        drop(hold);
        assert_eq!(handle.result().await?, ["a boat"]);
        let history = stage.history(&id).await?;
        assert_eq!(count(&history, "WorkflowTaskFailed"), 1, "the server refused the first answer");
        worker.shutdown().await?;
        Ok(())
    })
    .await
}
