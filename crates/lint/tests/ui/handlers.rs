use perpetua::prelude::*;

#[derive(Default)]
struct Cut {
    total: State<u32>,
}

#[workflow]
impl Cut {
    #[run]
    async fn run(&self, ctx: Ctx) -> WorkflowResult<u32> {
        ctx.wait_until(|| self.total.get() > 3).await?;
        ctx.wait_until(|| self.total.take() > 3).await?;
        Ok(self.total.get())
    }

    #[signal]
    async fn slow(&self, ctx: Ctx, by: u32) -> WorkflowResult<()> {
        ctx.sleep(seconds(1)).await?;
        self.total.update(|total| *total += by);
        Ok(())
    }

    #[update(validator = small)]
    async fn quick(&self, _ctx: Ctx, by: u32) -> WorkflowResult<()> {
        self.total.set(by);
        Ok(())
    }

    #[signal(unfinished_policy = Abandon)]
    async fn unimportant(&self, ctx: Ctx) -> WorkflowResult<()> {
        Ok(ctx.sleep(seconds(1)).await?)
    }

    #[query]
    fn counted(&self) -> u32 {
        self.reset();
        self.total.get()
    }

    fn small(&self, by: &u32) -> Result<(), AnyError> {
        self.total.set(*by);
        Ok(())
    }
}

impl Cut {
    fn reset(&self) {
        self.total.set(0);
    }
}

#[derive(Default)]
struct Whole;

#[workflow]
impl Whole {
    #[run]
    async fn run(&self, ctx: Ctx) -> WorkflowResult<()> {
        finish(&ctx).await
    }

    #[signal]
    async fn slow(&self, ctx: Ctx) -> WorkflowResult<()> {
        Ok(ctx.sleep(seconds(1)).await?)
    }
}

async fn finish(ctx: &Ctx) -> WorkflowResult<()> {
    Ok(ctx.wait_until(|| ctx.all_handlers_finished()).await?)
}
