//! One call: what is asked, and what type the answer has.

use std::fmt;
use std::future::IntoFuture;
use std::marker::PhantomData;
use std::time::Duration;

use bytes::Bytes;
use perpetua_convert::BoxFuture;
use prost::Message as _;

use super::exchange::Exchange;
use super::{Patience, Rpc, RpcError};
use crate::Client;
use crate::channel::frame;

/// A call to the server, ready to be awaited: `client.rpc(request).await`.
#[must_use = "a call does nothing until it is awaited"]
pub struct RpcCall<R: Rpc> {
    client: Client,
    /// As it travels.
    message: Bytes,
    patience: Patience,
    limit: Option<Duration>,
    request: PhantomData<fn() -> R>,
}

impl<R: Rpc> RpcCall<R> {
    pub(crate) fn new(client: Client, request: &R) -> Self {
        Self { client, message: frame(request), patience: request.patience(), limit: None, request: PhantomData }
    }

    /// Sets how long the call may take, with all its attempts; none leaves it to the kind of call.
    pub fn timeout(mut self, limit: impl Into<Option<Duration>>) -> Self {
        self.limit = limit.into();
        self
    }

    /// Sets what kind of call it is, where the method's own kind does not fit.
    pub fn patience(mut self, patience: Patience) -> Self {
        self.patience = patience;
        self
    }

    /// Makes the call. The same as awaiting it.
    ///
    /// # Errors
    /// What the last attempt failed with, or that no answer came in time.
    pub async fn send(self) -> Result<R::Response, RpcError> {
        let Self { client, message, patience, limit, request: _ } = self;
        let exchange = Exchange { client, message, patience, limit, method: R::METHOD, path: R::PATH };
        let mut response = None;
        let mut read = |message| {
            response = Some(R::Response::decode(message)?);
            Ok(())
        };
        exchange.start(&mut read).await?;
        Ok(response.expect("an exchange ends well once an answer was read"))
    }
}

impl<R: Rpc> IntoFuture for RpcCall<R> {
    type Output = Result<R::Response, RpcError>;
    type IntoFuture = BoxFuture<'static, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.send())
    }
}

impl<R: Rpc> fmt::Debug for RpcCall<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RpcCall").field("method", &R::METHOD).field("limit", &self.limit).finish_non_exhaustive()
    }
}
