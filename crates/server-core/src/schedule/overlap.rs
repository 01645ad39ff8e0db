//! What becomes of starts that are due while a workflow of the schedule runs.

use perpetua_proto::enums::ScheduleOverlapPolicy as Overlap;

use super::state::BufferedStart;

/// What is to be done now.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Plan {
    /// What may run beside anything.
    pub(super) beside: Vec<BufferedStart>,
    /// What runs alone.
    pub(super) alone: Option<BufferedStart>,
    /// What waits until what runs has ended.
    pub(super) waiting: Vec<BufferedStart>,
    /// Whether what runs is to be asked to stop.
    pub(super) cancel: bool,
    /// Whether what runs is to be stopped.
    pub(super) terminate: bool,
    pub(super) skipped: i64,
}

impl Plan {
    /// Goes through the starts in their order, with the policy of each.
    pub(super) fn of(buffer: Vec<BufferedStart>, is_running: bool, policy: impl Fn(i32) -> Overlap) -> Self {
        let mut plan = Self::default();
        for start in buffer {
            let policy = policy(start.overlap);
            match policy {
                Overlap::AllowAll => plan.beside.push(start),
                _ if !is_running && plan.alone.is_none() => plan.alone = Some(start),
                Overlap::BufferOne if plan.waiting.is_empty() => plan.waiting.push(start),
                Overlap::BufferAll => plan.waiting.push(start),
                Overlap::CancelOther | Overlap::TerminateOther if is_running => {
                    plan.cancel |= policy == Overlap::CancelOther;
                    plan.terminate |= policy == Overlap::TerminateOther;
                    plan.waiting.push(start);
                }
                // The other one has not begun yet.
                Overlap::CancelOther | Overlap::TerminateOther => plan.alone = Some(start),
                Overlap::Skip | Overlap::BufferOne | Overlap::Unspecified => plan.skipped += 1,
            }
        }
        if plan.cancel || plan.terminate {
            plan.beside.clear();
        }
        plan
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(overlaps: &[Overlap], is_running: bool) -> String {
        let start = |(at, overlap): (usize, &Overlap)| BufferedStart {
            at: i64::try_from(at).unwrap_or_default() + 1,
            overlap: (*overlap).into(),
            ..BufferedStart::default()
        };
        let buffer = overlaps.iter().enumerate().map(start).collect();
        let plan = Plan::of(buffer, is_running, |it| Overlap::try_from(it).unwrap_or(Overlap::Skip));
        let places = |starts: &[BufferedStart]| starts.iter().map(|start| start.at.to_string()).collect::<String>();
        format!(
            "beside {} alone {} waiting {} skipped {}{}{}",
            places(&plan.beside),
            plan.alone.map_or(0, |start| start.at),
            places(&plan.waiting),
            plan.skipped,
            if plan.cancel { " cancel" } else { "" },
            if plan.terminate { " terminate" } else { "" },
        )
    }

    #[test]
    fn each_policy_does_what_it_is_for() {
        use Overlap::{AllowAll, BufferAll, BufferOne, CancelOther, Skip, TerminateOther};
        for (overlaps, is_running, expected) in [
            (&[Skip, Skip][..], false, "beside  alone 1 waiting  skipped 1"),
            (&[Skip], true, "beside  alone 0 waiting  skipped 1"),
            (&[BufferOne, BufferOne, BufferOne], false, "beside  alone 1 waiting 2 skipped 1"),
            (&[BufferAll, BufferAll], true, "beside  alone 0 waiting 12 skipped 0"),
            (&[CancelOther], true, "beside  alone 0 waiting 1 skipped 0 cancel"),
            (&[CancelOther, CancelOther], false, "beside  alone 2 waiting  skipped 0"),
            (&[AllowAll, TerminateOther], true, "beside  alone 0 waiting 2 skipped 0 terminate"),
            (&[AllowAll, Skip, AllowAll], false, "beside 13 alone 2 waiting  skipped 0"),
        ] {
            assert_eq!(plan(overlaps, is_running), expected, "{overlaps:?} while running: {is_running}");
        }
    }
}
