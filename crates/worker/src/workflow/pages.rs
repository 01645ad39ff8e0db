//! The history of one task, page by page.
//!
//! ```text
//! task:  [own events] -> own pages ..                                       the run is known, or the task has everything
//!   or:  pages from the first event .. up to the task's own -> [own events] -> own pages ..        it is not
//! ```
//!
//! A task's own events come last in any case: those of its own start are not always in the history that can be fetched.

use bytes::Bytes;
use perpetua_client::RpcError;
use perpetua_convert::CodecError;
use perpetua_vocab::{Malformed, WorkflowExecution, wire};

use super::codec;
use super::lane::Part;
use crate::calls::Calls;

/// What of a task's history is still to come.
#[derive(Debug)]
pub(crate) struct Pages {
    execution: WorkflowExecution,
    rest: Rest,
}

#[derive(Debug)]
enum Rest {
    /// Pages from the beginning, up to the first event of the task's own part, which follows.
    Before { page: Bytes, own: Own },
    /// The task's own part.
    Own(Own),
    /// Pages that follow the task's own part.
    After { page: Bytes },
    /// Nothing.
    Nothing,
}

/// What the task itself brought: a part, and where the next page begins.
#[derive(Debug)]
struct Own {
    part: Part,
    page: Bytes,
}

/// Why a page could not be had.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PageError {
    #[error("the history could not be fetched")]
    Rpc(#[source] RpcError),
    #[error("the history cannot be read")]
    Malformed(#[source] Malformed),
    #[error("the history cannot be decoded")]
    Codec(#[source] CodecError),
}

impl Pages {
    /// What follows the first page of a task.
    pub(crate) fn after(execution: WorkflowExecution, page: Bytes) -> Self {
        let rest = if page.is_empty() { Rest::Nothing } else { Rest::After { page } };
        Self { execution, rest }
    }

    /// Everything from the first event, given the first page of a task and what follows it.
    pub(crate) fn and_all_before(self, part: Part) -> Self {
        let page = match self.rest {
            Rest::After { page } => page,
            Rest::Before { .. } | Rest::Own(_) | Rest::Nothing => Bytes::new(),
        };
        let own = Own { part, page };
        Self { execution: self.execution, rest: Rest::Before { page: Bytes::new(), own } }
    }

    /// The next part. Empty where nothing is to come.
    pub(crate) async fn next(&mut self, calls: &Calls) -> Result<Part, PageError> {
        loop {
            match std::mem::replace(&mut self.rest, Rest::Nothing) {
                Rest::Before { page, own } => {
                    let (events, page) = self.fetch(calls, page).await?;
                    let part = self.before(events, page, own);
                    if !part.events.is_empty() || part.last {
                        return Ok(part);
                    }
                }
                Rest::Own(own) => return Ok(self.own(own)),
                Rest::After { page } => {
                    let (events, page) = self.fetch(calls, page).await?;
                    let last = page.is_empty();
                    if !last {
                        self.rest = Rest::After { page };
                    }
                    if !events.is_empty() || last {
                        return Ok(Part { events, last });
                    }
                }
                Rest::Nothing => return Ok(Part { events: Vec::new(), last: true }),
            }
        }
    }

    /// Cuts what the task has itself off a page of what was before, and decides what follows.
    fn before(&mut self, mut events: Vec<perpetua_vocab::Event>, page: Bytes, own: Own) -> Part {
        let limit = own.part.events.first().map(|event| event.id);
        let fetched = events.len();
        events.retain(|event| limit.is_none_or(|limit| event.id < limit));
        let complete = page.is_empty() || events.len() < fetched;
        let last = complete && own.part.events.is_empty() && (own.page.is_empty() || page.is_empty());
        self.rest = match (last, complete) {
            (true, _) => Rest::Nothing,
            (false, true) => Rest::Own(own),
            (false, false) => Rest::Before { page, own },
        };
        Part { events, last }
    }

    fn own(&mut self, own: Own) -> Part {
        let last = own.page.is_empty();
        if !last {
            self.rest = Rest::After { page: own.page };
        }
        Part { events: own.part.events, last }
    }

    async fn fetch(&self, calls: &Calls, page: Bytes) -> Result<(Vec<perpetua_vocab::Event>, Bytes), PageError> {
        let (history, page) = calls.history(&self.execution, page).await.map_err(PageError::Rpc)?;
        let mut events = wire::history(history).map_err(PageError::Malformed)?;
        codec::decode_events(calls.client().converter(), &mut events).await.map_err(PageError::Codec)?;
        Ok((events, page))
    }
}
