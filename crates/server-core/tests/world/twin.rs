//! A second world, made after every step of what the first has stored: it must know the same and have the same to do.

use std::collections::BTreeMap;

use bytes::Bytes;
use perpetua_proto::common::WorkflowExecution;
use perpetua_proto::enums::{
    EventType, PendingActivityState, PendingWorkflowTaskState, WorkflowExecutionStatus as Status,
};
use perpetua_proto::history::HistoryEvent;
use perpetua_proto::history::history_event::Attributes;
use perpetua_proto::taskqueue::TaskQueue;
use perpetua_proto::workflowservice::*;
use perpetua_server_core::{Batch, CallId, Changes, Kind, Record, Reply, World};
use prost::Message;

/// Long tests are compared at their beginning.
const COMPARED: usize = 150;

/// Everything that a world has stored.
#[derive(Default)]
pub(crate) struct Twin {
    records: BTreeMap<(Kind, String), Vec<u8>>,
    batches: BTreeMap<(String, i64), Bytes>,
    compared: usize,
    /// Whether workers get something else after a restart: because of rates, or because they are of versions.
    pub(crate) has_other_work: bool,
}

/// What names a run, as it is stored.
#[derive(Clone, PartialEq, Message)]
struct Name {
    #[prost(string, tag = "1")]
    namespace: String,
    #[prost(string, tag = "2")]
    workflow_id: String,
    #[prost(string, tag = "3")]
    run_id: String,
}

impl Twin {
    /// Stores what has changed.
    pub(crate) fn store(&mut self, changes: Changes) {
        for Batch { run, first, events } in changes.batches {
            assert!(self.batches.insert((run, first), events).is_none(), "a batch is stored once");
        }
        for Record { kind, key, value } in changes.records {
            if kind == Kind::Run && value.is_none() {
                self.batches.retain(|(run, _), _| *run != key);
            }
            match value {
                Some(value) => self.records.insert((kind, key), value),
                None => self.records.remove(&(kind, key)),
            };
        }
    }

    /// Everything that is stored.
    pub(crate) fn everything(&self) -> Changes {
        let record = |((kind, key), value): (&(Kind, String), &Vec<u8>)| Record {
            kind: *kind,
            key: key.clone(),
            value: Some(value.clone()),
        };
        let batch = |((run, first), events): (&(String, i64), &Bytes)| Batch {
            run: run.clone(),
            first: *first,
            events: events.clone(),
        };
        Changes {
            records: self.records.iter().map(record).collect(),
            batches: self.batches.iter().map(batch).collect(),
        }
    }

    /// Compares a world with one that is made of what it has stored.
    pub(crate) fn compare(&mut self, world: &mut World) {
        self.store(world.take_changes());
        self.compared += 1;
        if self.compared > COMPARED {
            return;
        }
        let mut twin = World::restore(9, world.now(), self.everything()).expect("what was stored can be read");
        let runs = self.records.iter().filter(|((kind, _), _)| *kind == Kind::Run);
        let all = ListNamespacesRequest::default();
        assert_eq!(twin.list_namespaces(&all), world.list_namespaces(&all));
        let mut same_tasks = true;
        for name in runs.map(|(_, value)| Name::decode(&**value).expect("it is a run")) {
            same_tasks &= compare_run(world, &mut twin, &name);
        }
        if same_tasks && !self.has_other_work {
            assert_eq!(twin.next_due(), world.next_due(), "the same is due next");
        }
        // Nothing that was only restored is stored again, but for the server itself.
        let stored = twin.take_changes();
        assert!(!same_tasks || stored.batches.is_empty());
        if !self.has_other_work {
            self.compare_work(&mut twin);
        }
    }

    /// What is said to wait for workers is what workers get.
    fn compare_work(&self, twin: &mut World) {
        let (mut tasks, mut activities) = (BTreeMap::<_, usize>::new(), BTreeMap::<_, usize>::new());
        let runs = self.records.iter().filter(|((kind, _), _)| *kind == Kind::Run);
        for name in runs.map(|(_, value)| Name::decode(&**value).expect("it is a run")) {
            let (described, events) = (describe(twin, &name), history(twin, &name));
            if let Some(task) = described.pending_workflow_task
                && task.state() == PendingWorkflowTaskState::Scheduled
                && let Some(queue) = task_queue(&events, task.attempt)
            {
                *tasks.entry((name.namespace.clone(), queue)).or_default() += 1;
            }
            let is_paused = described.workflow_execution_info.is_some_and(|info| info.status() == Status::Paused);
            for activity in described.pending_activities.into_iter().filter(|_| !is_paused) {
                let waits = activity.state() == PendingActivityState::Scheduled && !activity.paused;
                let later = activity.next_attempt_schedule_time.is_some();
                let queue = activity.activity_options.and_then(|options| options.task_queue).unwrap_or_default();
                if waits && !later {
                    *activities.entry((name.namespace.clone(), queue.name)).or_default() += 1;
                }
            }
        }
        for ((namespace, queue), count) in tasks {
            let got = (0..count + 1).filter(|n| has_task(twin, *n as u64, &namespace, &queue)).count();
            assert_eq!(got, count, "workflow tasks on {queue}");
        }
        for ((namespace, queue), count) in activities {
            let got = (0..count + 1).filter(|n| has_activity(twin, *n as u64, &namespace, &queue)).count();
            assert_eq!(got, count, "activities on {queue}");
        }
    }
}

/// Whether both have the same workflow task; one that is there for updates alone is not stored.
fn compare_run(world: &mut World, twin: &mut World, name: &Name) -> bool {
    let (mut before, mut after) = (describe(world, name), describe(twin, name));
    let (events, restored) = (history(world, name), history(twin, name));
    let is_open = |event: &HistoryEvent| event.event_type() == EventType::WorkflowTaskScheduled;
    let ended = [
        EventType::WorkflowTaskCompleted,
        EventType::WorkflowTaskFailed,
        EventType::WorkflowTaskTimedOut,
        EventType::WorkflowExecutionTerminated,
    ];
    let last = events.iter().rfind(|event| is_open(event) || ended.contains(&event.event_type()));
    let task = before.pending_workflow_task.as_ref();
    if task.is_some_and(|task| task.attempt <= 1) && !last.is_some_and(is_open) {
        // What was held back for it is released; the rest is as it was.
        assert_eq!(restored[..events.len()], events[..]);
        return false;
    }
    assert_eq!(restored, events);
    for described in [&mut before, &mut after] {
        // The same, in any order.
        described.pending_activities.sort_by(|a, b| a.activity_id.cmp(&b.activity_id));
    }
    assert_eq!(after, before);
    true
}

fn execution(name: &Name) -> Option<WorkflowExecution> {
    Some(WorkflowExecution { workflow_id: name.workflow_id.clone(), run_id: name.run_id.clone() })
}

fn describe(world: &mut World, name: &Name) -> DescribeWorkflowExecutionResponse {
    let request = DescribeWorkflowExecutionRequest { namespace: name.namespace.clone(), execution: execution(name) };
    world.describe_workflow(&request).expect("the run is there")
}

fn history(world: &mut World, name: &Name) -> Vec<HistoryEvent> {
    let request = GetWorkflowExecutionHistoryReverseRequest {
        namespace: name.namespace.clone(),
        execution: execution(name),
        ..Default::default()
    };
    let page = world.history_reverse(&request).expect("the run is there");
    let mut events = page.history.unwrap_or_default().events;
    events.reverse();
    events
}

/// The queue of the pending task, where its event is written.
fn task_queue(events: &[HistoryEvent], attempt: i32) -> Option<String> {
    let queue = events.iter().rev().find_map(|event| match event.attributes.as_ref()? {
        Attributes::WorkflowTaskScheduledEventAttributes(it) if attempt <= 1 => Some(it.task_queue.as_ref()),
        Attributes::WorkflowExecutionStartedEventAttributes(it) => Some(it.task_queue.as_ref()),
        _ => None,
    });
    queue.flatten().map(|queue| queue.name.clone())
}

fn has_task(world: &mut World, number: u64, namespace: &str, queue: &str) -> bool {
    let call = CallId(u64::MAX - number);
    let request = PollWorkflowTaskQueueRequest {
        namespace: namespace.to_owned(),
        task_queue: Some(TaskQueue { name: queue.to_owned(), ..Default::default() }),
        ..Default::default()
    };
    world.poll_workflow_task(call, request).expect("a worker may poll");
    world.expire(call);
    let replies = world.take_replies();
    replies.iter().any(|(_, reply)| matches!(reply, Ok(Reply::WorkflowTask(task)) if !task.task_token.is_empty()))
}

fn has_activity(world: &mut World, number: u64, namespace: &str, queue: &str) -> bool {
    let call = CallId(u64::MAX - number);
    let request = PollActivityTaskQueueRequest {
        namespace: namespace.to_owned(),
        task_queue: Some(TaskQueue { name: queue.to_owned(), ..Default::default() }),
        ..Default::default()
    };
    world.poll_activity_task(call, request).expect("a worker may poll");
    world.expire(call);
    let replies = world.take_replies();
    replies.iter().any(|(_, reply)| matches!(reply, Ok(Reply::ActivityTask(task)) if !task.task_token.is_empty()))
}
