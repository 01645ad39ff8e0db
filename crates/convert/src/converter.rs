//! Values, failures and codecs in one.

use std::sync::Arc;

use perpetua_vocab::{Failure, Payload, VisitPayloads};
use serde::{Deserialize, Serialize};

use crate::{CodecError, PayloadCodec, PayloadConverter};

/// How values and errors travel: made once, given to the client, and shared by everything that carries a user's value.
///
/// Cloning is cheap.
#[derive(Clone, Debug, Default)]
pub struct DataConverter(Arc<Inner>);

#[derive(Clone, Debug, Default)]
struct Inner {
    payloads: PayloadConverter,
    codecs: Vec<Arc<dyn PayloadCodec>>,
    encoded_failures: bool,
}

impl DataConverter {
    /// Turns values into payloads with this converter.
    #[must_use]
    pub fn with_payloads(mut self, payloads: PayloadConverter) -> Self {
        Arc::make_mut(&mut self.0).payloads = payloads;
        self
    }

    /// Adds a codec. Codecs are applied in the order they were added on the way out, and in reverse on the way in: what
    /// compresses is added before what encrypts.
    #[must_use]
    pub fn with_codec(mut self, codec: impl PayloadCodec) -> Self {
        Arc::make_mut(&mut self.0).codecs.push(Arc::new(codec));
        self
    }

    /// Hides the message and the stack trace of every failure in a payload, so that codecs can encrypt them.
    #[must_use]
    pub fn with_encoded_failures(mut self) -> Self {
        Arc::make_mut(&mut self.0).encoded_failures = true;
        self
    }

    /// What turns values into payloads.
    pub fn payloads(&self) -> &PayloadConverter {
        &self.0.payloads
    }

    /// Whether there is a codec. Without one, [`encode`](Self::encode) and [`decode`](Self::decode) do nothing.
    pub fn has_codecs(&self) -> bool {
        !self.0.codecs.is_empty()
    }

    /// Runs the codecs over all payloads of something that leaves the process.
    ///
    /// A failure is first to be given to [`hide_failure`](Self::hide_failure).
    ///
    /// # Errors
    /// When a codec gives up, or does not give back as many payloads as it got. The value is then unchanged.
    pub async fn encode<T: VisitPayloads + ?Sized>(&self, value: &mut T) -> Result<(), CodecError> {
        let mut payloads = self.collect(value);
        if payloads.is_empty() {
            return Ok(());
        }
        for codec in self.0.codecs.iter() {
            let count = payloads.len();
            payloads = codec.encode(payloads).await?;
            check_count("encode", count, payloads.len())?;
        }
        put_back(value, payloads);
        Ok(())
    }

    /// Runs the codecs over all payloads of something that enters the process.
    ///
    /// A failure is afterwards to be given to [`reveal_failure`](Self::reveal_failure).
    ///
    /// # Errors
    /// When a codec gives up, or does not give back as many payloads as it got. The value is then unchanged.
    pub async fn decode<T: VisitPayloads + ?Sized>(&self, value: &mut T) -> Result<(), CodecError> {
        let mut payloads = self.collect(value);
        if payloads.is_empty() {
            return Ok(());
        }
        for codec in self.0.codecs.iter().rev() {
            let count = payloads.len();
            payloads = codec.decode(payloads).await?;
            check_count("decode", count, payloads.len())?;
        }
        put_back(value, payloads);
        Ok(())
    }

    /// Moves the message and the stack trace of a failure and of its causes into a payload, if that was asked for by
    /// [`with_encoded_failures`](Self::with_encoded_failures). Called before [`encode`](Self::encode).
    pub fn hide_failure(&self, failure: &mut Failure) {
        if !self.0.encoded_failures {
            return;
        }
        let mut next = Some(failure);
        while let Some(failure) = next {
            if failure.encoded_attributes.is_none() {
                let hidden = Hidden {
                    message: std::mem::replace(&mut failure.message, HIDDEN_MESSAGE.to_owned()),
                    stack_trace: std::mem::take(&mut failure.stack_trace),
                };
                // Always JSON, whatever values are written in: other SDKs read it.
                failure.encoded_attributes = PayloadConverter::default().encode(&hidden).ok();
            }
            next = failure.cause.as_deref_mut();
        }
    }

    /// Puts back the message and the stack trace of a failure and of its causes, wherever they are hidden and can be
    /// read. Called after [`decode`](Self::decode).
    pub fn reveal_failure(&self, failure: &mut Failure) {
        let mut next = Some(failure);
        while let Some(failure) = next {
            let read = |hidden: &Payload| self.0.payloads.decode::<Hidden>(hidden).ok();
            if let Some(hidden) = failure.encoded_attributes.as_ref().and_then(read) {
                failure.message = hidden.message;
                failure.stack_trace = hidden.stack_trace;
                failure.encoded_attributes = None;
            }
            next = failure.cause.as_deref_mut();
        }
    }

    fn collect<T: VisitPayloads + ?Sized>(&self, value: &mut T) -> Vec<Payload> {
        let mut payloads = Vec::new();
        if self.has_codecs() {
            // Copies, which share their data, so that a codec that gives up leaves the value as it was.
            value.visit_payloads(&mut |payload| payloads.push(payload.clone()));
        }
        payloads
    }
}

/// What stands in place of a hidden message; the same in every SDK.
const HIDDEN_MESSAGE: &str = "Encoded failure";

/// What is hidden; the same in every SDK.
#[derive(Serialize, Deserialize)]
struct Hidden {
    #[serde(default)]
    message: String,
    #[serde(default)]
    stack_trace: String,
}

fn put_back<T: VisitPayloads + ?Sized>(value: &mut T, payloads: Vec<Payload>) {
    let mut payloads = payloads.into_iter();
    value.visit_payloads(&mut |place| {
        if let Some(payload) = payloads.next() {
            *place = payload;
        }
    });
}

fn check_count(verb: &str, given: usize, returned: usize) -> Result<(), CodecError> {
    if given == returned {
        return Ok(());
    }
    Err(CodecError::new(format!("it was given {given} payloads to {verb} and returned {returned}")))
}
