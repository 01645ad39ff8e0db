//! Events that were asked for by reference, decoded.

use std::cell::{OnceCell, RefCell};

use perpetua_proto::history::HistoryEvent;

/// Events that were asked for by reference, by index. They are forgotten when they are many.
#[derive(Clone, Debug, Default)]
pub(super) struct Decoded {
    cells: Vec<OnceCell<Box<HistoryEvent>>>,
    /// Which of them are there, but for the first event.
    there: RefCell<Vec<usize>>,
}

/// How many are kept at most; whoever waits for more than these at a time decodes them again.
const KEPT: usize = 2048;

impl Decoded {
    /// Makes room for so many.
    pub(super) fn resize(&mut self, length: usize) {
        self.cells.resize_with(length, OnceCell::new);
    }

    /// The event of this index.
    pub(super) fn get(&self, at: usize, decode: impl FnOnce() -> HistoryEvent) -> &HistoryEvent {
        self.cells[at].get_or_init(|| {
            self.note(at);
            Box::new(decode())
        })
    }

    /// Keeps an event that will be asked for.
    pub(super) fn put(&mut self, at: usize, event: HistoryEvent) {
        self.note(at);
        self.cells[at] = OnceCell::from(Box::new(event));
    }

    fn note(&self, at: usize) {
        if at != 0 {
            self.there.borrow_mut().push(at);
        }
    }

    /// Forgets an event that will not be asked for again.
    pub(super) fn forget(&mut self, at: usize) {
        if let Some(cell) = self.cells.get_mut(at)
            && cell.take().is_some()
        {
            self.there.get_mut().retain(|there| *there != at);
        }
    }

    /// Forgets those that come after so many events.
    pub(super) fn truncate(&mut self, length: usize) {
        self.cells.truncate(length);
        self.there.get_mut().retain(|there| *there < length);
    }

    /// Forgets all but the first event, when they are many.
    pub(super) fn tidy(&mut self) {
        if self.there.get_mut().len() > KEPT {
            for at in std::mem::take(self.there.get_mut()) {
                self.cells[at].take();
            }
        }
    }
}
