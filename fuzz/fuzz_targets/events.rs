//! A seed for events in an order that no server would write.
#![no_main]

use std::sync::LazyLock;

use perpetua_testkit::Dice;
use perpetua_testkit::fuzz::{Mutator, history_message, workflows};

static MUTATOR: LazyLock<Mutator> = LazyLock::new(|| Mutator::recorded().expect("the recorded histories can be read"));

libfuzzer_sys::fuzz_target!(|seed: u64| history_message(&workflows(), MUTATOR.arbitrary(&mut Dice::of(seed))));
