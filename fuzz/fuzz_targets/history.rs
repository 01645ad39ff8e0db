//! The bytes of a history, which is played.
#![no_main]

use perpetua_testkit::fuzz::{history_bytes, workflows};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| history_bytes(&workflows(), bytes));
