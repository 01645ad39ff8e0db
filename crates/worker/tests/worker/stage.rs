//! Workflows that do what a test tells them to, and histories for them.

use std::collections::BTreeMap;
use std::future::poll_fn;
use std::rc::Rc;
use std::sync::{Arc, Condvar, LazyLock, Mutex};
use std::task::{Poll, Waker};
use std::time::Duration;

use perpetua_contract::{Activity, ActivityDefinition, WorkflowCall, WorkflowDefinition};
use perpetua_convert::{AnyError, WorkflowError};
use perpetua_proto::enums::EventType;
use perpetua_proto::history::history_event::Attributes;
use perpetua_proto::history::{
    History, HistoryEvent, WorkflowExecutionCompletedEventAttributes, WorkflowExecutionSignaledEventAttributes,
    WorkflowExecutionStartedEventAttributes, WorkflowTaskCompletedEventAttributes,
    WorkflowTaskScheduledEventAttributes, WorkflowTaskStartedEventAttributes,
};
use perpetua_proto::query::WorkflowQuery;
use perpetua_proto::workflowservice::PollWorkflowTaskQueueResponse;
use perpetua_proto::{common, taskqueue};
use perpetua_vocab::RetryPolicy;
use perpetua_workflow::implementation::{Handlers, Handling, LocalFuture, WorkflowImplementation};
use perpetua_workflow::{ActivityFuture, Ctx, State};

use crate::script::json;

/// A workflow that is told what to do, and counts the signal `tick`.
pub(crate) struct Scripted {
    ticks: State<u32>,
}

/// The call of [`Scripted`], by which it is registered.
pub(crate) fn scripted(what: String) -> WorkflowCall<Scripted> {
    WorkflowCall::new((what,))
}

impl WorkflowDefinition for Scripted {
    const NAME: &'static str = "scripted";
    type Input = (String,);
    type Output = String;
    type Error = AnyError;
    type Handle<T> = T;

    fn handle<T>(target: T) -> T {
        target
    }
}

impl WorkflowImplementation for Scripted {
    fn create(_ctx: &Ctx, _input: &Self::Input) -> Self {
        Self { ticks: State::new(0) }
    }

    fn run(self: Rc<Self>, ctx: Ctx, (what,): (String,)) -> LocalFuture<Result<String, WorkflowError<AnyError>>> {
        Box::pin(async move {
            let (verb, object) = what.split_once(' ').unwrap_or((&what, ""));
            match verb {
                "echo" => Ok(object.to_owned()),
                "panic" => panic!("as I was told"),
                "wait" => {
                    ctx.wait_until(|| self.ticks.get() >= 2).await?;
                    Ok(format!("{} ticks", self.ticks.get()))
                }
                "block" => {
                    Gate::of(object).block();
                    Ok("unblocked".to_owned())
                }
                "spin" => {
                    Gate::of(object).spin();
                    Ok("unblocked".to_owned())
                }
                "clock" => Ok(format!("{:?}", std::time::SystemTime::now())),
                "ask" => {
                    for activity in activities(&ctx, object) {
                        activity.await?;
                    }
                    Ok("done".to_owned())
                }
                "local" => {
                    let calls = object.split(' ').map(|number| {
                        let number: u32 = number.parse().expect("a number");
                        let call = Activity::named("double").args((number,)).returning::<u32>();
                        ctx.local_activity(call).start_to_close(Duration::from_secs(60)).retry(RetryPolicy::none())
                    });
                    let results: Vec<_> = ctx.join_all(calls).await;
                    Ok(results.into_iter().map(|result| format!("{result:?}")).collect::<Vec<_>>().join(" "))
                }
                "leave" => {
                    let activities = activities(&ctx, object);
                    drop(ctx.spawn(async move {
                        for activity in activities {
                            let _ = activity.await; // the run is over before
                        }
                    }));
                    Ok("left".to_owned())
                }
                "listen" => {
                    let ear = Ear::of(object);
                    poll_fn(|cx| {
                        *ear.0.lock().expect("not poisoned") = Some(cx.waker().clone());
                        Poll::<()>::Pending
                    })
                    .await;
                    unreachable!("it is never ready")
                }
                other => Err(AnyError::message(format!("cannot {other}")).into()),
            }
        })
    }

    fn handlers(handlers: &mut Handlers<Self>) {
        handlers.signal("tick", |workflow: Rc<Self>, _ctx, (): ()| {
            workflow.ticks.update(|ticks| *ticks += 1);
            Handling::Done(())
        });
        handlers.query("ticks", |workflow: &Self, (): ()| workflow.ticks.get());
    }
}

/// Starts activities that are known by their names, each with an own number: `double double@queue`.
fn activities(ctx: &Ctx, names: &str) -> Vec<ActivityFuture<impl ActivityDefinition<Output = u32, Error = AnyError>>> {
    let calls = names.split(' ').zip(1_u32..).map(|(name, number)| {
        let (name, queue) = name.split_once('@').unwrap_or((name, "orders"));
        let call = Activity::named(name.to_owned()).args((number,)).returning::<u32>();
        ctx.activity(call).task_queue(queue).start_to_close(Duration::from_secs(60)).start()
    });
    calls.collect()
}

/// Something that blocks a thread until the test opens it.
#[derive(Default)]
pub(crate) struct Gate {
    open: Mutex<bool>,
    opened: Condvar,
}

/// The waker of somebody who listens to what is not part of the workflow.
#[derive(Default)]
pub(crate) struct Ear(Mutex<Option<Waker>>);

/// Things that tests share with their workflows, by a name of the test's own.
type Shared<T> = LazyLock<Mutex<BTreeMap<String, Arc<T>>>>;

static GATES: Shared<Gate> = LazyLock::new(Mutex::default);
static EARS: Shared<Ear> = LazyLock::new(Mutex::default);

impl Gate {
    pub(crate) fn of(name: &str) -> Arc<Self> {
        Arc::clone(GATES.lock().expect("not poisoned").entry(name.to_owned()).or_default())
    }

    fn block(&self) {
        let open = self.open.lock().expect("not poisoned");
        drop(self.opened.wait_while(open, |open| !*open).expect("not poisoned"));
    }

    fn spin(&self) {
        while !*self.open.lock().expect("not poisoned") {
            std::hint::spin_loop();
        }
    }

    pub(crate) fn open(&self) {
        *self.open.lock().expect("not poisoned") = true;
        self.opened.notify_all();
    }
}

impl Ear {
    pub(crate) fn of(name: &str) -> Arc<Self> {
        Arc::clone(EARS.lock().expect("not poisoned").entry(name.to_owned()).or_default())
    }

    pub(crate) fn wake(&self) {
        self.0.lock().expect("not poisoned").take().expect("somebody listens").wake();
    }
}

/// The history of one run.
#[derive(Clone)]
pub(crate) struct Story {
    run: String,
    events: Vec<HistoryEvent>,
    /// The started events of the tasks, the last one in hand.
    started: Vec<i64>,
}

impl Story {
    /// A run of `scripted` that is told this; its first task is in hand.
    pub(crate) fn of(run: &str, what: &str) -> Self {
        let story = Self { run: run.to_owned(), events: Vec::new(), started: Vec::new() };
        let started = WorkflowExecutionStartedEventAttributes {
            workflow_type: Some(common::WorkflowType { name: "scripted".to_owned() }),
            task_queue: Some(taskqueue::TaskQueue { name: "orders".to_owned(), ..Default::default() }),
            input: Some(common::Payloads { payloads: vec![json(&format!("{what:?}"))] }),
            original_execution_run_id: run.to_owned(),
            first_execution_run_id: run.to_owned(),
            workflow_id: format!("id of {run}"),
            attempt: 1,
            ..Default::default()
        };
        let kind = EventType::WorkflowExecutionStarted;
        story.event(kind, Attributes::WorkflowExecutionStartedEventAttributes(Box::new(started))).task()
    }

    fn event(mut self, kind: EventType, attributes: Attributes) -> Self {
        let event_id = self.next();
        self.events.push(HistoryEvent {
            event_id,
            event_time: Some(perpetua_proto::protobuf::Timestamp { seconds: 1_700_000_000 + event_id, nanos: 0 }),
            event_type: kind.into(),
            attributes: Some(attributes),
            ..Default::default()
        });
        self
    }

    fn next(&self) -> i64 {
        i64::try_from(self.events.len()).expect("short") + 1
    }

    /// A task is scheduled and started.
    pub(crate) fn task(self) -> Self {
        let scheduled = Box::<WorkflowTaskScheduledEventAttributes>::default();
        let kind = EventType::WorkflowTaskScheduled;
        let story = self.event(kind, Attributes::WorkflowTaskScheduledEventAttributes(scheduled));
        let scheduled_event_id = story.next() - 1;
        let started = WorkflowTaskStartedEventAttributes { scheduled_event_id, ..Default::default() };
        let kind = EventType::WorkflowTaskStarted;
        let mut story = story.event(kind, Attributes::WorkflowTaskStartedEventAttributes(Box::new(started)));
        story.started.push(story.next() - 1);
        story
    }

    /// Its tasks time out after a tenth of a second.
    pub(crate) fn hasty(mut self) -> Self {
        for event in &mut self.events {
            if let Some(Attributes::WorkflowExecutionStartedEventAttributes(started)) = &mut event.attributes {
                started.workflow_task_timeout =
                    Some(perpetua_proto::protobuf::Duration { seconds: 0, nanos: 100_000_000 });
            }
        }
        self
    }

    /// The task in hand is answered, without commands.
    pub(crate) fn answered(self) -> Self {
        let started_event_id = self.started.last().copied().expect("a task is in hand");
        let completed = WorkflowTaskCompletedEventAttributes {
            scheduled_event_id: started_event_id - 1,
            started_event_id,
            ..Default::default()
        };
        let kind = EventType::WorkflowTaskCompleted;
        self.event(kind, Attributes::WorkflowTaskCompletedEventAttributes(Box::new(completed)))
    }

    /// The task in hand is answered with the end of the run.
    pub(crate) fn completed(self) -> Self {
        let story = self.answered();
        let completed = WorkflowExecutionCompletedEventAttributes {
            workflow_task_completed_event_id: story.next() - 1,
            ..Default::default()
        };
        let kind = EventType::WorkflowExecutionCompleted;
        story.event(kind, Attributes::WorkflowExecutionCompletedEventAttributes(Box::new(completed)))
    }

    /// The task in hand is answered, a signal arrives, and the next task is in hand.
    pub(crate) fn tick(self) -> Self {
        let signaled =
            WorkflowExecutionSignaledEventAttributes { signal_name: "tick".to_owned(), ..Default::default() };
        let kind = EventType::WorkflowExecutionSignaled;
        self.answered().event(kind, Attributes::WorkflowExecutionSignaledEventAttributes(Box::new(signaled))).task()
    }

    /// The task in hand, with the whole history.
    pub(crate) fn whole(&self) -> PollWorkflowTaskQueueResponse {
        self.from(1)
    }

    /// The task in hand, with what happened since the one before.
    pub(crate) fn news(&self) -> PollWorkflowTaskQueueResponse {
        self.from(self.previous() + 1)
    }

    /// The task in hand, with the history from this event on.
    pub(crate) fn from(&self, first: i64) -> PollWorkflowTaskQueueResponse {
        PollWorkflowTaskQueueResponse {
            task_token: format!("{} {}", self.run, self.next() - 1).into(),
            workflow_execution: Some(common::WorkflowExecution {
                workflow_id: format!("id of {}", self.run),
                run_id: self.run.clone(),
            }),
            workflow_type: Some(common::WorkflowType { name: "scripted".to_owned() }),
            previous_started_event_id: self.previous(),
            started_event_id: self.started.last().copied().unwrap_or_default(),
            attempt: 1,
            history: Some(self.events(first..=i64::MAX)),
            ..Default::default()
        }
    }

    /// A query on the answered run, with the history from this event on.
    pub(crate) fn query(&self, name: &str, first: i64) -> PollWorkflowTaskQueueResponse {
        PollWorkflowTaskQueueResponse {
            task_token: format!("{} asked", self.run).into(),
            previous_started_event_id: self.started.last().copied().unwrap_or_default(),
            started_event_id: 0,
            query: Some(query(name)),
            ..self.from(first)
        }
    }

    /// The events with these numbers.
    pub(crate) fn events(&self, ids: std::ops::RangeInclusive<i64>) -> History {
        let events = self.events.iter().filter(|event| ids.contains(&event.event_id)).cloned().collect();
        History { events }
    }

    fn previous(&self) -> i64 {
        self.started.iter().rev().nth(1).copied().unwrap_or_default()
    }
}

pub(crate) fn query(name: &str) -> WorkflowQuery {
    WorkflowQuery { query_type: name.to_owned(), ..Default::default() }
}
