//! Nexus: endpoints, requests and their answers, callbacks.

use std::time::Duration;

use perpetua_proto::command::command::Attributes;
use perpetua_proto::command::{
    Command, RequestCancelNexusOperationCommandAttributes, ScheduleNexusOperationCommandAttributes,
};
use perpetua_proto::common::callback::{Nexus, Variant as CallbackVariant};
use perpetua_proto::common::link::workflow_event::Reference;
use perpetua_proto::common::link::{Variant as LinkVariant, WorkflowEvent};
use perpetua_proto::common::{Callback, Payload};
use perpetua_proto::enums::{
    CallbackState, EventType, NexusOperationCancellationState as Canceling, PendingNexusOperationState as Pending,
    TimeoutType, WorkflowIdConflictPolicy,
};
use perpetua_proto::failure::failure::FailureInfo;
use perpetua_proto::failure::{Failure, NexusHandlerFailureInfo};
use perpetua_proto::history::HistoryEvent;
use perpetua_proto::history::history_event::Attributes as EventAttributes;
use perpetua_proto::nexus::endpoint_target::{Variant as Target, Worker};
use perpetua_proto::nexus::request::Variant as RequestVariant;
use perpetua_proto::nexus::response::Variant as ResponseVariant;
use perpetua_proto::nexus::start_operation_response::{Async, Sync, Variant as StartVariant};
use perpetua_proto::nexus::{
    CancelOperationResponse, EndpointSpec, EndpointTarget, Response, StartOperationRequest, StartOperationResponse,
};
use perpetua_proto::operatorservice::{
    CreateNexusEndpointRequest, DeleteNexusEndpointRequest, ListNexusEndpointsRequest, UpdateNexusEndpointRequest,
};
use perpetua_proto::workflow::{OnConflictOptions, PendingNexusOperationInfo};
use perpetua_proto::workflowservice::*;
use perpetua_server_core::{Answer, Reply};
use prost::Message;

use crate::bench::{Bench, command, complete, execution, last, queue, seconds, start, words};

fn spec(name: &str) -> Option<EndpointSpec> {
    let worker = Worker { namespace: "default".into(), task_queue: "handlers".into() };
    let target = Some(EndpointTarget { variant: Some(Target::Worker(worker)) });
    Some(EndpointSpec { name: name.into(), target, ..Default::default() })
}

pub(crate) fn operation(change: impl FnOnce(&mut ScheduleNexusOperationCommandAttributes)) -> Command {
    let mut asked = ScheduleNexusOperationCommandAttributes {
        endpoint: "shop".into(),
        service: "orders".into(),
        operation: "place".into(),
        ..Default::default()
    };
    change(&mut asked);
    command(Attributes::ScheduleNexusOperationCommandAttributes(Box::new(asked)))
}

fn cancel(scheduled: i64) -> Command {
    let asked = RequestCancelNexusOperationCommandAttributes { scheduled_event_id: scheduled };
    command(Attributes::RequestCancelNexusOperationCommandAttributes(Box::new(asked)))
}

fn started(variant: StartVariant) -> Option<Response> {
    let response = StartOperationResponse { variant: Some(variant) };
    Some(Response { variant: Some(ResponseVariant::StartOperation(response)) })
}

fn succeeded(text: &str) -> Option<Response> {
    let payload = Some(Payload { data: text.to_owned().into(), ..Default::default() });
    started(StartVariant::SyncSuccess(Sync { payload, ..Default::default() }))
}

pub(crate) fn running(token: &str) -> Option<Response> {
    started(StartVariant::AsyncSuccess(Async { operation_token: token.into(), ..Default::default() }))
}

fn handler_failure(kind: &str) -> Option<Failure> {
    let info = NexusHandlerFailureInfo { r#type: kind.into(), ..Default::default() };
    let failure_info = Some(FailureInfo::NexusHandlerFailureInfo(info));
    Some(Failure { message: "broken".into(), source: "a worker".into(), failure_info, ..Default::default() })
}

fn start_request(task: &PollNexusTaskQueueResponse) -> StartOperationRequest {
    match task.request.as_ref().and_then(|request| request.variant.clone()) {
        Some(RequestVariant::StartOperation(request)) => request,
        other => panic!("this starts nothing: {other:?}"),
    }
}

/// Where a request wants to hear of the end of its operation.
pub(crate) fn callback_of(task: &PollNexusTaskQueueResponse) -> Callback {
    let request = start_request(task);
    let nexus = Nexus { url: request.callback, header: request.callback_header };
    Callback { variant: Some(CallbackVariant::Nexus(nexus)), ..Default::default() }
}

fn header(task: &PollNexusTaskQueueResponse, name: &str) -> Option<String> {
    task.request.as_ref()?.header.get(name).cloned()
}

/// The failure in the event by which an operation ended, as a chain of messages.
pub(crate) fn chain(event: &HistoryEvent) -> Vec<String> {
    let failure = match event.attributes.clone() {
        Some(EventAttributes::NexusOperationFailedEventAttributes(it)) => it.failure,
        Some(EventAttributes::NexusOperationCanceledEventAttributes(it)) => it.failure,
        Some(EventAttributes::NexusOperationTimedOutEventAttributes(it)) => it.failure,
        other => panic!("this is no failure: {other:?}"),
    };
    let chain = std::iter::successors(failure.as_ref(), |failure| failure.cause.as_deref());
    chain.map(|failure| failure.message.clone()).collect()
}

impl Bench {
    /// With the endpoint `shop`, and `w` at its first task.
    pub(crate) fn with_endpoint() -> Self {
        let mut bench = Self::new();
        let request = CreateNexusEndpointRequest { spec: spec("shop") };
        bench.world.create_nexus_endpoint(request).expect("the endpoint is new");
        bench.start();
        bench
    }

    /// With an operation of `w`, and the request that a handler got.
    pub(crate) fn with_operation() -> (Self, PollNexusTaskQueueResponse) {
        let mut bench = Self::with_endpoint();
        let task = bench.task();
        bench.answer(&task, vec![operation(|_| ())]).expect("the operation can be asked for");
        let task = bench.nexus_task().expect("there is a request");
        (bench, task)
    }

    pub(crate) fn nexus_task(&mut self) -> Option<PollNexusTaskQueueResponse> {
        let mut handlers = queue();
        handlers.name = "handlers".into();
        let request =
            PollNexusTaskQueueRequest { namespace: "default".into(), task_queue: Some(handlers), ..Default::default() };
        let call = self.call(|world, call| world.poll_nexus_task(call, request)).expect("a worker may poll");
        let reply = self.reply(call);
        if reply.is_none() {
            self.world.expire(call);
            self.reply(call);
        }
        match reply? {
            Ok(Reply::NexusTask(task)) => Some(*task),
            other => panic!("this is no request: {other:?}"),
        }
    }

    pub(crate) fn respond(&mut self, task: &PollNexusTaskQueueResponse, response: Option<Response>) -> Answer<()> {
        self.world.respond_nexus_task_completed(RespondNexusTaskCompletedRequest {
            namespace: "default".into(),
            task_token: task.task_token.clone(),
            response,
            ..Default::default()
        })
    }

    fn refuse(&mut self, task: &PollNexusTaskQueueResponse, failure: Option<Failure>) -> Answer<()> {
        self.world.respond_nexus_task_failed(RespondNexusTaskFailedRequest {
            namespace: "default".into(),
            task_token: task.task_token.clone(),
            failure,
            ..Default::default()
        })
    }

    pub(crate) fn description(&self, id: &str) -> DescribeWorkflowExecutionResponse {
        let request = DescribeWorkflowExecutionRequest { namespace: "default".into(), execution: Some(execution(id)) };
        self.world.describe_workflow(&request).expect("it is there")
    }

    fn pending(&self) -> PendingNexusOperationInfo {
        self.description("w").pending_nexus_operations.pop().expect("an operation is pending")
    }

    /// Starts the workflow `order` that calls an operation back.
    fn start_order(&mut self, task: &PollNexusTaskQueueResponse) -> Answer<StartWorkflowExecutionResponse> {
        let order = StartWorkflowExecutionRequest { completion_callbacks: vec![callback_of(task)], ..start("order") };
        self.world.start_workflow(order)
    }

    /// Answers tasks until the workflow `order` is over and has called back.
    fn complete_order(&mut self, order: &StartWorkflowExecutionResponse) {
        while self.description("order").callbacks.iter().any(|it| it.state() == CallbackState::Standby) {
            let task = self.task();
            let is_order = task.workflow_execution.as_ref().is_some_and(|it| it.run_id == order.run_id);
            let commands = if is_order { vec![complete()] } else { Vec::new() };
            self.answer(&task, commands).expect("the task is the worker's");
        }
    }
}

#[test]
fn an_endpoint_is_made_changed_by_who_has_seen_it_listed_and_deleted() {
    let mut bench = Bench::new();
    let mut create = |name: &str| bench.world.create_nexus_endpoint(CreateNexusEndpointRequest { spec: spec(name) });
    let endpoint = create("first").expect("it is new");
    assert_eq!(endpoint.url_prefix, format!("/nexus/endpoints/{}/services", endpoint.id));
    create("second").expect("it is new");
    let taken = "AlreadyExists: error creating Nexus endpoint. Endpoint with name first already registered";
    assert_eq!(words(create("first")), taken);
    let ill = r#"InvalidArgument: endpoint name must match the regex: "^[a-zA-Z][a-zA-Z0-9\\-]*[a-zA-Z0-9]$""#;
    assert_eq!(words(create("a_b")), ill);
    let update = |version| UpdateNexusEndpointRequest { id: endpoint.id.clone(), version, spec: spec("third") };
    let stale = "FailedPrecondition: nexus endpoint version mismatch. received: 7 expected 1";
    assert_eq!(words(bench.world.update_nexus_endpoint(update(7))), stale);
    let changed = bench.world.update_nexus_endpoint(update(1)).expect("this is the version");
    assert_eq!(changed.version, 2);
    bench.restart();
    let list = |bench: &Bench, token: &[u8]| {
        let next_page_token = token.to_vec().into();
        let request = ListNexusEndpointsRequest { page_size: 1, next_page_token, ..Default::default() };
        bench.world.list_nexus_endpoints(&request).expect("the request is fine")
    };
    let first = list(&bench, b"");
    assert_eq!(first.endpoints, std::slice::from_ref(&changed));
    let second = list(&bench, &first.next_page_token);
    assert_eq!((second.endpoints.len(), second.next_page_token.len()), (1, 0));
    let delete = DeleteNexusEndpointRequest { id: changed.id.clone(), version: 2 };
    bench.world.delete_nexus_endpoint(&delete).expect("it is there");
    assert!(words(bench.world.get_nexus_endpoint(&changed.id)).starts_with("NotFound: Nexus endpoint with ID"));
}

#[test]
fn an_operation_that_succeeds_at_once_is_completed_without_having_started() {
    let mut bench = Bench::with_endpoint();
    let task = bench.task();
    let asked = operation(|asked| {
        asked.nexus_header.insert("X-Color".into(), "Red".into());
        asked.schedule_to_close_timeout = seconds(60);
        asked.start_to_close_timeout = seconds(70);
    });
    bench.answer(&task, vec![asked]).expect("the operation can be asked for");
    let task = bench.nexus_task().expect("there is a request");
    assert_eq!(header(&task, "x-color").as_deref(), Some("Red"));
    assert_eq!(header(&task, "request-timeout").as_deref(), Some("8s"));
    assert_eq!(header(&task, "operation-timeout").as_deref(), Some("60000ms"));
    assert_eq!(bench.pending().state(), Pending::Scheduled);
    bench.respond(&task, succeeded("done")).expect("the request is the worker's");
    let again = bench.respond(&task, succeeded("done"));
    assert_eq!(words(again), "NotFound: Nexus task not found or already expired");
    let expected = ["5 nexus_operation_scheduled", "6 nexus_operation_completed", "7 workflow_task_scheduled"];
    assert_eq!(bench.history()[4..], expected);
}

#[test]
fn a_request_that_failed_is_made_again_until_it_may_not_be() {
    let (mut bench, task) = Bench::with_operation();
    bench.refuse(&task, handler_failure("INTERNAL")).expect("the request is the worker's");
    let pending = bench.pending();
    assert_eq!((pending.state(), pending.attempt), (Pending::BackingOff, 1));
    assert_eq!(bench.nexus_task(), None);
    bench.pass(Duration::from_secs(1));
    bench.nexus_task().expect("it is made again");
    bench.pass(Duration::from_secs(8));
    let silent = bench.pending().last_attempt_failure.expect("it failed");
    assert_eq!(silent.message, "upstream timeout");
    bench.pass(Duration::from_secs(2));
    let task = bench.nexus_task().expect("it is made again");
    bench.refuse(&task, handler_failure("BAD_REQUEST")).expect("the request is the worker's");
    let failed = last(&bench.events(), EventType::NexusOperationFailed);
    assert_eq!(chain(&failed), ["nexus operation completed unsuccessfully", "broken"]);
}

#[test]
fn an_operation_that_takes_too_long_says_which_limit_it_was() {
    for limit in [TimeoutType::ScheduleToClose, TimeoutType::ScheduleToStart, TimeoutType::StartToClose] {
        let mut bench = Bench::with_endpoint();
        let task = bench.task();
        let asked = operation(|asked| match limit {
            TimeoutType::ScheduleToClose => asked.schedule_to_close_timeout = seconds(5),
            TimeoutType::ScheduleToStart => asked.schedule_to_start_timeout = seconds(5),
            _ => asked.start_to_close_timeout = seconds(5),
        });
        bench.answer(&task, vec![asked]).expect("the operation can be asked for");
        if limit == TimeoutType::StartToClose {
            let task = bench.nexus_task().expect("there is a request");
            bench.respond(&task, running("t")).expect("the request is the worker's");
        }
        bench.pass(Duration::from_secs(5));
        let timed_out = last(&bench.events(), EventType::NexusOperationTimedOut);
        assert_eq!(chain(&timed_out), ["nexus operation completed unsuccessfully", "operation timed out"]);
        let cause = match timed_out.attributes {
            Some(EventAttributes::NexusOperationTimedOutEventAttributes(it)) => it.failure.and_then(|it| it.cause),
            _ => None,
        };
        match cause.and_then(|cause| cause.failure_info) {
            Some(FailureInfo::TimeoutFailureInfo(info)) => assert_eq!(info.timeout_type(), limit),
            other => panic!("this is no timeout: {other:?}"),
        }
    }
}

#[test]
fn a_handler_hears_that_it_should_stop_once_the_operation_runs() {
    let (mut bench, request) = Bench::with_operation();
    bench.signal("stop").expect("it runs");
    let task = bench.task();
    bench.answer(&task, vec![cancel(5)]).expect("the operation is pending");
    assert_eq!(bench.nexus_task(), None);
    assert_eq!(bench.pending().cancellation_info.map(|it| it.state()), Some(Canceling::Unspecified));
    bench.respond(&request, running("token")).expect("the request is the worker's");
    let request = bench.nexus_task().expect("the handler is told");
    match request.request.as_ref().and_then(|request| request.variant.as_ref()) {
        Some(RequestVariant::CancelOperation(it)) => assert_eq!(it.operation_token, "token"),
        other => panic!("this cancels nothing: {other:?}"),
    }
    let told = ResponseVariant::CancelOperation(CancelOperationResponse::default());
    bench.respond(&request, Some(Response { variant: Some(told) })).expect("the request is the worker's");
    assert_eq!(bench.pending().cancellation_info.map(|it| it.state()), Some(Canceling::Succeeded));
    let expected = [
        "10 nexus_operation_cancel_requested",
        "11 nexus_operation_started",
        "12 workflow_task_scheduled",
        "13 nexus_operation_cancel_request_completed",
    ];
    assert_eq!(bench.history()[9..], expected);
    let task = bench.task();
    let twice = bench.answer(&task, vec![cancel(5)]);
    let expected = "InvalidArgument: BadRequestCancelNexusOperationAttributes: cancelation was already requested for \
                    an operation with scheduled event ID 5";
    assert_eq!(words(twice), expected);
}

#[test]
fn the_end_of_a_workflow_completes_the_operation_that_started_it() {
    let (mut bench, request) = Bench::with_operation();
    let order = bench.start_order(&request).expect("the id is free");
    bench.respond(&request, running("token")).expect("the request is the worker's");
    bench.restart();
    bench.complete_order(&order);
    let completed = last(&bench.events(), EventType::NexusOperationCompleted);
    match completed.attributes {
        Some(EventAttributes::NexusOperationCompletedEventAttributes(it)) => {
            assert_eq!(it.result.map(|it| it.data).as_deref(), Some(b"result".as_slice()));
        }
        other => panic!("this completes nothing: {other:?}"),
    }
    assert_eq!(bench.description("order").callbacks[0].state(), CallbackState::Succeeded);
    assert!(bench.description("w").pending_nexus_operations.is_empty());
}

#[test]
fn a_workflow_that_ends_before_its_handler_has_answered_starts_the_operation_too() {
    let (mut bench, request) = Bench::with_operation();
    let order = bench.start_order(&request).expect("the id is free");
    let task = bench.task();
    bench.answer(&task, vec![complete()]).expect("the task is the worker's");
    let expected = ["6 nexus_operation_started", "7 nexus_operation_completed", "8 workflow_task_scheduled"];
    assert_eq!(bench.history()[5..], expected);
    let started = last(&bench.events(), EventType::NexusOperationStarted);
    match started.links.first().and_then(|link| link.variant.as_ref()) {
        Some(LinkVariant::WorkflowEvent(event)) => assert_eq!(event.run_id, order.run_id),
        other => panic!("this leads nowhere: {other:?}"),
    }
}

#[test]
fn a_start_that_finds_the_workflow_running_attaches_its_callback() {
    let (mut bench, request) = Bench::with_operation();
    let order = bench.world.start_workflow(start("order")).expect("the id is free");
    bench.respond(&request, running("token")).expect("the request is the worker's");
    let options = OnConflictOptions { attach_request_id: true, attach_completion_callbacks: true, attach_links: true };
    let start_request = start_request(&request);
    let nexus = Nexus { url: start_request.callback, header: start_request.callback_header };
    let joining = |options| StartWorkflowExecutionRequest {
        request_id: "another".into(),
        workflow_id_conflict_policy: WorkflowIdConflictPolicy::UseExisting.into(),
        on_conflict_options: Some(options),
        completion_callbacks: vec![Callback {
            variant: Some(CallbackVariant::Nexus(nexus.clone())),
            ..Default::default()
        }],
        ..start("order")
    };
    let anonymous = OnConflictOptions { attach_request_id: false, ..options };
    assert_eq!(
        words(bench.world.start_workflow(joining(anonymous))),
        "InvalidArgument: attaching request ID is required for attaching completion callbacks"
    );
    for _ in 0..2 {
        let joined = bench.world.start_workflow(joining(options)).expect("it may be joined");
        assert_eq!((joined.run_id, joined.started), (order.run_id.clone(), false));
        match joined.link.and_then(|link| link.variant) {
            Some(LinkVariant::WorkflowEvent(WorkflowEvent {
                reference: Some(Reference::RequestIdRef(it)), ..
            })) => {
                assert_eq!(it.request_id, "another");
            }
            other => panic!("this leads nowhere: {other:?}"),
        }
    }
    let description = bench.description("order");
    assert_eq!(description.callbacks.len(), 1);
    let infos = description.workflow_extended_info.expect("there is more").request_id_infos;
    assert_eq!(infos.get("another").map(|info| info.event_id), Some(3));
    bench.complete_order(&order);
    last(&bench.events(), EventType::NexusOperationCompleted);
}

#[test]
fn a_workflow_can_ask_the_server_itself_to_start_and_signal_another() {
    let mut bench = Bench::new();
    bench.start();
    let asked = SignalWithStartWorkflowExecutionRequest {
        workflow_id: "other".into(),
        workflow_type: start("other").workflow_type,
        task_queue: Some(queue()),
        signal_name: "hello".into(),
        ..Default::default()
    };
    let payload = |request: &SignalWithStartWorkflowExecutionRequest| Payload {
        metadata: [("encoding".into(), "binary/protobuf".into())].into(),
        data: request.encode_to_vec().into(),
        ..Default::default()
    };
    let system = |request| {
        operation(|it| {
            it.endpoint = "__temporal_system".into();
            it.service = "temporal.api.workflowservice.v1.WorkflowService".into();
            it.operation = "SignalWithStartWorkflowExecution".into();
            it.input = Some(payload(&request));
        })
    };
    let task = bench.task();
    let nameless = SignalWithStartWorkflowExecutionRequest { workflow_id: String::new(), ..asked.clone() };
    assert_eq!(
        words(bench.answer(&task, vec![system(nameless)])),
        "InvalidArgument: BadScheduleNexusOperationAttributes: WorkflowId is not set on request."
    );
    let task = bench.task();
    bench.answer(&task, vec![system(asked)]).expect("the operation can be asked for");
    let completed = last(&bench.events(), EventType::NexusOperationCompleted);
    assert_eq!(completed.links.len(), 1);
    let result = match completed.attributes {
        Some(EventAttributes::NexusOperationCompletedEventAttributes(it)) => it.result.unwrap_or_default(),
        other => panic!("this completes nothing: {other:?}"),
    };
    let response = SignalWithStartWorkflowExecutionResponse::decode(result.data).expect("it is a response");
    assert!(response.started);
    let info = bench.description("other").workflow_execution_info.expect("it is there");
    assert_eq!((info.execution.map(|it| it.run_id), info.history_length), (Some(response.run_id), 3));
}

#[test]
fn a_forged_callback_completes_nothing() {
    let (mut bench, request) = Bench::with_operation();
    let mut forged = request.clone();
    let variant = forged.request.as_mut().and_then(|request| request.variant.as_mut());
    if let Some(RequestVariant::StartOperation(start)) = variant {
        let token = start.callback_header.values_mut().next().expect("there is a token");
        let last = if token.ends_with('0') { "1" } else { "0" };
        token.replace_range(token.len() - 40..token.len() - 39, last);
    }
    bench.start_order(&forged).expect("the id is free");
    let task = bench.task();
    bench.answer(&task, vec![complete()]).expect("the task is the worker's");
    assert_eq!(bench.description("order").callbacks[0].state(), CallbackState::Failed);
    assert_eq!(bench.pending().state(), Pending::Scheduled);
}

#[test]
fn operations_are_refused_in_the_words_of_the_real_server() {
    let unknown = operation(|asked| asked.endpoint = "nowhere".into());
    let negative = operation(|asked| asked.schedule_to_close_timeout = seconds(-1));
    let reserved = operation(|asked| {
        asked.nexus_header.insert("Request-Timeout".into(), "1s".into());
    });
    let attributes = "BadScheduleNexusOperationAttributes";
    let field = "ScheduleNexusOperationCommandAttributes";
    for (asked, expected) in [
        (vec![unknown], format!("{attributes}: endpoint \"nowhere\" not found")),
        (vec![negative], format!("{attributes}: {field}.ScheduleToCloseTimeout is invalid: negative duration")),
        (
            vec![reserved],
            format!("{attributes}: {field}.NexusHeader contains a disallowed header key: \"request-timeout\""),
        ),
        (
            vec![operation(|_| ()); 31],
            "PendingNexusOperationsLimitExceeded: workflow has reached the pending nexus operation limit of 30 for \
             this namespace"
                .to_owned(),
        ),
    ] {
        let mut bench = Bench::with_endpoint();
        let task = bench.task();
        assert_eq!(words(bench.answer(&task, asked)), format!("InvalidArgument: {expected}"));
        assert_eq!(bench.nexus_task(), None);
    }
}

#[test]
fn what_waited_for_a_handler_waits_for_it_after_a_restart() {
    let mut bench = Bench::with_endpoint();
    let task = bench.task();
    bench.answer(&task, vec![operation(|_| ())]).expect("the operation can be asked for");
    bench.restart();
    let request = bench.nexus_task().expect("the request is there again");
    bench.respond(&request, succeeded("done")).expect("the request is the worker's");
    assert_eq!(bench.history()[5..], ["6 nexus_operation_completed", "7 workflow_task_scheduled"]);
}
