//! Methods by their descriptors, and calls of them with bytes.

use std::path::Path;
use std::time::Duration;

use bytes::{Buf, BufMut, Bytes};
use prost_reflect::{DescriptorPool, MethodDescriptor};
use tonic::body::Body;
use tonic::client::GrpcService;
use tonic::codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder};
use tonic::codegen::{Body as HttpBody, StdError};
use tonic::{Request, Response, Status};

use crate::Outcome;

/// The services of the protocol.
const SERVICES: [&str; 3] = ["workflowservice", "operatorservice", "testservice"];

/// Every method of the protocol's services, as `proto/` has them.
#[derive(Clone, Debug)]
pub struct Methods {
    pub(crate) pool: DescriptorPool,
    pub(crate) all: Vec<MethodDescriptor>,
}

impl Methods {
    /// Reads the descriptors.
    ///
    /// # Errors
    /// When `proto/` cannot be compiled.
    pub fn new() -> Outcome<Self> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../proto");
        let files = SERVICES.map(|service| format!("temporal/api/{service}/v1/service.proto"));
        let mut compiler = protox::Compiler::new([folder])?;
        compiler.include_imports(true).open_files(files)?;
        let pool = compiler.descriptor_pool();
        let all = pool.services().flat_map(|service| service.methods().collect::<Vec<_>>()).collect();
        Ok(Self { pool, all })
    }

    /// All methods, service by service.
    pub fn all(&self) -> &[MethodDescriptor] {
        &self.all
    }

    /// The method of this name, without that of its service.
    pub fn named(&self, name: &str) -> Option<&MethodDescriptor> {
        self.all.iter().find(|method| method.name() == name)
    }
}

/// Makes a call, whose caller waits so long.
///
/// # Errors
/// What the server answers if it does not do it.
pub async fn call<T>(transport: T, method: &MethodDescriptor, bytes: Bytes, patience: Duration) -> Result<Bytes, Status>
where
    T: GrpcService<Body>,
    T::ResponseBody: HttpBody<Data = Bytes> + Send + 'static,
    <T::ResponseBody as HttpBody>::Error: Into<StdError>,
{
    let path = format!("/{}/{}", method.parent_service().full_name(), method.name());
    let path = path.parse().expect("the name of a method is a path");
    let mut client = tonic::client::Grpc::new(transport);
    let mut request = Request::new(bytes);
    request.set_timeout(patience);
    client.ready().await.map_err(|error| Status::from_error(error.into()))?;
    client.unary(request, path, Raw).await.map(Response::into_inner)
}

/// Leaves messages as they are.
struct Raw;

impl Codec for Raw {
    type Encode = Bytes;
    type Decode = Bytes;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        Self
    }

    fn decoder(&mut self) -> Self {
        Self
    }
}

impl Encoder for Raw {
    type Item = Bytes;
    type Error = Status;

    fn encode(&mut self, item: Bytes, buffer: &mut EncodeBuf<'_>) -> Result<(), Status> {
        buffer.put(item);
        Ok(())
    }
}

impl Decoder for Raw {
    type Item = Bytes;
    type Error = Status;

    fn decode(&mut self, buffer: &mut DecodeBuf<'_>) -> Result<Option<Bytes>, Status> {
        Ok(Some(buffer.copy_to_bytes(buffer.remaining())))
    }
}
