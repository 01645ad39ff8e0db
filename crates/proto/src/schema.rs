//! What the messages that make up a history look like, as data: for formats that need names, such as JSON.

/// A message type.
#[derive(Debug)]
pub struct Message {
    /// Its full name.
    pub name: &'static str,
    /// What it looks like as JSON.
    pub format: Format,
    /// Its fields, by number.
    pub fields: &'static [Field],
}

/// A field of a message.
#[derive(Debug)]
pub struct Field {
    /// Its name in the definition.
    pub name: &'static str,
    /// Its name in JSON.
    pub json: &'static str,
    /// Its number.
    pub number: u32,
    /// What is in it.
    pub kind: Kind,
    /// How often.
    pub shape: Shape,
}

/// What is in a field. Messages and enums by their places in [`MESSAGES`] and [`ENUMS`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Kind {
    Double,
    Float,
    Int32,
    Int64,
    Uint32,
    Uint64,
    Sint32,
    Sint64,
    Fixed32,
    Fixed64,
    Sfixed32,
    Sfixed64,
    Bool,
    String,
    Bytes,
    Message(u16),
    Enum(u16),
}

/// How often something is in a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// Once, or not at all.
    One,
    /// In order.
    List,
    /// By key; the field holds entries, whose fields are 1, the key, and 2, the value.
    Map,
}

/// What a message looks like as JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// An object of its fields.
    Object,
    /// A text such as `1.5s`.
    Duration,
    /// A text such as `2026-11-22T20:30:00.5Z`.
    Timestamp,
    /// A value of a user, which some tools write as it is.
    Payload,
    /// Several of them.
    Payloads,
}

/// An enum.
#[derive(Debug)]
pub struct Enum {
    /// Its full name.
    pub name: &'static str,
    /// The names of its values, with their numbers; the first of a number is the one to write.
    pub values: &'static [(&'static str, i32)],
}

include!("generated/schema.rs");
