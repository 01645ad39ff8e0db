//! How long a call may take, as gRPC writes it: a number of at most eight digits, and a unit.

use std::time::Duration;

use http::header::HeaderValue;

/// The largest number that may be written.
const LARGEST: u128 = 99_999_999;

/// The header of a call that may take so long: in the finest unit in which that can be written.
pub(super) fn header(deadline: Duration) -> HeaderValue {
    // What nearly all calls have.
    match deadline {
        TEN_SECONDS => return HeaderValue::from_static("10000000u"),
        SEVENTY_SECONDS => return HeaderValue::from_static("70000000u"),
        _ => {}
    }
    let units = [
        (deadline.as_nanos(), 'n'),
        (deadline.as_micros(), 'u'),
        (deadline.as_millis(), 'm'),
        (u128::from(deadline.as_secs()), 'S'),
        (u128::from(deadline.as_secs() / 60), 'M'),
    ];
    let written = units.into_iter().find(|(number, _)| *number <= LARGEST);
    let (number, unit) = written.unwrap_or((u128::from(deadline.as_secs() / 3600).min(LARGEST), 'H'));
    HeaderValue::try_from(format!("{number}{unit}")).expect("digits and a letter are a header")
}

const TEN_SECONDS: Duration = Duration::from_secs(10);
const SEVENTY_SECONDS: Duration = Duration::from_secs(70);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_deadline_is_written_in_the_finest_unit() {
        let written = |deadline| header(deadline).to_str().expect("text").to_owned();
        assert_eq!(written(Duration::ZERO), "0n");
        assert_eq!(written(Duration::from_millis(20)), "20000000n");
        assert_eq!(written(Duration::from_millis(100)), "100000u");
        assert_eq!(written(TEN_SECONDS), "10000000u");
        assert_eq!(written(SEVENTY_SECONDS), "70000000u");
        assert_eq!(written(Duration::from_secs(3600)), "3600000m");
        assert_eq!(written(Duration::from_secs(100_000_000)), "1666666M");
        assert_eq!(written(Duration::MAX), "99999999H");
    }

    #[test]
    fn what_nearly_all_calls_have_is_what_would_be_written() {
        for deadline in [TEN_SECONDS, SEVENTY_SECONDS] {
            let nearly = deadline + Duration::from_nanos(1);
            assert_eq!(header(deadline), header(nearly));
        }
    }
}
