//! Refusals as gRPC has them.

use perpetua_server_core::Refusal;
use prost::Message;
use tonic::{Code, Status};

/// A refusal as gRPC has it, with the detail that clients decide by.
pub(crate) fn status(refusal: &Refusal) -> Status {
    let code = Code::from_i32(refusal.code as i32);
    match &refusal.detail {
        None => Status::new(code, refusal.message.clone()),
        Some(_) => Status::with_details(code, refusal.message.clone(), refusal.to_status().encode_to_vec().into()),
    }
}
