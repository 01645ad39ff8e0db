//! What takes every name, on functions, types, methods and interfaces, and under another path to the crate.

mod reexported {
    pub use perpetua as durable;
}

use perpetua::prelude::*;
use perpetua::{Dynamic, RawArguments, RawValue, UnfinishedPolicy};

/// Runs anything.
#[workflow(dynamic)]
async fn anything(_: Ctx, name: RawArguments) -> WorkflowResult<RawValue> {
    Ok(name.answer(&name.len())?)
}

struct Desk(String);

#[workflow(dynamic, crate = reexported::durable)]
impl Desk {
    #[init]
    fn new(_ctx: &Ctx, arguments: &RawArguments) -> Self {
        Self(arguments.get(0).unwrap_or_default())
    }

    #[run]
    async fn run(&self, ctx: Ctx, called: RawArguments) -> WorkflowResult<usize> {
        ctx.on_signal("b", |ctx: Ctx, seconds: u64| async move {
            ctx.sleep(perpetua::seconds(seconds)).await?;
            WorkflowResult::<()>::Ok(())
        })
        .description("Naps.")
        .unfinished_policy(UnfinishedPolicy::Abandon);
        ctx.on_query(Dynamic, |name: String, arguments: RawArguments| (name, arguments.len()));
        let this = ctx.this::<Self>();
        ctx.on_update("c", move |_: u32, _: Option<String>| Ok::<_, AnyError>(this.0.len()))
            .validator(|_: &u32, _: &Option<String>| Ok::<_, AnyError>(()));
        Ok(called.len())
    }

    #[signal(dynamic, unfinished_policy = WarnAndAbandon)]
    async fn other(&self, _: Ctx, _: String, _: RawArguments) -> WorkflowResult<()> {
        Ok(())
    }
}

#[activities(crate = ::perpetua)]
impl Desk {
    #[activity(dynamic, blocking)]
    fn any(&self, arguments: RawArguments) -> Result<usize, ActivityError> {
        Ok(arguments.len())
    }

    #[activity]
    async fn named(&self) -> Result<(), ActivityError> {
        Ok(())
    }
}

#[activity(dynamic, crate = perpetua)]
async fn any(ctx: ActivityContext, arguments: RawArguments) -> Result<RawValue, ActivityError> {
    Ok(arguments.answer(ctx.info().activity_type.as_str())?)
}

#[workflow]
trait Elsewhere {
    #[run]
    async fn run() -> Result<(), AnyError>;

    #[signal(dynamic)]
    fn other(name: String, arguments: RawArguments);
}

fn main() {
    let arguments = RawArguments::from(vec![RawValue::default()]);
    assert_eq!(anything("a".into(), arguments.clone()).name(), "a");
    assert_eq!(Desk::run("b".into(), arguments.clone()).name(), "b");
    assert_eq!(Desk::any("c".into(), arguments.clone()).name(), "c");
    assert_eq!(any("d".into(), arguments.clone()).name(), "d");
    assert_eq!(Elsewhere::other("e".into(), arguments).name(), "e");
    let _worker = |client: &Client| {
        Worker::builder(client, "q").workflow(anything).workflow(Desk::run).activity(any).activities(Desk(String::new()))
    };
}
