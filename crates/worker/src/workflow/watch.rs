//! Whether workflow code gives its thread back in time: what is charged to it, and when that is too much.
//!
//! A run that computes is charged the time for which it had a processor. A run that sleeps, at a lock, a channel or a file,
//! is charged the time that passes. Neither is charged for a machine that has too much to do: the time in which the thread
//! could have gone on and was not let to, and the time in which nobody looked.

use std::fmt;
use std::time::Duration;

use super::thread::{Account, WaitsFor};

/// The watch over one job of a lane.
#[derive(Debug, Default)]
pub(crate) struct Watch {
    /// The account when somebody first looked, and how long after the beginning that was; none where the system keeps none.
    /// Most jobs are done before, and cost nothing.
    first: Option<(Account, Duration)>,
    /// What was charged at the last look, and when that was, from the beginning of the job.
    charged: Duration,
    looked: Duration,
    /// The time in which nobody looked although somebody should have.
    unseen: Duration,
    warned: bool,
}

/// What a look at a job gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It has time.
    Fine,
    /// Half of the time is over. Said once.
    Slow(Doing),
    /// The time is over.
    Stuck(Doing),
}

/// What a job that takes too long does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Doing {
    /// It computes, and has computed for so long.
    Computes(Duration),
    /// It sleeps, and has computed for so long only.
    Sleeps { computed: Duration, waits_for: WaitsFor },
    /// It runs; nothing more is known.
    Runs,
}

impl fmt::Display for Doing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Computes(time) => write!(
                f,
                "it computes, for {} ms of processor time; endless loops and long computations do not belong in workflow \
                 code; put them in an activity",
                time.as_millis()
            ),
            Self::Sleeps { computed, waits_for } => write!(
                f,
                "it blocks its thread: {waits_for}, and took {} ms of processor time; blocking calls and locks do not \
                 belong in workflow code; put them in an activity",
                computed.as_millis()
            ),
            Self::Runs => f.write_str(
                "blocking calls, endless loops and lock waits do not belong in workflow code; put them in an activity",
            ),
        }
    }
}

impl Watch {
    /// Looks at the job, so long after it began, when somebody looks as often as `every`.
    pub(crate) fn look(
        &mut self,
        passed: Duration,
        now: Option<Account>,
        waits_for: impl FnOnce() -> WaitsFor,
        limit: Duration,
        every: Duration,
    ) -> Verdict {
        let since = passed.saturating_sub(self.looked);
        self.looked = passed;
        self.unseen += since.saturating_sub(every * 2);
        let seen = passed.saturating_sub(self.unseen);
        let Some(now) = now else {
            self.charged = seen;
            return self.judge(Doing::Runs, limit);
        };
        let (begun, unknown) = *self.first.get_or_insert((now, seen));
        let seen = seen.saturating_sub(unknown);
        let computed = now.computed.saturating_sub(begun.computed);
        let queued = now.queued.saturating_sub(begun.queued);
        // While it waits to be let to compute, the system has not counted that yet.
        let charged = if now.sleeps { seen.saturating_sub(queued) } else { computed };
        self.charged = self.charged.max(charged);
        let doing = if computed * 2 >= self.charged {
            Doing::Computes(computed)
        } else {
            Doing::Sleeps { computed, waits_for: waits_for() }
        };
        self.judge(doing, limit)
    }

    fn judge(&mut self, doing: Doing, limit: Duration) -> Verdict {
        if self.charged >= limit {
            Verdict::Stuck(doing)
        } else if self.charged >= limit / 2 && !self.warned {
            self.warned = true;
            Verdict::Slow(doing)
        } else {
            Verdict::Fine
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: Duration = Duration::from_millis(2000);
    const EVERY: Duration = Duration::from_millis(500);

    /// What is found at each look, every half a second: for each, how long the thread computed and queued since the last
    /// look, in milliseconds, and whether it sleeps.
    fn verdicts(looks: &[(u64, u64, bool)]) -> Vec<Verdict> {
        verdicts_at(
            &looks.iter().map(|&(computed, queued, sleeps)| (500, computed, queued, sleeps)).collect::<Vec<_>>(),
        )
    }

    /// The same, with the time that passes before each look.
    fn verdicts_at(looks: &[(u64, u64, u64, bool)]) -> Vec<Verdict> {
        let milliseconds = Duration::from_millis;
        let mut account = Account { computed: milliseconds(70), queued: milliseconds(7), sleeps: false };
        let mut watch = Watch::default();
        let mut passed = milliseconds(500);
        assert_eq!(watch.look(passed, Some(account), || WaitsFor::Lock, LIMIT, EVERY), Fine);
        let look = |&(since, computed, queued, sleeps): &(u64, u64, u64, bool)| {
            passed += milliseconds(since);
            account.computed += milliseconds(computed);
            account.queued += milliseconds(queued);
            account.sleeps = sleeps;
            watch.look(passed, Some(account), || WaitsFor::Lock, LIMIT, EVERY)
        };
        looks.iter().map(look).collect()
    }

    fn computes(milliseconds: u64) -> Doing {
        Doing::Computes(Duration::from_millis(milliseconds))
    }

    fn sleeps(milliseconds: u64) -> Doing {
        Doing::Sleeps { computed: Duration::from_millis(milliseconds), waits_for: WaitsFor::Lock }
    }

    use Verdict::{Fine, Slow, Stuck};

    #[test]
    fn a_run_that_computes_is_warned_of_once_and_then_stuck() {
        let looks = [(500, 0, false); 4];
        assert_eq!(verdicts(&looks), [Fine, Slow(computes(1000)), Fine, Stuck(computes(2000))]);
    }

    #[test]
    fn a_run_that_sleeps_is_warned_of_once_and_then_stuck() {
        let looks = [(1, 0, true), (0, 0, true), (0, 0, true), (0, 0, true)];
        assert_eq!(verdicts(&looks), [Fine, Slow(sleeps(1)), Fine, Stuck(sleeps(1))]);
    }

    #[test]
    fn a_run_that_is_not_let_to_compute_has_all_the_time() {
        // What is not counted yet counts later: it waits from the first look to the last.
        assert_eq!(verdicts(&[(10, 0, false); 20]), [Fine; 20]);
        assert_eq!(verdicts(&[(10, 490, false); 20]), [Fine; 20]);
        // Also where it sleeps for a moment now and then.
        assert_eq!(verdicts(&[(10, 480, true); 20]), [Fine; 20]);
        // It computes a tenth of the time, and takes ten times as long.
        let many = verdicts(&[(50, 450, false); 40]);
        assert_eq!((many[19], many[39]), (Slow(computes(1000)), Stuck(computes(2000))));
    }

    #[test]
    fn a_run_that_does_both_is_charged_for_both() {
        let looks = [(300, 0, true); 4];
        assert_eq!(verdicts(&looks), [Fine, Slow(computes(600)), Fine, Stuck(computes(1200))]);
        let looks = [(100, 0, true); 4];
        assert_eq!(verdicts(&looks), [Fine, Slow(sleeps(200)), Fine, Stuck(sleeps(400))]);
        // That it computes when somebody looks does not wipe out what it slept.
        let looks = [(0, 0, true), (0, 0, true), (0, 0, false), (0, 0, true)];
        assert_eq!(verdicts(&looks), [Fine, Slow(sleeps(0)), Fine, Stuck(sleeps(0))]);
    }

    #[test]
    fn time_in_which_nobody_looked_is_not_charged() {
        // The whole process was stopped for an hour.
        let looks = [(500, 0, 0, true), (3_600_000, 0, 0, true), (500, 0, 0, true)];
        assert_eq!(verdicts_at(&looks), [Fine, Slow(sleeps(0)), Stuck(sleeps(0))]);
        let looks = [(3_600_000, 0, 0, true)];
        assert_eq!(verdicts_at(&looks), [Slow(sleeps(0))]);
    }

    #[test]
    fn where_the_system_keeps_no_account_the_time_that_passes_is_charged() {
        let mut watch = Watch::default();
        let mut look = |passed| watch.look(Duration::from_millis(passed), None, || WaitsFor::Lock, LIMIT, EVERY);
        assert_eq!([500, 1000, 1500, 2000].map(&mut look), [Fine, Slow(Doing::Runs), Fine, Stuck(Doing::Runs)]);
    }
}
