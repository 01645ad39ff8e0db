//! Bytes, read as the JSON of a history.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| perpetua_testkit::fuzz::json_bytes(bytes));
