//! Points in time and spans of the standard library as protobuf has them.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::protobuf;

impl From<SystemTime> for protobuf::Timestamp {
    fn from(time: SystemTime) -> Self {
        // What counts from a second on does so forward, before 1970 as well.
        match time.duration_since(UNIX_EPOCH) {
            Ok(after) => Self { seconds: after.as_secs().cast_signed(), nanos: after.subsec_nanos().cast_signed() },
            Err(before) => {
                let before = before.duration();
                let (seconds, nanos) = (before.as_secs().cast_signed(), before.subsec_nanos().cast_signed());
                if nanos == 0 {
                    Self { seconds: -seconds, nanos }
                } else {
                    Self { seconds: -seconds - 1, nanos: 1_000_000_000 - nanos }
                }
            }
        }
    }
}

impl TryFrom<Duration> for protobuf::Duration {
    type Error = std::num::TryFromIntError;

    fn try_from(span: Duration) -> Result<Self, Self::Error> {
        Ok(Self { seconds: span.as_secs().try_into()?, nanos: span.subsec_nanos().cast_signed() })
    }
}

/// A negative one has no place in a [`Duration`].
impl TryFrom<protobuf::Duration> for Duration {
    type Error = std::num::TryFromIntError;

    fn try_from(span: protobuf::Duration) -> Result<Self, Self::Error> {
        // Seconds and nanoseconds may have different signs.
        let nanos = i128::from(span.seconds) * 1_000_000_000 + i128::from(span.nanos);
        let rest = u32::try_from(nanos.rem_euclid(1_000_000_000)).expect("less than a second");
        Ok(Self::new(nanos.div_euclid(1_000_000_000).try_into()?, rest))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_before_1970_counts_forward_from_a_second() {
        let point = |time: SystemTime| protobuf::Timestamp::from(time);
        let half = Duration::from_millis(500);
        assert_eq!(point(UNIX_EPOCH + half), protobuf::Timestamp { seconds: 0, nanos: 500_000_000 });
        assert_eq!(point(UNIX_EPOCH - half), protobuf::Timestamp { seconds: -1, nanos: 500_000_000 });
        assert_eq!(point(UNIX_EPOCH - Duration::from_secs(2)), protobuf::Timestamp { seconds: -2, nanos: 0 });
    }

    #[test]
    fn a_span_that_protobuf_cannot_count_is_refused() {
        assert!(protobuf::Duration::try_from(Duration::MAX).is_err());
        let span = protobuf::Duration::try_from(Duration::from_millis(1500));
        assert_eq!(span, Ok(protobuf::Duration { seconds: 1, nanos: 500_000_000 }));
    }

    #[test]
    fn a_span_below_zero_is_refused() {
        let read = |seconds, nanos| Duration::try_from(protobuf::Duration { seconds, nanos });
        assert_eq!(read(1, 5), Ok(Duration::new(1, 5)));
        assert_eq!(read(1, -500_000_000), Ok(Duration::from_millis(500)));
        assert!(read(0, -1).is_err());
        assert!(read(-1, 0).is_err());
    }
}
