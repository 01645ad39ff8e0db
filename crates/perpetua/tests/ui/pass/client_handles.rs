//! A client's handle has the workflow's messages, typed.

#![deny(warnings)]

use perpetua::prelude::*;
use perpetua::{Handle, QueryFailure};

#[derive(Debug, thiserror::Error, ApplicationError)]
#[error("no")]
struct No;

#[derive(Default)]
struct Approval {
    approved_by: State<Option<String>>,
}

#[workflow]
impl Approval {
    #[run]
    async fn run(&self, ctx: Ctx, _order: String) -> WorkflowResult<u64, No> {
        ctx.wait_until(|| self.approved_by.get().is_some()).await?;
        Ok(1)
    }

    #[signal]
    fn approve(&self, by: String) {
        self.approved_by.set(Some(by));
    }

    #[query]
    fn approver(&self) -> Option<String> {
        self.approved_by.get()
    }

    #[query(fallible)]
    fn total(&self, _item: String, _count: u8) -> Result<u64, No> {
        Err(No)
    }

    #[update]
    async fn note(&self, _ctx: Ctx, text: String) -> Result<usize, No> {
        Ok(text.len())
    }

    /// Hides the platform's.
    #[signal]
    fn cancel(&self, why: u8) {
        self.approved_by.set(Some(why.to_string()));
    }
}

async fn use_it(client: &Client) -> Result<(), Box<dyn std::error::Error>> {
    let handle: Handle<Approval> = client
        .start(Approval::run("order".into()))
        .task_queue("orders")
        .id("order-7")
        .with_signal(Approval::approve("Ann".into()))
        .await?;
    handle.approve("Bob".into()).await?;
    let _: Option<String> = handle.approver().await?;
    let total: Result<u64, QueryFailure> = handle.total("pen".into(), 2).await;
    drop(total);
    let _: usize = handle.note("hi".into()).await?;
    handle.cancel(1).await?;
    (*handle).cancel().await?;
    let _: u64 = handle.result().await?;
    let other = client.handle::<Approval>("order-8");
    other.clone().approve("Cid".into()).await?;
    Ok(())
}

fn main() {
    let _ = |client: &Client| {
        let worker = Worker::builder(client, "orders").workflow(Approval::run);
        drop(use_it(client));
        drop(worker);
    };
}
