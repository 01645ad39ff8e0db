#[perpetua::test]
async fn a_test_with_a_workflow_inside() {
    use perpetua::prelude::*;
    use std::time::Instant;

    #[workflow]
    async fn inside(ctx: Ctx) -> WorkflowResult<()> {
        let late = Instant::now();
        helper();
        Ok(())
    }

    fn helper() {
        std::thread::park();
    }

    let _ = Instant::now();
}

macro_rules! noisy {
    ($($tokens:tt)*) => {};
}

struct Started(std::time::Instant);

impl Default for Started {
    fn default() -> Self {
        noisy!(when => std::time::Instant::now() => [=> std::env::var("X")]);
        Self(std::time::Instant::now())
    }
}

#[perpetua::workflow]
impl Started {
    #[run]
    async fn run(&self, ctx: perpetua::Ctx) -> perpetua::WorkflowResult<bool> {
        Ok(matches!(self.0.elapsed(), limit if limit.is_zero()))
    }
}

#[cfg(test)]
mod tests {
    #[perpetua::workflow]
    async fn only_in_tests(ctx: perpetua::Ctx) -> perpetua::WorkflowResult<()> {
        std::thread::park();
        Ok(())
    }
}
