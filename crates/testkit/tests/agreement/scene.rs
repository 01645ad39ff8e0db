//! A world, a worker, and what happens to them.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use bytes::Bytes;
use perpetua_proto::common::{Payloads, WorkflowExecution, WorkflowType};
use perpetua_proto::failure::failure::FailureInfo;
use perpetua_proto::failure::{ApplicationFailureInfo, Failure};
use perpetua_proto::history::HistoryEvent;
use perpetua_proto::taskqueue::TaskQueue;
use perpetua_proto::workflowservice::*;
use perpetua_proto::{query, update};
use perpetua_server_core::{Answer, Batch, CallId, Changes, Code, Kind, Record, Reply, Time, World};
use perpetua_testkit::programs::{COUNTED, Input, Place, Plan};
use perpetua_testkit::{Dice, fuzz, replay_at_every_cut};
use perpetua_vocab::{Event, wire};
use serde::Serialize;

use crate::history;
use crate::worker::{STICKY, Said, Worker};

/// When every scene begins: 2001-09-09.
const BEGINNING: Time = Time::from_nanos(1_000_000_000_000_000_000);
/// How often something happens before everything is brought to an end.
const STEPS: usize = 120;
/// More steps to the end than any scene takes.
const LAST_STEPS: usize = 6000;

/// What happened in scenes, and how often.
#[derive(Debug, Default)]
pub(crate) struct Seen(BTreeMap<&'static str, u32>);

impl Seen {
    fn note(&mut self, what: &'static str) {
        *self.0.entry(what).or_default() += 1;
    }

    pub(crate) fn add(&mut self, other: &Self) {
        for (what, count) in &other.0 {
            *self.0.entry(what).or_default() += count;
        }
    }

    /// How often everything that may happen did.
    pub(crate) fn counts(&self) -> impl Iterator<Item = (&'static str, u32)> {
        let all = [
            "task",
            "lost task",
            "failed task",
            "late answer",
            "second answer",
            "query",
            "update",
            "signal",
            "activity",
            "failed activity",
            "lost activity",
            "timer",
            "crash",
            "eviction",
            "cancellation",
            "next run",
            "child",
        ];
        all.into_iter().map(|what| (what, self.0.get(what).copied().unwrap_or_default()))
    }
}

/// A world, a worker, and what happens to them.
pub(crate) struct Scene {
    dice: Dice,
    world: World,
    worker: Worker,
    calls: u64,
    replies: BTreeMap<CallId, Answer<Reply>>,
    /// Everything that was stored, as a file has it.
    records: BTreeMap<(Kind, String), Vec<u8>>,
    batches: BTreeMap<(String, i64), Bytes>,
    /// Tasks that were handed out, and not answered.
    tasks: Vec<PollWorkflowTaskQueueResponse>,
    activities: Vec<PollActivityTaskQueueResponse>,
    /// Updates that were accepted, and queries that were asked.
    waiting: BTreeSet<CallId>,
    counted: u32,
    seen: Seen,
}

impl Scene {
    /// Plays what a seed says; what happened.
    ///
    /// # Panics
    /// When server and worker disagree.
    pub(crate) fn play(seed: u64) -> Seen {
        let mut scene = Self {
            dice: Dice::of(seed.wrapping_mul(1000) + 1),
            world: World::new(seed, BEGINNING),
            worker: Worker::new(),
            calls: 0,
            replies: BTreeMap::new(),
            records: BTreeMap::new(),
            batches: BTreeMap::new(),
            tasks: Vec::new(),
            activities: Vec::new(),
            waiting: BTreeSet::new(),
            counted: 0,
            seen: Seen::default(),
        };
        let request = RegisterNamespaceRequest {
            namespace: "default".into(),
            workflow_execution_retention_period: Some(perpetua_proto::protobuf::Duration {
                seconds: 24 * 3600,
                nanos: 0,
            }),
            ..Default::default()
        };
        scene.world.register_namespace(request).expect("the namespace is new");
        let waits = Input { plans: vec![Plan::WaitToBeCanceled], other: String::new(), count: 0, log: Vec::new() };
        scene.start("other", &waits);
        let dice = &mut Dice::of(seed.wrapping_mul(1000));
        let plans = (0..2 + dice.below(2)).map(|_| Plan::random(dice, Place::MAIN)).collect();
        scene.start("program", &Input { plans, other: "other".into(), count: 0, log: Vec::new() });
        for _ in 0..STEPS {
            scene.happen();
            scene.keep();
        }
        scene.end();
        scene.check();
        scene.seen
    }

    /// Something happens.
    fn happen(&mut self) {
        match self.dice.below(30) {
            0..=6 => self.poll_task(),
            7..=12 => self.answer_task(),
            13..=14 => self.poll_activity(),
            15..=17 => self.end_activity(),
            18..=19 => self.pass(),
            20..=21 => self.signal(),
            22..=23 => self.update(),
            24..=25 => self.query(),
            26 => self.worker.evict_any(&mut self.dice),
            27 => self.lose(),
            28 => self.crash(),
            _ if self.dice.one_in(6) => self.cancel("program"),
            _ => self.poll_task(),
        }
    }

    /// Brings everything to its end.
    fn end(&mut self) {
        for _ in 0..LAST_STEPS {
            if self.open().is_empty() {
                return;
            }
            self.keep();
            self.poll_task();
            if !self.tasks.is_empty() {
                self.complete_task();
                continue;
            }
            self.poll_activity();
            if let Some(activity) = self.activities.pop() {
                self.complete_activity(&activity);
                continue;
            }
            if self.counted < COUNTED {
                self.count();
                continue;
            }
            if self.dice.one_in(3) {
                for id in self.open() {
                    self.cancel(&id);
                }
            }
            self.pass();
        }
        panic!("these do not end: {:?}", self.open());
    }

    // What a worker does
    // ------------------

    fn poll_task(&mut self) {
        for (name, kind) in [(STICKY, 2), ("queue", 1)] {
            let normal_name = if kind == 2 { "queue".into() } else { String::new() };
            let request = PollWorkflowTaskQueueRequest {
                namespace: "default".into(),
                task_queue: Some(TaskQueue { name: name.into(), kind, normal_name }),
                identity: "worker".into(),
                ..Default::default()
            };
            let reply = self.ask_briefly(|world, call| world.poll_workflow_task(call, request));
            match reply {
                Ok(Reply::WorkflowTask(task)) if !task.task_token.is_empty() => self.tasks.push(*task),
                Ok(Reply::WorkflowTask(_)) => {}
                other => panic!("a poll is answered with {other:?}"),
            }
        }
    }

    /// A task is answered: well, badly, late, twice.
    fn answer_task(&mut self) {
        if self.tasks.is_empty() {
            return self.poll_task();
        }
        match self.dice.below(12) {
            0 => {
                let task = self.tasks.pop().expect("there is a task");
                if task.query.is_some() {
                    return;
                }
                self.forget_run_of(&task);
                let failed = RespondWorkflowTaskFailedRequest {
                    task_token: task.task_token,
                    cause: 1,
                    identity: "worker".into(),
                    namespace: "default".into(),
                    ..Default::default()
                };
                self.seen.note("failed task");
                accept_or_gone(self.world.respond_workflow_task_failed(failed));
            }
            _ => self.complete_task(),
        }
    }

    fn complete_task(&mut self) {
        let at = self.dice.place(self.tasks.len());
        let task = self.tasks.remove(at);
        let run = task.workflow_execution.clone().unwrap_or_default();
        let history = self.history(&run);
        if history.is_empty() {
            return;
        }
        let speculative = task.clone();
        match self.worker.work(&mut self.dice, task, &history) {
            Said::Query(answer) => accept_or_gone(self.world.respond_query_task_completed(*answer)),
            Said::Task(answer) => {
                let again = answer.clone();
                match self.world.respond_workflow_task_completed(*answer) {
                    Ok(accepted) => {
                        self.seen.note("task");
                        if accepted.reset_history_event_id != 0 {
                            self.forget_run_of(&speculative);
                        }
                        self.tasks.extend(accepted.workflow_task);
                    }
                    Err(refusal) if refusal.code == Code::NotFound => {
                        self.seen.note("late answer");
                        self.worker.evict(&run.run_id);
                    }
                    // It closed the run, and something new had come.
                    Err(refusal) if refusal.message.contains("UnhandledCommand") => self.worker.evict(&run.run_id),
                    Err(refusal) => panic!("the server does not accept the answer: {refusal}\n{again:#?}"),
                }
                if self.dice.one_in(10) {
                    self.keep();
                    let refused = self.world.respond_workflow_task_completed(*again).expect_err("it was answered");
                    assert_eq!(refused.code, Code::NotFound, "{refused}");
                    assert_eq!(self.world.take_changes(), Changes::default(), "a second answer changes nothing");
                    self.seen.note("second answer");
                }
            }
        }
    }

    fn forget_run_of(&mut self, task: &PollWorkflowTaskQueueResponse) {
        let run = task.workflow_execution.as_ref().map_or("", |execution| &execution.run_id);
        self.worker.evict(run);
    }

    fn poll_activity(&mut self) {
        let request = PollActivityTaskQueueRequest {
            namespace: "default".into(),
            task_queue: Some(TaskQueue { name: "queue".into(), ..Default::default() }),
            identity: "worker".into(),
            ..Default::default()
        };
        match self.ask_briefly(|world, call| world.poll_activity_task(call, request)) {
            Ok(Reply::ActivityTask(task)) if !task.task_token.is_empty() => self.activities.push(*task),
            Ok(Reply::ActivityTask(_)) => {}
            other => panic!("a poll is answered with {other:?}"),
        }
    }

    fn end_activity(&mut self) {
        let Some(activity) = self.activities.pop() else { return self.poll_activity() };
        if self.dice.one_in(3) {
            let info = ApplicationFailureInfo { r#type: "Odd".into(), ..Default::default() };
            let failure = Failure {
                message: "it went wrong".into(),
                failure_info: Some(FailureInfo::ApplicationFailureInfo(info)),
                ..Default::default()
            };
            let failed = RespondActivityTaskFailedRequest {
                task_token: activity.task_token,
                failure: Some(failure),
                identity: "worker".into(),
                ..Default::default()
            };
            self.seen.note("failed activity");
            accept_or_gone(self.world.respond_activity_failed(failed));
        } else {
            self.complete_activity(&activity);
        }
    }

    fn complete_activity(&mut self, activity: &PollActivityTaskQueueResponse) {
        self.seen.note("activity");
        accept_or_gone(self.world.respond_activity_completed(RespondActivityTaskCompletedRequest {
            task_token: activity.task_token.clone(),
            result: Some(payloads(&1)),
            identity: "worker".into(),
            ..Default::default()
        }));
    }

    /// A worker dies with what it was given.
    fn lose(&mut self) {
        if self.dice.one_in(2) {
            if let Some(task) = self.tasks.pop() {
                self.forget_run_of(&task);
                self.seen.note("lost task");
            }
        } else if self.activities.pop().is_some() {
            self.seen.note("lost activity");
        }
        self.seen.note("eviction");
    }

    // What happens to workflows
    // -------------------------

    fn start(&mut self, id: &str, input: &Input) {
        let request = StartWorkflowExecutionRequest {
            namespace: "default".into(),
            workflow_id: id.into(),
            workflow_type: Some(WorkflowType { name: "Program".into() }),
            task_queue: Some(TaskQueue { name: "queue".into(), ..Default::default() }),
            input: Some(payloads(input)),
            identity: "client".into(),
            ..Default::default()
        };
        self.world.start_workflow(request).expect("the workflow starts");
    }

    fn count(&mut self) {
        self.counted += 1;
        for id in self.open() {
            self.send(&id, "count", None);
        }
    }

    fn signal(&mut self) {
        self.seen.note("signal");
        if self.dice.one_in(2) {
            return self.send("program", "count", None);
        }
        let plan = Plan::random(&mut self.dice, Place::HANDLER);
        self.send("program", "plan", Some(payloads(&plan)));
    }

    fn send(&mut self, id: &str, name: &str, input: Option<Payloads>) {
        accept_or_gone(self.world.signal_workflow(SignalWorkflowExecutionRequest {
            namespace: "default".into(),
            workflow_execution: Some(execution(id)),
            signal_name: name.into(),
            input,
            identity: "client".into(),
            ..Default::default()
        }));
    }

    fn update(&mut self) {
        self.seen.note("update");
        let (name, args) = if self.dice.one_in(2) {
            ("step", None)
        } else {
            ("act", Some(payloads(&Plan::random(&mut self.dice, Place::HANDLER))))
        };
        let request = UpdateWorkflowExecutionRequest {
            namespace: "default".into(),
            workflow_execution: Some(execution("program")),
            wait_policy: Some(update::WaitPolicy { lifecycle_stage: 3 }),
            request: Some(update::Request {
                meta: Some(update::Meta::default()),
                input: Some(update::Input { name: name.into(), args, ..Default::default() }),
                ..Default::default()
            }),
            ..Default::default()
        };
        self.ask(|world, call| world.update_workflow(call, request));
    }

    fn query(&mut self) {
        self.seen.note("query");
        let request = QueryWorkflowRequest {
            namespace: "default".into(),
            execution: Some(execution("program")),
            query: Some(query::WorkflowQuery { query_type: "log".into(), ..Default::default() }),
            ..Default::default()
        };
        self.ask(|world, call| world.query_workflow(call, request));
    }

    fn cancel(&mut self, id: &str) {
        self.seen.note("cancellation");
        accept_or_gone(self.world.request_cancel(RequestCancelWorkflowExecutionRequest {
            namespace: "default".into(),
            workflow_execution: Some(execution(id)),
            ..Default::default()
        }));
    }

    /// Time passes: to what is next, or a little.
    fn pass(&mut self) {
        let little = self.world.now().plus(Duration::from_millis(self.dice.below(20)));
        let to = match self.world.next_due() {
            Some(next) if self.dice.one_in(2) => next,
            _ => little,
        };
        self.seen.note("timer");
        self.world.advance(to.max(self.world.now()));
    }

    /// The server is killed, and made again of what was stored.
    fn crash(&mut self) {
        self.seen.note("crash");
        self.keep();
        let records = self.records.iter();
        let records =
            records.map(|((kind, key), value)| Record { kind: *kind, key: key.clone(), value: Some(value.clone()) });
        let batches = self.batches.iter();
        let batches =
            batches.map(|((run, first), events)| Batch { run: run.clone(), first: *first, events: events.clone() });
        let stored = Changes { records: records.collect(), batches: batches.collect() };
        let seed = self.dice.below(u64::MAX);
        self.world = World::restore(seed, self.world.now(), stored).expect("what was stored can be read");
        self.waiting.clear();
        self.replies.clear();
    }

    // What is seen of it
    // ------------------

    /// Stores what has changed, and hears the replies.
    fn keep(&mut self) {
        let Changes { records, batches } = self.world.take_changes();
        for Record { kind, key, value } in records {
            match value {
                Some(value) => drop(self.records.insert((kind, key), value)),
                None => {
                    self.batches.retain(|(run, _), _| kind != Kind::Run || *run != key);
                    self.records.remove(&(kind, key));
                }
            }
        }
        for Batch { run, first, events } in batches {
            let before = self.batches.insert((run, first), events);
            assert!(before.is_none(), "a batch is stored once");
        }
        for (call, answer) in self.world.take_replies() {
            if self.waiting.remove(&call)
                && let Err(refusal) = &answer
            {
                let expected = [Code::NotFound, Code::FailedPrecondition, Code::InvalidArgument];
                assert!(expected.contains(&refusal.code), "a call is refused: {refusal}");
            }
            self.replies.insert(call, answer);
        }
    }

    /// Asks for something that takes its time.
    fn ask(&mut self, ask: impl FnOnce(&mut World, CallId) -> Answer<()>) {
        self.calls += 1;
        let call = CallId(self.calls);
        match ask(&mut self.world, call) {
            Ok(()) => drop(self.waiting.insert(call)),
            Err(refusal) => {
                let expected = [Code::NotFound, Code::FailedPrecondition, Code::ResourceExhausted];
                assert!(expected.contains(&refusal.code), "a call is refused: {refusal}");
            }
        }
    }

    /// Asks for something, and takes what there is.
    fn ask_briefly(&mut self, ask: impl FnOnce(&mut World, CallId) -> Answer<()>) -> Answer<Reply> {
        self.calls += 1;
        let call = CallId(self.calls);
        ask(&mut self.world, call)?;
        self.keep();
        if !self.replies.contains_key(&call) {
            self.world.expire(call);
            self.keep();
        }
        self.replies.remove(&call).expect("a call that is given up is answered")
    }

    /// The workflows that are open, by their ids.
    fn open(&mut self) -> Vec<String> {
        let runs: Vec<_> = self.runs().into_iter().collect();
        let open = runs.into_iter().filter(|(id, run)| {
            let request = DescribeWorkflowExecutionRequest {
                namespace: "default".into(),
                execution: Some(WorkflowExecution { workflow_id: id.clone(), run_id: run.clone() }),
            };
            let described = self.world.describe_workflow(&request).expect("the run is there");
            described.workflow_execution_info.is_some_and(|info| info.status == 1)
        });
        open.map(|(id, _)| id).collect()
    }

    /// All runs that there ever were, by workflow id and run id: those that were started, and who came of them.
    fn runs(&mut self) -> BTreeSet<(String, String)> {
        let mut found = BTreeSet::new();
        let mut wanted: Vec<WorkflowExecution> = ["other", "program"].map(execution).into();
        while let Some(run) = wanted.pop() {
            let events = self.history(&run);
            use perpetua_proto::history::history_event::Attributes as A;
            for event in events {
                match event.attributes {
                    Some(A::WorkflowExecutionStartedEventAttributes(started)) => {
                        if !found.insert((run.workflow_id.clone(), started.original_execution_run_id.clone())) {
                            break;
                        }
                        if !started.continued_execution_run_id.is_empty() {
                            let run_id = started.continued_execution_run_id.clone();
                            wanted.push(WorkflowExecution { workflow_id: run.workflow_id.clone(), run_id });
                        }
                    }
                    Some(A::ChildWorkflowExecutionStartedEventAttributes(child)) => {
                        // The newest of its runs, which leads to those before.
                        let child = child.workflow_execution.unwrap_or_default();
                        wanted.push(execution(&child.workflow_id));
                    }
                    _ => {}
                }
            }
        }
        found
    }

    /// Everything that is stored of a run.
    fn history(&mut self, run: &WorkflowExecution) -> Vec<HistoryEvent> {
        let mut events = Vec::new();
        let mut next_page_token = Bytes::new();
        loop {
            let request = GetWorkflowExecutionHistoryRequest {
                namespace: "default".into(),
                execution: Some(run.clone()),
                next_page_token,
                ..Default::default()
            };
            let Ok(Reply::History(page)) = self.ask_briefly(|world, call| world.history(call, request)) else {
                return Vec::new();
            };
            events.extend(page.history.unwrap_or_default().events);
            next_page_token = page.next_page_token;
            if next_page_token.is_empty() {
                return events;
            }
        }
    }

    /// Everything is over: all histories are well formed, and replay in whatever pages they come.
    fn check(&mut self) {
        let workflows = fuzz::workflows();
        for (workflow_id, run_id) in self.runs() {
            let run = WorkflowExecution { workflow_id: workflow_id.clone(), run_id };
            let events = self.history(&run);
            history::check(&events);
            if !workflow_id.starts_with("program") && workflow_id != "other" {
                self.seen.note("child");
            }
            use perpetua_proto::history::history_event::Attributes as A;
            if let Some(A::WorkflowExecutionStartedEventAttributes(started)) = &events[0].attributes
                && !started.continued_execution_run_id.is_empty()
            {
                self.seen.note("next run");
            }
            let read: Vec<Event> =
                wire::history(perpetua_proto::history::History { events }).expect("the history can be read");
            if let Err(problem) = replay_at_every_cut(&workflows, &read) {
                panic!("the history of {workflow_id} does not replay: {problem}\n{read:#?}");
            }
        }
    }
}

/// What has been asked for is done, or comes too late.
fn accept_or_gone<T: std::fmt::Debug>(answer: Answer<T>) {
    if let Err(refusal) = answer {
        assert_eq!(refusal.code, Code::NotFound, "{refusal}");
    }
}

fn execution(id: &str) -> WorkflowExecution {
    WorkflowExecution { workflow_id: id.into(), run_id: String::new() }
}

fn payloads(value: &impl Serialize) -> Payloads {
    let payload = perpetua_proto::common::Payload {
        metadata: [("encoding".to_owned(), "json/plain".into())].into(),
        data: serde_json::to_vec(value).expect("values can be written").into(),
        ..Default::default()
    };
    Payloads { payloads: vec![payload] }
}
