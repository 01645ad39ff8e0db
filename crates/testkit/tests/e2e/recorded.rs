//! Histories that the scenarios of this suite once left on a real server: the workflows of today replay them all, and no
//! server is needed for that. `cargo xtask record` writes them anew.

use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use perpetua_proto::history::History;
use perpetua_testkit::fuzz::{Mutator, history_message};
use perpetua_testkit::{Dice, Outcome, Recorded, recorded_histories, replay, replay_at_every_cut};
use perpetua_workflow::Workflows;
use prost::Message;

use crate::{
    activities, bad_input, cancellation, chains, children, command_line, concurrency, eager, failures, guarding,
    handlers, local_activities, messages, nondeterminism, options, python, random_programs, replacement, timers,
    workers,
};

/// Lists the workflows of a module, in a function `workflows`, as those with which its recorded histories are replayed.
macro_rules! replayed_with {
    ($($workflow:ident),* $(,)?) => {
        /// What recorded histories of this module are replayed with.
        pub(crate) fn workflows() -> perpetua_workflow::Workflows {
            let mut workflows = perpetua_workflow::Workflows::default();
            $(workflows.add::<$workflow>();)*
            workflows
        }
    };
}
pub(crate) use replayed_with;

/// A module of this suite, with its workflows.
type Module = (&'static str, fn() -> Workflows);

/// All modules that leave histories.
const MODULES: &[Module] = &[
    ("activities", activities::workflows),
    ("bad_input", bad_input::workflows),
    ("cancellation", cancellation::workflows),
    ("chains", chains::workflows),
    ("children", children::workflows),
    ("command_line", command_line::workflows),
    ("concurrency", concurrency::workflows),
    ("eager", eager::workflows),
    ("failures", failures::workflows),
    ("guarding", guarding::workflows),
    ("handlers", handlers::workflows),
    ("local_activities", local_activities::workflows),
    ("messages", messages::workflows),
    ("nondeterminism", nondeterminism::workflows),
    ("options", options::workflows),
    ("python", python::workflows),
    ("random_programs", random_programs::workflows),
    ("replacement", replacement::workflows),
    ("timers", timers::workflows),
    ("workers", workers::workflows),
];

/// Workflows whose histories are read, but not replayed: nobody has them, they are Python's, they need a codec,
/// or the test's help.
const OF_OTHERS: &[&str] = &["subtracts", "nobody_registered_this", "PythonOrder", "Vault", "computes_endlessly"];

/// A scenario of `handlers` whose dynamic workflow is not the one that others there have.
const ANOTHER_DYNAMIC: &str = "a_dynamic_workflow_has_state_and_messages";

/// What a recorded history is replayed with.
fn workflows_of(recorded: &Recorded) -> Option<Arc<Workflows>> {
    if recorded.scenario == ANOTHER_DYNAMIC {
        return Some(Arc::new(handlers::another_dynamic()));
    }
    let (_, workflows) = MODULES.iter().find(|(name, _)| *name == recorded.module)?;
    Some(Arc::new(workflows()))
}

#[test]
fn every_recorded_history_is_replayed_whole_and_cut_at_every_place() -> Outcome {
    let mut modules = BTreeSet::new();
    for recorded in recorded_histories()? {
        let place = recorded.place();
        if OF_OTHERS.contains(&recorded.workflow_type()) {
            continue;
        }
        let workflows = workflows_of(&recorded)
            .ok_or_else(|| format!("{place}: list the module and its workflows in `MODULES`"))?;
        if !workflows.contains(recorded.workflow_type()) {
            return Err(format!("{place}: list `{}` in its module's `replayed_with!`", recorded.workflow_type()).into());
        }
        let again = "if the workflow was changed on purpose, run `cargo xtask record` and look at the difference";
        replay(&workflows, &[&recorded.history.events]).map_err(|fault| format!("{place}: {fault}; {again}"))?;
        replay_at_every_cut(&workflows, &recorded.history.events)
            .map_err(|problem| format!("{place}: {problem}; {again}"))?;
        modules.insert(recorded.module);
    }
    let silent: Vec<_> = MODULES.iter().map(|(name, _)| *name).filter(|name| !modules.contains(*name)).collect();
    assert_eq!(silent, ["command_line"], "what the command line leaves names the machine, the others leave something");
    Ok(())
}

#[test]
fn a_recorded_history_with_changes_harms_nobody() -> Outcome {
    for recorded in recorded_histories()? {
        let Some(workflows) = workflows_of(&recorded) else { continue };
        let history = History::decode(&recorded.history.to_bytes()[..])?;
        if history.events.len() < 100 {
            let mutator = Mutator::new(vec![history]);
            for seed in 0..4 {
                let changed = mutator.changed(&mut Dice::of(seed));
                let played = catch_unwind(AssertUnwindSafe(|| history_message(&workflows, changed)));
                assert!(played.is_ok(), "{} with the changes of seed {seed}", recorded.place());
            }
        }
    }
    Ok(())
}

/// The history of `shipment` that this scenario left.
fn shipment(scenario: &str) -> Outcome<Recorded> {
    let mut all = recorded_histories()?.into_iter();
    let found = all.find(|recorded| recorded.module == "nondeterminism" && recorded.scenario == scenario);
    Ok(found.ok_or_else(|| format!("nothing was recorded of `{scenario}`"))?)
}

/// Replays the shipment that `scenario` left with code that was changed; what is said must begin with `report`.
fn is_reported(scenario: &str, changed: Workflows, report: &str) -> Outcome {
    let recorded = shipment(scenario)?;
    let fault = replay(&Arc::new(changed), &[&recorded.history.events]).expect_err("the code was changed");
    assert!(fault.to_string().starts_with(report), "{fault}");
    Ok(())
}

#[test]
fn a_command_that_is_missing_fails_the_replay_where_it_is_missing() -> Outcome {
    let report = "history and code disagree at event 11 (turn 2)\n  history: start_activity  name=ship  id=2\n  code:    \
                  complete_workflow\n";
    is_reported("code_that_ends_before_its_history_is_told_what_is_missing", nondeterminism::one_step_less(), report)
}

#[test]
fn a_command_that_is_new_fails_the_replay_where_it_is_new() -> Outcome {
    let report = "history and code disagree at event 4 (turn 1)\n  history: nothing more in this turn\n  code:    \
                  start_activity  name=insure  id=2\n";
    is_reported("code_that_does_more_than_its_history_is_told_what_is_extra", nondeterminism::one_step_more(), report)
}

#[test]
fn a_command_that_is_another_fails_the_replay_where_it_is() -> Outcome {
    let report = "history and code disagree at event 11 (turn 2)\n  history: start_activity  name=ship  id=2\n  code:    \
                  start_timer  after=30s  id=1\n";
    is_reported("code_that_does_something_else_is_told_both", nondeterminism::another_step(), report)
}
