//! A workflow that does one activity and then waits for a signal, and runs of it as a worker makes them.

use std::error::Error;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use perpetua_contract::{Activity, WorkflowDefinition};
use perpetua_convert::{AnyError, DataConverter, WorkflowResult};
use perpetua_proto::history::{History as WireHistory, history_event::Attributes};
use perpetua_vocab::{
    Event, EventId, History, Namespace, RunId, TaskQueue, WorkflowExecution, WorkflowId, WorkflowType, wire,
};
use perpetua_workflow::implementation::{Handlers, Handling, LocalFuture, WorkflowImplementation};
use perpetua_workflow::{Answer, Ctx, LiveRun, Progress, RunSetup, State, TaskHead, Workflows};
use prost::Message;

pub(crate) type Outcome<T = ()> = Result<T, Box<dyn Error>>;

/// One activity, then a wait for a signal.
#[derive(Default)]
struct Idle {
    kept: State<String>,
    released: State<bool>,
}

impl WorkflowDefinition for Idle {
    const NAME: &'static str = "Seq";
    /// How many activities to start.
    type Input = (u32,);
    type Output = ();
    type Error = AnyError;
    type Handle<T> = T;

    fn handle<T>(target: T) -> T {
        target
    }
}

impl WorkflowImplementation for Idle {
    fn create(_: &Ctx, _: &(u32,)) -> Self {
        Self::default()
    }

    fn run(self: Rc<Self>, ctx: Ctx, (pending,): (u32,)) -> LocalFuture<WorkflowResult<()>> {
        Box::pin(async move {
            let noop = Activity::named("noop").args((0_u64,)).returning::<String>();
            let kept = ctx.activity(noop).start_to_close(Duration::from_secs(30)).await?;
            self.kept.set(kept);
            let start = |number| {
                let noop = Activity::named("noop").args((number,)).returning::<String>();
                ctx.activity(noop).start_to_close(Duration::from_secs(30)).start()
            };
            let _pending: Vec<_> = (0..pending).map(start).collect();
            ctx.wait_until(|| self.released.get()).await?;
            Ok(())
        })
    }

    fn handlers(handlers: &mut Handlers<Self>) {
        fn release(idle: Rc<Idle>, _: Ctx, (): ()) -> Handling<()> {
            idle.released.set(true);
            Handling::Done(())
        }
        handlers.signal("release", release);
    }
}

/// What all runs have in common.
pub(crate) struct Waiting {
    history: WireHistory,
    workflows: Arc<Workflows>,
    converter: DataConverter,
}

/// The two tasks of a run: to its activity, and to its wait.
pub(crate) struct Tasks {
    live: LiveRun,
    pages: [Bytes; 2],
}

impl Waiting {
    /// Runs whose activity returns so many bytes, and that start so many other activities and leave them pending.
    pub(crate) fn new(payload: usize, pending: u32) -> Outcome<Self> {
        let history = History::from_json(include_str!("seq.json"))?;
        let mut history = WireHistory::decode(history.to_bytes().as_slice())?;
        for event in &mut history.events {
            let (values, json) = match &mut event.attributes {
                Some(Attributes::WorkflowExecutionStartedEventAttributes(started)) => {
                    (&mut started.input, pending.to_string())
                }
                Some(Attributes::ActivityTaskCompletedEventAttributes(completed)) => {
                    (&mut completed.result, format!("\"{}\"", "x".repeat(payload)))
                }
                _ => continue,
            };
            let value = values.get_or_insert_default().payloads.first_mut().ok_or("the history has other values")?;
            value.data = json.into();
        }
        let mut workflows = Workflows::default();
        workflows.add::<Idle>();
        Ok(Self { history, workflows: Arc::new(workflows), converter: DataConverter::default() })
    }

    /// A run that was not played yet, with ids of its own.
    pub(crate) fn tasks(&self, number: usize) -> Tasks {
        let run_id = format!("01234567-89ab-cdef-0123-{number:012}");
        let workflow_id = format!("idle-workflow-{number}");
        let mut first = self.history.clone();
        if let Some(Attributes::WorkflowExecutionStartedEventAttributes(started)) = &mut first.events[0].attributes {
            started.original_execution_run_id.clone_from(&run_id);
            started.first_execution_run_id.clone_from(&run_id);
            started.workflow_id.clone_from(&workflow_id);
        }
        let second = WireHistory { events: first.events.split_off(3) };
        let live = LiveRun::new(RunSetup {
            namespace: Namespace::new("default"),
            execution: WorkflowExecution { workflow_id: WorkflowId::new(workflow_id), run_id: RunId::new(run_id) },
            workflow_type: WorkflowType::new("Seq"),
            task_queue: TaskQueue::new("bench"),
            converter: self.converter.clone(),
            workflows: Arc::clone(&self.workflows),
        });
        Tasks { live, pages: [first, second].map(|page| page.encode_to_vec().into()) }
    }
}

impl Tasks {
    /// The events of one of the tasks, 0 or 1.
    pub(crate) fn events(&self, task: usize) -> Outcome<Vec<Event>> {
        Ok(wire::history(WireHistory::decode(self.pages[task].clone())?)?)
    }

    /// Plays one of the tasks with its events; they come in turn.
    pub(crate) fn play(&mut self, task: usize, events: Vec<Event>) -> Outcome<Box<Answer>> {
        let started = [EventId::new(3), EventId::new(9)];
        let previous_started = if task == 0 { None } else { started[0] };
        self.live.begin(TaskHead { previous_started, started: started[task], ..TaskHead::default() });
        match self.live.feed(events, true)? {
            Progress::Answered(answer) => Ok(answer),
            _ => Err("the task is not answered".into()),
        }
    }

    /// Plays both; the run waits.
    pub(crate) fn played(mut self) -> Outcome<Box<LiveRun>> {
        for task in [0, 1] {
            let events = self.events(task)?;
            self.play(task, events)?;
        }
        Ok(Box::new(self.live))
    }
}
