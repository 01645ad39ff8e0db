//! Code that was changed while workflows run.

use perpetua::prelude::*;
use perpetua::testing::Check;

use crate::{assert_found, note};

/// The code before and after a change, under one name, and a test that puts the new code to work while a workflow runs.
macro_rules! changed {
    ($($(#[$doc:meta])* $name:ident, |$ctx:ident| $before:block, $after:block, $words:literal;)+) => {$(
        mod $name {
            use super::*;

            #[workflow(name = "changing")]
            async fn before($ctx: Ctx) -> WorkflowResult<()> $before

            #[workflow(name = "changing")]
            async fn after($ctx: Ctx) -> WorkflowResult<()> $after

            $(#[$doc])*
            #[perpetua::test]
            async fn is_found(env: TestEnv) {
                let old = env.worker().workflow(before).activity(note).start();
                let handle = env.start(before()).await.expect("it starts");
                env.sleep(days(1)).await.expect("time passes");
                old.stop().await;
                env.worker().workflow(after).activity(note).start();
                handle.result().await.expect_err("its task fails");
                assert_found(&env, Check::FailedTasks, $words);
                env.finish().await.expect("nothing more is found");
            }
        }
    )+};
}

async fn noted(ctx: &Ctx, text: &str) -> WorkflowResult<()> {
    ctx.activity(note(text.to_owned())).start_to_close(seconds(1)).await?;
    Ok(())
}

changed! {
    /// Two steps have changed places.
    the_order_of_steps,
        |ctx| { noted(&ctx, "a").await?; ctx.sleep(days(3)).await?; Ok(()) },
        { ctx.sleep(days(3)).await?; noted(&ctx, "a").await?; Ok(()) },
        "start_activity  name=note";
    /// A step is gone.
    a_removed_activity,
        |ctx| { noted(&ctx, "a").await?; ctx.sleep(days(3)).await?; Ok(()) },
        { ctx.sleep(days(3)).await?; Ok(()) },
        "start_activity  name=note";
    /// A step was added where the workflow has passed already.
    an_added_activity,
        |ctx| { ctx.sleep(days(3)).await?; Ok(()) },
        { noted(&ctx, "a").await?; ctx.sleep(days(3)).await?; Ok(()) },
        "start_timer";
    /// A timer became an activity.
    another_kind_of_step,
        |ctx| { ctx.sleep(minutes(5)).await?; ctx.sleep(days(3)).await?; Ok(()) },
        { noted(&ctx, "a").await?; ctx.sleep(days(3)).await?; Ok(()) },
        "start_timer";
    /// A patch was taken out while workflows that have it still run.
    a_patch_removed_too_early,
        |ctx| { if ctx.patched("new") { noted(&ctx, "a").await?; } ctx.sleep(days(3)).await?; Ok(()) },
        { ctx.sleep(minutes(1)).await?; ctx.sleep(days(3)).await?; Ok(()) },
        "patch";
    /// The workflow ends earlier than it did.
    an_earlier_end,
        |ctx| { noted(&ctx, "a").await?; ctx.sleep(days(3)).await?; Ok(()) },
        { let _ = &ctx; Ok(()) },
        "start_activity  name=note";
}

mod another_name_of_an_activity {
    use super::*;

    #[activity(name = "renamed")]
    async fn note_again(text: String) -> Result<String, ActivityError> {
        Ok(text)
    }

    #[workflow(name = "changing")]
    async fn before(ctx: Ctx) -> WorkflowResult<()> {
        noted(&ctx, "a").await?;
        ctx.sleep(days(3)).await?;
        Ok(())
    }

    #[workflow(name = "changing")]
    async fn after(ctx: Ctx) -> WorkflowResult<()> {
        ctx.activity(note_again("a".to_owned())).start_to_close(seconds(1)).await?;
        ctx.sleep(days(3)).await?;
        Ok(())
    }

    /// A renamed activity is another one.
    #[perpetua::test]
    async fn is_found(env: TestEnv) {
        let old = env.worker().workflow(before).activity(note).start();
        let handle = env.start(before()).await.expect("it starts");
        env.sleep(days(1)).await.expect("time passes");
        old.stop().await;
        env.worker().workflow(after).activity(note_again).start();
        handle.result().await.expect_err("its task fails");
        assert_found(&env, Check::FailedTasks, "renamed");
        env.finish().await.expect("nothing more is found");
    }
}

mod other_types_of_arguments {
    use super::*;

    #[workflow(name = "changing")]
    async fn before(ctx: Ctx, number: u32) -> WorkflowResult<u32> {
        ctx.sleep(days(3)).await?;
        Ok(number)
    }

    #[workflow(name = "changing")]
    async fn after(ctx: Ctx, text: String) -> WorkflowResult<String> {
        ctx.sleep(days(3)).await?;
        Ok(text)
    }

    /// The arguments of workflows that run do not change with the code.
    #[perpetua::test]
    async fn is_found(env: TestEnv) {
        let old = env.worker().workflow(before).start();
        let handle = env.start(before(7)).await.expect("it starts");
        env.sleep(days(1)).await.expect("time passes");
        old.stop().await;
        env.worker().workflow(after).start();
        handle.result().await.expect_err("its task fails");
        assert_found(&env, Check::FailedTasks, "cannot be started");
        env.finish().await.expect("nothing more is found");
    }
}

mod another_type_of_a_result {
    use super::*;

    #[activity(name = "count")]
    async fn count(text: String) -> Result<usize, ActivityError> {
        Ok(text.len())
    }

    #[activities]
    trait Changed {
        #[activity(name = "count")]
        async fn count(text: String) -> Result<Vec<String>, ActivityError>;
    }

    #[workflow]
    async fn mistaken(ctx: Ctx) -> WorkflowResult<usize> {
        Ok(ctx.activity(Changed::count("abc".to_owned())).start_to_close(seconds(1)).await?.len())
    }

    /// The activity returns something else than its caller reads.
    #[perpetua::test]
    async fn is_found(env: TestEnv) {
        env.worker().workflow(mistaken).activity(count).start();
        let failure = env.run(mistaken()).await.expect_err("the result cannot be read");
        assert!(failure.to_string().contains("count") || format!("{failure:?}").contains("count"), "{failure:?}");
        env.finish().await.expect("the failure has said it");
    }
}
