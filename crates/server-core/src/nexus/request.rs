//! Requests on their way to handlers, and as workers get them.

use std::collections::BTreeMap;
use std::time::Duration;

use perpetua_proto::common::Link;
use perpetua_proto::history::NexusOperationScheduledEventAttributes as Asked;
use perpetua_proto::nexus::request::{Capabilities, Variant};
use perpetua_proto::nexus::{CancelOperationRequest, Request, StartOperationRequest};
use perpetua_proto::workflowservice::PollNexusTaskQueueResponse;

use super::endpoint::Destination;
use super::{Errand, OperationState, OperationToken, failure, link, system};
use crate::matching::QueueKey;
use crate::time::{Time, shown};
use crate::token;
use crate::world::{Cx, Offer, Transfer, Work};

/// Where callbacks of operations go: to the server itself.
pub(crate) const SYSTEM_CALLBACK: &str = "temporal://system";
/// The header of a callback that names the operation.
pub(crate) const CALLBACK_TOKEN: &str = "temporal-callback-token";

/// Sends a request that has begun to where its endpoint leads.
pub(crate) fn send(cx: &mut Cx<'_>, asked: &Asked, errand: Errand) {
    if asked.endpoint == system::ENDPOINT {
        return cx.transfer(Transfer::System { errand });
    }
    let refused = match cx.destination(&asked.endpoint_id) {
        Some(Destination::Queue { namespace, name }) => {
            let queue = QueueKey::nexus(&namespace, &name);
            return cx.offer(Offer::new(queue, None, Work::Nexus(errand)));
        }
        Some(Destination::External) => {
            let words = "this server does not call endpoints with external targets";
            failure::of_handler("NOT_IMPLEMENTED", words)
        }
        None => failure::of_handler("NOT_FOUND", "endpoint not registered"),
    };
    cx.transfer(Transfer::Unreachable { errand, failure: Box::new(refused) });
}

/// Whose operation a request is for, as the handler hears of it.
pub(crate) struct Sender {
    pub(crate) token: OperationToken,
    /// Where the operation was asked for.
    pub(crate) link: Link,
}

/// A request as a worker gets it.
pub(crate) fn response(
    asked: &Asked,
    operation: &OperationState,
    errand: &Errand,
    sender: Sender,
    now: Time,
) -> Option<PollNexusTaskQueueResponse> {
    let call = operation.call(errand.cancel)?;
    let limit = go_duration(Time::from_nanos(call.deadline).since(now));
    let mut header: BTreeMap<String, String> = BTreeMap::new();
    let capabilities = Capabilities { temporal_failure_responses: !errand.cancel };
    let task_token = OperationToken { attempt: errand.attempt, cancel: errand.cancel, ..sender.token.clone() };
    let variant = if errand.cancel {
        header.insert("content-length".to_owned(), "0".to_owned());
        Variant::CancelOperation(CancelOperationRequest {
            service: asked.service.clone(),
            operation: asked.operation.clone(),
            operation_id: operation.token.clone(),
            operation_token: operation.token.clone(),
        })
    } else {
        header.extend(asked.nexus_header.clone());
        if let Some(left) = operation.time_left(asked, now) {
            header.insert("operation-timeout".to_owned(), format!("{}ms", left.as_millis()));
        }
        let links: Vec<_> = link::to_nexus(&sender.link).into_iter().collect();
        if let Some(link) = links.first() {
            header.insert("nexus-link".to_owned(), format!("<{}>; type=\"{}\"", link.url, link.r#type));
        }
        header.insert("nexus-request-id".to_owned(), asked.request_id.clone());
        Variant::StartOperation(StartOperationRequest {
            service: asked.service.clone(),
            operation: asked.operation.clone(),
            request_id: asked.request_id.clone(),
            callback: SYSTEM_CALLBACK.to_owned(),
            // There is always one; an operation without an input gets one without content.
            payload: Some(asked.input.clone().unwrap_or_default()),
            callback_header: [(CALLBACK_TOKEN.to_owned(), sender.token.to_text())].into(),
            links,
        })
    };
    for name in ["Request-Timeout", "request-timeout"] {
        header.insert(name.to_owned(), limit.clone());
    }
    header.insert("user-agent".to_owned(), "temporalio/server".to_owned());
    Some(PollNexusTaskQueueResponse {
        task_token: token::write(&task_token),
        request: Some(Request {
            header,
            scheduled_time: shown(call.began),
            capabilities: Some(capabilities),
            variant: Some(variant),
            endpoint: asked.endpoint.clone(),
        }),
        ..PollNexusTaskQueueResponse::default()
    })
}

/// A duration below a minute, as Go writes it.
fn go_duration(duration: Duration) -> String {
    if duration < Duration::from_secs(1) {
        return format!("{}ms", duration.as_millis());
    }
    let fraction = format!("{:09}", duration.subsec_nanos());
    match fraction.trim_end_matches('0') {
        "" => format!("{}s", duration.as_secs()),
        fraction => format!("{}.{fraction}s", duration.as_secs()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_written_as_go_reads_them() {
        assert_eq!(go_duration(Duration::from_millis(7_998)), "7.998s");
        assert_eq!(go_duration(Duration::from_secs(8)), "8s");
        assert_eq!(go_duration(Duration::from_micros(999_999)), "999ms");
    }
}
