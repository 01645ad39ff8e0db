//! The bytes of a polled workflow task, which is played.
#![no_main]

use perpetua_testkit::fuzz::{task_bytes, workflows};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| task_bytes(&workflows(), bytes));
