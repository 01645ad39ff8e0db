//! What the generated code is made of: fields on the wire, enums by their names, where an error is.

#[cfg(feature = "client")]
pub(crate) mod calls;
mod fields;
#[cfg(any(feature = "client", feature = "server"))]
mod frames;

use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;

pub(crate) use fields::*;
#[cfg(any(feature = "client", feature = "server"))]
pub use frames::MessageCodec;
pub(crate) use prost::Message;
pub(crate) use prost::bytes::{Buf, BufMut};
pub(crate) use prost::encoding::{DecodeContext as Context, WireType, skip_field};

use prost::DecodeError;

/// What comes of reading a field.
pub(crate) type Merged = Result<(), DecodeError>;

/// The error of a field, with the field's name and its message's.
#[cold]
pub(crate) fn inside(mut error: DecodeError, message: &'static str, field: &'static str) -> DecodeError {
    error.push(message, field);
    error
}

/// Numbers that stand for values of the enum `E`, shown by the names of the values.
pub(crate) struct Named<'a, T, E>(&'a T, PhantomData<E>);

impl<'a, T, E> Named<'a, T, E> {
    pub(crate) fn new(numbers: &'a T) -> Self {
        Self(numbers, PhantomData)
    }
}

impl<E: TryFrom<i32> + fmt::Debug> fmt::Debug for Named<'_, i32, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match E::try_from(*self.0) {
            Ok(value) => fmt::Debug::fmt(&value, f),
            Err(_) => fmt::Debug::fmt(self.0, f),
        }
    }
}

impl<E: TryFrom<i32> + fmt::Debug> fmt::Debug for Named<'_, Vec<i32>, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.iter().map(Named::<_, E>::new)).finish()
    }
}

impl<K: fmt::Debug, E: TryFrom<i32> + fmt::Debug> fmt::Debug for Named<'_, BTreeMap<K, i32>, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.0.iter().map(|(key, number)| (key, Named::<_, E>::new(number)))).finish()
    }
}

#[cfg(test)]
mod tests {
    use prost::Message as _;

    use crate::enums::{EventType, ResetReapplyExcludeType, TaskQueueKind};
    use crate::protobuf::{Duration, FieldMask};
    use crate::{common, history, namespace, taskqueue, workflowservice};

    /// Writes a message, and reads it again.
    fn travels<M: prost::Message + Default + PartialEq + std::fmt::Debug>(message: &M, bytes: &[u8]) {
        assert_eq!(message.encode_to_vec(), bytes);
        assert_eq!(message.encoded_len(), bytes.len());
        assert_eq!(M::decode(bytes).as_ref(), Ok(message));
        let mut cleared = M::decode(bytes).expect("it was read above");
        cleared.clear();
        assert_eq!(cleared, M::default());
    }

    #[test]
    fn what_is_the_default_is_not_written() {
        travels(&common::WorkflowExecution::default(), b"");
        travels(&Duration { seconds: 0, nanos: -1 }, b"\x10\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01");
        let queue = taskqueue::TaskQueue { kind: TaskQueueKind::Sticky.into(), ..Default::default() };
        travels(&queue, b"\x10\x02");
        let payload = common::Payload { data: b"x".as_slice().into(), ..Default::default() };
        travels(&payload, b"\x12\x01x");
        let request = workflowservice::DescribeNamespaceRequest { weak_consistency: true, ..Default::default() };
        travels(&request, b"\x18\x01");
    }

    #[test]
    fn a_message_that_is_there_is_written_though_it_is_empty() {
        let header = common::Header { fields: [("a".to_owned(), common::Payload::default())].into() };
        travels(&header, b"\x0a\x03\x0a\x01a");
        let list = common::Payloads { payloads: vec![common::Payload::default(); 2] };
        travels(&list, b"\x0a\0\x0a\0");
        let request = workflowservice::ListNamespacesRequest {
            namespace_filter: Some(namespace::NamespaceFilter::default()),
            ..Default::default()
        };
        travels(&request, b"\x1a\0");
    }

    #[test]
    fn numbers_come_in_one_piece_or_each_by_itself() {
        let options = common::ResetOptions {
            reset_reapply_exclude_types: vec![1, 2],
            target: Some(common::reset_options::Target::WorkflowTaskId(7)),
            ..Default::default()
        };
        let bytes = options.encode_to_vec();
        let apart = b"\x18\x07\x60\x01\x60\x02";
        assert_eq!(common::ResetOptions::decode(apart.as_slice()), common::ResetOptions::decode(bytes.as_slice()));
        let known: Vec<_> = options.reset_reapply_exclude_types().collect();
        assert_eq!(known, [ResetReapplyExcludeType::Signal, ResetReapplyExcludeType::Update]);
    }

    #[test]
    fn the_field_of_a_oneof_that_comes_last_stays() {
        let twice = [b"\x18\x07".as_slice(), b"\x22\x01b"].concat();
        let options = common::ResetOptions::decode(twice.as_slice()).expect("both are fields of it");
        assert_eq!(options.target, Some(common::reset_options::Target::BuildId("b".to_owned())));
    }

    #[test]
    fn what_is_not_known_is_skipped() {
        let mask = FieldMask::decode(b"\xf8\x01\x05\x0a\x01a".as_slice()).expect("a field more");
        assert_eq!(mask, FieldMask { paths: vec!["a".to_owned()] });
    }

    #[test]
    fn an_error_says_where_it_is() {
        let event = history::HistoryEvent::decode(b"\x2a\x01".as_slice()).expect_err("it ends too early");
        assert!(event.to_string().contains("HistoryEvent."), "{event}");
    }

    #[test]
    fn enums_are_shown_by_name() {
        let event = history::HistoryEvent { event_type: EventType::TimerFired.into(), ..Default::default() };
        assert!(format!("{event:?}").contains("event_type: TimerFired"), "{event:?}");
        let event = history::HistoryEvent { event_type: 9999, ..event };
        assert!(format!("{event:?}").contains("event_type: 9999"), "{event:?}");
        assert_eq!(event.event_type(), EventType::default());
    }
}
