//! Looks after a world while its test runs: notices that nothing goes on although somebody waits, and what goes on for ever.

use std::sync::{Arc, Weak};
use std::time::Duration;

use perpetua_server::{Server, Standstill};
use tokio::time::sleep;

use crate::endless;
use crate::env::Inner;
use crate::explain::explain;
use crate::{Check, Finding, runs};

/// How often it is looked.
const PERIOD: Duration = Duration::from_millis(100);
/// How often in a row nothing may go on: the test itself may be about to do something.
pub(crate) const PATIENCE: u32 = 10;
/// The same in virtual time: longer than a call that failed waits before it is made again, shorter than a client waits for
/// news before it asks anew.
pub(crate) const VIRTUAL_PATIENCE: u32 = 150;

/// Watches a world until it is gone. One whose server is elsewhere cannot be watched.
pub(crate) fn watch(world: &Arc<Inner>, patience: u32) {
    if let Some(server) = world.server.clone() {
        tokio::spawn(look(Arc::downgrade(world), server, patience));
    }
}

async fn look(world: Weak<Inner>, server: Server, patience: u32) {
    let mut before: Option<Standstill> = None;
    let mut times = 0;
    let mut periods = 0;
    loop {
        sleep(PERIOD).await;
        let Some(world) = world.upgrade() else { return };
        let now = server.standstill().filter(|_| world.checks(Check::Standstill));
        times = if now.is_some() && now == before { times + 1 } else { 0 };
        if let Some(standstill) = now.as_ref().filter(|_| times >= patience) {
            report(&world, standstill).await;
            times = 0;
        }
        before = now;
        periods += 1;
        if periods % (patience / 2) == 0 {
            endless::survey(&world).await;
            // To look is no step of the test.
            before = before.and_then(|_| server.standstill());
        }
    }
}

/// Says what everybody waits for, and ends what is open, so that whoever waits for it hears it.
async fn report(world: &Inner, standstill: &Standstill) {
    let (open, waits) = explain(world, standstill.unattended()).await;
    let message = format!("somebody waits, and nothing is left that could end the wait:{waits}");
    for run in &open {
        runs::terminate(world, &run.execution, &message).await;
    }
    world.add(Finding::new(Check::Standstill, message));
}
