//! The data converter: values to payloads and back, errors to failures and back, codecs on the way.
//!
//! A [`DataConverter`] is made once, given to the client, and used by everything that carries a user's value. Turning a
//! value into a [`Payload`](perpetua_vocab::Payload) is synchronous and happens where the value is; codecs (encryption,
//! compression) are asynchronous and run only where bytes enter and leave the process.
//!
//! Not here: the network, the workflow runtime, and what a payload means to anybody.
//!
//! Read first: [`DataConverter`], [`Arguments`], [`ApplicationError`].
//!
//! ```text
//! value --PayloadConverter--> Payload --PayloadCodec..--> wire        error --CallError--> Failure
//! ```

mod arguments;
mod codec;
mod converter;
#[doc(hidden)]
pub mod derive;
mod errors;
mod memo;
mod payload;
mod raw;
mod raw_arguments;
mod search_attributes;

pub use arguments::{Arguments, Value};
pub use codec::{BoxFuture, CodecError, PayloadCodec};
pub use converter::DataConverter;
pub use errors::{
    ActivityFailure, AnyError, ApplicationDescription, ApplicationError, CallError, Canceled, ChildFailure, Elapsed,
    ExternalFailure, FromCause, LateFailure, Remote, RemoteApplication, ReturnedError, WaitFailure, WorkflowError,
    WorkflowResult,
};
pub use memo::{Memo, MemoUpdate};
pub use payload::{ConversionError, PayloadConverter};
pub use raw::RawValue;
pub use raw_arguments::RawArguments;
pub use search_attributes::{
    Bool, Datetime, Double, Int, Keyword, KeywordList, SearchAttributeKey, SearchAttributeKind, SearchAttributeUpdate,
    SearchAttributeValue, SearchAttributes, Text,
};
