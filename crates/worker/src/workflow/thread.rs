//! What the operating system says of a thread: how long it computed, how long it waited to be let to, and what for it
//! sleeps. On Linux only; elsewhere nothing is known.

use std::fmt;
use std::fs;
use std::path::PathBuf;
use std::time::Duration;

/// How long a tick of the older account of time is, on every machine that this runs on.
const TICK: Duration = Duration::from_millis(10);

/// A thread, for others to look at.
#[derive(Clone, Debug, Default)]
pub(crate) struct Thread {
    /// Its folder under `/proc`, as long as it is there.
    folder: Option<PathBuf>,
}

/// How a thread spent its time since it was started.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Account {
    /// It computed.
    pub(crate) computed: Duration,
    /// It could have computed, and others were let to.
    pub(crate) queued: Duration,
    /// Whether it sleeps right now. Otherwise it computes, or would if it were let to.
    pub(crate) sleeps: bool,
}

impl Thread {
    /// The thread that asks.
    pub(crate) fn current() -> Self {
        // A link to `<process>/task/<thread>`.
        let folder = fs::read_link("/proc/thread-self").ok().map(|thread| PathBuf::from("/proc").join(thread));
        Self { folder }
    }

    /// How it spent its time; none where the system does not say.
    pub(crate) fn account(&self) -> Option<Account> {
        let folder = self.folder.as_ref()?;
        let (sleeps, ticks) = state(&fs::read_to_string(folder.join("stat")).ok()?)?;
        let scheduled = fs::read_to_string(folder.join("schedstat")).ok().and_then(|text| schedule(&text));
        let (computed, queued) = scheduled.unwrap_or((ticks, Duration::ZERO));
        Some(Account { computed, queued, sleeps })
    }

    /// What it sleeps for, as far as that can be told.
    pub(crate) fn waits_for(&self) -> WaitsFor {
        let call = self.folder.as_ref().and_then(|folder| fs::read_to_string(folder.join("syscall")).ok());
        call.as_deref().map_or(WaitsFor::Something, waits_for)
    }
}

/// Whether a debugger holds this process.
pub(crate) fn is_traced() -> bool {
    fs::read_to_string("/proc/self/status").is_ok_and(|status| traced(&status))
}

/// What a thread sleeps for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum WaitsFor {
    Lock,
    Time,
    Io,
    Process,
    Something,
}

impl fmt::Display for WaitsFor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Lock => "it waits for a lock, a channel or another thread",
            Self::Time => "it sleeps",
            Self::Io => "it waits for a file or the network",
            Self::Process => "it waits for another process",
            Self::Something => "it waits for a lock, a channel, a file or the network",
        })
    }
}

/// Whether the thread sleeps, and how long it computed, from its `stat`.
fn state(stat: &str) -> Option<(bool, Duration)> {
    // The name, in parentheses, may have any letters in it.
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace();
    let sleeps = fields.next()? != "R";
    // The fields are counted from the state, which is the third of the line.
    let mut ticks = fields.skip(10).map(str::parse::<u32>);
    let (user, system) = (ticks.next()?.ok()?, ticks.next()?.ok()?);
    Some((sleeps, TICK * user.checked_add(system)?))
}

/// How long the thread computed and how long it waited to be let to, from its `schedstat`.
fn schedule(schedstat: &str) -> Option<(Duration, Duration)> {
    let mut numbers = schedstat.split_whitespace().map(str::parse::<u64>);
    let (computed, queued) = (numbers.next()?.ok()?, numbers.next()?.ok()?);
    // A kernel that does not keep this account says so with zeros.
    (computed > 0).then(|| (Duration::from_nanos(computed), Duration::from_nanos(queued)))
}

/// What the system call that a thread is in waits for.
fn waits_for(syscall: &str) -> WaitsFor {
    let Some(number) = syscall.split_whitespace().next().and_then(|number| number.parse::<u32>().ok()) else {
        return WaitsFor::Something;
    };
    let calls: &[(&[u32], WaitsFor)] = if cfg!(target_arch = "x86_64") {
        &[
            (&[202, 449], WaitsFor::Lock),
            (&[35, 230], WaitsFor::Time),
            (
                &[0, 1, 7, 17, 18, 19, 20, 23, 42, 43, 44, 45, 46, 47, 74, 75, 232, 257, 270, 271, 281, 288],
                WaitsFor::Io,
            ),
            (&[61, 247], WaitsFor::Process),
        ]
    } else if cfg!(target_arch = "aarch64") {
        &[
            (&[98, 449], WaitsFor::Lock),
            (&[101, 115], WaitsFor::Time),
            (&[22, 56, 63, 64, 65, 66, 67, 68, 72, 73, 82, 83, 202, 203, 206, 207, 211, 212, 242], WaitsFor::Io),
            (&[95, 260], WaitsFor::Process),
        ]
    } else {
        &[]
    };
    calls.iter().find(|(numbers, _)| numbers.contains(&number)).map_or(WaitsFor::Something, |(_, what)| *what)
}

fn traced(status: &str) -> bool {
    let tracer = status.lines().find_map(|line| line.strip_prefix("TracerPid:"));
    tracer.is_some_and(|tracer| tracer.trim() != "0")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_account_of_a_thread_is_read() {
        let stat = "4242 (odd) name)) S 1 4242 4242 0 -1 4194560 1 0 0 0 150 50 0 0 20 0 8 0 12345 1 1";
        assert_eq!(state(stat), Some((true, Duration::from_secs(2))));
        assert_eq!(state(&stat.replace(") S ", ") R ")).map(|(sleeps, _)| sleeps), Some(false));
        assert_eq!(state("4242 (short) S 1"), None);
        let schedstat = schedule("1500000000 250000000 77\n");
        assert_eq!(schedstat, Some((Duration::from_millis(1500), Duration::from_millis(250))));
        assert_eq!(schedule("0 0 0\n"), None);
    }

    #[test]
    fn a_debugger_is_noticed() {
        assert!(traced("Name:\tworker\nTracerPid:\t77\nUid:\t0\n"));
        assert!(!traced("Name:\tworker\nTracerPid:\t0\nUid:\t0\n"));
        assert!(!traced(""));
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn another_thread_can_be_looked_at() {
        use std::sync::mpsc;
        use std::thread;

        let (told, name) = mpsc::channel();
        let (stop, stopped) = mpsc::channel::<()>();
        let asleep = thread::spawn(move || {
            told.send(Thread::current()).expect("somebody listens");
            stopped.recv().expect_err("nobody sends");
        });
        let other = name.recv().expect("it says who it is");
        // It is about to sleep.
        while !other.account().expect("it is there").sleeps {
            thread::yield_now();
        }
        let before = other.account().expect("it is there");
        assert!(matches!(other.waits_for(), WaitsFor::Lock | WaitsFor::Something));
        let own = Thread::current();
        let begun = own.account().expect("it is there").computed;
        while own.account().expect("it is there").computed < begun + Duration::from_millis(20) {
            std::hint::black_box(0);
        }
        assert!(!own.account().expect("it is there").sleeps);
        let after = other.account().expect("it is there");
        assert!(after.sleeps && after.computed < before.computed + Duration::from_millis(10), "{before:?} {after:?}");
        drop(stop);
        asleep.join().expect("it does not panic");
    }
}
