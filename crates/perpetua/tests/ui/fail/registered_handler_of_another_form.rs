//! A handler that is registered at run time takes values that travel; one that waits has the context.

use perpetua::prelude::*;
use perpetua::{Dynamic, RawArguments};

struct Secret;

#[workflow]
async fn registering(ctx: Ctx) -> WorkflowResult<()> {
    ctx.on_signal("answer", |item: String| item.len());
    ctx.on_signal("secret", |_: Secret| ());
    ctx.on_signal("later", |item: String| async move { drop(item) });
    ctx.on_signal(Dynamic, |_: RawArguments| ());
    ctx.on_update("nothing", |_: String| ());
    Ok(())
}

fn main() {}
