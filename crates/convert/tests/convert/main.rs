//! What travels arrives: values, failures, and what codecs make of them.

mod codecs;
mod errors;
mod expansion;
mod notes;
mod payloads;
mod properties;
mod raw;
