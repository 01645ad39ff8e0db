//! A workflow that takes steps, and waits before each but the first until it is told to go on.

use perpetua::prelude::*;

/// Takes a step.
#[activity]
pub(crate) async fn step(number: u32) -> Result<u32, ActivityError> {
    Ok(number)
}

/// Takes steps.
#[derive(Default)]
pub(crate) struct Stepper {
    allowed: State<u32>,
    taken: State<Vec<u32>>,
}

#[workflow]
impl Stepper {
    /// Takes so many steps; the numbers of those it took.
    #[run]
    pub(crate) async fn run(&self, ctx: Ctx, steps: u32) -> WorkflowResult<Vec<u32>> {
        for number in 1..=steps {
            ctx.wait_until(|| number <= self.allowed.get() + 1).await?;
            let taken = ctx.activity(step(number)).start_to_close(minutes(5)).await?;
            self.taken.update(|steps| steps.push(taken));
        }
        Ok(self.taken.get())
    }

    /// Lets it take one more step.
    #[signal]
    pub(crate) fn go_on(&self) {
        self.allowed.update(|allowed| *allowed += 1);
    }

    /// Answers when it has taken so many steps.
    #[update]
    pub(crate) async fn stepped(&self, ctx: Ctx, steps: usize) -> WorkflowResult<()> {
        ctx.wait_until(|| self.taken.with(Vec::len) >= steps).await?;
        Ok(())
    }
}
