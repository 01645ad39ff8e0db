//! What is configured away leaves nothing behind.

#![deny(warnings)]

use perpetua::prelude::*;

struct Bank;

#[activities]
impl Bank {
    #[activity]
    async fn withdraw(&self, cents: u64) -> Result<u64, ActivityError> {
        Ok(cents)
    }

    #[cfg(any())]
    #[activity]
    async fn gone(&self, missing: Missing) -> Result<Missing, Missing> {}

    #[cfg_attr(all(), cfg(any()))]
    #[activity]
    async fn also_gone(&self, missing: Missing) -> Result<Missing, Missing> {}
}

#[derive(Default)]
struct Approval;

#[workflow]
impl Approval {
    #[run]
    async fn run(&self, _ctx: Ctx) -> WorkflowResult<()> {
        Ok(())
    }

    #[cfg(any())]
    #[signal]
    fn bump(&self, missing: Missing) {}

    #[cfg(any())]
    #[update(validator = check_missing)]
    async fn change(&self, ctx: Missing, missing: Missing) -> Result<Missing, Missing> {}

    #[cfg(any())]
    fn check_missing(&self, missing: &Missing) -> Result<(), Missing> {}

    // One of these two is there.
    #[cfg(any())]
    #[query]
    fn state(&self) -> Missing {}

    #[cfg(all())]
    #[query]
    fn state(&self) -> u8 {
        1
    }
}

#[workflow]
trait Order {
    #[run]
    async fn run() -> Result<(), AnyError>;

    #[cfg(any())]
    #[signal]
    fn cancel(missing: Missing);
}

#[activity]
#[cfg(any())]
async fn gone(missing: Missing) -> Missing {}

fn main() {
    let _ = Order::run;
    let _ = |client: &Client| Worker::builder(client, "q").workflow(Approval::run).activities(Bank);
    assert_eq!(Approval::state().name(), "state");
}
