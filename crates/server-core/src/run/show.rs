//! What workers and readers are shown of a run's history.

use bytes::Bytes;
use perpetua_proto::common::WorkflowType;
use perpetua_proto::history::{History as WireHistory, HistoryEvent};
use perpetua_proto::taskqueue::TaskQueue;
use perpetua_proto::workflowservice::{GetWorkflowExecutionHistoryResponse, PollWorkflowTaskQueueResponse};

use super::Run;
use super::live::HistoryReader;
use crate::limits;
use crate::time::shown;
use crate::token::{self, HistoryToken, TaskToken};
use crate::world::{Cx, Reply};

impl Run {
    /// What every response to a poll for this run begins with.
    pub(crate) fn response_head(&self) -> PollWorkflowTaskQueueResponse {
        PollWorkflowTaskQueueResponse {
            workflow_execution: Some(self.execution()),
            workflow_type: Some(WorkflowType { name: self.workflow_type().to_owned() }),
            workflow_execution_task_queue: Some(TaskQueue {
                name: self.task_queue().to_owned(),
                kind: 1,
                ..TaskQueue::default()
            }),
            ..PollWorkflowTaskQueueResponse::default()
        }
    }

    /// The started task as a worker gets it; with `partial`, only what is new since the last.
    pub(crate) fn task_response(&mut self, cx: &mut Cx<'_>, partial: bool) -> Option<PollWorkflowTaskQueueResponse> {
        let task = self.state.task.clone().filter(|task| task.started != 0)?;
        let messages = self.attach_updates(task.started - 1);
        let queries = self.attach_queries();
        let token = TaskToken {
            server: cx.server,
            namespace: self.state.namespace.clone(),
            workflow_id: self.state.workflow_id.clone(),
            run_id: self.state.run_id.clone(),
            scheduled: task.scheduled,
            started: task.started,
            attempt: task.attempt,
            request: task.request.clone(),
            ..TaskToken::default()
        };
        let from = if partial { usize::try_from(self.state.previous_started).unwrap_or(0) } else { 0 };
        let (history, next_page_token) = self.task_page(from, task.started);
        Some(PollWorkflowTaskQueueResponse {
            task_token: token::write(&token),
            previous_started_event_id: self.state.previous_started,
            started_event_id: task.started,
            attempt: task.attempt,
            history: Some(history),
            next_page_token,
            scheduled_time: shown(task.scheduled_time),
            started_time: shown(task.started_time),
            queries,
            messages,
            ..self.response_head()
        })
    }

    /// A page of what the worker that has the task is to see, from this index on.
    fn task_page(&self, from: usize, started: i64) -> (WireHistory, Bytes) {
        let end = self.history.page_end(from, limits::PAGE);
        let mut events = self.history.page(from, end);
        if end < self.history.len() {
            let token = HistoryToken {
                run_id: self.state.run_id.clone(),
                next: i64::try_from(end).unwrap_or(i64::MAX - 1) + 1,
                end: started + 1,
                transient: true,
            };
            return (WireHistory { events }, token::write(&token));
        }
        events.extend(self.unwritten_events(started));
        (WireHistory { events }, Bytes::new())
    }

    /// The events of the task that started with this event, if they are not in the history.
    pub(crate) fn unwritten_events(&self, started: i64) -> Vec<HistoryEvent> {
        match self.state.task.as_ref().filter(|task| task.started == started && task.unwritten) {
            Some(task) => vec![self.scheduled_event(task), self.started_event(task)],
            None => Vec::new(),
        }
    }

    /// The history that goes with a query that is a task of its own.
    pub(crate) fn query_history(&self, sticky: bool) -> (WireHistory, Bytes) {
        if sticky {
            return (WireHistory::default(), Bytes::new());
        }
        let end = self.history.page_end(0, limits::PAGE);
        let events = self.history.page(0, end);
        let token = HistoryToken {
            run_id: self.state.run_id.clone(),
            next: i64::try_from(end).unwrap_or(i64::MAX - 1) + 1,
            end: self.history.next_id(),
            transient: false,
        };
        let rest = if end < self.history.len() { token::write(&token) } else { Bytes::new() };
        (WireHistory { events }, rest)
    }

    /// Tells everybody who waits for events that are there now.
    pub(crate) fn tell_readers(&mut self, cx: &mut Cx<'_>) {
        let waiting = std::mem::take(&mut self.live.readers);
        for reader in waiting {
            match self.news_for(&reader) {
                Some(response) => cx.reply(reader.call, Ok(Reply::History(response))),
                None => self.live.readers.push(reader),
            }
        }
    }

    /// What there is for somebody who waits, if anything.
    pub(crate) fn news_for(&self, reader: &HistoryReader) -> Option<GetWorkflowExecutionHistoryResponse> {
        if reader.only_close {
            return (!self.is_open()).then(|| self.close_response());
        }
        if self.history.len() > reader.from {
            return Some(self.page_response(reader.from, reader.batches, true));
        }
        (!self.is_open()).then(GetWorkflowExecutionHistoryResponse::default)
    }

    /// The event that closed the run.
    pub(crate) fn close_response(&self) -> GetWorkflowExecutionHistoryResponse {
        let events = self.history.last().filter(|_| !self.is_open()).cloned().into_iter().collect();
        GetWorkflowExecutionHistoryResponse {
            history: Some(WireHistory { events }),
            ..GetWorkflowExecutionHistoryResponse::default()
        }
    }

    /// A page of the history; with `follow`, an open run has always a next one.
    pub(crate) fn page_response(
        &self,
        from: usize,
        batches: usize,
        follow: bool,
    ) -> GetWorkflowExecutionHistoryResponse {
        let end = self.history.page_end(from, batches);
        let events = self.history.page(from, end);
        let more = end < self.history.len() || (follow && self.is_open());
        GetWorkflowExecutionHistoryResponse {
            history: Some(WireHistory { events }),
            next_page_token: if more { self.reader_token(end) } else { Bytes::new() },
            ..GetWorkflowExecutionHistoryResponse::default()
        }
    }

    /// A page of the history. What a pending task will write, if it is completed, comes last.
    pub(crate) fn page_with_task(&self, from: usize, batches: usize) -> GetWorkflowExecutionHistoryResponse {
        let mut response = self.page_response(from, batches, false);
        let task = self.state.task.as_ref().filter(|task| task.unwritten);
        if let (Some(task), Some(history), true) = (task, &mut response.history, response.next_page_token.is_empty()) {
            history.events.push(self.scheduled_event(task));
            history.events.extend((task.started != 0).then(|| self.started_event(task)));
        }
        response
    }

    /// A token for the page that begins at this index.
    pub(crate) fn reader_token(&self, from: usize) -> Bytes {
        token::write(&HistoryToken {
            run_id: self.state.run_id.clone(),
            next: i64::try_from(from).unwrap_or(i64::MAX - 1) + 1,
            ..HistoryToken::default()
        })
    }
}
