//! The replayer: from history and workflows to a report.

use std::future::{Future, ready};
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};

use perpetua_contract::{WorkflowCall, WorkflowDefinition};
use perpetua_convert::{BoxFuture, CodecError, DataConverter, PayloadCodec};
use perpetua_vocab::{History, Payload};
use perpetua_workflow::implementation::WorkflowImplementation;
use perpetua_workflow::{Fault, ReplayFailure, Replayed, Replayer};

use crate::support::*;

thread_local! {
    /// Which activity the code calls.
    static ACTIVITY: Cell<&'static str> = const { Cell::new("charge") };
}

workflow! {
    Payment
    run |_, ctx, (who,)| (String,) => String {
        let receipt = ctx.activity(activity::<String>(ACTIVITY.get(), (who,))).start_to_close(seconds(9)).await?;
        ctx.sleep(seconds(5)).await?;
        Ok(receipt)
    }
}

workflow! {
    Panicking
    run |_, _, ()| () => () { panic!("out of paper") }
}

workflow! {
    Ticking
    run |_, ctx, (count,)| (u32,) => () {
        for _ in 0..count {
            ctx.sleep(seconds(1)).await?;
        }
        Ok(())
    }
}

/// What a generated stub is.
fn stub<W: WorkflowImplementation + WorkflowDefinition<Input = (String,)>>() -> impl Fn(String) -> WorkflowCall<W> {
    |argument| WorkflowCall::new((argument,))
}

fn replayer() -> Replayer {
    Replayer::new().workflow(stub::<Payment>())
}

/// Replays a history as a whole and as it is read, which must come to the same.
fn both_ways(replayer: &Replayer, history: &History) -> Result<Replayed, ReplayFailure> {
    let whole = replayer.replay(history);
    assert_eq!(replayer.replay_from(history.to_bytes().as_slice()), whole);
    whole
}

/// The history of a run, from what it does to its end.
fn recorded() -> History {
    let run = Scenario::of::<Payment>(|| ("Ann".to_owned(),))
        .start()
        .turn(|server| server.complete("1", "paid"))
        .turn(|server| server.fire("1"));
    History::new(run.play_once().server.history().to_vec())
}

#[test]
fn a_history_that_the_code_still_follows() {
    let history = recorded();
    let replayed = both_ways(&replayer(), &history).expect("nothing has changed");
    assert_eq!((replayed.turns, replayed.events, replayed.finished), (3, history.events.len(), true));
    assert_eq!(replayed.workflow_type.as_str(), "Payment");
    assert!(replayed.pending.is_empty(), "{replayed:?}");
}

#[test]
fn every_beginning_of_a_history_replays() {
    let history = recorded();
    // A server writes an answer as a whole.
    let whole = |length: &usize| history.events.get(*length).is_none_or(|next| !next.answers_task());
    let turns = (1..=history.events.len()).filter(whole).map(|length| {
        let beginning = History::new(history.events[..length].to_vec());
        let replayed = both_ways(&replayer(), &beginning).expect("it is the beginning of one that replays");
        (replayed.turns, replayed.pending.into_iter().map(|pending| pending.what).collect::<Vec<_>>().join(", "))
    });
    let mut turns: Vec<_> = turns.collect();
    turns.dedup();
    let seen: Vec<_> = turns.iter().map(|(turns, pending)| format!("{turns} {pending}")).collect();
    assert_eq!(seen, ["0 ", "1 activity `charge` (id 1)", "2 timer 1", "3 "]);
}

#[test]
fn a_change_is_found_and_named() {
    let history = recorded();
    ACTIVITY.set("refund");
    let failure = both_ways(&replayer(), &history).expect_err("the code has changed");
    assert_eq!(failure.workflow_type().as_str(), "Payment");
    let mismatch = failure.mismatch().expect("it is a mismatch");
    assert_eq!((mismatch.event.get(), mismatch.turn), (5, 1));
    let text = failure.to_string();
    assert!(
        text.starts_with("workflow `Payment` (id workflow) cannot be replayed: history and code disagree"),
        "{text}"
    );
    assert!(text.contains("replay.rs:"), "{text}");
    assert_eq!(format!("{failure:?}"), text, "it is readable where somebody unwraps it");
}

#[test]
fn many_histories_give_a_result_each() {
    let (good, bad) = (recorded(), History::default());
    let results: Vec<_> = replayer().replay_all([&good, &bad, &good]).map(|result| result.is_ok()).collect();
    assert_eq!(results, [true, false, true]);
}

#[test]
fn what_is_not_a_whole_history_is_refused() {
    let history = recorded();
    let refused = |events: &[perpetua_vocab::Event]| {
        both_ways(&replayer(), &History::new(events.to_vec())).expect_err("it is not a history").to_string()
    };
    let prefix = "the history cannot be replayed: the history cannot be read: ";
    assert_eq!(refused(&[]), format!("{prefix}History has no events"));
    let problem = "History begins with WorkflowTaskScheduled; a replay needs all of it, from its first event";
    assert_eq!(refused(&history.events[1..]), format!("{prefix}{problem}"));
    let mut holed = history.events.clone();
    holed.remove(3);
    let problem = "HistoryEvent.event_id is 5, but the event after 3 is needed";
    assert!(refused(&holed).ends_with(problem), "{}", refused(&holed));
}

#[test]
fn a_workflow_that_is_not_known_is_named() {
    let history = recorded();
    let failure = both_ways(&Replayer::new(), &history).expect_err("it knows none").to_string();
    assert!(failure.ends_with("workflow `Payment` is not known to this replayer; it has: none"), "{failure}");
    let twice = replayer().workflow(stub::<Payment>());
    let failure = both_ways(&twice, &history).expect_err("it is registered twice").to_string();
    assert!(failure.contains("workflow `Payment` is registered twice"), "{failure}");
}

#[test]
fn a_panic_is_a_failure_of_the_replay() {
    let run = Scenario::of::<Panicking>(|| ());
    let mut server = run.server();
    server.hand_out();
    let mut events = server.history().to_vec();
    let answered = recorded().events[3].clone();
    events.push(answered);
    let mut workflows = perpetua_workflow::Workflows::default();
    workflows.add::<Panicking>();
    let failure = both_ways(&Replayer::new().workflows(workflows), &History::new(events)).expect_err("it panics");
    assert!(matches!(failure.fault(), Fault::Panic(_)), "{failure}");
    assert!(failure.mismatch().is_none());
    assert!(failure.to_string().contains("out of paper"), "{failure}");
}

/// Changes a bit of each byte of every payload.
#[derive(Debug)]
struct Masked;

fn masked(mut payloads: Vec<Payload>) -> Result<Vec<Payload>, CodecError> {
    for payload in &mut payloads {
        payload.data = payload.data.iter().map(|byte| byte ^ 1).collect();
    }
    Ok(payloads)
}

impl PayloadCodec for Masked {
    fn encode(&self, payloads: Vec<Payload>) -> BoxFuture<'_, Result<Vec<Payload>, CodecError>> {
        Box::pin(ready(masked(payloads)))
    }

    fn decode(&self, payloads: Vec<Payload>) -> BoxFuture<'_, Result<Vec<Payload>, CodecError>> {
        Box::pin(ready(masked(payloads)))
    }
}

#[test]
fn codecs_run_before_the_replay() {
    let replayer = replayer().converter(DataConverter::default().with_codec(Masked));
    let now = |future: Pin<&mut dyn Future<Output = Result<(), CodecError>>>| {
        let Poll::Ready(result) = future.poll(&mut Context::from_waker(Waker::noop())) else { panic!("it is ready") };
        result.expect("it cannot fail");
    };
    let mut history = recorded();
    // What is changed twice is as it was.
    now(pin!(replayer.decode(&mut history)));
    assert_ne!(history, recorded(), "the codec has run");
    replayer.replay(&history).expect_err("the input cannot be read");
    now(pin!(replayer.decode(&mut history)));
    replayer.replay(&history).expect("it is as it was recorded");
}

#[test]
fn bytes_there_and_back() {
    let history = recorded();
    let again = History::from_bytes(&history.to_bytes()).expect("it was written so");
    assert!(again.to_bytes() == history.to_bytes(), "it is written as it was");
    let error = History::from_bytes(b"not a history").expect_err("these are other bytes").to_string();
    assert!(error.starts_with("History cannot be read: "), "{error}");
}

#[test]
fn what_is_cut_off_or_no_history_says_so() {
    let mut bytes = recorded().to_bytes();
    bytes.pop();
    for (bytes, problem) in [
        (bytes.as_slice(), "the history cannot be read: History ends in the middle of an event"),
        (b"{}", "the history cannot be read: History is not the protobuf message of that name"),
        (b"", "the history cannot be read: History has no events"),
    ] {
        let failure = replayer().replay_from(bytes).expect_err("it is no history").to_string();
        assert!(failure.ends_with(problem), "{failure}");
    }
}

#[test]
fn a_long_history_is_read_page_by_page() {
    let mut run = Scenario::of::<Ticking>(|| (700,)).start();
    for timer in 1..=700 {
        run = run.turn(move |server| server.fire(&timer.to_string()));
    }
    let history = History::new(run.play_once().server.history().to_vec());
    let mut workflows = perpetua_workflow::Workflows::default();
    workflows.add::<Ticking>();
    let replayed = both_ways(&Replayer::new().workflows(workflows), &history).expect("nothing has changed");
    assert_eq!((replayed.turns, replayed.events, replayed.finished), (701, history.events.len(), true));
}
