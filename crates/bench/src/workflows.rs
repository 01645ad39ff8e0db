//! The workloads: what each workflow does, and its name, are the same in the programs for the other SDKs.

use perpetua::prelude::*;

/// Returns its number.
#[activity]
pub(crate) async fn noop(number: u32) -> Result<u32, ActivityError> {
    Ok(number)
}

/// So many activities one after another.
#[workflow(name = "Seq")]
pub(crate) async fn seq(ctx: Ctx, count: u32) -> WorkflowResult<u32> {
    let mut sum = 0;
    for number in 0..count {
        sum += ctx.activity(noop(number)).start_to_close(seconds(300)).await?;
    }
    Ok(sum)
}

/// So many activities at once.
#[workflow(name = "Fan")]
pub(crate) async fn fan(ctx: Ctx, count: u32) -> WorkflowResult<u32> {
    let calls = (0..count).map(|number| ctx.activity(noop(number)).start_to_close(seconds(300)));
    let mut sum = 0;
    for number in ctx.join_all(calls).await {
        sum += number?;
    }
    Ok(sum)
}

/// So many local activities one after another.
#[workflow(name = "Local")]
pub(crate) async fn local(ctx: Ctx, count: u32) -> WorkflowResult<u32> {
    let mut sum = 0;
    for number in 0..count {
        sum += ctx.local_activity(noop(number)).start_to_close(seconds(30)).await?;
    }
    Ok(sum)
}

/// So many timers of a millisecond one after another.
#[workflow(name = "Timers")]
pub(crate) async fn timers(ctx: Ctx, count: u32) -> WorkflowResult<u32> {
    for _ in 0..count {
        ctx.sleep(milliseconds(1)).await?;
    }
    Ok(count)
}

/// Sleeps so many seconds.
#[workflow(name = "Sleeper")]
pub(crate) async fn sleeper(ctx: Ctx, count: u32) -> WorkflowResult<u32> {
    ctx.sleep(seconds(count.into())).await?;
    Ok(count)
}

/// Sleeps 30 days, and then so many activities one after another; returns their number.
#[workflow(name = "AMonth")]
pub(crate) async fn a_month(ctx: Ctx, count: u32) -> WorkflowResult<u32> {
    ctx.sleep(days(30)).await?;
    let mut done = 0;
    for _ in 0..count {
        done = ctx.activity(noop(done + 1)).start_to_close(seconds(10)).await?;
    }
    Ok(done)
}

/// Counts messages, and ends after so many of them, or never at 0; in any case when it is told to.
#[derive(Debug, Default)]
pub(crate) struct Inbox {
    got: State<u32>,
    done: State<bool>,
}

#[workflow(name = "Inbox")]
impl Inbox {
    #[run]
    pub(crate) async fn run(&self, ctx: Ctx, count: u32) -> WorkflowResult<u32> {
        ctx.wait_until(|| self.done.get() || (count > 0 && self.got.get() >= count)).await?;
        Ok(self.got.get())
    }

    #[signal]
    pub(crate) fn put(&self, _number: u32) {
        self.got.update(|got| *got += 1);
    }

    #[signal]
    pub(crate) fn finish(&self) {
        self.done.set(true);
    }

    #[update]
    pub(crate) async fn add(&self, _ctx: Ctx, _number: u32) -> Result<u32, AnyError> {
        self.got.update(|got| *got += 1);
        Ok(self.got.get())
    }

    #[query]
    pub(crate) fn count(&self) -> u32 {
        self.got.get()
    }
}

/// One activity, and then nothing until it is told to end.
#[derive(Debug, Default)]
pub(crate) struct Idle {
    done: State<bool>,
}

#[workflow(name = "Idle")]
impl Idle {
    #[run]
    pub(crate) async fn run(&self, ctx: Ctx, number: u32) -> WorkflowResult<u32> {
        let number = ctx.activity(noop(number)).start_to_close(seconds(300)).await?;
        ctx.wait_until(|| self.done.get()).await?;
        Ok(number)
    }

    #[signal]
    pub(crate) fn finish(&self) {
        self.done.set(true);
    }
}
