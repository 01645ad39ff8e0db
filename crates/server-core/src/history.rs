//! The stored events of a run: ids, batches, and the bytes that they are kept in.
//!
//! ```text
//! push: an event that is new in this step     seal: what is new is encoded, once     get: decoded where it is asked for
//! ```
//! Events never change, are many, and are seldom looked at again by the server: they are kept as they are stored and sent.
//! What is asked for by reference stays decoded for a while.

mod decoded;
mod span;

use bytes::Bytes;
use perpetua_proto::history::HistoryEvent;
use perpetua_proto::history::history_event::Attributes;
use perpetua_proto::sdk::EventGroupMarker;
use prost::Message;

use decoded::Decoded;
use span::{Span, head_length, put_head, spans};

/// The stored events of a run.
#[derive(Clone, Debug, Default)]
pub(crate) struct History {
    /// What is sealed, in the form of a `History` of the protocol, of which each is a part.
    chunks: Vec<Bytes>,
    /// Where each sealed event is.
    sealed: Vec<Span>,
    /// Sealed events that were asked for.
    decoded: Decoded,
    /// Those that came after.
    fresh: Vec<Fresh>,
    /// Where batches begin, as indexes. Pages are whole batches.
    batches: Vec<usize>,
    /// Whether the next event begins a batch.
    cut: bool,
    bytes: usize,
}

/// An event that is new, and how long it is.
#[derive(Clone, Debug)]
struct Fresh {
    event: HistoryEvent,
    length: usize,
}

impl History {
    /// The id that the next event gets.
    pub(crate) fn next_id(&self) -> i64 {
        i64::try_from(self.len()).unwrap_or(i64::MAX - 1) + 1
    }

    pub(crate) fn len(&self) -> usize {
        self.sealed.len() + self.fresh.len()
    }

    pub(crate) fn bytes(&self) -> i64 {
        i64::try_from(self.bytes).unwrap_or(i64::MAX)
    }

    /// The event of this id.
    pub(crate) fn get(&self, id: i64) -> Option<&HistoryEvent> {
        let at = usize::try_from(id.checked_sub(1)?).ok()?;
        match self.sealed.get(at) {
            Some(span) => Some(self.decoded.get(at, || self.decode(*span))),
            None => self.fresh.get(at - self.sealed.len()).map(|fresh| &fresh.event),
        }
    }

    /// The newest event.
    pub(crate) fn last(&self) -> Option<&HistoryEvent> {
        self.get(i64::try_from(self.len()).ok()?)
    }

    /// Its events, in either direction.
    pub(crate) fn iter(&self) -> impl DoubleEndedIterator<Item = HistoryEvent> + ExactSizeIterator {
        (0..self.len()).map(|at| self.event(at))
    }

    /// The events from one index up to another.
    pub(crate) fn page(&self, from: usize, to: usize) -> Vec<HistoryEvent> {
        (from.min(to)..to).map(|at| self.event(at)).collect()
    }

    fn event(&self, at: usize) -> HistoryEvent {
        match self.sealed.get(at) {
            Some(span) => self.decode(*span),
            None => self.fresh[at - self.sealed.len()].event.clone(),
        }
    }

    /// The event of this id will not be asked for again.
    pub(crate) fn forget(&mut self, id: i64) {
        if let Ok(at) = usize::try_from(id - 1) {
            self.decoded.forget(at);
        }
    }

    pub(crate) fn push(&mut self, event: HistoryEvent) {
        if std::mem::take(&mut self.cut) || self.len() == 0 {
            self.batches.push(self.len());
        }
        let length = event.encoded_len();
        self.bytes += length;
        self.fresh.push(Fresh { event, length });
    }

    /// Notes on the events after the first `from` to which groups they belong. They are of this step.
    pub(crate) fn group(&mut self, from: usize, groups: &[EventGroupMarker]) {
        debug_assert!(from >= self.sealed.len(), "what is sealed does not change");
        for Fresh { event, length } in self.fresh.iter_mut().skip(from.saturating_sub(self.sealed.len())) {
            event.event_group_markers = groups.to_vec();
            self.bytes -= *length;
            *length = event.encoded_len();
            self.bytes += *length;
        }
    }

    /// Encodes what is new, for good.
    pub(crate) fn seal(&mut self) {
        if self.fresh.is_empty() {
            return;
        }
        let mut bytes = Vec::with_capacity(self.fresh.iter().map(|it| head_length(it.length) + it.length).sum());
        let chunk = u32::try_from(self.chunks.len()).unwrap_or(u32::MAX);
        let at = |bytes: &Vec<u8>| u32::try_from(bytes.len()).unwrap_or(u32::MAX);
        self.decoded.tidy();
        for Fresh { event, length } in self.fresh.drain(..) {
            let start = at(&bytes);
            put_head(length, &mut bytes);
            let body = at(&bytes);
            event.encode_raw(&mut bytes);
            self.sealed.push(Span { chunk, start, body, end: at(&bytes) });
            self.decoded.resize(self.sealed.len());
            if is_asked_for(&event) {
                self.decoded.put(self.sealed.len() - 1, event);
            }
        }
        self.chunks.push(bytes.into());
        if self.fresh.capacity() > MANY {
            self.fresh = Vec::new();
        }
    }

    /// Takes in a batch as it was stored.
    ///
    /// # Errors
    /// When it cannot be read.
    pub(crate) fn restore(&mut self, batch: Bytes) -> Result<(), prost::DecodeError> {
        self.seal();
        perpetua_proto::history::History::decode(batch.clone())?;
        self.batches.push(self.len());
        self.append_chunk(batch);
        self.cut = true;
        Ok(())
    }

    /// All events as bytes, and how many each batch has.
    pub(crate) fn pack(&mut self) -> (Bytes, Vec<u32>) {
        self.seal();
        let events = match &self.chunks[..] {
            [] => Bytes::new(),
            [chunk] => chunk.clone(),
            chunks => chunks.concat().into(),
        };
        let ends = self.batches.iter().skip(1).copied().chain([self.len()]);
        let lengths = self.batches.iter().zip(ends).map(|(start, end)| u32::try_from(end - start).unwrap_or(u32::MAX));
        (events, lengths.collect())
    }

    /// The events that were packed.
    pub(crate) fn unpack(events: Bytes, batches: &[u32]) -> Self {
        let mut history = Self { cut: true, ..Self::default() };
        history.append_chunk(events);
        let mut start = 0;
        for length in batches {
            history.batches.push(start);
            start += *length as usize;
        }
        history
    }

    fn append_chunk(&mut self, bytes: Bytes) {
        let chunk = u32::try_from(self.chunks.len()).unwrap_or(u32::MAX);
        let first = self.sealed.len();
        self.sealed.extend(spans(&bytes, chunk));
        self.bytes += self.sealed[first..].iter().map(Span::length).sum::<usize>();
        self.chunks.push(bytes);
        self.decoded.resize(self.sealed.len());
    }

    fn decode(&self, span: Span) -> HistoryEvent {
        let chunk = &self.chunks[span.chunk as usize];
        HistoryEvent::decode(chunk.slice(span.body as usize..span.end as usize))
            .expect("it was encoded, or read before")
    }

    /// The first `length` events, if a batch ends with them.
    pub(crate) fn prefix(&self, length: usize) -> Option<Self> {
        if length > self.len() || length != self.len() && self.batches.binary_search(&length).is_err() {
            return None;
        }
        let mut prefix = self.clone();
        prefix.truncate(length);
        Some(prefix)
    }

    /// Ends a batch.
    pub(crate) fn cut(&mut self) {
        self.cut = true;
    }

    /// How many batches there are.
    pub(crate) fn batches(&self) -> i64 {
        i64::try_from(self.batches.len()).unwrap_or(i64::MAX)
    }

    /// Takes back what came after the first `length` events.
    pub(crate) fn truncate(&mut self, length: usize) {
        self.bytes -=
            self.fresh.iter().skip(length.saturating_sub(self.sealed.len())).map(|fresh| fresh.length).sum::<usize>();
        self.fresh.truncate(length.saturating_sub(self.sealed.len()));
        self.bytes -= self.sealed.iter().skip(length).map(Span::length).sum::<usize>();
        self.sealed.truncate(length);
        let last = self.sealed.last().map(|span| (span.chunk as usize, span.end as usize));
        self.chunks.truncate(last.map_or(0, |(chunk, _)| chunk + 1));
        if let (Some((_, end)), Some(chunk)) = (last, self.chunks.last_mut()) {
            chunk.truncate(end);
        }
        self.decoded.truncate(length);
        self.batches.retain(|start| *start < length);
        self.cut = true;
    }

    /// The end, as an index, of a page of `batches` whole batches that begins at the index `from`.
    pub(crate) fn page_end(&self, from: usize, batches: usize) -> usize {
        let next = self.batches.partition_point(|start| *start <= from);
        self.batches.get(next + batches.saturating_sub(1)).copied().unwrap_or(self.len())
    }

    /// The beginning, as an index, of a page of `batches` whole batches that ends before the index `end`.
    pub(crate) fn page_start(&self, end: usize, batches: usize) -> usize {
        let last = self.batches.partition_point(|start| *start < end);
        self.batches.get(last.saturating_sub(batches)).copied().unwrap_or(0)
    }

    /// What follows the first `from` events, batch by batch: the index of its first event, and its bytes. What is new is
    /// sealed before.
    pub(crate) fn batches_from(&self, from: usize) -> impl Iterator<Item = (usize, Bytes)> {
        debug_assert!(self.fresh.is_empty(), "what is new is sealed");
        let next = self.batches.partition_point(|start| *start <= from);
        let end = self.sealed.len();
        let starts = (from < end).then_some(from).into_iter().chain(self.batches[next..].iter().copied());
        let ends = self.batches[next..].iter().copied().chain([end]);
        starts.zip(ends).map(|(start, end)| (start, self.encoded(start, end)))
    }

    /// The bytes of the sealed events between two indexes, of which there is one at least.
    fn encoded(&self, from: usize, to: usize) -> Bytes {
        let (first, last) = (self.sealed[from], self.sealed[to - 1]);
        let part = |chunk: u32| {
            let bytes = &self.chunks[chunk as usize];
            let start = if chunk == first.chunk { first.start as usize } else { 0 };
            let end = if chunk == last.chunk { last.end as usize } else { bytes.len() };
            bytes.slice(start..end)
        };
        if first.chunk == last.chunk {
            return part(first.chunk);
        }
        (first.chunk..=last.chunk).map(part).collect::<Vec<_>>().concat().into()
    }
}

/// How many events are many for one step.
const MANY: usize = 16;

/// Whether the server asks for this event again: it says what a run or something pending was asked to do.
fn is_asked_for(event: &HistoryEvent) -> bool {
    use Attributes as A;
    matches!(
        &event.attributes,
        Some(
            A::WorkflowExecutionStartedEventAttributes(_)
                | A::ActivityTaskScheduledEventAttributes(_)
                | A::NexusOperationScheduledEventAttributes(_)
                | A::StartChildWorkflowExecutionInitiatedEventAttributes(_)
        )
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(id: i64) -> HistoryEvent {
        HistoryEvent { event_id: id, task_id: id, ..HistoryEvent::default() }
    }

    /// Batches of one, two and three events, each sealed by itself.
    fn history() -> History {
        let mut history = History::default();
        for batch in [&[1][..], &[2, 3], &[4, 5, 6]] {
            batch.iter().for_each(|id| history.push(event(*id)));
            history.cut();
            history.seal();
        }
        history
    }

    fn ids(history: &History) -> Vec<i64> {
        history.iter().map(|event| event.event_id).collect()
    }

    #[test]
    fn what_is_packed_is_the_same_when_it_is_unpacked() {
        let mut history = history();
        let (events, batches) = history.pack();
        let unpacked = History::unpack(events, &batches);
        assert_eq!(ids(&unpacked), [1, 2, 3, 4, 5, 6]);
        assert_eq!((unpacked.bytes(), unpacked.batches()), (history.bytes(), 3));
        assert_eq!((unpacked.page_end(0, 2), unpacked.page_start(6, 1)), (3, 3));
        let empty = History::unpack(Bytes::new(), &[]);
        assert_eq!((empty.next_id(), empty.batches()), (1, 0));
    }

    #[test]
    fn what_is_stored_begins_where_it_was_left_and_is_read_batch_by_batch() {
        let mut history = history();
        history.push(event(7));
        history.seal();
        let stored: Vec<(usize, Bytes)> = history.batches_from(2).collect();
        assert_eq!(stored.iter().map(|(at, _)| *at).collect::<Vec<_>>(), [2, 3, 6]);
        let mut restored = History::default();
        for (_, batch) in history.batches_from(0) {
            restored.restore(batch).expect("it was encoded here");
        }
        assert_eq!(ids(&restored), [1, 2, 3, 4, 5, 6, 7]);
        assert_eq!(restored.bytes(), history.bytes());
        assert!(History::default().restore(Bytes::from_static(b"\x0a\x7f")).is_err(), "it is cut off");
    }

    #[test]
    fn what_is_taken_back_is_gone_also_where_it_was_sealed() {
        let mut history = history();
        history.push(event(7));
        assert_eq!(history.last().map(|event| event.event_id), Some(7));
        let bytes = |ids: &[i64]| ids.iter().map(|id| event(*id).encoded_len() as i64).sum::<i64>();
        history.truncate(5);
        assert_eq!((ids(&history), history.bytes()), (vec![1, 2, 3, 4, 5], bytes(&[1, 2, 3, 4, 5])));
        assert_eq!(history.get(6), None);
        history.push(event(6));
        assert_eq!(history.batches(), 4, "what comes then is a batch of its own");
        assert_eq!(history.prefix(3).map(|prefix| ids(&prefix)), Some(vec![1, 2, 3]));
        assert!(history.prefix(2).is_none(), "a batch is not taken apart");
    }
}
