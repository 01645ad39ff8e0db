//! Points in time, as the server counts them.

use std::time::Duration;

use perpetua_proto::protobuf::Timestamp;

/// A point in time: nanoseconds since the beginning of 1970, UTC.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Time(i64);

impl Time {
    /// From nanoseconds since the beginning of 1970.
    pub const fn from_nanos(nanos: i64) -> Self {
        Self(nanos)
    }

    /// Nanoseconds since the beginning of 1970.
    pub const fn nanos(self) -> i64 {
        self.0
    }

    /// This much later; no later than the year 2262.
    #[must_use]
    pub fn plus(self, wait: Duration) -> Self {
        Self(self.0.saturating_add(i64::try_from(wait.as_nanos()).unwrap_or(i64::MAX)))
    }

    /// This much earlier.
    #[must_use]
    pub fn back(self, wait: Duration) -> Self {
        Self(self.0.saturating_sub(i64::try_from(wait.as_nanos()).unwrap_or(i64::MAX)))
    }

    /// How long after `earlier` this is; zero if it is not.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_nanos(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }

    /// As the wire has it.
    pub fn to_wire(self) -> Timestamp {
        let (seconds, nanos) = (self.0.div_euclid(1_000_000_000), self.0.rem_euclid(1_000_000_000));
        Timestamp { seconds, nanos: i32::try_from(nanos).unwrap_or(0) }
    }

    /// From the wire; what is out of range is brought into it.
    pub fn from_wire(timestamp: &Timestamp) -> Self {
        Self(timestamp.seconds.saturating_mul(1_000_000_000).saturating_add(i64::from(timestamp.nanos)))
    }
}

/// A time that is stored as a number, where 0 is none.
pub(crate) fn stored(nanos: i64) -> Option<Time> {
    (nanos != 0).then_some(Time(nanos))
}

/// A time as it is shown, where 0 is none.
pub(crate) fn shown(nanos: i64) -> Option<Timestamp> {
    stored(nanos).map(Time::to_wire)
}

/// A duration from the wire; none where there is none, or zero, or less.
pub(crate) fn duration(wire: Option<&perpetua_proto::protobuf::Duration>) -> Option<Duration> {
    let wire = wire?;
    let seconds = u64::try_from(wire.seconds).ok()?;
    let nanos = u32::try_from(wire.nanos).ok()?;
    let duration = Duration::from_secs(seconds).checked_add(Duration::from_nanos(u64::from(nanos)))?;
    (!duration.is_zero()).then_some(duration)
}

/// Whether a duration from the wire can be one.
///
/// # Errors
/// What is wrong with it.
pub(crate) fn check(wire: Option<&perpetua_proto::protobuf::Duration>) -> Result<(), &'static str> {
    match wire {
        Some(wire) if wire.seconds.signum() * i64::from(wire.nanos.signum()) < 0 => {
            Err("duration has seconds and nanos with different signs")
        }
        Some(wire) if wire.seconds < 0 || wire.nanos < 0 => Err("negative duration"),
        _ => Ok(()),
    }
}

/// A wait of whole seconds that is not shorter.
pub(crate) fn whole_seconds(wait: Duration) -> Duration {
    Duration::from_secs(wait.as_secs() + u64::from(wait.subsec_nanos() > 0))
}

/// A duration as it is stored.
pub(crate) fn nanos(duration: Duration) -> i64 {
    i64::try_from(duration.as_nanos()).unwrap_or(i64::MAX)
}

/// A duration as the wire has it.
pub(crate) fn to_wire(duration: Duration) -> perpetua_proto::protobuf::Duration {
    perpetua_proto::protobuf::Duration {
        seconds: i64::try_from(duration.as_secs()).unwrap_or(i64::MAX),
        nanos: duration.subsec_nanos().cast_signed(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_come_and_go_as_the_wire_has_them() {
        for nanos in [0, 1, 999_999_999, 1_000_000_001, -1, -1_000_000_001] {
            let time = Time::from_nanos(nanos);
            assert_eq!(Time::from_wire(&time.to_wire()), time);
            assert!((0..1_000_000_000).contains(&time.to_wire().nanos));
        }
        let extreme = Timestamp { seconds: i64::MAX, nanos: 0 };
        assert_eq!(Time::from_wire(&extreme).nanos(), i64::MAX);
    }

    #[test]
    fn a_time_neither_overflows_nor_goes_back() {
        let time = Time::from_nanos(i64::MAX - 1);
        assert_eq!(time.plus(Duration::MAX).nanos(), i64::MAX);
        assert_eq!(Time::from_nanos(5).since(Time::from_nanos(9)), Duration::ZERO);
    }

    #[test]
    fn durations_that_say_nothing_are_none() {
        let wire = |seconds, nanos| perpetua_proto::protobuf::Duration { seconds, nanos };
        assert_eq!(duration(None), None);
        assert_eq!(duration(Some(&wire(0, 0))), None);
        assert_eq!(duration(Some(&wire(-1, 0))), None);
        assert_eq!(duration(Some(&wire(1, 5))), Some(Duration::new(1, 5)));
        assert_eq!(to_wire(Duration::new(1, 5)), wire(1, 5));
    }
}
