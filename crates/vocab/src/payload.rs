//! Payloads: one value as bytes, with metadata that says how to read it.

use std::collections::BTreeMap;

use bytes::Bytes;

use crate::Named;

/// One value as bytes. The metadata key `encoding` says how it was encoded.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Payload {
    /// How to read the data, and whatever converters and codecs noted.
    pub metadata: Named<Bytes>,
    /// The encoded value; shared, never copied, on its way through.
    pub data: Bytes,
    /// The sizes in bytes of parts that are stored elsewhere.
    pub external_sizes: Vec<i64>,
}

/// Several values: the arguments of a call, the details of a failure.
pub type Payloads = Vec<Payload>;

/// Named payloads, ordered by name: headers, memos, search attributes.
pub type Fields = BTreeMap<String, Payload>;

/// Context that interceptors hand along with a call.
pub type Header = Fields;

impl Payload {
    /// The metadata key that names the encoding.
    pub const ENCODING: &'static str = "encoding";
    /// The encoding of the payload that stands for nothing.
    pub const NULL: &'static str = "binary/null";

    /// A payload of this encoding.
    pub fn encoded(encoding: &'static str, data: impl Into<Bytes>) -> Self {
        let metadata = Named::from([(Self::ENCODING, Bytes::from_static(encoding.as_bytes()))]);
        Self { metadata, data: data.into(), external_sizes: Vec::new() }
    }

    /// The payload that stands for nothing. In a change of memo or search attributes it takes a field away.
    pub fn null() -> Self {
        Self::encoded(Self::NULL, Bytes::new())
    }

    /// Whether it is the payload that stands for nothing.
    pub fn is_null(&self) -> bool {
        self.data.is_empty() && self.encoding() == Some(Self::NULL)
    }

    /// The encoding, if the metadata names one in UTF-8.
    pub fn encoding(&self) -> Option<&str> {
        self.metadata.get(Self::ENCODING).and_then(|name| std::str::from_utf8(name).ok())
    }
}
