//! The run, executed anew from prefixes of its history.
//!
//! ```text
//! history:   task 1 .. answers   task 2 .. answers   task 3 .. answers
//!            |----->|                                                    live: asks for the same again?
//!            |------------>|     queried                                 replayed: answers like one that never left?
//!            |-------------------------->|                               live again, and so on
//! ```
//! A worker that has forgotten a run, or another worker, does exactly this at any time.

use std::collections::BTreeMap;
use std::sync::Arc;

use perpetua_convert::DataConverter;
use perpetua_core::Fault;
use perpetua_vocab::{
    Event, EventId, EventKind, Message, MessageBody, Namespace, Query, QueryAnswer, QueryId, RunId, TaskQueue,
    UpdateRequest, WorkflowExecution,
};
use perpetua_workflow::{LiveRun, Progress, RunSetup, TaskHead, Workflows};

use super::recorded;
use crate::runs::Run;

/// How many prefixes of a long history are looked at, at equal distances.
const MOST: usize = 50;

/// A workflow task of a history that was answered.
struct Answered {
    started: EventId,
    /// How many events there are up to its start, and up to its completion with all that it led to.
    up_to_start: usize,
    up_to_answers: usize,
}

/// Compares the run with what its workflow does when it begins anew from prefixes of its history.
///
/// # Errors
/// Where it differs, and how.
pub(crate) fn compare(run: &Run, workflows: &Arc<Workflows>, converter: &DataConverter) -> Result<(), String> {
    let events = revealed(&run.history.events, converter);
    let stage = Stage { run, workflows, converter, events: &events };
    let tasks = answered(&events);
    let step = tasks.len().div_ceil(MOST).max(1);
    let queries = stage.queries(&tasks);
    let mut stays = Stays::new(stage.new_run());
    for task in tasks.iter().step_by(step) {
        stage.ask_again(task)?;
        stage.compare_answers(task, &queries, &mut stays)?;
    }
    Ok(())
}

struct Stage<'a> {
    run: &'a Run,
    workflows: &'a Arc<Workflows>,
    converter: &'a DataConverter,
    events: &'a [Event],
}

/// A run that stays in memory all the time.
struct Stays {
    live: LiveRun,
    fed: usize,
    last: Option<EventId>,
}

impl Stays {
    fn new(live: LiveRun) -> Self {
        Self { live, fed: 0, last: None }
    }
}

impl Stage<'_> {
    fn new_run(&self) -> LiveRun {
        let run_id = match self.events.first().map(|event| &event.kind) {
            Some(EventKind::WorkflowStarted(started)) => started.original_run.clone(),
            _ => RunId::default(),
        };
        LiveRun::new(RunSetup {
            namespace: Namespace::new("default"),
            execution: WorkflowExecution { workflow_id: self.run.execution.workflow_id.clone(), run_id },
            workflow_type: self.run.workflow_type().clone(),
            task_queue: TaskQueue::default(),
            converter: self.converter.clone(),
            workflows: Arc::clone(self.workflows),
        })
    }

    /// The queries that the workflow answers, by their names. Those that need arguments answer that they do.
    fn queries(&self, tasks: &[Answered]) -> BTreeMap<QueryId, Query> {
        let Some(last) = tasks.last() else { return BTreeMap::new() };
        let mut live = self.new_run();
        let query = |name: &str| Query { name: name.into(), arguments: None, header: None };
        live.begin(TaskHead { query: Some(query(METADATA)), ..TaskHead::default() });
        let Ok(Progress::Answered(answer)) = live.feed(self.events[..last.up_to_answers].to_vec(), true) else {
            return BTreeMap::new();
        };
        let Some(QueryAnswer::Answered(payloads)) = answer.answer else { return BTreeMap::new() };
        let names = payloads.first().map(|payload| query_names(&payload.data)).unwrap_or_default();
        names.iter().map(|name| (QueryId(name.clone()), query(name))).collect()
    }

    /// Lets the task be answered anew, and holds the answer against what history has.
    fn ask_again(&self, task: &Answered) -> Result<(), String> {
        let answers = &self.events[task.up_to_start..task.up_to_answers];
        // What history keeps because no replay could repeat it is not the same a second time.
        if answers.iter().any(|event| matches!(event.kind, EventKind::MarkerRecorded(_))) {
            return Ok(());
        }
        let mut live = self.new_run();
        live.begin(TaskHead { started: Some(task.started), messages: arrivals(answers), ..TaskHead::default() });
        let progress =
            live.feed(self.events[..task.up_to_start].to_vec(), true).map_err(|fault| self.faulty(task, &fault))?;
        // Local activities would have to run.
        let Progress::Answered(answer) = progress else { return Ok(()) };
        let answers: Vec<_> = answers.iter().filter(|event| event.answers_task()).cloned().collect();
        match recorded::difference(&answer.commands, &answers) {
            None => Ok(()),
            Some(difference) => Err(format!(
                "executed anew from the first {} events of its history, {difference}. Something decides that is not in the \
                 history: a clock, randomness, the order of a hash map, something shared with the rest of the program{}",
                task.up_to_start,
                whereabouts(&live),
            )),
        }
    }

    /// Asks the same of the run that stays in memory, and of one that begins anew.
    fn compare_answers(
        &self,
        task: &Answered,
        queries: &BTreeMap<QueryId, Query>,
        stays: &mut Stays,
    ) -> Result<(), String> {
        if queries.is_empty() {
            return Ok(());
        }
        let head = |previous_started| TaskHead { previous_started, queries: queries.clone(), ..TaskHead::default() };
        let mut anew = self.new_run();
        anew.begin(head(None));
        let now = anew.feed(self.events[..task.up_to_answers].to_vec(), true);
        stays.live.begin(head(stays.last));
        let then = stays.live.feed(self.events[stays.fed..task.up_to_answers].to_vec(), true);
        stays.fed = task.up_to_answers;
        stays.last = Some(task.started);
        let now = answers_of(now).map_err(|fault| self.faulty(task, &fault))?;
        let then = answers_of(then).map_err(|fault| self.faulty(task, &fault))?;
        for (query, answer) in &now {
            if then.get(query) != Some(answer) {
                return Err(format!(
                    "after {} events, query `{}` is answered with {} by a run that began anew, and with {} by the one \
                     that stayed in memory. The state of the workflow depends on something that is not in its history",
                    task.up_to_answers,
                    query.0,
                    recorded::shown(Some(answer)),
                    recorded::shown(then.get(query)),
                ));
            }
        }
        Ok(())
    }

    fn faulty(&self, task: &Answered, fault: &Fault) -> String {
        format!("executed anew from the first {} events of its history, it fails: {fault}", task.up_to_start)
    }
}

/// What a run waits for, with the lines of source code, to be put behind a report.
fn whereabouts(live: &LiveRun) -> String {
    let pending: Vec<_> = live.pending().iter().map(|pending| format!("\n  {pending}")).collect();
    if pending.is_empty() { String::new() } else { format!(". It then waits for:{}", pending.concat()) }
}

/// The query that says which queries there are.
const METADATA: &str = "__temporal_workflow_metadata";

fn answers_of(progress: Result<Progress, Fault>) -> Result<BTreeMap<QueryId, QueryAnswer>, Fault> {
    match progress? {
        Progress::Answered(answer) => Ok(answer.query_answers),
        Progress::NeedsPage | Progress::Waits(_) => Ok(BTreeMap::new()),
    }
}

/// The names in the metadata of a workflow, but for those that every workflow has.
fn query_names(metadata: &[u8]) -> Vec<String> {
    let Ok(metadata) = serde_json::from_slice::<serde_json::Value>(metadata) else { return Vec::new() };
    let definitions = metadata.pointer("/definition/queryDefinitions").and_then(serde_json::Value::as_array);
    let names = definitions.into_iter().flatten().filter_map(|definition| definition.get("name")?.as_str());
    names.filter(|name| !name.starts_with("__")).map(ToOwned::to_owned).collect()
}

/// The tasks of a history that were answered.
fn answered(events: &[Event]) -> Vec<Answered> {
    let mut tasks: Vec<Answered> = Vec::new();
    for (index, event) in events.iter().enumerate() {
        match &event.kind {
            EventKind::WorkflowTaskCompleted(_) => {
                let start =
                    events[..index].iter().rposition(|event| matches!(event.kind, EventKind::WorkflowTaskStarted(_)));
                if let Some(start) = start {
                    let started = events[start].id;
                    tasks.push(Answered { started, up_to_start: start + 1, up_to_answers: index + 1 });
                }
            }
            _ if event.answers_task() => {
                if let Some(task) = tasks.last_mut().filter(|task| task.up_to_answers == index) {
                    task.up_to_answers += 1;
                }
            }
            _ => {}
        }
    }
    tasks
}

/// The updates that a task has accepted, as they came to it.
fn arrivals(answers: &[Event]) -> Vec<Message> {
    let accepted = answers.iter().filter_map(|event| match &event.kind {
        EventKind::UpdateAccepted(accepted) => Some(accepted),
        _ => None,
    });
    accepted
        .filter_map(|accepted| {
            let request: UpdateRequest = accepted.request.clone()?;
            Some(Message {
                id: accepted.message.clone(),
                update: accepted.update.clone(),
                sequencing: accepted.sequencing,
                body: MessageBody::Request(Box::new(request)),
            })
        })
        .collect()
}

/// The events with their failures in the open.
fn revealed(events: &[Event], converter: &DataConverter) -> Vec<Event> {
    let mut events = events.to_vec();
    for failure in events.iter_mut().filter_map(|event| event.kind.failure_mut()) {
        converter.reveal_failure(failure);
    }
    events
}
