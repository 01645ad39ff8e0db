//! Workflow tasks: what is played, what is answered, what is remembered.

use std::time::Duration;

use perpetua_convert::{BoxFuture, CodecError, DataConverter, PayloadCodec};
use perpetua_proto::command::command::Attributes;
use perpetua_proto::enums::{QueryResultType, TaskQueueKind, WorkflowTaskFailedCause};
use perpetua_proto::failure::failure::FailureInfo;
use perpetua_proto::workflowservice::{
    GetWorkflowExecutionHistoryResponse, PollWorkflowTaskQueueResponse, RespondWorkflowTaskCompletedRequest,
    RespondWorkflowTaskCompletedResponse, RespondWorkflowTaskFailedRequest,
};
use perpetua_vocab::Payload;
use perpetua_worker::{RunningWorker, Worker, WorkerBuilder, WorkerError};
use tonic::Status;

use crate::mock::Mock;
use crate::script::first;
use crate::stage::{Ear, Gate, Story, query, scripted};

fn worker(mock: &Mock) -> RunningWorker {
    worker_with(mock, |builder| builder)
}

/// A worker that never takes workflow code for stuck, unless `options` say so: on a busy machine its threads may have to
/// wait for longer than any limit.
fn worker_with(mock: &Mock, options: impl FnOnce(WorkerBuilder) -> WorkerBuilder) -> RunningWorker {
    let builder = Worker::builder(&mock.client(), "orders").workflow(scripted).deadlock_timeout(None);
    options(builder).spawn().expect("nothing is wrong with the worker")
}

/// Shuts the worker down; nothing may have been said that the test did not look at.
async fn end(mock: &Mock, worker: RunningWorker) {
    let (ended, _) = tokio::join!(worker.shutdown(), mock.shutdowns.ok());
    ended.expect("the worker ends well");
    mock.assert_quiet().await;
}

/// What the run ends with; none if it goes on.
fn result(request: RespondWorkflowTaskCompletedRequest) -> Option<String> {
    let mut commands = request.commands.into_iter();
    let result = commands.next().map(|command| match command.attributes {
        Some(Attributes::CompleteWorkflowExecutionCommandAttributes(complete)) => first(complete.result),
        other => panic!("something else than a result: {other:?}"),
    });
    assert_eq!(commands.next(), None);
    result
}

/// The answer to the next task, accepted.
async fn answer(mock: &Mock) -> Option<String> {
    result(mock.completed.ok().await)
}

fn message(request: RespondWorkflowTaskFailedRequest) -> String {
    assert_eq!(request.cause(), WorkflowTaskFailedCause::WorkflowWorkerUnhandledFailure);
    request.failure.expect("a failure").message
}

/// Gives out the history up to this event, from the beginning, in pages of two events: so many of them.
async fn serve_history(mock: &Mock, story: &Story, last: i64, pages: i64) {
    for page in 0..pages {
        let begins = 2 * page + 1;
        let call = mock.histories.next().await;
        let execution = call.request.execution.clone().expect("an execution");
        assert!(execution.workflow_id.starts_with("id of "), "{execution:?}");
        assert_eq!(call.request.next_page_token, if page == 0 { String::new() } else { format!("from {begins}") });
        let history = Some(story.events(begins..=last.min(begins + 1)));
        let more = begins + 2 <= last;
        let next_page_token = if more { format!("from {}", begins + 2) } else { String::new() }.into();
        call.answer(GetWorkflowExecutionHistoryResponse { history, next_page_token, ..Default::default() });
    }
}

#[tokio::test]
async fn a_task_is_answered_with_what_the_server_needs() {
    let mock = Mock::default();
    let worker = worker_with(&mock, |builder| builder.identity("me"));
    mock.give_workflow_task(Story::of("a", "echo hello").whole());
    let request = mock.completed.ok().await;
    assert_eq!(request.task_token, "a 3");
    assert_eq!(request.namespace, "default");
    assert_eq!(request.identity, "me");
    assert!(request.return_new_workflow_task);
    assert_eq!(request.sticky_attributes, None, "the run is over");
    assert!(request.capabilities.expect("capabilities").discard_speculative_workflow_task_with_events);
    let sdk = request.sdk_metadata.clone().expect("the first answer says who made it");
    assert_eq!((sdk.sdk_name.as_str(), sdk.sdk_version.as_str()), ("perpetua", env!("CARGO_PKG_VERSION")));
    assert_eq!(sdk.core_used_flags, [1, 2, 3], "other SDKs replay it as it was played");
    assert_eq!(result(request).as_deref(), Some("\"hello\""));
    end(&mock, worker).await;
}

#[tokio::test]
async fn a_remembered_run_goes_on_with_its_news() {
    let mock = Mock::default();
    let worker = worker_with(&mock, |builder| builder.sticky_timeout(Duration::from_secs(7)));
    let story = Story::of("a", "wait");
    mock.give_workflow_task(story.whole());
    let request = mock.completed.ok().await;
    let sticky = request.sticky_attributes.clone().expect("the run is remembered");
    assert_eq!(sticky.schedule_to_start_timeout.map(|wait| wait.seconds), Some(7));
    let queue = sticky.worker_task_queue.expect("a queue");
    assert_eq!((queue.kind(), queue.normal_name.as_str()), (TaskQueueKind::Sticky, "orders"));
    assert_eq!(result(request), None);
    let story = story.tick();
    mock.give_sticky_task(story.news());
    let request = mock.completed.ok().await;
    assert_eq!(request.sdk_metadata, None, "only the first answer says who made it");
    assert_eq!(result(request), None);
    mock.give_sticky_task(story.tick().news());
    assert_eq!(answer(&mock).await.as_deref(), Some("\"2 ticks\""));
    let (ended, shutdown) = tokio::join!(worker.shutdown(), mock.shutdowns.ok());
    ended.expect("the worker ends well");
    assert_eq!(shutdown.sticky_task_queue, queue.name);
    mock.assert_quiet().await;
}

#[tokio::test]
async fn a_run_that_is_not_known_is_rebuilt_from_its_history() {
    let mock = Mock::default();
    let worker = worker(&mock);
    let story = Story::of("a", "wait").tick().tick();
    mock.give_sticky_task(story.news());
    let (answered, ()) = tokio::join!(answer(&mock), serve_history(&mock, &story, 11, 4));
    assert_eq!(answered.as_deref(), Some("\"2 ticks\""));
    end(&mock, worker).await;
}

#[tokio::test]
async fn the_events_of_a_task_that_is_not_in_history_yet_come_from_the_task() {
    let mock = Mock::default();
    let worker = worker(&mock);
    let story = Story::of("a", "wait").tick().tick();
    mock.give_sticky_task(story.news());
    let (answered, ()) = tokio::join!(answer(&mock), serve_history(&mock, &story, 7, 4));
    assert_eq!(answered.as_deref(), Some("\"2 ticks\""), "the second tick is only in the task");
    end(&mock, worker).await;
}

#[tokio::test]
async fn pages_are_fetched_as_they_are_needed() {
    let mock = Mock::default();
    let worker = worker(&mock);
    let story = Story::of("a", "wait").tick().tick();
    let mut task = story.whole();
    task.history = Some(story.events(1..=4));
    task.next_page_token = "5".into();
    mock.give_workflow_task(task);
    for (page, events, next) in [("5", 5..=6, "nothing"), ("nothing", 0..=0, "7"), ("7", 7..=11, "")] {
        let call = mock.histories.next().await;
        assert_eq!(call.request.next_page_token, page);
        mock.completed.assert_empty().await;
        let history = Some(story.events(events));
        call.answer(GetWorkflowExecutionHistoryResponse {
            history,
            next_page_token: next.into(),
            ..Default::default()
        });
    }
    assert_eq!(answer(&mock).await.as_deref(), Some("\"2 ticks\""));
    end(&mock, worker).await;
}

#[tokio::test]
async fn a_task_of_several_pages_on_an_unknown_run_has_all_of_its_pages() {
    let mock = Mock::default();
    let worker = worker(&mock);
    let story = Story::of("a", "wait").tick().tick();
    let mut task = story.news();
    task.history = Some(story.events(8..=9));
    task.next_page_token = "10".into();
    mock.give_sticky_task(task);
    serve_history(&mock, &story, 11, 4).await;
    let call = mock.histories.next().await;
    assert_eq!(call.request.next_page_token, "10");
    let history = Some(story.events(10..=11));
    call.answer(GetWorkflowExecutionHistoryResponse { history, ..Default::default() });
    assert_eq!(answer(&mock).await.as_deref(), Some("\"2 ticks\""));
    end(&mock, worker).await;
}

#[tokio::test]
async fn a_page_that_cannot_be_had_fails_the_task_unless_the_run_is_gone() {
    let mock = Mock::default();
    let worker = worker(&mock);
    let story = Story::of("a", "wait").tick();
    mock.give_sticky_task(story.news());
    mock.histories.next().await.refuse(Status::not_found("no such run"));
    mock.give_sticky_task(story.news());
    mock.histories.next().await.refuse(Status::internal("sick"));
    let message = message(mock.failed.ok().await);
    assert!(message.contains("history could not be fetched"), "{message}");
    end(&mock, worker).await;
}

#[tokio::test]
async fn a_workflow_that_is_not_registered_is_named_with_those_that_are() {
    let mock = Mock::default();
    let worker = worker(&mock);
    let mut task = Story::of("a", "echo").whole();
    task.workflow_type.as_mut().expect("a type").name = "sripted".to_owned();
    mock.give_workflow_task(task);
    let message = message(mock.failed.ok().await);
    assert!(message.contains("`sripted`") && message.contains("`orders`"), "{message}");
    assert!(message.contains("`scripted`"), "{message}");
    end(&mock, worker).await;
}

#[tokio::test]
async fn a_task_that_cannot_be_read_is_failed_and_the_next_one_is_answered() {
    let mock = Mock::default();
    let worker = worker(&mock);
    let mut task = Story::of("a", "echo").whole();
    task.history.as_mut().expect("a history").events[1].event_id = -7;
    mock.give_workflow_task(task);
    let message = message(mock.failed.ok().await);
    assert!(message.contains("event -7"), "{message}");
    mock.give_workflow_task(Story::of("b", "echo b").whole());
    assert_eq!(answer(&mock).await.as_deref(), Some("\"b\""));
    end(&mock, worker).await;
}

#[tokio::test]
async fn a_panic_fails_the_task_and_the_run_is_rebuilt_for_the_next_try() {
    let mock = Mock::default();
    let worker = worker_with(&mock, |builder| builder.lanes(1));
    mock.give_workflow_task(Story::of("a", "panic").whole());
    let request = mock.failed.ok().await;
    assert_eq!(request.task_token, "a 3");
    let message = message(request);
    assert!(message.contains("as I was told"), "{message}");
    mock.give_workflow_task(Story::of("b", "echo b").whole());
    assert_eq!(answer(&mock).await.as_deref(), Some("\"b\""));
    mock.give_workflow_task(Story::of("a", "echo a").whole());
    assert_eq!(answer(&mock).await.as_deref(), Some("\"a\""));
    end(&mock, worker).await;
}

#[tokio::test]
async fn a_task_that_fails_again_and_again_is_left_to_time_out() {
    let mock = Mock::default();
    let worker = worker_with(&mock, |builder| builder.lanes(1).max_concurrent_workflow_tasks(2));
    for attempt in 5..10 {
        mock.give_workflow_task(PollWorkflowTaskQueueResponse { attempt, ..Story::of("a", "panic").whole() });
    }
    for run in ["b", "c", "d"] {
        mock.give_workflow_task(Story::of(run, "echo").whole());
        answer(&mock).await;
    }
    end(&mock, worker).await;
}

#[tokio::test]
async fn a_report_that_waits_is_made_when_the_worker_shuts_down() {
    let mock = Mock::default();
    let worker = worker_with(&mock, |builder| builder.lanes(1).max_concurrent_workflow_tasks(2).workflow_pollers(2));
    mock.give_workflow_task(PollWorkflowTaskQueueResponse { attempt: 4, ..Story::of("a", "panic").whole() });
    mock.give_workflow_task(Story::of("b", "echo").whole());
    mock.give_workflow_task(Story::of("c", "echo").whole());
    answer(&mock).await;
    answer(&mock).await;
    mock.failed.assert_empty().await;
    let soon = async { mock.failed.next_within(Duration::from_secs(3)).await.answer(Default::default()) };
    let (ended, request, _) = tokio::join!(worker.shutdown(), soon, mock.shutdowns.ok());
    ended.expect("the worker ends well");
    assert_eq!(request.task_token, "a 3");
}

/// What a failed task says of the run `b`, which did not yield for a second.
#[track_caller]
fn assert_stuck(message: &str, doing: &str) {
    let words = "workflow `scripted` (id `id of b`, run b) did not yield for 1s in its main function ([TMPRL1101] ";
    assert!(message.starts_with(words), "{message}");
    // Other systems do not say what a thread does.
    let doing = if cfg!(target_os = "linux") { doing } else { "" };
    assert!(message.contains(doing) && message.contains("in an activity"), "{message}");
}

#[tokio::test]
async fn a_workflow_that_does_not_stop_computing_costs_its_own_task() {
    let mock = Mock::default();
    let worker = worker_with(&mock, |builder| builder.lanes(1).deadlock_timeout(Duration::from_secs(1)));
    mock.give_workflow_task(Story::of("b", "spin endlessly").whole());
    mock.give_workflow_task(Story::of("c", "echo c").whole());
    assert_stuck(&message(mock.failed.ok().await), "it computes, for ");
    assert_eq!(answer(&mock).await.as_deref(), Some("\"c\""));
    Gate::of("endlessly").open();
    end(&mock, worker).await;
}

#[cfg(all(target_os = "linux", target_env = "gnu", any(target_arch = "x86_64", target_arch = "aarch64")))]
#[tokio::test]
async fn what_the_guard_finds_fails_the_task() {
    let mock = Mock::default();
    let worker = worker(&mock);
    mock.give_workflow_task(Story::of("a", "clock").whole());
    let message = message(mock.failed.ok().await);
    let words = "workflow `scripted` read the clock (`SystemTime::now`) in its main function at tests/worker/stage.rs:";
    assert!(message.starts_with(words), "{message}");
    end(&mock, worker).await;
}

#[tokio::test]
async fn a_workflow_that_blocks_its_thread_costs_its_own_task_and_nobody_elses() {
    let mock = Mock::default();
    let worker = worker_with(&mock, |builder| builder.lanes(1).deadlock_timeout(Duration::from_secs(1)));
    let remembered = Story::of("a", "wait");
    mock.give_workflow_task(remembered.whole());
    answer(&mock).await;
    mock.give_workflow_task(Story::of("b", "block deadlock").whole());
    mock.give_workflow_task(Story::of("c", "echo c").whole());
    let message = message(mock.failed.ok().await);
    assert_stuck(&message, "it blocks its thread: it waits for a lock, a channel");
    assert_eq!(answer(&mock).await.as_deref(), Some("\"c\""));
    // What lived on the lost thread is rebuilt.
    let story = remembered.tick();
    mock.give_sticky_task(story.news());
    let (answered, ()) = tokio::join!(answer(&mock), serve_history(&mock, &story, 7, 2));
    assert_eq!(answered, None);
    Gate::of("deadlock").open();
    end(&mock, worker).await;
}

#[tokio::test]
async fn a_run_that_something_foreign_woke_fails_its_next_task_and_is_rebuilt() {
    let mock = Mock::default();
    let worker = worker(&mock);
    let story = Story::of("a", "listen foreign");
    mock.give_workflow_task(story.whole());
    assert_eq!(answer(&mock).await, None);
    Ear::of("foreign").wake();
    let story = story.tick();
    mock.give_sticky_task(story.news());
    let message = message(mock.failed.ok().await);
    let words = "workflow `scripted` was woken in its main function by something that is not part of it";
    assert!(message.starts_with(words), "{message}");
    mock.give_workflow_task(PollWorkflowTaskQueueResponse { attempt: 2, ..story.whole() });
    assert_eq!(answer(&mock).await, None);
    end(&mock, worker).await;
}

#[tokio::test]
async fn the_next_task_may_come_back_with_the_answer() {
    let mock = Mock::default();
    let worker = worker(&mock);
    let mut story = Story::of("a", "wait");
    mock.give_workflow_task(story.whole());
    for _ in 0..2 {
        story = story.tick();
        let call = mock.completed.next().await;
        let request = call
            .answer(RespondWorkflowTaskCompletedResponse { workflow_task: Some(story.news()), ..Default::default() });
        assert_eq!(result(request), None);
    }
    assert_eq!(answer(&mock).await.as_deref(), Some("\"2 ticks\""));
    end(&mock, worker).await;
}

#[tokio::test]
async fn a_run_whose_answer_is_refused_is_forgotten() {
    let mock = Mock::default();
    let worker = worker(&mock);
    let story = Story::of("a", "wait");
    mock.give_workflow_task(story.whole());
    mock.completed.next().await.refuse(Status::not_found("Workflow task not found."));
    let story = story.tick();
    mock.give_sticky_task(story.news());
    let (answered, ()) = tokio::join!(answer(&mock), serve_history(&mock, &story, 7, 2));
    assert_eq!(answered, None);
    end(&mock, worker).await;
}

#[tokio::test]
async fn an_answer_that_is_too_large_fails_the_task_with_that_cause() {
    let mock = Mock::default();
    let worker = worker(&mock);
    mock.give_workflow_task(Story::of("a", "echo much").whole());
    let refusal = Status::resource_exhausted("grpc: received message larger than max (5 vs. 4)");
    mock.completed.next().await.refuse(refusal);
    let request = mock.failed.ok().await;
    assert_eq!(request.cause(), WorkflowTaskFailedCause::GrpcMessageTooLarge);
    end(&mock, worker).await;
}

#[tokio::test]
async fn the_run_that_was_not_used_for_the_longest_time_is_forgotten() {
    let mock = Mock::default();
    let worker = worker_with(&mock, |builder| builder.max_cached_workflows(2));
    let [a, b, c] = ["a", "b", "c"].map(|run| Story::of(run, "wait"));
    for task in [a.whole(), b.whole()] {
        mock.give_workflow_task(task);
        answer(&mock).await;
    }
    let a = a.tick();
    mock.give_sticky_task(a.news());
    answer(&mock).await;
    mock.give_workflow_task(c.whole());
    answer(&mock).await;
    for remembered in [a.tick(), c.tick()] {
        mock.give_sticky_task(remembered.news());
        answer(&mock).await;
    }
    mock.histories.assert_empty().await;
    let b = b.tick();
    mock.give_sticky_task(b.news());
    let (answered, ()) = tokio::join!(answer(&mock), serve_history(&mock, &b, 7, 2));
    assert_eq!(answered, None);
    end(&mock, worker).await;
}

#[tokio::test]
async fn a_worker_without_memory_asks_for_the_whole_history_each_time() {
    let mock = Mock::default();
    let worker = worker_with(&mock, |builder| builder.max_cached_workflows(0));
    let story = Story::of("a", "wait");
    mock.give_workflow_task(story.whole());
    let request = mock.completed.ok().await;
    assert_eq!(request.sticky_attributes, None);
    let story = story.tick();
    // What comes back with an answer is always only the news.
    mock.give_workflow_task(story.news());
    let (answered, ()) = tokio::join!(answer(&mock), serve_history(&mock, &story, 7, 2));
    assert_eq!(answered, None);
    for _ in 0..5 {
        assert_eq!(mock.polls.next().await.request, "orders", "there is no other queue");
    }
    let (ended, shutdown) = tokio::join!(worker.shutdown(), mock.shutdowns.ok());
    ended.expect("the worker ends well");
    assert_eq!(shutdown.sticky_task_queue, "");
    mock.assert_quiet().await;
}

#[tokio::test]
async fn a_speculative_task_that_left_no_trace_is_followed_by_the_run_as_it_was() {
    let mock = Mock::default();
    let worker = worker(&mock);
    let story = Story::of("a", "wait");
    mock.give_workflow_task(story.whole());
    answer(&mock).await;
    // An update that is rejected: nothing but the task itself. The server drops it, and what follows has its numbers.
    mock.give_sticky_task(story.clone().answered().task().news());
    let call = mock.completed.next().await;
    call.answer(RespondWorkflowTaskCompletedResponse { reset_history_event_id: 3, ..Default::default() });
    mock.give_sticky_task(story.tick().news());
    assert_eq!(answer(&mock).await, None);
    mock.histories.assert_empty().await;
    end(&mock, worker).await;
}

#[tokio::test]
async fn a_remembered_run_answers_a_query() {
    let mock = Mock::default();
    let worker = worker(&mock);
    let story = Story::of("a", "wait").tick();
    mock.give_workflow_task(story.whole());
    answer(&mock).await;
    let answered = story.answered();
    mock.give_sticky_task(answered.query("ticks", i64::MAX));
    let request = mock.queries.ok().await;
    assert_eq!(request.task_token, "a asked");
    assert_eq!(request.namespace, "default");
    assert_eq!(request.completed_type(), QueryResultType::Answered);
    assert_eq!(first(request.query_result), "1");
    mock.give_sticky_task(answered.query("tocks", i64::MAX));
    let request = mock.queries.ok().await;
    assert_eq!(request.completed_type(), QueryResultType::Failed);
    assert!(request.error_message.contains("tocks"), "{}", request.error_message);
    assert_eq!(request.failure.map(|failure| failure.message), Some(request.error_message));
    end(&mock, worker).await;
}

#[tokio::test]
async fn a_query_on_an_unknown_run_is_answered_from_history() {
    let mock = Mock::default();
    let worker = worker(&mock);
    let story = Story::of("a", "wait").tick().answered();
    mock.give_sticky_task(story.query("ticks", i64::MAX));
    let (request, ()) = tokio::join!(mock.queries.ok(), serve_history(&mock, &story, 8, 4));
    assert_eq!(first(request.query_result), "1");
    mock.give_workflow_task(story.query("ticks", 1));
    assert_eq!(first(mock.queries.ok().await.query_result), "1");
    end(&mock, worker).await;
}

#[tokio::test]
async fn a_run_that_is_over_answers_queries_and_is_not_remembered() {
    let mock = Mock::default();
    let worker = worker(&mock);
    let story = Story::of("a", "wait").tick().tick().completed();
    mock.give_workflow_task(story.query("ticks", 1));
    assert_eq!(first(mock.queries.ok().await.query_result), "2");
    mock.give_workflow_task(story.query("ticks", i64::MAX));
    let (request, ()) = tokio::join!(mock.queries.ok(), serve_history(&mock, &story, 13, 7));
    assert_eq!(first(request.query_result), "2");
    end(&mock, worker).await;
}

#[tokio::test]
async fn a_backlog_of_remembered_runs_draws_polls() {
    let mock = Mock::default();
    let worker = worker_with(&mock, |builder| builder.workflow_pollers(4));
    let mut at_the_normal_queue = 0;
    for _ in 0..4 {
        at_the_normal_queue += usize::from(mock.polls.next().await.request == "orders");
    }
    assert_eq!(at_the_normal_queue, 2);
    mock.give_sticky_task(PollWorkflowTaskQueueResponse { backlog_count_hint: 7, ..Story::of("a", "echo").whole() });
    answer(&mock).await;
    assert_ne!(mock.polls.next().await.request, "orders");
    mock.give_workflow_task(Story::of("b", "echo").whole());
    answer(&mock).await;
    assert_ne!(mock.polls.next().await.request, "orders", "one is still at the normal queue");
    end(&mock, worker).await;
}

#[tokio::test]
async fn a_query_on_a_run_that_fails_is_answered_with_the_reason() {
    let mock = Mock::default();
    let worker = worker(&mock);
    let story = Story::of("a", "panic").answered();
    let again = PollWorkflowTaskQueueResponse { attempt: 9, ..story.query("ticks", 1) };
    for task in [story.query("ticks", 1), again] {
        mock.give_workflow_task(task);
        let request = mock.queries.ok().await;
        assert_eq!(request.completed_type(), QueryResultType::Failed);
        assert!(request.error_message.contains("as I was told"), "{}", request.error_message);
    }
    end(&mock, worker).await;
}

#[tokio::test]
async fn queries_that_travel_with_a_task_are_answered_with_it() {
    let mock = Mock::default();
    let worker = worker(&mock);
    let mut task = Story::of("a", "wait").tick().whole();
    task.queries = [("one".to_owned(), query("ticks")), ("two".to_owned(), query("tocks"))].into();
    mock.give_workflow_task(task);
    let request = mock.completed.ok().await;
    assert_eq!(first(request.query_results["one"].answer.clone()), "1");
    assert_eq!(request.query_results["two"].result_type(), QueryResultType::Failed);
    end(&mock, worker).await;
}

#[tokio::test]
async fn a_run_that_begins_does_not_wait_behind_one_that_computes() {
    let mock = Mock::default();
    let worker = worker_with(&mock, |builder| builder.lanes(2));
    mock.give_workflow_task(Story::of("busy", "block lanes").whole());
    // Their ids would send half of them behind that one.
    for run in ["a", "b", "c", "d", "e", "f"] {
        let story = Story::of(run, "wait");
        mock.give_workflow_task(story.whole());
        assert_eq!(answer(&mock).await, None);
        mock.give_sticky_task(story.tick().news());
        assert_eq!(answer(&mock).await, None, "it is found where it began, without its history");
    }
    Gate::of("lanes").open();
    assert_eq!(answer(&mock).await.as_deref(), Some("\"unblocked\""));
    end(&mock, worker).await;
}

#[tokio::test]
async fn a_worker_that_shuts_down_answers_what_it_has_and_gives_its_runs_away() {
    let mock = Mock::default();
    let worker = worker_with(&mock, |builder| builder.lanes(1).deadlock_timeout(None));
    mock.give_workflow_task(Story::of("a", "block shutdown").whole());
    mock.give_workflow_task(Story::of("b", "wait").whole());
    // The second task waits behind the first one.
    let go_on = async {
        let call = mock.shutdowns.next().await;
        Gate::of("shutdown").open();
        assert_eq!(answer(&mock).await.as_deref(), Some("\"unblocked\""));
        let request = mock.completed.ok().await;
        assert_eq!(request.sticky_attributes, None);
        assert!(!request.return_new_workflow_task);
        call.answer(Default::default());
    };
    // Both tasks have been taken when further polls are out.
    for _ in 0..7 {
        mock.polls.next().await;
    }
    let (ended, ()) = tokio::join!(worker.shutdown(), go_on);
    ended.expect("the worker ends well");
    mock.assert_quiet().await;
}

#[tokio::test]
async fn a_worker_that_may_not_poll_for_workflows_ends_and_says_why() {
    let mock = Mock::default();
    let worker = worker(&mock);
    mock.fail_workflow_poll(Status::permission_denied("not you"));
    let (ended, _) = tokio::join!(worker.ended(), mock.shutdowns.ok());
    let error = ended.expect_err("it may not poll");
    assert!(matches!(error, WorkerError::Refused { tasks: "workflow tasks", .. }), "{error:?}");
}

/// A codec that turns all bytes around, refuses "no", and will refuse "never" for good.
#[derive(Debug)]
struct Mirror;

impl Mirror {
    fn turn(payloads: Vec<Payload>) -> Result<Vec<Payload>, CodecError> {
        payloads
            .into_iter()
            .map(|payload| {
                let data: Vec<u8> = payload.data.iter().rev().copied().collect();
                if data == b"\"on\"" || data == b"\"no\"" {
                    Err(CodecError::new("I say no"))
                } else if data == b"\"never\"" {
                    Err(CodecError::new("the key is destroyed").non_retryable())
                } else {
                    Ok(Payload { data: data.into(), ..payload })
                }
            })
            .collect()
    }
}

impl PayloadCodec for Mirror {
    fn encode(&self, payloads: Vec<Payload>) -> BoxFuture<'_, Result<Vec<Payload>, CodecError>> {
        Box::pin(async { Self::turn(payloads) })
    }

    fn decode(&self, payloads: Vec<Payload>) -> BoxFuture<'_, Result<Vec<Payload>, CodecError>> {
        Box::pin(async { Self::turn(payloads) })
    }
}

#[tokio::test]
async fn codecs_run_on_the_way_in_and_on_the_way_out() {
    let mock = Mock::default();
    let client = mock.client_with(|builder| builder.converter(DataConverter::default().with_codec(Mirror)));
    let worker = Worker::builder(&client, "orders").workflow(scripted).spawn().expect("nothing is wrong with it");
    mock.give_workflow_task(Story::of("a", "cba ohce").whole());
    assert_eq!(
        answer(&mock).await.as_deref(),
        Some("\"cba\""),
        "the arguments are turned around, and so is the result"
    );
    mock.give_workflow_task(Story::of("b", "no ohce").whole());
    let request = mock.failed.ok().await;
    let failure = request.failure.expect("a failure");
    assert!(failure.message.contains("I say no"), "{}", failure.message);
    let mut page = Story::of("c", "cba ohce").whole();
    page.history = Some(Story::of("c", "no").events(1..=3));
    mock.give_workflow_task(page);
    let message = message(mock.failed.ok().await);
    assert!(message.contains("I say no"), "{message}");
    end(&mock, worker).await;
}

/// What the run fails with, by the worker's own decision: the type of the failure and its message.
fn failed_with(request: RespondWorkflowTaskCompletedRequest) -> (String, String) {
    let attributes = request.commands.into_iter().next().and_then(|command| command.attributes);
    let Some(Attributes::FailWorkflowExecutionCommandAttributes(fail)) = attributes else { panic!("{attributes:?}") };
    let failure = fail.failure.expect("a failure");
    let Some(FailureInfo::ApplicationFailureInfo(info)) = failure.failure_info else { panic!("{failure:?}") };
    assert!(info.non_retryable, "the workflow is not tried again");
    (info.r#type, failure.message)
}

#[tokio::test]
async fn what_a_codec_can_never_decode_fails_the_workflow() {
    let mock = Mock::default();
    let client = mock.client_with(|builder| builder.converter(DataConverter::default().with_codec(Mirror)));
    let worker = Worker::builder(&client, "orders").workflow(scripted).spawn().expect("nothing is wrong with it");
    mock.give_workflow_task(Story::of("a", "reven").whole());
    let (failure_type, message) = failed_with(mock.completed.ok().await);
    assert_eq!(failure_type, "CodecError");
    assert!(message.contains("the key is destroyed"), "{message}");
    // The same in a page that is fetched.
    let story = Story::of("b", "reven");
    let mut task = story.whole();
    let history = std::mem::take(&mut task.history);
    task.next_page_token = b"more".to_vec().into();
    mock.give_workflow_task(task);
    let call = mock.histories.next().await;
    call.answer(GetWorkflowExecutionHistoryResponse { history, ..Default::default() });
    assert_eq!(failed_with(mock.completed.ok().await).0, "CodecError");
    // A question about it is answered with the reason, and ends nothing.
    mock.give_workflow_task(Story::of("c", "reven").answered().query("ticks", 1));
    let request = mock.queries.ok().await;
    assert!(request.error_message.contains("the key is destroyed"), "{}", request.error_message);
    end(&mock, worker).await;
}

#[tokio::test]
async fn an_answer_that_a_codec_cannot_encode_fails_the_task() {
    let mock = Mock::default();
    let client = mock.client_with(|builder| builder.converter(DataConverter::default().with_codec(Quiet)));
    let worker = Worker::builder(&client, "orders").workflow(scripted).spawn().expect("nothing is wrong with it");
    mock.give_workflow_task(Story::of("a", "echo a").whole());
    let message = message(mock.failed.ok().await);
    assert!(message.contains("I say nothing"), "{message}");
    end(&mock, worker).await;
}

/// A codec that encodes nothing, and says that it never will.
#[derive(Debug)]
struct Quiet;

impl PayloadCodec for Quiet {
    fn encode(&self, payloads: Vec<Payload>) -> BoxFuture<'_, Result<Vec<Payload>, CodecError>> {
        let nothing_to_say = payloads.is_empty();
        Box::pin(async move {
            if nothing_to_say { Ok(payloads) } else { Err(CodecError::new("I say nothing").non_retryable()) }
        })
    }

    fn decode(&self, payloads: Vec<Payload>) -> BoxFuture<'_, Result<Vec<Payload>, CodecError>> {
        Box::pin(async { Ok(payloads) })
    }
}

#[tokio::test]
async fn a_panic_fails_the_workflow_where_the_worker_is_told_so() {
    let mock = Mock::default();
    let worker = worker_with(&mock, |builder| builder.fail_workflow_on_panic());
    mock.give_workflow_task(Story::of("a", "panic").whole());
    let (failure_type, message) = failed_with(mock.completed.ok().await);
    assert_eq!(failure_type, "Panic");
    assert!(message.contains("as I was told"), "{message}");
    end(&mock, worker).await;
}
