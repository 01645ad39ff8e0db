//! Headers that come with an operation.

use std::collections::BTreeMap;

use crate::limits;

/// The header that is the server's to set.
const RESERVED: &str = "request-timeout";

/// A name that may not be used, if one is.
pub(crate) fn reserved(header: &BTreeMap<String, String>) -> Option<&str> {
    header.keys().map(String::as_str).find(|name| name.eq_ignore_ascii_case(RESERVED))
}

/// Whether it is all too much.
pub(crate) fn is_too_long(header: &BTreeMap<String, String>) -> bool {
    header.iter().map(|(name, value)| name.len() + value.len()).sum::<usize>() > limits::HEADER_BYTES
}

/// With names in small letters, as they are kept.
pub(crate) fn lowered(header: &BTreeMap<String, String>) -> BTreeMap<String, String> {
    header.iter().map(|(name, value)| (name.to_lowercase(), value.clone())).collect()
}
