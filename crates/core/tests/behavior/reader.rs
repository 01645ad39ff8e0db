//! How events become turns.

use perpetua_core::{Fault, Reader, Step, Turn};
use perpetua_vocab::{
    ContinueAsNewReason, Event, EventId, EventKind, Identity, MessageId, Opaque, RunId, SignalName, Signaled, TimerId,
    TimerStarted, UpdateAccepted, UpdateAdmitted, UpdateId, UpdateName, UpdateRequest, WorkerDeploymentVersion,
    WorkflowTaskCompleted, WorkflowTaskFailed, WorkflowTaskFailedCause, WorkflowTaskStarted,
};
use proptest::collection::vec;
use proptest::prelude::*;

use crate::random::{config, history};
use crate::server::{number, started};

fn id(number: u64) -> EventId {
    EventId::new(number).expect("a test counts from 1")
}

/// Events, numbered from 1.
fn events(kinds: impl IntoIterator<Item = EventKind>) -> Vec<Event> {
    number(EventId::FIRST, kinds.into_iter().collect())
}

fn workflow_started() -> EventKind {
    EventKind::WorkflowStarted(Box::new(started()))
}

fn signaled(name: &str) -> EventKind {
    EventKind::Signaled(Box::new(Signaled {
        name: SignalName::from(name),
        input: None,
        identity: Identity::default(),
        header: None,
        rest: Opaque::default(),
    }))
}

fn task_scheduled() -> EventKind {
    EventKind::WorkflowTaskScheduled(Opaque::default())
}

fn task_started() -> EventKind {
    EventKind::WorkflowTaskStarted(Box::new(WorkflowTaskStarted {
        scheduled: EventId::FIRST,
        suggest_continue_as_new: true,
        history_size: 1000,
        rest: Opaque::default(),
    }))
}

fn task_completed() -> EventKind {
    EventKind::WorkflowTaskCompleted(Box::new(WorkflowTaskCompleted {
        scheduled: EventId::FIRST,
        started: None,
        core_flags: Vec::new(),
        language_flags: Vec::new(),
        rest: Opaque::default(),
    }))
}

fn task_failed(cause: WorkflowTaskFailedCause, new_run: Option<&str>) -> EventKind {
    let new_run = new_run.map(RunId::from);
    EventKind::WorkflowTaskFailed(Box::new(WorkflowTaskFailed {
        cause,
        failure: None,
        new_run,
        rest: Opaque::default(),
    }))
}

fn timer_started(timer: &str) -> EventKind {
    let after = std::time::Duration::from_secs(10);
    EventKind::TimerStarted(TimerStarted { timer: TimerId::from(timer), after, task_completed: EventId::FIRST })
}

fn request(update: &str) -> UpdateRequest {
    UpdateRequest { update: UpdateId::from(update), name: UpdateName::from("note"), ..UpdateRequest::default() }
}

fn update_admitted(update: &str) -> EventKind {
    let rest = Opaque::default();
    EventKind::UpdateAdmitted(Box::new(UpdateAdmitted { request: request(update), rest }))
}

fn update_accepted(update: &str, request: Option<UpdateRequest>) -> EventKind {
    EventKind::UpdateAccepted(Box::new(UpdateAccepted {
        update: UpdateId::from(update),
        message: MessageId::new(format!("{update}/request")),
        sequencing: Some(id(5)),
        request,
    }))
}

/// A run whose first task was answered with a timer: 1 to 5.
fn first_turn() -> Vec<EventKind> {
    vec![workflow_started(), task_scheduled(), task_started(), task_completed(), timer_started("1")]
}

/// All steps until there are no more, or a fault.
fn steps(reader: &mut Reader) -> Result<Vec<Step>, Fault> {
    let mut steps = Vec::new();
    loop {
        match reader.step()? {
            Step::End | Step::NeedPage => return Ok(steps),
            step => steps.push(step),
        }
    }
}

/// A reader that has read these events for a task.
fn read(events: Vec<Event>, present: Option<u64>) -> (Reader, Result<Vec<Step>, Fault>) {
    let mut reader = Reader::new();
    reader.begin(None, present.map(id));
    reader.push(events, true);
    let steps = steps(&mut reader);
    (reader, steps)
}

fn only_turn(steps: Result<Vec<Step>, Fault>) -> Turn {
    let mut steps = steps.expect("it is a history");
    match (steps.pop(), steps.is_empty()) {
        (Some(Step::Turn(turn)), true) => turn,
        (step, _) => panic!("not one turn: {step:?} after {steps:?}"),
    }
}

/// What a fault says.
fn fault(steps: Result<Vec<Step>, Fault>) -> String {
    steps.expect_err("it is no history").to_string()
}

#[test]
fn a_turn_has_what_happened_and_what_was_answered() {
    let turn = only_turn(read(events(first_turn()), None).1);
    assert_eq!((turn.number, turn.started), (1, id(3)));
    assert_eq!((turn.time.seconds, turn.suggest_continue_as_new, turn.history_size), (3, true, 1000));
    let numbers = |events: &[Event]| events.iter().map(|event| event.id.get()).collect::<Vec<_>>();
    assert_eq!(numbers(&turn.inputs), [1]);
    let record = turn.record.expect("history has the answer");
    assert_eq!((record.completed, numbers(&record.answers)), (id(4), vec![5]));
}

#[test]
fn a_turn_has_what_the_task_says_besides() {
    let reasons = [ContinueAsNewReason::TooManyHistoryEvents];
    let version = WorkerDeploymentVersion { deployment_name: "d".to_owned(), build_id: "b".to_owned() };
    let mut kinds = first_turn();
    for kind in &mut kinds {
        match kind {
            EventKind::WorkflowTaskStarted(started) => {
                started.set_continue_as_new_reasons(&reasons);
                started.set_target_version_changed(true);
            }
            EventKind::WorkflowTaskCompleted(completed) => completed.set_deployment_version(Some(version.clone())),
            _ => {}
        }
    }
    let unanswered = only_turn(read(events(kinds[..3].to_vec()), Some(3)).1);
    assert_eq!(unanswered.continue_as_new_reasons, reasons);
    assert_eq!((unanswered.target_version_changed, unanswered.deployment_version), (true, None));
    let answered = only_turn(read(events(kinds), None).1);
    assert_eq!(answered.continue_as_new_reasons, reasons);
    assert_eq!((answered.target_version_changed, answered.deployment_version), (true, Some(version)));
}

#[test]
fn a_started_task_is_a_turn_only_for_who_is_to_answer_it() {
    let history = || events([workflow_started(), task_scheduled(), task_started()]);
    assert_eq!(read(history(), None).1, Ok(Vec::new()));
    assert_eq!(only_turn(read(history(), Some(3)).1).record, None);
}

#[test]
fn what_led_to_a_task_that_failed_belongs_to_the_next() {
    let failed = task_failed(WorkflowTaskFailedCause::NondeterminismError, None);
    let timed_out = EventKind::WorkflowTaskTimedOut(Opaque::default());
    let mut history = vec![workflow_started(), task_scheduled(), task_started(), failed, signaled("a")];
    history.extend([task_scheduled(), task_started(), timed_out, signaled("b"), task_scheduled(), task_started()]);
    let turn = only_turn(read(events(history), Some(11)).1);
    let numbers: Vec<u64> = turn.inputs.iter().map(|event| event.id.get()).collect();
    assert_eq!((turn.number, numbers, turn.new_seed), (1, vec![1, 5, 9], None));
}

#[test]
fn a_reset_brings_a_new_seed_and_the_last_one_counts() {
    let reset = |run| task_failed(WorkflowTaskFailedCause::ResetWorkflow, Some(run));
    let other = task_failed(WorkflowTaskFailedCause::Other(1), Some("not-this"));
    let mut history = first_turn();
    for failed in [reset("first"), reset("second"), other] {
        history.extend([task_scheduled(), task_started(), failed]);
    }
    history.extend([task_scheduled(), task_started()]);
    let (reader, steps) = read(events(history), Some(16));
    let Some(Step::Turn(turn)) = steps.expect("it is a history").pop() else { panic!("the last step is no turn") };
    assert_eq!((turn.number, turn.inputs.len(), turn.new_seed), (2, 0, Some(RunId::from("second"))));
    assert!(!reader.continues(Some(id(3)), Some(id(4))), "a new seed cannot be taken back");
}

#[test]
fn an_update_that_was_admitted_lends_its_request() {
    let mut history = first_turn();
    history.extend([update_admitted("u"), task_scheduled(), task_started(), task_completed()]);
    history.push(update_accepted("u", None));
    let steps = read(events(history), None).1.expect("it is a history");
    let Some(Step::Turn(turn)) = steps.last() else { panic!("the last step is no turn") };
    let [update] = turn.updates.as_slice() else { panic!("not one update: {:?}", turn.updates) };
    assert_eq!(update.request, request("u"));
    assert_eq!((update.message.as_str(), update.sequencing), ("u/request", Some(id(5))));
}

#[test]
fn an_accepted_update_goes_by_the_id_of_its_protocol() {
    let mut history = first_turn();
    history.push(update_accepted("u", Some(request("something else"))));
    assert_eq!(only_turn(read(events(history), None).1).updates[0].request, request("u"));
}

#[test]
fn an_accepted_update_without_a_request_is_a_fault() {
    let mut history = first_turn();
    history.push(update_accepted("u", None));
    let expected = "the history cannot be read: event 6: WorkflowExecutionUpdateAccepted.accepted_request is missing";
    assert_eq!(fault(read(events(history), None).1), expected);
}

#[test]
fn a_record_waits_for_the_page_on_which_it_ends() {
    let mut history = events(first_turn());
    let rest = history.split_off(4);
    let mut reader = Reader::new();
    reader.begin(None, None);
    reader.push(history, false);
    assert_eq!(reader.step(), Ok(Step::NeedPage));
    reader.push(rest, true);
    assert_eq!(only_turn(steps(&mut reader)).record.map(|record| record.answers.len()), Some(1));
}

#[test]
fn what_history_made_of_an_answer_is_said_before_the_next_turn() {
    let (mut reader, steps_before) = read(events([workflow_started(), task_scheduled(), task_started()]), Some(3));
    assert_eq!(only_turn(steps_before).number, 1);
    assert!(reader.continues(Some(id(3)), Some(id(4))));
    reader.begin(Some(id(3)), Some(id(8)));
    let mut history = first_turn();
    history.extend([signaled("a"), task_scheduled(), task_started()]);
    reader.push(events(history), true);
    let steps = steps(&mut reader).expect("it is a history");
    let [Step::Confirm(record), Step::Turn(turn)] = steps.as_slice() else { panic!("not what is next: {steps:?}") };
    assert_eq!((record.completed, record.answers.len()), (id(4), 1));
    assert_eq!((turn.number, turn.inputs.len()), (2, 1));
}

#[test]
fn a_turn_that_left_no_trace_is_taken_back_as_often_as_it_happens() {
    let mut history = first_turn();
    let (mut reader, _) = read(events(history.clone()), None);
    // Three tasks that are in no history, one after the other.
    history.extend([task_scheduled(), task_started()]);
    for _ in 0..3 {
        assert!(reader.continues(Some(id(3)), Some(id(4))));
        reader.begin(Some(id(3)), Some(id(7)));
        reader.push(events(history.clone()).split_off(3), true);
        let turn = only_turn(steps(&mut reader));
        assert_eq!((turn.number, turn.inputs.len()), (2, 0));
    }
    // Then something happens in their place.
    history.truncate(5);
    history.extend([signaled("a"), task_scheduled(), task_started()]);
    assert!(reader.continues(Some(id(3)), Some(id(4))));
    reader.begin(Some(id(3)), Some(id(8)));
    reader.push(events(history).split_off(3), true);
    let turn = only_turn(steps(&mut reader));
    assert_eq!((turn.number, turn.inputs.len()), (2, 1));
}

#[test]
fn a_turn_that_left_a_trace_is_not_taken_back() {
    let mut history = first_turn();
    history.extend([task_scheduled(), task_started()]);
    let (mut reader, _) = read(events(history), Some(7));
    assert!(reader.continues(Some(id(3)), Some(id(4))), "a rejected update leaves no trace");
    reader.left_a_trace();
    assert!(!reader.continues(Some(id(3)), Some(id(4))), "an accepted one does, and it was lost");
    assert!(reader.continues(Some(id(7)), Some(id(8))), "or it is in history");
}

#[test]
fn a_reader_continues_only_where_it_is() {
    let reader = Reader::new();
    assert!(reader.continues(None, Some(id(1))));
    assert!(!reader.continues(Some(id(3)), Some(id(4))), "something was answered that it has not read");
    let (reader, _) = read(events(first_turn()), None);
    assert!(reader.continues(Some(id(3)), None), "there is nothing new");
    assert!(reader.continues(Some(id(3)), Some(id(1))), "what is known may come again");
    assert!(reader.continues(Some(id(3)), Some(id(6))));
    assert!(!reader.continues(Some(id(3)), Some(id(7))), "something is missing");
    assert!(!reader.continues(None, Some(id(1))), "less was answered than it has read");
}

#[test]
fn a_gap_is_a_fault_and_stays_one() {
    let mut history = events(first_turn());
    history.remove(1);
    let (mut reader, steps_before) = read(history, None);
    let expected = "the history cannot be read: HistoryEvent.event_id is 3, but the event after 1 is needed";
    assert_eq!(fault(steps_before), expected);
    reader.push(events(first_turn()), true);
    assert_eq!(fault(steps(&mut reader)), expected);
    assert!(!reader.continues(None, Some(id(1))));
}

#[test]
fn an_answer_without_a_task_is_a_fault() {
    let expected = "the history cannot be read: event 2: HistoryEvent of type TimerStarted does not follow the completion \
                    of a workflow task";
    assert_eq!(fault(read(events([workflow_started(), timer_started("1")]), None).1), expected);
}

#[test]
fn a_completion_without_a_start_is_a_fault() {
    let expected = "the history cannot be read: event 3: HistoryEvent of type WorkflowTaskCompleted does not follow the \
                    start of a workflow task";
    assert_eq!(fault(read(events([workflow_started(), task_scheduled(), task_completed()]), None).1), expected);
}

#[test]
fn a_signal_between_start_and_completion_is_a_fault() {
    let expected = "the history cannot be read: event 4: HistoryEvent of type WorkflowExecutionSignaled follows a started \
                    workflow task";
    let history = [workflow_started(), task_scheduled(), task_started(), signaled("a")];
    assert_eq!(fault(read(events(history), None).1), expected);
}

#[test]
fn a_run_that_is_ended_from_outside_ends_between_two_turns() {
    let mut history = first_turn();
    history.push(EventKind::WorkflowTerminated {
        reason: "enough".to_owned(),
        details: None,
        identity: Identity::default(),
    });
    assert_eq!(only_turn(read(events(history), None).1).number, 1);
}

/// Reads in pages of these lengths, the last one as often as needed. Each page begins again that many events earlier.
fn read_in_pages(history: &[Event], present: Option<EventId>, lengths: &[usize], overlap: usize) -> Vec<Step> {
    let mut reader = Reader::new();
    reader.begin(None, present);
    let mut lengths = lengths.iter().copied();
    let mut length = 1;
    let mut at = 0;
    let mut steps = Vec::new();
    loop {
        match reader.step().expect("it is a history") {
            Step::End => return steps,
            Step::NeedPage => {
                length = lengths.next().unwrap_or(length);
                let end = (at + length).min(history.len());
                reader.push(history[at.saturating_sub(overlap)..end].to_vec(), end == history.len());
                at = end;
            }
            step => steps.push(step),
        }
    }
}

proptest! {
    #![proptest_config(config(150))]

    #[test]
    fn pages_may_be_cut_anywhere_and_overlap(
        history in history(),
        to_answer in any::<bool>(),
        lengths in vec(1_usize..8, 1..20),
        overlap in 0_usize..6,
    ) {
        let is_started = |event: &&Event| matches!(event.kind, EventKind::WorkflowTaskStarted(_));
        let present = history.iter().rfind(is_started).map(|event| event.id).filter(|_| to_answer);
        let whole = read_in_pages(&history, present, &[usize::MAX], 0);
        prop_assert_eq!(&whole, &read_in_pages(&history, present, &lengths, 0));
        prop_assert_eq!(&whole, &read_in_pages(&history, present, &lengths, overlap));
    }

    #[test]
    fn a_history_that_was_read_says_nothing_new(history in history()) {
        let mut reader = Reader::new();
        reader.begin(None, None);
        reader.push(history.clone(), true);
        let turns = steps(&mut reader).expect("it is a history");
        let answered = turns.last().map(|step| match step {
            Step::Turn(turn) => turn.started,
            step => panic!("{step:?} without a task to answer"),
        });
        prop_assert!(reader.continues(answered, Some(EventId::FIRST)));
        reader.begin(answered, None);
        reader.push(history, true);
        prop_assert_eq!(steps(&mut reader), Ok(Vec::new()));
    }

    #[test]
    fn no_event_is_lost_and_none_comes_twice(history in history()) {
        let mut reader = Reader::new();
        reader.begin(None, None);
        reader.push(history.clone(), true);
        let mut seen = Vec::new();
        let mut last = None;
        for step in steps(&mut reader).expect("it is a history") {
            let Step::Turn(Turn { inputs, record: Some(record), .. }) = step else { panic!("not a turn: {step:?}") };
            last = record.answers.last().map(|event| event.id).or(Some(record.completed));
            seen.extend(inputs.into_iter().chain(record.answers));
        }
        let is_of_a_task = |event: &Event| {
            matches!(
                event.kind,
                EventKind::WorkflowTaskScheduled(_)
                    | EventKind::WorkflowTaskStarted(_)
                    | EventKind::WorkflowTaskCompleted(_)
                    | EventKind::WorkflowTaskFailed(_)
                    | EventKind::WorkflowTaskTimedOut(_)
            )
        };
        let expected = history.into_iter().filter(|event| !is_of_a_task(event) && Some(event.id) <= last);
        prop_assert_eq!(seen, expected.collect::<Vec<_>>());
    }
}
