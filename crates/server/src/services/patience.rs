//! How long a call may be kept waiting.

use std::time::Duration;

use http::HeaderMap;
use perpetua_server_core::{Answer, Refusal};
use tonic::metadata::MetadataMap;

/// How long a request for what is new waits at most.
pub(super) const NEWS: Duration = Duration::from_secs(20);
/// How long the caller of a poll must be willing to wait.
const SHORTEST_POLL: Duration = Duration::from_secs(2);
/// What is left of the caller's time for the answer to reach it.
const WAY_BACK: Duration = Duration::from_secs(1);

/// How long a call may wait: the usual, or until shortly before the caller gives up.
pub(super) fn limit(metadata: &MetadataMap, usual: Duration) -> Duration {
    match deadline(metadata.as_ref()) {
        Some(deadline) => usual.min(deadline.saturating_sub(WAY_BACK.min(deadline / 4))),
        None => usual,
    }
}

/// How long a poll for a task may wait: the usual, or until shortly before the caller gives up.
///
/// # Errors
/// When the caller gives up so soon that work could get lost on the way.
pub(super) fn of_poll(metadata: &MetadataMap, usual: Duration) -> Answer<Duration> {
    if deadline(metadata.as_ref()).is_some_and(|deadline| deadline < SHORTEST_POLL) {
        return Err(Refusal::precondition("Context timeout is too short."));
    }
    Ok(limit(metadata, usual))
}

/// How long the caller of a call is willing to wait, by its headers.
pub(crate) fn deadline(headers: &HeaderMap) -> Option<Duration> {
    headers.get("grpc-timeout").and_then(|value| value.to_str().ok()).and_then(parse)
}

/// A timeout as gRPC writes it, such as `70S` or `500m`.
fn parse(text: &str) -> Option<Duration> {
    let (number, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    let number: u64 = number.parse().ok()?;
    Some(match unit {
        "H" => Duration::from_secs(number.checked_mul(3600)?),
        "M" => Duration::from_secs(number.checked_mul(60)?),
        "S" => Duration::from_secs(number),
        "m" => Duration::from_millis(number),
        "u" => Duration::from_micros(number),
        "n" => Duration::from_nanos(number),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timeouts_are_read_as_grpc_writes_them() {
        assert_eq!(parse("70S"), Some(Duration::from_secs(70)));
        assert_eq!(parse("500m"), Some(Duration::from_millis(500)));
        assert_eq!(parse("2H"), Some(Duration::from_secs(7200)));
        for wrong in ["", "S", "1", "-1S", "1x", "99999999999999999999S", "é"] {
            assert_eq!(parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_call_is_answered_before_its_caller_gives_up() {
        let mut metadata = MetadataMap::new();
        let usual = Duration::from_secs(60);
        assert_eq!(limit(&metadata, usual), usual);
        metadata.insert("grpc-timeout", "10S".parse().expect("it is ascii"));
        assert_eq!(limit(&metadata, usual), Duration::from_secs(9));
        metadata.insert("grpc-timeout", "100m".parse().expect("it is ascii"));
        assert_eq!(limit(&metadata, usual), Duration::from_millis(75));
    }
}
