//! Messages and work that are lost.

use perpetua::prelude::*;
use perpetua::testing::Check;

use crate::{assert_found, assert_found_at_the_end, note};

mod a_signal_handler_cut_off {
    use super::*;

    #[derive(Default)]
    struct Mistaken {
        ended: State<bool>,
    }

    #[workflow]
    impl Mistaken {
        #[run]
        async fn run(&self, ctx: Ctx) -> WorkflowResult<()> {
            ctx.wait_until(|| self.ended.get()).await?;
            Ok(())
        }

        #[signal]
        async fn end(&self, ctx: Ctx) {
            self.ended.set(true);
            let _ = ctx.sleep(seconds(10)).await;
        }
    }

    /// The main function does not wait until handlers are done.
    #[perpetua::test]
    async fn is_found(env: TestEnv) {
        env.worker().workflow(Mistaken::run).start();
        let handle = env.start(Mistaken::run()).await.expect("it starts");
        handle.end().await.expect("it is delivered");
        handle.result().await.expect("it seems to work");
        assert_found_at_the_end(env, Check::UnfinishedHandlers, "end").await;
    }
}

mod an_update_unfinished {
    use super::*;

    #[derive(Default)]
    struct Mistaken {
        ended: State<bool>,
    }

    #[workflow]
    impl Mistaken {
        #[run]
        async fn run(&self, ctx: Ctx) -> WorkflowResult<()> {
            ctx.wait_until(|| self.ended.get()).await?;
            Ok(())
        }

        #[update]
        async fn end(&self, ctx: Ctx) -> Result<u32, AnyError> {
            self.ended.set(true);
            ctx.sleep(seconds(10)).await?;
            Ok(7)
        }
    }

    /// Whoever waits for the update gets an error.
    #[perpetua::test]
    async fn is_found(env: TestEnv) {
        env.worker().workflow(Mistaken::run).start();
        let handle = env.start(Mistaken::run()).await.expect("it starts");
        handle.end().await.expect_err("it is cut off");
        handle.result().await.expect("it seems to work");
        assert_found_at_the_end(env, Check::UnfinishedHandlers, "end").await;
    }
}

mod a_signal_nobody_knows {
    use super::*;

    #[workflow]
    async fn deaf(ctx: Ctx) -> WorkflowResult<()> {
        ctx.sleep(days(1)).await?;
        Ok(())
    }

    /// The name of the signal is misspelled.
    #[perpetua::test]
    async fn is_found(env: TestEnv) {
        env.worker().workflow(deaf).start();
        let handle = env.start(deaf()).await.expect("it starts");
        handle.signal_named("aprove", ()).await.expect("the server takes it");
        handle.result().await.expect("it seems to work");
        assert_found_at_the_end(env, Check::UnhandledSignals, "`aprove`").await;
    }
}

mod an_activity_nobody_awaits {
    use super::*;

    #[workflow]
    async fn mistaken(ctx: Ctx) -> WorkflowResult<()> {
        let inner = ctx.clone();
        drop(ctx.spawn(async move {
            let _ = inner.activity(note("lost".to_owned())).start_to_close(seconds(10)).await;
        }));
        ctx.sleep(milliseconds(1)).await?;
        Ok(())
    }

    /// The task that it belongs to ends with the workflow. No worker takes the activity, so that it still waits.
    #[perpetua::test]
    async fn is_found(env: TestEnv) {
        env.worker().workflow(mistaken).start();
        env.run(mistaken()).await.expect("it seems to work");
        assert_found_at_the_end(env, Check::AbandonedWork, "activity `note`").await;
    }
}

mod a_child_that_ends_with_its_parent {
    use super::*;

    #[workflow]
    async fn child(ctx: Ctx) -> WorkflowResult<()> {
        ctx.sleep(days(1)).await?;
        Ok(())
    }

    #[workflow]
    async fn mistaken(ctx: Ctx) -> WorkflowResult<()> {
        let _child = ctx.child(child()).start().await?;
        Ok(())
    }

    /// The parent starts it and returns, and the child is terminated.
    #[perpetua::test]
    async fn is_found(env: TestEnv) {
        env.worker().workflow(mistaken).workflow(child).start();
        env.run(mistaken()).await.expect("it seems to work");
        assert_found_at_the_end(env, Check::AbandonedWork, "child workflow `child`").await;
    }
}

mod a_query_that_writes {
    use super::*;

    #[derive(Default)]
    struct Mistaken {
        asked: State<u32>,
    }

    #[workflow]
    impl Mistaken {
        #[run]
        async fn run(&self, ctx: Ctx) -> WorkflowResult<()> {
            ctx.sleep(days(1)).await?;
            Ok(())
        }

        #[query]
        fn ask(&self) -> u32 {
            self.asked.set(self.asked.get() + 1);
            self.asked.get()
        }
    }

    /// A query leaves no trace in the history, so it must not change anything; whoever asks is told.
    #[perpetua::test]
    async fn is_found(env: TestEnv) {
        env.worker().workflow(Mistaken::run).start();
        let handle = env.start(Mistaken::run()).await.expect("it starts");
        let failure = handle.ask().await.expect_err("it writes");
        assert!(failure.to_string().contains("query"), "{failure}");
        handle.result().await.expect("it goes on");
    }
}

mod a_wait_for_nothing {
    use super::*;

    #[derive(Default)]
    struct Mistaken {
        called: State<bool>,
    }

    #[workflow]
    impl Mistaken {
        #[run]
        async fn run(&self, ctx: Ctx) -> WorkflowResult<()> {
            self.called.set(false);
            ctx.wait_until(|| self.called.get()).await?;
            Ok(())
        }

        #[signal]
        fn call(&self) {
            self.called.set(true);
        }
    }

    /// The main function forgets what a signal that came with the start has said.
    #[perpetua::test]
    async fn is_found(env: TestEnv) {
        env.worker().workflow(Mistaken::run).start();
        let start = env.start(Mistaken::run()).with_signal(Mistaken::call());
        start.await.expect("it starts").result().await.expect_err("it waits for ever");
        assert_found(&env, Check::Standstill, "waits for");
        env.finish().await.expect("nothing more is found");
    }
}

mod a_task_queue_without_workers {
    use super::*;

    #[workflow]
    async fn mistaken(ctx: Ctx) -> WorkflowResult<()> {
        ctx.activity(note("a".to_owned())).task_queue("tset").start_to_close(seconds(1)).await?;
        Ok(())
    }

    /// The name of the queue is misspelled.
    #[perpetua::test]
    async fn is_found(env: TestEnv) {
        env.worker().workflow(mistaken).activity(note).start();
        env.run(mistaken()).await.expect_err("nobody takes the activity");
        assert_found(&env, Check::Standstill, "task queue `tset` has 1 activity task and no worker");
        env.finish().await.expect("nothing more is found");
    }
}

mod a_workflow_nobody_registered {
    use super::*;

    #[workflow]
    async fn known(ctx: Ctx) -> WorkflowResult<()> {
        ctx.sleep(seconds(1)).await?;
        Ok(())
    }

    #[workflow]
    async fn forgotten(ctx: Ctx) -> WorkflowResult<()> {
        ctx.sleep(seconds(1)).await?;
        Ok(())
    }

    /// The worker was not told of it.
    #[perpetua::test]
    async fn is_found(env: TestEnv) {
        env.worker().workflow(known).start();
        env.run(forgotten()).await.expect_err("nobody knows it");
        assert_found(&env, Check::FailedTasks, "`forgotten` is not registered");
        env.finish().await.expect("nothing more is found");
    }
}
