//! Programs that nobody wrote, to which anything may happen.
//!
//! What a session checks must hold for all of them: a kept run and a replay answer the same, a replay sees what was seen
//! when it happened, and the server takes every answer. A failure prints a script.

use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;

use perpetua_core::{CancellationType, ChildCancellationType};
use perpetua_vocab::{Event, EventId, EventKind, RunId, WorkflowTaskFailedCause};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use proptest::test_runner::RngSeed;

use crate::happening::{Happening, LocalEnd, LocalHow};
use crate::program::{Program, Statement};
use crate::server::Polled;
use crate::session::{Fate, Session};
use crate::worker::Worker;

/// One seed for every machine; `PROPTEST_RNG_SEED` and `PROPTEST_CASES` look elsewhere.
pub(crate) fn config(cases: u32) -> ProptestConfig {
    ProptestConfig { cases, rng_seed: RngSeed::Fixed(1), failure_persistence: None, ..ProptestConfig::default() }
}

/// What one task is about, as numbers that choose from what may happen then.
#[derive(Clone, Debug)]
struct Round {
    before: Vec<Index>,
    meanwhile: Vec<Index>,
    ends: Vec<LocalEnd>,
    what: What,
}

#[derive(Clone, Copy, Debug)]
enum What {
    Turn,
    Lost,
    Failed,
    EvictedTurn,
    QueriedTurn,
}

fn name() -> impl Strategy<Value = String> {
    select(vec!["a", "b", "c", "d"]).prop_map(str::to_owned)
}

fn flag() -> impl Strategy<Value = String> {
    select(vec!["f", "g"]).prop_map(str::to_owned)
}

fn end() -> impl Strategy<Value = Statement> {
    prop_oneof![
        Just(Statement::Complete(Some("ok".to_owned()))),
        Just(Statement::Fail("why".to_owned())),
        Just(Statement::CancelWorkflow),
        Just(Statement::ContinueAsNew),
    ]
}

fn statement() -> impl Strategy<Value = Statement> {
    let cancellation =
        select(vec![CancellationType::TryCancel, CancellationType::WaitCompleted, CancellationType::Abandon]);
    let activity_type = select(vec!["charge", "ship"]).prop_map(str::to_owned);
    let activity = (name(), activity_type, cancellation).prop_map(|(name, activity_type, cancellation)| {
        Statement::Activity { name, activity_type, id: None, cancellation }
    });
    let cancellation =
        select(vec![CancellationType::TryCancel, CancellationType::WaitCompleted, CancellationType::Abandon]);
    let local = (name(), cancellation).prop_map(|(name, cancellation)| {
        let activity_type = "check".to_owned();
        Statement::Local { name, activity_type, id: None, cancellation }
    });
    let cancellation = select(vec![
        ChildCancellationType::Abandon,
        ChildCancellationType::TryCancel,
        ChildCancellationType::WaitCancellationRequested,
        ChildCancellationType::WaitCancellationCompleted,
    ]);
    let child = (name(), cancellation).prop_map(|(name, cancellation)| {
        let workflow_type = "deliver".to_owned();
        Statement::Child { name, workflow_type, id: None, cancellation }
    });
    let signal = (name(), name(), any::<bool>()).prop_map(|(name, target, child)| {
        let signal = "approve".to_owned();
        Statement::Signal { name, target, signal, child }
    });
    let patch = || select(vec!["fix", "tune"]).prop_map(str::to_owned);
    let patched = prop_oneof![
        3 => (name(), patch()).prop_map(|(name, patch)| Statement::Patched { name, patch }),
        1 => patch().prop_map(Statement::Deprecate),
    ];
    let then =
        (name(), 1_u64..100).prop_map(|(name, after)| Statement::Timer { name, after: Duration::from_secs(after) });
    let conditional = (name(), any::<bool>(), then).prop_map(|(name, holds, then)| Statement::If {
        name,
        holds,
        then: Box::new(then),
    });
    let change = || vec(select(vec!["a=1", "b=2", "b="]).prop_map(str::to_owned), 1..3);
    let note = prop_oneof![
        2 => name().prop_map(|name| Statement::SideEffect { name, value: "7".to_owned() }),
        1 => change().prop_map(Statement::SearchAttributes),
        1 => change().prop_map(Statement::Memo),
    ];
    let awaited = prop_oneof![4 => name(), 1 => name().prop_map(|name| format!("{name}_start"))];
    prop_oneof![
        6 => child,
        3 => patched,
        2 => conditional,
        3 => note,
        2 => signal,
        1 => (name(), name()).prop_map(|(name, target)| Statement::Stop { name, target }),
        6 => (name(), 1_u64..100).prop_map(|(name, after)| Statement::Timer { name, after: Duration::from_secs(after) }),
        6 => activity,
        6 => local,
        8 => vec(awaited, 1..3).prop_map(Statement::Await),
        4 => name().prop_map(Statement::Cancel),
        3 => name().prop_map(Statement::Drop),
        1 => name().prop_map(Statement::Detach),
        2 => flag().prop_map(Statement::Set),
        2 => flag().prop_map(Statement::Wait),
        1 => end(),
    ]
}

fn body(most: usize) -> impl Strategy<Value = Vec<Statement>> {
    vec(statement(), 0..most)
}

fn update() -> impl Strategy<Value = Vec<Statement>> {
    let reject = (proptest::option::of(flag())).prop_map(|flag| Statement::Reject { why: "no".to_owned(), flag });
    let answer = prop_oneof![Just(Statement::Answer("yes".to_owned())), Just(Statement::Refuse("not now".to_owned()))];
    let part = prop_oneof![3 => statement(), 2 => answer];
    (proptest::option::weighted(0.4, reject), proptest::option::weighted(0.9, vec(part, 0..5))).prop_map(
        |(reject, accepted)| {
            let accepted = accepted.into_iter().flat_map(|body| std::iter::once(Statement::Accept).chain(body));
            reject.into_iter().chain(accepted).collect()
        },
    )
}

fn program() -> impl Strategy<Value = Program> {
    (body(9), body(5), body(5), update(), update(), body(5)).prop_map(|(main, r, s, m, n, cancel)| Program {
        main,
        signals: BTreeMap::from([("r".to_owned(), r), ("s".to_owned(), s)]),
        updates: BTreeMap::from([("m".to_owned(), m), ("n".to_owned(), n)]),
        cancel,
    })
}

/// Most rounds have no local activity of this number; then nothing comes of it.
fn local_end() -> impl Strategy<Value = LocalEnd> {
    let how = prop_oneof![
        3 => Just(LocalHow::Completed("checked".to_owned())),
        1 => Just(LocalHow::Failed("broken".to_owned())),
        1 => Just(LocalHow::TimedOut),
        1 => Just(LocalHow::Canceled),
        2 => Just(LocalHow::BackOff(90)),
    ];
    (1..6_u32, how).prop_map(|(number, how)| LocalEnd { number, how, attempt: 1 })
}

fn round() -> impl Strategy<Value = Round> {
    let what = prop_oneof![
        8 => Just(What::Turn),
        2 => Just(What::Lost),
        1 => Just(What::Failed),
        1 => Just(What::EvictedTurn),
        1 => Just(What::QueriedTurn),
    ];
    (vec(any::<Index>(), 0..5), vec(any::<Index>(), 0..3), vec(local_end(), 0..4), what)
        .prop_map(|(before, meanwhile, ends, what)| Round { before, meanwhile, ends, what })
}

/// Chooses what happens, so that it can.
struct Chooser {
    possible: Vec<Happening>,
    updates: usize,
}

impl Chooser {
    fn choose(&mut self, choices: &[Index]) -> Vec<Happening> {
        choices.iter().map(|choice| self.choose_one(choice)).collect()
    }

    fn choose_one(&mut self, choice: &Index) -> Happening {
        let id = || format!("u{}", self.updates + 1);
        let messages = [
            Happening::Signal("s".to_owned()),
            Happening::Signal("r".to_owned()),
            Happening::Update { name: "n".to_owned(), id: id() },
            Happening::Update { name: "m".to_owned(), id: id() },
            Happening::Admitted { name: "n".to_owned(), id: id() },
            Happening::Unknown { may_ignore: true },
        ];
        let choices: Vec<&Happening> = messages.iter().chain(&self.possible).collect();
        let chosen = (*choice.get(&choices)).clone();
        if matches!(chosen, Happening::Update { .. } | Happening::Admitted { .. }) {
            self.updates += 1;
        }
        // An operation ends once.
        self.possible.retain(|other| other.operation() != chosen.operation());
        chosen
    }
}

/// Plays the rounds; the session as it is then.
fn play(program: &Program, rounds: &[Round], pages: usize) -> Result<Session, String> {
    let mut session = Session::new(program.clone(), pages);
    let mut updates = 0;
    for (index, round) in rounds.iter().enumerate() {
        if session.server().is_closed() {
            break;
        }
        let mut chooser = Chooser { possible: session.server().possible(), updates };
        let mut before = chooser.choose(&round.before);
        if index == 0 {
            before.insert(0, Happening::Started);
        }
        let meanwhile = match round.what {
            What::Failed => Vec::new(),
            _ => chooser.choose(&round.meanwhile),
        };
        updates = chooser.updates;
        let seen = match round.what {
            What::Turn => session.turn_with(&before, &meanwhile, &round.ends, Fate::Answered),
            What::Lost => session.turn_with(&before, &meanwhile, &round.ends, Fate::Lost),
            What::Failed => session.failed(&before),
            What::EvictedTurn => {
                session.evict().and_then(|_| session.turn_with(&before, &meanwhile, &round.ends, Fate::Answered))
            }
            What::QueriedTurn => session.query().and_then(|_| session.turn(&before, &meanwhile, Fate::Answered)),
        };
        let problem = match seen {
            Ok(seen) if session.has_fault() => seen.join("\n"),
            Ok(_) => continue,
            Err(problem) => problem,
        };
        return Err(format!("{}\n{problem}", session.script()));
    }
    session.finish().map_err(|problem| format!("{}\n{problem}", session.script()))?;
    Ok(session)
}

/// Histories as a server writes them, some of them after a reset.
pub(crate) fn history() -> impl Strategy<Value = Vec<Event>> {
    (program(), vec(round(), 1..10), any::<bool>()).prop_map(|(program, rounds, reset)| {
        let session = play(&program, &rounds, 3).unwrap_or_else(|problem| panic!("{problem}"));
        let mut events = session.server().history().to_vec();
        for event in &mut events {
            if let (true, EventKind::WorkflowTaskFailed(failed)) = (reset, &mut event.kind) {
                failed.cause = WorkflowTaskFailedCause::ResetWorkflow;
                failed.new_run = Some(RunId::new(format!("run-{}", event.id)));
            }
        }
        events
    })
}

/// What becomes of an event that should have stayed where it was.
#[derive(Clone, Debug)]
enum Damage {
    Swap(Index, Index),
    Duplicate(Index),
    Remove(Index),
    Truncate(Index),
}

fn damage() -> impl Strategy<Value = Damage> {
    prop_oneof![
        (any::<Index>(), any::<Index>()).prop_map(|(one, other)| Damage::Swap(one, other)),
        any::<Index>().prop_map(Damage::Duplicate),
        any::<Index>().prop_map(Damage::Remove),
        any::<Index>().prop_map(Damage::Truncate),
    ]
}

impl Damage {
    fn apply(&self, events: &mut Vec<Event>) {
        let length = events.len();
        if length == 0 {
            return;
        }
        match self {
            Self::Swap(one, other) => events.swap(one.index(length), other.index(length)),
            Self::Duplicate(at) => events.insert(at.index(length), events[at.index(length)].clone()),
            Self::Remove(at) => {
                events.remove(at.index(length));
            }
            Self::Truncate(at) => events.truncate(at.index(length)),
        }
    }
}

/// Gives events the numbers of their places, so that a reader looks further than at numbers.
fn number_again(events: &mut [Event]) {
    for (event, number) in events.iter_mut().zip(1..) {
        event.id = EventId::new(number).expect("counted from 1");
    }
}

proptest! {
    #![proptest_config(config(400))]

    #[test]
    fn a_kept_run_and_a_replay_agree(program in program(), rounds in vec(round(), 1..14), pages in 1_usize..9) {
        if let Err(problem) = play(&program, &rounds, pages) {
            prop_assert!(false, "{problem}");
        }
    }

    #[test]
    fn a_program_reads_as_it_is_written(program in program()) {
        let mut program = program;
        // A handler that does nothing is not written.
        program.signals.retain(|_, body| !body.is_empty());
        program.updates.retain(|_, body| !body.is_empty());
        let text = program.to_string();
        prop_assert_eq!(Program::parse(text.lines().map(str::trim)), Ok(program));
    }

    #[test]
    fn a_damaged_history_ends_in_an_answer_or_a_fault(
        program in program(),
        rounds in vec(round(), 1..10),
        damages in vec(damage(), 1..6),
        numbered in any::<bool>(),
        present in any::<Index>(),
        cut in any::<Index>(),
        pages in 1_usize..5,
    ) {
        let mut events = play(&program, &rounds, pages).map_err(TestCaseError::fail)?.server().history().to_vec();
        for damage in &damages {
            damage.apply(&mut events);
        }
        if numbered {
            number_again(&mut events);
        }
        let (program, mut worker) = (Rc::new(program), Worker::new(pages));
        let started = |events: &[Event]| (!events.is_empty()).then(|| present.get(events).id);
        // First a part of it, then all of it.
        let part = events[..cut.index(events.len() + 1)].to_vec();
        for history in [part, events] {
            let task = Polled { previous: None, started: started(&history), history, messages: Vec::new() };
            let _ = worker.work(&program, &task, &[]).answer;
        }
    }
}
