//! Who is told when a run, or the chain that it is part of, has ended.

use perpetua_proto::callback::CallbackInfo as CallbackDetails;
use perpetua_proto::common::callback::Variant;
use perpetua_proto::common::{Callback, Link};
use perpetua_proto::enums::{CallbackState as State, EventType};
use perpetua_proto::failure::failure::FailureInfo;
use perpetua_proto::failure::{ApplicationFailureInfo, Failure};
use perpetua_proto::history::history_event::Attributes;
use perpetua_proto::workflow::CallbackInfo;
use perpetua_proto::workflow::callback_info::{Trigger, UpdateWorkflowExecutionCompleted, WorkflowClosed, trigger};

use super::Run;
use crate::limits;
use crate::nexus::request::SYSTEM_CALLBACK;
use crate::nexus::{Outcome, failure, link};
use crate::refusal::{Answer, Code, Refusal};
use crate::time::{Time, shown};

/// Somebody who is told, and whether that was done.
#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct CallbackState {
    #[prost(message, required, tag = "1")]
    pub(crate) callback: Callback,
    #[prost(int64, tag = "2")]
    pub(crate) registered: i64,
    #[prost(enumeration = "State", tag = "3")]
    pub(crate) state: i32,
    #[prost(int32, tag = "4")]
    pub(crate) attempt: i32,
    #[prost(int64, tag = "5")]
    pub(crate) completed: i64,
    #[prost(message, optional, tag = "6")]
    pub(crate) failure: Option<Failure>,
    /// The request that attached it to a run that was there; empty for the one that started the run.
    #[prost(string, tag = "7")]
    pub(crate) request_id: String,
    /// The update whose outcome is told; empty if it is the end of the run.
    #[prost(string, tag = "8")]
    pub(crate) update_id: String,
}

/// What is told.
#[derive(Clone, Debug)]
pub(crate) struct Completion {
    pub(crate) outcome: Outcome,
    /// When that which is over began.
    pub(crate) start_time: Time,
    /// Where it is found.
    pub(crate) links: Vec<Link>,
}

impl CallbackState {
    /// One that waits.
    pub(crate) fn new(callback: Callback, now: Time, request_id: &str) -> Self {
        let request_id = request_id.to_owned();
        let mut state = Self { callback, registered: now.nanos(), request_id, ..Self::default() };
        state.set_state(State::Standby);
        state
    }

    /// As descriptions show it, apart from what is waited for.
    pub(crate) fn info(&self) -> CallbackDetails {
        CallbackDetails {
            callback: Some(self.callback.clone()),
            registration_time: shown(self.registered),
            state: self.state,
            attempt: self.attempt,
            last_attempt_complete_time: shown(self.completed),
            last_attempt_failure: self.failure.clone(),
            ..CallbackDetails::default()
        }
    }

    /// What is waited for.
    fn trigger(&self) -> trigger::Variant {
        match self.update_id.as_str() {
            "" => trigger::Variant::WorkflowClosed(WorkflowClosed {}),
            id => {
                let update_id = id.to_owned();
                trigger::Variant::UpdateWorkflowExecutionCompleted(UpdateWorkflowExecutionCompleted { update_id })
            }
        }
    }

    /// It was told, or nobody could be.
    pub(crate) fn end(&mut self, now: Time, result: Result<(), String>) {
        self.attempt += 1;
        self.completed = now.nanos();
        match result {
            Ok(()) => self.set_state(State::Succeeded),
            Err(message) => {
                self.set_state(State::Failed);
                let info = ApplicationFailureInfo { non_retryable: true, ..ApplicationFailureInfo::default() };
                let failure_info = Some(FailureInfo::ApplicationFailureInfo(info));
                self.failure = Some(Failure { message, failure_info, ..Failure::default() });
            }
        }
    }
}

/// Checks the callbacks of a request.
///
/// # Errors
/// What is wrong with them.
pub(crate) fn check(callbacks: &[Callback], there: usize) -> Answer<()> {
    if callbacks.len() + there > limits::CALLBACKS {
        let words = format!("cannot attach more than {} callbacks to an execution", limits::CALLBACKS);
        return Err(Refusal::invalid(words));
    }
    for callback in callbacks {
        match &callback.variant {
            Some(Variant::Nexus(nexus)) => {
                let (url, size) = (&nexus.url, nexus.header.iter().map(|(name, value)| name.len() + value.len()).sum());
                check_url(url).map_err(|problem| Refusal::invalid(format!("invalid url: {problem}")))?;
                check_header(size)?;
            }
            Some(Variant::Internal(_)) => {
                return Err(Refusal::invalid("unsupported callback variant: *common.Callback_Internal_"));
            }
            Some(Variant::NexusHandler(_)) => {
                return Err(Refusal::invalid("unsupported callback variant: *common.Callback_NexusHandler_"));
            }
            None => return Err(Refusal::new(Code::Unimplemented, "unknown callback variant: <nil>")),
        }
    }
    Ok(())
}

fn check_header(size: usize) -> Answer<()> {
    if size > limits::HEADER_BYTES {
        let limit = limits::HEADER_BYTES;
        return Err(Refusal::invalid(format!("invalid header: header size longer than max allowed size of {limit}")));
    }
    Ok(())
}

fn check_url(url: &str) -> Result<(), String> {
    if url.len() > limits::CALLBACK_URL {
        Err(format!("url length longer than max length allowed of {}", limits::CALLBACK_URL))
    } else if url == SYSTEM_CALLBACK {
        Ok(())
    } else if url.starts_with("http://") || url.starts_with("https://") {
        Err(format!("url does not match any configured callback address: {url}"))
    } else {
        Err(format!("unknown scheme: {url}"))
    }
}

/// The links of a request that do not come with a callback anyway.
pub(crate) fn other_links(links: &[Link], callbacks: &[Callback]) -> Vec<Link> {
    let comes_along = |link: &&Link| callbacks.iter().any(|callback| callback.links.contains(link));
    links.iter().filter(|link| !comes_along(link)).cloned().collect()
}

impl Run {
    /// What there is to tell somebody, once that has happened which is waited for.
    pub(crate) fn completion(&self, callback: &CallbackState) -> Option<Completion> {
        if callback.update_id.is_empty() { self.end(&callback.request_id) } else { self.update_completion(callback) }
    }

    /// What there is to tell of the chain, once it has ended.
    fn end(&self, request_id: &str) -> Option<Completion> {
        use Attributes as A;
        if !self.state.next_run.is_empty() {
            return None;
        }
        let first = |payloads: &Option<perpetua_proto::common::Payloads>| {
            payloads.as_ref().and_then(|payloads| payloads.payloads.first().cloned())
        };
        let outcome = match self.history.last()?.attributes.as_ref()? {
            A::WorkflowExecutionCompletedEventAttributes(it) => Outcome::completed(first(&it.result)),
            A::WorkflowExecutionFailedEventAttributes(it) => {
                Outcome::Failed(Box::new(it.failure.clone().unwrap_or_default()))
            }
            A::WorkflowExecutionCanceledEventAttributes(it) => {
                Outcome::Canceled(Box::new(failure::canceled("operation canceled", it.details.clone())))
            }
            A::WorkflowExecutionTerminatedEventAttributes(_) => {
                Outcome::Failed(Box::new(failure::terminated("operation terminated", "")))
            }
            A::WorkflowExecutionTimedOutEventAttributes(_) => {
                let kind = perpetua_proto::enums::TimeoutType::StartToClose;
                let failure =
                    Failure { message: "operation exceeded internal timeout".to_owned(), ..failure::timed_out(kind) };
                Outcome::Failed(Box::new(failure))
            }
            _ => return None,
        };
        let (namespace, workflow, run) =
            (&self.state.namespace, &self.state.workflow_id, &self.started().first_execution_run_id);
        let link = if request_id.is_empty() {
            link::to_event(namespace, workflow, run, 1, EventType::WorkflowExecutionStarted)
        } else {
            let kind = EventType::WorkflowExecutionOptionsUpdated;
            link::to_request(namespace, workflow, &self.state.run_id, request_id, kind)
        };
        Some(Completion { outcome, start_time: self.start_time(), links: vec![link] })
    }

    /// As descriptions show them.
    pub(crate) fn callback_infos(&self) -> Vec<CallbackInfo> {
        self.state
            .callbacks
            .iter()
            .map(|it| CallbackInfo {
                callback: Some(it.callback.clone()),
                trigger: Some(Trigger { variant: Some(it.trigger()) }),
                registration_time: shown(it.registered),
                state: it.state,
                attempt: it.attempt,
                last_attempt_complete_time: shown(it.completed),
                last_attempt_failure: it.failure.clone(),
                ..CallbackInfo::default()
            })
            .collect()
    }
}
