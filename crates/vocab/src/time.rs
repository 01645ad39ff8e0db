//! A point in time as the protocol has it.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Seconds and nanoseconds since 1970-01-01T00:00:00Z; before it, seconds are negative and nanoseconds still count up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp {
    /// Whole seconds.
    pub seconds: i64,
    /// The rest, below 1,000,000,000.
    pub nanos: u32,
}

impl Timestamp {
    /// The same point as the standard library's type.
    pub fn to_system_time(self) -> SystemTime {
        let nanos = Duration::from_nanos(u64::from(self.nanos));
        let whole = Duration::from_secs(self.seconds.unsigned_abs());
        let base = if self.seconds >= 0 { UNIX_EPOCH.checked_add(whole) } else { UNIX_EPOCH.checked_sub(whole) };
        base.and_then(|base| base.checked_add(nanos)).unwrap_or(UNIX_EPOCH)
    }

    /// The point so much later; the latest there is, if it would be after that.
    #[must_use]
    pub fn after(self, time: Duration) -> Self {
        let nanos = self.nanos + time.subsec_nanos();
        let seconds = i64::try_from(time.as_secs()).unwrap_or(i64::MAX);
        let seconds = self.seconds.saturating_add(seconds).saturating_add((nanos / 1_000_000_000).into());
        Self { seconds, nanos: nanos % 1_000_000_000 }
    }

    /// The same point as the protocol's type.
    pub fn from_system_time(time: SystemTime) -> Self {
        match time.duration_since(UNIX_EPOCH) {
            Ok(after) => Self { seconds: after.as_secs().cast_signed(), nanos: after.subsec_nanos() },
            Err(before) => {
                let before = before.duration();
                let seconds = -before.as_secs().cast_signed();
                match before.subsec_nanos() {
                    0 => Self { seconds, nanos: 0 },
                    nanos => Self { seconds: seconds - 1, nanos: 1_000_000_000 - nanos },
                }
            }
        }
    }
}

impl From<Timestamp> for SystemTime {
    fn from(timestamp: Timestamp) -> Self {
        timestamp.to_system_time()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The pair means the same, both ways.
    fn check(seconds: i64, nanos: u32, time: SystemTime) {
        let timestamp = Timestamp { seconds, nanos };
        assert_eq!(timestamp.to_system_time(), time);
        assert_eq!(Timestamp::from_system_time(time), timestamp);
    }

    #[test]
    fn points_since_1970_count_up() {
        check(0, 0, UNIX_EPOCH);
        check(0, 1, UNIX_EPOCH + Duration::from_nanos(1));
        check(1_700_000_000, 999_999_999, UNIX_EPOCH + Duration::new(1_700_000_000, 999_999_999));
    }

    #[test]
    fn points_before_1970_have_negative_seconds_and_nanoseconds_that_count_up() {
        check(-1, 999_999_999, UNIX_EPOCH - Duration::from_nanos(1));
        check(-1, 750_000_000, UNIX_EPOCH - Duration::from_millis(250));
        check(-2, 0, UNIX_EPOCH - Duration::from_secs(2));
        check(-62_135_596_800, 0, UNIX_EPOCH - Duration::from_secs(62_135_596_800));
    }

    #[test]
    fn a_later_point_carries_seconds_over() {
        let point = Timestamp { seconds: -1, nanos: 750_000_000 };
        assert_eq!(point.after(Duration::from_millis(1_500)), Timestamp { seconds: 1, nanos: 250_000_000 });
        assert_eq!(point.after(Duration::MAX).seconds, i64::MAX);
    }

    #[test]
    fn timestamps_are_ordered_as_the_points_are() {
        let points = [(-2, 0), (-1, 0), (-1, 750_000_000), (0, 0), (0, 1), (1, 0)];
        let timestamps = points.map(|(seconds, nanos)| Timestamp { seconds, nanos });
        assert!(timestamps.is_sorted());
        assert!(timestamps.map(Timestamp::to_system_time).is_sorted());
    }
}
