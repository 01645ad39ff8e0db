//! Failures that are too large to be kept.

use perpetua_proto::failure::failure::FailureInfo;
use perpetua_proto::failure::{Failure, ServerFailureInfo};
use prost::Message;

/// How many bytes of a failure are kept while what failed is tried again.
const KEPT: usize = 4096;
/// What is set aside for a field and its length.
const FIELD: usize = 4;

/// The failure, or what is kept of it.
pub(crate) fn trimmed(failure: &Failure) -> Failure {
    trimmed_to(failure, KEPT, false).unwrap_or_else(|| failure.clone())
}

/// The failure that the server makes of something that is too large, and does not take.
pub(crate) fn too_large(message: &str) -> Failure {
    Failure {
        message: message.to_owned(),
        failure_info: Some(FailureInfo::ServerFailureInfo(ServerFailureInfo { non_retryable: true })),
        ..Failure::default()
    }
}

/// What is kept of a failure of more than this many bytes; none of one that has fewer.
pub(crate) fn trimmed_to(failure: &Failure, limit: usize, non_retryable: bool) -> Option<Failure> {
    (failure.encoded_len() > limit).then(|| Failure {
        message: "Failure exceeds size limit.".to_owned(),
        failure_info: Some(FailureInfo::ServerFailureInfo(ServerFailureInfo { non_retryable })),
        cause: Some(Box::new(beginning(failure, limit))),
        ..Failure::default()
    })
}

/// As much of a failure as there is room for: its message goes before its stack, and both before its causes.
fn beginning(failure: &Failure, limit: usize) -> Failure {
    let failure_info = match &failure.failure_info {
        // Whether it may be tried again is not to be lost.
        Some(FailureInfo::ApplicationFailureInfo(info)) => {
            let info = perpetua_proto::failure::ApplicationFailureInfo {
                r#type: info.r#type.clone(),
                non_retryable: info.non_retryable,
                ..Default::default()
            };
            Some(FailureInfo::ApplicationFailureInfo(info))
        }
        Some(FailureInfo::ServerFailureInfo(info)) => Some(FailureInfo::ServerFailureInfo(*info)),
        _ => None,
    };
    let mut kept = Failure { failure_info, ..Failure::default() };
    let mut room = limit.saturating_sub(kept.encoded_len() + FIELD);
    for (from, to) in [
        (&failure.source, &mut kept.source),
        (&failure.message, &mut kept.message),
        (&failure.stack_trace, &mut kept.stack_trace),
    ] {
        if from.is_empty() {
            continue;
        }
        room = room.saturating_sub(FIELD);
        start_of(from, room).clone_into(to);
        room -= to.len();
    }
    if let Some(cause) = failure.cause.as_ref().filter(|_| room > 2 * FIELD) {
        kept.cause = Some(Box::new(beginning(cause, room - 2 * FIELD)));
    }
    kept
}

/// The first bytes of a text, at most so many.
fn start_of(text: &str, bytes: usize) -> &str {
    let end = (0..=bytes.min(text.len())).rev().find(|at| text.is_char_boundary(*at));
    end.and_then(|end| text.get(..end)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use perpetua_proto::failure::ApplicationFailureInfo;

    use super::*;

    fn failure(message: usize, stack: usize, cause: Option<Failure>) -> Failure {
        let info = ApplicationFailureInfo { r#type: "E".into(), non_retryable: true, ..Default::default() };
        Failure {
            message: "é".repeat(message / 2),
            stack_trace: "s".repeat(stack),
            failure_info: Some(FailureInfo::ApplicationFailureInfo(info)),
            cause: cause.map(Box::new),
            ..Failure::default()
        }
    }

    #[test]
    fn what_is_small_is_kept_as_it_is() {
        let small = failure(100, 100, Some(failure(100, 100, None)));
        assert_eq!(trimmed(&small), small);
    }

    #[test]
    fn of_what_is_large_the_beginning_and_the_kind_are_kept() {
        let large = failure(3000, 3000, Some(failure(10, 10, None)));
        let kept = trimmed(&large);
        assert_eq!(kept.message, "Failure exceeds size limit.");
        let cause = kept.cause.expect("what failed is the cause");
        assert_eq!(cause.message, large.message);
        assert!(!cause.stack_trace.is_empty() && cause.stack_trace.len() < 3000 && cause.cause.is_none());
        assert_eq!(cause.failure_info, large.failure_info);
        let longer = trimmed(&failure(10_001, 0, None)).cause.expect("what failed is the cause");
        assert!(longer.message.len() > 4000 && longer.encoded_len() <= KEPT);
    }
}
