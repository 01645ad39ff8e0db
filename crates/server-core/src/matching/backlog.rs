//! The work of one queue that waits: by priority, then in turns between fairness keys, then in order of arrival.
//!
//! Each key of a level has a line, and each line a *pass*: the turn in which its first piece of work is due. Taking work
//! from a line moves its pass on by a stride, which is the shorter the more weight the work has. The line with the lowest
//! pass is next, so that keys share the workers by their weights, and one that had nothing to do gets no credit for it.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::Taken;
use crate::Time;
use crate::world::Offer;

/// How far work of the weight 1 moves its line.
const STRIDE: f32 = 1_000_000.0;
/// How many lines without work are remembered, so that their keys are not served twice in a row.
const REMEMBERED: usize = 1000;

/// The work of one queue that waits.
#[derive(Debug, Default)]
pub(super) struct Backlog {
    levels: BTreeMap<i32, Level>,
    count: usize,
}

#[derive(Debug, Default)]
struct Level {
    lines: BTreeMap<String, Line>,
    /// The lines that have work: pass, arrival of the first piece, key.
    order: BTreeSet<(u64, u64, String)>,
    /// The pass of the work that was taken last.
    pass: u64,
}

#[derive(Debug, Default)]
struct Line {
    work: VecDeque<(u64, Offer)>,
    pass: u64,
}

impl Backlog {
    pub(super) fn len(&self) -> usize {
        self.count
    }

    /// Adds work that arrived as the so-manieth.
    pub(super) fn push(&mut self, arrival: u64, offer: Offer) {
        let level = self.levels.entry(offer.priority).or_default();
        let line = level.lines.entry(offer.fairness_key.clone()).or_default();
        if line.work.is_empty() {
            line.pass = line.pass.max(level.pass);
            level.order.insert((line.pass, arrival, offer.fairness_key.clone()));
        }
        line.work.push_back((arrival, offer));
        self.count += 1;
    }

    /// Takes the first work that may go now. What may not says from when on it may, if ever.
    pub(super) fn take(
        &mut self,
        mut ready: impl FnMut(&Offer) -> Result<(), Option<Time>>,
        weight: impl Fn(&Offer) -> f32,
    ) -> Taken {
        let mut later: Option<Time> = None;
        for level in self.levels.values_mut() {
            let mut next = None;
            for entry in &level.order {
                let Some((_, offer)) = level.lines.get(&entry.2).and_then(|line| line.work.front()) else { continue };
                match ready(offer) {
                    Ok(()) => {
                        next = Some(entry.clone());
                        break;
                    }
                    Err(at) => later = [later, at].into_iter().flatten().min(),
                }
            }
            if let Some(offer) = next.and_then(|entry| level.take(&entry, &weight)) {
                self.count -= 1;
                return Taken::Work(offer);
            }
        }
        later.map_or(Taken::Nothing, Taken::Later)
    }

    /// All of it, in no promised order.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Offer> {
        self.levels.values().flat_map(|level| level.lines.values()).flat_map(|line| &line.work).map(|(_, offer)| offer)
    }

    /// Takes out everything, in the order of arrival.
    pub(super) fn drain(&mut self) -> Vec<Offer> {
        self.count = 0;
        let levels = std::mem::take(&mut self.levels);
        let lines = levels.into_values().flat_map(|level| level.lines.into_values());
        let mut work: Vec<_> = lines.flat_map(|line| line.work).collect();
        work.sort_by_key(|(arrival, _)| *arrival);
        work.into_iter().map(|(_, offer)| offer).collect()
    }
}

impl Level {
    fn take(&mut self, entry: &(u64, u64, String), weight: impl Fn(&Offer) -> f32) -> Option<Offer> {
        self.order.remove(entry);
        let line = self.lines.get_mut(&entry.2)?;
        let (_, offer) = line.work.pop_front()?;
        self.pass = self.pass.max(entry.0);
        line.pass = entry.0.saturating_add(stride(weight(&offer)));
        if let Some((arrival, _)) = line.work.front() {
            self.order.insert((line.pass, *arrival, entry.2.clone()));
        }
        if self.lines.len() > self.order.len() + REMEMBERED {
            self.lines.retain(|_, line| !line.work.is_empty());
        }
        Some(offer)
    }
}

fn stride(weight: f32) -> u64 {
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the weight is between 0.001 and 1000")]
    let stride = (STRIDE / weight.clamp(0.001, 1000.0)) as u64;
    stride
}

#[cfg(test)]
mod tests {
    use perpetua_proto::common::Priority;

    use super::*;
    use crate::matching::QueueKey;
    use crate::world::{RunNumber, Work};

    fn offer(id: i64, priority_key: i32, key: &str, fairness_weight: f32) -> Offer {
        let priority = Priority { priority_key, fairness_key: key.into(), fairness_weight };
        let work = Work::Activity { run: RunNumber(1), scheduled: id, offer: 1 };
        Offer::new(QueueKey::activity("default", "queue"), Some(priority), work)
    }

    fn backlog(offers: Vec<Offer>) -> Backlog {
        let mut backlog = Backlog::default();
        for (arrival, offer) in (1..).zip(offers) {
            backlog.push(arrival, offer);
        }
        backlog
    }

    fn keys(backlog: &mut Backlog, count: usize) -> String {
        let mut keys = String::new();
        for _ in 0..count {
            match backlog.take(|_| Ok(()), |offer| offer.fairness_weight) {
                Taken::Work(offer) => keys.push_str(&offer.fairness_key),
                _ => keys.push('-'),
            }
        }
        keys
    }

    #[test]
    fn keys_take_turns_by_their_weights_within_a_priority() {
        let mut offers: Vec<_> = (0..6).map(|id| offer(id, 3, "a", 1.0)).collect();
        offers.extend((6..12).map(|id| offer(id, 3, "b", 2.0)));
        offers.push(offer(12, 5, "z", 1000.0));
        offers.push(offer(13, 1, "u", 0.001));
        let mut backlog = backlog(offers);
        assert_eq!(backlog.len(), 14);
        assert_eq!(keys(&mut backlog, 15), "uabbabbabbaaaz-");
    }

    #[test]
    fn a_key_that_comes_with_one_thing_at_a_time_does_not_go_before_all_others() {
        let mut backlog = backlog((0..4).map(|id| offer(id, 3, "a", 1.0)).collect());
        let mut taken = String::new();
        for arrival in 10..14 {
            backlog.push(arrival, offer(arrival.cast_signed(), 3, "b", 1.0));
            taken.push_str(&keys(&mut backlog, 2));
        }
        assert_eq!(taken, "abababab");
    }

    #[test]
    fn work_that_must_wait_lets_others_pass_and_says_how_long() {
        let mut backlog = backlog(vec![offer(0, 1, "a", 1.0), offer(1, 3, "b", 1.0)]);
        let at = Time::from_nanos(5);
        let mut take = || backlog.take(|offer| if offer.priority == 1 { Err(Some(at)) } else { Ok(()) }, |_| 1.0);
        assert!(matches!(take(), Taken::Work(offer) if offer.priority == 3));
        assert!(matches!(take(), Taken::Later(later) if later == at));
    }

    #[test]
    fn keys_that_are_used_once_are_not_remembered_for_ever() {
        let mut backlog = Backlog::default();
        for id in 0..5000 {
            backlog.push(id, offer(0, 3, &format!("{id}"), 1.0));
            keys(&mut backlog, 1);
        }
        assert!(backlog.levels[&3].lines.len() <= REMEMBERED + 1);
    }
}
