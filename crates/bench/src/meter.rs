//! What a process has used: processor time and memory, as Linux tells it.

use std::fs;

use rustix::process::getpid;
use rustix::time::{ClockId, clock_gettime};
use serde::{Deserialize, Serialize};

use crate::Outcome;

/// The ticks a second in which Linux shows processor time to programs.
const TICKS: f64 = 100.0;

/// What a worker answers when it is asked for its figures.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Snapshot {
    /// Processor time since the process began, in seconds.
    pub(crate) cpu: f64,
    /// Memory now, in KiB.
    pub(crate) rss_kb: f64,
    /// The most memory it ever had, in KiB.
    pub(crate) peak_kb: f64,
}

impl Snapshot {
    /// The figures of this process.
    pub(crate) fn here() -> Outcome<Self> {
        let own = getpid().as_raw_nonzero().get();
        let time = clock_gettime(ClockId::ProcessCPUTime);
        Ok(Self {
            cpu: time.tv_sec as f64 + time.tv_nsec as f64 / 1e9,
            rss_kb: memory_of(own, "VmRSS:")?,
            peak_kb: memory_of(own, "VmHWM:")?,
        })
    }

    /// The figures of another process. Its processor time is only known to the hundredth of a second.
    pub(crate) fn of(process: i32) -> Outcome<Self> {
        let stat = fs::read_to_string(format!("/proc/{process}/stat"))?;
        let (_, rest) = stat.rsplit_once(") ").ok_or("the process has no name in its stat")?;
        let fields: Vec<&str> = rest.split_whitespace().collect();
        let ticks = |at: usize| fields.get(at).and_then(|field| field.parse::<f64>().ok());
        let (Some(user), Some(system)) = (ticks(11), ticks(12)) else { return Err("no times in the stat".into()) };
        Ok(Self {
            cpu: (user + system) / TICKS,
            rss_kb: memory_of(process, "VmRSS:")?,
            peak_kb: memory_of(process, "VmHWM:")?,
        })
    }
}

/// One figure of `/proc/PID/status`, in KiB.
fn memory_of(process: i32, name: &str) -> Outcome<f64> {
    let status = fs::read_to_string(format!("/proc/{process}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix(name)).ok_or_else(|| format!("no {name} in status"))?;
    Ok(line.split_whitespace().next().ok_or("no number")?.parse()?)
}

/// The time below which so many (0.5 for the median) of the times are; 0 where there are none. Sorts them.
pub(crate) fn percentile(times: &mut [f64], share: f64) -> f64 {
    times.sort_by(f64::total_cmp);
    let last = times.len().saturating_sub(1) as f64;
    times.get((last * share).round() as usize).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::{Snapshot, percentile};

    #[test]
    fn percentiles_are_of_the_times_in_order() {
        let mut times = [5.0, 1.0, 4.0, 2.0, 3.0];
        assert_eq!(percentile(&mut times, 0.5), 3.0);
        assert_eq!(percentile(&mut times, 0.99), 5.0);
        assert_eq!(percentile(&mut [], 0.5), 0.0);
    }

    #[test]
    fn a_process_sees_itself_as_others_do() {
        let here = Snapshot::here().unwrap();
        let outside = Snapshot::of(std::process::id().try_into().unwrap()).unwrap();
        // How they compare is the system's matter: it counts both a little late, each thread by itself.
        assert!(here.rss_kb > 0.0 && here.peak_kb > 0.0 && outside.rss_kb > 0.0 && outside.peak_kb > 0.0);
        assert!(outside.cpu <= here.cpu + 1.0);
    }
}
