//! Typed stubs for what runs elsewhere.

#![deny(warnings)]

use perpetua::prelude::*;
use perpetua::{ActivityDefinition, WorkflowDefinition};

#[derive(Debug, thiserror::Error, ApplicationError)]
#[error("declined")]
struct Declined;

#[workflow(name = "OrderWorkflow")]
trait Order {
    #[run]
    async fn run(order: String, express: bool) -> Result<u64, Declined>;

    #[signal]
    fn cancel(reason: String);

    #[signal(name = "pause")]
    async fn hold() -> WorkflowResult<()>;

    #[query]
    fn status() -> String;

    #[query(fallible)]
    fn total() -> Result<u64, Declined>;

    #[update]
    async fn add(item: String, count: u32) -> Result<u32, Declined>;
}

#[workflow]
pub(crate) trait Report {
    #[run]
    fn write() -> WorkflowResult<String>;
}

#[activities]
trait Payments {
    #[activity(name = "charge_card")]
    async fn charge(card: String, cents: u64) -> Result<u64, Declined>;

    #[activity]
    fn refund(cents: u64) -> Result<(), ActivityError>;
}

#[workflow]
async fn paying(ctx: Ctx) -> WorkflowResult<u64, Declined> {
    ctx.activity(Payments::refund(1)).start_to_close(seconds(1)).await?;
    match ctx.activity(Payments::charge("card".to_owned(), 1)).start_to_close(seconds(1)).await {
        Ok(receipt) => Ok(receipt),
        Err(ActivityFailure::Application(Declined, ..)) => Err(Declined.into()),
        Err(other) => Err(other.into()),
    }
}

#[allow(dead_code)]
async fn client(client: &Client) {
    let receipt: Result<u64, _> = client.run(Order::run("book".to_owned(), true)).task_queue("q").await;
    let report: Result<String, _> = client.run(Report::write()).task_queue("q").await;
    let _ = (receipt, report);
}

fn main() {
    fn name<D: ActivityDefinition>(_: perpetua::ActivityCall<D>) -> &'static str {
        D::NAME
    }
    assert_eq!(name(Payments::charge("card".to_owned(), 1)), "charge_card");
    assert_eq!(name(Payments::refund(1)), "refund");
    assert_eq!((Order::NAME, Report::NAME, paying::NAME), ("OrderWorkflow", "Report", "paying"));
    assert_eq!((Order::hold().name(), Order::total().name()), ("pause", "total"));
    assert_eq!(Order::add("pen".to_owned(), 2).input(), &("pen".to_owned(), 2));
    let _ = (Order::cancel("late".to_owned()), Order::status());
}
