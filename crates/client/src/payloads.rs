//! Values on their way out and in: where the codecs run.

use perpetua_convert::{CodecError, ConversionError, DataConverter, Value};
use perpetua_vocab::{Failure, Fields, Malformed, Payload, Payloads, VisitPayloads};

/// A value that could not be sent, or could not be read when it came.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PayloadError {
    /// Its type and its bytes do not fit together. Whoever chose the types must act.
    #[error(transparent)]
    Conversion(#[from] ConversionError),
    /// A codec gave up. Whoever runs the codec, or has its keys, must act.
    #[error(transparent)]
    Codec(#[from] CodecError),
    /// The server sent something that it should not. Whoever runs the server must act.
    #[error("the server sent something unexpected")]
    Malformed(#[from] Malformed),
}

/// Fields whose values codecs must see, unlike headers and search attributes.
#[derive(Debug, Default)]
pub(crate) struct Memo(pub(crate) Fields);

impl VisitPayloads for Memo {
    fn visit_payloads(&mut self, visit: &mut dyn FnMut(&mut Payload)) {
        for payload in self.0.values_mut() {
            visit(payload);
        }
    }
}

/// The value of a result that came from the server.
pub(crate) async fn read_result<T: Value>(
    mut payloads: Option<Payloads>,
    converter: &DataConverter,
) -> Result<T, PayloadError> {
    converter.decode(&mut payloads).await?;
    Ok(converter.payloads().decode_result(payloads)?)
}

/// A failure that came from the server, readable.
pub(crate) async fn read_failure(mut failure: Failure, converter: &DataConverter) -> Result<Failure, PayloadError> {
    converter.decode(&mut failure).await?;
    converter.reveal_failure(&mut failure);
    Ok(failure)
}
