//! The marker that keeps the result of a local activity.
//!
//! The server knows nothing of local activities: what one returned is in a marker, and a replay finds it there. The form
//! is that of the SDKs built on the protocol's shared core, so that their workers and ours can take over from each other:
//! a detail `data`, which is JSON, a detail `result` with the value, or a failure.

use std::borrow::Cow;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::{
    ActivityId, ActivityType, EventId, Failure, Header, Malformed, MarkerName, MarkerRecorded, Named, Payload,
    Payloads, RecordMarker, Timestamp,
};

/// What the marker of a local activity says.
#[derive(Clone, Debug, PartialEq)]
pub struct LocalActivityMarker {
    /// Its number among the activities of the run, from 1; each time a timer separates two attempts, it gets a new one.
    pub number: u32,
    /// The last attempt, from 1; 0 if there was none.
    pub attempt: u32,
    /// Its id within the run.
    pub activity: ActivityId,
    /// Which activity.
    pub activity_type: ActivityType,
    /// When it ended, by the clock of the workflow.
    pub completed: Option<Timestamp>,
    /// When it was asked for, by the clock of the first worker that had it.
    pub scheduled: Option<Timestamp>,
    /// How long to wait before it is tried again; then the failure is that of the last attempt.
    pub backoff: Option<Duration>,
    /// How often the workflow had been woken in its task before this woke it; those of one number woke it together.
    pub activation: Option<u32>,
    /// The value it returned, or why it did not.
    pub result: Result<Option<Payloads>, Box<Failure>>,
}

impl LocalActivityMarker {
    /// The name of such markers.
    pub const NAME: &'static str = "core_local_activity";
    /// The detail that is JSON. Codecs must leave it alone: other SDKs read it as it is.
    pub(crate) const DATA: &'static str = "data";
    /// The detail with the value.
    const RESULT: &'static str = "result";

    /// Reads a marker; `None` if it is another kind of marker.
    ///
    /// # Errors
    /// When the detail `data` is not there, or not such JSON.
    pub fn read(marker: &MarkerRecorded) -> Result<Option<Self>, Malformed> {
        let result = || match &marker.failure {
            Some(failure) => Err(failure.clone()),
            None => Ok(marker.details.get(Self::RESULT).cloned()),
        };
        Ok(Data::of(marker)?.map(|data| data.with(result())))
    }

    /// The same, but takes the result out of the marker, without which it is still known.
    ///
    /// # Errors
    /// As [`read`](Self::read); then the marker is as it was.
    pub fn take(marker: &mut MarkerRecorded) -> Result<Option<Self>, Malformed> {
        let Some(mut read) = Data::of(marker)?.map(|data| data.with(Ok(None))) else { return Ok(None) };
        read.result = match marker.failure.take() {
            Some(failure) => Err(failure),
            None => Ok(marker.details.get_mut(Self::RESULT).map(std::mem::take)),
        };
        Ok(Some(read))
    }

    /// Whether the event is the marker of this local activity.
    pub fn is_of(marker: &MarkerRecorded, number: u32, activity: &ActivityId, activity_type: &ActivityType) -> bool {
        Data::of(marker).ok().flatten().is_some_and(|read| {
            read.seq == number && *activity == *read.activity_id && *activity_type == *read.activity_type
        })
    }

    /// The command that leaves the marker.
    pub fn into_command(self) -> RecordMarker {
        let (data, result) = Data::from(self);
        let data = serde_json::to_vec(&data).expect("numbers and texts are always JSON");
        let mut details = Named::from([(Self::DATA, vec![Payload::encoded("json/plain", data)])]);
        let failure = match result {
            Ok(value) => {
                details.extend(value.map(|value| (Self::RESULT, value)));
                None
            }
            Err(failure) => Some(failure),
        };
        RecordMarker { name: MarkerName::from(Self::NAME), details, header: Header::new(), failure }
    }

    /// The same as an event, as a server writes it.
    pub fn into_event(self, task_completed: EventId) -> MarkerRecorded {
        let RecordMarker { name, details, header: _, failure } = self.into_command();
        MarkerRecorded { name, details, failure, header: None, task_completed }
    }
}

/// The JSON, by the names that it has there.
#[derive(Debug, Serialize, Deserialize)]
struct Data<'a> {
    seq: u32,
    #[serde(default)]
    attempt: u32,
    #[serde(default, borrow)]
    activity_id: Cow<'a, str>,
    #[serde(default, borrow)]
    activity_type: Cow<'a, str>,
    complete_time: Option<Time>,
    backoff: Option<Time>,
    original_schedule_time: Option<Time>,
    #[serde(skip_serializing_if = "Option::is_none")]
    activation_index: Option<u32>,
}

/// A point in time, or a length of time.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct Time {
    #[serde(default)]
    seconds: i64,
    #[serde(default)]
    nanos: i32,
}

impl<'a> Data<'a> {
    /// What the marker says of itself; none if it is another kind of marker.
    fn of(marker: &'a MarkerRecorded) -> Result<Option<Self>, Malformed> {
        if marker.name != LocalActivityMarker::NAME {
            return Ok(None);
        }
        let data = marker.details.get(LocalActivityMarker::DATA).and_then(|payloads| payloads.first());
        let data = data.ok_or_else(|| Malformed::missing("MarkerRecorded.details.data"))?;
        let data = serde_json::from_slice(&data.data)
            .map_err(|error| Malformed::new("MarkerRecorded.details.data", format!("cannot be read: {error}")))?;
        Ok(Some(data))
    }

    fn from(marker: LocalActivityMarker) -> (Self, Result<Option<Payloads>, Box<Failure>>) {
        let LocalActivityMarker {
            number,
            attempt,
            activity,
            activity_type,
            completed,
            scheduled,
            backoff,
            activation,
            result,
        } = marker;
        let data = Self {
            seq: number,
            attempt,
            activity_id: activity.into_string().into(),
            activity_type: activity_type.into_string().into(),
            complete_time: completed.map(Time::from),
            backoff: backoff.map(Time::from),
            original_schedule_time: scheduled.map(Time::from),
            activation_index: activation,
        };
        (data, result)
    }

    fn with(self, result: Result<Option<Payloads>, Box<Failure>>) -> LocalActivityMarker {
        let Self {
            seq,
            attempt,
            activity_id,
            activity_type,
            complete_time,
            backoff,
            original_schedule_time,
            activation_index,
        } = self;
        LocalActivityMarker {
            number: seq,
            attempt,
            activity: ActivityId::new(activity_id),
            activity_type: ActivityType::new(activity_type),
            completed: complete_time.map(Time::point),
            scheduled: original_schedule_time.map(Time::point),
            backoff: backoff.map(Time::length),
            activation: activation_index,
            result,
        }
    }
}

impl Time {
    fn point(self) -> Timestamp {
        Timestamp { seconds: self.seconds, nanos: self.nanos.unsigned_abs().min(999_999_999) }
    }

    /// A length below zero is none.
    fn length(self) -> Duration {
        let seconds = u64::try_from(self.seconds).unwrap_or_default();
        let nanos = u32::try_from(self.nanos).unwrap_or_default().min(999_999_999);
        Duration::new(seconds, nanos)
    }
}

impl From<Timestamp> for Time {
    fn from(time: Timestamp) -> Self {
        Self { seconds: time.seconds, nanos: time.nanos.cast_signed() }
    }
}

impl From<Duration> for Time {
    fn from(length: Duration) -> Self {
        Self {
            seconds: i64::try_from(length.as_secs()).unwrap_or(i64::MAX),
            nanos: length.subsec_nanos().cast_signed(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As the SDK for Python 1.35 wrote it on a server.
    const RECORDED: &str = r#"{"seq":2,"attempt":3,"activity_id":"2","activity_type":"unit","complete_time":{"seconds":1795380250,"nanos":401205927},"backoff":{"seconds":1,"nanos":0},"original_schedule_time":{"seconds":1795380250,"nanos":490586207},"activation_index":1}"#;

    fn recorded(data: &str, failure: Option<Failure>) -> MarkerRecorded {
        let details = [("data", data), ("result", "null")];
        let details = details.map(|(name, text)| (name, vec![Payload::encoded("json/plain", text.to_owned())]));
        MarkerRecorded {
            name: MarkerName::from("core_local_activity"),
            details: details.into_iter().collect(),
            failure: failure.map(Box::new),
            header: None,
            task_completed: EventId::FIRST,
        }
    }

    fn expected() -> LocalActivityMarker {
        LocalActivityMarker {
            number: 2,
            attempt: 3,
            activity: ActivityId::from("2"),
            activity_type: ActivityType::from("unit"),
            completed: Some(Timestamp { seconds: 1_795_380_250, nanos: 401_205_927 }),
            scheduled: Some(Timestamp { seconds: 1_795_380_250, nanos: 490_586_207 }),
            backoff: Some(Duration::from_secs(1)),
            activation: Some(1),
            result: Ok(Some(vec![Payload::encoded("json/plain", "null")])),
        }
    }

    #[test]
    fn a_recorded_marker_is_read_and_written_in_the_same_form() {
        let marker = LocalActivityMarker::read(&recorded(RECORDED, None)).expect("it is one").expect("it is one");
        assert_eq!(marker, expected());
        assert_eq!(marker.into_event(EventId::FIRST), recorded(RECORDED, None));
    }

    #[test]
    fn a_failure_takes_the_place_of_a_result() {
        let failure = Failure { message: "no".to_owned(), ..Failure::default() };
        let failed = LocalActivityMarker::read(&recorded(RECORDED, Some(failure.clone())));
        let failed = failed.expect("it is one").expect("it is one");
        assert_eq!(failed.result, Err(Box::new(failure.clone())));
        let command = failed.into_command();
        assert_eq!(command.failure, Some(Box::new(failure)));
        assert!(!command.details.contains_key("result"));
    }

    #[test]
    fn what_was_left_out_is_absent_and_a_length_is_never_below_zero() {
        let data =
            r#"{"seq":7,"complete_time":null,"backoff":{"seconds":-1,"nanos":-5},"original_schedule_time":null}"#;
        let marker = LocalActivityMarker::read(&recorded(data, None)).expect("it is one").expect("it is one");
        assert_eq!((marker.number, marker.attempt, marker.activation), (7, 0, None));
        assert_eq!((marker.completed, marker.scheduled, marker.backoff), (None, None, Some(Duration::ZERO)));
    }

    #[test]
    fn another_marker_is_none_of_these_and_a_broken_one_says_what_is_wrong() {
        let other = MarkerRecorded { name: MarkerName::from("core_patch"), ..recorded(RECORDED, None) };
        assert_eq!(LocalActivityMarker::read(&other), Ok(None));
        let empty = MarkerRecorded { details: Named::new(), ..recorded(RECORDED, None) };
        let missing = LocalActivityMarker::read(&empty).expect_err("nothing is there").to_string();
        assert_eq!(missing, "MarkerRecorded.details.data is missing");
        let broken = LocalActivityMarker::read(&recorded("{}", None)).expect_err("the number is missing").to_string();
        assert!(broken.starts_with("MarkerRecorded.details.data cannot be read: missing field `seq`"), "{broken}");
    }
}
