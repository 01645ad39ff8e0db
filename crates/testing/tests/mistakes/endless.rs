//! What would go on for ever.

use perpetua::prelude::*;
use perpetua::testing::Check;

use crate::{assert_found, note};

mod a_storm_of_retries {
    use super::*;

    #[activity]
    async fn failing() -> Result<(), ActivityError> {
        Err(AnyError::message("the bank is closed"))
    }

    #[workflow]
    async fn mistaken(ctx: Ctx) -> WorkflowResult<()> {
        ctx.activity(failing()).start_to_close(seconds(1)).await?;
        Ok(())
    }

    /// Nothing limits the attempts of an activity that cannot succeed.
    #[perpetua::test]
    async fn is_found(env: TestEnv) {
        env.worker().workflow(mistaken).activity(failing).start();
        env.run(mistaken()).await.expect_err("it is ended");
        assert_found(&env, Check::RetryStorms, "the bank is closed");
        env.finish().await.expect("nothing more is found");
    }
}

mod an_activity_nobody_registered {
    use super::*;

    #[activity]
    async fn known() -> Result<(), ActivityError> {
        Ok(())
    }

    #[workflow]
    async fn mistaken(ctx: Ctx) -> WorkflowResult<()> {
        ctx.activity(note("a".to_owned())).start_to_close(seconds(1)).await?;
        Ok(())
    }

    /// The worker was not told of it, and says so at every attempt.
    #[perpetua::test]
    async fn is_found(env: TestEnv) {
        env.worker().workflow(mistaken).activity(known).start();
        env.run(mistaken()).await.expect_err("it is ended");
        assert_found(&env, Check::RetryStorms, "not registered");
        env.finish().await.expect("nothing more is found");
    }
}

mod a_history_without_end {
    use super::*;

    #[workflow]
    async fn mistaken(ctx: Ctx) -> WorkflowResult<()> {
        loop {
            ctx.sleep(minutes(1)).await?;
        }
    }

    /// A loop that never continues as new.
    #[perpetua::test]
    async fn is_found(env: TestEnv) {
        env.worker().workflow(mistaken).start();
        env.run(mistaken()).await.expect_err("it is ended");
        assert_found(&env, Check::EndlessHistories, "continue_as_new");
        env.finish().await.expect("nothing more is found");
    }
}
