//! Points in time and durations.

use std::time::Duration;

use crate::{Malformed, Timestamp};

/// The longest duration of protobuf, 10,000 years.
const LONGEST_SECONDS: u64 = 315_576_000_000;

/// The first second that protobuf has, of the year 1.
const FIRST_SECOND: i64 = -62_135_596_800;

/// The last second that protobuf has, of the year 9999.
const LAST_SECOND: i64 = 253_402_300_799;

const LAST_NANO: u32 = 999_999_999;

/// Reads a duration; `field` is named if it is negative or out of protobuf's range.
pub fn duration(field: &'static str, wire: perpetua_proto::protobuf::Duration) -> Result<Duration, Malformed> {
    let perpetua_proto::protobuf::Duration { seconds, nanos } = wire;
    match (u64::try_from(seconds), u32::try_from(nanos)) {
        (Ok(seconds @ ..=LONGEST_SECONDS), Ok(nanos @ ..=LAST_NANO)) => Ok(Duration::new(seconds, nanos)),
        _ => Err(Malformed::new(field, format!("is no duration: {seconds} s and {nanos} ns"))),
    }
}

/// Reads a duration that may be absent.
pub fn optional_duration(
    field: &'static str,
    wire: Option<perpetua_proto::protobuf::Duration>,
) -> Result<Option<Duration>, Malformed> {
    wire.map(|wire| duration(field, wire)).transpose()
}

/// Reads a duration that must be there.
pub(super) fn required_duration(
    field: &'static str,
    wire: Option<perpetua_proto::protobuf::Duration>,
) -> Result<Duration, Malformed> {
    duration(field, wire.ok_or_else(|| Malformed::missing(field))?)
}

/// Writes a duration. One beyond protobuf's range becomes the longest that there is, 10,000 years.
pub fn encode_duration(duration: Duration) -> perpetua_proto::protobuf::Duration {
    let duration = duration.min(Duration::new(LONGEST_SECONDS, LAST_NANO));
    perpetua_proto::protobuf::Duration {
        seconds: duration.as_secs().cast_signed(),
        nanos: duration.subsec_nanos().cast_signed(),
    }
}

/// Reads a point in time; `field` is named if it is out of protobuf's range, the years 1 to 9999.
pub fn timestamp(field: &'static str, wire: perpetua_proto::protobuf::Timestamp) -> Result<Timestamp, Malformed> {
    let perpetua_proto::protobuf::Timestamp { seconds, nanos } = wire;
    match (seconds, u32::try_from(nanos)) {
        (FIRST_SECOND..=LAST_SECOND, Ok(nanos @ ..=LAST_NANO)) => Ok(Timestamp { seconds, nanos }),
        _ => Err(Malformed::new(field, format!("is no point in time: {seconds} s and {nanos} ns"))),
    }
}

/// Reads a point in time that may be absent.
pub fn optional_timestamp(
    field: &'static str,
    wire: Option<perpetua_proto::protobuf::Timestamp>,
) -> Result<Option<Timestamp>, Malformed> {
    wire.map(|wire| timestamp(field, wire)).transpose()
}

/// As it is; nothing checks that the point lies in protobuf's range.
impl From<Timestamp> for perpetua_proto::protobuf::Timestamp {
    fn from(timestamp: Timestamp) -> Self {
        let Timestamp { seconds, nanos } = timestamp;
        Self { seconds, nanos: nanos.min(LAST_NANO).cast_signed() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wire(seconds: i64, nanos: i32) -> perpetua_proto::protobuf::Duration {
        perpetua_proto::protobuf::Duration { seconds, nanos }
    }

    fn point(seconds: i64, nanos: i32) -> perpetua_proto::protobuf::Timestamp {
        perpetua_proto::protobuf::Timestamp { seconds, nanos }
    }

    #[test]
    fn a_duration_in_range_comes_and_goes_unchanged() {
        for (seconds, nanos) in [(0, 0), (0, 1), (1, 999_999_999), (315_576_000_000, 0), (315_576_000_000, 999_999_999)]
        {
            let read = duration("f", wire(seconds, nanos)).expect("in range");
            assert_eq!((read.as_secs(), read.subsec_nanos()), (seconds.cast_unsigned(), nanos.cast_unsigned()));
            assert_eq!(encode_duration(read), wire(seconds, nanos));
        }
    }

    #[test]
    fn a_duration_out_of_range_names_the_field() {
        for (seconds, nanos) in
            [(-1, 0), (0, -1), (1, -1), (-1, 1), (0, 1_000_000_000), (315_576_000_001, 0), (i64::MIN, 0)]
        {
            let malformed =
                duration("StartTimer.start_to_fire_timeout", wire(seconds, nanos)).expect_err("out of range");
            assert_eq!(malformed.field(), "StartTimer.start_to_fire_timeout");
        }
    }

    #[test]
    fn forever_is_written_as_the_longest_duration() {
        assert_eq!(encode_duration(Duration::MAX), wire(315_576_000_000, 999_999_999));
    }

    #[test]
    fn a_point_before_1970_comes_and_goes_unchanged() {
        let read = timestamp("f", point(-1, 750_000_000)).expect("in range");
        assert_eq!(read, Timestamp { seconds: -1, nanos: 750_000_000 });
        assert_eq!(perpetua_proto::protobuf::Timestamp::from(read), point(-1, 750_000_000));
    }

    #[test]
    fn the_first_and_the_last_point_are_read_and_those_beyond_are_not() {
        for (seconds, nanos) in [(FIRST_SECOND, 0), (LAST_SECOND, 999_999_999)] {
            let read = timestamp("f", point(seconds, nanos)).expect("in range");
            assert_eq!(perpetua_proto::protobuf::Timestamp::from(read), point(seconds, nanos));
        }
        for (seconds, nanos) in
            [(FIRST_SECOND - 1, 0), (LAST_SECOND + 1, 0), (0, -1), (0, 1_000_000_000), (i64::MAX, 0)]
        {
            assert_eq!(
                timestamp("HistoryEvent.event_time", point(seconds, nanos)).map_err(|malformed| malformed.field()),
                Err("HistoryEvent.event_time")
            );
        }
    }
}
