use perpetua::prelude::*;

#[workflow]
async fn forever(ctx: Ctx) -> WorkflowResult<()> {
    loop {
        ctx.sleep(hours(1)).await?;
        loop {
            break;
        }
    }
}

#[workflow]
async fn also(ctx: Ctx) -> WorkflowResult<()> {
    while true {
        select! {
            slept = ctx.sleep(hours(1)) => slept?,
        }
    }
    Ok(())
}

#[workflow]
async fn in_time(ctx: Ctx, round: u32) -> WorkflowResult<()> {
    loop {
        ctx.sleep(hours(1)).await?;
        if ctx.info().suggests_continue_as_new() {
            return ctx.continue_as_new(in_time(round + 1));
        }
    }
}

#[workflow]
async fn elsewhere(ctx: Ctx) -> WorkflowResult<()> {
    loop {
        round(&ctx).await?;
    }
}

async fn round(ctx: &Ctx) -> WorkflowResult<()> {
    ctx.sleep(hours(1)).await?;
    next(ctx)
}

fn next(ctx: &Ctx) -> WorkflowResult<()> {
    ctx.continue_as_new(elsewhere())
}

#[workflow]
async fn ends(ctx: Ctx) -> WorkflowResult<()> {
    ctx.spawn(async move {
        loop {
            ctx.sleep(hours(1)).await?;
        }
    });
    'outer: loop {
        select! {
            slept = ctx.sleep(hours(1)) => break 'outer,
        }
    }
    loop {
        compute();
    }
    Ok(())
}

fn compute() {}
