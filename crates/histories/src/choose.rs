//! Which of many runs are taken, so that few histories cover much code.
//!
//! Runs of one type are put into strata: how they ended, and how long their histories are, in powers of two. Whoever takes a
//! few takes them from as many strata as possible, and within one, runs that began far from each other: they may have met
//! different versions of the code.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, SystemTime};

use perpetua_client::WorkflowStatus;
use perpetua_vocab::{RunId, WorkflowId};

/// A run, as a list of the server shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// The type of the workflow.
    pub workflow_type: String,
    /// The workflow's id.
    pub workflow_id: WorkflowId,
    /// The run's id.
    pub run_id: RunId,
    /// How it is doing.
    pub status: WorkflowStatus,
    /// How many events its history has; 0 where the list does not say, as for runs that are open.
    pub events: u64,
    /// When it began.
    pub started: SystemTime,
}

/// How a run ended, and how long its history is: the number of binary digits of that number.
type Stratum = (String, u32);

impl Listed {
    fn stratum(&self) -> Stratum {
        (self.status.to_string(), u64::BITS - self.events.leading_zeros())
    }
}

/// Chooses up to `per_type` of the runs of each type, by their positions in the list; each type's in the order in which they
/// were chosen. The order of the list does not matter.
pub fn choose(listed: &[Listed], per_type: usize) -> BTreeMap<String, Vec<usize>> {
    let mut types: BTreeMap<String, BTreeMap<Stratum, Vec<usize>>> = BTreeMap::new();
    for (index, run) in listed.iter().enumerate() {
        types.entry(run.workflow_type.clone()).or_default().entry(run.stratum()).or_default().push(index);
    }
    types.into_iter().map(|(name, strata)| (name, choose_of_type(listed, strata, per_type))).collect()
}

fn choose_of_type(listed: &[Listed], mut strata: BTreeMap<Stratum, Vec<usize>>, count: usize) -> Vec<usize> {
    let mut chosen: Vec<usize> = Vec::new();
    let mut from: BTreeMap<Stratum, BTreeSet<usize>> = BTreeMap::new();
    while chosen.len() < count {
        // From the stratum that has given the fewest; of those, from the status and then the length that have; then the
        // longest, since more has happened in it.
        let given = |test: &dyn Fn(&Stratum) -> bool| -> usize {
            from.iter().filter(|(stratum, _)| test(stratum)).map(|(_, taken)| taken.len()).sum()
        };
        let rank = |stratum: &Stratum| {
            let of_stratum = given(&|other| other == stratum);
            let of_status = given(&|other| other.0 == stratum.0);
            let of_length = given(&|other| other.1 == stratum.1);
            (of_stratum, of_status, of_length, std::cmp::Reverse(stratum.1), stratum.0.clone())
        };
        let Some(stratum) = strata.keys().min_by_key(|stratum| rank(stratum)).cloned() else { break };
        let Some(runs) = strata.get_mut(&stratum) else { break };
        let taken = from.entry(stratum.clone()).or_default();
        let Some(position) = farthest(listed, runs, taken) else { break };
        let run = runs.swap_remove(position);
        if runs.is_empty() {
            strata.remove(&stratum);
        }
        taken.insert(run);
        chosen.push(run);
    }
    chosen
}

/// The position of the run that began farthest from those that are taken; the latest one, if none is.
fn farthest(listed: &[Listed], runs: &[usize], taken: &BTreeSet<usize>) -> Option<usize> {
    let distance = |run: usize| {
        let apart = |other: &usize| apart(listed[run].started, listed[*other].started);
        taken.iter().map(apart).min().unwrap_or(Duration::MAX)
    };
    let rank = |run: usize| (distance(run), listed[run].started, &listed[run].run_id, &listed[run].workflow_id);
    (0..runs.len()).max_by(|one, other| rank(runs[*one]).cmp(&rank(runs[*other])))
}

fn apart(one: SystemTime, other: SystemTime) -> Duration {
    one.duration_since(other).or_else(|_| other.duration_since(one)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `type status events started`, a line for each run.
    fn list(text: &str) -> Vec<Listed> {
        let run = |(index, line): (usize, &str)| {
            let words: Vec<&str> = line.split_whitespace().collect();
            let number = |word: &str| word.parse::<u64>().expect("a number");
            Listed {
                workflow_type: words[0].to_owned(),
                workflow_id: format!("w{index}").into(),
                run_id: format!("r{index}").into(),
                status: match words[1] {
                    "running" => WorkflowStatus::Running,
                    "completed" => WorkflowStatus::Completed,
                    "failed" => WorkflowStatus::Failed,
                    other => panic!("{other}"),
                },
                events: number(words[2]),
                started: SystemTime::UNIX_EPOCH + Duration::from_secs(number(words[3])),
            }
        };
        text.trim().lines().enumerate().map(run).collect()
    }

    /// What is chosen, by the words of the list.
    fn chosen(text: &str, per_type: usize) -> Vec<String> {
        let lines: Vec<&str> = text.trim().lines().map(str::trim).collect();
        choose(&list(text), per_type).into_values().flatten().map(|index| lines[index].to_owned()).collect()
    }

    const ORDERS: &str = "
        Order completed 11 1
        Order completed 12 2
        Order completed 13 9
        Order completed 200 3
        Order failed 11 4
        Order failed 300 5
        Order running 0 6
        Other completed 5 1";

    #[test]
    fn every_status_comes_before_a_second_of_one_and_other_lengths_before_the_same() {
        let three = ["Order failed 300 5", "Order completed 200 3", "Order running 0 6", "Other completed 5 1"];
        assert_eq!(chosen(ORDERS, 3), three);
        let five = chosen(ORDERS, 5);
        assert_eq!(five[..3], three[..3]);
        assert_eq!(five[3..5], ["Order completed 13 9", "Order failed 11 4"]);
    }

    #[test]
    fn in_one_stratum_the_latest_comes_first_and_then_what_is_far_from_it() {
        let list = "A completed 9 1\nA completed 9 2\nA completed 9 50\nA completed 9 99\nA completed 9 100";
        assert_eq!(chosen(list, 3), ["A completed 9 100", "A completed 9 1", "A completed 9 50"]);
    }

    #[test]
    fn the_order_of_the_list_does_not_matter_and_nothing_is_taken_twice() {
        let mut lines: Vec<&str> = ORDERS.trim().lines().map(str::trim).collect();
        let runs = list(ORDERS);
        let ids = |runs: &[Listed]| -> Vec<String> {
            choose(runs, 100).into_values().flatten().map(|index| runs[index].run_id.to_string()).collect()
        };
        let mut turned = runs.clone();
        turned.reverse();
        assert_eq!(ids(&runs), ids(&turned));
        let mut all = chosen(ORDERS, 100);
        all.sort_unstable();
        lines.sort_unstable();
        assert_eq!(all, lines);
        assert_eq!(choose(&[], 5), BTreeMap::new());
        assert_eq!(choose(&runs, 0).into_values().flatten().count(), 0);
    }
}
