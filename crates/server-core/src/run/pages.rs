//! Answers that are too long for one message, and come in pages.
//!
//! A page is kept until the last one comes, and is forgotten with the task: who begins again begins with the first.

use perpetua_proto::workflowservice::RespondWorkflowTaskCompletedRequest;

use super::Run;
use crate::limits;
use crate::refusal::{Answer, Refusal};

/// The pages of an answer that have come.
#[derive(Clone, Debug, Default)]
pub(crate) struct Pages {
    /// The start of the task that they answer.
    request: String,
    pages: Vec<RespondWorkflowTaskCompletedRequest>,
    bytes: usize,
}

impl Run {
    /// Takes a page of an answer; the whole answer, if it was the last.
    ///
    /// # Errors
    /// When pages before it are missing, or there are too many.
    pub(crate) fn take_page(
        &mut self,
        page: RespondWorkflowTaskCompletedRequest,
    ) -> Answer<Option<RespondWorkflowTaskCompletedRequest>> {
        let request = self.state.task.as_ref().map(|task| task.request.clone()).unwrap_or_default();
        let mut kept = std::mem::take(&mut self.live.pages);
        if kept.request != request || page.page_number == 0 {
            kept = Pages { request, ..Pages::default() };
        }
        let number = usize::try_from(page.page_number).unwrap_or(usize::MAX);
        if number < kept.pages.len() && page.intermediate_page {
            // It has come before.
            self.live.pages = kept;
            return Ok(None);
        }
        if number != kept.pages.len() {
            return Err(Refusal::invalid(format!("Page {} of the answer is missing.", kept.pages.len())));
        }
        if page.intermediate_page {
            kept.bytes += prost::Message::encoded_len(&page);
            if kept.bytes > limits::ANSWER_BYTES {
                return Err(Refusal::invalid("The answer is larger than any that can be taken."));
            }
            kept.pages.push(page);
            self.live.pages = kept;
            return Ok(None);
        }
        let mut whole = page;
        let (mut commands, mut messages) = (Vec::new(), Vec::new());
        for page in kept.pages {
            commands.extend(page.commands);
            messages.extend(page.messages);
            whole.query_results.extend(page.query_results);
        }
        commands.append(&mut whole.commands);
        messages.append(&mut whole.messages);
        Ok(Some(RespondWorkflowTaskCompletedRequest { commands, messages, ..whole }))
    }
}
