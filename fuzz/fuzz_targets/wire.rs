//! Bytes, read as every message that we take in.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| perpetua_testkit::fuzz::wire_bytes(bytes));
