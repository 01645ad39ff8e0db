//! `handle.history()`: what has happened to a workflow.

use std::fmt;
use std::future::IntoFuture;
use std::time::Duration;

use bytes::Bytes;
use perpetua_convert::BoxFuture;
use perpetua_proto::{enums::EncodingType, history, workflowservice as wire};
use perpetua_vocab::{Event, History, Malformed};
use prost::Message;

use crate::limit::Limit;
use crate::{Client, PayloadError, RequestError, WorkflowHandle};

/// A request for a history, ready to be awaited. Made by [`WorkflowHandle::history`].
#[must_use = "the history is fetched when this is awaited"]
pub struct HistoryRequest {
    client: Client,
    request: wire::GetWorkflowExecutionHistoryRequest,
    limit: Option<Duration>,
}

impl<D> WorkflowHandle<D> {
    /// Fetches what has happened to the current run, or to the run that the handle is [at](Self::at_run).
    ///
    /// ```no_run
    /// # use perpetua_contract::NamedWorkflow;
    /// # async fn example(client: perpetua_client::Client) -> Result<(), Box<dyn std::error::Error>> {
    /// # let handle = client.handle::<NamedWorkflow>("order-7");
    /// for event in handle.history().await?.events {
    ///     println!("{} {}", event.id, event.kind.name());
    /// }
    /// # Ok(()) }
    /// ```
    pub fn history(&self) -> HistoryRequest {
        let request = wire::GetWorkflowExecutionHistoryRequest {
            namespace: self.client().namespace().to_string(),
            execution: Some(self.execution().into()),
            ..Default::default()
        };
        HistoryRequest { client: self.client().clone(), request, limit: None }
    }
}

impl HistoryRequest {
    /// Waits for new events until the run has closed.
    pub fn until_closed(mut self) -> Self {
        self.request.wait_new_event = true;
        self
    }

    /// Sets how many batches of events a page has at most; the server's own limit by default.
    pub fn page_size(mut self, batches: u16) -> Self {
        self.request.maximum_page_size = batches.into();
        self
    }

    /// Does not look into the archive if the server has deleted the history.
    pub fn skip_archive(mut self) -> Self {
        self.request.skip_archival = true;
        self
    }

    /// Sets how long to take for all pages together.
    pub fn timeout(mut self, limit: Duration) -> Self {
        self.limit = Some(limit);
        self
    }

    /// The history page by page, for those that are long or yet to be written.
    ///
    /// ```no_run
    /// # use perpetua_contract::NamedWorkflow;
    /// # async fn example(client: perpetua_client::Client) -> Result<(), Box<dyn std::error::Error>> {
    /// # let handle = client.handle::<NamedWorkflow>("order-7");
    /// let mut pages = handle.history().until_closed().pages();
    /// while let Some(events) = pages.next().await? {
    ///     println!("{} more events", events.len());
    /// }
    /// # Ok(()) }
    /// ```
    pub fn pages(self) -> HistoryPages {
        let Self { client, request, limit } = self;
        HistoryPages { client, request, limit: Limit::begin(limit), done: false }
    }

    /// The history as a protobuf message `temporal.api.history.v1.History`, as the server sent it: no codec runs.
    pub fn raw(self) -> RawHistoryRequest {
        RawHistoryRequest(self)
    }

    async fn fetch(self) -> Result<History, RequestError> {
        let mut pages = self.pages();
        let mut events = Vec::new();
        while let Some(page) = pages.next().await? {
            events.extend(page);
        }
        Ok(History::new(events))
    }
}

/// A history, page by page. Made by [`HistoryRequest::pages`].
pub struct HistoryPages {
    client: Client,
    request: wire::GetWorkflowExecutionHistoryRequest,
    limit: Limit,
    done: bool,
}

impl HistoryPages {
    /// The next page; none after the last. A page may be empty. After an error, the same page is tried again.
    ///
    /// # Errors
    /// When the call fails or an event cannot be read.
    pub async fn next(&mut self) -> Result<Option<Vec<Event>>, RequestError> {
        let Some((page, next)) = self.fetch().await? else { return Ok(None) };
        let events = perpetua_vocab::wire::history(page);
        let mut events = events.map_err(|malformed| RequestError::Undecodable(malformed.into()))?;
        let converter = self.client.converter();
        converter.decode(&mut events).await.map_err(|error| RequestError::Undecodable(error.into()))?;
        for failure in events.iter_mut().filter_map(|event| event.kind.failure_mut()) {
            converter.reveal_failure(failure);
        }
        self.advance(next);
        Ok(Some(events))
    }

    async fn next_raw(&mut self) -> Result<Option<history::History>, RequestError> {
        let Some((page, next)) = self.fetch().await? else { return Ok(None) };
        self.advance(next);
        Ok(Some(page))
    }

    async fn fetch(&self) -> Result<Option<(history::History, Bytes)>, RequestError> {
        if self.done {
            return Ok(None);
        }
        let response = self.client.rpc(&self.request).timeout(self.limit.remaining()).send().await;
        let mut response = response.map_err(|error| error.after(self.limit.whole()))?;
        let next = std::mem::take(&mut response.next_page_token);
        let page =
            history_of(response).map_err(|malformed| RequestError::Undecodable(PayloadError::from(malformed)))?;
        Ok(Some((page, next)))
    }

    fn advance(&mut self, next: Bytes) {
        self.done = next.is_empty();
        self.request.next_page_token = next;
    }
}

/// A request for a history as bytes, ready to be awaited. Made by [`HistoryRequest::raw`].
#[must_use = "the history is fetched when this is awaited"]
#[derive(Debug)]
pub struct RawHistoryRequest(HistoryRequest);

impl RawHistoryRequest {
    /// Sets how long to take for all pages together.
    pub fn timeout(self, limit: Duration) -> Self {
        Self(self.0.timeout(limit))
    }

    async fn fetch(self) -> Result<Bytes, RequestError> {
        let mut pages = self.0.pages();
        let mut whole = history::History::default();
        while let Some(page) = pages.next_raw().await? {
            whole.events.extend(page.events);
        }
        Ok(whole.encode_to_vec().into())
    }
}

/// The events of a page.
pub(crate) fn events_of(response: wire::GetWorkflowExecutionHistoryResponse) -> Result<Vec<Event>, Malformed> {
    perpetua_vocab::wire::history(history_of(response)?)
}

/// The events of a page, also where the server sends them in batches that are encoded already.
fn history_of(response: wire::GetWorkflowExecutionHistoryResponse) -> Result<history::History, Malformed> {
    const FIELD: &str = "GetWorkflowExecutionHistoryResponse.raw_history";
    let wire::GetWorkflowExecutionHistoryResponse { history, raw_history, next_page_token: _, archived: _ } = response;
    let mut history = history.unwrap_or_default();
    for batch in raw_history {
        if batch.encoding_type() != EncodingType::Proto3 {
            return Err(Malformed::new(FIELD, format!("has the encoding {}", batch.encoding_type)));
        }
        // Not merged into what is there: that would be all the code of a history once more, for bytes that are passed as such.
        let batch = history::History::decode(batch.data);
        let batch = batch.map_err(|error| Malformed::new(FIELD, format!("cannot be read: {error}")))?;
        history.events.extend(batch.events);
    }
    Ok(history)
}

impl IntoFuture for HistoryRequest {
    type Output = Result<History, RequestError>;
    type IntoFuture = BoxFuture<'static, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.fetch())
    }
}

impl IntoFuture for RawHistoryRequest {
    type Output = Result<Bytes, RequestError>;
    type IntoFuture = BoxFuture<'static, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.fetch())
    }
}

impl fmt::Debug for HistoryRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HistoryRequest").field("execution", &self.request.execution).finish_non_exhaustive()
    }
}

impl fmt::Debug for HistoryPages {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HistoryPages")
            .field("execution", &self.request.execution)
            .field("done", &self.done)
            .finish_non_exhaustive()
    }
}
