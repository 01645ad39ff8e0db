//! Answers that are too long for one message, and come in pages.
//!
//! A page is kept until the last one comes, and is forgotten with the task: who begins again begins with the first.

use std::collections::BTreeMap;

use perpetua_proto::errordetails::WorkflowTaskCompletionBufferLostFailure;
use perpetua_proto::workflowservice::RespondWorkflowTaskCompletedRequest;
use prost::Message;

use super::Run;
use crate::refusal::{Answer, Code, Refusal};
use crate::settings::Settings;

/// The pages of an answer that have come.
#[derive(Clone, Debug, Default)]
pub(crate) struct Pages {
    /// The start of the task that they answer.
    request: String,
    /// By number; they may come in any order, and twice.
    pages: BTreeMap<i32, RespondWorkflowTaskCompletedRequest>,
}

impl Pages {
    pub(super) fn is_empty(&self) -> bool {
        self.pages.is_empty()
    }
}

impl Run {
    /// Takes a page of an answer; the whole answer, if it was the last.
    ///
    /// # Errors
    /// When pages before the last one are missing, or they are too much.
    pub(crate) fn take_page(
        &mut self,
        settings: &Settings,
        page: RespondWorkflowTaskCompletedRequest,
    ) -> Answer<Option<RespondWorkflowTaskCompletedRequest>> {
        let request = self.state.task.as_ref().map(|task| task.request.clone()).unwrap_or_default();
        let mut kept = std::mem::take(&mut self.live.pages);
        if kept.request != request {
            kept = Pages { request, ..Pages::default() };
        }
        if page.intermediate_page {
            if page.page_number < 0 {
                return Err(Refusal::invalid("PageNumber cannot be negative."));
            }
            kept.pages.insert(page.page_number, page);
            let bytes: usize = kept.pages.values().map(Message::encoded_len).sum();
            if bytes > settings.answer_bytes {
                return Err(Refusal::invalid("The answer is larger than any that can be taken."));
            }
            self.live.pages = kept;
            return Ok(None);
        }
        let numbers = 0..page.page_number;
        if !numbers.clone().eq(kept.pages.keys().copied()) {
            return Err(lost(numbers.len(), kept.pages.len()));
        }
        let mut whole = page;
        let (mut commands, mut messages) = (Vec::new(), Vec::new());
        for page in kept.pages.into_values() {
            commands.extend(page.commands);
            messages.extend(page.messages);
            whole.query_results.extend(page.query_results);
        }
        commands.append(&mut whole.commands);
        messages.append(&mut whole.messages);
        Ok(Some(RespondWorkflowTaskCompletedRequest { commands, messages, ..whole }))
    }
}

/// Pages are missing, as they are when the server was started again in between: the worker sends all of them anew.
fn lost(wanted: usize, kept: usize) -> Refusal {
    let message = format!("The last page of an answer names {wanted} before it, of which {kept} are here.");
    Refusal::new(Code::Aborted, message).with(&WorkflowTaskCompletionBufferLostFailure::default())
}
