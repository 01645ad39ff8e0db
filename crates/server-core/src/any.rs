//! Messages that travel with the name of their type.

use perpetua_proto::protobuf::Any;
use prost::Message;

/// A message whose type has a name on the wire.
pub trait Named: Message + Default {
    /// The full name of the type.
    const NAME: &'static str;
}

macro_rules! named {
    ($($package:literal $module:ident::$name:ident)+) => {
        $(impl Named for perpetua_proto::$module::$name {
            const NAME: &'static str = concat!($package, ".", stringify!($name));
        })+
    };
}

named! {
    "temporal.api.errordetails.v1" errordetails::MultiOperationExecutionFailure
    "temporal.api.errordetails.v1" errordetails::WorkflowTaskCompletionBufferLostFailure
    "temporal.api.errordetails.v1" errordetails::NamespaceAlreadyExistsFailure
    "temporal.api.errordetails.v1" errordetails::NamespaceInvalidStateFailure
    "temporal.api.errordetails.v1" errordetails::NamespaceNotFoundFailure
    "temporal.api.errordetails.v1" errordetails::ActivityExecutionAlreadyStartedFailure
    "temporal.api.errordetails.v1" errordetails::NexusOperationExecutionAlreadyStartedFailure
    "temporal.api.errordetails.v1" errordetails::NotFoundFailure
    "temporal.api.errordetails.v1" errordetails::PermissionDeniedFailure
    "temporal.api.errordetails.v1" errordetails::QueryFailedFailure
    "temporal.api.errordetails.v1" errordetails::ResourceExhaustedFailure
    "temporal.api.errordetails.v1" errordetails::WorkflowExecutionAlreadyStartedFailure
    "temporal.api.errordetails.v1" errordetails::WorkflowNotReadyFailure
    "temporal.api.failure.v1" failure::MultiOperationExecutionAborted
    "temporal.api.update.v1" update::Acceptance
    "temporal.api.update.v1" update::Rejection
    "temporal.api.update.v1" update::Request
    "temporal.api.update.v1" update::Response
}

/// A message with its type's name.
pub(crate) fn any<M: Named>(message: &M) -> Any {
    Any { type_url: format!("type.googleapis.com/{}", M::NAME), value: message.encode_to_vec().into() }
}

/// The message, if it is of this type and can be read.
pub(crate) fn read<M: Named>(any: &Any) -> Option<M> {
    let name = any.type_url.rsplit_once('/').map_or(any.type_url.as_str(), |(_, name)| name);
    if name == M::NAME { M::decode(any.value.clone()).ok() } else { None }
}
