//! Updates: accepted, answered, rejected without a trace.

use perpetua_proto::command::command::Attributes as CommandAttributes;
use perpetua_proto::command::{ContinueAsNewWorkflowExecutionCommandAttributes, ProtocolMessageCommandAttributes};
use perpetua_proto::enums::UpdateWorkflowExecutionLifecycleStage as Stage;
use perpetua_proto::failure::Failure;
use perpetua_proto::protocol::Message;
use perpetua_proto::update::{
    Acceptance, Input, Meta, Outcome, Rejection, Request, Response, UpdateRef, WaitPolicy, outcome,
};
use perpetua_proto::workflowservice::{
    DeleteWorkflowExecutionRequest, PollWorkflowExecutionUpdateRequest, PollWorkflowTaskQueueResponse,
    UpdateWorkflowExecutionRequest,
};
use perpetua_server_core::{CallId, Named, Reply};

use crate::bench::{Bench, answer, command, complete, execution, timer, value, words};

fn update(bench: &mut Bench, id: &str, stage: Stage) -> CallId {
    let request = UpdateWorkflowExecutionRequest {
        namespace: "default".into(),
        workflow_execution: Some(execution("w")),
        wait_policy: Some(WaitPolicy { lifecycle_stage: stage.into() }),
        request: Some(Request {
            meta: Some(Meta { update_id: id.into(), ..Default::default() }),
            input: Some(Input { name: "set".into(), ..Default::default() }),
            ..Default::default()
        }),
        ..Default::default()
    };
    bench.call(|world, call| world.update_workflow(call, request)).expect("it runs")
}

pub(crate) fn message<M: Named>(id: &str, update: &str, body: &M) -> Message {
    let body = perpetua_proto::protobuf::Any {
        type_url: format!("type.googleapis.com/{}", M::NAME),
        value: body.encode_to_vec().into(),
    };
    Message { id: id.into(), protocol_instance_id: update.into(), body: Some(body), ..Default::default() }
}

fn outcome_of(bench: &mut Bench, call: CallId) -> Option<(Stage, Option<Outcome>)> {
    match bench.reply(call)? {
        Ok(Reply::Update(response)) => Some((response.stage(), response.outcome)),
        other => panic!("this is no update: {other:?}"),
    }
}

fn idle(bench: &mut Bench) {
    bench.start();
    let task = bench.task();
    bench.answer(&task, vec![timer("t", 1000)]).expect("it can be done");
}

fn accept_and_complete(bench: &mut Bench, task: &PollWorkflowTaskQueueResponse, id: &str) {
    let place = |id: &str| {
        let asked = ProtocolMessageCommandAttributes { message_id: id.into() };
        command(CommandAttributes::ProtocolMessageCommandAttributes(Box::new(asked)))
    };
    let success = Outcome { value: Some(outcome::Value::Success(value("set"))) };
    let mut request = answer(task, vec![place("accept"), timer("after", 5), place("done")]);
    request.messages = vec![
        message("accept", id, &Acceptance::default()),
        message("done", id, &Response { outcome: Some(success), ..Default::default() }),
    ];
    bench.world.respond_workflow_task_completed(request).expect("it can be done");
}

#[test]
fn an_update_is_accepted_and_answered_where_the_worker_says() {
    let mut bench = Bench::new();
    idle(&mut bench);
    let call = update(&mut bench, "u", Stage::Completed);
    assert_eq!(bench.history().len(), 5, "an update alone leaves no trace");
    let task = bench.task();
    assert_eq!(task.messages.len(), 1);
    assert_eq!((task.started_event_id, task.attempt), (7, 1));
    accept_and_complete(&mut bench, &task, "u");
    let (stage, outcome) = outcome_of(&mut bench, call).expect("it is done");
    assert_eq!(stage, Stage::Completed);
    assert_eq!(outcome.and_then(|it| it.value), Some(outcome::Value::Success(value("set"))));
    assert_eq!(
        bench.history()[5..],
        [
            "6 workflow_task_scheduled",
            "7 workflow_task_started",
            "8 workflow_task_completed",
            "9 workflow_execution_update_accepted",
            "10 timer_started",
            "11 workflow_execution_update_completed",
        ]
    );
    let again = update(&mut bench, "u", Stage::Completed);
    assert!(outcome_of(&mut bench, again).is_some_and(|(stage, _)| stage == Stage::Completed), "it is the same update");
    assert!(bench.is_idle());
}

#[test]
fn a_poll_for_no_stage_says_how_far_the_update_is() {
    let mut bench = Bench::new();
    idle(&mut bench);
    let _ = update(&mut bench, "u", Stage::Completed);
    let stage = |bench: &mut Bench| {
        let request = PollWorkflowExecutionUpdateRequest {
            namespace: "default".into(),
            update_ref: Some(UpdateRef { workflow_execution: Some(execution("w")), update_id: "u".into() }),
            ..Default::default()
        };
        let call = bench.call(|world, call| world.poll_update(call, request)).expect("the update is known");
        match bench.reply(call) {
            Some(Ok(Reply::PolledUpdate(answer))) => answer.stage(),
            other => panic!("this is no update: {other:?}"),
        }
    };
    assert_eq!(stage(&mut bench), Stage::Admitted);
    let task = bench.task();
    accept_and_complete(&mut bench, &task, "u");
    assert_eq!(stage(&mut bench), Stage::Completed);
}

#[test]
fn a_rejected_update_leaves_no_trace() {
    let mut bench = Bench::new();
    idle(&mut bench);
    let call = update(&mut bench, "u", Stage::Completed);
    let task = bench.task();
    let failure = Some(Failure { message: "not now".into(), ..Default::default() });
    let mut request = answer(&task, vec![]);
    request.messages = vec![message("reject", "u", &Rejection { failure, ..Default::default() })];
    let response = bench.world.respond_workflow_task_completed(request).expect("it can be done");
    assert_eq!(response.reset_history_event_id, 3);
    let (_, outcome) = outcome_of(&mut bench, call).expect("it is decided");
    let Some(outcome::Value::Failure(failure)) = outcome.and_then(|it| it.value) else { panic!("it is a failure") };
    assert_eq!(failure.message, "not now");
    assert_eq!(bench.history().len(), 5);
}

#[test]
fn a_worker_that_does_not_know_updates_rejects_them() {
    let mut bench = Bench::new();
    idle(&mut bench);
    let call = update(&mut bench, "u", Stage::Completed);
    let task = bench.task();
    bench.answer(&task, vec![]).expect("it can be done");
    let (_, outcome) = outcome_of(&mut bench, call).expect("it is decided");
    let Some(outcome::Value::Failure(failure)) = outcome.and_then(|it| it.value) else { panic!("it is a failure") };
    assert!(failure.message.contains("wasn't processed by worker"), "{}", failure.message);
}

#[test]
fn an_update_that_meets_the_end_of_its_workflow_is_not_rejected_but_aborted() {
    let mut bench = Bench::new();
    bench.start();
    let call = update(&mut bench, "u", Stage::Completed);
    let task = bench.task();
    bench.answer(&task, vec![complete()]).expect("it can be done");
    let aborted = words(bench.reply(call).expect("it is answered"));
    assert_eq!(aborted, "NotFound: workflow update was aborted by closing workflow");
}

#[test]
fn a_workflow_that_ends_leaves_nobody_waiting() {
    let mut bench = Bench::new();
    idle(&mut bench);
    bench.signal("end").expect("it runs");
    let task = bench.task();
    let late = update(&mut bench, "late", Stage::Completed);
    bench.answer(&task, vec![complete()]).expect("it can be done");
    let refused = bench.reply(late).expect("it is decided");
    assert_eq!(words(refused), "NotFound: workflow update was aborted by closing workflow");
}

#[test]
fn an_event_makes_a_task_for_updates_an_ordinary_one() {
    let mut bench = Bench::new();
    idle(&mut bench);
    update(&mut bench, "u", Stage::Accepted);
    bench.signal("hello").expect("it runs");
    assert_eq!(bench.history()[5..], ["6 workflow_task_scheduled", "7 workflow_execution_signaled"]);
    let task = bench.task();
    accept_and_complete(&mut bench, &task, "u");
    assert_eq!(
        bench.history()[7..10],
        ["8 workflow_task_started", "9 workflow_task_completed", "10 workflow_execution_update_accepted"]
    );
}

#[test]
fn a_second_answer_to_a_task_without_a_trace_is_not_one_to_the_next() {
    let mut bench = Bench::new();
    idle(&mut bench);
    update(&mut bench, "u", Stage::Completed);
    let task = bench.task();
    let mut request = answer(&task, vec![]);
    request.messages = vec![message("reject", "u", &Rejection::default())];
    bench.world.respond_workflow_task_completed(request.clone()).expect("it can be done");
    update(&mut bench, "v", Stage::Completed);
    let next = bench.task();
    assert_eq!((next.started_event_id, next.attempt), (task.started_event_id, task.attempt));
    let refused = bench.world.respond_workflow_task_completed(request);
    assert_eq!(words(refused), "NotFound: Workflow task not found.");
}

#[test]
fn what_was_held_back_for_an_update_is_there_after_a_restart() {
    let mut bench = Bench::new();
    idle(&mut bench);
    update(&mut bench, "u", Stage::Completed);
    let task = bench.task();
    bench.signal("hello").expect("it runs");
    bench.restart();
    assert_eq!(bench.history()[5..], ["6 workflow_execution_signaled", "7 workflow_task_scheduled"]);
    let failure = Some(Failure { message: "not now".into(), ..Default::default() });
    let mut request = answer(&task, vec![]);
    request.messages = vec![message("reject", "u", &Rejection { failure, ..Default::default() })];
    let refused = bench.world.respond_workflow_task_completed(request);
    assert_eq!(words(refused), "NotFound: Workflow task not found.");
}

#[test]
fn an_update_that_a_restart_has_forgotten_can_still_be_rejected() {
    let mut bench = Bench::new();
    bench.start();
    update(&mut bench, "u", Stage::Completed);
    let task = bench.task();
    bench.restart();
    let rejection = Rejection { rejected_request: Some(Request::default()), ..Default::default() };
    let mut request = answer(&task, vec![]);
    request.messages = vec![message("reject", "u", &rejection)];
    bench.world.respond_workflow_task_completed(request).expect("nobody waits for it any more");
    assert_eq!(bench.history().last().map(String::as_str), Some("4 workflow_task_completed"));
}

#[test]
fn who_waits_for_an_update_goes_along_to_the_next_run() {
    let mut bench = Bench::new();
    idle(&mut bench);
    bench.signal("go on").expect("it runs");
    let task = bench.task();
    let call = update(&mut bench, "u", Stage::Completed);
    let next = CommandAttributes::ContinueAsNewWorkflowExecutionCommandAttributes(Box::<
        ContinueAsNewWorkflowExecutionCommandAttributes,
    >::default());
    bench.answer(&task, vec![command(next)]).expect("it can be done");
    bench.world.expire(call);
    assert_eq!(outcome_of(&mut bench, call), Some((Stage::Admitted, None)), "it waited in the next run");
    let call = update(&mut bench, "u", Stage::Completed);
    bench.pass(std::time::Duration::from_secs(1));
    let task = bench.task();
    accept_and_complete(&mut bench, &task, "u");
    assert!(outcome_of(&mut bench, call).is_some_and(|(stage, _)| stage == Stage::Completed));
}

#[test]
fn what_was_accepted_ends_with_the_run_that_accepted_it() {
    let mut bench = Bench::new();
    bench.start();
    let call = update(&mut bench, "u", Stage::Completed);
    let task = bench.task();
    let accepted = message("a", "u", &Acceptance::default());
    let next = ContinueAsNewWorkflowExecutionCommandAttributes::default();
    let next = command(CommandAttributes::ContinueAsNewWorkflowExecutionCommandAttributes(Box::new(next)));
    let place = ProtocolMessageCommandAttributes { message_id: "a".into() };
    let place = command(CommandAttributes::ProtocolMessageCommandAttributes(Box::new(place)));
    let mut request = answer(&task, vec![place, next]);
    request.messages = vec![accepted];
    bench.world.respond_workflow_task_completed(request).expect("it can be done");
    let (stage, outcome) = outcome_of(&mut bench, call).expect("nobody waits for the next run");
    assert_eq!(stage, Stage::Completed);
    match outcome.and_then(|outcome| outcome.value) {
        Some(outcome::Value::Failure(failure)) => assert!(failure.message.contains("completed before the Update")),
        other => panic!("it failed: {other:?}"),
    }
}

#[test]
fn who_waits_for_a_workflow_that_is_deleted_is_told() {
    let mut bench = Bench::new();
    idle(&mut bench);
    let call = update(&mut bench, "u", Stage::Completed);
    let request =
        DeleteWorkflowExecutionRequest { namespace: "default".into(), workflow_execution: Some(execution("w")) };
    bench.world.delete_workflow(&request).expect("it is there");
    bench.world.expire(call);
    let refused = bench.reply(call).expect("it is decided");
    assert_eq!(words(refused), "NotFound: workflow update was aborted by closing workflow");
}
