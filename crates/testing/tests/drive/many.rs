//! How long a driven run takes.

use std::time::Instant;

use perpetua::prelude::*;
use perpetua::testing::{Check, drive};

use crate::{Approval, charge};

const RUNS: u32 = 1_000;

fn order(without: Option<Check>) {
    let mut order = drive(Approval::run("ann".into(), 4_200));
    if let Some(check) = without {
        order = order.without(check);
    }
    let mut order = order.start();
    order.advance(hours(1));
    order.update(Approval::note("fragile".into())).expect("it is taken");
    order.signal(Approval::approve("bob".into()));
    order.complete(order.activity(charge), "payment 1".into());
    order.result().expect("it is charged");
}

/// Both figures are for people who run it with `--nocapture`; nothing is claimed of a machine that others use, too.
#[test]
fn a_thousand_orders_are_driven() {
    for (what, without) in [("checked after each turn", None), ("not checked", Some(Check::Replay))] {
        let begun = Instant::now();
        (0..RUNS).for_each(|_| order(without));
        println!("{:?} a run of 4 turns, {what}", begun.elapsed() / RUNS);
    }
}
