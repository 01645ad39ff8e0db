//! Callbacks of updates and of activities that clients start: whoever asked for them hears how they ended.

use std::collections::BTreeMap;

use perpetua_proto::command::command::Attributes as CommandAttributes;
use perpetua_proto::command::{Command, ProtocolMessageCommandAttributes};
use perpetua_proto::common::callback::{Nexus, Variant};
use perpetua_proto::common::link::Variant as LinkVariant;
use perpetua_proto::common::link::workflow_event::Reference;
use perpetua_proto::common::{ActivityType, Callback, OnConflictOptions};
use perpetua_proto::enums::{
    ActivityIdConflictPolicy, CallbackState, EventType, UpdateWorkflowExecutionLifecycleStage as Stage,
};
use perpetua_proto::history::history_event::Attributes;
use perpetua_proto::update::{Acceptance, Input, Meta, Outcome, Request, Response, WaitPolicy, outcome};
use perpetua_proto::workflow::callback_info::trigger::Variant as Trigger;
use perpetua_proto::workflow::{CallbackInfo, RequestIdInfo};
use perpetua_proto::workflowservice::*;
use perpetua_server_core::{Answer, CallId, Reply};

use crate::bench::{Bench, answer, command, complete, execution, last, names, queue, seconds, start, value, words};
use crate::nexus::{callback_of, chain, running};
use crate::updates::message;

/// The update `u` of a workflow.
fn update(workflow: &str, request_id: &str, callbacks: Vec<Callback>) -> UpdateWorkflowExecutionRequest {
    UpdateWorkflowExecutionRequest {
        namespace: "default".into(),
        workflow_execution: Some(execution(workflow)),
        wait_policy: Some(WaitPolicy { lifecycle_stage: Stage::Accepted.into() }),
        request: Some(Request {
            meta: Some(Meta { update_id: "u".into(), ..Default::default() }),
            input: Some(Input { name: "set".into(), ..Default::default() }),
            request_id: request_id.into(),
            completion_callbacks: callbacks,
            ..Default::default()
        }),
        ..Default::default()
    }
}

/// A callback that reaches nobody.
fn nowhere() -> Callback {
    let header = BTreeMap::from([("Color".into(), "Red".into())]);
    let nexus = Nexus { url: "temporal://system".into(), header };
    Callback { variant: Some(Variant::Nexus(nexus)), ..Default::default() }
}

fn place(id: &str) -> Command {
    let asked = ProtocolMessageCommandAttributes { message_id: id.into() };
    command(CommandAttributes::ProtocolMessageCommandAttributes(Box::new(asked)))
}

impl Bench {
    fn send_update(&mut self, request: UpdateWorkflowExecutionRequest) -> Answer<CallId> {
        self.call(|world, call| world.update_workflow(call, request))
    }

    fn updated(&mut self, call: CallId) -> UpdateWorkflowExecutionResponse {
        match self.reply(call) {
            Some(Ok(Reply::Update(response))) => response,
            other => panic!("this is no update: {other:?}"),
        }
    }

    fn accept(&mut self, task: &PollWorkflowTaskQueueResponse, more: Vec<Command>) {
        let mut request = answer(task, [vec![place("accept")], more].concat());
        request.messages = vec![message("accept", "u", &Acceptance::default())];
        self.world.respond_workflow_task_completed(request).expect("it can be done");
    }

    fn finish(&mut self, task: &PollWorkflowTaskQueueResponse, value: outcome::Value) {
        let mut request = answer(task, vec![place("done")]);
        let response = Response { outcome: Some(Outcome { value: Some(value) }), ..Default::default() };
        request.messages = vec![message("done", "u", &response)];
        self.world.respond_workflow_task_completed(request).expect("it can be done");
    }

    /// `order` runs and waits; `w` has an operation whose handler has asked for the update `u` of `order`, which is accepted.
    fn with_updated_order() -> Self {
        let (mut bench, handler) = Self::with_operation();
        bench.world.start_workflow(start("order")).expect("it is new");
        let task = bench.task();
        bench.answer(&task, vec![]).expect("it can be done");
        let call =
            bench.send_update(update("order", "from the handler", vec![callback_of(&handler)])).expect("it runs");
        let task = bench.task();
        bench.accept(&task, vec![]);
        assert_eq!(bench.updated(call).stage(), Stage::Accepted);
        bench.respond(&handler, running("u")).expect("the request is the worker's");
        let task = bench.task();
        bench.answer(&task, vec![]).expect("w has seen that its operation runs");
        bench
    }

    fn signal_order(&mut self) -> PollWorkflowTaskQueueResponse {
        let signal = SignalWorkflowExecutionRequest {
            namespace: "default".into(),
            workflow_execution: Some(execution("order")),
            signal_name: "go on".into(),
            ..Default::default()
        };
        self.world.signal_workflow(signal).expect("it runs");
        self.task()
    }

    fn callbacks(&self, id: &str) -> Vec<(CallbackState, String)> {
        let trigger = |it: &CallbackInfo| match it.trigger.as_ref().and_then(|trigger| trigger.variant.clone()) {
            Some(Trigger::UpdateWorkflowExecutionCompleted(it)) => it.update_id,
            Some(Trigger::WorkflowClosed(_)) => "end".into(),
            None => panic!("this waits for nothing: {it:?}"),
        };
        self.description(id).callbacks.iter().map(|it| (it.state(), trigger(it))).collect()
    }

    fn requests(&self, id: &str) -> BTreeMap<String, RequestIdInfo> {
        self.description(id).workflow_extended_info.expect("it is described").request_id_infos
    }

    /// The events of a workflow, as names.
    fn history_of(&mut self, workflow: &str) -> Vec<String> {
        let execution = Some(execution(workflow));
        let request =
            GetWorkflowExecutionHistoryRequest { namespace: "default".into(), execution, ..Default::default() };
        let call = self.call(|world, call| world.history(call, request)).expect("it is there");
        match self.reply(call) {
            Some(Ok(Reply::History(response))) => names(&response.history.unwrap_or_default().events),
            other => panic!("this is no history: {other:?}"),
        }
    }
}

#[test]
fn the_outcome_of_an_update_completes_the_operation_that_asked_for_it() {
    let mut bench = Bench::with_updated_order();
    assert_eq!(bench.callbacks("order"), [(CallbackState::Standby, "u".into())]);
    let task = bench.signal_order();
    bench.finish(&task, outcome::Value::Success(value("set")));
    assert_eq!(bench.callbacks("order"), [(CallbackState::Succeeded, "u".into())]);
    let completed = last(&bench.events(), EventType::NexusOperationCompleted);
    match completed.attributes {
        Some(Attributes::NexusOperationCompletedEventAttributes(it)) => {
            assert_eq!(it.result, value("set").payloads.pop());
        }
        other => panic!("this completes nothing: {other:?}"),
    }
    let late = bench.send_update(update("order", "late", vec![nowhere()])).expect("it runs");
    assert!(bench.updated(late).outcome.is_some(), "the outcome is the answer");
    assert_eq!(bench.callbacks("order").len(), 1, "there is nothing left to tell");
}

#[test]
fn an_update_that_ends_with_its_workflow_fails_the_operation_that_asked_for_it() {
    let mut bench = Bench::with_updated_order();
    let task = bench.signal_order();
    bench.answer(&task, vec![complete()]).expect("it can be done");
    let failed = last(&bench.events(), EventType::NexusOperationFailed);
    let why = "Workflow Update failed because the Workflow completed before the Update completed.";
    assert_eq!(chain(&failed), ["nexus operation completed unsuccessfully", why]);
}

#[test]
fn callbacks_of_updates_are_not_those_of_the_chain() {
    let mut bench = Bench::with_updated_order();
    let task = bench.signal_order();
    let asked = CommandAttributes::ContinueAsNewWorkflowExecutionCommandAttributes(Box::default());
    bench.answer(&task, vec![command(asked)]).expect("it can be done");
    assert_eq!(bench.callbacks("order"), []);
    last(&bench.events(), EventType::NexusOperationFailed);
}

#[test]
fn further_requests_for_an_update_attach_their_callbacks_once() {
    let mut bench = Bench::new();
    let started = bench.start();
    let task = bench.task();
    bench.answer(&task, vec![]).expect("it can be done");
    let first = bench.send_update(update("w", "first", vec![nowhere()])).expect("it runs");
    bench.send_update(update("w", "second", vec![nowhere()])).expect("it is admitted");
    bench.send_update(update("w", "second", vec![nowhere()])).expect("it is the same request");
    let task = bench.task();
    bench.accept(&task, vec![crate::bench::timer("t", 5)]);
    bench.send_update(update("w", "first", vec![nowhere()])).expect("it is the same request");
    let third = bench.send_update(update("w", "third", vec![nowhere()])).expect("it is accepted");
    let plain = bench.send_update(update("w", "plain", vec![])).expect("it is accepted");
    assert_eq!(
        bench.history()[7..],
        [
            "8 workflow_execution_update_accepted",
            "9 workflow_execution_options_updated",
            "10 timer_started",
            "11 workflow_execution_options_updated",
        ]
    );
    assert_eq!(bench.callbacks("w").len(), 3);
    let events = |bench: &Bench| -> Vec<_> {
        ["first", "second", "third"].map(|id| bench.requests("w").get(id).map(|it| it.event_id)).to_vec()
    };
    assert_eq!(events(&bench), [Some(8), Some(9), Some(11)]);
    assert!(!bench.requests("w").contains_key("plain"), "it has attached nothing");
    for (call, request_id) in [(first, "first"), (third, "third"), (plain, "plain")] {
        let link = bench.updated(call).link.and_then(|link| link.variant);
        let Some(LinkVariant::WorkflowEvent(link)) = link else { panic!("this links to no event: {link:?}") };
        assert_eq!(link.run_id, started.run_id);
        match link.reference {
            Some(Reference::RequestIdRef(it)) => assert_eq!(it.request_id, request_id),
            other => panic!("this names no request: {other:?}"),
        }
    }
    bench.restart();
    assert_eq!(bench.callbacks("w").len(), 3);
}

#[test]
fn a_request_that_comes_while_a_worker_answers_is_written_after_the_answer_and_called_back_by_it() {
    let mut bench = Bench::new();
    bench.start();
    let task = bench.task();
    bench.answer(&task, vec![]).expect("it can be done");
    bench.send_update(update("w", "first", vec![])).expect("it runs");
    let task = bench.task();
    bench.accept(&task, vec![]);
    bench.signal("go on").expect("it runs");
    let task = bench.task();
    bench.send_update(update("w", "second", vec![nowhere()])).expect("it is accepted");
    bench.finish(&task, outcome::Value::Success(value("set")));
    assert_eq!(
        bench.history()[11..],
        [
            "12 workflow_task_completed",
            "13 workflow_execution_update_completed",
            "14 workflow_execution_options_updated",
            "15 workflow_task_scheduled",
        ]
    );
    assert_eq!(bench.callbacks("w"), [(CallbackState::Failed, "u".into())], "nobody is there to be told");
}

#[test]
fn a_run_that_is_made_of_another_tells_of_its_updates_in_its_place() {
    let mut bench = Bench::with_updated_order();
    let joined = update("order", "another", vec![nowhere()]);
    bench.send_update(joined).expect("it is accepted");
    let request = ResetWorkflowExecutionRequest {
        namespace: "default".into(),
        workflow_execution: Some(execution("order")),
        workflow_task_finish_event_id: 4,
        request_id: "reset".into(),
        ..Default::default()
    };
    bench.world.reset_workflow(request).expect("it can be done");
    let waiting = (CallbackState::Standby, "u".to_owned());
    assert_eq!(bench.callbacks("order"), [waiting.clone(), waiting]);
    assert_eq!(
        bench.history_of("order")[4..],
        ["5 workflow_execution_update_admitted", "6 workflow_execution_options_updated", "7 workflow_task_scheduled",]
    );
    let task = bench.task();
    bench.accept(&task, vec![]);
    assert_eq!(bench.callbacks("order").len(), 2, "they are known already");
    let task = bench.signal_order();
    bench.finish(&task, outcome::Value::Success(value("set")));
    last(&bench.events(), EventType::NexusOperationCompleted);
}

#[test]
fn callbacks_of_updates_are_checked() {
    let mut bench = Bench::new();
    bench.start();
    let nameless = bench.send_update(update("w", "", vec![nowhere()]));
    let why = "invalid *update.Request: request_id is required when completion_callbacks are set";
    assert_eq!(words(nameless), format!("InvalidArgument: {why}"));
    let elsewhere = Nexus { url: "temporal://elsewhere".into(), ..Default::default() };
    let elsewhere = Callback { variant: Some(Variant::Nexus(elsewhere)), ..Default::default() };
    let unreachable = bench.send_update(update("w", "first", vec![elsewhere]));
    assert_eq!(words(unreachable), "InvalidArgument: invalid url: unknown scheme: temporal://elsewhere");
}

#[test]
fn the_end_of_an_activity_completes_the_operations_that_asked_for_it() {
    let (mut bench, handler) = Bench::with_operation();
    let start = |request_id: &str, callbacks: Vec<Callback>| StartActivityExecutionRequest {
        namespace: "default".into(),
        activity_id: "a".into(),
        activity_type: Some(ActivityType { name: "work".into() }),
        task_queue: Some(queue()),
        start_to_close_timeout: seconds(10),
        request_id: request_id.into(),
        completion_callbacks: callbacks,
        id_conflict_policy: ActivityIdConflictPolicy::UseExisting.into(),
        on_conflict_options: (request_id != "first").then_some(OnConflictOptions {
            attach_request_id: true,
            attach_completion_callbacks: true,
            attach_links: false,
        }),
        ..Default::default()
    };
    bench.world.start_activity(start("first", vec![callback_of(&handler)])).expect("it is new");
    for _ in 0..2 {
        bench.world.start_activity(start("second", vec![nowhere()])).expect("it is there");
    }
    bench.respond(&handler, running("a")).expect("the request is the worker's");
    let states = |bench: &mut Bench| -> Vec<CallbackState> {
        let request = DescribeActivityExecutionRequest {
            namespace: "default".into(),
            activity_id: "a".into(),
            ..Default::default()
        };
        let call = bench.call(|world, call| world.describe_activity(call, request)).expect("it is there");
        match bench.reply(call) {
            Some(Ok(Reply::Activity(it))) => {
                it.callbacks.iter().map(|it| it.info.as_ref().expect("it is described").state()).collect()
            }
            other => panic!("this is no description: {other:?}"),
        }
    };
    assert_eq!(states(&mut bench), [CallbackState::Standby; 2]);
    bench.restart();
    let work = bench.activity().expect("it waits for a worker");
    bench.complete(&work).expect("it is the worker's");
    assert_eq!(states(&mut bench), [CallbackState::Succeeded, CallbackState::Failed]);
    let completed = last(&bench.events(), EventType::NexusOperationCompleted);
    match completed.attributes {
        Some(Attributes::NexusOperationCompletedEventAttributes(it)) => {
            assert_eq!(it.result, value("done").payloads.pop());
        }
        other => panic!("this completes nothing: {other:?}"),
    }
}

#[test]
fn an_activity_that_was_canceled_cancels_the_operation_that_asked_for_it() {
    let (mut bench, handler) = Bench::with_operation();
    let request = StartActivityExecutionRequest {
        namespace: "default".into(),
        activity_id: "a".into(),
        activity_type: Some(ActivityType { name: "work".into() }),
        task_queue: Some(queue()),
        start_to_close_timeout: seconds(10),
        completion_callbacks: vec![callback_of(&handler)],
        ..Default::default()
    };
    bench.world.start_activity(request).expect("it is new");
    bench.respond(&handler, running("a")).expect("the request is the worker's");
    let request = RequestCancelActivityExecutionRequest {
        namespace: "default".into(),
        activity_id: "a".into(),
        reason: "enough".into(),
        ..Default::default()
    };
    bench.world.cancel_activity_execution(request).expect("it runs");
    let canceled = last(&bench.events(), EventType::NexusOperationCanceled);
    assert_eq!(chain(&canceled), ["nexus operation completed unsuccessfully", "Activity canceled"]);
}
