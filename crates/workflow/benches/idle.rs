//! Measures what a remembered run costs: `cargo bench -p perpetua-workflow --bench idle -- [--count N] FILE`.
//!
//! The runs have done one activity and wait for a signal. They are made of the beginning of a history of `Seq`, each with
//! ids of its own, as a worker makes them; the growth of the process is divided by their number.

use std::error::Error;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use flate2::read::GzDecoder;
use perpetua_contract::{Activity, WorkflowDefinition};
use perpetua_convert::{AnyError, DataConverter, WorkflowResult};
use perpetua_proto::history::{History as WireHistory, history_event::Attributes};
use perpetua_vocab::{EventId, Namespace, RunId, TaskQueue, WorkflowExecution, WorkflowId, WorkflowType, wire};
use perpetua_workflow::implementation::{Handlers, Handling, LocalFuture, WorkflowImplementation};
use perpetua_workflow::{Ctx, LiveRun, Progress, RunSetup, State, TaskHead, Workflows};
use prost::Message;

type Outcome<T = ()> = Result<T, Box<dyn Error>>;

/// One activity, then a wait for a signal.
#[derive(Default)]
struct Idle {
    sum: State<u64>,
    released: State<bool>,
}

impl WorkflowDefinition for Idle {
    const NAME: &'static str = "Seq";
    type Input = (u64,);
    type Output = u64;
    type Error = AnyError;
    type Handle<T> = T;

    fn handle<T>(target: T) -> T {
        target
    }
}

impl WorkflowImplementation for Idle {
    fn create(_: &Ctx, _: &(u64,)) -> Self {
        Self::default()
    }

    fn run(self: Rc<Self>, ctx: Ctx, _: (u64,)) -> LocalFuture<WorkflowResult<u64>> {
        Box::pin(async move {
            let noop = Activity::named("noop").args((0_u64,)).returning::<u64>();
            let number = ctx.activity(noop).start_to_close(Duration::from_secs(30)).await?;
            self.sum.set(number);
            ctx.wait_until(|| self.released.get()).await?;
            Ok(self.sum.get())
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

fn main() -> Outcome {
    let mut count = 5000_usize;
    let mut file = None;
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            // What `cargo bench` adds.
            "--bench" => {}
            "--count" => count = arguments.next().ok_or("--count needs a number")?.parse()?,
            name => file = Some(name.to_owned()),
        }
    }
    let file = file.ok_or("name a history of `Seq`")?;
    let mut bytes = Vec::new();
    std::io::Read::read_to_end(&mut GzDecoder::new(std::fs::File::open(file)?), &mut bytes)?;
    let mut wire = WireHistory::decode(bytes.as_slice())?;
    wire.events.truncate(9);
    let mut workflows = Workflows::default();
    workflows.add::<Idle>();
    let workflows = Arc::new(workflows);
    let converter = DataConverter::default();
    drop(begin(&wire, 0, &workflows, &converter)?);
    let before = resident()?;
    let mut runs = Vec::with_capacity(count);
    for number in 0..count {
        runs.push(begin(&wire, number, &workflows, &converter)?);
    }
    let after = resident()?;
    let weight = runs.iter().map(|run| run.weight()).sum::<usize>() / count;
    println!("{{\"runs\":{count},\"bytes_each\":{:.0},\"weight\":{weight}}}", (after - before) / count as f64);
    Ok(())
}

/// A run that waits for a signal, made of two tasks as a worker gets them.
fn begin(
    wire: &WireHistory,
    number: usize,
    workflows: &Arc<Workflows>,
    converter: &DataConverter,
) -> Outcome<Box<LiveRun>> {
    let run_id = format!("01234567-89ab-cdef-0123-{number:012}");
    let workflow_id = format!("idle-workflow-{number}");
    let mut wire = wire.clone();
    if let Some(Attributes::WorkflowExecutionStartedEventAttributes(started)) = &mut wire.events[0].attributes {
        started.original_execution_run_id.clone_from(&run_id);
        started.first_execution_run_id.clone_from(&run_id);
        started.workflow_id.clone_from(&workflow_id);
    }
    let rest = wire.events.split_off(3);
    let mut live = Box::new(LiveRun::new(RunSetup {
        namespace: Namespace::new("default"),
        execution: WorkflowExecution { workflow_id: WorkflowId::new(workflow_id), run_id: RunId::new(run_id) },
        workflow_type: WorkflowType::new("Seq"),
        task_queue: TaskQueue::new("bench"),
        converter: converter.clone(),
        workflows: Arc::clone(workflows),
    }));
    let parts = [(None, EventId::new(3), wire), (EventId::new(3), EventId::new(9), WireHistory { events: rest })];
    for (previous_started, started, part) in parts {
        live.begin(TaskHead { previous_started, started, ..TaskHead::default() });
        let part = WireHistory::decode(Bytes::from(part.encode_to_vec()))?;
        let progress = live.feed(wire::history(part)?, true)?;
        if !matches!(progress, Progress::Answered(_)) {
            return Err("the task is not answered".into());
        }
    }
    Ok(live)
}

/// The memory that the process holds, in bytes.
fn resident() -> Outcome<f64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find(|line| line.starts_with("VmRSS")).ok_or("the system does not say")?;
    Ok(line.split_whitespace().nth(1).ok_or("the system does not say")?.parse::<f64>()? * 1024.0)
}
