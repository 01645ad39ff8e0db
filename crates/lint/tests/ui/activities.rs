use perpetua::prelude::*;

#[activity]
async fn charge(cents: u64) -> Result<String, ActivityError> {
    std::fs::read_to_string("cents")?;
    Ok(String::new())
}

#[workflow]
async fn flow(ctx: Ctx) -> WorkflowResult<()> {
    ctx.activity(charge(1)).await?;
    ctx.activity(charge(2)).retry(RetryPolicy::default()).schedule_to_start(seconds(3)).await?;
    let started = ctx.local_activity(charge(3)).summary("third").start();
    let (a, b) = join!(ctx.activity(charge(4)), ctx.activity(charge(5)).start_to_close(seconds(1)));
    select! {
        charged = ctx.activity(charge(6)).id("six") => charged?,
        charged = ctx.timeout(seconds(3), ctx.activity(charge(7))) => { charged? }
    };
    let direct = charge::call(8).await?;

    let call = ctx.activity(charge(9));
    call.start_to_close(seconds(1)).await?;
    ctx.activity(charge(10)).schedule_to_close(minutes(1)).await?;
    usual(ctx.activity(charge(11))).await?;
    ctx.activity(charge(12)).usual().await?;
    Ok(())
}
