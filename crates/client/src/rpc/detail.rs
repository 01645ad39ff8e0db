//! What a server says beside the code and the message of an error.

use bytes::Bytes;
use perpetua_proto::{common, enums, errordetails, failure, rpc};
use perpetua_vocab::{Failure, Namespace, RunId, WorkflowExecution};
use prost::Message;

use super::RpcCode;

/// What a server says beside the code and the message of an error.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum RpcDetail {
    /// A workflow with this id is running, or has run and may not again.
    AlreadyStarted {
        /// The request that started it.
        start_request: String,
        /// Its run.
        run: RunId,
        /// The first run of its chain; empty if the server does not say.
        first_run: RunId,
    },
    /// What was named does not exist.
    NotFound,
    /// The namespace does not exist.
    NamespaceNotFound {
        /// Which.
        namespace: Namespace,
    },
    /// The namespace exists already.
    NamespaceAlreadyExists,
    /// The namespace is served by another cluster.
    NamespaceNotActive {
        /// Which namespace.
        namespace: Namespace,
        /// The cluster that was asked.
        current_cluster: String,
        /// The cluster to ask.
        active_cluster: String,
    },
    /// The namespace cannot be used now.
    NamespaceUnavailable {
        /// Which.
        namespace: Namespace,
    },
    /// The namespace is in a state, such as deleted, that does not allow it.
    NamespaceInvalidState {
        /// Which.
        namespace: Namespace,
    },
    /// The query handler failed, or there is none.
    QueryFailed {
        /// What the worker said.
        failure: Option<Box<Failure>>,
    },
    /// The caller may not do this.
    PermissionDenied {
        /// Why.
        reason: String,
    },
    /// A limit was reached.
    ResourceExhausted {
        /// Which limit, in the protocol's spelling without the prefix, such as `RPS_LIMIT`; a number if unknown.
        cause: String,
        /// Whose limit: `NAMESPACE` or `SYSTEM`; empty if the server does not say.
        scope: String,
    },
    /// The workflow cannot do this now, for example because its last task failed.
    WorkflowNotReady,
    /// Cancellation was requested before.
    CancellationAlreadyRequested,
    /// The server takes no clients of this version.
    ClientVersionNotSupported {
        /// What it takes.
        supported: String,
    },
    /// This client said that it takes no servers of this version.
    ServerVersionNotSupported {
        /// The server's version.
        server: String,
    },
    /// A newer build of the worker has polled this queue.
    NewerBuildExists {
        /// The newer one.
        default_build: String,
    },
    /// A workflow of the server's own failed.
    SystemWorkflow {
        /// Which.
        execution: Option<WorkflowExecution>,
        /// With what.
        error: String,
    },
    /// One of several operations in one request failed; the others were not done.
    MultiOperation {
        /// One for each operation, in order.
        statuses: Vec<OperationStatus>,
    },
    /// The other operation of a request failed, so this one was not done.
    MultiOperationAborted,
    /// Anything else, as it came.
    Other {
        /// The type's full name.
        type_name: String,
        /// The message's bytes.
        value: Bytes,
    },
}

/// How one of several operations in one request ended.
#[derive(Clone, Debug, PartialEq)]
pub struct OperationStatus {
    /// What kind of error, or [`RpcCode::Ok`].
    pub code: RpcCode,
    /// In words.
    pub message: String,
    /// What the server says beside.
    pub details: Vec<RpcDetail>,
}

/// Reads the bytes that travel with a status. What cannot be read is left out: the code and the message say enough.
pub(super) fn details(status: &[u8]) -> Vec<RpcDetail> {
    if status.is_empty() {
        return Vec::new();
    }
    match rpc::Status::decode(status) {
        Ok(rpc::Status { code: _, message: _, details }) => {
            details.into_iter().map(|any| detail(&any.type_url, any.value)).collect()
        }
        Err(_) => Vec::new(),
    }
}

fn detail(type_url: &str, value: Bytes) -> RpcDetail {
    let type_name = type_url.rsplit('/').next().unwrap_or_default();
    known(type_name, &value).unwrap_or_else(|| RpcDetail::Other { type_name: type_name.to_owned(), value })
}

fn known(type_name: &str, value: &Bytes) -> Option<RpcDetail> {
    use errordetails as wire;
    if type_name == "temporal.api.failure.v1.MultiOperationExecutionAborted" {
        return Some(RpcDetail::MultiOperationAborted);
    }
    let short = type_name.strip_prefix("temporal.api.errordetails.v1.")?;
    Some(match short {
        "WorkflowExecutionAlreadyStartedFailure" => {
            let wire::WorkflowExecutionAlreadyStartedFailure { start_request_id, run_id, first_execution_run_id } =
                read(value)?;
            RpcDetail::AlreadyStarted {
                start_request: start_request_id,
                run: run_id.into(),
                first_run: first_execution_run_id.into(),
            }
        }
        "NotFoundFailure" => RpcDetail::NotFound,
        "NamespaceNotFoundFailure" => {
            let wire::NamespaceNotFoundFailure { namespace } = read(value)?;
            RpcDetail::NamespaceNotFound { namespace: namespace.into() }
        }
        "NamespaceAlreadyExistsFailure" => RpcDetail::NamespaceAlreadyExists,
        "NamespaceNotActiveFailure" => {
            let wire::NamespaceNotActiveFailure { namespace, current_cluster, active_cluster } = read(value)?;
            RpcDetail::NamespaceNotActive { namespace: namespace.into(), current_cluster, active_cluster }
        }
        "NamespaceUnavailableFailure" => {
            let wire::NamespaceUnavailableFailure { namespace } = read(value)?;
            RpcDetail::NamespaceUnavailable { namespace: namespace.into() }
        }
        "NamespaceInvalidStateFailure" => {
            let wire::NamespaceInvalidStateFailure { namespace, state: _, allowed_states: _ } = read(value)?;
            RpcDetail::NamespaceInvalidState { namespace: namespace.into() }
        }
        "QueryFailedFailure" => {
            let wire::QueryFailedFailure { failure } = read(value)?;
            RpcDetail::QueryFailed { failure: failure.and_then(readable).map(Box::new) }
        }
        "PermissionDeniedFailure" => {
            let wire::PermissionDeniedFailure { reason } = read(value)?;
            RpcDetail::PermissionDenied { reason }
        }
        "ResourceExhaustedFailure" => resource_exhausted(read(value)?),
        "WorkflowNotReadyFailure" => RpcDetail::WorkflowNotReady,
        "CancellationAlreadyRequestedFailure" => RpcDetail::CancellationAlreadyRequested,
        "ClientVersionNotSupportedFailure" => {
            let wire::ClientVersionNotSupportedFailure { client_version: _, client_name: _, supported_versions } =
                read(value)?;
            RpcDetail::ClientVersionNotSupported { supported: supported_versions }
        }
        "ServerVersionNotSupportedFailure" => {
            let wire::ServerVersionNotSupportedFailure { server_version, client_supported_server_versions: _ } =
                read(value)?;
            RpcDetail::ServerVersionNotSupported { server: server_version }
        }
        "NewerBuildExistsFailure" => {
            let wire::NewerBuildExistsFailure { default_build_id } = read(value)?;
            RpcDetail::NewerBuildExists { default_build: default_build_id }
        }
        "SystemWorkflowFailure" => {
            let wire::SystemWorkflowFailure { workflow_execution, workflow_error } = read(value)?;
            RpcDetail::SystemWorkflow {
                execution: workflow_execution.map(|execution: common::WorkflowExecution| execution.into()),
                error: workflow_error,
            }
        }
        "MultiOperationExecutionFailure" => {
            let wire::MultiOperationExecutionFailure { statuses } = read(value)?;
            RpcDetail::MultiOperation { statuses: statuses.into_iter().map(operation_status).collect() }
        }
        _ => return None,
    })
}

fn read<T: Message + Default>(value: &Bytes) -> Option<T> {
    T::decode(value.clone()).ok()
}

/// A failure that we cannot read says nothing; the error's message does.
fn readable(wire: failure::Failure) -> Option<Failure> {
    wire.try_into().ok()
}

fn resource_exhausted(wire: errordetails::ResourceExhaustedFailure) -> RpcDetail {
    let errordetails::ResourceExhaustedFailure { cause, scope } = wire;
    let cause = match enums::ResourceExhaustedCause::try_from(cause) {
        Ok(cause) => cause.as_str_name().trim_start_matches("RESOURCE_EXHAUSTED_CAUSE_").to_owned(),
        Err(_) => cause.to_string(),
    };
    let scope = match enums::ResourceExhaustedScope::try_from(scope) {
        Ok(enums::ResourceExhaustedScope::Unspecified) => String::new(),
        Ok(scope) => scope.as_str_name().trim_start_matches("RESOURCE_EXHAUSTED_SCOPE_").to_owned(),
        Err(_) => scope.to_string(),
    };
    RpcDetail::ResourceExhausted { cause, scope }
}

fn operation_status(wire: errordetails::multi_operation_execution_failure::OperationStatus) -> OperationStatus {
    let errordetails::multi_operation_execution_failure::OperationStatus { code, message, details } = wire;
    OperationStatus {
        code: RpcCode::from_number(code),
        message,
        details: details.into_iter().map(|any| detail(&any.type_url, any.value)).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packed(type_url: &str, message: &impl Message) -> perpetua_proto::protobuf::Any {
        perpetua_proto::protobuf::Any { type_url: type_url.to_owned(), value: message.encode_to_vec().into() }
    }

    fn status(any: perpetua_proto::protobuf::Any) -> Vec<u8> {
        rpc::Status { code: 5, message: "m".to_owned(), details: vec![any] }.encode_to_vec()
    }

    #[test]
    fn a_known_detail_is_read() {
        let wire = errordetails::NamespaceNotFoundFailure { namespace: "orders".to_owned() };
        let any = packed("type.googleapis.com/temporal.api.errordetails.v1.NamespaceNotFoundFailure", &wire);
        assert_eq!(details(&status(any)), [RpcDetail::NamespaceNotFound { namespace: "orders".into() }]);
    }

    #[test]
    fn an_unknown_detail_is_kept_as_it_came() {
        let any =
            perpetua_proto::protobuf::Any { type_url: "example.com/acme.Detail".to_owned(), value: vec![1, 2].into() };
        let kept = RpcDetail::Other { type_name: "acme.Detail".to_owned(), value: Bytes::from_static(&[1, 2]) };
        assert_eq!(details(&status(any)), [kept]);
    }

    #[test]
    fn a_detail_of_a_known_type_with_unreadable_bytes_is_kept_as_it_came() {
        let type_name = "temporal.api.errordetails.v1.NamespaceNotFoundFailure";
        let any = perpetua_proto::protobuf::Any { type_url: format!("x/{type_name}"), value: vec![0xff].into() };
        let kept = RpcDetail::Other { type_name: type_name.to_owned(), value: Bytes::from_static(&[0xff]) };
        assert_eq!(details(&status(any)), [kept]);
    }

    #[test]
    fn limits_have_the_names_of_the_protocol() {
        let wire = errordetails::ResourceExhaustedFailure { cause: 5, scope: 1 };
        let any = packed("t/temporal.api.errordetails.v1.ResourceExhaustedFailure", &wire);
        let expected =
            RpcDetail::ResourceExhausted { cause: "BUSY_WORKFLOW".to_owned(), scope: "NAMESPACE".to_owned() };
        assert_eq!(details(&status(any)), [expected]);
    }

    #[test]
    fn each_of_several_operations_has_its_own_status() {
        use errordetails::multi_operation_execution_failure::OperationStatus as Wire;
        let started =
            errordetails::WorkflowExecutionAlreadyStartedFailure { run_id: "r".to_owned(), ..Default::default() };
        let wire = errordetails::MultiOperationExecutionFailure {
            statuses: vec![
                Wire {
                    code: 6,
                    message: "already".to_owned(),
                    details: vec![packed(
                        "t/temporal.api.errordetails.v1.WorkflowExecutionAlreadyStartedFailure",
                        &started,
                    )],
                },
                Wire {
                    code: 10,
                    message: "aborted".to_owned(),
                    details: vec![packed("t/temporal.api.failure.v1.MultiOperationExecutionAborted", &())],
                },
            ],
        };
        let any = packed("t/temporal.api.errordetails.v1.MultiOperationExecutionFailure", &wire);
        let [RpcDetail::MultiOperation { statuses }] = &details(&status(any))[..] else { panic!("not read") };
        assert_eq!((statuses[0].code, statuses[1].code), (RpcCode::AlreadyExists, RpcCode::Aborted));
        assert!(matches!(&statuses[0].details[..], [RpcDetail::AlreadyStarted { run, .. }] if run == "r"));
        assert_eq!(statuses[1].details, [RpcDetail::MultiOperationAborted]);
    }

    #[test]
    fn no_detail_and_bad_bytes_are_none() {
        assert_eq!(details(b""), []);
        assert_eq!(details(&[0xff, 0xff]), []);
    }
}
