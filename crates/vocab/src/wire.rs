//! The mapping between protobuf messages and words.
