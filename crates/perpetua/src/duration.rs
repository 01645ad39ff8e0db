//! Durations in words, for options that take one.

use std::time::Duration;

/// So many milliseconds.
pub const fn milliseconds(count: u64) -> Duration {
    Duration::from_millis(count)
}

/// So many seconds.
pub const fn seconds(count: u64) -> Duration {
    Duration::from_secs(count)
}

/// So many minutes.
pub const fn minutes(count: u64) -> Duration {
    seconds(count.saturating_mul(60))
}

/// So many hours.
pub const fn hours(count: u64) -> Duration {
    minutes(count.saturating_mul(60))
}

/// So many times 24 hours.
pub const fn days(count: u64) -> Duration {
    hours(count.saturating_mul(24))
}

#[cfg(test)]
mod tests {
    use super::{days, hours, milliseconds, minutes, seconds};

    #[test]
    fn units_are_made_of_one_another() {
        assert_eq!(seconds(1), milliseconds(1000));
        assert_eq!(minutes(1), seconds(60));
        assert_eq!(hours(1), minutes(60));
        assert_eq!(days(1), hours(24));
        assert_eq!(days(u64::MAX), seconds(u64::MAX));
    }
}
