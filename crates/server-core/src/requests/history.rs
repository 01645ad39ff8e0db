//! Histories: page by page, as they grow, from the end.

use perpetua_proto::common::WorkflowExecution;
use perpetua_proto::enums::HistoryEventFilterType;
use perpetua_proto::history::History;
use perpetua_proto::workflowservice::{
    GetWorkflowExecutionHistoryRequest, GetWorkflowExecutionHistoryResponse, GetWorkflowExecutionHistoryReverseRequest,
    GetWorkflowExecutionHistoryReverseResponse,
};

use super::check_execution;
use crate::refusal::{Answer, Refusal};
use crate::run::Run;
use crate::run::live::HistoryReader;
use crate::token::{self, HistoryToken};
use crate::world::{CallId, Reply, RunNumber, Waiting};
use crate::{World, limits};

impl World {
    /// Gives a page of a history; one that is waited for comes when there is something new.
    ///
    /// # Errors
    /// When the request is wrong, or the workflow is not there.
    pub fn history(&mut self, call: CallId, request: GetWorkflowExecutionHistoryRequest) -> Answer<()> {
        self.give_history(call, request, false)
    }

    /// Gives a page of a history. The last of one that is not waited for ends with the events of the pending workflow
    /// task, where they are to be stored only if it is completed.
    ///
    /// # Errors
    /// As [`history`](Self::history).
    pub fn history_with_task(&mut self, call: CallId, request: GetWorkflowExecutionHistoryRequest) -> Answer<()> {
        self.give_history(call, request, true)
    }

    fn give_history(
        &mut self,
        call: CallId,
        request: GetWorkflowExecutionHistoryRequest,
        with_task: bool,
    ) -> Answer<()> {
        let (number, token) =
            self.of_history(&request.namespace, request.execution.as_ref(), &request.next_page_token)?;
        let Some(run) = self.run(number) else { return Err(Refusal::not_found("workflow not found")) };
        let from = token.as_ref().map_or(0, |token| usize::try_from(token.next - 1).unwrap_or(0));
        if from > run.history.len() {
            return Err(Refusal::invalid("Invalid NextPageToken."));
        }
        if let Some(token) = token.filter(|token| token.end != 0) {
            let response = rest_of_task(run, from, &token);
            self.cx().reply(call, Ok(Reply::History(response)));
            return Ok(());
        }
        let batches = page_size(request.maximum_page_size);
        let only_close = request.history_event_filter_type() == HistoryEventFilterType::CloseEvent;
        let reader = HistoryReader { call, from, only_close, batches };
        let response = match run.news_for(&reader) {
            _ if !request.wait_new_event && only_close => run.close_response(),
            _ if !request.wait_new_event && with_task => run.page_with_task(from, batches),
            _ if !request.wait_new_event => run.page_response(from, batches, false),
            Some(response) => response,
            None => {
                self.calls.insert(call, Waiting::History(number));
                self.attend(number, |run, _| run.live.readers.push(reader));
                return Ok(());
            }
        };
        self.cx().reply(call, Ok(Reply::History(response)));
        Ok(())
    }

    /// Gives a page of a history, the newest event first.
    ///
    /// # Errors
    /// When the request is wrong, or the workflow is not there.
    pub fn history_reverse(
        &mut self,
        request: &GetWorkflowExecutionHistoryReverseRequest,
    ) -> Answer<GetWorkflowExecutionHistoryReverseResponse> {
        let (number, token) =
            self.of_history(&request.namespace, request.execution.as_ref(), &request.next_page_token)?;
        let Some(run) = self.run(number) else { return Err(Refusal::not_found("workflow not found")) };
        let end = token.map_or(run.history.len(), |token| usize::try_from(token.next - 1).unwrap_or(0));
        let end = end.min(run.history.len());
        let start = run.history.page_start(end, page_size(request.maximum_page_size));
        let events = run.history.page(start, end).into_iter().rev().collect();
        Ok(GetWorkflowExecutionHistoryReverseResponse {
            history: Some(History { events }),
            next_page_token: if start == 0 { bytes::Bytes::new() } else { run.reader_token(start) },
        })
    }

    fn of_history(
        &self,
        namespace: &str,
        execution: Option<&WorkflowExecution>,
        token: &[u8],
    ) -> Answer<(RunNumber, Option<HistoryToken>)> {
        if token.is_empty() {
            return Ok((self.find(namespace, execution)?, None));
        }
        self.namespaces.check(namespace)?;
        check_execution(execution)?;
        let token = HistoryToken::read(token)?;
        if execution.is_some_and(|execution| !execution.run_id.is_empty() && execution.run_id != token.run_id) {
            return Err(Refusal::invalid("RunId in the request does not match the NextPageToken."));
        }
        let fixed = execution.map(|it| WorkflowExecution { run_id: token.run_id.clone(), ..it.clone() });
        Ok((self.find(namespace, fixed.as_ref())?, Some(token)))
    }
}

fn page_size(asked: i32) -> usize {
    match usize::try_from(asked) {
        Ok(size) if size > 0 => size.min(limits::PAGE),
        _ => limits::PAGE,
    }
}

/// The next page of what the worker that has a task is to see.
fn rest_of_task(run: &Run, from: usize, token: &HistoryToken) -> GetWorkflowExecutionHistoryResponse {
    let last = usize::try_from(token.end - 1).unwrap_or(0).min(run.history.len());
    let end = run.history.page_end(from, limits::PAGE).min(last);
    let mut events = run.history.page(from, end);
    let next_page_token = if end < last {
        let next = i64::try_from(end).unwrap_or(i64::MAX - 1) + 1;
        token::write(&HistoryToken { next, ..token.clone() })
    } else {
        if token.transient {
            events.extend(run.unwritten_events(token.end - 1));
        }
        bytes::Bytes::new()
    };
    GetWorkflowExecutionHistoryResponse {
        history: Some(History { events }),
        next_page_token,
        ..GetWorkflowExecutionHistoryResponse::default()
    }
}
