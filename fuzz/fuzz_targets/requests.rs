//! Seeds for requests of every kind to an embedded server.
#![no_main]

use std::sync::LazyLock;

use perpetua_testkit::Dice;
use perpetua_testkit::fuzz::Requests;

static REQUESTS: LazyLock<Requests> = LazyLock::new(|| Requests::new().expect("the descriptors can be read"));

libfuzzer_sys::fuzz_target!(|seed: u64| {
    REQUESTS.play(&mut Dice::of(seed), 400);
});
